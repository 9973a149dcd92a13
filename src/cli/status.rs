//! `ripcord status`: everything that is to be known of a service now, from who decides, or by one look of our own.

mod json;
mod text;

use super::args::Target;
use super::say::state;
use super::{automation, exit, runtime, target};
use crate::clock;
use crate::driver::Setup;
use crate::driver::glance::{PATIENCE, as_beat, glance};
use crate::engine::hold::TriggerState;
use crate::engine::verdict::Standing;
use crate::model::condition::duration;
use crate::model::playbook::{Automation, Cell, DefaultAction, Playbook, Severity};
use crate::model::time::{Millis, Now};
use crate::session::decision::{Attempt, Clock, Decisions};
use crate::supervisor::decisions::{Beat, BeatTrigger};
use crate::supervisor::{Holder, Unfinished, holder, orphan};

/// Milliseconds that a look may take besides its waiting.
const SLACK: Millis = 2_000;

/// All that is known of a service in one environment.
struct Known {
    setup: Setup,
    now: Now,
    /// What was seen last, by who decides or by ourselves.
    beat: Beat,
    /// The heartbeat is of somebody who decides.
    watched: bool,
    /// The newest heartbeat, when it is too old or its program has left.
    silent: Option<Beat>,
    state: Decisions,
    holder: Option<Holder>,
    orphan: Option<Unfinished>,
}

/// Shows where a service stands; the exit code says it, too.
pub fn status(of: &Target, json: bool) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let known = match look(opened.setup) {
        Ok(known) => known,
        Err(()) => return exit::STATUS_UNKNOWN,
    };
    match json {
        true => println!("{:#}", json::document(&known)),
        false => print!("{}", text::page(&known)),
    }
    known.level().1
}

fn look(setup: Setup) -> Result<Known, ()> {
    let state = state(&setup.folder).map_err(drop)?;
    let beat = Beat::read(&setup.folder);
    let left = |b: &Beat| state.decider.as_ref().is_some_and(|d| d.left && d.epoch >= b.epoch);
    let lives = |b: &Beat| b.is_fresh(&clock::now()) && b.is_there() && !left(b);
    let (beat, watched, silent) = match beat {
        Some(beat) if lives(&beat) => (beat, true, None),
        silent => {
            let runtime = runtime().map_err(|e| eprintln!("error: {e}"))?;
            let (engine, now) = runtime.block_on(glance(&setup, &state));
            // What still waits for an answer is not waited for.
            runtime.shutdown_background();
            (as_beat(&setup, &engine, &now), false, silent)
        }
    };
    let (holder, orphan) = (holder(&setup.folder), orphan(&setup.folder).ok().flatten());
    Ok(Known { now: clock::now(), beat, watched, silent, state, holder, orphan, setup })
}

/// A severity row that is in force.
struct Row<'a> {
    id: &'a str,
    severity: &'a Severity,
    /// Since when, wall milliseconds.
    since: i64,
    /// Milliseconds left to respond; negative when overdue.
    left: Option<i64>,
}

impl Known {
    fn playbook(&self) -> &Playbook {
        &self.setup.playbook
    }

    /// One word for scripts, and the exit code.
    fn level(&self) -> (&'static str, u8) {
        match &self.beat.standing {
            Standing::Unknown(_) => ("unknown", exit::STATUS_UNKNOWN),
            Standing::Quiet => ("ok", exit::OK),
            Standing::Warn(_) => ("warn", exit::STATUS_WARN),
            Standing::Row(id) => {
                let rows = &self.playbook().severities;
                let respond = rows.get(id).is_some_and(|r| r.respond_within.is_some());
                match respond || rows.keys().next_back() != Some(id) {
                    true => ("critical", exit::STATUS_CRITICAL),
                    false => ("warn", exit::STATUS_WARN),
                }
            }
        }
    }

    /// The rows in force, worst first.
    fn rows(&self) -> Vec<Row<'_>> {
        let row = |(id, severity): (&'_ String, &'_ Severity)| {
            let mine = |t: &&BeatTrigger| {
                let of = self.playbook().triggers.get(&t.id).and_then(|t| t.severity.as_ref());
                of == Some(id) && matches!(t.state, TriggerState::Firing { .. })
            };
            self.beat.triggers.iter().filter(mine).filter_map(|t| t.since).min().map(|since| {
                let within = severity.respond_within.filter(|w| *w > 0);
                (since, within.map(|w| since + w as i64 - self.now.wall))
            })
        };
        let rows = self.playbook().severities.iter();
        rows.filter_map(|(id, severity)| {
            let (since, left) = row((id, severity))?;
            Some(Row { id, severity, since, left })
        })
        .collect()
    }

    fn ceiling(&self) -> Automation {
        let environment = self.playbook().environments.get(&self.setup.environment);
        environment.map(|e| e.automation).unwrap_or_default()
    }

    /// What automation may do for a trigger now.
    fn mode(&self, trigger: &str) -> Automation {
        let own = self.playbook().triggers.get(trigger).map(|t| t.mode).unwrap_or_default();
        self.state.mode(self.ceiling(), trigger, own)
    }

    /// Clocks that are open, oldest first.
    fn clocks(&self) -> Vec<&Clock> {
        self.state.clocks.values().filter(|c| c.closed.is_none()).collect()
    }

    /// Automatic runs that are not over, and the last one that is: with the trigger.
    fn automatic(&self) -> Vec<(&str, &Attempt)> {
        let all = self.state.attempts.iter().flat_map(|(t, all)| all.iter().map(move |a| (t.as_str(), a)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, a)| a.at.wall);
        let last = all.len().saturating_sub(1);
        let shown = all.into_iter().enumerate().filter(|(i, (_, a))| a.ended.is_none() || *i == last);
        shown.map(|(_, a)| a).collect()
    }

    /// Milliseconds since a wall time.
    fn since(&self, wall: i64) -> Millis {
        (self.now.wall - wall).max(0) as Millis
    }

    /// How long something has been so; one look of now cannot know that it was not so before.
    fn lasts(&self, wall: i64) -> String {
        match self.since(wall) {
            ms if !self.watched && ms < PATIENCE.as_millis() as Millis + SLACK => "seen now".into(),
            ms => format!("for {}", duration(ms)),
        }
    }
}

/// What a cell asks for, in words.
pub fn asks(cell: Cell) -> String {
    match cell {
        Cell::Auto => "acts by itself".into(),
        Cell::Decide { within, default_at: None } => format!("decide within {}", duration(within)),
        Cell::Decide { within, default_at: Some(at) } => {
            format!("decide within {}, default at {}", duration(within), duration(at))
        }
        Cell::Ask => "a person decides".into(),
        Cell::Watch => "watch".into(),
    }
}

/// What happens when nobody decides, in a word or two.
fn default_word(default: DefaultAction) -> &'static str {
    match default {
        DefaultAction::Act => "roll back",
        DefaultAction::Escalate => "tell the next people",
        DefaultAction::Nothing => "nothing",
    }
}

/// What automation may do, in a word.
fn mode_word(mode: Automation) -> &'static str {
    automation::word(mode)
}

#[cfg(test)]
mod tests;
