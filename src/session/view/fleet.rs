//! Many services at one moment: what is on record of each, where that puts it, and in which order they are shown. No clock
//! runs in here: times stand as moments, and what is left of them follows from `now`.

mod order;
mod spark;

pub use order::{Filter, Order, Sort};
pub use spark::{BUCKET_MS, BUCKETS, Bar, Bucket, Spark};

use super::Gravity;
use crate::model::playbook::{Automation, Tone};
use crate::model::time::{Deadline, Millis, Now};
use crate::session::decision::SILENT;
use std::sync::Arc;

/// The fleet, at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetView {
    /// The moment.
    pub now: Now,
    /// Who is here.
    pub user: String,
    /// Playbook files there are.
    pub playbooks: usize,
    /// Every environment of every playbook, by ascending id.
    pub rows: Arc<Vec<Arc<FleetRow>>>,
    /// Nothing has been read yet.
    pub starting: bool,
    /// Milliseconds since all of it was read last.
    pub read_ms: Millis,
    /// The row of the service that is open behind it.
    pub open: Option<usize>,
}

/// One service in one environment, as its records tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetRow {
    /// Its identity while the fleet is shown; never given twice.
    pub id: usize,
    /// The playbook's file.
    pub file: String,
    /// Service name; of a playbook that cannot be used, the name of its file.
    pub service: String,
    /// Environment name; empty for a playbook that cannot be used.
    pub environment: String,
    /// How careful to be there.
    pub tone: Tone,
    /// Why the playbook cannot be used.
    pub broken: Option<Broken>,
    /// What whoever decides said last; none: nobody ever did.
    pub says: Option<Says>,
    /// The most that may happen by itself now; none: nothing could.
    pub mode: Option<Automation>,
    /// Decisions that people are asked for.
    pub decisions: Vec<Due>,
    /// What acts by itself, as far as it is known, while a watcher lives.
    pub acts: Vec<Due>,
    /// The run that is not over.
    pub run: Option<FleetRun>,
    /// The last run that is over.
    pub last: Option<LastRun>,
    /// Name of the signal that is drawn.
    pub signal: Option<String>,
    /// Its last 15 minutes.
    pub spark: Spark,
    /// Who is here, as far as it is on record.
    pub here: Vec<String>,
    /// Why records cannot be read.
    pub unread: Option<String>,
}

/// What is wrong with a playbook.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Broken {
    /// The first problem's place, `shop.toml:12`.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What would be right.
    pub hint: String,
    /// How many more problems there are.
    pub more: usize,
}

/// What whoever decides said last.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Says {
    /// When.
    pub at: Now,
    /// A watcher, which acts; a screen only records.
    pub acts: bool,
    /// It left in order, or its process is gone.
    pub gone: bool,
    /// Name of its host.
    pub host: String,
    /// Whose program it is.
    pub who: String,
    /// How grave.
    pub gravity: Gravity,
    /// The verdict in a few words: `P1 roll back in 15 min`.
    pub text: String,
    /// Why, a line per part.
    pub evidence: Vec<String>,
    /// Until when to respond.
    pub respond_by: Option<i64>,
    /// Where the traffic is, when that is known: `canary 25 %`.
    pub stage: Option<String>,
    /// Signals that answer, of all that are read.
    pub answering: (usize, usize),
    /// Why nothing can be recorded, so that nothing is decided.
    pub trouble: Option<String>,
}

impl Says {
    /// Milliseconds since it was said.
    pub fn age(&self, now: &Now) -> Millis {
        match self.at.boot_id == now.boot_id {
            true => now.boot.saturating_sub(self.at.boot),
            false => (now.wall - self.at.wall).max(0) as Millis,
        }
    }

    /// Whether it still holds.
    pub fn lives(&self, now: &Now) -> bool {
        !self.gone && self.at.boot_id == now.boot_id && self.age(now) <= SILENT
    }
}

/// Something that runs against a clock.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Due {
    /// Name for people.
    pub title: String,
    /// What happens then.
    pub then: String,
    /// When; none: no clock runs.
    pub at: Option<Deadline>,
}

/// A run that is not over.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FleetRun {
    /// Its id.
    pub id: String,
    /// The procedure's name for people.
    pub title: String,
    /// Who confirmed it.
    pub who: String,
    /// Where it is: `step 3 of 9`.
    pub place: String,
    /// When it was confirmed.
    pub since: Now,
    /// A supervisor drives it.
    pub driven: bool,
    /// What it waits for, when a person must say something.
    pub needs: Option<String>,
    /// It is verified and only watched for a while longer.
    pub guarding: bool,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LastRun {
    /// The procedure's name for people.
    pub title: String,
    /// `verified`, `failed`.
    pub word: String,
    /// Milliseconds from its confirmation to its end.
    pub took_ms: Millis,
    /// When it ended, wall milliseconds.
    pub wall: i64,
}

