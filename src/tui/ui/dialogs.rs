//! Dialogs: how they open, which keys they take, and when. Nothing is confirmed by a slip.

use super::{Intent, Screen, Ui};
use crate::model::playbook;
use crate::run::record::Wish;
use crate::session::Request;
use crate::session::decision::Choice;
use crate::session::view::{DraftView, ParamView, View};
use crate::tui::dialog::read::{Read, Reading};
use crate::tui::dialog::text::{self, About, Text};
use crate::tui::dialog::{
    Approve, Ask, Asked, Confirm, Dialog, ItemAsk, Locked, Picker, Question, Refused, Say, question,
    unverified,
};
use crate::tui::keymap::Action;
use crossterm::event::{KeyCode, KeyEvent};
use indexmap::IndexMap;

/// Milliseconds after a dialog's frame was acknowledged in which it takes no key that acts.
const SETTLE_MS: u64 = 500;

/// A dialog on the stack, and by which key it came there.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub(super) dialog: Dialog,
    by: Option<KeyCode>,
    face: Option<Face>,
}

/// What of a dialog was on the screen, in which frame, and when that frame was there.
#[derive(Debug, Clone, PartialEq)]
struct Face {
    draft: Option<String>,
    frame: u64,
    seen_at: Option<u64>,
}

/// A key in a dialog.
pub(super) struct Press<'a> {
    pub(super) event: &'a KeyEvent,
    pub(super) action: Option<Action>,
    pub(super) view: &'a View,
    /// It is no repeat, and not the key that opened the dialog still held.
    pub(super) acts: bool,
}

impl Ui {
    /// Says that something was refused, or went wrong.
    pub fn refused(&mut self, refused: Refused) {
        self.open(Dialog::Refused(refused), None);
    }

    /// To be called after each drawn frame, numbered upwards.
    pub fn painted(&mut self, frame: u64, view: &View) {
        let Some(top) = self.dialogs.last_mut() else { return };
        let draft = match &mut top.dialog {
            Dialog::Confirm(c) => {
                if let Some(draft) = draft_of(view, &c.procedure).filter(|d| !d.resolving) {
                    c.shown = Some(draft.id.clone());
                }
                c.shown.clone()
            }
            _ => None,
        };
        if top.face.as_ref().is_none_or(|f| f.draft != draft) {
            top.face = Some(Face { draft, frame, seen_at: None });
        }
    }

    /// To be called when the terminal has acknowledged a frame, or when it was written where nothing acknowledges.
    pub fn acknowledged(&mut self, frame: u64, now_ms: u64) {
        for face in self.dialogs.iter_mut().filter_map(|d| d.face.as_mut()) {
            if face.frame <= frame && face.seen_at.is_none() {
                face.seen_at = Some(now_ms);
            }
        }
    }

    /// What a pasted text does: it enters a field that is ready for it, and nothing else.
    pub fn paste(&mut self, text: &str, now_ms: u64) {
        if (self.takes_keys(now_ms) || self.only_finds())
            && let Some(top) = self.dialogs.last_mut()
        {
            let row = picked_row(&top.dialog);
            if let Dialog::Text(t) = &mut top.dialog {
                t.paste(text);
            }
            if let Some(form) = top.dialog.form() {
                form.insert(text);
            }
            match &mut top.dialog {
                Dialog::Picker(p) => p.looked_for(row),
                Dialog::Find(form) => self.find = Some(form.text().to_string()),
                Dialog::Palette(p) => p.looked_for(),
                _ => {}
            }
        }
    }

    pub(super) fn open(&mut self, dialog: Dialog, by: Option<KeyCode>) {
        self.dialogs.push(Opened { dialog, by, face: None });
    }

    /// The dialogs, from the bottom up, to be looked at before a frame.
    pub(super) fn each_dialog(&self) -> impl Iterator<Item = &Dialog> {
        self.dialogs.iter().map(|d| &d.dialog)
    }

    pub(super) fn keep_dialogs(&mut self, keep: impl Fn(&Dialog) -> bool) {
        self.dialogs.retain(|d| keep(&d.dialog));
    }

    /// Whether the dialog on top has been on the screen for long enough.
    fn takes_keys(&self, now_ms: u64) -> bool {
        let seen = self.dialogs.last().and_then(|d| d.face.as_ref()?.seen_at);
        seen.is_some_and(|at| now_ms.saturating_sub(at) >= SETTLE_MS)
    }

