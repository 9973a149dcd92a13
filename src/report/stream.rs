//! The timeline: journals, decisions and messages as one stream.

use super::doc::{Cell, Section};
use super::known::Story;
use super::moment;
use crate::model::playbook::Playbook;
use crate::session::decision::Decisions;
use crate::session::outbox::Fate;
use crate::session::timeline::{RunTeller, of_decision};
use crate::session::view::Happening;

/// The section.
///
/// # Errors
/// Names a record that is none of its log's.
pub(super) fn section(story: &Story<'_>) -> Result<Section, String> {
    let (nothing, decisions) = (Playbook::default(), Decisions::default());
    let playbook = story.known.playbook.unwrap_or(&nothing);
    let mut all: Vec<Happening> = Vec::new();
    for d in story.decided.iter().filter(|d| !d.quiet) {
        all.extend(of_decision(playbook, &decisions, d.record, &d.kind));
    }
    for run in &story.runs {
        all.push(RunTeller::requested(run.plan));
        let mut teller = RunTeller::default();
        for record in run.records {
            all.extend(teller.tell(run.plan, record)?);
        }
    }
    for p in story.letters() {
        let (to, subject) = (&p.letter.title, &p.letter.subject);
        let line =
            |wall, text: String| Happening { wall, kind: "message".into(), text, ..Happening::default() };
        let by = p.letter.by.as_ref().map(|w| w.user.clone());
        all.push(Happening { who: by, ..line(p.queued.wall, format!("to {to}, queued: {subject}")) });
        if let (Some(at), true) = (&p.at, p.fate != Fate::Waiting) {
            all.push(line(at.wall, format!("to {to}, {}: {subject} ({})", p.fate.word(), p.detail)));
        }
    }
    // Stable: what has one wall time stays in the order of its log.
    all.sort_by_key(|h| h.wall);
    let several = story.runs.len() > 1;
    let rows = all.iter().map(|h| -> Vec<Cell> {
        let kind = match h.record.as_ref().filter(|r| several && r.log != "decisions") {
            Some(r) => format!("{} {}", r.log, h.kind),
            None => h.kind.clone(),
        };
        let record = h.record.as_ref().map(|r| match r.log.as_str() {
            "decisions" => format!("decision {}", r.seq),
            _ => format!("journal {}", r.seq),
        });
        vec![
            moment(h.wall).into(),
            kind.into(),
            h.text.as_str().into(),
            h.who.as_deref().unwrap_or_default().into(),
            record.unwrap_or_default().into(),
        ]
    });
    let mut out = Section::new("Timeline");
    out.table(["time", "about", "what", "by", "record"], rows.collect());
    Ok(out)
}
