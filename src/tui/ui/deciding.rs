//! Keys about decisions and automation: what they open, and what acts at once.

use super::dialogs::Press;
use super::{Intent, Screen, Ui};
use crate::model::playbook::{Automation, Confirm};
use crate::session::Request;
use crate::session::view::{DecisionView, View, Watch, WhyOf};
use crate::tui::dialog::text::About;
use crate::tui::dialog::{Arm, Dialog, Form, Other, Refused, question};
use crate::tui::keymap::Action;
use crossterm::event::KeyCode;

/// What the reason of a disarming says that took one key.
const ONE_KEY: &str = "one key on the screen";

/// Everything that has evidence, in the order of the list: the verdict, what is to be decided, triggers, the matrix.
pub fn looked_at(view: &View) -> Vec<WhyOf> {
    let decisions = view.decisions.iter().map(|d| WhyOf::Decision(d.clock.clone()));
    let triggers = view.triggers.iter().map(|t| WhyOf::Trigger(t.id.clone()));
    let matrix = view.matrix.iter().map(|_| WhyOf::Matrix);
    std::iter::once(WhyOf::Verdict).chain(matrix).chain(decisions).chain(triggers).collect()
}

impl Ui {
    pub(super) fn about_decisions(&mut self, action: Action, view: &View) -> Vec<Intent> {
        if action == Action::Why {
            self.go(Screen::Why);
            if !looked_at(view).contains(&self.why) {
                self.why = WhyOf::Verdict;
            }
            return vec![Intent::Request(Request::Why(Some(self.why.clone())))];
        }
        if view.read_only {
            return self.only_reads();
        }
        match action {
            Action::Decide => self.decide(view),
            Action::Automation => return self.automation(view),
            Action::Note => {
                let means = "It stands in the timeline and in the records, with your name and the time.";
                self.write(About::Note, "NOTE".into(), means, "Write it", KeyCode::Char('N'));
            }
            Action::TakeOver => self.take_over(view),
            Action::Mark if !view.marks.is_empty() => {
                self.open(Dialog::Question(question::about_mark(&view.marks)), Some(KeyCode::Char('M')));
            }
            Action::BellSeen if !view.unseen.is_empty() => return vec![Intent::Request(Request::Seen)],
            _ => {}
        }
        Vec::new()
    }

    fn decide(&mut self, view: &View) {
        match view.decisions.first() {
            Some(d) => self.open(Dialog::Decide(d.clock.clone()), Some(KeyCode::Char('D'))),
            None => self.refused(Refused {
                title: "NOTHING TO DECIDE".into(),
                what: "No trigger that asks for a decision fires now.".into(),
                means: "A procedure can be started all the same, by its key.".into(),
                press: "Enter closes this.".into(),
            }),
        }
    }

    /// Off at once, whatever else is going on; on only by a dialog.
    fn automation(&mut self, view: &View) -> Vec<Intent> {
        if view.automation != "OFF" {
            return vec![Intent::Request(Request::Automation {
                modes: vec![(None, Automation::Off)],
                reason: ONE_KEY.into(),
            })];
        }
        if view.ceiling == Automation::Off || view.arming.is_empty() {
            let what = match view.arming.is_empty() {
                true => "The playbook has no trigger that could act by itself.".to_owned(),
                false => format!("The playbook allows none in {} (automation).", view.environment),
            };
            self.refused(Refused {
                title: "AUTOMATION STAYS OFF".into(),
                what,
                means: "Triggers warn; nothing acts by itself.".into(),
                press: "Enter closes this.".into(),
            });
            return Vec::new();
        }
        let arm = Arm {
            rows: view.arming.iter().map(|a| (a.clone(), a.mode.min(view.ceiling))).collect(),
            at: 0,
            ceiling: view.ceiling,
            name: (view.confirm == Confirm::Type).then(|| view.service.clone()),
            on_name: false,
            reason: Form::default(),
            typed: Form::default(),
        };
        self.open(Dialog::Arm(arm), Some(KeyCode::Char('X')));
        Vec::new()
    }

    fn take_over(&mut self, view: &View) {
        match &view.watch {
            Watch::Ok { host } => self.refused(Refused {
                title: "NOT TAKEN OVER".into(),
                what: format!("The watcher on {host} lives and decides."),
                means: "There is one decider at a time. Nothing was changed.".into(),
                press: "Enter closes this. X stops the automation.".into(),
            }),
            watch => {
                self.open(Dialog::Question(question::about_take_over(watch)), Some(KeyCode::Char('I')));
            }
        }
    }

