//! What a run is verified by, and the clock of its stability.

use crate::run::record::Answer;
use crate::run::view::{RunView, VerificationView, between};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Rows that [`draw`] would like to have.
pub fn rows(v: &VerificationView) -> u16 {
    (v.criteria.len() + 3 + v.restarts.len().min(2)).min(60) as u16
}

/// Rule, criteria, stability clock, and why it started again. Returns the row below.
pub fn draw(
    canvas: &mut Canvas<'_>,
    area: Rect,
    scene: &Scene<'_>,
    run: &RunView,
    v: &VerificationView,
) -> u16 {
    if area.height == 0 {
        return area.y;
    }
    let over = run.ended.is_some() || v.verified || v.missed;
    let note = match (v.verified, v.missed) {
        (true, _) => "held".into(),
        (_, true) => "deadline missed".into(),
        _ if over => String::new(),
        _ => format!("deadline in {}", format::countdown(v.deadline.left(&scene.view.now))),
    };
    canvas.rule(area.x, area.y, area.width, "Criteria, as the supervisor records them", &note, true);
    let mut y = area.y + 1;
    let end = area.right().saturating_sub(1);
    let since_at = end.saturating_sub(14);
    let value_at = (area.x + area.width / 2).saturating_sub(4);
    let last = v.criteria.iter().filter_map(|c| c.since.as_ref()).map(|n| n.wall).max();
    let all_hold = v.criteria.iter().all(|c| c.truth == Answer::Holds);
    let room = area.height.saturating_sub(3) as usize;
    for c in v.criteria.iter().take(room) {
        let (mark, slot) = match c.truth {
            Answer::Holds => ("✓ ", Slot::Ok),
            Answer::Fails => ("!!", Slot::Critical),
            Answer::Blind => ("~ ", Slot::Stale),
        };
        canvas.put(area.x + 1, y, 2, mark, slot);
        canvas.put(area.x + 4, y, value_at.saturating_sub(area.x + 5), &c.text, Slot::Text);
        let ink = if c.truth == Answer::Holds { Slot::Head } else { slot };
        canvas.put(value_at, y, since_at.saturating_sub(value_at + 1), seen(&c.value, c.truth), ink);
        if let Some(since) = &c.since {
            canvas.put(
                since_at,
                y,
                14,
                &format!("since {}", format::clock(since.wall, &scene.ui.zone)),
                Slot::Dim,
            );
            if all_hold && !over && v.criteria.len() > 1 && Some(since.wall) == last {
                canvas.right(since_at.saturating_sub(1), y, 10, "the last →", Slot::Dim);
            }
        }
        y += 1;
    }
    let hidden = v.criteria.len().saturating_sub(room);
    if hidden > 0 {
        canvas.put(area.x + 4, y - 1, 30, &format!("and {} more", hidden + 1), Slot::Dim);
    }
    if y + 1 < area.bottom() {
        y += 1;
        clock(canvas, Rect { y, height: 1, ..area }, scene, run, v);
        y += 1;
    }
    for (at, why) in v.restarts.iter().rev().take(area.bottom().saturating_sub(y).min(2) as usize) {
        let text = format!("started again {}  {why}", format::clock(at.wall, &scene.ui.zone));
        canvas.put(area.x + 4, y, end.saturating_sub(area.x + 4), &text, Slot::Dim);
        y += 1;
    }
    y
}

/// What was seen, without the rule that stands beside it already: `p95 < 1 s: 212 ms` is `212 ms`, and of what could
/// not be judged only the reason in its brackets.
pub fn seen(value: &str, truth: Answer) -> &str {
    match truth {
        Answer::Blind => value.split_once(" (").and_then(|(_, why)| why.strip_suffix(')')).unwrap_or(value),
        _ => value.rsplit_once(": ").map_or(value, |(_, value)| value),
    }
}

/// `Stable clock  2:10 ████████░░░░ 5:00   verified at 03:22:12`.
fn clock(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView, v: &VerificationView) {
    let (y, end) = (area.y, area.right().saturating_sub(1));
    let now = run.ended.as_ref().unwrap_or(&scene.view.now);
    let held = match &v.stable_since {
        _ if v.verified => v.stable_ms,
        Some(since) => between(since, now).min(v.stable_ms),
        None => 0,
    };
    let x = canvas.put(area.x + 1, y, area.width, "Stable clock  ", Slot::Text);
    let x = canvas.put(x, y, 9, &format::elapsed(held), Slot::Head) + 1;
    let bar = (area.width / 3).clamp(6, 30);
    let slot = if v.verified { Slot::Ok } else { Slot::Pending };
    canvas.bar(x, y, bar, held as f64 / v.stable_ms.max(1) as f64, slot);
    let x = canvas.put(x + bar + 1, y, 9, &format::elapsed(v.stable_ms), Slot::Text);
    let text = match &v.stable_since {
        _ if v.verified => "held".into(),
        Some(since) if run.ended.is_none() => {
            format!("verified at {}", format::clock(since.wall + v.stable_ms as i64, &scene.ui.zone))
        }
        _ => "stands: not all hold".into(),
    };
    canvas.put(x + 3, y, end.saturating_sub(x + 3), &text, Slot::Dim);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_not_said_twice() {
        assert_eq!(seen("p95 < 250 ms: 45.1 ms", Answer::Holds), "45.1 ms");
        assert_eq!(seen("healthy", Answer::Fails), "healthy");
        let blind = "error_rate < 1 % (error_rate: failed: measured for 4s of its 5s)";
        assert_eq!(seen(blind, Answer::Blind), "error_rate: failed: measured for 4s of its 5s");
        assert_eq!(seen("STALE", Answer::Blind), "STALE");
    }
}
