//! What is asked about an item of a checklist.

use super::{Asked, Form, ItemAsk, Question};
use crate::session::view::{ChecklistView, ItemView};
use crate::tui::format;

fn question(
    (list, number): (&ChecklistView, usize),
    ask: ItemAsk,
    title: String,
    text: Vec<String>,
    button: &'static str,
) -> Question {
    Question {
        asked: Asked::Item { checklist: list.id.clone(), item: number, ask },
        title,
        text,
        button,
        field: true,
        required: true,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// A note about it.
pub fn note(list: &ChecklistView, number: usize, item: &ItemView) -> Question {
    let text = vec!["It stands beside the item, in the timeline and in the records, with your name.".into()];
    question((list, number), ItemAsk::Note, format!("NOTE: {}", item.text), text, "Write it")
}

/// Why one goes on without it.
pub fn without(list: &ChecklistView, number: usize, item: &ItemView) -> Question {
    let counts = match item.required {
        true => "It holds up no start any more, and stays visible as not done.",
        false => "It holds up no start as it is. It stays visible as not done.",
    };
    let text = vec![counts.into(), "Say why; it is recorded with your name.".into()];
    question((list, number), ItemAsk::Without, format!("GO ON WITHOUT: {}", item.text), text, "Go on without")
}

/// It was done, with a note.
pub fn tick(list: &ChecklistView, number: usize, item: &ItemView) -> Question {
    let (how, button) = match item.done {
        true => ("It was ticked. Not done after all?", "Untick"),
        false => ("You say that it is done; it is recorded with your name.", "Tick"),
    };
    let ask = ItemAsk::Tick { done: !item.done };
    let q = question(
        (list, number),
        ask,
        format!("{}: {}", button.to_uppercase(), item.text),
        vec![how.into()],
        button,
    );
    Question { required: false, ..q }
}

/// What it asks.
pub fn answer(list: &ChecklistView, number: usize, item: &ItemView) -> Question {
    let asked = item.does.clone().unwrap_or_default();
    let text = vec![asked, "Your answer ticks it; it is recorded with your name.".into()];
    let q = question((list, number), ItemAsk::Answer, item.text.clone(), text, "Answer");
    Question { form: Form::with(&item.prefill), ..q }
}

/// What it does itself.
pub fn set_off(list: &ChecklistView, number: usize, item: &ItemView, me: &str) -> Question {
    let mut text = vec![how(item, me, ""), item.does.clone().unwrap_or_default()];
    if item.done {
        text.push("It is done already; this does it once more.".into());
    }
    let button = match item.kind {
        Some("tells" | "sends") => "Send it",
        Some("captures" | "marks") => "Capture it",
        _ => "Run it",
    };
    let q = question((list, number), ItemAsk::Do, item.text.clone(), text, button);
    Question { field: false, required: false, ..q }
}

/// It is stopped.
pub fn stop(list: &ChecklistView, number: usize, item: &ItemView) -> Question {
    let text = vec!["Its processes are killed. What it did until now stays done; it is not ticked.".into()];
    let q = question((list, number), ItemAsk::Do, format!("STOP: {}", item.text), text, "Stop it");
    Question { field: false, required: false, ..q }
}

/// How it would be done: `Runs, as ana, on bastion-1, limit 30 s, and ticks only if it exits 0:`. `key` stands before it.
pub fn how(item: &ItemView, me: &str, key: &str) -> String {
    let on = item.on.as_ref().map_or_else(|| "on this host".to_owned(), |h| format!("on {h}"));
    let limit = item.limit_ms.map(|ms| format!(", limit {}", format::length(ms))).unwrap_or_default();
    let text = match item.kind {
        Some("runs") => format!("runs, as {me}, {on}{limit}, and ticks only if it succeeds:"),
        Some("tells") => format!("tells people, as {me}{limit}, and ticks when a channel takes it:"),
        Some("sends") => format!("sends, as {me}{limit}, and ticks only if the answer is good:"),
        Some("captures") => format!("captures, as {me}{limit}; it only looks:"),
        Some("marks") => "captures what is normal now, and marks the moment as".to_owned(),
        _ => String::new(),
    };
    match key {
        "" => text[..1].to_uppercase() + &text[1..],
        key => format!("{key} {text}"),
    }
}
