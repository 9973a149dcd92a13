//! How the screen looks: flags first, then the configuration, then the terminal's environment. It is never asked.

use super::args::Look as Flags;
use super::target;
use crate::config::settings::{COLORS, Colors, GLYPHS, GlyphSet, NOTIFY, Settings};
use crate::tui::app::Look;
use crate::tui::glyphs::Glyphs;
use crate::tui::keymap::Keymap;
use crate::tui::theme::{ColorLevel, Theme, light_background};

/// The theme, how many colours, which characters, how a person is called, what keys mean.
///
/// # Errors
/// When the theme is unknown or broken, or a key cannot mean what it is to mean; it has been printed.
pub fn look(flags: &Flags, settings: &Settings) -> Result<Look, ()> {
    let var = |name: &str| std::env::var(name).ok();
    let light = flags.light || settings.light.or_else(|| light_background(var)).unwrap_or(false);
    let name = flags.theme.clone().or_else(|| settings.theme.clone());
    let theme = match name {
        None if light => Theme::light(),
        None => Theme::dark(),
        Some(name) => match Theme::named(&name) {
            Some(theme) => theme,
            None => read(&name)?,
        },
    };
    let colors = match said(flags.color.as_deref(), &COLORS).unwrap_or(settings.color) {
        Colors::Auto => ColorLevel::detect(var),
        Colors::True => ColorLevel::True,
        Colors::Indexed => ColorLevel::Indexed,
        Colors::Sixteen => ColorLevel::Sixteen,
        Colors::Never => ColorLevel::None,
    };
    let set = if flags.ascii { Some(GlyphSet::Ascii) } else { said(flags.glyphs.as_deref(), &GLYPHS) };
    let glyphs = match set.unwrap_or(if settings.ascii { GlyphSet::Ascii } else { settings.glyphs }) {
        GlyphSet::Auto => Glyphs::detect(var),
        GlyphSet::Unicode => Glyphs::Unicode,
        GlyphSet::Console => Glyphs::Console,
        GlyphSet::Ascii => Glyphs::Ascii,
    };
    let notify = said(flags.notify.as_deref(), &NOTIFY).unwrap_or(settings.notify);
    let keymap = Keymap::with(&settings.keys).map_err(|problems| target::print(&problems))?;
    Ok(Look { theme, colors, glyphs, notify, window: settings.window, keymap })
}

/// What a flag says, by its words.
fn said<T: Copy>(flag: Option<&str>, words: &[(&str, T)]) -> Option<T> {
    let flag = flag?;
    words.iter().find(|(word, _)| *word == flag).map(|(_, meaning)| *meaning)
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
