//! Every theme reads, and can be read.

use super::*;

impl Theme {
    /// A theme whose colours tell which slot they come from: 0 and up the ground of a slot, 100 and up its text, 200 and up
    /// the text of a band.
    pub(crate) fn probe() -> Theme {
        let mut theme = Theme::dark();
        for (slot, _) in SLOTS {
            let n = slot as u8;
            theme.styles[slot as usize] = match slot {
                Slot::Bg | Slot::Bar => {
                    Style::new().fg(Color::Indexed(100 + Slot::Text as u8)).bg(Color::Indexed(n))
                }
                _ if BANDS.contains(&slot) => Style::new().fg(Color::Indexed(200 + n)).bg(Color::Indexed(n)),
                _ => Style::new().fg(Color::Indexed(100 + n)),
            };
        }
        theme
    }
}

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
    assert_eq!(theme.style(Slot::Warn).fg, Some(Color::Indexed(11)));
    assert_eq!(theme.style(Slot::CriticalBand), Style::new().fg(Color::Indexed(15)).bg(Color::Indexed(1)));
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
    let text = "name = 3\nbase = \"drak\"\nslot = 1\n[slots]\ncritcal = \"#ff0000\"\nok = \"grean\"\n\
                warn = { rgb = \"#12345\" }\npending = { rgb = \"#123456\", ansi = \"bright rad\" }\ntext = 7\n\
                head = { }\n";
    let told: Vec<String> = Theme::parse(text).unwrap_err().iter().map(|e| e.to_string()).collect();
    let wanted = [
        "line 1: this must be text",
        "line 2: no theme `drak`; did you mean `dark`?",
        "line 3: unknown key `slot`; did you mean `slots`?",
        "line 5: unknown slot `critcal`; did you mean `critical`?",
        "line 6: no such colour `grean`; did you mean `green`?; or write it as \"#rrggbb\", or \"none\"",
        "line 7: `#12345` is not a colour",
        "line 8: no such colour `bright rad`; did you mean `bright red`?",
        "line 9: this is not a colour",
        "line 10: this is not a colour",
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
