//! Hand-made views, and what the screens make of them.

macro_rules! shot {
    ($name:expr, $buffer:expr) => {
        insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!($name, $crate::tui::tests::text(&$buffer));
        });
    };
}

mod charts;
mod checklist;
mod contrast;
mod deciding;
mod events;
mod finding;
mod fleet;
mod guide;
mod incident;
mod keys;
mod messages;
mod plans;
mod run_keys;
mod sizes;
mod states;
mod views;

use super::glyphs::Glyphs;
use super::paint::{self, Charts};
use super::theme::Theme;
use super::ui::Ui;
use crate::session::view::View;
use jiff::tz::{TimeZone, offset};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
pub(crate) use views::*;

/// An hour east of UTC, as in the pictures.
pub(crate) fn ui() -> Ui {
    Ui::new(TimeZone::fixed(offset(1)))
}

/// A drawn frame.
pub(crate) fn frame_in(
    theme: &Theme,
    glyphs: &Glyphs,
    size: (u16, u16),
    ui: &Ui,
    view: &View,
    charts: Charts<'_>,
) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|f| paint::draw(f, ui, view, theme, glyphs, charts)).unwrap();
    terminal.backend().buffer().clone()
}

/// A drawn frame in the dark theme, with the view's charts.
pub(crate) fn frame(size: (u16, u16), ui: &Ui, view: &View) -> Buffer {
    frame_in(&Theme::dark(), &Glyphs::Unicode, size, ui, view, &|s, w, n| columns_of(view, s, w, n))
}

/// Its text, a row to a line, each line closed by `|` so that its width can be seen.
pub(crate) fn text(buffer: &Buffer) -> String {
    let Rect { width, height, .. } = buffer.area;
    let mut out = String::new();
    for y in 0..height {
        let mut x = 0;
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            out.push_str(symbol);
            x += unicode_width::UnicodeWidthStr::width(symbol).max(1) as u16;
        }
        out.push_str("|\n");
    }
    out
}

#[test]
fn overview_in_three_sizes() {
    shot!("overview-calm-80x24", frame((80, 24), &ui(), &calm()));
    shot!("overview-fire-80x24", frame((80, 24), &ui(), &fire()));
    shot!("overview-fire-120x40", frame((120, 40), &ui(), &fire()));
    shot!("overview-fire-200x60", frame((200, 60), &ui(), &fire()));
    shot!("overview-calm-120x40", frame((120, 40), &ui(), &calm()));
    shot!("overview-before-data-80x24", frame((80, 24), &ui(), &before_data()));
    shot!("overview-lost-80x24", frame((80, 24), &ui(), &lost()));
}

#[test]
fn too_small_and_smaller() {
    shot!("small-40x10", frame((40, 10), &ui(), &fire()));
    shot!("small-1x1", frame((1, 1), &ui(), &fire()));
    shot!("overview-fire-60x16", frame((60, 16), &ui(), &fire()));
}

/// The screen after these keys, each dialog acknowledged and settled.
pub(crate) fn after(keys: &str, view: &View) -> Ui {
    use crossterm::event::{KeyCode, KeyEvent};
    let mut ui = ui();
    let mut now = 10_000;
    ui.follow(view);
    for (frame, c) in keys.chars().enumerate() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '↓' => KeyCode::Down,
            '↑' => KeyCode::Up,
            '→' => KeyCode::Right,
            '←' => KeyCode::Left,
            '⇞' => KeyCode::PageUp,
            '⇟' => KeyCode::PageDown,
            '␄' => KeyCode::Char('d'),
            c => KeyCode::Char(c),
        };
        let mut event = KeyEvent::from(code);
        if c == '␄' {
            event.modifiers = crossterm::event::KeyModifiers::CONTROL;
        }
        ui.key(&event, view, now);
        ui.follow(view);
        ui.painted(frame as u64, view);
        ui.acknowledged(frame as u64, now);
        now += 2_000;
    }
    ui
}