    /// Whether the dialog on top only finds: what is typed there can be taken at once.
    fn only_finds(&self) -> bool {
        matches!(self.dialog(), Some(Dialog::Find(_) | Dialog::Palette(_)))
    }

    pub(super) fn key_in_dialog(
        &mut self,
        event: &KeyEvent,
        action: Option<Action>,
        view: &View,
        now_ms: u64,
        repeat: bool,
        silent: bool,
    ) -> Vec<Intent> {
        // What only takes away works at once.
        match action {
            Some(Action::Repaint) => return vec![Intent::Repaint],
            Some(Action::Suspend) => return vec![Intent::Suspend],
            Some(Action::Close) if !(repeat && event.code == KeyCode::Enter) => {
                if event.code != KeyCode::Enter || self.takes_keys(now_ms) {
                    return self.close();
                }
                return Vec::new();
            }
            Some(Action::Pick)
                if !self.takes_keys(now_ms) && !matches!(self.dialog(), Some(Dialog::Find(_))) =>
            {
                return Vec::new();
            }
            _ if !self.takes_keys(now_ms) && !self.only_finds() => return Vec::new(),
            _ => {}
        }
        let Some(Opened { dialog, by, .. }) = self.dialogs.last().cloned() else { return Vec::new() };
        let press = Press { event, action, view, acts: !repeat && (silent || by != Some(event.code)) };
        match dialog {
            Dialog::Confirm(c) => self.in_confirm(c, &press),
            Dialog::Question(q) => self.in_question(q, &press),
            Dialog::Picker(p) => self.in_picker(p, &press),
            Dialog::Ask(a) => self.in_ask(a, &press),
            Dialog::Outcome(o) => {
                let Some(action) = action.filter(|a| press.acts && o.may(*a)) else { return Vec::new() };
                let say = match action {
                    Action::Done => Say::Done,
                    Action::NotDone => Say::NotDone,
                    Action::Skip => Say::Skip,
                    Action::DoIt => Say::DoIt,
                    Action::End => Say::End,
                    _ => {
                        self.dialogs.pop();
                        return vec![Intent::Request(Request::Run { seen: o.seen, wish: Wish::GoOn })];
                    }
                };
                let name =
                    if o.name.is_empty() { "run".into() } else { format!("step {} {}", o.label, o.name) };
                self.ask_in_place(question::about_run(o.seen, say, &name), event);
                Vec::new()
            }
            Dialog::Approve(d) => self.in_approve(d, &press),
            Dialog::Unverified(seen) => {
                let Some(run) = view.run.as_ref().filter(|r| r.id == seen.run && press.acts) else {
                    return Vec::new();
                };
                let say = match action {
                    Some(Action::Next) => {
                        let Some(p) = unverified::next(view, run) else { return Vec::new() };
                        self.dialogs.pop();
                        return self.start(
                            &p.id,
                            &p.title,
                            p.key,
                            Some(run.id.clone()),
                            Some(event.code),
                            view,
                        );
                    }
                    Some(Action::Undo) => return self.undo(view, event.code, true),
                    Some(Action::Page) if run.next_rung.is_some() => Say::Page,
                    Some(Action::Accept) => Say::Accept,
                    Some(Action::End) => Say::End,
                    _ => return Vec::new(),
                };
                let name = match say {
                    Say::Page => run.next_rung.clone().unwrap_or_default(),
                    _ => run.title.clone(),
                };
                self.ask_in_place(question::about_run(seen, say, &name), event);
                Vec::new()
            }
            Dialog::Locked(d) => self.in_locked(d, &press),
            Dialog::Export => self.in_export(&press),
            Dialog::Decide(clock) => self.in_decide(&clock, &press),
            Dialog::Other(o) => self.in_other(o, &press),
            Dialog::Arm(a) => self.in_arm(a, &press),
            Dialog::Chaos => self.in_chaos(&press),
            Dialog::Incident => self.in_incident(&press),
            Dialog::Messages(m) => self.in_messages(m, &press),
            Dialog::Read(r) => self.in_read(r, &press),
            Dialog::Find(form) => self.in_find(form, event, action, view, now_ms),
            Dialog::Palette(p) => self.in_palette(p, &press, now_ms),
            Dialog::Text(t) => self.in_text(t, &press),
            Dialog::Refused(_) => Vec::new(),
        }
    }

