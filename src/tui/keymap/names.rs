//! What contexts, actions and keys are called in `config.toml`.

use super::{Action, Context, Key};
use crossterm::event::KeyCode;

/// `NextSection` as `next-section`.
fn kebab(word: &str) -> String {
    let mut out = String::new();
    for c in word.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

impl Context {
    /// Its name in `config.toml`. What belongs to the terminal is `global` too.
    pub fn name(self) -> String {
        match self {
            Context::Terminal => "global".into(),
            Context::Chaos => "chaos-menu".into(),
            other => kebab(&format!("{other:?}")),
        }
    }
}

impl Action {
    /// Its name in `config.toml`.
    pub fn name(self) -> String {
        use Action::{Checklist, Drill, Fleet, Guide, Logs, Overview, Procedures, Run, Timeline};
        let word = kebab(&format!("{self:?}"));
        match self {
            Overview | Checklist | Procedures | Run | Timeline | Guide | Fleet | Drill | Logs => {
                format!("screen-{word}")
            }
            Action::Emergency => "emergency-help".into(),
            Action::TakeBack => "take-back-count".into(),
            Action::StopRun => "stop".into(),
            Action::StepGuide => "guide".into(),
            Action::Chaos => "chaos-menu".into(),
            Action::Press => "press-focused".into(),
            Action::Yes => "confirm".into(),
            Action::WholePlan => "show-plan".into(),
            Action::Automation => "disarm".into(),
            _ => word,
        }
    }
}

/// Keys that have a name of their own, as it is written.
const NAMED: [(&str, KeyCode); 17] = [
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("S-Tab", KeyCode::BackTab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Delete", KeyCode::Delete),
    ("Insert", KeyCode::Insert),
    ("F1", KeyCode::F(1)),
];

impl Key {
    /// The key that is written so: `q`, `Q`, `?`, `ctrl-l`, `PgUp`, `S-Tab`, `Space`, `F5`.
    pub fn parse(text: &str) -> Option<Key> {
        let plain = |code| Some(Key { code, ctrl: false });
        if let Some((_, code)) = NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            return plain(*code);
        }
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return plain(KeyCode::Char(c)).filter(|_| c.is_ascii_graphic());
        }
        if let Some(c) = text.strip_prefix("ctrl-").and_then(|c| c.parse::<char>().ok()) {
            return c.is_ascii_lowercase().then_some(Key { code: KeyCode::Char(c), ctrl: true });
        }
        let number: u8 = text.strip_prefix(['F', 'f'])?.parse().ok()?;
        plain(KeyCode::F(number)).filter(|_| (1..=12).contains(&number))
    }

    /// As it is written in `config.toml`.
    pub fn written(self) -> String {
        let named = NAMED.iter().find(|(_, code)| *code == self.code).map(|(name, _)| (*name).to_string());
        match (self.code, self.ctrl) {
            (KeyCode::Char(c), true) => format!("ctrl-{c}"),
            _ => named.unwrap_or_else(|| self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TABLE;
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_row_has_a_name_of_its_own_and_every_key_is_read_as_it_is_written() {
        let mut seen = HashSet::new();
        for b in TABLE {
            let name = format!("{}.{}", b.context.name(), b.action.name());
            assert!(seen.insert(name.clone()), "{name} twice");
            for key in b.keys.iter() {
                assert_eq!(Key::parse(&key.written()), Some(*key), "{}", key.written());
            }
        }
        for (text, name) in [("F12", "F12"), ("pgup", "PgUp"), ("ctrl-p", "^P"), ("space", "Space")] {
            assert_eq!(Key::parse(text).map(Key::name).as_deref(), Some(name));
        }
        for text in ["", "F0", "F13", "ctrl-", "ctrl-P", "ctrl-pp", "ä", "Entr", "\n"] {
            assert_eq!(Key::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn names_are_those_of_the_documentation() {
        assert_eq!(Action::Overview.name(), "screen-overview");
        assert_eq!(Action::NextSection.name(), "next-section");
        assert_eq!(Action::TakeBack.name(), "take-back-count");
        assert_eq!(Context::TextArea.name(), "text-area");
        assert_eq!(Context::Terminal.name(), "global");
    }
}
