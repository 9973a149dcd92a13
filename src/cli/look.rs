//! How the screen looks: flags first, then the configuration, then the terminal's environment. It is never asked.

use super::args::Look;
use crate::config::settings::Settings;
use crate::tui::glyphs::Glyphs;
use crate::tui::theme::{ColorLevel, Theme, light_background};

/// The theme at the terminal's colours, and the set of characters.
///
/// # Errors
/// When the theme is unknown or broken; it has been printed.
pub fn look(look: &Look, settings: &Settings) -> Result<(Theme, Glyphs), ()> {
    let var = |name: &str| std::env::var(name).ok();
    let light = look.light || settings.light.or_else(|| light_background(var)).unwrap_or(false);
    let name = look.theme.clone().or_else(|| settings.theme.clone());
    let theme = match name {
        None if light => Theme::light(),
        None => Theme::dark(),
        Some(name) => match Theme::named(&name) {
            Some(theme) => theme,
            None => read(&name)?,
        },
    };
    let glyphs = if look.ascii || settings.ascii { Glyphs::Ascii } else { Glyphs::detect(var) };
    Ok((theme.at(ColorLevel::detect(var)), glyphs))
}

fn read(path: &str) -> Result<Theme, ()> {
    let known: Vec<&str> = Theme::BUILT_IN.iter().map(|(n, _)| *n).collect();
    let text = std::fs::read_to_string(path).map_err(|e| {
        eprintln!("error: no theme is named `{path}`, and as a file it cannot be read: {e}");
        eprintln!("  hint: {}, or the path of a theme file", known.join(", "));
    })?;
    Theme::parse(&text).map_err(|errors| {
        for e in errors {
            eprintln!("error: {path}:{}: {}\n  hint: {}", e.line, e.message, e.hint);
        }
    })
}