    /// The dialog on top, to be changed.
    pub(super) fn top(&mut self) -> Option<&mut Dialog> {
        self.dialogs.last_mut().map(|d| &mut d.dialog)
    }

    /// What was opened since there were so many dialogs came by this key.
    pub(super) fn came_by(&mut self, before: usize, code: KeyCode) {
        for opened in self.dialogs.iter_mut().skip(before) {
            opened.by = Some(code);
        }
    }

    pub(super) fn pop(&mut self) {
        self.dialogs.pop();
    }

    /// A question takes the place of the dialog on top.
    pub(super) fn ask_in_place(&mut self, question: Question, event: &KeyEvent) {
        self.dialogs.pop();
        self.open(Dialog::Question(question), Some(event.code));
    }

    /// Puts the changed state of the dialog on top back.
    pub(super) fn put(&mut self, dialog: Dialog) -> Vec<Intent> {
        if let Some(top) = self.dialogs.last_mut() {
            top.dialog = dialog;
        }
        Vec::new()
    }

    fn in_confirm(&mut self, mut c: Confirm, press: &Press<'_>) -> Vec<Intent> {
        let draft = draft_of(press.view, &c.procedure).filter(|d| c.shown.as_ref() == Some(&d.id));
        let typed = draft.is_some_and(|d| d.confirm == playbook::Confirm::Type && !d.is_blocked());
        let ready = draft.is_some_and(|d| is_ready(&c, d));
        let last = draft.map_or(0, |d| d.steps.len().saturating_sub(1));
        match press.action {
            Some(Action::NextControl | Action::PreviousControl) => c.form.tab(ready),
            Some(Action::PageDown) => c.first = (c.first + 3).min(last),
            Some(Action::PageUp) => c.first = c.first.saturating_sub(3),
            Some(Action::Press) if !press.acts => {}
            Some(Action::Press) if !c.form.on_go() => return self.close(),
            Some(Action::Override) if !typed => {
                // What is not proved, or cannot be, is not overridden.
                let only_blocked =
                    |d: &&DraftView| d.is_blocked() && d.refused.is_none() && d.already.is_none();
                if let Some(draft) = draft.filter(only_blocked).filter(|_| press.acts) {
                    self.open(Dialog::Question(question::about_override(draft)), Some(press.event.code));
                }
                return Vec::new();
            }
            Some(Action::Diff) if draft.is_some_and(|d| !d.diffs.is_empty()) => {
                if press.acts {
                    self.open(Dialog::Read(Read::of(Reading::Diff)), Some(press.event.code));
                }
                return Vec::new();
            }
            Some(Action::Values) if draft.is_some_and(|d| !d.params.is_empty()) => {
                (c.every, c.picked, c.shown) = (true, false, None);
                c.given.clear();
            }
            Some(Action::Press) | Some(Action::Yes) if !(typed && press.action == Some(Action::Yes)) => {
                if let Some(draft) = draft
                    && ready
                    && press.acts
                {
                    let id = draft.id.clone();
                    self.dialogs.pop();
                    self.keep_dialogs(|d| !matches!(d, Dialog::Decide(_)));
                    self.plan = None;
                    self.go(Screen::Run);
                    return vec![Intent::Request(Request::Confirm { draft: id, decides: c.decides })];
                }
            }
            _ if typed => c.form.edit(press.event),
            _ => {}
        }
        self.put(Dialog::Confirm(c))
    }

    fn in_question(&mut self, mut q: Question, press: &Press<'_>) -> Vec<Intent> {
        let ready = !q.required || !q.form.text().trim().is_empty();
        match press.action {
            Some(Action::NextControl | Action::PreviousControl) => q.form.tab(ready),
            Some(Action::Press) if !press.acts => {}
            Some(Action::Press) if !q.form.on_go() => return self.close(),
            Some(Action::Up) => q.chosen = q.chosen.saturating_sub(1),
            Some(Action::Down) => q.chosen = (q.chosen + 1).min(q.choices.len().saturating_sub(1)),
            Some(Action::Press) if ready => {
                let intent = answer(&q);
                self.dialogs.pop();
                return vec![intent];
            }
            _ if q.field => q.form.edit(press.event),
            _ => {}
        }
        self.put(Dialog::Question(q))
    }

