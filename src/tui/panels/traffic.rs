//! The split of the traffic as bars: what is wanted, where a record says it, and what is seen.

use super::signals::{stand, wanted};
use crate::model::unit::Unit;
use crate::session::view::SignalView;
use crate::tui::canvas::Canvas;
use crate::tui::paint::{Scene, mark};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

fn signal<'v>(scene: &Scene<'v>) -> Option<&'v SignalView> {
    let id = &scene.view.traffic.as_ref()?.signal;
    let shares = |s: &&SignalView| s.id == *id && matches!(s.unit, Unit::Percent | Unit::Ratio);
    scene.view.signals.iter().find(shares)
}

/// Rows it takes; none where the traffic is not split.
pub fn rows(scene: &Scene<'_>) -> u16 {
    signal(scene).map_or(0, |s| 1 + u16::from(wanted(scene, s).is_some()))
}

/// `CST rollout  wanted   0 %  ░░░░░░░░░░`, and below it what is seen.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let Some(s) = signal(scene) else { return };
    let now = stand(scene, s);
    let share = |at: Option<f64>| at.unwrap_or(0.0);
    let mut lines: Vec<(String, String, Option<f64>, Slot)> = Vec::new();
    if let (Some(words), Some(w)) =
        (wanted(scene, s), scene.view.traffic.as_ref().and_then(|t| t.wanted.as_ref()))
    {
        let value = words.strip_prefix("wanted ").unwrap_or(&words).to_string();
        lines.push(("wanted".into(), value, Some(w.share), Slot::Text));
    }
    let seen = match scene.cursor() {
        None => s.value,
        Some(_) => {
            let n = usize::from(scene.ui.charts.drawn.get());
            scene.cursor_column(n).and_then(|c| scene.columns(&s.id, n)[c]).map(|c| c.max)
        }
    };
    lines.push(("seen".into(), now.value.clone(), seen, mark(now.level).1));
    let end = area.right().saturating_sub(1);
    let title = (area.width / 3).clamp(8, 18);
    for (row, (word, value, at, slot)) in lines.into_iter().take(area.height.into()).enumerate() {
        let (y, x) = (area.y + row as u16, area.x + 1 + title + 1);
        canvas.put(area.x + 1, y, title, if row == 0 { &s.title } else { "" }, Slot::Text);
        canvas.put(x, y, 6, &word, Slot::Dim);
        let slot = if slot == Slot::Ok { Slot::Head } else { slot };
        canvas.right(x + 14, y, 7, &value, slot);
        let bar = end.saturating_sub(x + 16).min(20);
        if bar >= 4 && at.is_some() {
            canvas.bar(x + 16, y, bar, share(at), Slot::Chart);
        }
    }
}
