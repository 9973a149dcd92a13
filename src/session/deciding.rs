//! What is decided outside of runs comes in: records of `decisions.jsonl`, the decider's heartbeat.

use super::decision::{Closed, Kind, SILENT, WatchEnd, Withheld};
use super::view::{Happening, Watch};
use super::{Effect, Session, timeline};
use crate::engine::{self, Engine, baseline};
use crate::model::playbook::{Automation, Cell, DefaultAction};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use indexmap::IndexMap;

/// What the decider says of itself each second.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heartbeat {
    /// Its epoch.
    pub epoch: u64,
    /// A watcher, which acts; a screen only records.
    pub acts: bool,
    /// Name of its host.
    pub host: String,
    /// Its pid there.
    pub pid: u32,
    /// When it said so.
    pub at: Now,
    /// Where the service stands, in words.
    pub says: String,
    /// Why it cannot record, so that it decides nothing.
    pub trouble: Option<String>,
    /// Triggers that are pending: milliseconds they lacked then, or 0 while they fire.
    pub lacks: IndexMap<String, Millis>,
}

impl Heartbeat {
    /// Milliseconds since it was heard.
    pub fn age(&self, now: &Now) -> Millis {
        match self.at.boot_id == now.boot_id {
            true => now.boot.saturating_sub(self.at.boot),
            false => (now.wall - self.at.wall).max(0) as Millis,
        }
    }

    /// Whether it decides.
    pub fn lives(&self, now: &Now) -> bool {
        self.at.boot_id == now.boot_id && self.age(now) <= SILENT
    }
}

impl Session {
    /// Takes in records of the log. `first`: they were there before this session.
    pub(super) fn decided(&mut self, now: &Now, records: Vec<Record>, first: bool) -> Vec<Effect> {
        let mut out = Vec::new();
        if first && self.heard.is_none() {
            self.relive(now, &records);
        }
        for record in records {
            let kind = match self.decisions.follow(&record) {
                Ok(kind) => kind,
                Err(e) => {
                    out.extend(self.alarmed(format!("decisions.jsonl: {}", clean_line(&e))));
                    return out;
                }
            };
            let set = self.clock.at(&record.at);
            let told = self.story(&record, &kind, first);
            set.into_iter().chain(told).for_each(|h| self.push(h));
            if first {
                continue;
            }
            let for_me = matches!(&kind, Kind::Noted { to: Some(to), .. } if *to == self.facts.user);
            if rings(&kind) || for_me {
                out.push(Effect::Bell);
            }
            let event = match kind {
                Kind::Flagged { signal, raised, .. } => engine::Event::Flag { signal, raised },
                Kind::Counted { signal, delta, .. } => engine::Event::Count { signal, delta },
                Kind::IncidentOpened { .. } => engine::Event::Incident(Some(now.boot_of(&record.at))),
                Kind::IncidentReopened { since, .. } => engine::Event::Incident(Some(now.boot_of(&since))),
                Kind::IncidentClosed { .. } => engine::Event::Incident(None),
                _ => continue,
            };
            out.extend(self.judge(now, event));
        }
        out
    }

    /// An engine that has measured nothing yet goes through what people said before, each at its time: a count of an hour
    /// ago is an hour old.
    fn relive(&mut self, now: &Now, records: &[Record]) {
        let mut engine: Option<Engine> = None;
        let mut incident = None;
        for record in records {
            let boot = now.boot_of(&record.at);
            let event = match Kind::read(record) {
                Ok(Kind::Flagged { signal, raised, .. }) => engine::Event::Flag { signal, raised },
                Ok(Kind::Counted { signal, delta, .. }) => engine::Event::Count { signal, delta },
                Ok(Kind::IncidentOpened { .. }) => {
                    incident = Some(boot);
                    continue;
                }
                Ok(Kind::IncidentReopened { since, .. }) => {
                    incident = Some(now.boot_of(&since));
                    continue;
                }
                Ok(Kind::IncidentClosed { .. }) => {
                    incident = None;
                    continue;
                }
                _ => continue,
            };
            let at = Now { boot: boot.max(0) as u64, ..now.clone() };
            engine.get_or_insert_with(|| Engine::new(&self.playbook, &at)).handle(&at, event);
        }
        if let Some(engine) = engine {
            self.engine = engine;
        }
        self.engine.handle(now, engine::Event::Incident(incident));
    }

    /// Takes in what is normal now.
    pub(super) fn normal(
        &mut self,
        now: &Now,
        known: IndexMap<String, Result<baseline::Known, String>>,
    ) -> Vec<Effect> {
        let mut out = Vec::new();
        for (signal, known) in known {
            out.extend(self.judge(now, engine::Event::Baseline { signal, known }));
        }
        out
    }

