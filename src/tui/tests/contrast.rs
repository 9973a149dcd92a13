//! Every text that is really drawn can be read in every theme, also by eyes that see red and green alike.
//!
//! The screens are drawn in a theme whose colours name their slots; the pairs of text and ground that come out are then
//! judged in all themes: WCAG 2.1, 1.4.3 (text, 4.5:1) and 1.4.11 (graphics, 3:1). Rule lines only decorate.

use super::*;
use crate::run::record::Verdict;
use crate::tui::theme::color::{ANSI_RGB, Rgb, contrast, rgb_of};
use crate::tui::theme::{ColorLevel, SLOTS, Slot};
use ratatui::style::{Color, Modifier};
use std::collections::BTreeMap;

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Text,
    Graphic,
}

/// Text and ground, as the probe theme numbers them.
type Pair = (u8, u8, Kind);

/// The pairs of a frame in the probe theme, each with where it was seen first.
fn pairs(name: &str, size: (u16, u16), ui: &Ui, view: &View, into: &mut BTreeMap<Pair, String>) {
    let buffer =
        frame_in(&Theme::probe(), &Glyphs::Unicode, size, ui, view, &|s, w, n| columns_of(view, s, w, n));
    for at in buffer.area.positions() {
        let cell = &buffer[at];
        let (Color::Indexed(mut fg), Color::Indexed(mut bg)) = (cell.fg, cell.bg) else {
            panic!("{name}: a cell at {at} without a slot: {cell:?}")
        };
        if cell.modifier.contains(Modifier::REVERSED) {
            (fg, bg) = (bg, fg);
        }
        let drawn = cell.symbol().starts_with(|c| ('\u{2500}'..='\u{259f}').contains(&c));
        let kind = if drawn { Kind::Graphic } else { Kind::Text };
        let decorates = drawn && fg == 100 + Slot::Rule as u8;
        if cell.symbol() != " " && !decorates {
            into.entry((fg, bg, kind)).or_insert_with(|| format!("{name} at {at}: {:?}", cell.symbol()));
        }
    }
}

/// What is drawn: every screen and many dialogs, over everything that can be the matter.
fn all_pairs() -> BTreeMap<Pair, String> {
    let mut out = BTreeMap::new();
    let demo = |view: View| View { demo: true, tone: crate::model::playbook::Tone::Calm, ..view };
    let caution = |view: View| View { tone: crate::model::playbook::Tone::Caution, ..view };
    let asks = View { draft: Some(draft(crate::model::playbook::Confirm::Type)), ..fire() };
    let key = View { draft: Some(draft(crate::model::playbook::Confirm::Key)), ..fire() };
    for (name, view) in [
        ("calm", calm()),
        ("caution", caution(calm())),
        ("fire", fire()),
        ("before data", before_data()),
        ("lost", lost()),
        ("running", running()),
        ("verifying", verifying()),
        ("not verified", not_verified()),
        ("unknown step", unknown_step()),
        ("verified", ended(Verdict::Verified)),
        ("failed", ended(Verdict::Failed)),
        ("demo", demo(fire())),
        ("asks", asks),
        ("key", key),
    ] {
        for keys in
            ["", "2", "3", "3\n", "4", "5", "6", "7", "8", "9", "?", "E", "W", "\n", ":", "D", "N", "A"]
        {
            pairs(&format!("{name} {keys:?}"), (120, 40), &after(keys, &view), &view, &mut out);
        }
        for keys in ["", "clapce-ai-c", "clapce-ai-cst\t", "c", "xthree", "4S", "4O", "4Onnot", "b", "F"] {
            pairs(&format!("{name} {keys:?}"), (80, 24), &after(keys, &view), &view, &mut out);
        }
        pairs(name, (200, 60), &ui(), &view, &mut out);
        pairs(name, (40, 10), &ui(), &view, &mut out);
    }
    out
}

/// The sixteen colours as the Linux console shows them; xterm's are in [`ANSI_RGB`].
const CONSOLE: [Rgb; 16] = [
    (0, 0, 0),
    (170, 0, 0),
    (0, 170, 0),
    (170, 85, 0),
    (0, 0, 170),
    (170, 0, 170),
    (0, 170, 170),
    (170, 170, 170),
    (85, 85, 85),
    (255, 85, 85),
    (85, 255, 85),
    (255, 255, 85),
    (85, 85, 255),
    (255, 85, 255),
    (85, 255, 255),
    (255, 255, 255),
];

/// The value of a colour, where the first sixteen are the palette's.
fn value(color: Color, palette: &[Rgb; 16]) -> Rgb {
    match color {
        Color::Indexed(n @ 0..=15) => palette[n as usize],
        other => rgb_of(other),
    }
}

