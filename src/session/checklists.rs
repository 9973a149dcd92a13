//! The checklists: what the log says of each item, and what an item that judges itself says now.

use super::Session;
use super::decision::Stood;
use super::view::{ChecklistView, ItemView};
use crate::engine::Engine;
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::model::condition::Condition;
use crate::model::playbook::{Checklist, Goal, Item, ItemDoes, Moment, Playbook, Step, StepKind};
use crate::model::probe::{Ask, Probe};
use crate::model::template::Template;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::Answer;
use crate::run::plan::{PlanStep, describe};
use crate::session::decision::machine::{Conditions, ItemSaid};

/// How deep named probes may name each other.
const DEEPEST: usize = 8;

/// The condition that a probe is, itself or by its name.
pub fn condition<'p>(playbook: &'p Playbook, probe: &'p Probe) -> Option<&'p Condition> {
    let mut probe = probe;
    for _ in 0..DEEPEST {
        match &probe.ask {
            Ask::When(c) => return Some(c),
            Ask::Named(id) => probe = playbook.probes.get(id)?,
            _ => return None,
        }
    }
    None
}

/// What items say that judge themselves by a condition.
pub fn judged(playbook: &Playbook, engine: &Engine, now: &Now) -> Vec<ItemSaid> {
    let mut out = Vec::new();
    for (id, list) in &playbook.checklists {
        for (i, item) in list.items.iter().enumerate() {
            let Some((answer, detail)) = says(playbook, engine, item, now) else { continue };
            out.push(ItemSaid { checklist: id.clone(), item: i + 1, answer, detail });
        }
    }
    out
}

/// What conditions say that no trigger says: those of the ladder's rungs, and of objectives that stay or hold.
pub fn conditions(playbook: &Playbook, engine: &Engine, now: &Now) -> Conditions {
    let t = now.boot as i64;
    let rungs = playbook.escalation.iter().map(|r| match &r.when {
        Some(c) => engine.judge(&c.expr, t, None).0,
        None => Truth::True,
    });
    let goals = playbook.objectives.iter().filter_map(|(id, o)| {
        let (Goal::Holds(c) | Goal::Stays { when: c, .. }) = &o.goal else { return None };
        let (truth, parts) = engine.judge(&c.expr, t, None);
        let why = parts.iter().map(Part::line).collect::<Vec<_>>().join(" · ");
        Some((id.clone(), (truth, clean_line(&why))))
    });
    Conditions { at: now.clone(), rungs: rungs.collect(), goals: goals.collect() }
}

/// What one item says, when it judges itself by a condition.
fn says(playbook: &Playbook, engine: &Engine, item: &Item, now: &Now) -> Option<(Answer, String)> {
    let Some(ItemDoes::Judge(probe)) = &item.does else { return None };
    let rule = condition(playbook, probe)?;
    let (truth, parts) = engine.judge(&rule.expr, now.boot as i64, None);
    let answer = match truth {
        Truth::True => Answer::Holds,
        Truth::False => Answer::Fails,
        Truth::Unknown => Answer::Blind,
    };
    Some((answer, clean_line(&parts.iter().map(Part::line).collect::<Vec<_>>().join(" · "))))
}

impl Session {
    /// Every checklist, in file order.
    pub(super) fn checklists(&self, now: &Now) -> Vec<ChecklistView> {
        self.playbook.checklists.iter().map(|(id, list)| self.checklist(id, list, now)).collect()
    }

    fn checklist(&self, id: &str, list: &Checklist, now: &Now) -> ChecklistView {
        let over = self.decisions.run_over.as_ref().filter(|_| list.moment == Moment::After);
        // A list that the run's procedure does not name is not due by it, where it names any.
        let counts = over.is_some_and(|(_, procedure, _)| {
            let procedure = self.playbook.procedures.get(procedure);
            self.playbook.follow_up_lists(procedure).any(|(of, _)| of == id)
        });
        let due = over
            .filter(|_| counts)
            .and_then(|(_, _, ended)| list.due.map(|due| ended.wall.saturating_add(due as i64) - now.wall));
        ChecklistView {
            id: id.to_owned(),
            title: clean_line(&list.title),
            moment: Some(list.moment),
            within_ms: list.due,
            began: counts,
            due_ms: due,
            items: list.items.iter().enumerate().map(|(i, item)| self.item(id, i + 1, item, now)).collect(),
        }
    }