    pub(super) fn in_decide(&mut self, clock: &str, press: &Press<'_>) -> Vec<Intent> {
        let view = press.view;
        let Some(at) = view.decisions.iter().position(|d| d.clock == clock).filter(|_| press.acts) else {
            return Vec::new();
        };
        let d = &view.decisions[at];
        match press.action {
            Some(Action::NextControl) => {
                let next = &view.decisions[(at + 1) % view.decisions.len()];
                return self.put(Dialog::Decide(next.clock.clone()));
            }
            Some(Action::RollBack) => {
                if let Some((id, title, key)) = &d.procedure {
                    return self.decides(d, id, title, *key, press);
                }
            }
            Some(Action::Other) if !view.procedures.is_empty() => {
                self.open(Dialog::Other(Other { clock: d.clock.clone(), at: 0 }), Some(press.event.code));
            }
            Some(Action::Hold) if d.may && !d.closed => {
                self.ask_in_place(question::about_hold(d), press.event)
            }
            Some(Action::Extend) if d.may && !d.closed && !d.extended && d.length_ms > 0 => {
                self.ask_in_place(question::about_extension(d), press.event);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Opens the confirmation of the procedure by which something is decided.
    fn decides(
        &mut self,
        d: &DecisionView,
        id: &str,
        title: &str,
        key: Option<char>,
        press: &Press<'_>,
    ) -> Vec<Intent> {
        let counts = d.may && !d.closed;
        if let Some((_, lacking)) = d.lacking.iter().find(|(p, _)| p == id).filter(|_| counts) {
            self.ask_in_place(question::about_agreeing(d, id, title, lacking), press.event);
            return Vec::new();
        }
        let out = self.confirm(id, title, key, Some(press.event.code), press.view);
        if let Some(Dialog::Confirm(c)) = self.top()
            && counts
        {
            c.decides = Some(d.clock.clone());
        }
        out
    }

    pub(super) fn in_other(&mut self, mut o: Other, press: &Press<'_>) -> Vec<Intent> {
        let view = press.view;
        let last = view.procedures.len().saturating_sub(1);
        let by_key = match press.event.code {
            KeyCode::Char(c) if press.action.is_none() => {
                view.procedures.iter().position(|p| p.key == Some(c))
            }
            _ => None,
        };
        match press.action {
            Some(Action::Up) => o.at = o.at.saturating_sub(1),
            Some(Action::Down) => o.at = (o.at + 1).min(last),
            _ => {}
        }
        let picked = by_key.or((press.action == Some(Action::Pick)).then_some(o.at)).filter(|_| press.acts);
        let decision = view.decisions.iter().find(|d| d.clock == o.clock);
        if let (Some(p), Some(d)) = (picked.and_then(|at| view.procedures.get(at)), decision) {
            self.pop();
            return self.decides(d, &p.id, &p.title, p.key, press);
        }
        self.put(Dialog::Other(o))
    }

    pub(super) fn in_arm(&mut self, mut a: Arm, press: &Press<'_>) -> Vec<Intent> {
        const MODES: [Automation; 3] = [Automation::Off, Automation::Shadow, Automation::Armed];
        let ceiling = a.ceiling;
        let mut change = |by: isize| {
            if let Some((_, mode)) = a.rows.get_mut(a.at) {
                let at = MODES.iter().position(|m| m == mode).unwrap_or(0).saturating_add_signed(by);
                *mode = MODES[at.min(MODES.len() - 1)].min(ceiling);
            }
        };
        match press.action {
            Some(Action::Up) => a.at = a.at.saturating_sub(1),
            Some(Action::Down) => a.at = (a.at + 1).min(a.rows.len().saturating_sub(1)),
            Some(Action::Less) => change(-1),
            Some(Action::More) => change(1),
            Some(Action::NextControl | Action::PreviousControl) => a.tab(),
            Some(Action::Press) if !press.acts => {}
            Some(Action::Press) if !a.on_go() => return self.close(),
            Some(Action::Press) if a.is_ready() => {
                self.pop();
                let changed = a.rows.iter().filter(|(row, mode)| row.mode != *mode);
                let mut modes: Vec<(Option<String>, Automation)> =
                    changed.map(|(row, mode)| (Some(row.id.clone()), *mode)).collect();
                modes.push((None, a.ceiling));
                return vec![Intent::Request(Request::Automation {
                    modes,
                    reason: a.reason.text().trim().to_owned(),
                })];
            }
            _ => a.field().edit(press.event),
        }
        self.put(Dialog::Arm(a))
    }
}