/// How a row is called, the worst first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Somebody must act.
    Critical,
    /// A run is in progress.
    Running,
    /// Somebody must look.
    Warn,
    /// Nobody knows.
    #[default]
    Unknown,
    /// Measured, and quiet.
    Quiet,
}

impl Grade {
    /// All of them, worst first.
    pub const ALL: [Grade; 5] = [Grade::Critical, Grade::Running, Grade::Warn, Grade::Unknown, Grade::Quiet];
}

/// A clock of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowClock {
    /// Milliseconds left; negative when it is over.
    Left(i64),
    /// Milliseconds that a run has gone on.
    Elapsed(Millis),
}

/// Where a row is put.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowState {
    /// How it is called.
    pub grade: Grade,
    /// How grave its service is; unknown when nobody says.
    pub gravity: Gravity,
    /// In a few words.
    pub text: String,
    /// For how long that is so, when its age is the point.
    pub age_ms: Option<Millis>,
    /// Its soonest clock.
    pub clock: Option<RowClock>,
    /// A watcher lives, which acts.
    pub watched: bool,
}

impl FleetRow {
    /// Whether it is of one service and environment, rather than of a playbook that cannot be used.
    pub fn is_service(&self) -> bool {
        self.broken.is_none()
    }

    /// What was said, while it holds.
    pub fn living(&self, now: &Now) -> Option<&Says> {
        self.says.as_ref().filter(|s| s.lives(now))
    }

    /// Whether a watcher lives that can act.
    pub fn watched(&self, now: &Now) -> bool {
        self.living(now).is_some_and(|s| s.acts && s.trouble.is_none())
    }

    /// What acts by itself next, and in how many milliseconds.
    pub fn acts_next(&self, now: &Now) -> Option<(&Due, Millis)> {
        if !self.watched(now) || self.run.as_ref().is_some_and(|r| !r.guarding) {
            return None;
        }
        let due = self.acts.iter().filter_map(|a| Some((a, a.at.as_ref()?.left(now))));
        due.min_by_key(|(_, left)| *left)
    }

    /// The decision whose clock is the soonest, and what is left of it (negative: overdue).
    pub fn decides_next(&self, now: &Now) -> Option<(&Due, Option<i64>)> {
        let left = |d: &Due| d.at.as_ref().map(|at| signed(at, now));
        self.decisions.iter().map(|d| (d, left(d))).min_by_key(|(_, left)| left.unwrap_or(i64::MAX))
    }

    /// Where it is put at `now`.
    pub fn state(&self, now: &Now) -> RowState {
        if let Some(broken) = &self.broken {
            let text = format!("BROKEN {}: {}", broken.place, broken.what);
            return RowState { text, ..RowState::default() };
        }
        let living = self.living(now);
        let watched = self.watched(now);
        let said = match (living, &self.says) {
            (Some(s), _) => self.said(s, now),
            (None, Some(s)) if s.acts && !s.gone => RowState {
                text: "UNKNOWN: watcher silent".into(),
                age_ms: Some(s.age(now)),
                ..RowState::default()
            },
            _ => RowState { text: "UNKNOWN: nobody watches".into(), ..RowState::default() },
        };
        let mut out = RowState { watched, clock: self.soonest(now, living), ..said };
        if let Some(unread) = &self.unread {
            (out.grade, out.age_ms) = (out.grade.min(Grade::Unknown), None);
            out.text = format!("UNKNOWN: {unread}");
        }
        if let Some(run) = &self.run {
            self.in_run(run, now, &mut out);
        }
        // A decision that people are asked for is worth a look, whatever is measured by now.
        if !self.decisions.is_empty() && out.grade > Grade::Warn {
            out.grade = Grade::Warn;
        }
        out
    }

