//! Who was told what, and whether it arrived.

use super::doc::{Cell, Section, row};
use super::known::Story;
use super::stamp;
use crate::session::decision::Kind;
use crate::session::decision::story::tell;
use crate::session::outbox::Posted;

/// Messages with what became of each.
pub(super) fn messages(story: &Story<'_>) -> Section {
    let mut out = Section::new("Messages");
    let letters = story.letters();
    let state = |p: &Posted| {
        let tries = if p.attempts > 1 { format!(", {} tries", p.attempts) } else { String::new() };
        let detail = if p.detail.is_empty() { String::new() } else { format!(": {}", p.detail) };
        format!("{}{tries}{detail}", p.fate.word())
    };
    let rows: Vec<Vec<Cell>> = letters
        .iter()
        .map(|p| {
            let by = p.letter.by.as_ref().map_or_else(|| "by itself".to_owned(), |w| w.user.clone());
            let when = p.at.as_ref().map(stamp).unwrap_or_default();
            let (to, about) = (p.letter.title.clone(), p.letter.about.clone());
            row([stamp(&p.queued), to, about, p.letter.subject.clone(), state(p), when, by])
        })
        .collect();
    let told = rows.is_empty();
    out.table(["queued", "channel", "about", "subject", "state", "since", "by"], rows);
    let steps =
        story.runs.iter().flat_map(|r| r.view.steps.iter().filter(|s| s.kind == "notify" && s.attempt > 0));
    let rows = steps.map(|s| row([s.name.clone(), s.line.clone(), s.state.word().into(), s.detail.clone()]));
    let rows: Vec<Vec<Cell>> = rows.collect();
    let steps = !rows.is_empty();
    out.table(["step", "what", "state", "detail"], rows);
    if told && !steps {
        let why = match story.known.outbox {
            None => "Unknown: the outbox was not looked up.",
            Some(_) => "No message about it is on record.",
        };
        out.text(why);
    }
    out
}

/// Who was called, and what came of it.
pub(super) fn escalation(story: &Story<'_>) -> Section {
    let mut out = Section::new("Escalation");
    let is = |kind: &Kind| matches!(kind, Kind::Escalated { .. } | Kind::Paged { .. } | Kind::Called { .. });
    let mut rows: Vec<(i64, Vec<Cell>)> = Vec::new();
    for d in story.decided.iter().filter(|d| is(&d.kind) || d.record.kind.starts_with("Rung")) {
        if let Some(told) = tell(story.known.playbook, d.record) {
            let who = told.who.unwrap_or_else(|| "by itself".into());
            rows.push((d.record.at.wall, row([stamp(&d.record.at), told.text, who])));
        }
    }
    for run in &story.runs {
        for (at, title, detail, reached) in &run.state.paged {
            let how = if *reached { "was told" } else { "was NOT told" };
            rows.push((at.wall, row([stamp(at), format!("{title} {how}: {detail}"), "by itself".into()])));
        }
    }
    rows.sort_by_key(|(at, _)| *at);
    match rows.is_empty() {
        true => out.text("Nobody was escalated to, as far as it is on record."),
        false => out.table(["time", "what", "by"], rows.into_iter().map(|(_, row)| row).collect()),
    };
    out
}