    fn in_picker(&mut self, mut p: Picker, press: &Press<'_>) -> Vec<Intent> {
        match press.action {
            Some(Action::Up) => p.step(-1),
            Some(Action::Down) => p.step(1),
            Some(Action::PageUp) => p.step(-10),
            Some(Action::PageDown) => p.step(10),
            Some(Action::Pick) => {
                let Some(value) = p.value().filter(|_| press.acts) else { return Vec::new() };
                self.dialogs.pop();
                let Some(Opened { dialog: Dialog::Confirm(c), .. }) = self.dialogs.last_mut() else {
                    return Vec::new();
                };
                c.given.insert(p.param.name.clone(), value);
                if next_param(c, press.view).is_some() {
                    return Vec::new();
                }
                (c.picked, c.shown) = (true, None);
                return vec![Intent::Request(Request::Prepare {
                    procedure: c.procedure.clone(),
                    given: c.given.clone(),
                    stops: c.stops.clone(),
                    scenario: c.scenario.clone(),
                })];
            }
            _ => {
                let row = p.value().filter(|_| !p.types());
                p.form.edit(press.event);
                p.looked_for(row);
            }
        }
        self.put(Dialog::Picker(p))
    }

    fn in_ask(&mut self, mut a: Ask, press: &Press<'_>) -> Vec<Intent> {
        let last = a.question.answers.len().checked_sub(1);
        let digit = match press.event.code {
            KeyCode::Char(c) if !a.takes_text() => {
                c.to_digit(10).and_then(|d| (d as usize).checked_sub(1)).filter(|d| Some(*d) <= last)
            }
            _ => None,
        };
        match press.action {
            Some(Action::Up) => a.at = last.map(|last| a.at.unwrap_or(last + 1).saturating_sub(1).min(last)),
            Some(Action::Down) => a.at = last.map(|last| a.at.map_or(0, |at| (at + 1).min(last))),
            Some(Action::NextControl | Action::PreviousControl) => {
                let ready = a.is_ready();
                a.form.tab(ready);
            }
            Some(Action::Press) if !press.acts => {}
            Some(Action::Press) if !a.form.on_go() => return self.close(),
            Some(Action::Press) if a.is_ready() => {
                self.dialogs.pop();
                let label = a.at.and_then(|at| a.question.answers.get_index(at)).map(|(l, _)| l.clone());
                let text = a.form.text().trim().to_string();
                let input = (a.takes_text() && !text.is_empty()).then_some(text);
                return vec![Intent::Request(Request::Run {
                    seen: a.seen,
                    wish: Wish::Answer { label, input },
                })];
            }
            _ if digit.is_some() => a.at = digit,
            _ if a.takes_text() => a.form.edit(press.event),
            _ => {}
        }
        self.put(Dialog::Ask(a))
    }

    fn in_approve(&mut self, mut d: Approve, press: &Press<'_>) -> Vec<Intent> {
        let view = press.view;
        let steps = view.run.as_ref().map_or(0, |r| r.steps.len());
        let may = view.approver.as_ref().filter(|a| a.may && press.acts);
        let title = view.run.as_ref().map(|r| r.title.clone()).unwrap_or_default();
        match (press.action, may) {
            (Some(Action::WholePlan), _) if press.acts => (d.plan, d.first) = (!d.plan, 0),
            (Some(Action::PageDown), _) => d.first = (d.first + 3).min(steps.saturating_sub(1)),
            (Some(Action::PageUp), _) => d.first = d.first.saturating_sub(3),
            (Some(Action::Approve), Some(you)) => {
                let mut question = question::about_run(d.seen, Say::Approve, &title);
                if you.named {
                    (question.field, question.required) = (true, true);
                    question
                        .text
                        .push("This account is shared: say who you are; it stands in the report.".into());
                }
                self.ask_in_place(question, press.event);
                return Vec::new();
            }
            (Some(Action::Refuse), Some(_)) => {
                self.ask_in_place(question::about_run(d.seen, Say::Refuse, &title), press.event);
                return Vec::new();
            }
            _ => {}
        }
        self.put(Dialog::Approve(d))
    }

