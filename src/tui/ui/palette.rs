//! Anything by name, and what is looked for on a screen.

use super::dialogs::Press;
use super::guide::Page;
use super::{Intent, Screen, Ui, ZOOMS};
use crate::session::view::{Level, View};
use crate::tui::dialog::palette::{Does, Entry, Palette};
use crate::tui::dialog::{Dialog, Form};
use crate::tui::format;
use crate::tui::keymap::{Action, Binding, Context};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};

impl Ui {
    pub(super) fn open_palette(&mut self, action: Action, view: &View) -> Vec<Intent> {
        let dialog = match action {
            Action::Find => Dialog::Find(Form::with(self.sought().unwrap_or_default())),
            _ => Dialog::Palette(Palette::new(self.entries(view))),
        };
        self.open(dialog, None);
        Vec::new()
    }

    /// All there is to open or do from this screen.
    pub fn entries(&self, view: &View) -> Vec<Entry> {
        let mut out = if self.has_playbook_keys(view) { of_the_playbook(view) } else { Vec::new() };
        let here = self.keymap.of(self.screen.context());
        let rows = here.chain(self.keymap.of(Context::Global)).chain(self.keymap.of(Context::Terminal));
        out.extend(rows.filter(|b| !moves(b.action)).map(of_the_table));
        out.extend(of_what_is_known(view));
        out.extend(settings());
        out
    }

    pub(super) fn in_palette(&mut self, mut p: Palette, press: &Press<'_>, now_ms: u64) -> Vec<Intent> {
        match press.action {
            Some(Action::Up) => p.step(-1),
            Some(Action::Down) => p.step(1),
            Some(Action::PageUp) => p.step(-7),
            Some(Action::PageDown) => p.step(7),
            Some(Action::Pick) => {
                let Some(entry) = p.entry().filter(|_| press.acts) else { return Vec::new() };
                self.pop();
                return self.does(&entry.does, press.event.code, press.view, now_ms);
            }
            _ => {
                let before = p.form.text().to_string();
                p.form.edit(press.event);
                if p.form.text() != before {
                    p.looked_for();
                }
            }
        }
        self.put(Dialog::Palette(p))
    }

    /// Does what an entry says; `by` is the key that did it, which confirms nothing while it is held.
    pub(crate) fn does(&mut self, does: &Does, by: KeyCode, view: &View, now_ms: u64) -> Vec<Intent> {
        let before = self.each_dialog().count();
        let was = self.screen;
        let out = match does {
            Does::Procedure(_) | Does::Manual(_) if !self.has_playbook_keys(view) => Vec::new(),
            Does::Act(_, action) => self.act(*action, view, now_ms),
            Does::Procedure(id) => match view.procedures.iter().find(|p| p.id == *id) {
                Some(p) => self.confirm(&p.id, &p.title, p.key, Some(by), view),
                None => Vec::new(),
            },
            Does::Manual(key) => self.playbook_key(*key, view, now_ms),
            Does::Signal(id) => {
                if let Some(at) = view.signals.iter().position(|s| s.id == *id) {
                    self.signal = at;
                    self.go(Screen::Signal);
                }
                Vec::new()
            }
            Does::Item(list, item) => {
                self.show_item(view, list, *item);
                Vec::new()
            }
            Does::Guide(id) => {
                if let Some(at) = view.book.guides.get_index_of(id) {
                    self.go(Screen::Guide);
                    self.turn_to(Page::Trouble);
                    self.guide.at[Page::Trouble as usize] = at;
                }
                Vec::new()
            }
            Does::Log(id) => {
                self.show_log(id);
                Vec::new()
            }
            Does::Run => {
                self.go(Screen::Run);
                Vec::new()
            }
            Does::Link(text) => vec![Intent::Copy { text: text.clone() }],
            Does::Zoom(at) => {
                self.zoom_to(*at, view);
                Vec::new()
            }
            Does::Theme(name) => vec![Intent::Theme { name: (*name).into() }],
        };
        self.came_by(before, by);
        self.left_guide(was, view, out)
    }

    /// What is looked for on this screen, while something is; see [`crate::tui::find`].
    pub fn sought(&self) -> Option<&str> {
        self.find.as_deref().filter(|s| !s.is_empty())
    }

    pub(super) fn in_find(
        &mut self,
        mut form: Form,
        event: &KeyEvent,
        action: Option<Action>,
        view: &View,
        now_ms: u64,
    ) -> Vec<Intent> {
        match action {
            Some(Action::Pick) => {
                self.pop();
                Vec::new()
            }
            Some(action @ (Action::Up | Action::Down)) => self.act(action, view, now_ms),
            _ => {
                form.edit(event);
                self.find = Some(form.text().to_string());
                self.put(Dialog::Find(form))
            }
        }
    }
}

/// Whether it is of no use by name: it moves, or belongs to what is under the cursor.
pub(super) fn moves(action: Action) -> bool {
    use Action::{Back, Down, First, Last, Left, NextSection, PageDown, PageUp, PreviousSection, Right, Up};
    matches!(action, Up | Down | Left | Right | PageUp | PageDown | First | Last | NextSection)
        || matches!(action, PreviousSection | Back | Action::Palette)
}