    fn item(&self, checklist: &str, number: usize, item: &Item, now: &Now) -> ItemView {
        let mut stood = self.decisions.stood(&self.playbook, checklist, number, now);
        let record = self.decisions.items.get(&(checklist.to_owned(), number));
        let live = says(&self.playbook, &self.engine, item, now);
        let live_answer = live.as_ref().map(|(answer, _)| *answer);
        if let Some((answer, detail)) = live {
            // What is seen here and now; when it became so is what is on record.
            let same = record.and_then(|r| r.judged.as_ref()).is_some_and(|j| j.answer == answer);
            stood = Stood { done: answer == Answer::Holds, detail, at: stood.at.filter(|_| same), ..stood };
            stood.who = Some("auto".to_owned());
        }
        let judged = record.and_then(|r| r.judged.as_ref()).map(|j| j.answer);
        let title = |id: &String| self.playbook.roles.get(id).map_or(id.clone(), |r| r.title.clone());
        let last = record.and_then(|r| r.did.as_ref());
        ItemView {
            text: clean_line(&item.text),
            roles: item.roles.iter().map(|id| clean_line(&title(id))).collect(),
            required: item.required,
            done: stood.done,
            who: stood.who,
            wall: stood.at.map(|at| at.wall),
            note: stood.note.map(|(who, text)| format!("{who}: {text}")).unwrap_or_default(),
            does: self.does(item),
            kind: kind(item),
            limit_ms: match &item.does {
                Some(ItemDoes::Act { timeout, .. }) => Some(*timeout),
                _ => None,
            },
            on: match &item.does {
                Some(ItemDoes::Act { kind, .. }) => match &**kind {
                    StepKind::Run(c) => c.on.as_deref().map(clean_line),
                    _ => None,
                },
                _ => None,
            },
            by_hand: !matches!(item.does, Some(ItemDoes::Judge(_))),
            answer: live_answer.or(judged),
            prefill: match &item.does {
                Some(ItemDoes::Ask(q, _)) => q.prefill.as_ref().map(|t| self.filled(t)).unwrap_or_default(),
                _ => String::new(),
            },
            running: stood.running.is_some(),
            since: stood.running.as_ref().map(|(_, at)| at.wall),
            by: stood.running.map(|(who, _)| who),
            unknown: stood.unknown,
            failed: stood.failed,
            detail: stood.detail,
            last: last.map(|d| (d.ok, d.at.wall, clean_line(&d.who.user), d.took)),
            without: stood.without.map(|(who, reason)| (reason, who)),
        }
    }

    /// What an item does, in words, with what is known of the incident in it.
    fn does(&self, item: &Item) -> Option<String> {
        Some(match item.does.as_ref()? {
            ItemDoes::Judge(probe) => match condition(&self.playbook, probe) {
                Some(c) => clean_line(&c.text),
                None => describe(self.named(probe)),
            },
            ItemDoes::Act { kind, .. } => {
                let line = match &**kind {
                    StepKind::Notify { channels, message, .. } => {
                        let title = |id: &String| {
                            self.playbook.channels.get(id).map_or(id.clone(), |c| c.title.clone())
                        };
                        let to: Vec<String> = channels.iter().map(title).collect();
                        format!("{}: message {message}", to.join(", "))
                    }
                    other => PlanStep::new(1, Step::new("", other.clone())).line(),
                };
                clean_line(&self.filled(&Template(line)))
            }
            ItemDoes::Ask(q, _) => clean_line(&self.filled(&q.text)),
            ItemDoes::Mark(name) => clean_line(name),
        })
    }

    /// The probe that a name stands for.
    fn named<'p>(&'p self, probe: &'p Probe) -> &'p Probe {
        match &probe.ask {
            Ask::Named(id) => self.playbook.probes.get(id).unwrap_or(probe),
            _ => probe,
        }
    }

    /// A template with what is known of the incident; the rest stays standing.
    fn filled(&self, t: &Template) -> String {
        let incident = self.decisions.incident.as_ref();
        let fires = self.decisions.firings.values().find(|f| f.resolved.is_none());
        let filled = t.fill_known(&|name| match name {
            "incident.id" => incident.map(|i| i.id.clone()),
            "trigger.title" | "verdict" => fires.map(|f| self.name_of(&f.trigger)),
            _ => None,
        });
        clean_line(&filled.0)
    }
}

/// What kind of thing an item does, as a verb: `runs`, `sends`, `captures`, `asks you`, `marks`, `looks`.
fn kind(item: &Item) -> Option<&'static str> {
    Some(match item.does.as_ref()? {
        ItemDoes::Judge(_) => "looks",
        ItemDoes::Ask(..) => "asks you",
        ItemDoes::Mark(_) => "marks",
        ItemDoes::Act { kind, .. } => match **kind {
            StepKind::Run(_) => "runs",
            StepKind::Notify { .. } => "tells",
            StepKind::Capture(_) => "captures",
            _ => "sends",
        },
    })
}
