//! A condition held for a time: Inactive → Pending → Firing, with `for`, `keep_firing_for` and `clear_when`.

use super::eval::Truth;
use serde::{Deserialize, Serialize};

/// Where a trigger stands, in Prometheus' words. Times are boot milliseconds (negative: before this boot).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TriggerState {
    /// Its condition does not hold, or was never judged.
    #[default]
    Inactive,
    /// It holds, not yet long enough.
    Pending {
        /// Since when.
        since: i64,
        /// Milliseconds held, gaps not counted.
        held: u64,
        /// Milliseconds needed.
        need: u64,
    },
    /// It fires.
    Firing {
        /// Since when.
        since: i64,
    },
}

impl TriggerState {
    /// Whether only the time held differs.
    pub fn same_kind(&self, other: &TriggerState) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// The clock of one condition and series.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hold {
    /// When it became pending.
    pending: Option<i64>,
    /// Milliseconds held before `running`.
    earned: u64,
    /// Since when it has been true without a gap.
    running: Option<i64>,
    /// When it fired.
    firing: Option<i64>,
    /// Since when what resolves it has held.
    quiet: Option<i64>,
}

/// The times of a trigger, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// `for`
    pub need: u64,
    /// `keep_firing_for`
    pub keep: u64,
}

impl Hold {
    /// A clock taken over from before a restart: earned time, or firing since.
    pub fn restored(earned: u64, firing: Option<i64>, now: i64) -> Hold {
        let pending = (firing.is_none() && earned > 0).then_some(now - earned as i64);
        Hold { pending, earned, firing, ..Hold::default() }
    }

    /// One judgement at `now`. `clear` is the answer of `clear_when`, when there is one.
    pub fn judge(&mut self, now: i64, truth: Truth, clear: Option<Truth>, times: Times) {
        if self.firing.is_some() {
            let resolves = match clear {
                Some(clear) => clear == Truth::True && truth != Truth::True,
                None => truth == Truth::False,
            };
            if !resolves {
                self.quiet = None;
            } else if now - *self.quiet.get_or_insert(now) >= times.keep as i64 {
                *self = Hold::default();
            }
            return;
        }
        match truth {
            Truth::True => {
                self.pending.get_or_insert(now);
                self.running.get_or_insert(now);
                if self.held(now) >= times.need {
                    *self = Hold { firing: Some(now), ..Hold::default() };
                }
            }
            Truth::False => *self = Hold::default(),
            Truth::Unknown => self.pause(now),
        }
    }

    /// Stops counting at `at`: what follows is a gap.
    pub fn pause(&mut self, at: i64) {
        self.earned = self.held(at);
        self.running = None;
        self.quiet = None;
    }

    fn held(&self, now: i64) -> u64 {
        self.earned + self.running.map_or(0, |r| (now - r).max(0) as u64)
    }

    /// Where it stands at `now`.
    pub fn state(&self, now: i64, times: Times) -> TriggerState {
        match (self.firing, self.pending) {
            (Some(since), _) => TriggerState::Firing { since },
            (None, Some(since)) => TriggerState::Pending { since, held: self.held(now), need: times.need },
            (None, None) => TriggerState::Inactive,
        }
    }

    /// When it changes by time alone.
    pub fn due(&self, times: Times) -> Option<i64> {
        match (self.firing, self.running, self.quiet) {
            (Some(_), _, Some(quiet)) => Some(quiet + times.keep as i64),
            (None, Some(running), _) => Some(running + times.need.saturating_sub(self.earned) as i64),
            _ => None,
        }
    }

    /// Time earned and firing since, to be taken over after a restart.
    pub fn kept(&self, now: i64) -> (u64, Option<i64>) {
        (self.held(now), self.firing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Truth::{False, True, Unknown};

    const T: Times = Times { need: 100, keep: 50 };

    fn play(clear: bool, steps: &[(i64, Truth)]) -> (Hold, TriggerState) {
        let (mut h, mut at) = (Hold::default(), 0);
        for (t, truth) in steps {
            h.judge(*t, *truth, clear.then_some(Unknown), T);
            at = *t;
        }
        let state = h.state(at, T);
        (h, state)
    }

    #[test]
    fn it_fires_when_it_has_held_long_enough_and_not_before() {
        let (h, s) = play(false, &[(0, False), (10, True), (109, True)]);
        assert_eq!(s, TriggerState::Pending { since: 10, held: 99, need: 100 });
        assert_eq!(h.due(T), Some(110));
        assert_eq!(play(false, &[(10, True), (110, True)]).1, TriggerState::Firing { since: 110 });
        assert!(play(false, &[(10, True), (60, False), (110, True)]).1.same_kind(&s));
    }

    #[test]
    fn a_gap_does_not_count_and_does_not_reset() {
        let (_, s) = play(false, &[(0, True), (40, Unknown), (500, Unknown), (600, True), (659, True)]);
        assert_eq!(s, TriggerState::Pending { since: 0, held: 99, need: 100 });
        let (_, s) = play(false, &[(0, True), (40, Unknown), (600, True), (660, True)]);
        assert_eq!(s, TriggerState::Firing { since: 660 });
    }

    #[test]
    fn it_keeps_firing_for_a_time_and_unknown_starts_that_time_again() {
        let fired = [(0, True), (100, True)];
        let then = |more: &[(i64, Truth)]| play(false, &[&fired, more].concat()).1;
        assert_eq!(then(&[(200, False), (249, False)]), TriggerState::Firing { since: 100 });
        assert_eq!(then(&[(200, False), (250, False)]), TriggerState::Inactive);
        assert_eq!(then(&[(200, False), (240, Unknown), (260, False)]), TriggerState::Firing { since: 100 });
        assert_eq!(then(&[(200, False), (240, True), (260, False)]), TriggerState::Firing { since: 100 });
        assert_eq!(then(&[(9_000, Unknown)]), TriggerState::Firing { since: 100 }, "unknown never resolves");
    }

    #[test]
    fn with_clear_when_only_that_resolves() {
        let mut h = play(true, &[(0, True), (100, True), (200, False), (900, False)]).0;
        assert_eq!(h.state(900, T), TriggerState::Firing { since: 100 });
        h.judge(1000, False, Some(True), T);
        assert_eq!(h.due(T), Some(1050));
        h.judge(1050, Unknown, Some(True), T);
        assert_eq!(h.state(1050, T), TriggerState::Inactive);
        let mut h = play(true, &[(0, True), (100, True)]).0;
        h.judge(200, True, Some(True), T);
        h.judge(900, True, Some(True), T);
        assert_eq!(h.state(900, T), TriggerState::Firing { since: 100 }, "what holds does not resolve");
    }

    #[test]
    fn earned_time_survives_a_restart_and_needs_a_fresh_true_answer() {
        let mut h = Hold::restored(150, None, 1000);
        assert!(matches!(h.state(1000, T), TriggerState::Pending { held: 150, .. }));
        assert_eq!(h.due(T), None);
        h.judge(1000, Unknown, None, T);
        assert!(matches!(h.state(1000, T), TriggerState::Pending { .. }));
        h.judge(1001, True, None, T);
        assert_eq!(h.state(1001, T), TriggerState::Firing { since: 1001 });
    }
}
