//! Checklists in a rehearsal: what an item does is done on the simulated service; what judges itself asks it.

use super::Play;
use crate::drill::asking::rule;
use crate::model::drill::Simulated;
use crate::model::playbook::{Item, ItemDoes, StepKind};
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis, Now};
use crate::run::Asked;
use crate::session::decision::Kind;
use crate::session::decision::machine::{Event, ItemSaid};

/// Milliseconds between two looks at items that judge themselves.
const LOOK: Millis = 10_000;
/// Milliseconds that a message takes.
const TELLS: Millis = 1_000;

/// An item that was set off.
#[derive(Debug, Clone)]
pub(super) struct Deed {
    checklist: String,
    item: usize,
    id: String,
    began: Millis,
    pub(super) ends: Millis,
}

impl Play {
    pub(super) fn item(&self, checklist: &str, item: usize) -> Result<&Item, String> {
        let list = self.playbook().checklists.get(checklist);
        let found = list.and_then(|c| c.items.get(item.wrapping_sub(1)));
        found.ok_or_else(|| format!("{checklist} has no item {item}"))
    }

    /// A person sets off what an item does.
    pub(super) fn set_off(&mut self, now: &Now, checklist: String, item: usize) -> Result<(), String> {
        let found = self.item(&checklist, item)?;
        let text = clean_line(&found.text);
        let (what, takes) = match &found.does {
            Some(ItemDoes::Act { kind, .. }) => match &**kind {
                StepKind::Simulated(s) => (s.line.0.clone(), s.rehearse.takes.unwrap_or(TELLS)),
                StepKind::Notify { channels, message, .. } => {
                    (format!("tell {}: {message}", channels.join(", ")), TELLS)
                }
                _ => return Err("it cannot be done in a rehearsal".to_owned()),
            },
            Some(ItemDoes::Mark(name)) => (format!("mark {name}"), 100),
            _ => return Err("it does nothing itself".to_owned()),
        };
        self.ids += 1;
        let id = format!("deed-{}", self.ids);
        let (until, who) = (Deadline::after(now, takes + 10_000), self.settings.user.clone());
        let what = clean_line(&what);
        let (deed, list) = (id.clone(), checklist.clone());
        self.append(now, &Kind::ItemBegan { checklist: list, item, text, deed, what, until, who })?;
        self.deeds.push(Deed { checklist, item, id, began: now.boot, ends: now.boot + takes });
        Ok(())
    }

    /// Items whose time has come, and those that judge themselves.
    pub(super) fn work(&mut self, now: &Now) {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.deeds).into_iter().partition(|d| d.ends <= now.boot);
        self.deeds = later;
        for deed in due {
            let does = self.item(&deed.checklist, deed.item).ok().and_then(|i| i.does.clone());
            let came = match does {
                Some(ItemDoes::Act { kind, .. }) => match &*kind {
                    StepKind::Simulated(s) => self.rehearse(now, s),
                    StepKind::Notify { channels, .. } => {
                        let deaf: Vec<String> = channels.iter().filter_map(|c| self.world.deaf(c)).collect();
                        match deaf.len() < channels.len() {
                            true => Ok("told (rehearsed)".to_owned()),
                            false => Err(deaf.join("; ")),
                        }
                    }
                    _ => Err("it cannot be done in a rehearsal".to_owned()),
                },
                _ => Ok("marked (rehearsed)".to_owned()),
            };
            let (ok, detail) = match came {
                Ok(detail) => (true, detail),
                Err(why) => (false, why),
            };
            let Deed { checklist, item, id: deed, began, .. } = deed;
            let (took, who) = (now.boot - began, self.settings.user.clone());
            let detail = clean_line(&detail);
            let _ = self.append(now, &Kind::ItemEnded { checklist, item, deed, ok, detail, took, who });
        }
        if now.boot >= self.look {
            self.look = now.boot + LOOK;
            self.judge_items(now);
        }
    }

    fn rehearse(&mut self, now: &Now, s: &Simulated) -> Result<String, String> {
        if let Some(why) = self.world.fails(&s.names) {
            return Err(why);
        }
        for (name, to) in &s.rehearse.set {
            self.world.set(now, name, to);
        }
        let printed = s.rehearse.stdout.as_ref().map(|t| t.0.lines().next().unwrap_or_default().to_owned());
        Ok(printed.unwrap_or_else(|| "rehearsed".to_owned()))
    }

    fn judge_items(&mut self, now: &Now) {
        let playbook = self.rehearsed.playbook();
        let mut asked = Vec::new();
        for (id, list) in &playbook.checklists {
            for (i, item) in list.items.iter().enumerate() {
                if let Some(ItemDoes::Judge(probe)) = &item.does {
                    asked.push((id.clone(), i + 1, probe.clone()));
                }
            }
        }
        if asked.is_empty() {
            return;
        }
        let said = self.scene(|scene, _| {
            let say = |(checklist, item, probe): (String, usize, crate::model::probe::Probe)| {
                // By what is measured anyway.
                let since = if rule(&probe).is_some() { 1 } else { now.boot };
                let (answer, detail) = scene.ask(now, &probe, Asked::Check, since);
                ItemSaid { checklist, item, answer, detail }
            };
            asked.into_iter().map(say).collect()
        });
        self.decide(now, Event::Items(said));
    }
}