    fn in_locked(&mut self, d: Locked, press: &Press<'_>) -> Vec<Intent> {
        if !press.acts {
            return Vec::new();
        }
        match press.action {
            Some(Action::Watch) => {
                self.dialogs.pop();
                self.go(Screen::Run);
                Vec::new()
            }
            Some(Action::Message) => {
                let Some(run) = press.view.run.as_ref().filter(|r| r.id == d.run) else { return Vec::new() };
                let to = run.who.clone();
                let title = format!("MESSAGE to {to}");
                let means = "It is shown on their screen, and stands in the timeline and in the records.";
                self.write(About::Message { to }, title, means, "Send", press.event.code);
                Vec::new()
            }
            Some(Action::StopAndStart) => {
                self.dialogs.pop();
                let (id, title, key) = d.procedure;
                self.start(&id, &title, key, Some(d.run), Some(press.event.code), press.view)
            }
            _ => Vec::new(),
        }
    }

    /// Opens a text, with what of it was written before and not sent.
    pub(super) fn write(
        &mut self,
        about: About,
        title: String,
        means: &str,
        button: &'static str,
        by: KeyCode,
    ) {
        let draft = self.draft_for(&about).unwrap_or_default();
        let text = Text::new(about, title, vec![means.to_owned()], button, text::LONGEST, &draft);
        self.open(Dialog::Text(text), Some(by));
    }

    /// What was written for this and not sent.
    pub(super) fn draft_for(&self, about: &About) -> Option<String> {
        self.drafts.iter().find(|(of, _)| of.same(about)).map(|(_, text)| text.clone())
    }

    fn in_text(&mut self, mut t: Text, press: &Press<'_>) -> Vec<Intent> {
        match press.action {
            Some(Action::NextControl | Action::PreviousControl) => t.tab(),
            Some(Action::Undo) => t.undo(false),
            Some(Action::Redo) => t.undo(true),
            Some(Action::Done) | Some(Action::Press) if press.action == Some(Action::Done) || t.on_go() => {
                if press.acts && t.is_ready() {
                    self.dialogs.pop();
                    self.drafts.retain(|(of, _)| !of.same(&t.about));
                    let text = t.text();
                    let note = |text, to| vec![Intent::Request(Request::Note { text, to })];
                    return match t.about {
                        About::Note => note(text, None),
                        About::Message { to } => note(text, Some(to)),
                        About::Letter { message, channels } => {
                            self.send(message, channels, &text, press.view)
                        }
                    };
                }
            }
            _ => t.edit(press.event),
        }
        self.put(Dialog::Text(t))
    }

    pub(super) fn close(&mut self) -> Vec<Intent> {
        match self.dialogs.pop().map(|d| d.dialog) {
            Some(Dialog::Text(t)) => {
                self.drafts.retain(|(of, _)| !of.same(&t.about));
                if t.is_ready() {
                    self.drafts.push((t.about.clone(), t.draft()));
                }
                Vec::new()
            }
            // Without a value there is nothing to confirm.
            Some(Dialog::Picker(_)) => self.close(),
            Some(Dialog::Find(_)) => {
                self.find = None;
                Vec::new()
            }
            Some(Dialog::Confirm(_)) => {
                self.plan = None;
                vec![Intent::Request(Request::CancelDraft)]
            }
            Some(Dialog::Question(Question { asked: Asked::Beside, .. })) => {
                vec![Intent::Request(Request::Beside { reason: None })]
            }
            _ => Vec::new(),
        }
    }
}

fn picked_row(dialog: &Dialog) -> Option<String> {
    match dialog {
        Dialog::Picker(p) if !p.types() => p.value(),
        _ => None,
    }
}

/// The draft of this procedure, when there is one.
pub fn draft_of<'v>(view: &'v View, procedure: &str) -> Option<&'v DraftView> {
    view.draft.as_ref().filter(|d| d.procedure == procedure)
}

/// The place of the parameter that is asked for next; `None` when a person has said all that is to be said. An
/// emergency procedure asks only for what has no default.
pub(super) fn next_param(c: &Confirm, view: &View) -> Option<usize> {
    let draft = draft_of(view, &c.procedure).filter(|d| !d.resolving && d.refused.is_none())?;
    let known = |p: &ParamView| {
        let settled = draft.given.contains_key(&p.name) || p.chosen.is_some();
        c.given.contains_key(&p.name) || (settled && !c.every)
    };
    draft.params.iter().position(|p| !known(p)).filter(|_| !c.picked)
}

