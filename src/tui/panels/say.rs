//! What is known of what a run waits for, and what a person can say.

use crate::run::record::Answer;
use crate::run::state::Need;
use crate::run::view::RunView;
use crate::session::view::TakeUp;
use crate::tui::canvas::Canvas;
use crate::tui::dialog::approve;
use crate::tui::dialog::outcome::proposes;
use crate::tui::dialog::unverified;
use crate::tui::dialog::window::wrap;
use crate::tui::format;
use crate::tui::paint::{self, Scene};
use crate::tui::panels::run_line;
use crate::tui::theme::Slot;
use crate::tui::ui::guide_of;
use ratatui::layout::Rect;

/// What is known of the step (or the run) that a person must judge. Returns the row below.
pub fn known(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) -> u16 {
    let of = |n: usize| run.steps.get(n.wrapping_sub(1));
    let mut facts: Vec<(&str, String, Slot)> = Vec::new();
    let number = match &run.needs {
        Some(Need::Settle { step, evidence }) => {
            facts.push(("Evidence", evidence.clone(), Slot::Text));
            if let Some((answer, seen)) = of(*step).and_then(|s| s.proposal.as_ref()) {
                facts.push(("Probe", proposes(*answer, seen), Slot::Head));
            }
            Some(*step)
        }
        Some(Need::Decide { step, detail }) => {
            facts.push(("Failed", detail.clone(), Slot::Critical));
            Some(*step)
        }
        Some(Need::Choose { step, detail }) => {
            facts.push(("Unknown", detail.clone(), Slot::Text));
            Some(*step)
        }
        Some(Need::Answer { step, question }) => {
            facts.push(("Asks", question.text.0.clone(), Slot::Head));
            Some(*step)
        }
        Some(Need::Accept { why } | Need::GoOn { why }) => {
            facts.push(("Why", why.clone(), Slot::Text));
            None
        }
        Some(Need::Approve) => {
            if let Some(a) = &run.approval {
                let left = format::countdown(a.deadline.left(&scene.view.now));
                facts.push(("Needs", approve::needs(a), Slot::Head));
                facts.push(("Within", format!("{left}, {}", approve::default(a.default)), Slot::Text));
            }
            if let Some(you) = &scene.view.approver {
                facts.push(("You", you.why.clone(), Slot::Text));
                facts.push(("Who may", you.others.clone(), Slot::Text));
            }
            facts.push(("How", format!("by A, or with  ripcord approve {}", run.id), Slot::Text));
            for p in run.preflight.iter().filter(|p| p.answer != Answer::Holds) {
                facts.push((paint::answer(p.answer).0, format!("{}: {}", p.text, p.detail), Slot::Warn));
            }
            None
        }
        None => return area.y,
    };
    if let Some(step) = number.and_then(of).filter(|s| s.kind != "ask") {
        facts.insert(0, ("Does", step.line.clone(), Slot::Text));
    }
    facts.retain(|f| !f.1.is_empty());
    let title = match number {
        Some(n) => format!("What is known about step {}", run_line::label(run, n)),
        None => "What is known".into(),
    };
    canvas.rule(area.x, area.y, area.width, &title, "", false);
    let width = area.width.saturating_sub(13);
    let mut y = area.y + 1;
    for (label, text, slot) in facts {
        for (row, line) in wrap(&text, width as usize).iter().take(3).enumerate() {
            if y >= area.bottom() {
                return y;
            }
            canvas.put(area.x + 1, y, 9, if row == 0 { label } else { "" }, Slot::Dim);
            canvas.put(area.x + 11, y, width, line, slot);
            y += 1;
        }
    }
    y
}

/// What a person can say, by key. Returns the row below.
pub fn draw(canvas: &mut Canvas<'_>, area: Rect, scene: &Scene<'_>, run: &RunView) -> u16 {
    let lines = lines(scene, run);
    if area.height < 2 || lines.is_empty() {
        return area.y;
    }
    canvas.rule(area.x, area.y, area.width, "You say", "", false);
    let mut y = area.y + 1;
    for (key, text) in lines {
        if y < area.bottom() {
            canvas.put(area.x + 1, y, 2, key, Slot::Key);
            canvas.put(area.x + 4, y, area.width.saturating_sub(5), &text, Slot::Text);
            y += 1;
        }
    }
    y
}

/// Rows that [`draw`] would like to have.
pub fn rows(scene: &Scene<'_>, run: &RunView) -> u16 {
    match lines(scene, run).len() as u16 {
        0 => 0,
        n => n + 1,
    }
}

fn lines(scene: &Scene<'_>, run: &RunView) -> Vec<(&'static str, String)> {
    let view = scene.view;
    let stop = ("S", "stop the run…         nothing more is started".to_string());
    let mut out: Vec<(&'static str, String)> = match (&run.needs, view.take_up) {
        (_, Some(TakeUp::Resume)) => {
            vec![("O", "take it up…           a new supervisor goes on with it".into())]
        }
        (_, Some(TakeUp::Succeed)) => {
            vec![("O", "go on with it…        by a run of your own, linked to this one".into())]
        }
        (Some(Need::Settle { .. }), _) => vec![
            ("O", "settle the outcome…   done: go on behind it      not done: do it again".into()),
            ("R", "ask the probe again   it only looks".into()),
            stop,
        ],
        (Some(Need::Decide { .. }), _) => vec![
            ("R", "retry…                it is done once more".into()),
            ("O", "say what comes next…  done after all, leave it, or end the run".into()),
            stop,
        ],
        (Some(Need::Choose { .. }), _) => {
            vec![("O", "say…                  do it, leave it, or end the run".into()), stop]
        }
        (Some(Need::Answer { .. }), _) => vec![("O", "answer…".into()), stop],
        (Some(Need::GoOn { .. }), _) => vec![("P", "go on…                or end it here".into()), stop],
        (Some(Need::Approve), _) => {
            let may = view.approver.as_ref().is_some_and(|a| a.may);
            let text =
                if may { "approve…              or refuse it, with a reason" } else { "look at it…" };
            vec![("A", text.into()), stop]
        }
        (Some(Need::Accept { .. }), _) => {
            let mut ways = Vec::new();
            if let Some(p) = unverified::next(view, run) {
                ways.push(format!("next: {}", p.title));
            }
            if run.undo.is_some() {
                ways.push("undo".into());
            }
            if let Some(who) = &run.next_rung {
                ways.push(format!("page {who}"));
            }
            ways.push("accept".into());
            vec![("O", format!("{}…", ways.join(" · ")))]
        }
        (None, None) => Vec::new(),
    };
    if guide_of(view).is_some() && !out.is_empty() {
        out.push(("G", "guide                 what to look at for this step".into()));
    }
    out
}
