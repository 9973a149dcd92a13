//! What the log of decisions tells, a line a record: the same words on screens, in reports and as JSON lines.

mod after;

use super::record::{Choice, Closed, Kind};
use super::words::{at, word};
use crate::engine::evidence::Part;
use crate::engine::verdict::Standing;
use crate::model::condition::duration;
use crate::model::playbook::{Automation, Cell, DefaultAction, Playbook};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::run::Answer;
use crate::run::plan::{Person, RoleFacts};
pub use crate::run::story::Told;

/// Parts of evidence that are told.
const PARTS: usize = 2;

/// What a record tells; `None` for one that only repeats what was told, or is not this log's. With the playbook, titles
/// stand where else there are ids.
pub fn tell(playbook: Option<&Playbook>, record: &Record) -> Option<Told> {
    let names = Names(playbook);
    let (letter, kind, text, who) = match Kind::read(record).ok()? {
        kind @ (Kind::ClockOpened { .. }
        | Kind::DefaultFrozen { .. }
        | Kind::ClockMissed { .. }
        | Kind::Said { .. }
        | Kind::ClockClosed { .. }) => names.clock(kind)?,
        kind @ (Kind::Acked { .. }
        | Kind::Noted { .. }
        | Kind::Called { .. }
        | Kind::Troubled { .. }
        | Kind::Flagged { .. }
        | Kind::Counted { .. }
        | Kind::Marked { .. }
        | Kind::AutomationSet { .. }) => names.person(kind)?,
        kind @ (Kind::IncidentOpened { .. }
        | Kind::IncidentClosed { .. }
        | Kind::TicketAsked { .. }
        | Kind::IncidentNamed { .. }
        | Kind::SeveritySet { .. }
        | Kind::LeadSet { .. }
        | Kind::Joined { .. }
        | Kind::RunLinked { .. }) => names.incident(kind)?,
        kind @ (Kind::Ticked { .. }
        | Kind::ItemNoted { .. }
        | Kind::ItemWithout { .. }
        | Kind::ItemBegan { .. }
        | Kind::ItemEnded { .. }
        | Kind::ItemJudged { .. }) => names.item(kind)?,
        kind @ (Kind::RungDue { .. }
        | Kind::RungTold { .. }
        | Kind::RungAcked { .. }
        | Kind::IncidentReopened { .. }
        | Kind::FollowUpAdded { .. }
        | Kind::FollowUpSet { .. }
        | Kind::FollowUpOwned { .. }
        | Kind::Watching { .. }
        | Kind::WatchOver { .. }
        | Kind::GoalJudged { .. }) => names.after(kind)?,
        kind => names.decider(kind)?,
    };
    let who = who.map(|w| clean_line(&w.user));
    Some(Told { letter, kind: kind.to_owned(), text: clean_line(&text), who })
}

type Line = (Option<char>, &'static str, String, Option<Person>);

/// Titles, where the playbook is known.
struct Names<'a>(Option<&'a Playbook>);

