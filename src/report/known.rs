//! What a report is made of: the records of its runs, of what was decided and told, and what was measured meanwhile.

use crate::engine::evidence::Part;
use crate::model::playbook::{Playbook, Signal};
use crate::model::record::Record;
use crate::model::rehearsal::Drilled;
use crate::model::samples::Samples;
use crate::model::time::Now;
use crate::run::plan::{Person, Plan};
use crate::run::state::State;
use crate::run::view::RunView;
use crate::session::decision::{Choice, Clock, Decisions, Kind};
use crate::session::outbox::{Outbox, Posted};
use indexmap::IndexMap;

/// Milliseconds that are looked at before it began, and after it was over.
pub const AROUND: i64 = 15 * 60_000;

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A run, by its id.
    Run(&'a str),
    /// A decision that people were asked for, by the clock's name.
    Clock(&'a str),
    /// An incident, by its name.
    Incident(&'a str),
}

/// All that is known.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// The playbook, resolved, where it is at hand; titles and thresholds stand in it.
    pub playbook: Option<&'a Playbook>,
    /// Name of the service.
    pub service: &'a str,
    /// Name of the environment.
    pub environment: &'a str,
    /// Runs with their journals, oldest first.
    pub runs: Vec<(&'a Plan, &'a [Record])>,
    /// Records of `decisions.jsonl`.
    pub decided: &'a [Record],
    /// Messages and what became of them.
    pub outbox: Option<&'a Outbox>,
    /// What was measured; none: it was not looked up.
    pub samples: Option<&'a Samples>,
    /// The drill, when it was one.
    pub drill: Option<&'a Drilled>,
}

/// A run, folded.
#[derive(Debug)]
pub(super) struct Ran<'a> {
    pub(super) plan: &'a Plan,
    pub(super) records: &'a [Record],
    pub(super) state: State,
    pub(super) view: RunView,
}

/// An incident, from its opening on.
#[derive(Debug, Clone, Default)]
pub(super) struct Incident {
    pub(super) id: String,
    pub(super) since: Now,
    pub(super) reason: String,
    pub(super) run: Option<String>,
    pub(super) closed: Option<(Now, Option<Person>, String)>,
}

/// A firing of a trigger.
#[derive(Debug, Clone)]
pub(super) struct Fired<'a> {
    pub(super) firing: &'a str,
    pub(super) trigger: &'a str,
    pub(super) true_since: &'a Now,
    pub(super) at: &'a Now,
    pub(super) evidence: &'a [Part],
    pub(super) resolved: Option<&'a Now>,
}

/// A record of what was decided.
#[derive(Debug)]
pub(super) struct Decided<'a> {
    pub(super) record: &'a Record,
    pub(super) kind: Kind,
    /// It is about who decides, and that was a screen, which only records.
    pub(super) quiet: bool,
}

/// Everything that belongs to the subject.
#[derive(Debug)]
pub(super) struct Story<'a> {
    pub(super) known: &'a Known<'a>,
    pub(super) runs: Vec<Ran<'a>>,
    pub(super) decided: Vec<Decided<'a>>,
    pub(super) incident: Option<Incident>,
    /// Decisions that people were asked for, as they ended.
    pub(super) clocks: Vec<Clock>,
    /// The log of decisions at its end.
    pub(super) state: Decisions,
    /// When it began, and when the last thing that belongs to it happened, wall milliseconds.
    pub(super) span: (i64, i64),
}

