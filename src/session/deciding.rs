//! What is decided outside of runs comes in: records of `decisions.jsonl`, the decider's heartbeat.

use super::decision::{Closed, Kind, SILENT, Withheld};
use super::view::{Happening, Watch};
use super::{Effect, Session};
use crate::engine::{self, Engine, baseline};
use crate::model::playbook::{Automation, Cell, DefaultAction};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::run::plan::Person;
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
            if let Some(happening) = self.story(&record, &kind, first) {
                self.push(happening);
            }
            if first {
                continue;
            }
            if rings(&kind) {
                out.push(Effect::Bell);
            }
            let event = match kind {
                Kind::Flagged { signal, raised, .. } => engine::Event::Flag { signal, raised },
                Kind::Counted { signal, delta, .. } => engine::Event::Count { signal, delta },
                Kind::IncidentOpened { .. } => engine::Event::Incident(Some(boot_of(&record.at, now))),
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
            let boot = boot_of(&record.at, now);
            let event = match Kind::read(record) {
                Ok(Kind::Flagged { signal, raised, .. }) => engine::Event::Flag { signal, raised },
                Ok(Kind::Counted { signal, delta, .. }) => engine::Event::Count { signal, delta },
                Ok(Kind::IncidentOpened { .. }) => {
                    incident = Some(boot);
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

    fn has_left(&self, beat: &Heartbeat) -> bool {
        self.decisions.decider.as_ref().is_some_and(|d| d.epoch > beat.epoch || (d.epoch == beat.epoch && d.left))
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
            let default = t.default == DefaultAction::Act && cells.clone().any(|c| matches!(c, Cell::Decide { .. }));
            t.procedure.is_some() && (act || default)
        };
        self.playbook.triggers.iter().filter(move |(_, t)| could(t)).map(|(id, _)| id)
    }

    /// A record in words, for the timeline. What this session judges itself is not told twice.
    fn story(&self, record: &Record, kind: &Kind, first: bool) -> Option<Happening> {
        let tell = |letter: Option<char>, kind: &str, text: String, who: Option<&Person>| {
            Some(Happening {
                wall: record.at.wall,
                letter,
                kind: kind.into(),
                text: clean_line(&text),
                who: who.map(|p| clean_line(&p.user)),
            })
        };
        let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let of_firing = |firing: &str| {
            let trigger = self.decisions.firings.get(firing).map(|f| f.trigger.as_str());
            trigger.map_or_else(|| firing.to_owned(), |t| self.name_of(t))
        };
        let of_clock = |clock: &str| {
            let trigger = self.decisions.clocks.get(clock).map(|c| c.trigger.as_str());
            trigger.map_or_else(|| clock.to_owned(), |t| self.name_of(t))
        };
        match kind {
            Kind::Fired { trigger, evidence, .. } if first => {
                let why: Vec<String> = evidence
                    .iter()
                    .filter(|p| p.truth == engine::eval::Truth::True)
                    .map(engine::evidence::Part::line)
                    .collect();
                let text = format!("{}{}", self.name_of(trigger), because(&why.join(" · ")));
                tell(Some('F'), "firing", text, None)
            }
            Kind::Resolved { firing, .. } if first => {
                tell(None, "cleared", format!("{}: no longer so", of_firing(firing)), None)
            }
            Kind::IncidentOpened { incident, reason } => {
                tell(None, "incident", format!("{incident} opened{}", because(reason)), None)
            }
            Kind::IncidentClosed { incident, who, reason } => {
                tell(None, "incident", format!("{incident} is over{}", because(reason)), who.as_ref())
            }
            Kind::EpochBegan { host, acts, taken_over, who, .. } => {
                let what = if *acts { "watches" } else { "records; it does not act" };
                let how = taken_over.as_deref().map(|why| format!(", taken over: {why}")).unwrap_or_default();
                tell(None, "watch", format!("{host} {what}{how}"), Some(who))
            }
            Kind::EpochEnded { .. } => tell(None, "watch", "the decider has left".into(), None),
            Kind::AutomationSet { trigger, mode, who, reason } => {
                let of = trigger.as_ref().map_or_else(|| "automation".to_owned(), |t| self.name_of(t));
                tell(None, "armed", format!("{of} is {}{}", mode_word(*mode), because(reason)), Some(who))
            }
            Kind::WouldAct { firing, procedure, .. } => {
                let text = format!("{} would have started {}", of_firing(firing), self.procedure_name(procedure));
                tell(None, "shadow", text, None)
            }
            Kind::Withheld { firing, why, .. } => {
                tell(None, "held", format!("{} does not act: {why}", of_firing(firing)), None)
            }
            Kind::Acting { firing, clock, procedure, run, .. } => {
                let why = if clock.is_some() { "nobody decided" } else { "it is armed" };
                let text = format!("{} starts {} ({why}), run {run}", of_firing(firing), self.procedure_name(procedure));
                tell(Some('R'), "acting", text, None)
            }
            Kind::Reacted { firing, from_firing, to_effect, target, .. } => {
                let target = target.map(|t| format!(", target {}", seconds(t))).unwrap_or_default();
                let what = match to_effect {
                    Some(ms) => format!("took effect {} after firing{target}", seconds(*ms)),
                    None => format!("first command {} after firing", seconds(*from_firing)),
                };
                tell(None, "reacted", format!("{}: {what}", of_firing(firing)), None)
            }
            Kind::Acted { firing, ok, detail, .. } => {
                let word = if *ok { "acted" } else { "failed" };
                tell(None, word, format!("{}: {detail}", of_firing(firing)), None)
            }
            Kind::Escalated { firing, why, to, .. } => {
                let to = if to.is_empty() { String::new() } else { format!("; told: {}", to.join(", ")) };
                tell(None, "escalated", format!("{}: {why}{to}", of_firing(firing)), None)
            }
            Kind::Paged { firing, ok, detail, .. } => {
                let not = if *ok { "" } else { "NOT " };
                tell(None, "paged", format!("{}: {not}told, {detail}", of_firing(firing)), None)
            }
            Kind::ClockOpened { firing, decide_by, .. } => {
                let clock = decide_by.as_ref().map_or_else(
                    || "a decision is asked for".to_owned(),
                    |d| format!("a decision is asked for within {}", seconds(d.length)),
                );
                tell(None, "decide", format!("{}: {clock}", of_firing(firing)), None)
            }
            Kind::DefaultFrozen { .. } => None,
            Kind::ClockMissed { clock, .. } => {
                tell(None, "missed", format!("{}: nobody has decided; the default is next", of_clock(clock)), None)
            }
            Kind::Said { clock, choice, who, reason, .. } => {
                let what = super::asked::choice(self, choice);
                tell(None, "said", format!("{}: {what}{}", of_clock(clock), because(reason)), Some(who))
            }
            Kind::ClockClosed { clock, how, detail } => {
                let how = match how {
                    Closed::Decided => "decided",
                    Closed::Default => "nobody decided, the default happened",
                    Closed::Refused => "nobody decided, the default was refused",
                    Closed::Overdue => "overdue, nothing was done late",
                    Closed::Resolved => return None,
                };
                tell(None, "decided", format!("{}: {how}{}", of_clock(clock), because(detail)), None)
            }
            Kind::Acked { firing, who, note } => {
                tell(None, "seen", format!("{}{}", of_firing(firing), because(note)), Some(who))
            }
            Kind::Noted { text, who } => tell(None, "note", text.clone(), Some(who)),
            Kind::Ticked { text, done, who, .. } => {
                let what = if *done { "done" } else { "not done after all" };
                tell(None, "ticked", format!("{text}: {what}"), Some(who))
            }
            Kind::Flagged { signal, raised, note, who } => {
                let what = if *raised { "raised" } else { "lowered" };
                tell(None, "flag", format!("{} {what}{}", self.title(signal), because(note)), Some(who))
            }
            Kind::Counted { signal, delta, who } => {
                let what = if *delta > 0 { "counted" } else { "taken back" };
                tell(None, "count", format!("{} {what}", self.title(signal)), Some(who))
            }
            Kind::Marked { mark, who, .. } => tell(Some('D'), "marked", mark.clone(), Some(who)),
            Kind::HostSlept { .. } | Kind::Fired { .. } | Kind::Resolved { .. } | Kind::VerdictChanged { .. } => None,
            Kind::TornTail(_) => tell(None, "log", "the last line of the log was torn; it is kept beside it".into(), None),
        }
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

/// Where a moment lies on this boot's clock; negative before it.
fn boot_of(at: &Now, now: &Now) -> i64 {
    match at.boot_id == now.boot_id {
        true => at.boot as i64,
        false => now.boot as i64 - (now.wall - at.wall).max(0),
    }
}

/// Whether a record is worth a bell: a firing rings by itself.
fn rings(kind: &Kind) -> bool {
    match kind {
        Kind::ClockClosed { how, .. } => matches!(how, Closed::Default | Closed::Refused | Closed::Overdue),
        Kind::Withheld { by, .. } => matches!(by, Withheld::Exhausted | Withheld::Failed),
        Kind::ClockMissed { .. } | Kind::Escalated { .. } | Kind::Acting { .. } => true,
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
