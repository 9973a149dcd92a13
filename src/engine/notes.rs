//! What is noted while an expression is judged: its parts as evidence, and since when each answer is what it is.

use super::eval::{Outcome, Scope, Truth};
use super::evidence::Part;
use crate::model::condition::Expr;

/// An answer within a condition, and since when it has been so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) truth: Truth,
    /// Boot milliseconds.
    pub(super) since: i64,
}

/// Where notes go. Answers come in the same order each time an expression is judged: what stands within first.
#[derive(Default)]
pub(super) struct Notes<'n> {
    parts: Option<&'n mut Vec<Part>>,
    marks: Option<&'n mut Vec<Mark>>,
    at: usize,
}

impl<'n> Notes<'n> {
    /// Gathers evidence.
    pub(super) fn parts(parts: &'n mut Vec<Part>) -> Notes<'n> {
        Notes { parts: Some(parts), ..Notes::default() }
    }

    /// Keeps since when each answer is what it is.
    pub(super) fn marks(marks: &'n mut Vec<Mark>) -> Notes<'n> {
        Notes { marks: Some(marks), ..Notes::default() }
    }

    /// Whether evidence is gathered.
    pub(super) fn gathers(&self) -> bool {
        self.parts.is_some()
    }

    /// One answer.
    pub(super) fn mark(&mut self, truth: Truth, now: i64) {
        let Some(marks) = &mut self.marks else { return };
        match marks.get_mut(self.at) {
            Some(mark) if mark.truth == truth => {}
            Some(mark) => *mark = Mark { truth, since: now },
            None => marks.push(Mark { truth, since: now }),
        }
        self.at += 1;
    }

    /// One answer that is evidence.
    pub(super) fn note(
        &mut self,
        scope: &Scope<'_>,
        expr: &Expr,
        found: &Outcome<'_>,
        sides: Option<&(Outcome<'_>, Outcome<'_>)>,
    ) {
        if let Some(parts) = &mut self.parts {
            Part::gather(scope, expr, found, sides, parts);
        }
        if self.marks.is_some() {
            self.mark(found.truth(), scope.now);
        }
    }
}
