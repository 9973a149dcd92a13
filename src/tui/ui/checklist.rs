//! What keys make of the checklists.

use super::{Intent, Screen, Ui};
use crate::model::playbook::Moment;
use crate::session::Request;
use crate::session::view::{ChecklistView, FOLLOW_UPS, ItemView, View};
use crate::tui::dialog::{Dialog, Question, Refused, checklist as ask};
use crate::tui::keymap::Action;
use crossterm::event::KeyCode;
use std::collections::HashMap;

/// Where one is in the checklists.
#[derive(Debug, Clone, Default)]
pub struct ChecklistUi {
    /// The item at the cursor, by checklist.
    at: HashMap<String, usize>,
}

/// The checklists in the order in which they are worked: before, during, after, and what is always so.
pub fn in_order(view: &View) -> Vec<&ChecklistView> {
    let mut all: Vec<&ChecklistView> = view.checklists.iter().collect();
    all.extend(&view.earlier);
    all.sort_by_key(|c| match c.moment {
        Some(Moment::Before) => 0,
        Some(Moment::During) => 1,
        Some(Moment::After) => 2,
        Some(Moment::Ready) | None => 3,
    });
    all
}

impl Ui {
    /// The checklist that is worked.
    pub fn list<'v>(&self, view: &'v View) -> Option<&'v ChecklistView> {
        let all = in_order(view);
        all.get(self.section.min(all.len().saturating_sub(1))).copied()
    }

    /// Goes to an item, from 0.
    pub(super) fn show_item(&mut self, view: &View, list: &str, item: usize) {
        self.go(Screen::Checklist);
        self.section = in_order(view).iter().position(|c| c.id == list).unwrap_or(0);
        self.checklist.at.insert(list.into(), item);
    }

    /// The item at the cursor, from 0.
    pub fn item_at(&self, list: &ChecklistView) -> usize {
        // At first, what is to be done next.
        let next = || list.items.iter().position(|i| !i.done && i.without.is_none()).unwrap_or(0);
        let at = self.checklist.at.get(&list.id).copied().unwrap_or_else(next);
        at.min(list.items.len().saturating_sub(1))
    }

    pub(super) fn on_checklist(&mut self, action: Action, view: &View) -> Option<Vec<Intent>> {
        let list = self.list(view)?;
        let at = self.item_at(list);
        let by: isize = match action {
            Action::Up => -1,
            Action::Down => 1,
            Action::PageUp => -10,
            Action::PageDown => 10,
            Action::First => isize::MIN / 2,
            Action::Last => isize::MAX / 2,
            Action::Tick | Action::Open | Action::Note | Action::Override => {
                let item = list.items.get(at)?;
                return Some(match view.read_only {
                    true => self.only_reads(),
                    false => self.on_item(action, view, list, at + 1, item),
                });
            }
            _ => return None,
        };
        let to = (at as isize).saturating_add(by).max(0) as usize;
        self.checklist.at.insert(list.id.clone(), to.min(list.items.len().saturating_sub(1)));
        Some(Vec::new())
    }

    fn on_item(
        &mut self,
        action: Action,
        view: &View,
        list: &ChecklistView,
        number: usize,
        item: &ItemView,
    ) -> Vec<Intent> {
        // It stays where a person pressed a key, whatever is done next.
        self.checklist.at.insert(list.id.clone(), number - 1);
        // A follow-up goes by its name: its place changes while others are done.
        let one = item.text.split(' ').next().unwrap_or_default();
        let named = ChecklistView { id: format!("{FOLLOW_UPS} {one}"), ..list.clone() };
        let list = if list.id == FOLLOW_UPS { &named } else { list };
        let me = view.here.first().map_or("", String::as_str);
        match action {
            Action::Note => self.put_question(ask::note(list, number, item), 'N'),
            Action::Override if !item.done => self.put_question(ask::without(list, number, item), 'O'),
            Action::Override => {}
            _ if item.running && item.by.as_deref() == Some(me) && action == Action::Open => {
                self.open(Dialog::Question(ask::stop(list, number, item)), Some(KeyCode::Enter));
            }
            _ if item.running => self.refused(Refused {
                title: "IT RUNS".into(),
                what: format!("{} has set it off: {}.", item.by.as_deref().unwrap_or("somebody"), item.text),
                means: "It is done once at a time. Nothing was changed.".into(),
                press: "Enter closes this.".into(),
            }),
            _ if !item.by_hand => self.refused(Refused {
                title: "IT TICKS ITSELF".into(),
                what: format!("{}: {}", item.text, item.does.as_deref().unwrap_or_default()),
                means: "It is done while that holds, and open when it breaks. Nobody ticks it by hand."
                    .into(),
                press: "Enter closes this. O goes on without it, with a reason.".into(),
            }),
            Action::Tick => {
                return vec![Intent::Request(Request::Tick {
                    checklist: list.id.clone(),
                    item: number,
                    done: !item.done,
                    note: String::new(),
                })];
            }
            _ => {
                let question = match item.kind {
                    Some("asks you") => ask::answer(list, number, item),
                    Some(_) => ask::set_off(list, number, item, me),
                    None => ask::tick(list, number, item),
                };
                self.open(Dialog::Question(question), Some(KeyCode::Enter));
            }
        }
        Vec::new()
    }

    fn put_question(&mut self, question: Question, by: char) {
        self.open(Dialog::Question(question), Some(KeyCode::Char(by)));
    }
}
