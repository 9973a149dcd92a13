//! A person's keys in the table: read from `[keys]` of the settings, and refused where they would surprise.

use super::{Action, Binding, Context, Key, Keymap, RESERVED};
use crate::config::keys::{Keys, Line, Word};
use crate::config::problem::Problem;
use crossterm::event::KeyCode;
use std::borrow::Cow;

/// It always leaves: the program where no dialog is open, else the dialog.
const INTERRUPT: Key = Key::ctrl('c');

/// Why a key cannot mean something, and what could.
type Refusal = (String, &'static str);

/// The keys of one line, as they were read.
struct Said<'k> {
    row: usize,
    keys: Vec<(Key, &'k Word)>,
}

impl Keymap {
    /// The table with a person's keys in it.
    ///
    /// # Errors
    /// Every problem: names that are not known, keys that cannot be, two meanings of one key in one place.
    pub fn with(keys: &Keys) -> Result<Keymap, Vec<Problem>> {
        let mut map = Keymap::default();
        let mut problems = Vec::new();
        let mut said: Vec<Said<'_>> = Vec::new();
        for line in &keys.lines {
            match map.row_of(keys, line) {
                Ok(row) => said.extend(map.give(keys, line, row, &mut problems)),
                Err(problem) if problems.contains(&*problem) => {}
                Err(problem) => problems.push(*problem),
            }
        }
        map.conflicts(keys, &said, &mut problems);
        if problems.is_empty() { Ok(map) } else { Err(problems) }
    }

    /// Where in the table a line belongs.
    fn row_of(&self, keys: &Keys, line: &Line) -> Result<usize, Box<Problem>> {
        let in_it = |b: &Binding| b.context.name() == line.context.text;
        if !self.0.iter().any(in_it) {
            let mut known: Vec<String> = self.0.iter().map(|b| b.context.name()).collect();
            known.sort_unstable();
            known.dedup();
            let message = format!("`{}` is not a place where keys are pressed", line.context.text);
            return Err(Box::new(keys.unknown(&line.context, message, &known)));
        }
        let found = self.0.iter().position(|b| in_it(b) && b.action.name() == line.action.text);
        found.ok_or_else(|| {
            let known: Vec<String> = self.0.iter().filter(|b| in_it(b)).map(|b| b.action.name()).collect();
            let message = format!("nothing is called `{}` in [keys.{}]", line.action.text, line.context.text);
            Box::new(keys.unknown(&line.action, message, &known))
        })
    }

    /// Gives the row its new keys; what cannot be stays out and is told.
    fn give<'k>(
        &mut self,
        keys: &Keys,
        line: &'k Line,
        row: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Said<'k>> {
        let b = &self.0[row];
        let mut read: Vec<(Key, &Word)> = Vec::new();
        let before = problems.len();
        for word in &line.keys {
            match Key::parse(&word.text) {
                Some(key) if read.iter().any(|(k, _)| *k == key) => {}
                Some(key) => match refusal(b, key) {
                    Some((message, hint)) => problems.push(keys.error(word, message, hint.into())),
                    None => read.push((key, word)),
                },
                None => problems.push(keys.error(
                    word,
                    format!("`{}` is not a key", word.text),
                    "one sign or letter, ctrl-a to ctrl-z, Up Down Left Right PgUp PgDn Home End Enter Esc Tab \
                     S-Tab Space Backspace Delete Insert, F1 to F12"
                        .into(),
                )),
            }
        }
        if problems.len() > before {
            return None;
        }
        if read.is_empty() && keeps_one(b) {
            let message = format!("`{}` would have no key left", line.action.text);
            problems.push(keys.error(&line.action, message, "it is the way out: give it one".into()));
            return None;
        }
        let mut new: Vec<Key> = read.iter().map(|(key, _)| *key).collect();
        if b.keys.contains(&INTERRUPT) && !new.contains(&INTERRUPT) {
            new.push(INTERRUPT);
        }
        self.0[row].keys = Cow::Owned(new);
        Some(Said { row, keys: read })
    }

    /// Tells of each key that now means two things in one place, once.
    fn conflicts(&self, keys: &Keys, said: &[Said<'_>], problems: &mut Vec<Problem>) {
        for (at, Said { row, keys: given }) in said.iter().enumerate() {
            let mine = &self.0[*row];
            for (key, word) in given {
                let clash = self.0.iter().enumerate().find(|(other, b)| {
                    let told = said[at + 1..].iter().any(|s| s.row == *other);
                    other != row
                        && b.action != mine.action
                        && !told
                        && meet(mine.context, b.context)
                        && b.keys.contains(key)
                });
                if let Some((_, b)) = clash {
                    let message = format!(
                        "`{}` is `{}` in [keys.{}] already",
                        word.text,
                        b.action.name(),
                        b.context.name()
                    );
                    let hint = format!(
                        "one key means one thing: take another, or give `{}` another one too",
                        b.action.name()
                    );
                    problems.push(keys.error(word, message, hint));
                }
            }
        }
    }
}

/// Whether keys of both can be pressed in one place.
fn meet(a: Context, b: Context) -> bool {
    let reaches = |a, b: Context| a == Context::Terminal || (a == Context::Global && !b.is_dialog());
    a == b || reaches(a, b) || reaches(b, a)
}

/// Whether it must keep a key: the ways out, the way to the keys, and all that a dialog offers.
fn keeps_one(b: &Binding) -> bool {
    b.context.is_dialog() || matches!(b.action, Action::Quit | Action::Help | Action::Back)
}

/// Whether letters are text there.
fn takes_text(b: &Binding) -> bool {
    use Context::{Arm, Ask, Confirm, Find, Help, Palette, Picker, Question, TextArea};
    match b.context {
        // Where a name is typed, these two are letters of it.
        Confirm => !matches!(b.action, Action::Yes | Action::Override),
        Question | Picker | Ask | Arm | Palette | Find | TextArea | Help => true,
        _ => false,
    }
}

/// Why this row cannot have this key, whatever else the table holds.
fn refusal(b: &Binding, key: Key) -> Option<Refusal> {
    let name = key.written();
    if b.keys.contains(&key) {
        return None;
    }
    let refuse = |why: String, hint| Some((why, hint));
    if key == INTERRUPT {
        return refuse("`ctrl-c` always leaves".into(), "take another key");
    }
    let sent = match (key.code, key.ctrl) {
        (KeyCode::Char('i'), true) => Some("Tab"),
        (KeyCode::Char('m' | 'j'), true) => Some("Enter"),
        (KeyCode::Char('h'), true) => Some("Backspace"),
        _ => None,
    };
    if let Some(sent) = sent {
        return refuse(format!("`{name}` cannot be told from `{sent}` by a terminal"), "take another key");
    }
    let dialog = b.context.is_dialog();
    let plain = match key.code {
        KeyCode::Char(c) if !key.ctrl => Some(c),
        _ => None,
    };
    let small = plain.is_some_and(|c| c.is_ascii_lowercase());
    if b.context == Context::Terminal && !key.ctrl && !matches!(key.code, KeyCode::F(_)) {
        let hint = "it works in dialogs too, where letters are text: take ctrl-a to ctrl-z, or F1 to F12";
        return refuse(format!("`{name}` is not enough for `{}`", b.action.name()), hint);
    }
    if !dialog && small && !plain.is_some_and(|c| RESERVED.contains(&c)) {
        let hint = "take a capital, a sign, a digit, ctrl-a to ctrl-z, F1 to F12; or one of h j k l q";
        return refuse(format!("`{name}`: small letters on screens belong to the playbook"), hint);
    }
    let playbooks = match b.context {
        Context::Chaos => small || plain.is_some_and(|c| c.is_ascii_digit()),
        Context::Other => small,
        _ => false,
    };
    if playbooks {
        return refuse(
            format!("`{name}` belongs to the playbook there"),
            "take a capital, a sign or F1 to F12",
        );
    }
    let edits = matches!(
        key.code,
        KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End
    );
    if takes_text(b) && (plain.is_some() || edits) {
        let hint = "take ctrl-a to ctrl-z, F1 to F12, Tab, Up, Down, PgUp or PgDn";
        return refuse(format!("`{name}`: a text is typed there"), hint);
    }
    let harmless = matches!(b.action, Action::Close | Action::Press | Action::Pick | Action::WholePlan);
    if dialog && !harmless && matches!(key.code, KeyCode::Enter | KeyCode::Char(' ')) {
        let hint =
            "it is pressed by habit and held down: it may only close, pick, or press the focused button";
        return refuse(format!("`{name}` may not be `{}`", b.action.name()), hint);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::{self, Settings};

    fn keys(src: &str) -> Result<Keymap, Vec<String>> {
        let Settings { keys, .. } = settings::parse(src, "config.toml", &|_| None).expect("it is TOML");
        let told = |p: Problem| {
            assert_eq!(p.file, "config.toml");
            assert!(!p.hint.is_empty() && !p.source.is_empty(), "{p:?}");
            format!("{}: {}", p.line, p.message)
        };
        Keymap::with(&keys).map_err(|all| all.into_iter().map(told).collect())
    }

    fn resolve(map: &Keymap, context: Context, key: &str) -> Option<Action> {
        map.resolve(context, Key::parse(key).unwrap())
    }

    #[test]
    fn a_key_is_given_and_the_old_one_is_free() {
        let map =
            keys("[keys.global]\npalette = [\"ctrl-p\", \"F1\"]\n[keys.overview]\nfreeze = \":\"\n").unwrap();
        assert_eq!(resolve(&map, Context::Overview, "ctrl-p"), Some(Action::Palette));
        assert_eq!(resolve(&map, Context::Overview, "F1"), Some(Action::Palette));
        assert_eq!(resolve(&map, Context::Overview, ":"), Some(Action::Freeze), "given in the same file");
        assert_eq!(resolve(&map, Context::Overview, "F"), None);
        assert_eq!(resolve(&map, Context::Timeline, ":"), None);
        assert_eq!(map.key(Context::Global, Action::Palette), "^P");
    }

    #[test]
    fn two_rows_may_change_places() {
        let map = keys("keys.run.pause = \"S\"\nkeys.run.stop = \"P\"\n").unwrap();
        assert_eq!(resolve(&map, Context::Run, "S"), Some(Action::Pause));
        assert_eq!(resolve(&map, Context::Run, "P"), Some(Action::StopRun));
    }

    #[test]
    fn no_settings_are_the_default_table() {
        assert_eq!(keys("theme = \"dark\"\n").unwrap(), Keymap::default());
    }

    #[test]
    fn what_is_not_known_is_told_with_its_line() {
        let src =
            "[keys.overveiw]\nfreeze = \"Z\"\nsort = \"K\"\n[keys.run]\npaus = \"Z\"\nstop = \"shift-Q\"\n";
        assert_eq!(
            keys(src).unwrap_err(),
            [
                "1: `overveiw` is not a place where keys are pressed",
                "5: nothing is called `paus` in [keys.run]",
                "6: `shift-Q` is not a key",
            ]
        );
        let Settings { keys, .. } = settings::parse(src, "c", &|_| None).unwrap();
        assert_eq!(Keymap::with(&keys).unwrap_err()[0].near.as_deref(), Some("overview"));
    }

    #[test]
    fn one_key_means_one_thing_in_one_place() {
        for (src, told) in [
            ("keys.overview.freeze = \"T\"", "1: `T` is `sort` in [keys.overview] already"),
            ("keys.overview.freeze = \"E\"", "1: `E` is `emergency-help` in [keys.global] already"),
            ("keys.global.note = \"F\"", "1: `F` is `freeze` in [keys.overview] already"),
            ("keys.decide.hold = \"r\"", "1: `r` is `roll-back` in [keys.decide] already"),
            ("keys.question.next-control = \"ctrl-l\"", "1: `ctrl-l` is `repaint` in [keys.global] already"),
            ("keys.global.suspend = \"ctrl-e\"", "1: `ctrl-e` is `values` in [keys.confirm] already"),
        ] {
            assert_eq!(keys(src).unwrap_err(), [told]);
        }
        let twice = "keys.run.pause = \"Z\"\nkeys.run.stop = \"Z\"\n";
        assert_eq!(keys(twice).unwrap_err(), ["2: `Z` is `pause` in [keys.run] already"], "told once");
        assert!(keys("keys.decide.hold = \"E\"").is_ok(), "nothing falls through a dialog");
    }

    #[test]
    fn small_letters_on_screens_stay_the_playbooks() {
        assert!(keys("keys.overview.freeze = \"f\"").is_err());
        assert!(keys("keys.global.note = \"n\"").is_err());
        assert!(keys("keys.global.left = \"Left\"\nkeys.global.back = [\"Esc\", \"h\"]").is_ok());
        assert!(keys("keys.chaos-menu.close = \"e\"").is_err());
        assert!(keys("keys.other.pick = \"b\"").is_err());
    }

    #[test]
    fn the_ways_out_keep_a_key() {
        for row in
            ["global.quit", "global.help", "global.back", "confirm.close", "refused.close", "help.close"]
        {
            let told = keys(&format!("keys.{row} = []")).unwrap_err();
            assert!(told[0].ends_with("would have no key left"), "{row}: {told:?}");
        }
        let map = keys("keys.global.quit = \"Q\"\nkeys.overview.freeze = []\n").unwrap();
        assert_eq!(resolve(&map, Context::Run, "ctrl-c"), Some(Action::Quit), "it always leaves");
        assert_eq!(resolve(&map, Context::Run, "q"), None);
        assert_eq!(resolve(&map, Context::Overview, "F"), None);
    }

    #[test]
    fn what_would_confirm_by_habit_or_hide_a_text_is_refused() {
        for src in [
            "keys.confirm.confirm = \"Enter\"",
            "keys.confirm.confirm = \"Space\"",
            "keys.confirm.override = \"Enter\"",
            "keys.decide.roll-back = \"Enter\"",
            "keys.confirm.press-focused = \"y\"",
            "keys.question.press-focused = \"Left\"",
            "keys.palette.pick = \"x\"",
            "keys.global.repaint = \"R\"",
            "keys.global.note = \"ctrl-c\"",
            "keys.global.note = \"ctrl-m\"",
        ] {
            assert_eq!(keys(src).unwrap_err().len(), 1, "{src}");
        }
        assert!(keys("keys.confirm.confirm = \"Y\"").is_ok());
        assert!(keys("keys.confirm.press-focused = \"F9\"").is_ok());
    }

    #[test]
    fn whatever_is_accepted_is_a_table_without_two_meanings() {
        // Every row of the table is given every key alone: it is refused, or the table stays sound.
        let all =
            ["Z", "E", "f", "q", "1", "Space", "Enter", "Esc", "Tab", "ctrl-p", "ctrl-l", "F3", "Home", "!"];
        for b in super::super::TABLE {
            for key in all {
                let src = format!("keys.{}.{} = \"{key}\"", b.context.name(), b.action.name());
                let Ok(map) = keys(&src) else { continue };
                for context in Context::ALL {
                    let mut seen = std::collections::HashMap::new();
                    let reach = map.rows().iter().filter(|b| meet(b.context, context));
                    let here: Vec<_> = reach
                        .filter(|b| {
                            b.context == context || matches!(b.context, Context::Terminal | Context::Global)
                        })
                        .collect();
                    for (b, key) in here.iter().flat_map(|b| b.keys.iter().map(move |k| (b, k))) {
                        let other = seen.insert(*key, b.action);
                        assert!(
                            other.is_none_or(|a| a == b.action),
                            "{src}: {} twice in {context:?}",
                            key.name()
                        );
                    }
                }
            }
        }
    }
}
