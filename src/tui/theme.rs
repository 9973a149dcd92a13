//! Colours by meaning: theme files, what they become at each colour level, and what replaces colour where there is none.

pub(crate) mod color;
mod file;

pub use color::{ColorLevel, light_background};
pub use file::ThemeError;

use color::{Ink, contrast, rgb_of, shown};
use ratatui::style::{Color, Modifier, Style};

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
pub(crate) const SLOTS: [(Slot, &str); 22] = [
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

/// One slot's colour; `None` leaves the terminal's own and stands out by attributes.
type Paint = Option<Ink>;

/// A theme, resolved for a colour level.
#[derive(Debug, Clone)]
pub struct Theme {
    name: String,
    paints: [Paint; SLOTS.len()],
    styles: [Style; SLOTS.len()],
}

impl Theme {
    /// The themes compiled in, by name, with their text.
    pub const BUILT_IN: [(&str, &str); 6] = [
        ("dark", include_str!("../../themes/dark.toml")),
        ("light", include_str!("../../themes/light.toml")),
        ("high-contrast", include_str!("../../themes/high-contrast.toml")),
        ("colour-blind-safe", include_str!("../../themes/colour-blind-safe.toml")),
        ("16-colour", include_str!("../../themes/16-colour.toml")),
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
        file::read(text)
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
    fn best_on(&self, band: Ink, level: ColorLevel) -> Color {
        let white = Some(Ink { rgb: band.rgb.map(|_| (255, 255, 255)), ansi: 15 });
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

#[cfg(test)]
mod tests;