fn of_the_table(b: &Binding) -> Entry {
    let screen = Screen::of(b.action);
    let says = match screen {
        Some(_) => format!("{}: goes to that screen.", b.label),
        None if b.label.ends_with('…') => {
            format!("{}: asks first. This starts nothing.", b.label.trim_end_matches('…'))
        }
        None => format!("{}: at once, as its key does.", b.label),
    };
    Entry {
        key: b.key_name().unwrap_or_default(),
        name: b.label.into(),
        kind: if screen.is_some() { "screen" } else { "action" },
        detail: if b.context == Context::Terminal { "everywhere".into() } else { where_of(b) },
        says,
        does: Does::Act(b.context, b.action),
    }
}

fn where_of(b: &Binding) -> String {
    match (b.context, Screen::of(b.action)) {
        (Context::Global, Some(_)) => String::new(),
        (context, _) => context.title().to_lowercase(),
    }
}

/// Its procedures, flags and counters.
fn of_the_playbook(view: &View) -> Vec<Entry> {
    let none = |t: &str, what: &str| match t {
        "" | "none" => format!("no {what}"),
        t => t.to_string(),
    };
    let procedure = |p: &crate::session::view::ProcedureView| Entry {
        key: p.key.map(String::from).unwrap_or_default(),
        name: format!("{}…", p.title),
        kind: "procedure",
        detail: format!("{:>6}, {}", format::length(p.duration_ms), none(&p.downtime, "downtime")),
        says: format!("{}: opens its confirmation. This starts nothing.", p.title),
        does: Does::Procedure(p.id.clone()),
    };
    let mut out: Vec<Entry> = view.procedures.iter().map(procedure).collect();
    for m in &view.manual {
        let (kind, detail, says) = match (m.counter, m.raised) {
            (true, _) => ("counter", format!("at {}", m.count), "counts one, at once; its key too."),
            (_, true) => ("flag", "raised".into(), "asks before it is lowered."),
            _ => ("flag", "not raised".into(), "asks before it is raised."),
        };
        out.push(Entry {
            key: m.key.to_string(),
            name: if m.counter { m.title.clone() } else { format!("{}…", m.title) },
            kind,
            detail,
            says: format!("{}: {says}", m.title),
            does: Does::Manual(m.key),
        });
    }
    out
}

/// Signals, items of checklists, the run, links.
fn of_what_is_known(view: &View) -> Vec<Entry> {
    let mut out = Vec::new();
    let mut add = |name: String, kind, detail: String, says: String, does| {
        out.push(Entry { key: String::new(), name, kind, detail, says, does });
    };
    for s in &view.signals {
        let level = match s.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Critical => "critical",
            Level::Stale => "stale",
            Level::Unknown => "unknown",
        };
        let value = s.text.clone().unwrap_or_else(|| format::value(s.value, s.unit));
        let says = format!("{}: its chart, its statistics, its query.", s.title);
        add(s.title.clone(), "signal", format!("{value} {level}"), says, Does::Signal(s.id.clone()));
    }
    for list in &view.checklists {
        for (at, item) in list.items.iter().enumerate() {
            let says = format!("goes to it in the checklist {}. This ticks nothing.", list.title);
            let detail = if item.done { format!("done, {}", list.title) } else { list.title.clone() };
            add(item.text.clone(), "item", detail, says, Does::Item(list.id.clone(), at));
        }
    }
    if let Some(run) = &view.run {
        let detail = format::age(view.now.wall.saturating_sub(run.requested.wall).max(0) as u64);
        let says = format!("{}: goes to the run.", run.title);
        add(format!("run {}, {}", run.id, run.title), "run", format!("{detail} ago"), says, Does::Run);
    }
    for log in &view.logs {
        let says = format!("{}: its end, as it grows.", log.title);
        add(log.title.clone(), "log", log.origin.clone(), says, Does::Log(log.id.clone()));
    }
    for (id, guide) in view.book.guides.iter() {
        let says = format!("{}: what to look at, and how.", guide.title);
        add(guide.title.clone(), "guide", guide.symptom.clone(), says, Does::Guide(id.clone()));
    }
    for (title, url) in &view.links {
        add(title.clone(), "link", url.clone(), format!("copies {url}"), Does::Link(url.clone()));
    }
    out
}

/// What can be set from the screen.
fn settings() -> Vec<Entry> {
    let entry = |name: String, says: String, does| Entry {
        key: String::new(),
        name,
        kind: "setting",
        detail: String::new(),
        says,
        does,
    };
    let zoom = |(at, ms): (usize, &u64)| {
        let window = format::length(*ms);
        entry(
            format!("Charts: {window}"),
            format!("charts show {window}, on this screen only."),
            Does::Zoom(at),
        )
    };
    let theme = |(name, _): &(&'static str, &str)| {
        entry(
            format!("Theme: {name}"),
            "draws in it from now on; `theme` in config.toml keeps it.".into(),
            Does::Theme(name),
        )
    };
    ZOOMS.iter().enumerate().map(zoom).chain(Theme::BUILT_IN.iter().map(theme)).collect()
}
