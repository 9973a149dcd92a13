//! The run: steps, output, verification, what is true now, and what a person must say.

use crate::run::state::Need;
use crate::run::view::{RunState, RunView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::{chop, wrap};
use crate::tui::paint::Scene;
use crate::tui::panels::{criteria, others, run_line, signals, steps, truth};
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    let Some(run) = &scene.view.run else {
        canvas.rule(area.x, area.y, area.width, "Run", "", true);
        canvas.put(
            area.x + 4,
            area.y + 2,
            area.width - 5,
            "No run yet. A procedure's key opens its confirmation.",
            Slot::Text,
        );
        return;
    };
    let y = head(canvas, area, scene, run);
    let area = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    if scene.ui.output {
        output(canvas, area, scene, run);
    } else if area.width >= 110 && area.height >= 28 {
        let right = Rect { x: area.right() - 44, width: 44, ..area };
        body(canvas, Rect { width: area.width - 45, ..area }, scene, run);
        beside(canvas, right, scene);
    } else {
        body(canvas, area, scene, run);
    }
}

/// Which run, its phases, and what is wrong with its supervisor.
fn head(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) -> u16 {
    let mut text = format!("{} · run {} · by {}", run.title, run.id, run.who);
    if !run.host.is_empty() {
        text.push_str(&format!(" · on {}", run.host));
    }
    if let Some(pid) = run.supervisor.filter(|_| area.width >= 100) {
        text.push_str(&format!(" · supervisor pid {pid}"));
    }
    let width = area.width.saturating_sub(2);
    canvas.put(area.x + 1, area.y, width, &text, Slot::Text);
    let mut y = area.y + 1;
    if !run.phases.is_empty() {
        steps::phases(canvas, Rect { y, height: 1, ..area }, scene, run);
        y += 1;
    }
    let adopted = (run.adopted > 0 && run_line::is_live(run))
        .then(|| "The run's supervisor had died. A new one took over; nothing was done twice.".to_string());
    for (mark, text, slot) in [
        ("!!", scene.view.alarm.clone(), Slot::Critical),
        ("? ", scene.view.undriven.clone(), Slot::Unknown),
        ("  ", adopted, Slot::Dim),
    ] {
        for (row, line) in text.iter().flat_map(|t| wrap(t, width as usize - 3)).take(2).enumerate() {
            canvas.put(area.x + 1, y, 2, if row == 0 { mark } else { "  " }, slot);
            canvas.put(area.x + 4, y, width - 3, &line, slot);
            y += 1;
        }
    }
    y
}

/// The sections that matter in this state, from the top down.
fn body(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) {
    let mut below = area;
    let advance =
        |below: &mut Rect, y: u16| *below = Rect { y, height: below.bottom().saturating_sub(y), ..*below };
    let room = area.width.saturating_sub(2) as usize;
    let hints: Vec<String> = hints(scene, run).iter().flat_map(|h| chop(h, room)).collect();
    let last = area.bottom().saturating_sub(hints.len() as u16);
    for (row, hint) in hints.iter().enumerate() {
        canvas.put(area.x + 1, last + row as u16, area.width.saturating_sub(2), hint, Slot::Dim);
    }
    below.height = last.saturating_sub(below.y);
    let n = run.steps.len().min(60) as u16 + 1;
    match (run.state, &run.verification) {
        (RunState::Verifying | RunState::NotVerified | RunState::Finished, Some(v)) => {
            let wanted = criteria::rows(v).min(below.height.saturating_sub(truth::ROWS));
            let y = criteria::draw(canvas, Rect { height: wanted, ..below }, scene, run, v);
            advance(&mut below, y);
            let y = truth::draw(canvas, below, scene, run);
            advance(&mut below, y);
            if run.state == RunState::NotVerified {
                let y = say(canvas, below, run);
                advance(&mut below, y);
            }
            if below.height > 3 {
                let y = steps::draw(canvas, Rect { height: n.min(below.height), ..below }, scene, run, false);
                advance(&mut below, y);
            }
        }
        (RunState::Waiting, _) => {
            let y = steps::draw(canvas, Rect { height: n.min(below.height / 2), ..below }, scene, run, true);
            advance(&mut below, y);
            let y = known(canvas, below, run);
            advance(&mut below, y);
            let y = say(canvas, below, run);
            advance(&mut below, y);
        }
        (RunState::Finished | RunState::Refused, None) => {
            let y = steps::draw(
                canvas,
                Rect { height: n.min(below.height.saturating_sub(truth::ROWS)), ..below },
                scene,
                run,
                true,
            );
            advance(&mut below, y);
            let y = truth::draw(canvas, below, scene, run);
            advance(&mut below, y);
        }
        _ => {
            let seen = if below.height > 12 { 2 } else { 0 };
            let room = below.height.saturating_sub(seen);
            let most = n.min(room.saturating_sub(4).max(room / 2));
            let y = steps::draw(canvas, Rect { height: most, ..below }, scene, run, true);
            advance(&mut below, y);
            if seen > 0 {
                let y = below.bottom() - seen;
                canvas.rule(area.x, y, area.width, "Seen now", "", false);
                let all: Vec<_> = scene.view.signals.iter().enumerate().collect();
                others::line(canvas, Rect { y: y + 1, height: 1, ..area }, scene, &all);
                below.height -= seen;
            }
        }
    }
    if below.height > 1 && !scene.view.output.is_empty() {
        output(canvas, below, scene, run);
    }
}

