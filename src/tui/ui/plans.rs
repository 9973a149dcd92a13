//! What keys make of procedures, their plans, and what fits.

use super::dialogs::{Press, confirmation, draft_of};
use super::{Intent, Ui};
use crate::session::Request;
use crate::session::view::View;
use crate::tui::dialog::read::{Read, Reading};
use crate::tui::dialog::{Dialog, Locked, Refused};
use crate::tui::keymap::Action;
use crate::tui::panels::run_line::holds_lock;
use crossterm::event::KeyCode;

/// Where one is among what fits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlansUi {
    /// The scenario at the cursor.
    pub at: usize,
}

impl Ui {
    /// Whether the cursor is among what fits.
    pub fn in_fits(&self, view: &View) -> bool {
        self.section == 1 && !view.scenarios.is_empty()
    }

    pub(super) fn on_plans(&mut self, action: Action, view: &View) -> Option<Vec<Intent>> {
        let fits = self.in_fits(view);
        let step =
            |at: usize, by: isize| at.saturating_add_signed(by).min(view.scenarios.len().saturating_sub(1));
        match action {
            Action::Up if fits => self.plans.at = step(self.plans.at, -1),
            Action::Down if fits => self.plans.at = step(self.plans.at, 1),
            Action::PageUp | Action::First if fits => self.plans.at = 0,
            Action::PageDown | Action::Last if fits => self.plans.at = step(usize::MAX / 2, 0),
            Action::Open if fits => return Some(self.pick_scenario(view)),
            Action::DryRun => return Some(self.dry_run(view)),
            Action::Copy => return Some(self.copy_plan(view)),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Opens the confirmation of the procedure that fits, with what the scenario gives it.
    fn pick_scenario(&mut self, view: &View) -> Vec<Intent> {
        let Some(s) = view.scenarios.get(self.plans.at) else { return Vec::new() };
        if view.read_only {
            return self.only_reads();
        }
        let (id, title, key) = s.procedure.clone();
        let emergency = view.procedures.iter().any(|p| p.id == id && p.emergency);
        let run = view.run.as_ref().filter(|r| holds_lock(r)).map(|r| r.id.clone());
        if let Some(run) = run.clone().filter(|_| !emergency) {
            self.open(Dialog::Locked(Locked { procedure: (id, title, key), run }), Some(KeyCode::Enter));
            return Vec::new();
        }
        let mut confirm = confirmation(&id, &title, key);
        confirm.scenario = Some(s.id.clone());
        confirm.stops.clone_from(&run);
        self.open(Dialog::Confirm(confirm), Some(KeyCode::Enter));
        vec![Intent::Request(Request::Prepare {
            procedure: id,
            given: Default::default(),
            stops: run,
            scenario: Some(s.id.clone()),
        })]
    }

    fn dry_run(&mut self, view: &View) -> Vec<Intent> {
        let Some(p) = view.procedures.get(self.procedure) else { return Vec::new() };
        if view.read_only {
            return self.only_reads();
        }
        self.open(Dialog::Read(Read::of(Reading::Tried)), Some(KeyCode::Char('V')));
        vec![Intent::Request(Request::DryRun { procedure: p.id.clone() })]
    }

    fn copy_plan(&mut self, view: &View) -> Vec<Intent> {
        let plan = self.plan.as_deref().and_then(|id| draft_of(view, id)).filter(|d| !d.shell.is_empty());
        match plan {
            Some(d) => vec![Intent::Copy { text: d.shell.clone() }],
            None => {
                self.refused(Refused {
                    title: "NOTHING TO COPY".into(),
                    what: "No plan is resolved here yet.".into(),
                    means: "Its commands are known once its targets are.".into(),
                    press: "Enter closes this. Enter on a procedure resolves its plan, then Y copies it."
                        .into(),
                });
                Vec::new()
            }
        }
    }

    pub(super) fn in_read(&mut self, mut r: Read, press: &Press<'_>) -> Vec<Intent> {
        let most = crate::tui::paint::LONGEST_TEXT;
        match press.action {
            Some(Action::Up) => r.first = r.first.saturating_sub(1),
            Some(Action::Down) => r.first = (r.first + 1).min(most),
            Some(Action::PageUp) => r.first = r.first.saturating_sub(10),
            Some(Action::PageDown) => r.first = (r.first + 10).min(most),
            Some(Action::First) => r.first = 0,
            Some(Action::Last) => r.first = most,
            Some(Action::Confirm) if press.acts && r.of == Reading::Plan => {
                let Some(d) = &press.view.draft else { return Vec::new() };
                let (id, title, key) = (d.procedure.clone(), d.title.clone(), d.key);
                self.pop();
                return self.confirm(&id, &title, key, Some(press.event.code), press.view);
            }
            _ => {}
        }
        self.put(Dialog::Read(r))
    }
}
