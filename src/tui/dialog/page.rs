//! Before people are told that they are needed: who, by what, in which words.

use super::{Asked, Form, Question};
use crate::session::view::guide::{ContactView, HoursView};

/// What is asked before a person takes an incident.
pub fn take(incident: &str) -> Question {
    Question {
        asked: Asked::Take,
        title: format!("TAKE: {incident}"),
        text: vec![
            "You are on it: the ladder waits for 30 minutes, or until something graver fires.".into(),
            "Those who were told hear that you have it. It stands in the timeline with your name.".into(),
        ],
        button: "I am on it",
        field: true,
        required: false,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}

/// What is asked before a role is told.
pub fn about(contact: &ContactView, text: &str) -> Question {
    let mut lines = vec![
        format!("They are told at once by {}:", contact.channels.join(", ")),
        format!("\"{text}\""),
        "It stands in the timeline with your name. A line of your own goes with it, if you write one.".into(),
    ];
    if matches!(contact.hours, HoursView::From(_)) {
        lines.push("These are not their hours: they may not answer.".into());
    }
    Question {
        asked: Asked::Page { role: contact.id.clone(), text: text.to_owned() },
        title: format!("PAGE: {}", contact.title),
        text: lines,
        button: "Page them",
        field: true,
        required: false,
        choices: Vec::new(),
        chosen: 0,
        form: Form::default(),
    }
}
