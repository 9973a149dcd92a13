//! A question with a line of text: a flag's note, or the reason of what is said to a run.

use super::window::{Window, wrap};
use super::{Asked, Form, ItemAsk, Question, Say};
use crate::run::record::Answer;
use crate::run::view::RunView;
use crate::session::Seen;
use crate::session::view::{
    DecisionView, DraftView, IncidentView, ManualView, Replacing, SeverityView, Watch,
};
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::paint::Scene;
use crate::tui::theme::Slot;
use ratatui::layout::Rect;

/// What is asked before a flag is raised or lowered.
pub fn about_flag(flag: &ManualView) -> Question {
    let raise = !flag.raised;
    Question {
        asked: Asked::Flag { signal: flag.id.clone(), raise },
        title: format!("{}: {}", if raise { "RAISE" } else { "LOWER" }, flag.title),
        text: match raise {
            true => {
                vec![flag.text.clone(), "It counts at once, for everyone, until somebody lowers it.".into()]
            }
            false => vec!["It is raised now. Lowered, it no longer counts.".into()],
        },
        button: if raise { "Raise" } else { "Lower" },
        field: true,
        required: false,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// What is asked before something is said to a run. `name` is the run's, or the step's number and name.
pub fn about_run(seen: Seen, say: Say, name: &str) -> Question {
    let (title, text, button) = match say {
        Say::Stop => (
            "STOP THE RUN",
            "The step that runs is ended (TERM, then KILL), nothing more is started. What was done stays done.",
            "Stop the run",
        ),
        Say::Done => ("IT WAS DONE", "The run goes on behind it. It is not done again.", "It was done"),
        Say::NotDone => {
            ("IT WAS NOT DONE", "The run goes back to it: the step is done again.", "Do it again")
        }
        Say::Again => ("TRY AGAIN", "The failed step is done once more.", "Try again"),
        Say::Skip => (
            "LEAVE IT",
            "The step is left as it is and the run goes on behind it. It stands in the report as skipped.",
            "Leave it",
        ),
        Say::DoIt => ("DO IT", "The step is done although it cannot be judged whether it must be.", "Do it"),
        Say::Pause => (
            "PAUSE",
            "The step that runs goes on to its end; the next one does not start before somebody says so.",
            "Pause",
        ),
        Say::Accept => (
            "ACCEPT AS IT IS",
            "The run ends as \"applied, unverified\". It is never called verified.",
            "Accept",
        ),
        Say::End => (
            "END THE RUN WHERE IT IS",
            "Nothing more is started and nothing is stopped. The lock is free again.",
            "End it here",
        ),
        Say::Page => ("PAGE", "They are told by their channels that the run is not verified.", "Page them"),
        Say::Approve => (
            "APPROVE",
            "You agree to this plan as it stands; it starts once all who are asked have agreed.",
            "Approve",
        ),
        Say::Refuse => ("REFUSE", "The run ends before its first step. Nothing was changed.", "Refuse"),
    };
    let required = !matches!(say, Say::Page | Say::Approve);
    let mut text: Vec<String> = vec![text.into()];
    if required {
        text.push("Say why; it stands in the report with your name.".into());
    }
    Question {
        asked: Asked::Say { seen, say },
        title: format!("{title}: {name}"),
        text,
        button,
        field: required,
        required,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// Why a plan may start although a check before its first step does not hold.
pub fn about_override(draft: &DraftView) -> Question {
    let mut text: Vec<String> = draft
        .preflight
        .iter()
        .filter(|(_, answer, _)| *answer != Answer::Holds)
        .map(|(text, answer, seen)| format!("{} {text}: {seen}", crate::tui::paint::answer(*answer).0))
        .collect();
    text.push("With a reason it may be started all the same. The reason stands in the report with your name. Proof and compatibility cannot be overridden.".into());
    Question {
        asked: Asked::Override { draft: draft.id.clone() },
        title: format!("OVERRIDE: {}", draft.title),
        text,
        button: "Override",
        field: true,
        required: true,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// Processes of the run that was stopped are still alive.
pub fn about_survivors(replacing: &Replacing) -> Question {
    let alive: Vec<String> = replacing.alive.iter().map(|(pid, name)| format!("{pid} ({name})")).collect();
    Question {
        asked: Asked::Beside,
        title: format!("NOT DEAD: {} has not started", replacing.title),
        text: vec![
            format!("Processes of run {} ignore KILL: {}.", replacing.run, alive.join(", ")),
            "Starting now would act beside them. Cancel drops this start and its key asks for it again; or say why it may start all the same."
                .into(),
        ],
        button: "Start beside them",
        field: true,
        required: true,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// A run of one's own that nobody drives is taken up.
pub fn about_orphan(run: &RunView) -> Question {
    Question {
        asked: Asked::TakeUp { run: run.id.clone() },
        title: format!("TAKE UP: {}, run {}", run.title, run.id),
        text: vec![
            "Its supervisor is gone; nothing runs.".into(),
            "A new supervisor goes on with it. What is unknown of it waits for a person.".into(),
        ],
        button: "Take it up",
        field: false,
        required: false,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// Minutes by which a clock can be extended.
pub const MINUTES: [u64; 3] = [5, 10, 15];

/// Why one goes on watching.
pub fn about_hold(d: &DecisionView) -> Question {
    Question {
        asked: Asked::Hold { clock: d.clock.clone() },
        title: format!("HOLD: {}", d.title),
        text: vec![
            "The clock stops and its default does not happen. The trigger stays lit and is watched on."
                .into(),
            "Say why; it is recorded with your name.".into(),
        ],
        button: "Hold",
        field: true,
        required: true,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// Roll back, where others must say the same before it starts.
pub fn about_agreeing(d: &DecisionView, procedure: &str, title: &str, lacking: &[String]) -> Question {
    Question {
        asked: Asked::RollBack { clock: d.clock.clone(), procedure: procedure.into() },
        title: format!("ROLL BACK: {}", d.title),
        text: vec![
            format!(
                "You say: roll back by {title}. It does not start yet; {} must say the same.",
                lacking.join(" and ")
            ),
            "The last of you confirms it, and it starts. Say why; it is recorded with your name.".into(),
        ],
        button: "Say it",
        field: true,
        required: true,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// Why there must be more time.
pub fn about_extension(d: &DecisionView) -> Question {
    Question {
        asked: Asked::Extend { clock: d.clock.clone() },
        title: format!("EXTEND: {}", d.title),
        text: vec!["The clock and its default move, once. Say why; it is recorded with your name.".into()],
        button: "Extend",
        field: true,
        required: true,
        choices: MINUTES.iter().map(|m| format!("{m} min")).collect(),
        chosen: 0,
        form: Form::default(),
    }
}

/// What is normal is marked.
pub fn about_mark(marks: &[(String, Vec<String>)]) -> Question {
    let what = |(mark, signals): &(String, Vec<String>)| format!("{mark}: {}", signals.join(", "));
    Question {
        asked: Asked::Mark,
        title: "MARK WHAT IS NORMAL".into(),
        text: vec![
            "The averages before this moment are captured and become the baseline of these signals.".into(),
            marks.iter().map(what).collect::<Vec<_>>().join(" · "),
            "While an incident is open, what was normal before it stays.".into(),
        ],
        button: "Mark",
        field: false,
        required: false,
        choices: marks.iter().map(|(mark, _)| mark.clone()).collect(),
        chosen: 0,
        form: Form::default(),
    }
}

/// How grave the incident is.
pub fn about_severity(i: &IncidentView, rows: &[SeverityView]) -> Question {
    let now = i
        .severity
        .as_ref()
        .map_or("Nobody has said how grave it is.".to_owned(), |(id, _)| format!("It is {id} now."));
    let at = i.severity.as_ref().and_then(|(id, _)| rows.iter().position(|s| s.id == *id));
    Question {
        asked: Asked::Severity { incident: i.id.clone(), of: rows.iter().map(|s| s.id.clone()).collect() },
        title: format!("SEVERITY: {}", i.name),
        text: vec![
            format!("{now} What fires after this and is graver makes it graver by itself."),
            "Say why; it is recorded with your name.".into(),
        ],
        button: "Set it",
        field: true,
        required: true,
        choices: rows.iter().map(|s| s.id.clone()).collect(),
        chosen: at.unwrap_or(0),
        form: Form::default(),
    }
}

/// An incident is opened by a person.
pub fn about_opening() -> Question {
    Question {
        asked: Asked::OpenIncident,
        title: "OPEN AN INCIDENT".into(),
        text: vec![
            "It gets a name, and a ticket where the playbook opens one. Nothing is started and nobody is called."
                .into(),
            "Say why; it is recorded with your name.".into(),
        ],
        button: "Open it",
        field: true,
        required: true,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// The incident is over.
pub fn about_closing(i: &IncidentView) -> Question {
    Question {
        asked: Asked::CloseIncident { incident: i.id.clone() },
        title: format!("IT IS OVER: {}", i.name),
        text: vec![
            "What fires is still judged, and a new firing opens another one. Nothing is stopped by this."
                .into(),
            "Say why; it is recorded with your name.".into(),
        ],
        button: "It is over",
        field: true,
        required: true,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// A watcher is started that takes over.
pub fn about_take_over(watch: &Watch) -> Question {
    let what = match watch {
        Watch::Silent { host, for_ms } => {
            format!("The watcher on {host} has been silent for {}.", format::age(*for_ms))
        }
        Watch::None | Watch::Ok { .. } => "No watcher lives; nothing acts by itself.".into(),
    };
    Question {
        asked: Asked::TakeOver,
        title: "TAKE OVER: who decides".into(),
        text: vec![
            what,
            "A watcher is started on this host. It decides from then on; an older one can record nothing any more.".into(),
            "Say why; it is recorded with your name.".into(),
        ],
        button: "Take over",
        field: true,
        required: true,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// Draws it.
pub fn draw(canvas: &mut Canvas<'_>, body: Rect, _scene: &Scene<'_>, q: &Question) {
    let width = 74.min(body.width.saturating_sub(2));
    let room = width.saturating_sub(5) as usize;
    let lines: Vec<String> = q.text.iter().flat_map(|t| wrap(t, room)).collect();
    let choice = u16::from(!q.choices.is_empty());
    let asked = choice + if q.field { 4 } else { 3 };
    let mut w = Window::open(canvas, body, width, lines.len() as u16 + 4 + asked, &q.title);
    w.kept = asked;
    w.gap();
    for line in &lines {
        w.text(canvas, 0, line, Slot::Text);
    }
    w.to_kept();
    w.divide(canvas);
    if choice > 0 {
        let mut at = w.area.x + 2;
        for (i, text) in q.choices.iter().enumerate() {
            let on = i == q.chosen;
            canvas.put(at, w.y, 1, if on { "▸" } else { " " }, Slot::Accent);
            let room = w.area.right().saturating_sub(at + 4);
            at = canvas.put(at + 2, w.y, room, text, if on { Slot::Head } else { Slot::Text }) + 2;
        }
        if q.choices.len() > 1 {
            canvas.put(at + 1, w.y, w.area.right().saturating_sub(at + 3), "↑↓ chooses", Slot::Dim);
        }
        w.gap();
    }
    if q.field {
        let label = match (q.required, &q.asked) {
            (_, Asked::Item { ask: ItemAsk::Note, .. }) => "Note: ",
            (_, Asked::Item { ask: ItemAsk::Answer, .. }) => "Answer: ",
            (_, Asked::Say { say: Say::Approve, .. }) => "Your name: ",
            (true, _) => "Why: ",
            (false, _) => "Note: ",
        };
        let from = canvas.put(w.area.x + 2, w.y, 12, label, Slot::Dim);
        w.field(canvas, from, w.y, w.area.right().saturating_sub(from + 3), &q.form);
    }
    let ready = !q.required || !q.form.text().trim().is_empty();
    w.buttons(canvas, "Cancel", Some((q.button, q.form.on_go(), ready)));
}
