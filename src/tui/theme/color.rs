//! How many colours there are, which of them is nearest, and how well two are told apart.

use ratatui::style::Color;

/// The sixteen colours by their names in a theme file, in the order of their numbers.
pub(super) const ANSI: [&str; 16] = [
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
pub(crate) const ANSI_RGB: [Rgb; 16] = [
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

pub(crate) type Rgb = (u8, u8, u8);

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

/// A colour as a theme names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ink {
    /// Its value; `None`: the terminal's own colour of that number, at every level.
    pub rgb: Option<Rgb>,
    /// Which of the sixteen it is where there are no more.
    pub ansi: u8,
}

/// The colour that a level shows for an ink.
pub(super) fn shown(ink: Ink, level: ColorLevel) -> Color {
    match (level, ink.rgb) {
        (ColorLevel::None, _) => Color::Reset,
        (ColorLevel::Sixteen, _) | (_, None) => Color::Indexed(ink.ansi),
        (ColorLevel::Indexed, Some(rgb)) => Color::Indexed(nearest(rgb)),
        (ColorLevel::True, Some((r, g, b))) => Color::Rgb(r, g, b),
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

pub(crate) fn rgb_of(color: Color) -> Rgb {
    match color {
        Color::Rgb(r, g, b) => (r, g, b),
        Color::Indexed(i) => palette(i),
        _ => (0, 0, 0),
    }
}

/// The contrast of two colours by WCAG 2, from 1 to 21.
pub(crate) fn contrast(a: Rgb, b: Rgb) -> f64 {
    let channel = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let light = |c: Rgb| 0.2126 * channel(c.0) + 0.7152 * channel(c.1) + 0.0722 * channel(c.2);
    let (a, b) = (light(a), light(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The one of the sixteen colours nearest to a colour.
pub(super) fn nearest_ansi(rgb: Rgb) -> u8 {
    let gap = |a: u8, b: u8| (i32::from(a) - i32::from(b)).pow(2);
    let distance = |p: Rgb| gap(p.0, rgb.0) + gap(p.1, rgb.1) + gap(p.2, rgb.2);
    (0..16u8).min_by_key(|i| distance(ANSI_RGB[*i as usize])).unwrap_or(7)
}
