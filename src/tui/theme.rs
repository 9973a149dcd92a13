//! Colours by meaning: theme files, what they become at each colour level, and what replaces colour where there is none.

use ratatui::style::{Color, Modifier, Style};
use std::fmt;
use toml::de::{DeTable, DeValue};

/// What a style means. Screens name meanings, never colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// The ground on which everything stands; painted first over the whole frame.
    Bg,
    /// Ordinary text.
    Text,
    /// Titles and values to look at.
    Head,
    /// Text that may be overlooked.
    Dim,
    /// Section lines.
    Rule,
    /// The key line and other bars.
    Bar,
    /// The banner of an environment where mistakes hurt.
    EnvDanger,
    /// The banner of an environment to be careful in.
    EnvCaution,
    /// The banner of a calm environment.
    EnvCalm,
    /// Everything that marks a rehearsal.
    Drill,
    /// Holds.
    Ok,
    /// Above its warning threshold.
    Warn,
    /// Above its critical threshold.
    Critical,
    /// The one red band of a screen.
    CriticalBand,
    /// Not known.
    Unknown,
    /// Known, but too old to count.
    Stale,
    /// Will act by itself.
    Pending,
    /// The program's own cursor and focus.
    Accent,
    /// A key to press.
    Key,
    /// Columns of a chart.
    Chart,
    /// A threshold line.
    Threshold,
    /// A baseline.
    Baseline,
}

/// Every slot with its name in a theme file; `EnvCaution` has none, it is `pending` reversed.
const SLOTS: [(Slot, &str); 22] = [
    (Slot::Bg, "bg"),
    (Slot::Text, "text"),
    (Slot::Head, "head"),
    (Slot::Dim, "dim"),
    (Slot::Rule, "rule"),
    (Slot::Bar, "bar"),
    (Slot::EnvDanger, "env_danger"),
    (Slot::EnvCaution, ""),
    (Slot::EnvCalm, "env_calm"),
    (Slot::Drill, "drill"),
    (Slot::Ok, "ok"),
    (Slot::Warn, "warn"),
    (Slot::Critical, "critical"),
    (Slot::CriticalBand, "critical_band"),
    (Slot::Unknown, "unknown"),
    (Slot::Stale, "stale"),
    (Slot::Pending, "pending"),
    (Slot::Accent, "accent"),
    (Slot::Key, "key"),
    (Slot::Chart, "chart"),
    (Slot::Threshold, "threshold"),
    (Slot::Baseline, "baseline"),
];

/// The sixteen colours by their names in a theme file, in the order of their numbers.
const ANSI: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright black",
    "bright red",
    "bright green",
    "bright yellow",
    "bright blue",
    "bright magenta",
    "bright cyan",
    "bright white",
];

