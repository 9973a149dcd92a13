//! What a replay found, as plain data: for people and for programs.

use super::{COLUMNS, Span};
use crate::engine::TriggerStatus;
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::stage::InForce;
use crate::engine::verdict::Standing;
use crate::model::condition::duration;
use crate::model::playbook::{Automation, Cell, Playbook, Trigger};
use crate::model::time::Millis;
use crate::session::decision::Withheld;
use serde::Serialize;

/// Lines of evidence kept of a firing.
const LINES: usize = 4;

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// What was looked at.
    pub span: Span,
    /// Each trigger, in the playbook's order.
    pub triggers: Vec<TriggerStory>,
    /// How the verdict changed; the first is that of the beginning.
    pub verdicts: Vec<Changed>,
    /// Samples that were replayed, those before the span too.
    pub samples: u64,
    /// How often was judged.
    pub judgements: u64,
}

/// The verdict from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Wall milliseconds.
    pub at: i64,
    /// A severity row, `quiet`, `warn: …` or `unknown: …`.
    pub to: String,
}

/// One trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerStory {
    /// Its id.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Its rule, as written.
    pub when: String,
    /// Milliseconds it must hold.
    pub hold: Millis,
    /// Severity row it belongs to.
    pub severity: Option<String>,
    /// Procedure it recommends.
    pub procedure: Option<String>,
    /// What it may do in this environment, really.
    pub mode: Automation,
    /// When it was pending or firing, oldest first.
    pub episodes: Vec<Episode>,
    /// When it could not be judged: from, to, wall milliseconds.
    pub unknown: Vec<(i64, i64)>,
    /// Why, first.
    pub unknown_why: Option<String>,
    /// What its first comparison compares.
    pub chart: Option<Chart>,
}

/// One time that a trigger's rule held.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Episode {
    /// Since when it held, wall milliseconds.
    pub since: i64,
    /// That was before what is looked at.
    pub before: bool,
    /// When it fired.
    pub fired: Option<i64>,
    /// When it was over; none: it went on.
    pub ended: Option<i64>,
    /// Milliseconds it had held, gaps not counted, when it last was pending.
    pub held: Millis,
    /// Series it was about.
    pub series: Vec<String>,
    /// Why it fired.
    pub evidence: Vec<String>,
    /// What it asked for, and where the traffic was.
    pub asked: Option<InForce>,
    /// What would have been done.
    pub deeds: Vec<Deed>,
}

/// Something that would have been done, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// Wall milliseconds.
    pub at: i64,
    /// What.
    pub what: What,
}

/// What would have been done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A run would have been started.
    Started {
        /// Its procedure.
        procedure: String,
        /// As the default of a decision that nobody took.
        default: bool,
    },
    /// It would not have acted.
    Withheld {
        /// By which rule.
        by: Withheld,
        /// In words.
        why: String,
    },
    /// People would have been told.
    Told(String),
    /// A person would have been asked.
    Asked {
        /// Milliseconds to decide.
        within: Option<Millis>,
    },
    /// A decision was over by its time, or by the trigger's end; in words.
    Closed(String),
}

/// What a trigger compares, over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The left side, as a text.
    pub text: String,
    /// The right side, as it was last.
    pub threshold: Option<f64>,
    /// Least and greatest value per column.
    pub columns: Vec<Option<(f64, f64)>>,
}

impl Chart {
    pub(super) fn new(text: String) -> Chart {
        Chart { text, threshold: None, columns: vec![None; COLUMNS] }
    }

    pub(super) fn put(&mut self, column: usize, value: f64) {
        let before = self.columns[column].unwrap_or((value, value));
        self.columns[column] = Some((before.0.min(value), before.1.max(value)));
    }
}

impl Episode {
    pub(super) fn new(since: i64, status: &TriggerStatus) -> Episode {
        Episode { since, series: status.series.clone(), ..Episode::default() }
    }