    /// The heartbeat of whoever decides now.
    pub(super) fn decider(&self, now: &Now) -> Option<&Heartbeat> {
        self.beat.as_ref().filter(|b| b.lives(now) && !self.has_left(b))
    }

    /// The same when it is a watcher that can act.
    pub(super) fn watcher(&self, now: &Now) -> Option<&Heartbeat> {
        self.decider(now).filter(|b| b.acts && b.trouble.is_none())
    }

    /// Whether somebody decides now, who was heard.
    pub fn is_decided(&self, now: &Now) -> bool {
        self.decider(now).is_some()
    }

    fn has_left(&self, beat: &Heartbeat) -> bool {
        self.decisions
            .decider
            .as_ref()
            .is_some_and(|d| d.epoch > beat.epoch || (d.epoch == beat.epoch && d.left))
    }

    pub(super) fn watch(&self, now: &Now) -> Watch {
        let of = self.beat.as_ref().filter(|b| b.acts && !self.has_left(b));
        match of {
            Some(b) if b.lives(now) && b.trouble.is_none() => Watch::Ok { host: clean_line(&b.host) },
            Some(b) => Watch::Silent { host: clean_line(&b.host), for_ms: b.age(now) },
            None => Watch::None,
        }
    }

    /// What automation may do for a trigger.
    pub(super) fn mode(&self, trigger: &str) -> Automation {
        let own = self.playbook.triggers.get(trigger).map(|t| t.mode).unwrap_or_default();
        self.decisions.mode(self.ceiling(), trigger, own)
    }

    /// The most that the environment allows.
    pub(super) fn ceiling(&self) -> Automation {
        self.playbook.environments.get(&self.facts.environment).map(|e| e.automation).unwrap_or_default()
    }

    /// Triggers that could act by themselves at some stage, or when nobody decides.
    pub(super) fn could_act(&self) -> impl Iterator<Item = &String> {
        let could = |t: &crate::model::playbook::Trigger| {
            let cells = std::iter::once(&t.act).chain(t.at.values());
            let act = cells.clone().any(|c| *c == Cell::Auto);
            let default =
                t.default == DefaultAction::Act && cells.clone().any(|c| matches!(c, Cell::Decide { .. }));
            t.procedure.is_some() && (act || default)
        };
        self.playbook.triggers.iter().filter(move |(_, t)| could(t)).map(|(id, _)| id)
    }

    /// A record in words, for the timeline. What this session judges or notices itself is not told twice.
    fn story(&self, record: &Record, kind: &Kind, first: bool) -> Option<Happening> {
        let own = matches!(kind, Kind::Fired { .. } | Kind::Resolved { .. } | Kind::HostSlept { .. });
        if own && !first {
            return None;
        }
        timeline::of_decision(&self.playbook, &self.decisions, record, kind)
    }

    /// A trigger's name for people, with its severity when it does not say it already.
    pub(super) fn name_of(&self, trigger: &str) -> String {
        let Some(t) = self.playbook.triggers.get(trigger) else { return clean_line(trigger) };
        match &t.severity {
            Some(s) if !t.title.contains(s.as_str()) => format!("{} ({s})", t.title),
            _ => t.title.clone(),
        }
    }

    pub(super) fn procedure_name(&self, id: &str) -> String {
        self.playbook.procedures.get(id).map_or_else(|| clean_line(id), |p| p.title.clone())
    }
}

/// Whether a record is worth a bell: a firing rings by itself.
fn rings(kind: &Kind) -> bool {
    match kind {
        Kind::ClockClosed { how, .. } => matches!(how, Closed::Default | Closed::Refused | Closed::Overdue),
        Kind::Withheld { by, .. } => matches!(by, Withheld::Exhausted | Withheld::Failed),
        Kind::ClockMissed { .. }
        | Kind::Escalated { .. }
        | Kind::RungDue { .. }
        | Kind::IncidentReopened { .. }
        | Kind::Acting { .. } => true,
        Kind::WatchOver { how, .. } => *how == WatchEnd::Broken,
        _ => false,
    }
}

/// A mode as a word.
pub(super) fn mode_word(mode: Automation) -> &'static str {
    match mode {
        Automation::Off => "off",
        Automation::Shadow => "shadow",
        Automation::Armed => "ARMED",
    }
}

/// A length of time in words: `0.4 s`, `48 s`, `3 min 18 s`.
pub(super) fn seconds(ms: Millis) -> String {
    match ms {
        0..10_000 if !ms.is_multiple_of(1000) => format!("{:.1} s", ms as f64 / 1000.0),
        0..60_000 => format!("{} s", ms / 1000),
        _ if ms.is_multiple_of(3_600_000) => format!("{} h", ms / 3_600_000),
        _ if (ms / 1000).is_multiple_of(60) => format!("{} min", ms / 60_000),
        _ => format!("{} min {} s", ms / 60_000, ms / 1000 % 60),
    }
}