#[test]
fn the_run_in_all_its_states() {
    use crate::run::record::Verdict;
    let run = |view: &View| after("4", view);
    for (name, view) in [
        ("run-running", running()),
        ("run-verifying", verifying()),
        ("run-not-verified", not_verified()),
        ("run-unknown-step", unknown_step()),
        ("run-verified", ended(Verdict::Verified)),
        ("run-failed", ended(Verdict::Failed)),
    ] {
        shot!(format!("{name}-80x24"), frame((80, 24), &run(&view), &view));
        shot!(format!("{name}-120x40"), frame((120, 40), &run(&view), &view));
    }
    shot!("overview-running-80x24", frame((80, 24), &ui(), &running()));
}

#[test]
fn the_confirmation_in_all_its_states() {
    use crate::model::playbook::Confirm;
    let with = |confirm| View { draft: Some(draft(confirm)), ..fire() };
    let typed = with(Confirm::Type);
    shot!("confirm-type-80x24", frame((80, 24), &after("clapce-ai-c", &typed), &typed));
    shot!("confirm-type-ready-80x24", frame((80, 24), &after("clapce-ai-cst\t", &typed), &typed));
    shot!("confirm-type-120x40", frame((120, 40), &after("c", &typed), &typed));
    shot!("confirm-type-60x16", frame((60, 16), &after("c", &typed), &typed));
    let key = with(Confirm::Key);
    shot!("confirm-key-80x24", frame((80, 24), &after("c", &key), &key));
    let mut demo = key.clone();
    demo.demo = true;
    shot!("confirm-demo-80x24", frame((80, 24), &after("c", &demo), &demo));
    shot!("confirm-loading-80x24", frame((80, 24), &after("c", &fire()), &fire()));
    let opened = after("c", &key);
    shot!("confirm-expired-80x24", frame((80, 24), &opened, &fire()));
    let mut refused = key.clone();
    let d = refused.draft.as_mut().unwrap();
    (d.proved, d.refused) = (false, Some("The proof failed: hostname is lapce-staging-1.".into()));
    shot!("confirm-refused-80x24", frame((80, 24), &after("c", &refused), &refused));
    let mut already = key;
    already.draft.as_mut().unwrap().already = Some("the share is 0 % since 14:03, by ana".into());
    shot!("confirm-already-80x24", frame((80, 24), &after("c", &already), &already));
}

#[test]
fn the_other_dialogs() {
    shot!("flag-80x24", frame((80, 24), &after("xthree tenants", &fire()), &fire()));
    shot!("stop-80x24", frame((80, 24), &after("4S", &running()), &running()));
    shot!("outcome-80x24", frame((80, 24), &after("4O", &unknown_step()), &unknown_step()));
    shot!("settle-80x24", frame((80, 24), &after("4Onnot in the log", &unknown_step()), &unknown_step()));
    shot!("accept-80x24", frame((80, 24), &after("4O", &not_verified()), &not_verified()));
    shot!("locked-80x24", frame((80, 24), &after("b", &running()), &running()));
}

#[test]
fn the_other_screens() {
    let plan = View { draft: Some(draft(crate::model::playbook::Confirm::Type)), ..fire() };
    shot!("procedures-80x24", frame((80, 24), &after("3", &fire()), &fire()));
    shot!("procedures-plan-80x24", frame((80, 24), &after("3\n", &plan), &plan));
    shot!("procedures-plan-120x40", frame((120, 40), &after("3\n", &plan), &plan));
    shot!("timeline-80x24", frame((80, 24), &after("5kk", &fire()), &fire()));
    shot!("signal-80x24", frame((80, 24), &after("\n", &fire()), &fire()));
    shot!("signal-120x40", frame((120, 40), &after("j\n", &fire()), &fire()));
    shot!("help-80x24", frame((80, 24), &after("?", &fire()), &fire()));
    shot!("help-120x40", frame((120, 40), &after("?", &fire()), &fire()));
    shot!("emergency-80x24", frame((80, 24), &after("E", &fire()), &fire()));
}

#[test]
fn a_demo_says_so_and_a_frozen_chart_too() {
    let demo = View { demo: true, tone: crate::model::playbook::Tone::Calm, ..fire() };
    shot!("overview-demo-80x24", frame((80, 24), &after("F", &demo), &demo));
    shot!("overview-5m-120x40", frame((120, 40), &after("[", &fire()), &fire()));
    shot!("small-demo-40x10", frame((40, 10), &ui(), &demo));
}
