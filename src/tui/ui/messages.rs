//! Keys about messages: which one, to whom, written, sent, sent again.

use super::dialogs::Press;
use super::{Intent, Ui};
use crate::session::Request;
use crate::session::view::View;
use crate::tui::dialog::messages::{Messages, Part};
use crate::tui::dialog::text::{About, LONGEST_LETTER, Text};
use crate::tui::dialog::{Dialog, Refused};
use crate::tui::keymap::Action;
use crossterm::event::KeyCode;

impl Ui {
    pub(super) fn open_messages(&mut self, view: &View, by: KeyCode) -> Vec<Intent> {
        if view.service.is_empty() {
            return Vec::new();
        }
        self.open(Dialog::Messages(Messages::new(view)), Some(by));
        Vec::new()
    }

    pub(super) fn in_messages(&mut self, mut m: Messages, press: &Press<'_>) -> Vec<Intent> {
        let view = press.view;
        match press.action {
            Some(Action::Up) => m.step(-1, view),
            Some(Action::Down) => m.step(1, view),
            Some(Action::NextSection) => m.next(true),
            Some(Action::PreviousSection) => m.next(false),
            Some(_) if view.read_only && press.acts => return self.only_reads(),
            Some(Action::Tick) if press.acts && m.part == Part::Channels => m.tick(),
            Some(Action::Retry) if press.acts && m.part == Part::Letters => {
                if let Some(letter) = m.letter(view).filter(|l| l.pointed_out) {
                    return vec![Intent::Request(Request::PostAgain { letter: letter.id.clone() })];
                }
            }
            Some(Action::Pick) if press.acts && m.part != Part::Letters => return self.pick(m, press),
            _ => {}
        }
        self.put(Dialog::Messages(m))
    }

    /// Opens the text of a message: what was written before, or what it says when it is filled in.
    fn pick(&mut self, mut m: Messages, press: &Press<'_>) -> Vec<Intent> {
        let view = press.view;
        let channels = m.ticked(view);
        if channels.is_empty() {
            m.problem = Some("Tick at least one channel.".into());
            return self.put(Dialog::Messages(m));
        }
        let message = m.message(view);
        let about = About::Letter { message: message.clone(), channels };
        if let Some(draft) = self.draft_for(&about) {
            return self.write_letter(about, &draft, view);
        }
        if message.is_empty() {
            return self.write_letter(about, "", view);
        }
        m.problem = None;
        m.waits = Some(view.composed.as_ref().map_or(0, |c| c.number));
        self.put(Dialog::Messages(m));
        vec![Intent::Request(Request::Compose { message })]
    }

    /// Puts the text in the place of the dialog that waits for it, once it is there.
    pub(super) fn follow_composed(&mut self, view: &View) {
        let Some(Dialog::Messages(m)) = self.dialog() else { return };
        let (Some(before), Some(made)) = (m.waits, &view.composed) else { return };
        if made.number <= before || made.message != m.message(view) {
            return;
        }
        let mut m = m.clone();
        m.waits = None;
        match &made.text {
            Ok((subject, body)) => {
                let about = About::Letter { message: made.message.clone(), channels: m.ticked(view) };
                self.write_letter(about, &format!("{subject}\n{body}"), view);
            }
            Err(why) => {
                m.problem = Some(format!("It cannot be filled in: {why}"));
                self.put(Dialog::Messages(m));
            }
        }
    }

    fn write_letter(&mut self, about: About, text: &str, view: &View) -> Vec<Intent> {
        let About::Letter { channels, .. } = &about else { return Vec::new() };
        let named = view.channels.iter().filter(|(id, _)| channels.contains(id));
        let to: Vec<&str> = named.map(|(_, title)| title.as_str()).collect();
        let title = format!("MESSAGE to {}", to.join(", "));
        let means = match view.drill {
            None => {
                "The first line is the subject. It is queued when you send it; what became of it is shown."
            }
            Some(_) => "The first line is the subject. Nothing is sent: it is only noted that it would be.",
        };
        let text = Text::new(about, title, vec![means.to_owned()], "Send", LONGEST_LETTER, text);
        self.pop();
        self.open(Dialog::Text(text), Some(KeyCode::Enter));
        Vec::new()
    }

    /// Sends what was written.
    pub(super) fn send(
        &mut self,
        message: String,
        channels: Vec<String>,
        text: &str,
        view: &View,
    ) -> Vec<Intent> {
        if view.read_only {
            return self.only_reads();
        }
        let (subject, body) = text.split_once('\n').unwrap_or((text, ""));
        let (subject, body) = (subject.trim().to_owned(), body.trim().to_owned());
        if view.drill.is_some() {
            self.refused(Refused {
                title: "SIMULATED: nothing was sent".into(),
                what: "This is a drill: no message leaves it.".into(),
                means: "It stands in the drill's timeline as what would have been sent.".into(),
                press: "Enter closes this.".into(),
            });
        }
        vec![Intent::Request(Request::Post { message, channels, subject, body })]
    }
}
