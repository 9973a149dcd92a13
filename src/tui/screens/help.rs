//! Every key, from the one table that routes them, and what the marks mean.

use crate::tui::canvas::Canvas;
use crate::tui::keymap::Context;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// The marks that stand before words.
const MARKS: [&str; 2] = [
    "✓ ok  ! warn  !! critical  ? unknown  ~ stale  · quiet  » pending  »! firing",
    "> requested  + applied  * observed  ✓ verified  ▸ running  ! failed  - skipped",
];

enum Row {
    Title(String),
    Key(String, String),
    Blank,
}

/// Every key of the playbook and of ripcord.
fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let mut out = vec![Row::Title("The playbook".into())];
    for p in &scene.view.procedures {
        let Some(key) = p.key else { continue };
        out.push(Row::Key(key.to_string(), format!("{}…", p.title)));
    }
    for m in &scene.view.manual {
        let what =
            if m.counter { format!("count: {}", m.title) } else { format!("raise, lower: {}…", m.title) };
        out.push(Row::Key(m.key.to_string(), what));
    }
    // What works here and everywhere first; the terminal's own keys belong to the latter.
    let here = scene.ui.before().context();
    let first = [here, Context::Global];
    let order = first.into_iter().chain(Context::ALL.into_iter().filter(|c| !first.contains(c)));
    for context in order.filter(|c| *c != Context::Terminal && scene.ui.keymap.of(*c).next().is_some()) {
        out.push(Row::Blank);
        out.push(Row::Title(context.title().into()));
        for b in scene.ui.keymap.of(context) {
            out.push(Row::Key(b.keys_name(), b.label.into()));
        }
        if context == Context::Global {
            for b in scene.ui.keymap.of(Context::Terminal) {
                out.push(Row::Key(b.keys_name(), b.label.into()));
            }
        }
    }
    out
}

/// Draws them in as many columns as there is room for; what does not fit is scrolled to.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let rows = rows(scene);
    let across = (area.width / 38).clamp(1, 4);
    let width = area.width / across;
    let height = area.height.saturating_sub(1 + MARKS.len() as u16 + 2).max(1);
    let pages = rows.len().div_ceil(height as usize).max(1);
    let first = (scene.ui.scroll).min(pages.saturating_sub(across as usize));
    let note = match first + across as usize {
        n if n < pages => "↓ for more",
        _ if first > 0 => "↑ for the first",
        _ => "",
    };
    canvas.rule(area.x, area.y, area.width, "Keys", note, true);
    for (column, rows) in rows.chunks(height as usize).skip(first).take(across as usize).enumerate() {
        let x = area.x + column as u16 * width;
        for (at, row) in rows.iter().enumerate() {
            let y = area.y + 1 + at as u16;
            match row {
                Row::Title(title) => {
                    canvas.put(x + 1, y, width.saturating_sub(2), title, Slot::Head);
                }
                Row::Key(key, label) => {
                    canvas.put(x + 1, y, 12, key, Slot::Key);
                    canvas.put(x + 14, y, width.saturating_sub(15), label, Slot::Text);
                }
                Row::Blank => {}
            }
        }
    }
    let y = area.bottom().saturating_sub(MARKS.len() as u16 + 1);
    let text = "Small letters are the playbook's and open dialogs. Nothing starts unconfirmed.";
    canvas.put(area.x + 1, y, area.width.saturating_sub(2), text, Slot::Dim);
    for (row, line) in MARKS.iter().enumerate() {
        canvas.put(area.x + 1, y + 1 + row as u16, area.width.saturating_sub(2), line, Slot::Text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::tests::{fire, ui};

    #[test]
    fn every_key_of_the_table_is_in_the_help() {
        let (view, ui) = (fire(), ui());
        let rows = rows(&Scene::new(&view, &ui, &|_, _, n| vec![None; n]));
        for b in crate::tui::keymap::TABLE {
            let there =
                rows.iter().any(|r| matches!(r, Row::Key(k, l) if *k == b.keys_name() && l == b.label));
            assert!(there, "{} ({}) is not in the help", b.keys_name(), b.label);
        }
        for p in &view.procedures {
            let key = p.key.unwrap().to_string();
            assert!(rows.iter().any(|r| matches!(r, Row::Key(k, _) if *k == key)));
        }
    }
}