    fn said(&self, s: &Says, now: &Now) -> RowState {
        let grade = match s.gravity {
            Gravity::Critical => Grade::Critical,
            Gravity::Warn => Grade::Warn,
            Gravity::Unknown => Grade::Unknown,
            Gravity::Ok => Grade::Quiet,
        };
        let mut text = s.text.clone();
        if s.gravity == Gravity::Ok {
            text = "quiet".into();
            if let Some(stage) = &s.stage {
                text = format!("{text}, {stage}");
            }
            match self.mode {
                Some(Automation::Shadow) => text += ", shadow",
                Some(Automation::Off) => text += ", off",
                _ => {}
            }
            // Armed, and nobody there who acts: as in the banner of its screen.
            if self.mode == Some(Automation::Armed) && !self.watched(now) {
                text += ", NO WATCH";
            }
        }
        RowState { grade, gravity: s.gravity, text, ..RowState::default() }
    }

    fn in_run(&self, run: &FleetRun, now: &Now, out: &mut RowState) {
        if run.guarding && run.driven {
            return;
        }
        let what = match (&run.needs, run.driven) {
            (_, false) => format!("NOBODY DRIVES {}", run.title),
            (Some(needs), _) => format!("{needs}: {}", run.title),
            (None, true) => {
                let short = run.title.strip_suffix(" rollback").unwrap_or(&run.title);
                let at = self.living(now).and_then(|s| s.stage.as_deref());
                let at = at.map(|s| s.strip_prefix("canary ").unwrap_or(s)).unwrap_or(&run.place);
                format!("run: {short}, {at}")
            }
        };
        let stuck = run.needs.is_some() || !run.driven;
        // The verdict's first word stays: the run does not make it better.
        out.text = match out.grade {
            Grade::Critical => {
                let row = out.text.split(' ').next().unwrap_or_default();
                format!("{row} {what}")
            }
            _ => what,
        };
        out.age_ms = None;
        out.grade = if stuck { Grade::Critical } else { out.grade.min(Grade::Running) };
        out.clock = Some(RowClock::Elapsed(since(&run.since, now)));
    }

    /// The soonest of its clocks.
    fn soonest(&self, now: &Now, living: Option<&Says>) -> Option<RowClock> {
        let acts = self.acts_next(now).map(|(_, left)| left as i64);
        let decides = self.decides_next(now).and_then(|(_, left)| left);
        let respond = living.and_then(|s| s.respond_by).map(|at| at - now.wall);
        let decided = decides.or(respond);
        acts.into_iter().chain(decided).min().map(RowClock::Left)
    }
}

impl FleetView {
    /// The row of this id.
    pub fn row(&self, id: usize) -> Option<&Arc<FleetRow>> {
        self.rows.binary_search_by_key(&id, |r| r.id).ok().map(|at| &self.rows[at])
    }

    /// How many rows there are of each grade, in [`Grade::ALL`]'s order.
    pub fn counts(&self) -> [usize; 5] {
        let mut out = [0; 5];
        for row in self.rows.iter() {
            out[row.state(&self.now).grade as usize] += 1;
        }
        out
    }

    /// The row with the soonest clock that runs down, and what is left of it.
    pub fn soonest(&self) -> Option<(&FleetRow, i64)> {
        let left = |r: &FleetRow| match r.state(&self.now).clock {
            Some(RowClock::Left(ms)) => Some(ms),
            _ => None,
        };
        self.rows.iter().filter_map(|r| Some((&**r, left(r)?))).min_by_key(|(_, ms)| *ms)
    }

    /// The worst of all: what an exit code says of the fleet. Runs count by the verdict of their service.
    pub fn worst(&self) -> Gravity {
        let rank = |g: &Gravity| match g {
            Gravity::Critical => 0,
            Gravity::Warn => 1,
            Gravity::Unknown => 2,
            Gravity::Ok => 3,
        };
        let of = |r: &Arc<FleetRow>| {
            let state = r.state(&self.now);
            match state.grade {
                Grade::Critical => Gravity::Critical,
                Grade::Running => state.gravity,
                Grade::Warn => Gravity::Warn,
                Grade::Unknown => Gravity::Unknown,
                Grade::Quiet => Gravity::Ok,
            }
        };
        self.rows.iter().map(of).min_by_key(rank).unwrap_or_default()
    }

    /// Whether something runs against a clock: then seconds are shown.
    pub fn ticks(&self) -> bool {
        self.rows.iter().any(|r| r.state(&self.now).clock.is_some())
    }
}

/// Milliseconds since a moment.
fn since(at: &Now, now: &Now) -> Millis {
    (now.boot as i64 - now.boot_of(at)).max(0) as Millis
}

/// Milliseconds left, negative when overdue.
fn signed(at: &Deadline, now: &Now) -> i64 {
    match at.left(now) {
        0 => -(at.overdue(now) as i64),
        left => left as i64,
    }
}

#[cfg(test)]
mod tests;
