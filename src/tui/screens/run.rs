//! The run: steps, output, verification, what is true now, and what a person must say.

use crate::run::view::{RunState, RunView};
use crate::tui::canvas::Canvas;
use crate::tui::dialog::window::{chop, wrap};
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::panels::{criteria, objectives, others, output, run_line, say, signals, steps, truth};
use crate::tui::theme::Slot;
use crate::tui::ui::Pane;
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
    if scene.ui.pane == Pane::Output {
        output::draw(canvas, area, scene, run);
    } else if scene.ui.pane == Pane::Guide {
        output::guide(canvas, area, scene);
    } else if area.width >= 110 && area.height >= 28 {
        let area = say_hints(canvas, area, scene, run);
        // What is printed is long: it has the whole width, below.
        let printed = match scene.view.output.total as u16 {
            0 => 0,
            n => (n + 1).min(area.height / 5),
        };
        let upper = Rect { height: area.height - printed, ..area };
        let right = Rect { x: area.right() - 44, width: 44, ..upper };
        body(canvas, Rect { width: area.width - 45, ..upper }, scene, run, true);
        beside(canvas, right, scene, run);
        output::draw(canvas, Rect { y: upper.bottom(), height: printed, ..area }, scene, run);
    } else {
        let area = say_hints(canvas, area, scene, run);
        body(canvas, area, scene, run, false);
    }
}

/// What it means for the person who looks at it, at the bottom. Returns what is left of the area.
fn say_hints(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) -> Rect {
    let room = area.width.saturating_sub(2) as usize;
    let hints: Vec<String> = hints(scene, run).iter().flat_map(|h| chop(h, room)).collect();
    let last = area.bottom().saturating_sub(hints.len() as u16);
    for (row, hint) in hints.iter().enumerate() {
        canvas.put(area.x + 1, last + row as u16, area.width.saturating_sub(2), hint, Slot::Dim);
    }
    Rect { height: last.saturating_sub(area.y), ..area }
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
    for (mark, text, slot) in remarks(scene, run) {
        for (row, line) in wrap(&text, width as usize - 3).into_iter().take(2).enumerate() {
            canvas.put(area.x + 1, y, 2, if row == 0 { mark } else { "  " }, slot);
            canvas.put(area.x + 4, y, width - 3, &line, slot);
            y += 1;
        }
    }
    y
}

/// What must not be missed about the run, the gravest first.
fn remarks(scene: &Scene<'_>, run: &RunView) -> Vec<(&'static str, String, Slot)> {
    let view = scene.view;
    let clock = |wall| format::clock(wall, &scene.ui.zone);
    let mut out = Vec::new();
    if let Some(alarm) = &view.alarm {
        out.push(("!!", alarm.clone(), Slot::Critical));
    }
    if let Some(why) = &view.undriven {
        out.push(("? ", why.clone(), Slot::Unknown));
    }
    if let Some((at, why)) = &run.drifted {
        out.push(("!!", format!("DRIFTED at {}: {why}", clock(at.wall)), Slot::Critical));
    }
    for s in run.steps.iter().filter(|s| !s.survivors.is_empty()) {
        let pids: Vec<String> = s.survivors.iter().map(|(pid, name)| format!("{pid} ({name})")).collect();
        let text = format!("NOT DEAD: pids {} of step {} ignore KILL", pids.join(", "), s.label);
        out.push(("!!", text, Slot::Critical));
    }
    if let Some(r) = view.replacing.as_ref().filter(|r| r.run == run.id) {
        let text = format!(
            "Then {} starts, once its processes have ended. Closing ripcord would drop that.",
            r.title
        );
        out.push(("» ", text, Slot::Pending));
    }
    for f in &run.frozen {
        let of = view.procedures.iter().find(|p| p.id == f.undo);
        let undo = of.map_or(f.undo.as_str(), |p| p.title.as_str());
        let text = format!("STILL FROZEN since {}: {}. {undo} lets it go on", clock(f.since.wall), f.what);
        out.push(("! ", text, Slot::Warn));
    }
    if let Some(why) = &run.paused
        && run.needs.is_none()
        && run_line::is_live(run)
    {
        out.push(("» ", format!("Paused: {why}. P goes on"), Slot::Pending));
    }
    if let Some(until) = run.guarding.as_ref().filter(|_| run.drifted.is_none())
        && run_line::is_live(run)
    {
        let at = clock(until.due_wall);
        out.push((
            "✓ ",
            format!("Watched until {at}: a redeploy that takes it back is seen. The lock is free."),
            Slot::Ok,
        ));
    }
    if let Some((at, who, detail, told)) = run.paged.last().filter(|_| run_line::is_live(run)) {
        let how = if *told { "was told" } else { "was NOT told" };
        out.push(("» ", format!("{who} {how} at {}: {detail}", clock(at.wall)), Slot::Pending));
    }
    if let Some(after) = &run.after {
        out.push(("  ", format!("After: {after}"), Slot::Dim));
    }
    if let Some(why) = run.override_reason.as_ref().filter(|_| run_line::is_live(run)) {
        out.push(("! ", format!("Asked for although a check did not hold: {why}"), Slot::Warn));
    }
    if !run.skips.is_empty() {
        let text = format!("Left out as an emergency, to be made up for: {}", run.skips.join(" · "));
        out.push(("! ", text, Slot::Warn));
    }
    if run.adopted > 0 && run_line::is_live(run) {
        let text = "The run's supervisor had died. A new one took over; nothing was done twice.";
        out.push(("  ", text.to_string(), Slot::Dim));
    }
    out
}