/// A number of the probe theme in another.
fn color(theme: &Theme, code: u8) -> Color {
    let style = theme.style(SLOTS[code as usize % 100].0);
    if code < 100 { style.bg } else { style.fg }.expect("a theme with colours has all of them")
}

fn slot(code: u8) -> Slot {
    SLOTS[code as usize % 100].0
}

fn coloured() -> impl Iterator<Item = Theme> {
    let names = Theme::BUILT_IN.map(|(name, _)| name);
    names.into_iter().filter(|n| *n != "mono").map(|n| Theme::named(n).unwrap())
}

#[test]
fn every_pair_that_is_drawn_can_be_read_in_every_theme() {
    let pairs = all_pairs();
    let mut wrong = Vec::new();
    for theme in coloured() {
        for (level, palette) in [
            (ColorLevel::True, &ANSI_RGB),
            (ColorLevel::Indexed, &ANSI_RGB),
            (ColorLevel::Sixteen, &ANSI_RGB),
            (ColorLevel::Sixteen, &CONSOLE),
        ] {
            let theme = theme.clone().at(level);
            let mut lowest: Option<(f64, String)> = None;
            for ((fg, bg, kind), place) in &pairs {
                let ratio = contrast(value(color(&theme, *fg), palette), value(color(&theme, *bg), palette));
                let least = match kind {
                    Kind::Text => 4.5,
                    Kind::Graphic => 3.0,
                };
                let told = format!("{:?} on {:?} ({place})", slot(*fg), slot(*bg));
                if ratio < least {
                    wrong.push(format!("{} {level:?}: {ratio:.2} {told}", theme.name()));
                }
                if *kind == Kind::Text && lowest.as_ref().is_none_or(|(r, _)| ratio < *r) {
                    lowest = Some((ratio, told));
                }
            }
            let (ratio, told) = lowest.expect("something is drawn");
            println!("{:18} {level:?}: lowest text {ratio:.2}: {told}", theme.name());
        }
    }
    println!("{} pairs of text and ground are drawn", pairs.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    let grounds: Vec<Slot> = pairs.keys().map(|(_, bg, _)| slot(*bg)).collect();
    for band in [Slot::Bar, Slot::EnvDanger, Slot::EnvCaution, Slot::EnvCalm, Slot::Drill, Slot::CriticalBand]
    {
        assert!(grounds.contains(&band), "{band:?} is not among what was drawn");
    }
}

/// How eyes without one kind of cone see a colour: Machado, Oliveira and Fernandes, "A Physiologically-based Model for
/// Simulation of Color Vision Deficiency", IEEE TVCG 15 (6), 2009, severity 1.0, on linear RGB.
const PROTANOPIA: [[f64; 3]; 3] =
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
const DEUTERANOPIA: [[f64; 3]; 3] =
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
const AS_IT_IS: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// CIE L*a*b* (D65) of a colour as these eyes see it.
fn lab(rgb: Rgb, eyes: &[[f64; 3]; 3]) -> [f64; 3] {
    let linear = [rgb.0, rgb.1, rgb.2].map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    let times = |m: &[[f64; 3]; 3], v: [f64; 3]| m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);
    let seen = times(eyes, linear).map(|c| c.clamp(0.0, 1.0));
    let xyz = times(
        &[
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ],
        seen,
    );
    let f = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = [f(xyz[0] / 0.95047), f(xyz[1]), f(xyz[2] / 1.08883)];
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn states_stay_apart_for_eyes_that_see_red_and_green_alike() {
    const STATES: [Slot; 6] =
        [Slot::Ok, Slot::Warn, Slot::Critical, Slot::Unknown, Slot::Pending, Slot::Text];
    let apart = |name: &str, level: ColorLevel| {
        let theme = Theme::named(name).unwrap().at(level);
        let mut least = (f64::MAX, String::new());
        for (eyes, matrix) in
            [("all", &AS_IT_IS), ("protanopia", &PROTANOPIA), ("deuteranopia", &DEUTERANOPIA)]
        {
            for (i, a) in STATES.iter().enumerate() {
                for b in &STATES[i + 1..] {
                    let [p, q] = [a, b].map(|s| lab(rgb_of(theme.style(*s).fg.unwrap()), matrix));
                    let far = p.iter().zip(q).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
                    if far < least.0 {
                        least = (far, format!("{a:?} and {b:?}, {eyes}"));
                    }
                }
            }
        }
        println!("{name} {level:?}: nearest states {:.1} apart (CIE76): {}", least.0, least.1);
        least.0
    };
    // Two colours are told apart side by side from about 2.3 on; marks in a corner of the eye need many times that.
    assert!(apart("colour-blind-safe", ColorLevel::True) >= 25.0);
    assert!(apart("colour-blind-safe", ColorLevel::Indexed) >= 20.0);
    assert!(apart("dark", ColorLevel::True) < 25.0, "the test can fail");
}