/// xterm's values of the sixteen colours, to judge contrast by; a terminal may show others.
const ANSI_RGB: [Rgb; 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

type Rgb = (u8, u8, u8);

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ColorLevel {
    /// None: bold, reverse and underline only.
    None,
    /// The sixteen named ones.
    Sixteen,
    /// The 256 of xterm's palette.
    Indexed,
    /// 24 bits.
    True,
}

impl ColorLevel {
    /// The level that the environment promises: `NO_COLOR`, `TERM`, `COLORTERM`. The terminal is never asked.
    pub fn detect(var: impl Fn(&str) -> Option<String>) -> ColorLevel {
        let get = |name| var(name).unwrap_or_default();
        let term = get("TERM");
        if !get("NO_COLOR").is_empty() || term.is_empty() || term == "dumb" || term.starts_with("vt") {
            return ColorLevel::None;
        }
        // GNU screen hands COLORTERM on to its windows but does not understand 24-bit colours.
        let screen = term.starts_with("screen") && get("TMUX").is_empty();
        let promised = matches!(get("COLORTERM").as_str(), "truecolor" | "24bit");
        let known = ["kitty", "alacritty", "foot", "ghostty", "wezterm", "direct"];
        if !screen && term != "linux" && (promised || known.iter().any(|k| term.contains(k))) {
            ColorLevel::True
        } else if term.contains("256color") {
            ColorLevel::Indexed
        } else {
            ColorLevel::Sixteen
        }
    }
}

/// Whether `COLORFGBG` says that the background is light; `None` when it says nothing.
pub fn light_background(var: impl Fn(&str) -> Option<String>) -> Option<bool> {
    let ground = var("COLORFGBG")?.rsplit(';').next()?.parse::<u8>().ok()?;
    Some(matches!(ground, 7 | 9..=15))
}

/// One slot's colour; `None` leaves the terminal's own and stands out by attributes.
type Paint = Option<(Rgb, u8)>;

/// A theme, resolved for a colour level.
#[derive(Debug, Clone)]
pub struct Theme {
    name: String,
    paints: [Paint; SLOTS.len()],
    styles: [Style; SLOTS.len()],
}

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

impl Theme {
    /// The themes compiled in, by name, with their text.
    pub const BUILT_IN: [(&str, &str); 4] = [
        ("dark", include_str!("../../themes/dark.toml")),
        ("light", include_str!("../../themes/light.toml")),
        ("high-contrast", include_str!("../../themes/high-contrast.toml")),
        ("mono", include_str!("../../themes/mono.toml")),
    ];

    /// The theme for a dark background, in 24-bit colour.
    pub fn dark() -> Theme {
        Theme::named("dark").expect("a test reads every theme that is compiled in")
    }

    /// The theme for a light background, in 24-bit colour.
    pub fn light() -> Theme {
        Theme::named("light").expect("a test reads every theme that is compiled in")
    }

    /// No colour.
    pub fn plain() -> Theme {
        Theme::named("mono").expect("a test reads every theme that is compiled in")
    }

    /// A theme that is compiled in.
    pub fn named(name: &str) -> Option<Theme> {
        let (_, text) = Theme::BUILT_IN.iter().find(|(n, _)| *n == name)?;
        Theme::parse(text).ok()
    }

    /// Reads a theme file; slots that it does not name come from its base. Every problem is told.
    pub fn parse(text: &str) -> Result<Theme, Vec<ThemeError>> {
        let mut reader = Reader { text, errors: Vec::new() };
        let theme = reader.theme();
        if reader.errors.is_empty() { Ok(theme) } else { Err(reader.errors) }
    }

    /// The same theme resolved for a colour level.
    pub fn at(mut self, level: ColorLevel) -> Theme {
        for (at, (slot, _)) in SLOTS.iter().enumerate() {
            self.styles[at] = self.resolve(*slot, level);
        }
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The style of a meaning.
    pub fn style(&self, slot: Slot) -> Style {
        self.styles[slot as usize]
    }

    fn paint(&self, slot: Slot) -> Paint {
        self.paints[if slot == Slot::EnvCaution { Slot::Pending } else { slot } as usize]
    }

    fn resolve(&self, slot: Slot, level: ColorLevel) -> Style {
        let Some(paint) = self.paint(slot).filter(|_| level != ColorLevel::None) else {
            return Style::new().add_modifier(without_color(slot));
        };
        let own = shown(paint, level);
        match slot {
            Slot::Bg => Style::new().fg(self.ground_text(level)).bg(own),
            Slot::Bar => Style::new().fg(self.ground_text(level)).bg(own),
            Slot::EnvDanger | Slot::EnvCaution | Slot::EnvCalm | Slot::Drill | Slot::CriticalBand => {
                Style::new().fg(self.best_on(paint, level)).bg(own)
            }
            _ => Style::new().fg(own),
        }
    }

    fn ground_text(&self, level: ColorLevel) -> Color {
        self.paint(Slot::Text).map_or(Color::Reset, |p| shown(p, level))
    }

    /// White, the ground or the heading colour: whichever is read best on a band.
    fn best_on(&self, band: (Rgb, u8), level: ColorLevel) -> Color {
        let white = Some(((255, 255, 255), 15));
        let candidates = [white, self.paint(Slot::Bg), self.paint(Slot::Head)].into_iter().flatten();
        let ground = rgb_of(shown(band, level));
        candidates
            .map(|paint| shown(paint, level))
            .max_by(|a, b| contrast(rgb_of(*a), ground).total_cmp(&contrast(rgb_of(*b), ground)))
            .unwrap_or(Color::Reset)
    }
}

/// What makes a meaning stand out where there is no colour.
fn without_color(slot: Slot) -> Modifier {
    match slot {
        Slot::EnvDanger | Slot::EnvCaution | Slot::CriticalBand => Modifier::REVERSED.union(Modifier::BOLD),
        Slot::EnvCalm | Slot::Drill => Modifier::REVERSED,
        Slot::Head | Slot::Key | Slot::Critical | Slot::Pending | Slot::Accent => Modifier::BOLD,
        Slot::Unknown => Modifier::UNDERLINED,
        _ => Modifier::empty(),
    }
}

/// The colour that a level shows for a paint.
fn shown((rgb, ansi): (Rgb, u8), level: ColorLevel) -> Color {
    match level {
        ColorLevel::None => Color::Reset,
        ColorLevel::Sixteen => Color::Indexed(ansi),
        ColorLevel::Indexed => Color::Indexed(nearest(rgb)),
        ColorLevel::True => Color::Rgb(rgb.0, rgb.1, rgb.2),
    }
}

/// Levels of one channel in the 6×6×6 cube of xterm's palette.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The value of a palette entry.
fn palette(index: u8) -> Rgb {
    match index {
        0..=15 => ANSI_RGB[index as usize],
        16..=231 => {
            let i = (index - 16) as usize;
            (CUBE[i / 36], CUBE[i / 6 % 6], CUBE[i % 6])
        }
        _ => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// The palette entry nearest to a colour; the first sixteen are left out because terminals redefine them.
fn nearest(rgb: Rgb) -> u8 {
    let gap = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
    let distance = |p: Rgb| gap(p.0, rgb.0) + gap(p.1, rgb.1) + gap(p.2, rgb.2);
    (16..=255u8).min_by_key(|i| distance(palette(*i))).unwrap_or(16)
}

fn rgb_of(color: Color) -> Rgb {
    match color {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(i) => palette(i),
        _ => (0, 0, 0),
    }
}

/// The contrast of two colours by WCAG 2, from 1 to 21.
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let channel = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let light = |c: Rgb| 0.2126 * channel(c.0) + 0.7152 * channel(c.1) + 0.0722 * channel(c.2);
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Reads a file and collects what is wrong with it.
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

    /// `"none"`, `"#rrggbb"` or `{ rgb, ansi }`; `None` when it is wrong.
    fn paint(&mut self, span: std::ops::Range<usize>, value: &DeValue<'_>) -> Option<Paint> {
        match value {
            DeValue::String(s) if s.as_ref() == "none" => Some(None),
            DeValue::String(s) => {
                let rgb = self.rgb(span, s)?;
                Some(Some((rgb, nearest_ansi(rgb))))
            }
            DeValue::Table(table) => {
                let (mut rgb, mut ansi) = (None, None);
                for (key, value) in table {
                    match (key.get_ref().as_ref(), value.get_ref()) {
                        ("rgb", DeValue::String(s)) => rgb = Some(self.rgb(value.span(), s)?),
                        ("ansi", DeValue::String(s)) => match ANSI.iter().position(|n| *n == s.as_ref()) {
                            Some(at) => ansi = Some(at as u8),
                            None => {
                                self.wrong(value.span(), format!("no such colour `{s}`"), near(s, &ANSI));
                                return None;
                            }
                        },
                        (other, _) => {
                            let hint = near(other, &["rgb", "ansi"]);
                            self.wrong(
                                key.span(),
                                format!("`{other}` is not a colour's key with text"),
                                hint,
                            );
                            return None;
                        }
                    }
                }
                match rgb {
                    Some(rgb) => Some(Some((rgb, ansi.unwrap_or_else(|| nearest_ansi(rgb))))),
                    None => {
                        self.wrong(span, "`rgb` is missing".into(), "write `rgb = \"#rrggbb\"`".into());
                        None
                    }
                }
            }
            _ => {
                let hint = "write \"#rrggbb\", \"none\" or { rgb = \"#rrggbb\", ansi = \"red\" }";
                self.wrong(span, "this is not a colour".into(), hint.into());
                None
            }
        }
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

/// The one of the sixteen colours nearest to a colour.
fn nearest_ansi(rgb: Rgb) -> u8 {
    let gap = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
    let distance = |p: Rgb| gap(p.0, rgb.0) + gap(p.1, rgb.1) + gap(p.2, rgb.2);
    (0..16u8).min_by_key(|i| distance(ANSI_RGB[*i as usize])).unwrap_or(7)
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

#[cfg(test)]
mod tests {
    use super::*;

    const READ: [Slot; 12] = [
        Slot::Text,
        Slot::Head,
        Slot::Dim,
        Slot::Ok,
        Slot::Warn,
        Slot::Critical,
        Slot::Unknown,
        Slot::Stale,
        Slot::Pending,
        Slot::Accent,
        Slot::Key,
        Slot::Bg,
    ];
    const BANDS: [Slot; 6] =
        [Slot::Bar, Slot::EnvDanger, Slot::EnvCaution, Slot::EnvCalm, Slot::Drill, Slot::CriticalBand];

    fn ratio(theme: &Theme, text: Style, ground: Style) -> f64 {
        let fg = text.fg.unwrap_or_else(|| panic!("{}: no text colour", theme.name()));
        contrast(rgb_of(fg), rgb_of(ground.bg.expect("a ground")))
    }

    #[test]
    fn every_theme_reads_and_names_every_slot() {
        for (name, text) in Theme::BUILT_IN {
            let theme = Theme::parse(text).unwrap_or_else(|e| panic!("{name}: {e:?}"));
            assert_eq!(theme.name(), name);
            for (_, slot) in SLOTS.iter().filter(|(_, n)| !n.is_empty()) {
                assert!(text.contains(&format!("\n{slot} ")), "{name} does not name {slot}");
            }
        }
    }

    #[test]
    fn slots_stand_at_their_own_number() {
        for (at, (slot, _)) in SLOTS.iter().enumerate() {
            assert_eq!(*slot as usize, at);
        }
    }

    #[test]
    fn text_is_readable_at_24_and_8_bits() {
        for name in ["dark", "light", "high-contrast"] {
            for level in [ColorLevel::True, ColorLevel::Indexed] {
                let least = if name == "high-contrast" { 7.0 } else { 4.5 };
                let theme = Theme::named(name).unwrap().at(level);
                for slot in READ {
                    let r = ratio(&theme, theme.style(slot), theme.style(Slot::Bg));
                    assert!(r >= least, "{name} {level:?}: {slot:?} has {r:.2}");
                }
                for slot in BANDS {
                    let r = ratio(&theme, theme.style(slot), theme.style(slot));
                    assert!(r >= least, "{name} {level:?}: {slot:?} has {r:.2}");
                }
                for slot in [Slot::Dim, Slot::Key] {
                    let r = ratio(&theme, theme.style(slot), theme.style(Slot::Bar));
                    assert!(r >= 4.5, "{name} {level:?}: {slot:?} on the bar has {r:.2}");
                }
            }
        }
    }

    #[test]
    fn charts_and_thresholds_are_seen() {
        for name in ["dark", "light", "high-contrast"] {
            let theme = Theme::named(name).unwrap();
            for slot in [Slot::Chart, Slot::Threshold, Slot::Baseline] {
                let r = ratio(&theme, theme.style(slot), theme.style(Slot::Bg));
                assert!(r >= 3.0, "{name}: {slot:?} has {r:.2}");
            }
        }
    }

    #[test]
    fn without_colour_a_style_has_none_and_what_matters_stands_out() {
        let plain = Theme::dark().at(ColorLevel::None);
        let mono = Theme::plain();
        for (slot, _) in SLOTS {
            let style = plain.style(slot);
            assert_eq!((style.fg, style.bg), (None, None), "{slot:?}");
            assert_eq!(style, mono.style(slot), "{slot:?}");
        }
        assert!(plain.style(Slot::CriticalBand).add_modifier.contains(Modifier::REVERSED));
        assert!(plain.style(Slot::EnvDanger).add_modifier.contains(Modifier::REVERSED));
        assert!(plain.style(Slot::Critical).add_modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn sixteen_colours_come_from_the_file() {
        let theme = Theme::dark().at(ColorLevel::Sixteen);
        assert_eq!(theme.style(Slot::Warn).fg, Some(Color::Indexed(3)));
        assert_eq!(
            theme.style(Slot::CriticalBand),
            Style::new().fg(Color::Indexed(15)).bg(Color::Indexed(1))
        );
        assert_eq!(theme.style(Slot::EnvDanger), Style::new().fg(Color::Indexed(0)).bg(Color::Indexed(15)));
    }

    #[test]
    fn a_partial_file_falls_back_to_dark_or_to_its_base() {
        let mine = Theme::parse("name = \"mine\"\n[slots]\nok = \"#00ff00\"\n").unwrap();
        assert_eq!(mine.style(Slot::Ok).fg, Some(Color::Rgb(0, 255, 0)));
        assert_eq!(mine.style(Slot::Warn), Theme::dark().style(Slot::Warn));
        assert_eq!(mine.at(ColorLevel::Sixteen).style(Slot::Ok).fg, Some(Color::Indexed(10)));
        let mine = Theme::parse("base = \"light\"\n").unwrap();
        assert_eq!(mine.style(Slot::Warn), Theme::light().style(Slot::Warn));
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_a_near_name() {
        let text = "name = 3\nbase = \"drak\"\nslot = 1\n[slots]\ncritcal = \"#ff0000\"\nok = \"green\"\n\
                    warn = { rgb = \"#12345\" }\npending = { rgb = \"#123456\", ansi = \"bright rad\" }\ntext = 7\n\
                    head = { ansi = \"red\" }\n";
        let told: Vec<String> = Theme::parse(text).unwrap_err().iter().map(|e| e.to_string()).collect();
        let wanted = [
            "line 1: this must be text",
            "line 2: no theme `drak`; did you mean `dark`?",
            "line 3: unknown key `slot`; did you mean `slots`?",
            "line 5: unknown slot `critcal`; did you mean `critical`?",
            "line 6: `green` is not a colour; write it as \"#rrggbb\", or \"none\" for the terminal's own",
            "line 7: `#12345` is not a colour",
            "line 8: no such colour `bright rad`; did you mean `bright red`?",
            "line 9: this is not a colour",
            "line 10: `rgb` is missing",
        ];
        for w in wanted {
            assert!(told.iter().any(|t| t.starts_with(w)), "{w} is not in {told:#?}");
        }
        assert_eq!(told.len(), wanted.len(), "{told:#?}");
        assert!(Theme::parse("[slots\n").unwrap_err()[0].to_string().starts_with("line 1:"));
    }

    #[test]
    fn the_colour_level_comes_from_the_environment() {
        let level = |vars: &'static [(&str, &str)]| {
            ColorLevel::detect(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
        };
        assert_eq!(level(&[("TERM", "xterm-256color")]), ColorLevel::Indexed);
        assert_eq!(level(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), ColorLevel::True);
        assert_eq!(level(&[("TERM", "xterm-kitty")]), ColorLevel::True);
        assert_eq!(level(&[("TERM", "linux"), ("COLORTERM", "truecolor")]), ColorLevel::Sixteen);
        assert_eq!(level(&[("TERM", "screen-256color"), ("COLORTERM", "truecolor")]), ColorLevel::Indexed);
        assert_eq!(
            level(&[("TERM", "screen-256color"), ("TMUX", "x"), ("COLORTERM", "truecolor")]),
            ColorLevel::True
        );
        assert_eq!(level(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), ColorLevel::None);
        assert_eq!(level(&[("TERM", "xterm"), ("NO_COLOR", "")]), ColorLevel::Sixteen);
        assert_eq!(level(&[("TERM", "dumb")]), ColorLevel::None);
        assert_eq!(level(&[]), ColorLevel::None);
    }

    #[test]
    fn a_light_background_is_told_by_colorfgbg_only() {
        let light = |v: &'static str| light_background(|n| (n == "COLORFGBG").then(|| v.to_string()));
        assert_eq!(light("0;15"), Some(true));
        assert_eq!(light("15;0"), Some(false));
        assert_eq!(light("0;default;15"), Some(true));
        assert_eq!(light("15;default"), None);
        assert_eq!(light_background(|_| None), None);
    }
}
