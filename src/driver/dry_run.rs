//! A procedure tried without changing anything: it is resolved, every probe is asked, and each step that says how it is
//! tried is tried so. The same for the screen and for `ripcord run --dry-run`.

use super::{Driver, News, Setup};
use crate::model::text::clean_line;
use crate::run::Answer;
use crate::session::view::{Tried, TriedStep, TriedView};
use crate::supervisor::resolve::{self, Draft, preview};

/// What is tried, or was.
pub struct Trying {
    /// Names this one, so that the answer of an older one is not taken for it.
    pub(super) id: String,
    pub(super) shown: TriedView,
}

impl Driver {
    pub(super) fn dry_run(&mut self, procedure: &str) {
        let Some(p) = self.setup.playbook.procedures.get(procedure) else { return };
        let title = clean_line(&p.title);
        let context = resolve::context(procedure, "dry run", None, &self.setup.hash, &self.setup.folder);
        // What a person chose for the plan that is shown is tried.
        let shown = self.draft.as_ref().filter(|d| d.shown.procedure == procedure);
        let mut given = shown.map(|d| d.shown.given.clone()).unwrap_or_default();
        self.arguments(procedure, None, &context, &mut given);
        let id = context.id.clone();
        let waits =
            TriedView { procedure: procedure.to_owned(), title, running: true, ..TriedView::default() };
        self.tried = Some(Trying { id: id.clone(), shown: waits });
        let (setup, procedure, tell) = (self.setup.clone(), procedure.to_owned(), self.tell.clone());
        tokio::spawn(async move {
            let (book, place) = (&setup.playbook, &setup.environment);
            let draft = resolve::resolve(book, place, &procedure, &given, &context).await;
            let found = tried(&setup, &procedure, &draft).await;
            let _ = tell.send(News::Tried(id, Box::new(found))).await;
        });
    }
}

/// Tries what was resolved. Nothing is started, nothing is changed by us: what a `dry_run` command does is the playbook's
/// word.
pub async fn tried(setup: &Setup, procedure: &str, draft: &Draft) -> TriedView {
    let title = setup.playbook.procedures.get(procedure).map_or(procedure, |p| p.title.as_str());
    let mut out = TriedView {
        procedure: procedure.to_owned(),
        title: clean_line(title),
        problems: draft.problems.iter().map(|p| clean_line(p)).collect(),
        ..TriedView::default()
    };
    for (asked, told) in draft.proof.iter().chain(&draft.compatible) {
        out.asked.push((told.answer, clean_line(&format!("{asked}: {}", told.detail))));
    }
    let Some(plan) = &draft.plan else { return out };
    for check in &plan.preflight {
        out.asked.push((check.answer, clean_line(&format!("{}: {}", check.text, check.detail))));
    }
    let done = preview(plan).await;
    for s in &plan.steps {
        let tried = done.iter().find(|t| t.step == s.number).map(|t| Tried {
            line: clean_line(&t.line),
            ended: clean_line(&t.ended),
            good: t.good,
            lines: t.lines.clone(),
        });
        let already = draft.already.iter().find(|(n, _)| *n == s.number);
        let when = draft.when.iter().find(|(n, ..)| *n == s.number);
        let note = match (already, when, s.fallback_of) {
            (Some((_, seen)), ..) => format!("done already: {seen}"),
            (_, Some((_, Answer::Fails, seen)), _) => format!("would be left out: {seen}"),
            (_, Some((.., seen)), _) => format!("a person would be asked whether it is done: {seen}"),
            (.., Some(n)) => {
                let of = plan.steps.get(n.wrapping_sub(1)).map_or("?", |s| s.label.as_str());
                format!("only if step {of} fails")
            }
            _ => String::new(),
        };
        out.steps.push(TriedStep {
            label: s.label.clone(),
            name: clean_line(&s.step.name),
            line: s.line(),
            tried,
            note: clean_line(&note),
        });
    }
    out
}