impl Names<'_> {
    fn trigger(&self, id: &str) -> String {
        self.0.and_then(|p| p.triggers.get(id)).map_or_else(|| id.to_owned(), |t| t.title.clone())
    }

    /// A line about an item of a checklist.
    fn item(&self, kind: Kind) -> Option<Line> {
        let title =
            |id: &str| self.0.and_then(|p| p.checklists.get(id)).map_or(id.to_owned(), |c| c.title.clone());
        let known = |id: &str, item: usize| {
            let items = self.0.and_then(|p| p.checklists.get(id)).map(|c| &c.items);
            let text = items.and_then(|i| i.get(item.wrapping_sub(1))).map(|i| format!(", {}", i.text));
            text.unwrap_or_default()
        };
        let (text, who) = match kind {
            Kind::Ticked { checklist, item, text, done, note, who } => {
                let how = if done { "done" } else { "not done after all" };
                (format!("{} {item}, {text}: {how}{}", title(&checklist), reason_of(&note)), Some(who))
            }
            Kind::ItemNoted { checklist, item, text, note, who } => {
                (format!("{} {item}, {text}: note: {note}", title(&checklist)), Some(who))
            }
            Kind::ItemWithout { checklist, item, text, reason, who } => {
                (format!("{} {item}, {text}: gone on without it: {reason}", title(&checklist)), Some(who))
            }
            Kind::ItemBegan { checklist, item, text, what, who, .. } => {
                (format!("{} {item}, {text}: begun: {what}", title(&checklist)), Some(who))
            }
            Kind::ItemEnded { checklist, item, ok, detail, took, who, .. } => {
                let how = if ok { "done" } else { "FAILED" };
                let (title, known, took) = (title(&checklist), known(&checklist, item), duration(took));
                (format!("{title} {item}{known}: {how} in {took}: {detail}"), Some(who))
            }
            Kind::ItemJudged { checklist, item, text, answer, detail, .. } => {
                let how = match answer {
                    Answer::Holds => "holds",
                    Answer::Fails => "does not hold",
                    Answer::Blind => "cannot be judged",
                };
                (format!("{} {item}, {text}: {how}{}", title(&checklist), reason_of(&detail)), None)
            }
            _ => return None,
        };
        Some((None, "tick", text, who))
    }

    /// The trigger of a firing, by its name.
    fn firing(&self, firing: &str) -> String {
        let trigger =
            firing.rsplit_once('-').filter(|(_, n)| n.parse::<u32>().is_ok()).map_or(firing, |(t, _)| t);
        self.trigger(trigger)
    }

    /// The trigger of a clock, by its name.
    fn of_clock(&self, clock: &str) -> String {
        self.firing(clock.rsplit_once("-d").map_or(clock, |(firing, _)| firing))
    }

    fn procedure(&self, id: &str) -> String {
        self.0.and_then(|p| p.procedures.get(id)).map_or_else(|| id.to_owned(), |p| p.title.clone())
    }

    fn signal(&self, id: &str) -> String {
        self.0.and_then(|p| p.signals.get(id)).map_or_else(|| id.to_owned(), |s| s.title.clone())
    }

    fn standing(&self, s: &Standing) -> String {
        match s {
            Standing::Unknown(why) => format!("unknown ({why})"),
            Standing::Quiet => "quiet".to_owned(),
            Standing::Warn(what) => format!("look at {what}"),
            Standing::Row(id) => match self.0.and_then(|p| p.severities.get(id)) {
                Some(s) if !s.title.is_empty() && s.title != *id => format!("{id} {}", s.title),
                _ => id.clone(),
            },
        }
    }

    fn decider(&self, kind: Kind) -> Option<Line> {
        Some(match kind {
            Kind::EpochBegan { epoch, host, pid, who, acts, taken_over } => {
                let what =
                    if acts { "a watcher decides now" } else { "a screen decides now, it only records" };
                let over = taken_over.map(|why| format!("; taken over: {why}")).unwrap_or_default();
                (None, "decider", format!("{what}: {host}, pid {pid}, epoch {epoch}{over}"), Some(who))
            }
            Kind::EpochEnded { epoch } => (None, "decider", format!("it left in order, epoch {epoch}"), None),
            Kind::VerdictChanged { from, to, evidence, .. } => {
                let text = format!("{} → {}{}", self.standing(&from), self.standing(&to), because(&evidence));
                (Some('V'), "verdict", text, None)
            }
            Kind::Fired { trigger, cell, stage, note, mode, evidence, .. } => {
                let cell = asks(&cell, stage, note.as_deref(), Some(mode));
                (
                    Some('F'),
                    "trigger",
                    format!("{} FIRES{}; {cell}", self.trigger(&trigger), because(&evidence)),
                    None,
                )
            }
            Kind::Resolved { firing, evidence, .. } => (
                None,
                "trigger",
                format!("{} fires no more{}", self.firing(&firing), because(&evidence)),
                None,
            ),
            Kind::CellMoved { firing, cell, stage, note, .. } => {
                let cell = asks(&cell, stage, note.as_deref(), None);
                (None, "trigger", format!("{} moved: {cell}", self.firing(&firing)), None)
            }
            Kind::WouldAct { firing, procedure, .. } => {
                let text =
                    format!("{} would start {}, in shadow", self.firing(&firing), self.procedure(&procedure));
                (None, "auto", text, None)
            }
            Kind::Withheld { firing, why, .. } => {
                (None, "auto", format!("{} does not act: {why}", self.firing(&firing)), None)
            }
            Kind::Acting { firing, clock, run, procedure, .. } => {
                let why = match clock {
                    Some(_) => "nobody decided in time",
                    None => "it is armed",
                };
                let text =
                    format!("{} starts {}: {why} ({run})", self.firing(&firing), self.procedure(&procedure));
                (Some('A'), "auto", text, None)
            }
            Kind::Reacted { firing, from_true, from_firing, to_effect, target, .. } => {
                let effect = to_effect.map(|ms| format!(", effect {}", exactly(ms))).unwrap_or_default();
                let target = match (target, to_effect) {
                    (Some(t), Some(ms)) if ms > t => format!(" (target {}: MISSED)", exactly(t)),
                    (Some(t), _) => format!(" (target {})", exactly(t)),
                    (None, _) => String::new(),
                };
                let text = format!(
                    "{}: first command {} after firing, {} after it was true{effect}{target}",
                    self.firing(&firing),
                    exactly(from_firing),
                    exactly(from_true)
                );
                (None, "auto", text, None)
            }
            Kind::Acted { firing, run, ok, detail, .. } => {
                let how = if ok { "is verified" } else { "FAILED" };
                (None, "auto", format!("{}: the run {how}: {detail} ({run})", self.firing(&firing)), None)
            }
            Kind::Escalated { why, to, .. } => {
                let to = if to.is_empty() { String::new() } else { format!(" (to {})", to.join(", ")) };
                (Some('!'), "page", format!("{why}{to}"), None)
            }
            Kind::Paged { firing, ok, detail, .. } => {
                let how = if ok { "people were told" } else { "people were NOT told" };
                (None, "message", format!("{}: {how}: {detail}", self.firing(&firing)), None)
            }
            Kind::RunOver { run, .. } => {
                (None, "tick", format!("run {run} is over: the lists after it count from its end"), None)
            }
            Kind::HostSlept { slept } => (
                None,
                "decider",
                format!("the host slept for {}: nobody looked meanwhile", duration(slept)),
                None,
            ),
            Kind::TornTail(what) => {
                let line = what.get("line").and_then(serde_json::Value::as_u64);
                let line = line.map(|n| format!("line {n}")).unwrap_or_else(|| "a line".to_owned());
                (None, "journal", format!("{line} was torn, it is set aside"), None)
            }
            _ => return None,
        })
    }

    /// A line about an incident.
    fn incident(&self, kind: Kind) -> Option<Line> {
        let severity = |id: &str| match self.0.and_then(|p| p.severities.get(id)) {
            Some(s) if !s.title.is_empty() && s.title != id => format!("{id} {}", s.title),
            _ => id.to_owned(),
        };
        let (letter, text, who) = match kind {
            Kind::IncidentOpened { incident, reason, who, .. } => {
                (Some('I'), format!("{incident} opened: {reason}"), who)
            }
            Kind::IncidentClosed { incident, who, reason } => {
                (None, format!("{incident} is over: {reason}"), who)
            }
            Kind::TicketAsked { incident, .. } => {
                (None, format!("{incident}: a ticket is being opened"), None)
            }
            Kind::IncidentNamed { incident, name: Ok(name), .. } => {
                (None, format!("{incident} is {name} from now on: that is its ticket"), None)
            }
            Kind::IncidentNamed { incident, name: Err(why), .. } => {
                (None, format!("{incident} has NO TICKET: {why}"), None)
            }
            Kind::SeveritySet { incident, severity: id, who, reason } => {
                (None, format!("{incident} is set to {}{}", severity(&id), reason_of(&reason)), Some(who))
            }
            Kind::LeadSet { incident, lead, who } if lead == who.user => {
                (None, format!("{incident}: {lead} takes the lead"), Some(who))
            }
            Kind::LeadSet { incident, lead, who } => {
                (None, format!("{incident}: {lead} has the lead"), Some(who))
            }
            Kind::Joined { incident, who } => (None, format!("{incident}: {} joined", who.user), Some(who)),
            // The run's own records tell that it began.
            _ => return None,
        };
        Some((letter, "incident", text, who))
    }

    fn clock(&self, kind: Kind) -> Option<Line> {
        Some(match kind {
            Kind::ClockOpened { clock, decide_by, default_at, default, procedure, roles, .. } => {
                let within = decide_by.as_ref().map(|d| format!(" within {}", duration(d.length)));
                let what = procedure.map(|p| format!(", {} is recommended", self.procedure(&p)));
                let then = decide_by.map(|first| {
                    let at = at(default_at.unwrap_or(first).due_wall);
                    format!("; else at {at}: {}", defaults(default))
                });
                let text = format!(
                    "{}: {} to decide{}{}{}",
                    self.of_clock(&clock),
                    whom(&roles),
                    within.unwrap_or_default(),
                    what.unwrap_or_default(),
                    then.unwrap_or_default()
                );
                (None, "decision", text, None)
            }
            Kind::DefaultFrozen { clock, plan: Ok((from, to)), .. } => (
                None,
                "decision",
                format!("{}: the default would go from {from} to {to}", self.of_clock(&clock)),
                None,
            ),
            Kind::DefaultFrozen { clock, plan: Err(why), .. } => (
                None,
                "decision",
                format!("{}: there is no plan for the default: {why}", self.of_clock(&clock)),
                None,
            ),
            Kind::ClockMissed { clock, .. } => {
                (None, "decision", format!("{}: NOBODY DECIDED in time", self.of_clock(&clock)), None)
            }
            Kind::Said { clock, choice, who, reason, .. } => {
                let choice = match &choice {
                    Choice::RollBack { procedure, .. } => {
                        format!("roll back by {}", self.procedure(procedure))
                    }
                    other => other.words(),
                };
                (
                    None,
                    "decision",
                    format!("{}: {choice}{}", self.of_clock(&clock), reason_of(&reason)),
                    Some(who),
                )
            }
            // What people decided was told when they said it.
            Kind::ClockClosed { clock, how: Closed::Decided, detail, .. } => {
                (None, "decision", format!("{}: it is decided, {detail}", self.of_clock(&clock)), None)
            }
            Kind::ClockClosed { clock, how, detail, .. } => {
                let letter = (how == Closed::Default).then_some('X');
                (letter, "decision", format!("{}: {}, {detail}", self.of_clock(&clock), how.word()), None)
            }
            _ => return None,
        })
    }

    fn person(&self, kind: Kind) -> Option<Line> {
        Some(match kind {
            Kind::AutomationSet { trigger, mode, who, reason } => {
                let whose = trigger.map_or_else(|| "automation".to_owned(), |t| self.trigger(&t));
                (None, "auto", format!("{whose} is set to {}{}", word(mode), reason_of(&reason)), Some(who))
            }
            Kind::Acked { firing, who, note } => {
                (None, "person", format!("{} was seen{}", self.firing(&firing), reason_of(&note)), Some(who))
            }
            Kind::Noted { text, who, to: None } => (Some('n'), "note", text, Some(who)),
            Kind::Noted { text, who, to: Some(to) } => {
                (Some('n'), "message", format!("to {to}: {text}"), Some(who))
            }
            Kind::Called { title, text, ok, detail, who, .. } => {
                let how = if ok { "was told" } else { "was NOT told" };
                (Some('!'), "page", format!("{title} {how} by hand: {detail} (\"{text}\")"), Some(who))
            }
            Kind::Troubled { title, on: true, who } => (Some('T'), "trouble", title, who),
            Kind::Troubled { title, on: false, who } => (None, "trouble", format!("{title}: over"), who),
            Kind::Flagged { signal, raised, note, who } => {
                let how = if raised { "raised" } else { "lowered" };
                (None, "flag", format!("{} {how}{}", self.signal(&signal), reason_of(&note)), Some(who))
            }
            Kind::Counted { signal, delta, who } => {
                let how = if delta < 0 { "one taken back" } else { "one more" };
                (None, "count", format!("{}: {how}", self.signal(&signal)), Some(who))
            }
            Kind::Marked { mark, at: wall, values, who } => {
                let kept = values.values().filter(|v| v.is_ok()).count();
                let text = format!("{mark} at {}: {kept} of {} baselines captured", at(wall), values.len());
                (Some('D'), "mark", text, Some(who))
            }
            _ => return None,
        })
    }
}