/// The sections that matter in this state, from the top down. `wide`: charts, objectives and output stand beside.
fn body(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView, wide: bool) {
    let mut below = area;
    let advance =
        |below: &mut Rect, y: u16| *below = Rect { y, height: below.bottom().saturating_sub(y), ..*below };
    let n = run.steps.len().min(60) as u16 + 1;
    let drifted = run.drifted.is_some() && run_line::is_live(run);
    match (run.state, &run.verification) {
        (RunState::Verifying | RunState::NotVerified | RunState::Finished, Some(v)) if !drifted => {
            // What can be said comes before what is true already.
            let said = say::rows(scene, run);
            let kept = if said > 0 { said } else { truth::ROWS };
            let wanted = criteria::rows(v).min(below.height.saturating_sub(kept));
            let y = criteria::draw(canvas, Rect { height: wanted, ..below }, scene, run, v);
            advance(&mut below, y);
            let y = say::draw(canvas, below, scene, run);
            advance(&mut below, y);
            if said == 0 || below.height >= truth::ROWS {
                let y = truth::draw(canvas, below, scene, run, !wide);
                advance(&mut below, y);
            }
            if below.height > 3 {
                let y = steps::draw(canvas, Rect { height: n.min(below.height), ..below }, scene, run, false);
                advance(&mut below, y);
            }
        }
        (RunState::Waiting | RunState::NotVerified, _) => {
            let rows = below.height.saturating_sub(say::rows(scene, run) + 5).max(below.height / 3);
            let y = steps::draw(canvas, Rect { height: n.min(rows), ..below }, scene, run, true);
            advance(&mut below, y);
            let room = below.height.saturating_sub(say::rows(scene, run));
            let y = say::known(canvas, Rect { height: room, ..below }, scene, run);
            advance(&mut below, y);
            let y = say::draw(canvas, below, scene, run);
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
            let y = truth::draw(canvas, below, scene, run, !wide);
            advance(&mut below, y);
        }
        _ => {
            let seen = if below.height > 12 && !wide { 2 } else { 0 };
            let truth = if wide { truth::ROWS } else { 0 };
            let room = below.height.saturating_sub(seen + truth);
            let most = n.min(room.saturating_sub(4).max(room / 2));
            let y = steps::draw(canvas, Rect { height: most, ..below }, scene, run, true);
            advance(&mut below, y);
            let y = steps::progress(canvas, below, scene, run);
            advance(&mut below, y);
            let y = say::draw(canvas, below, scene, run);
            advance(&mut below, y);
            if seen > 0 {
                let y = below.bottom() - seen;
                let wanted = wanted(scene);
                canvas.rule(area.x, y, area.width, "Seen now", &wanted, false);
                let all: Vec<_> = scene.view.signals.iter().enumerate().collect();
                others::line(canvas, Rect { y: y + 1, height: 1, ..area }, scene, &all);
                below.height -= seen;
            }
            if wide {
                let y = truth::draw(canvas, below, scene, run, false);
                advance(&mut below, y);
            }
        }
    }
    if !wide && below.height > 1 && scene.view.output.total > 0 {
        output::draw(canvas, below, scene, run);
    }
}

/// `CST rollout 50 %, wanted 0 %`: what is seen of the traffic beside what the run wants of it.
fn wanted(scene: &Scene<'_>) -> String {
    let of = scene.view.traffic.as_ref();
    let signal = of.and_then(|t| scene.view.signals.iter().find(|s| s.id == t.signal));
    let words = signal.and_then(|s| Some((s, signals::wanted(scene, s)?)));
    words.map(|(s, w)| format!("{} {}, {w}", s.title, signals::value(s))).unwrap_or_default()
}

/// What it means for the person who looks at it.
fn hints(scene: &Scene<'_>, run: &RunView) -> Vec<String> {
    match run.state {
        _ if run.guarding.is_some() && run.drifted.is_none() && run_line::is_live(run) => {
            vec!["Nothing to press. You will hear the bell if it is taken back.".into()]
        }
        _ if scene.view.undriven.is_some() && run_line::is_live(run) => {
            vec!["Nothing runs. What was done stays done, and the lock is kept for this run.".into()]
        }
        RunState::NotVerified if run.drifted.is_some() => {
            vec!["It was verified and is not any more; it stays open until somebody says.".into()]
        }
        RunState::Running if scene.view.read_only => {
            vec!["Read only: this screen shows, and asks for nothing.".into()]
        }
        RunState::Requested | RunState::Running | RunState::Stopping => {
            vec![format!("{} Other procedures wait for it.", closing(scene))]
        }
        RunState::Verifying => vec![format!("Nothing to press. {}", closing(scene))],
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

/// Charts of the signals that have a panel, and below them what the run is judged by and what comes after it.
fn beside(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) {
    let below = objectives::rows(scene, run).min(area.height / 2);
    let area = match below {
        0 => area,
        n => {
            let at = Rect { y: area.bottom() - n, height: n, ..area };
            objectives::draw(canvas, at, scene, run);
            Rect { height: area.height - n, ..area }
        }
    };
    signals::rule(canvas, area.x, area.y, area.width, scene, signals::block_columns(area.width));
    let panels: Vec<_> = scene.view.signals.iter().filter(|s| s.panel).collect();
    let fit = (area.height / 8).clamp(1, 4) as usize;
    let height = (area.height - 1) / fit.min(panels.len().max(1)) as u16;
    for (at, s) in panels.iter().take(fit).enumerate() {
        let block = Rect { y: area.y + 1 + at as u16 * height, height: height.min(11), ..area };
        signals::block(canvas, block, scene, s, false);
    }
}

/// What becomes of a run when its screen is closed.
fn closing(scene: &Scene<'_>) -> &'static str {
    match scene.view.drill {
        Some(_) => "Closing ripcord ends the drill.",
        None => "Closing ripcord does not stop it.",
    }
}