/// Whether a draft can be started at all.
pub fn may_start(draft: &DraftView) -> bool {
    !draft.resolving
        && draft.refused.is_none()
        && draft.already.is_none()
        && draft.expires_ms > 0
        && !draft.is_blocked()
}

/// Whether all that is asked before a draft may start is there: the name, where it is typed.
pub fn is_ready(confirm: &Confirm, draft: &DraftView) -> bool {
    let typed = draft.confirm == playbook::Confirm::Type;
    may_start(draft) && (!typed || confirm.form.text() == draft.name)
}

/// A confirmation that has not been looked at.
pub(super) fn confirmation(id: &str, title: &str, key: Option<char>) -> Confirm {
    Confirm {
        procedure: id.into(),
        title: title.into(),
        key,
        every: false,
        shown: None,
        first: 0,
        given: IndexMap::new(),
        picked: false,
        stops: None,
        scenario: None,
        decides: None,
        form: Default::default(),
    }
}

fn answer(q: &Question) -> Intent {
    let reason = q.form.text().trim().to_string();
    match q.asked.clone() {
        Asked::Flag { signal, raise } => Intent::Request(Request::Flag { signal, raise, note: reason }),
        Asked::Override { draft } => Intent::Request(Request::Override { draft, reason }),
        Asked::Beside => Intent::Request(Request::Beside { reason: Some(reason) }),
        Asked::TakeUp { run } => Intent::Request(Request::TakeUp { run }),
        Asked::Hold { clock } => Intent::Request(Request::Say { clock, choice: Choice::Hold, reason }),
        Asked::RollBack { clock, procedure } => {
            Intent::Request(Request::Say { clock, choice: Choice::RollBack { procedure, run: None }, reason })
        }
        Asked::Extend { clock } => {
            let minutes = question::MINUTES[q.chosen.min(question::MINUTES.len() - 1)];
            Intent::Request(Request::Say { clock, choice: Choice::Extend(minutes * 60_000), reason })
        }
        Asked::Item { checklist, item, ask } => match ask {
            ItemAsk::Tick { done } => Intent::Request(Request::Tick { checklist, item, done, note: reason }),
            ItemAsk::Answer => Intent::Request(Request::Tick { checklist, item, done: true, note: reason }),
            ItemAsk::Note => Intent::Request(Request::NoteItem { checklist, item, note: reason }),
            ItemAsk::Without => Intent::Request(Request::WithoutItem { checklist, item, reason }),
            ItemAsk::Do => Intent::Request(Request::DoItem { checklist, item }),
        },
        Asked::Page { role, text } => Intent::Request(Request::PageRole {
            role,
            text: format!("{text} {reason}").trim_end().to_owned(),
        }),
        Asked::Severity { incident, of } => Intent::Request(Request::Severity {
            incident,
            severity: of.get(q.chosen).cloned().unwrap_or_default(),
            reason,
        }),
        Asked::OpenIncident => Intent::Request(Request::OpenIncident { reason }),
        Asked::CloseIncident { incident } => Intent::Request(Request::CloseIncident { incident, reason }),
        Asked::Take => Intent::Request(Request::Take { note: reason }),
        Asked::Mark => {
            Intent::Request(Request::Mark { mark: q.choices.get(q.chosen).cloned().unwrap_or_default() })
        }
        Asked::TakeOver => Intent::Request(Request::TakeOver { reason }),
        Asked::Say { seen, say } => Intent::Request(Request::Run {
            seen,
            wish: match say {
                Say::Stop => Wish::Abort { reason },
                Say::Done => Wish::Settle { done: true, reason },
                Say::NotDone | Say::Again => Wish::Settle { done: false, reason },
                Say::Accept => Wish::Accept { reason },
                Say::End => Wish::Abandon { reason },
                Say::Pause => Wish::Pause { reason },
                Say::Skip => Wish::Skip { reason },
                Say::DoIt => Wish::DoIt { reason },
                Say::Page => Wish::Page,
                Say::Approve => Wish::Approve { name: Some(reason).filter(|n| !n.is_empty()) },
                Say::Refuse => Wish::Refuse { reason },
            },
        }),
    }
}