/// What a cell asks for, in words: `at 25 % it asks for a decision within 5m`.
fn asks(cell: &Cell, stage: Option<u32>, note: Option<&str>, mode: Option<Automation>) -> String {
    let what = match cell {
        Cell::Auto => match mode {
            Some(mode) => format!("automatic, {}", word(mode)),
            None => "automatic".to_owned(),
        },
        Cell::Decide { within, default_at: None } => format!("a person decides within {}", duration(*within)),
        Cell::Decide { within, default_at: Some(then) } => {
            format!(
                "a person decides within {}, the default comes after {}",
                duration(*within),
                duration(*then)
            )
        }
        Cell::Ask => "a person decides".to_owned(),
        Cell::Watch => "to be watched".to_owned(),
    };
    let stage = stage.map(|s| format!(" at {s} %")).unwrap_or_default();
    let note = note.map(|n| format!(" ({n})")).unwrap_or_default();
    format!("{what}{stage}{note}")
}

fn defaults(default: DefaultAction) -> &'static str {
    match default {
        DefaultAction::Act => "it starts by itself",
        DefaultAction::Escalate => "people are told",
        DefaultAction::Nothing => "nothing",
    }
}

fn whom(roles: &[RoleFacts]) -> String {
    let titles: Vec<&str> = roles.iter().map(|r| r.title.as_str()).collect();
    match titles.as_slice() {
        [] => "anybody is".to_owned(),
        [one] => format!("{one} is"),
        all => format!("{} are", all.join(" and ")),
    }
}

fn because(evidence: &[Part]) -> String {
    let parts: Vec<String> = evidence.iter().take(PARTS).map(Part::line).collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) }
}

fn reason_of(reason: &str) -> String {
    if reason.trim().is_empty() { String::new() } else { format!(" ({reason})") }
}

/// A short time with tenths: `4.2 s`, `1m30s`.
fn exactly(ms: u64) -> String {
    if ms < 60_000 { format!("{}.{} s", ms / 1000, ms % 1000 / 100) } else { duration(ms) }
}

#[cfg(test)]
mod tests;
