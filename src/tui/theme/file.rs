//! Reads a theme file and tells everything that is wrong with it.

use super::color::{ANSI, ColorLevel, Ink, Rgb, nearest_ansi};
use super::{Paint, SLOTS, Theme};
use ratatui::style::Style;
use std::fmt;
use toml::de::{DeTable, DeValue};

/// What is wrong in a theme file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeError {
    /// Byte range in the file.
    pub span: std::ops::Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl fmt::Display for ThemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for ThemeError {}

pub(super) fn read(text: &str) -> Result<Theme, Vec<ThemeError>> {
    let mut reader = Reader { text, errors: Vec::new() };
    let theme = reader.theme();
    if reader.errors.is_empty() { Ok(theme) } else { Err(reader.errors) }
}

struct Reader<'a> {
    text: &'a str,
    errors: Vec<ThemeError>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: std::ops::Range<usize>, message: String, hint: String) {
        let line = self.text[..span.start.min(self.text.len())].matches('\n').count() + 1;
        self.errors.push(ThemeError { span, line, message, hint });
    }

    fn theme(&mut self) -> Theme {
        let text = self.text;
        let (table, errors) = DeTable::parse_recoverable(text);
        for e in errors {
            self.wrong(e.span().unwrap_or(0..0), e.message().to_string(), String::new());
        }
        let mut theme =
            Theme { name: String::new(), paints: [None; SLOTS.len()], styles: [Style::new(); SLOTS.len()] };
        let table = table.into_inner();
        let mut based = false;
        for (key, value) in &table {
            let span = value.span();
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("name", DeValue::String(name)) => theme.name = name.to_string(),
                ("base", DeValue::String(base)) => match Theme::named(base) {
                    Some(base) => (theme.paints, based) = (base.paints, true),
                    None => {
                        let names = Theme::BUILT_IN.map(|(n, _)| n);
                        self.wrong(span, format!("no theme `{base}`"), near(base, &names));
                    }
                },
                ("slots", DeValue::Table(_)) => {}
                ("name" | "base", _) => self.wrong(span, "this must be text".into(), String::new()),
                ("slots", _) => self.wrong(span, "`slots` must be a table".into(), String::new()),
                (other, _) => {
                    let hint = near(other, &["name", "base", "slots"]);
                    self.wrong(key.span(), format!("unknown key `{other}`"), hint);
                }
            }
        }
        // The dark theme stands on itself; every other file stands on it.
        if !based && text != Theme::BUILT_IN[0].1 {
            theme.paints = Theme::dark().paints;
        }
        if let Some(DeValue::Table(slots)) = table.get("slots").map(|v| v.get_ref()) {
            for (key, value) in slots {
                let name = key.get_ref().as_ref();
                match SLOTS.iter().position(|(_, n)| !n.is_empty() && *n == name) {
                    Some(at) => {
                        if let Some(paint) = self.paint(value.span(), value.get_ref()) {
                            theme.paints[at] = paint;
                        }
                    }
                    None => {
                        let hint = near(name, &SLOTS.map(|(_, n)| n));
                        self.wrong(key.span(), format!("unknown slot `{name}`"), hint);
                    }
                }
            }
        }
        theme.at(ColorLevel::True)
    }

    /// `"none"`, `"#rrggbb"`, the name of one of sixteen, or `{ rgb, ansi }`; `None` when it is wrong.
    fn paint(&mut self, span: std::ops::Range<usize>, value: &DeValue<'_>) -> Option<Paint> {
        let (mut rgb, mut ansi) = (None, None);
        match value {
            DeValue::String(s) if s.as_ref() == "none" => return Some(None),
            DeValue::String(s) if s.starts_with('#') => rgb = Some(self.rgb(span.clone(), s)?),
            DeValue::String(s) => ansi = Some(self.ansi(span.clone(), s)?),
            DeValue::Table(table) => {
                for (key, value) in table {
                    match (key.get_ref().as_ref(), value.get_ref()) {
                        ("rgb", DeValue::String(s)) => rgb = Some(self.rgb(value.span(), s)?),
                        ("ansi", DeValue::String(s)) => ansi = Some(self.ansi(value.span(), s)?),
                        (other, _) => {
                            let hint = near(other, &["rgb", "ansi"]);
                            let message = format!("`{other}` is not a colour's key with text");
                            self.wrong(key.span(), message, hint);
                            return None;
                        }
                    }
                }
            }
            _ => {}
        }
        let Some(ansi) = ansi.or(rgb.map(nearest_ansi)) else {
            let hint = "write \"#rrggbb\", \"none\", \"red\" or { rgb = \"#rrggbb\", ansi = \"red\" }";
            self.wrong(span, "this is not a colour".into(), hint.into());
            return None;
        };
        Some(Some(Ink { rgb, ansi }))
    }

    fn ansi(&mut self, span: std::ops::Range<usize>, name: &str) -> Option<u8> {
        let at = ANSI.iter().position(|n| *n == name);
        if at.is_none() {
            let hint = format!("{}; or write it as \"#rrggbb\", or \"none\"", near(name, &ANSI));
            self.wrong(span, format!("no such colour `{name}`"), hint);
        }
        Some(at? as u8)
    }

    fn rgb(&mut self, span: std::ops::Range<usize>, text: &str) -> Option<Rgb> {
        let digits =
            text.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(value) = digits.and_then(|d| u32::from_str_radix(d, 16).ok()) else {
            self.wrong(
                span,
                format!("`{text}` is not a colour"),
                "write it as \"#rrggbb\", or \"none\" for the terminal's own".into(),
            );
            return None;
        };
        Some(((value >> 16) as u8, (value >> 8) as u8, value as u8))
    }
}

/// A hint with the nearest of the names that would do.
fn near(word: &str, names: &[&str]) -> String {
    let best = names.iter().filter(|n| !n.is_empty()).map(|n| (strsim::osa_distance(word, n), n)).min();
    match best {
        Some((distance, name)) if distance <= 3 => format!("did you mean `{name}`?"),
        _ => format!(
            "known are {}",
            names.iter().filter(|n| !n.is_empty()).copied().collect::<Vec<_>>().join(", ")
        ),
    }
}
