//! When the next frame may go out: after the terminal has worked off the last, and never faster than a multiplexer takes.
//!
//! Pure: the time is an argument, in milliseconds of any one clock that does not jump.

use crate::model::time::Millis;
use std::collections::VecDeque;

/// Without a reply for this long a frame counts as shown.
const OVERDUE: Millis = 2_000;
/// A reply that has not come after this long is lost.
const LOST: Millis = 6_000;
/// So many overdue frames in a row, and the terminal is taken as one that does not answer.
const MISSES: u8 = 2;
/// The most frames per second where replies tell nothing about the person's screen.
const PER_SECOND: usize = 4;
/// After each frame the link rests so many times as long as the frame took, but not longer than `LONGEST_REST`.
const REST: Millis = 3;
const LONGEST_REST: Millis = 1_000;
/// How long quitting waits for a reply, so that it does not land in the shell.
const QUIT: Millis = 300;

/// The number of a frame that was sent, from 1.
pub type FrameId = u64;

#[derive(Debug, Clone, Copy)]
struct Sent {
    frame: FrameId,
    at: Millis,
    overdue: bool,
}

/// What has been sent and what has been acknowledged.
#[derive(Debug)]
pub struct Pacing {
    multiplexed: bool,
    frame: FrameId,
    unanswered: VecDeque<Sent>,
    misses: u8,
    recent: VecDeque<Millis>,
    shown: Option<FrameId>,
    /// Until when a frame that nobody asked for waits.
    resting: Millis,
}

impl Pacing {
    /// A fresh start; `multiplexed` when tmux, screen or mosh answers in the terminal's stead.
    pub fn new(multiplexed: bool) -> Pacing {
        Pacing {
            multiplexed,
            frame: 0,
            unanswered: VecDeque::new(),
            misses: 0,
            recent: VecDeque::new(),
            shown: None,
            resting: 0,
        }
    }

    /// Whether a multiplexer stands between, by the environment (`TMUX`, `STY`, `ZELLIJ`, `TERM`).
    pub fn multiplexed(var: impl Fn(&str) -> Option<String>) -> bool {
        ["TMUX", "STY", "ZELLIJ"].iter().any(|name| var(name).is_some_and(|v| !v.is_empty()))
            || var("TERM").is_some_and(|t| t.starts_with("screen") || t.starts_with("tmux"))
    }

    /// Whether a frame may be sent now.
    pub fn may_draw(&mut self, now: Millis) -> bool {
        self.wait(now) == 0
    }

    /// Milliseconds until a frame may be sent even if nothing comes from the terminal before.
    pub fn wait(&mut self, now: Millis) -> Millis {
        self.age(now);
        let by_reply = match self.unanswered.iter().rev().find(|s| !s.overdue) {
            Some(sent) if self.answers() => (sent.at + OVERDUE).saturating_sub(now),
            _ => 0,
        };
        let by_time = match self.recent.front() {
            Some(first) if self.recent.len() == PER_SECOND && (self.multiplexed || !self.answers()) => {
                (first + 1_000).saturating_sub(now)
            }
            _ => 0,
        };
        by_reply.max(by_time)
    }

    /// Whether the terminal is taken as one that answers.
    pub fn answers(&self) -> bool {
        self.misses < MISSES
    }