    pub(super) fn fires(&mut self, at: i64, status: &TriggerStatus, asked: &InForce) {
        self.fired = Some(at);
        self.series = status.series.clone();
        let parts = status.evidence.iter().filter(|p| p.truth == Truth::True);
        self.evidence = parts.take(LINES).map(Part::line).collect();
        self.asked = Some(asked.clone());
    }
}

impl TriggerStory {
    pub(super) fn new(
        id: &str,
        t: &Trigger,
        playbook: &Playbook,
        environment: &str,
        chart: Option<Chart>,
    ) -> TriggerStory {
        let ceiling = playbook.environments.get(environment).map(|e| e.automation).unwrap_or_default();
        TriggerStory {
            id: id.into(),
            title: t.title.clone(),
            when: t.when.text.clone(),
            hold: t.hold,
            severity: t.severity.clone(),
            procedure: t.procedure.clone(),
            mode: t.mode.min(ceiling),
            episodes: Vec::new(),
            unknown: Vec::new(),
            unknown_why: None,
            chart,
        }
    }

    /// The episode that is not over.
    pub(super) fn open(&mut self) -> Option<&mut Episode> {
        self.episodes.last_mut().filter(|e| e.ended.is_none())
    }

    /// It could not be judged in this time.
    pub(super) fn blind(&mut self, from: i64, to: i64, status: &TriggerStatus) {
        match self.unknown.last_mut() {
            Some((_, until)) if *until == from => *until = to,
            _ => self.unknown.push((from, to)),
        }
        if self.unknown_why.is_none() {
            self.unknown_why = status.evidence.iter().find_map(|p| p.reason.clone());
        }
    }

    /// Episodes that fired.
    pub fn fired(&self) -> impl Iterator<Item = &Episode> {
        self.episodes.iter().filter(|e| e.fired.is_some())
    }

    /// Milliseconds that it was pending without firing, per time it was.
    pub fn near(&self) -> Vec<Millis> {
        self.episodes.iter().filter(|e| e.fired.is_none() && e.ended.is_some()).map(|e| e.held).collect()
    }

    /// Everything that would have been done.
    pub fn deeds(&self) -> impl Iterator<Item = &Deed> {
        self.episodes.iter().flat_map(|e| &e.deeds)
    }

    /// Milliseconds in which it could not be judged.
    pub fn blind_for(&self) -> Millis {
        self.unknown.iter().map(|(a, b)| (b - a) as u64).sum()
    }
}

/// A cell as the playbook writes it.
pub fn cell(cell: Cell) -> String {
    match cell {
        Cell::Auto => "auto".into(),
        Cell::Decide { within, default_at: None } => format!("decide {}", duration(within)),
        Cell::Decide { within, default_at: Some(at) } => {
            format!("decide {}, default {}", duration(within), duration(at))
        }
        Cell::Ask => "ask".into(),
        Cell::Watch => "watch".into(),
    }
}

/// A mode as the playbook writes it.
pub fn mode(mode: Automation) -> &'static str {
    match mode {
        Automation::Off => "disarmed",
        Automation::Shadow => "shadow",
        Automation::Armed => "armed",
    }
}

/// A rule that withholds, in a word.
pub fn rule(by: Withheld) -> &'static str {
    match by {
        Withheld::Locked => "another run",
        Withheld::JustDone => "a person's run just before",
        Withheld::Cooldown => "cooldown",
        Withheld::Exhausted => "attempts used up",
        Withheld::Failed => "a failed run before",
        Withheld::Stale => "stale samples",
        Withheld::Screen => "a screen decides",
    }
}

/// The verdict in words.
pub(super) fn standing(s: &Standing) -> String {
    match s {
        Standing::Unknown(why) => format!("unknown: {why}"),
        Standing::Quiet => "quiet".into(),
        Standing::Warn(id) => format!("warn: {id}"),
        Standing::Row(id) => id.clone(),
    }
}