/// The last lines of what the step prints.
fn output(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) {
    if area.height == 0 {
        return;
    }
    let step = run.current.and_then(|n| run.steps.get(n.checked_sub(1)?)).or(run.steps.last());
    let title = match step {
        Some(s) if s.attempt > 1 => format!("Output of {}, attempt {}", s.index, s.attempt),
        Some(s) => format!("Output of {}", s.index),
        None => "Output".into(),
    };
    let lines = &scene.view.output;
    canvas.rule(
        area.x,
        area.y,
        area.width,
        &title,
        &format!("the last {} lines", lines.len()),
        scene.ui.output,
    );
    let room = area.height as usize - 1;
    let first = lines.len().saturating_sub(room.max(1)).saturating_sub(scene.ui.scroll);
    for (row, line) in lines.iter().skip(first).take(room).enumerate() {
        canvas.put(area.x + 1, area.y + 1 + row as u16, area.width.saturating_sub(2), line, Slot::Text);
    }
}

/// What is known of the step that a person must judge.
fn known(canvas: &mut Canvas<'_>, area: Rect, run: &RunView) -> u16 {
    let (number, word, text) = match &run.needs {
        Some(Need::Settle { step, evidence }) => (Some(*step), "Evidence", evidence.as_str()),
        Some(Need::Decide { step, detail }) => (Some(*step), "Failed", detail.as_str()),
        Some(Need::Accept { why } | Need::GoOn { why }) => (None, "Why", why.as_str()),
        Some(Need::Choose { step, detail }) => (Some(*step), "Why", detail.as_str()),
        Some(Need::Answer { step, question }) => (Some(*step), "Asks", question.text.0.as_str()),
        Some(Need::Approve) | None => return area.y,
    };
    let title = number.map_or("What is known".into(), |n| format!("What is known about step {n}"));
    canvas.rule(area.x, area.y, area.width, &title, "", false);
    let width = area.width.saturating_sub(13);
    let mut y = area.y + 1;
    let command = number.and_then(|n| run.steps.get(n.checked_sub(1)?)).map(|s| s.line.as_str());
    for (label, text) in [("Does", command), (word, Some(text))] {
        for (row, line) in text.iter().flat_map(|t| wrap(t, width as usize)).take(3).enumerate() {
            if y >= area.bottom() {
                return y;
            }
            canvas.put(area.x + 1, y, 9, if row == 0 { label } else { "" }, Slot::Dim);
            canvas.put(area.x + 11, y, width, &line, Slot::Text);
            y += 1;
        }
    }
    y
}

/// What a person can say.
fn say(canvas: &mut Canvas<'_>, area: Rect, run: &RunView) -> u16 {
    let lines: &[(&str, &str)] = match &run.needs {
        Some(Need::Settle { .. }) => &[
            ("O", "settle the outcome…   done: go on after it      not done: do it again"),
            ("S", "stop the run…         nothing more is started"),
        ],
        Some(Need::Decide { .. }) => &[
            ("O", "say what comes next…  done after all, try again, or end it here"),
            ("S", "stop the run…         nothing more is started"),
        ],
        Some(Need::GoOn { .. }) => &[("O", "go on, or end it here…"), ("S", "stop the run…")],
        Some(Need::Accept { .. }) => &[
            ("O", "accept as it is, with a reason…   it ends \"applied, unverified\""),
            ("S", "stop the run…   then another procedure can be started"),
        ],
        Some(Need::Answer { .. } | Need::Choose { .. } | Need::Approve) | None => return area.y,
    };
    canvas.rule(area.x, area.y, area.width, "You say", "", false);
    let mut y = area.y + 1;
    for (key, text) in lines {
        if y < area.bottom() {
            canvas.put(area.x + 1, y, 2, key, Slot::Key);
            canvas.put(area.x + 4, y, area.width.saturating_sub(5), text, Slot::Text);
            y += 1;
        }
    }
    y
}

/// What it means for the person who looks at it.
fn hints(scene: &Scene<'_>, run: &RunView) -> Vec<String> {
    match run.state {
        RunState::Requested | RunState::Running | RunState::Stopping => {
            vec!["Closing ripcord does not stop it. Other procedures wait for it.".into()]
        }
        RunState::Verifying => vec!["Nothing to press. Closing ripcord does not stop it.".into()],
        RunState::Waiting => vec!["Until you say, nothing runs and the lock stays with this run.".into()],
        RunState::NotVerified => {
            vec!["It is applied, not verified, and stays open until somebody says.".into()]
        }
        RunState::Finished => match run.report {
            Some(report) => vec![format!("Report  {}/runs/{}/{report}", scene.view.state_dir, run.id)],
            None => Vec::new(),
        },
        RunState::Refused => vec!["Nothing was changed.".into()],
    }
}

/// Charts of the signals that have a panel.
fn beside(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>) {
    signals::rule(canvas, area.x, area.y, area.width, scene, signals::block_columns(area.width));
    let panels: Vec<_> = scene.view.signals.iter().filter(|s| s.panel).collect();
    let fit = (area.height / 8).clamp(1, 4) as usize;
    let height = (area.height - 1) / fit.min(panels.len().max(1)) as u16;
    for (at, s) in panels.iter().take(fit).enumerate() {
        let block = Rect { y: area.y + 1 + at as u16 * height, height: height.min(11), ..area };
        signals::block(canvas, block, scene, s, false);
    }
}