    /// A frame was sent; returns its number.
    pub fn wrote(&mut self, now: Millis) -> FrameId {
        self.age(now);
        self.frame += 1;
        self.unanswered.push_back(Sent { frame: self.frame, at: now, overdue: false });
        if self.recent.len() == PER_SECOND {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        if !self.answers() {
            self.shown = Some(self.frame);
        }
        self.frame
    }

    /// The terminal acknowledged the oldest frame that it had not.
    pub fn acked(&mut self, now: Millis) {
        self.age(now);
        self.misses = 0;
        if let Some(sent) = self.unanswered.pop_front() {
            self.shown = self.shown.max(Some(sent.frame));
            self.resting = now + (REST * now.saturating_sub(sent.at)).min(LONGEST_REST);
        }
    }

    /// Milliseconds that a frame which nobody asked for has to wait, so that most of the time the link is free for the
    /// answer to a key.
    pub fn rest(&self, now: Millis) -> Millis {
        self.resting.saturating_sub(now)
    }

    /// The number of the last frame that was sent; 0 before the first.
    pub fn last_frame(&self) -> FrameId {
        self.frame
    }

    /// The last frame that is known to be on the screen.
    pub fn last_shown(&self) -> Option<FrameId> {
        self.shown
    }

    /// How long quitting is to wait for a reply.
    pub fn quit_wait(&mut self, now: Millis) -> Millis {
        self.age(now);
        if self.unanswered.is_empty() || !self.answers() { 0 } else { QUIT }
    }

    /// The terminal was left and entered again: nothing sent before will be answered.
    pub fn reset(&mut self) {
        self.unanswered.clear();
        self.recent.clear();
        (self.misses, self.resting) = (0, 0);
    }

    /// Marks what has become overdue or lost by now.
    fn age(&mut self, now: Millis) {
        for sent in self.unanswered.iter_mut().filter(|s| !s.overdue && now >= s.at + OVERDUE) {
            sent.overdue = true;
            self.misses = self.misses.saturating_add(1);
            self.shown = self.shown.max(Some(sent.frame));
        }
        while self.unanswered.front().is_some_and(|s| now >= s.at + LOST) {
            self.unanswered.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_frame_at_a_time() {
        let mut p = Pacing::new(false);
        assert!(p.may_draw(0));
        p.wrote(0);
        assert!(!p.may_draw(1_000));
        assert_eq!(p.wait(1_000), 1_000);
        p.acked(1_100);
        assert!(p.may_draw(1_100));
    }

    #[test]
    fn a_terminal_that_never_answers_is_paced_by_time() {
        let mut p = Pacing::new(false);
        p.wrote(0);
        assert!(!p.may_draw(1_999));
        assert!(p.may_draw(2_000), "overdue once");
        p.wrote(2_000);
        assert!(!p.may_draw(3_000), "still waiting as for a slow link");
        assert!(p.may_draw(4_000));
        assert!(!p.answers());
        let sent: Vec<u64> = (4_000..7_000).filter(|t| p.may_draw(*t) && p.wrote(*t) > 0).collect();
        assert!(sent.windows(5).all(|w| w[4] - w[0] >= 1_000), "{sent:?}");
        assert!(sent.len() >= 12, "{sent:?}");
        assert_eq!(p.quit_wait(7_000), 0);
    }

    #[test]
    fn a_late_reply_brings_acknowledgement_back() {
        let mut p = Pacing::new(false);
        p.wrote(0);
        assert!(p.may_draw(2_000));
        p.wrote(2_000);
        assert!(p.may_draw(4_000) && !p.answers());
        p.wrote(4_000);
        p.acked(4_500);
        assert!(p.answers());
        assert!(!p.may_draw(4_500), "the frame of 4000 is out");
    }

    #[test]
    fn through_a_multiplexer_at_most_four_frames_a_second_but_the_first_at_once() {
        let mut p = Pacing::new(true);
        let mut sent = Vec::new();
        for t in 0..5_000 {
            if p.may_draw(t) {
                p.wrote(t);
                p.acked(t);
                sent.push(t);
            }
        }
        assert_eq!(&sent[..4], [0, 1, 2, 3], "keys are answered at once");
        assert!(sent.windows(5).all(|w| w[4] - w[0] >= 1_000), "{sent:?}");
        assert!(sent.len() >= 20, "{sent:?}");
    }

    #[test]
    fn a_frame_is_on_the_screen_when_it_was_acknowledged_and_not_before() {
        let mut p = Pacing::new(false);
        assert_eq!(p.last_shown(), None);
        let first = p.wrote(0);
        p.acked(10);
        let dialog = p.wrote(100);
        assert!(!p.may_draw(700));
        assert_eq!(p.last_shown(), Some(first), "a slow link: not shown yet");
        p.acked(1_500);
        assert_eq!(p.last_shown(), Some(dialog));
    }

    #[test]
    fn a_frame_is_on_the_screen_when_it_was_written_where_nothing_answers() {
        let mut p = Pacing::new(false);
        let first = p.wrote(0);
        assert_eq!(p.last_shown(), None);
        p.may_draw(2_000);
        assert_eq!(p.last_shown(), Some(first), "overdue counts as shown");
        p.wrote(2_000);
        p.may_draw(4_000);
        let dialog = p.wrote(5_000);
        assert_eq!(p.last_shown(), Some(dialog), "two went unanswered: writing is all there is");
    }

    #[test]
    fn what_nobody_asked_for_leaves_a_slow_link_free_most_of_the_time() {
        let mut p = Pacing::new(false);
        assert_eq!(p.rest(0), 0);
        p.wrote(1_000);
        p.acked(1_002);
        assert_eq!((p.rest(1_002), p.rest(1_008)), (6, 0), "a good link knows no rest");
        p.wrote(2_000);
        p.acked(2_230);
        assert_eq!((p.rest(2_230), p.wait(2_230)), (690, 0), "a key is answered at once");
        p.wrote(3_000);
        p.acked(4_900);
        assert_eq!(p.rest(4_900), 1_000);
    }

    #[test]
    fn quitting_waits_for_a_reply_that_is_under_way() {
        let mut p = Pacing::new(false);
        assert_eq!(p.quit_wait(0), 0);
        p.wrote(0);
        assert_eq!(p.quit_wait(1), 300);
        p.acked(2);
        assert_eq!(p.quit_wait(3), 0);
    }

    #[test]
    fn multiplexers_are_told_by_the_environment() {
        let told =
            |n: &'static str, v: &'static str| Pacing::multiplexed(|name| (name == n).then(|| v.to_string()));
        assert!(
            told("TMUX", "/tmp/tmux-0/default,1,0")
                && told("STY", "1.pts")
                && told("TERM", "screen-256color")
        );
        assert!(!told("TERM", "xterm-256color") && !told("TMUX", ""));
    }

    proptest! {
        #[test]
        fn it_never_stalls_and_never_has_two_frames_in_doubt(
            steps in proptest::collection::vec((0u64..900, any::<bool>()), 1..200)
        ) {
            let (mut p, mut now, mut unanswered) = (Pacing::new(false), 0, 0u32);
            for (gap, reply) in steps {
                now += gap;
                if reply && unanswered > 0 {
                    p.acked(now);
                    unanswered -= 1;
                }
                let wait = p.wait(now);
                prop_assert!(wait <= OVERDUE);
                if wait == 0 {
                    let in_doubt = p.unanswered.iter().filter(|s| !s.overdue).count();
                    prop_assert!(in_doubt == 0 || !p.answers());
                    p.wrote(now);
                    unanswered += 1;
                }
            }
        }
    }
}