impl<'a> Story<'a> {
    /// Gathers what belongs to a subject.
    ///
    /// # Errors
    /// When the subject is not on record, or a record is none of its log's; in words.
    pub(super) fn new(subject: Subject<'_>, known: &'a Known<'a>) -> Result<Story<'a>, String> {
        let mut log = Log::read(known.decided)?;
        let ran = |(plan, records): &(&'a Plan, &'a [Record])| -> Result<Ran<'a>, String> {
            let state = State::fold(plan, records).map_err(|e| format!("run {}: {e}", plan.id))?;
            let view = RunView::of(plan, &state);
            Ok(Ran { plan, records, state, view })
        };
        let one = |id: &str| known.runs.iter().find(|(p, _)| p.id == id).map(ran);
        let mut runs = Vec::new();
        let mut clocks = Vec::new();
        let (incident, from, to) = match subject {
            Subject::Run(id) => {
                let run = one(id).ok_or_else(|| format!("no run is named `{id}`"))??;
                let (began, ended) = (run.began(), run.last());
                let incident = log.incident_of(run.plan, ended);
                let firing = run.plan.automatic.as_ref().map(|a| a.firing.as_str());
                let firing = firing.or_else(|| log.firing_of(run.plan));
                let cause = firing.and_then(|f| log.fired(f)).map(|f| f.true_since.wall);
                let from = [Some(began), cause].into_iter().flatten().min().unwrap_or(began);
                runs.push(run);
                (incident, from, ended)
            }
            Subject::Clock(id) => {
                let clock = log.clocks.get(id).ok_or_else(|| format!("no decision is named `{id}`"))?;
                let fired = log.fired(&clock.firing);
                let since = fired.as_ref().map_or(clock.at.wall, |f| f.true_since.wall);
                let resolved = fired.and_then(|f| f.resolved).map(|at| at.wall);
                let ended = clock.closed.as_ref().map(|c| c.2.wall);
                let incident = log.incident_at(clock.at.wall);
                let confirmed = clock.said.iter().filter_map(|w| match &w.choice {
                    Choice::RollBack { run, .. } => run.as_deref(),
                    _ => None,
                });
                for run in confirmed.chain(clock.acting.as_deref()) {
                    runs.extend(one(run).transpose()?);
                }
                let last = runs.iter().map(Ran::last).chain(ended).chain(resolved).max();
                (incident, since, last.unwrap_or(log.last))
            }
            Subject::Incident(id) => {
                let incident = log.incidents.iter().find(|i| i.id == id).cloned();
                let incident = incident.ok_or_else(|| format!("no incident is named `{id}`"))?;
                let closed = incident.closed.as_ref().map(|c| c.0.wall);
                let end = closed.unwrap_or(i64::MAX);
                let within = |p: &Plan| (incident.since.wall..=end).contains(&p.confirmed_at.wall);
                let of = |p: &&Plan| within(p) || incident.run.as_ref() == Some(&p.id);
                for given in known.runs.iter().filter(|(p, _)| of(p)) {
                    runs.push(ran(given)?);
                }
                let firings = log.firings().into_iter().filter(|f| f.at.wall <= end);
                let open = firings.filter(|f| f.resolved.is_none_or(|r| r.wall >= incident.since.wall));
                let first =
                    open.map(|f| f.true_since.wall).filter(|w| *w >= incident.since.wall - AROUND).min();
                let from = runs.iter().map(Ran::began).chain(first).chain([incident.since.wall]).min();
                let last = runs.iter().map(Ran::last).chain([closed.unwrap_or(log.last)]).max();
                (Some(incident), from.unwrap_or_default(), last.unwrap_or_default())
            }
        };
        // What was decided counts to the end of the incident; what is worked off afterwards until the next one opens.
        let closed = incident.as_ref().and_then(|i| i.closed.as_ref()).map(|c| c.0.wall);
        let end = match (incident.is_some(), closed) {
            (true, None) => i64::MAX,
            (_, closed) => closed.unwrap_or(to).max(to),
        };
        let next = log.incidents.iter().map(|i| i.since.wall).find(|at| *at > end).unwrap_or(i64::MAX);
        let later = |kind: &str| {
            ["Ticked", "Noted"].contains(&kind) || kind.starts_with("Item") || kind.starts_with("Follow")
        };
        let belongs = |d: &Decided<'_>| {
            let at = d.record.at.wall;
            at >= from && (at <= end || (at < next && later(&d.record.kind)))
        };
        let mine = |c: &Clock| match subject {
            Subject::Clock(id) => c.id == id,
            _ => c.at.wall >= from && c.at.wall <= end,
        };
        clocks.extend(log.clocks.values().filter(|c| mine(c)).cloned());
        let decided = std::mem::take(&mut log.all).into_iter().filter(belongs).collect();
        Ok(Story { known, runs, decided, incident, clocks, state: log.state, span: (from, to) })
    }

    /// Firings of triggers that belong to it.
    pub(super) fn firings(&self) -> Vec<Fired<'_>> {
        firings(&self.decided)
    }

    /// A signal as the playbook has it, or the plan.
    pub(super) fn signals(&self) -> IndexMap<&'a str, &'a Signal> {
        let mut out: IndexMap<&str, &Signal> = IndexMap::new();
        for (plan, _) in self.known.runs.iter().filter(|(p, _)| self.runs.iter().any(|r| r.plan.id == p.id)) {
            out.extend(plan.playbook.signals.iter().map(|(id, s)| (id.as_str(), s)));
        }
        // Baselines that were frozen into a plan are what was compared with; the rest is the playbook's.
        for (id, signal) in self.known.playbook.iter().flat_map(|p| &p.signals) {
            out.entry(id).or_insert(signal);
        }
        out
    }

    /// Title of a trigger.
    pub(super) fn trigger(&self, id: &str) -> String {
        let known = self.known.playbook.and_then(|p| p.triggers.get(id)).map(|t| t.title.clone());
        let frozen = || self.runs.iter().filter_map(|r| r.plan.cause.as_ref()).find(|c| c.trigger == id);
        known.or_else(|| frozen().map(|c| c.title.clone())).unwrap_or_else(|| id.to_owned())
    }

    /// Messages about it, in the order in which they were queued.
    pub(super) fn letters(&self) -> Vec<&'a Posted> {
        let id = self.incident.as_ref().map(|i| i.id.as_str());
        let of = |p: &&Posted| {
            let run = p.letter.run.as_deref();
            let incident = p.letter.incident.as_deref();
            run.is_some_and(|r| self.runs.iter().any(|ran| ran.plan.id == r))
                || (incident.is_some() && incident == id)
        };
        self.known.outbox.iter().flat_map(|o| o.letters.values()).filter(of).collect()
    }
}

