//! The keys of a place, from the one table: found by typing, done by Enter.

use super::{Intent, Screen, Ui};
use crate::session::view::View;
use crate::tui::dialog::Form;
use crate::tui::dialog::palette::Does;
use crate::tui::keymap::{Action, Binding, Context};
use crossterm::event::KeyEvent;

/// Where one is in the help.
#[derive(Debug, Clone, Default)]
pub struct HelpUi {
    /// The place whose keys are shown; none: the screen from which the help was opened.
    pub context: Option<Context>,
    /// What is looked for.
    pub form: Form,
    /// The row at the cursor; none until one moves or types.
    pub at: Option<usize>,
}

/// Which part of the help a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What can be done about what is the case now.
    Now,
    /// The screens.
    Screens,
    /// What works on every screen.
    Everywhere,
    /// What works in this place.
    Here,
    /// How one moves.
    Move,
}

/// A row of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// To which part it belongs.
    pub part: Part,
    /// Where it works.
    pub context: Context,
    /// Its keys, as they are written.
    pub keys: String,
    /// What they do.
    pub label: String,
    /// What Enter does; none: it means something only in its dialog, or needs no help.
    pub does: Option<Does>,
}

/// Actions whose keys share a row, and what that row says.
const TOGETHER: [(Action, Action); 7] = [
    (Action::Up, Action::Down),
    (Action::Left, Action::Right),
    (Action::PageUp, Action::PageDown),
    (Action::First, Action::Last),
    (Action::NextSection, Action::PreviousSection),
    (Action::ZoomIn, Action::ZoomOut),
    (Action::Repaint, Action::Suspend),
];

impl Ui {
    /// The place whose keys the help shows.
    pub fn helped(&self) -> Context {
        self.help.context.unwrap_or(self.before().context())
    }

    /// The rows of the help: those of its place, or all that hold what is looked for, wherever they work.
    pub fn help_rows(&self, view: &View) -> Vec<Row> {
        let wanted = self.help.form.text().trim().to_lowercase();
        let here = self.helped();
        let mut out = self.rows_of(here, view);
        if wanted.is_empty() {
            return out;
        }
        for context in Context::ALL.into_iter().filter(|c| *c != here) {
            if !matches!(context, Context::Global | Context::Terminal) || here.is_dialog() {
                out.extend(self.table_rows(context, here));
            }
        }
        let is_key = |r: &Row| r.keys.split(' ').any(|k| k.to_lowercase() == wanted);
        let is_in = |r: &Row| r.label.to_lowercase().contains(&wanted);
        let (mut first, rest): (Vec<Row>, Vec<Row>) = out.into_iter().partition(is_key);
        first.extend(rest.into_iter().filter(is_in));
        let mut seen = std::collections::HashSet::new();
        first.retain(|r| seen.insert((r.context, r.keys.clone(), r.label.clone())));
        first
    }

    /// The rows of one place.
    pub fn rows_of(&self, here: Context, view: &View) -> Vec<Row> {
        if here.is_dialog() {
            let mut out = self.table_rows(here, here);
            out.extend(self.table_rows(Context::Terminal, here));
            return out;
        }
        let mut out = self.now(view);
        let mut table: Vec<Row> = Vec::new();
        for context in [Context::Global, Context::Terminal, here] {
            table.extend(self.table_rows(context, here));
        }
        for part in [Part::Screens, Part::Everywhere, Part::Here, Part::Move] {
            out.extend(table.iter().filter(|r| r.part == part).cloned());
        }
        out
    }

    /// What the playbook and the moment offer.
    fn now(&self, view: &View) -> Vec<Row> {
        let row = |keys: String, label: String, does| Row {
            part: Part::Now,
            context: Context::Global,
            keys,
            label,
            does: Some(does),
        };
        let act = |action, label: String| {
            row(self.keymap.key(Context::Global, action), label, Does::Act(Context::Global, action))
        };
        let mut out = Vec::new();
        if view.read_only || !self.has_playbook_keys(view) {
            return out;
        }
        if view.run.as_ref().is_some_and(|r| r.approval.is_some()) {
            out.push(act(Action::Approve, "approve…".into()));
        }
        if let Some(decision) = view.decisions.first() {
            out.push(act(Action::Decide, format!("decide {}…", decision.title)));
        }
        for p in &view.procedures {
            let Some(key) = p.key else { continue };
            out.push(row(key.to_string(), format!("{}…", p.title), Does::Procedure(p.id.clone())));
        }
        for m in &view.manual {
            let label = match (m.counter, m.raised) {
                (true, _) => format!("count: {}", m.title),
                (_, true) => format!("lower: {}…", m.title),
                _ => format!("raise: {}…", m.title),
            };
            out.push(row(m.key.to_string(), label, Does::Manual(m.key)));
        }
        out
    }

