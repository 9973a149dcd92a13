//! What of a playbook is kept for a row of the fleet: names, not rules.

use crate::model::condition::{Comparison, Expr, duration};
use crate::model::playbook::{
    Automation, Better, Cell, DefaultAction, Playbook, ReadingKind, Severity, Signal, Tone,
};
use crate::model::text::clean_line;
use crate::session::view::fleet::{BUCKET_MS, BUCKETS, Spark};
use indexmap::IndexMap;

/// A severity row.
#[derive(Debug, Clone)]
pub(super) struct RowFacts {
    /// What is to be done, in a few words.
    pub(super) text: String,
    /// Milliseconds to respond.
    pub(super) respond: Option<u64>,
    /// Somebody must act, rather than look.
    pub(super) acts: bool,
}

/// A trigger.
#[derive(Debug, Clone)]
pub(super) struct TriggerFacts {
    pub(super) title: String,
    pub(super) severity: Option<String>,
    pub(super) mode: Automation,
    /// What it starts: name for people, and what that costs.
    pub(super) starts: Option<(String, String)>,
    /// It could act by itself at some stage, or when nobody decides.
    pub(super) could_act: bool,
}

/// One environment of a playbook.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) service: String,
    pub(super) environment: String,
    pub(super) tone: Tone,
    pub(super) ceiling: Automation,
    pub(super) staged: bool,
    pub(super) rows: IndexMap<String, RowFacts>,
    pub(super) triggers: IndexMap<String, TriggerFacts>,
    /// The signal that is drawn: id, name for people, and an empty line for it.
    pub(super) signal: Option<(String, String, Spark)>,
}

impl Facts {
    /// Of a playbook, resolved for an environment or not.
    pub(super) fn of(p: &Playbook, environment: &str) -> Facts {
        let own = p.environments.get(environment);
        let last = p.severities.keys().next_back();
        let row = |(id, s): (&String, &Severity)| {
            let facts = RowFacts {
                text: in_words(s),
                respond: s.respond_within.filter(|w| *w > 0),
                acts: s.respond_within.is_some() || last != Some(id),
            };
            (id.clone(), facts)
        };
        let trigger = |(id, t): (&String, &crate::model::playbook::Trigger)| {
            let mut cells = std::iter::once(&t.act).chain(t.at.values());
            let acts = |c: &Cell| match c {
                Cell::Auto => true,
                Cell::Decide { .. } => t.default == DefaultAction::Act,
                Cell::Ask | Cell::Watch => false,
            };
            let starts = t.procedure.as_ref().and_then(|id| p.procedures.get(id)).map(|p| {
                let e = &p.expect;
                let down = match e.downtime.as_str() {
                    "" | "none" => "no downtime".to_owned(),
                    d => format!("{d} down"),
                };
                (clean_line(&p.title), format!("{}, {}", duration(e.duration), clean_line(&down)))
            });
            let facts = TriggerFacts {
                title: clean_line(&t.title),
                severity: t.severity.clone(),
                mode: t.mode,
                could_act: starts.is_some() && cells.any(acts),
                starts,
            };
            (id.clone(), facts)
        };
        Facts {
            service: clean_line(&p.service.name),
            environment: clean_line(environment),
            tone: own.map(|e| e.tone).unwrap_or_default(),
            ceiling: own.map(|e| e.automation).unwrap_or_default(),
            staged: p.traffic.is_some(),
            rows: p.severities.iter().map(row).collect(),
            triggers: p.triggers.iter().map(trigger).collect(),
            signal: drawn(p),
        }
    }
}

/// What is to be done: `roll back in 15 min`.
fn in_words(s: &Severity) -> String {
    let text = clean_line(&s.text).replace(" within ", " in ");
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => clean_line(&s.title).to_lowercase(),
    }
}

/// The first signal with a panel that is read from somewhere: what is computed is not among the recorded samples.
fn drawn(p: &Playbook) -> Option<(String, String, Spark)> {
    let read = |s: &Signal| {
        let a_number = !matches!(s.unit, crate::model::unit::Unit::Text);
        s.source.is_some() && !s.counter && a_number && !matches!(s.reading, ReadingKind::Expr(_))
    };
    let signals = || p.signals.iter().filter(|(_, s)| read(s));
    let (id, s) = signals()
        .filter(|(_, s)| s.panel.is_some())
        .min_by_key(|(_, s)| s.panel)
        .or_else(|| signals().next())?;
    let lower_is_worse = s.better == Better::Higher;
    let full = |c: &Option<Comparison>| match c.as_ref().map(|c| &c.right) {
        Some(Expr::Number(n)) => Some(n.value as f32),
        _ => None,
    };
    let holds = (s.stale_after as i64 / BUCKET_MS).clamp(1, BUCKETS as i64) as usize;
    let full = full(&s.critical).or_else(|| full(&s.warn)).filter(|v| !lower_is_worse && *v > 0.0);
    Some((id.clone(), clean_line(&s.title), Spark::new(holds, full, lower_is_worse)))
}