impl Ran<'_> {
    /// When it was asked for, or what caused it began to fire.
    pub(super) fn began(&self) -> i64 {
        let firing = self.plan.cause.as_ref().map(|c| c.firing_since.wall);
        firing.map_or(self.plan.confirmed_at.wall, |f| f.min(self.plan.confirmed_at.wall))
    }

    /// When its last record was written.
    pub(super) fn last(&self) -> i64 {
        self.records.last().map_or(self.plan.confirmed_at.wall, |r| r.at.wall)
    }
}

/// The log of decisions, read once.
struct Log<'a> {
    all: Vec<Decided<'a>>,
    state: Decisions,
    incidents: Vec<Incident>,
    clocks: IndexMap<String, Clock>,
    last: i64,
}

impl<'a> Log<'a> {
    fn read(records: &'a [Record]) -> Result<Log<'a>, String> {
        let (mut state, mut all) = (Decisions::default(), Vec::with_capacity(records.len()));
        let (mut incidents, mut clocks) = (Vec::<Incident>::new(), IndexMap::new());
        for record in records {
            let kind = state.follow(record)?;
            match &kind {
                Kind::IncidentOpened { incident, reason, run, .. } => incidents.push(Incident {
                    id: incident.clone(),
                    since: record.at.clone(),
                    reason: reason.clone(),
                    run: run.clone(),
                    closed: None,
                }),
                Kind::IncidentClosed { incident, who, reason, .. } => {
                    if let Some(i) = incidents.iter_mut().rfind(|i| i.id == *incident) {
                        i.closed = Some((record.at.clone(), who.clone(), reason.clone()));
                    }
                }
                _ => {}
            }
            // Old clocks are forgotten by the log; a report may be asked for all the same.
            if let Some(clock) = about(&kind).and_then(|id| state.clocks.get(id)) {
                clocks.insert(clock.id.clone(), clock.clone());
            }
            let quiet = match &kind {
                Kind::EpochBegan { acts, .. } => !acts,
                Kind::EpochEnded { .. } => state.decider.as_ref().is_some_and(|d| !d.acts),
                _ => false,
            };
            all.push(Decided { record, kind, quiet });
        }
        let last = records.last().map_or(0, |r| r.at.wall);
        Ok(Log { all, state, incidents, clocks, last })
    }

    fn firings(&self) -> Vec<Fired<'_>> {
        firings(&self.all)
    }

    fn fired(&self, firing: &str) -> Option<Fired<'_>> {
        self.firings().into_iter().find(|f| f.firing == firing)
    }

    /// The firing that a person's run answers.
    fn firing_of(&self, plan: &Plan) -> Option<&str> {
        let cause = plan.cause.as_ref()?;
        let of = |d: &&Decided<'_>| d.record.at.wall <= plan.confirmed_at.wall;
        self.all.iter().filter(of).rev().find_map(|d| match &d.kind {
            Kind::Fired { firing, trigger, .. } if *trigger == cause.trigger => Some(firing.as_str()),
            _ => None,
        })
    }

    fn incident_at(&self, wall: i64) -> Option<Incident> {
        let during =
            |i: &&Incident| i.closed.as_ref().is_none_or(|c| c.0.wall >= wall) && i.since.wall <= wall;
        self.incidents.iter().rfind(during).cloned()
    }

    /// The incident that was open when a run was confirmed, or that the run opened.
    fn incident_of(&self, plan: &Plan, ended: i64) -> Option<Incident> {
        let opened = self.incidents.iter().find(|i| i.run.as_ref() == Some(&plan.id)).cloned();
        let during = || self.incident_at(plan.confirmed_at.wall);
        opened.or_else(during).filter(|i| i.since.wall <= ended)
    }
}

/// The clock that a record is about.
fn about(kind: &Kind) -> Option<&str> {
    match kind {
        Kind::ClockOpened { clock, .. }
        | Kind::DefaultFrozen { clock, .. }
        | Kind::ClockMissed { clock, .. }
        | Kind::Said { clock, .. }
        | Kind::ClockClosed { clock, .. }
        | Kind::Acting { clock: Some(clock), .. } => Some(clock),
        _ => None,
    }
}

fn firings<'s>(all: &'s [Decided<'_>]) -> Vec<Fired<'s>> {
    let mut out: Vec<Fired<'s>> = Vec::new();
    for d in all {
        match &d.kind {
            Kind::Fired { firing, trigger, true_since, evidence, .. } => {
                out.push(Fired { firing, trigger, true_since, at: &d.record.at, evidence, resolved: None });
            }
            Kind::Resolved { firing, .. } => {
                if let Some(f) = out.iter_mut().rfind(|f| f.firing == firing) {
                    f.resolved = Some(&d.record.at);
                }
            }
            _ => {}
        }
    }
    out
}

/// From when to when samples are wanted for a report, wall milliseconds.
///
/// # Errors
/// When the subject is not on record, or a record is none of its log's; in words.
pub fn window(subject: Subject<'_>, known: &Known<'_>) -> Result<(i64, i64), String> {
    let story = Story::new(subject, known)?;
    Ok((story.span.0 - AROUND, story.span.1.saturating_add(AROUND)))
}