    /// Rows of the table, as they are shown from a place.
    fn table_rows(&self, context: Context, here: Context) -> Vec<Row> {
        let mut out: Vec<Row> = Vec::new();
        let mut rows: Vec<&Binding> = self.keymap.of(context).collect();
        while !rows.is_empty() {
            let b = rows.remove(0);
            let pair = TOGETHER.iter().find(|(a, _)| *a == b.action).map(|(_, b)| *b);
            let other = pair.and_then(|a| rows.iter().position(|b| b.action == a)).map(|at| rows.remove(at));
            out.push(row(b, other, here));
        }
        out
    }

    pub(super) fn in_help(
        &mut self,
        event: &KeyEvent,
        action: Option<Action>,
        view: &View,
        now_ms: u64,
        acts: bool,
    ) -> Vec<Intent> {
        let rows = self.help_rows(view);
        let last = rows.len().checked_sub(1);
        match action {
            Some(Action::Repaint) => return vec![Intent::Repaint],
            Some(Action::Suspend) => return vec![Intent::Suspend],
            Some(Action::Close) => return self.back(),
            Some(Action::Up) => {
                self.help.at =
                    last.map(|last| self.help.at.map_or(last, |at| at.saturating_sub(1).min(last)));
            }
            Some(Action::Down) => {
                self.help.at = last.map(|last| self.help.at.map_or(0, |at| (at + 1).min(last)));
            }
            Some(Action::NextControl | Action::PreviousControl) => {
                self.other_context(action == Some(Action::NextControl));
            }
            Some(Action::Pick) => {
                let row = self.help.at.and_then(|at| rows.get(at)).filter(|_| acts);
                let Some(does) = row.and_then(|r| r.does.clone()) else { return Vec::new() };
                let mut out = self.back();
                if let Does::Act(context, _) = does
                    && let Some(screen) = Screen::in_context(context)
                {
                    self.go(screen);
                }
                out.extend(self.does(&does, event.code, view, now_ms));
                return out;
            }
            _ => {
                self.help.form.edit(event);
                let found = !self.help.form.text().trim().is_empty() && !self.help_rows(view).is_empty();
                self.help.at = found.then_some(0);
            }
        }
        Vec::new()
    }

    /// The keys of another place; round and round, from the screen below.
    fn other_context(&mut self, forwards: bool) {
        let all: Vec<Context> = Context::ALL
            .into_iter()
            .filter(|c| !matches!(c, Context::Global | Context::Terminal))
            .filter(|c| self.keymap.of(*c).next().is_some())
            .collect();
        let by = if forwards { 1 } else { all.len() - 1 };
        let at = all.iter().position(|c| *c == self.helped());
        let to = at.map_or(0, |at| (at + by) % all.len());
        self.help = HelpUi { context: Some(all[to]), ..HelpUi::default() };
    }
}

fn row(b: &Binding, other: Option<&Binding>, here: Context) -> Row {
    let moves = super::palette::moves(b.action) && b.action != Action::Palette;
    let part = match b.context {
        Context::Global if Screen::of(b.action).is_some() => Part::Screens,
        Context::Global if moves => Part::Move,
        Context::Global | Context::Terminal => Part::Everywhere,
        _ => Part::Here,
    };
    let names = |b: &Binding| b.keys.iter().map(|k| k.name()).collect::<Vec<_>>().join(" ");
    let (mut keys, mut label) = (names(b), b.label.to_string());
    if let Some(other) = other {
        keys = format!("{keys} {}", names(other));
        label = format!("{label}, {}", other.label);
    }
    // A dialog's keys mean nothing outside of it; a screen's lead to it.
    let reached = !b.context.is_dialog()
        && (matches!(b.context, Context::Global | Context::Terminal)
            || b.context == here
            || Screen::in_context(b.context).is_some());
    let does = (reached && !moves && other.is_none() && b.action != Action::Help)
        .then_some(Does::Act(b.context, b.action));
    Row { part, context: b.context, keys, label, does }
}
