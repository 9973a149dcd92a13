//! Conditions where they are written: parsed, with `$names` tried by a sample, and looked over for deadlines that are
//! too short.

use super::templates::{Reach, Scope};
use crate::config::walk::Node;
use crate::model::condition::{
    Comparison, Condition, ConditionError, Expr, Over, Since, parse_comparison, parse_condition, parse_expr,
};
use crate::model::probe::{Ask, Probe};
use crate::model::unit::Dim;
use std::ops::Range;

/// A whole condition.
pub fn condition(n: &Node<'_>) -> Option<Condition> {
    let s = n.str()?;
    told(n, s, parse_condition(s, &n.cx.known))
}

/// A condition that is judged whether something runs or not.
pub fn standing(n: &Node<'_>) -> Option<Condition> {
    let found = condition(n)?;
    outside(n, &found.expr).then_some(found)
}

/// A comparison of a signal with something.
pub fn comparison(n: &Node<'_>, own: &str) -> Option<Comparison> {
    let s = n.str()?;
    let found = told(n, s, parse_comparison(s, own, &n.cx.known))?;
    outside(n, &found.right).then_some(found)
}

/// An expression that gives a value, and what it measures.
pub fn expression(n: &Node<'_>) -> Option<(Expr, Dim)> {
    let s = n.str()?;
    let found = told(n, s, parse_expr(s, &n.cx.known))?;
    outside(n, &found.0).then_some(found)
}

/// Tells of a window that begins with a run where there is none; whether there is no such window.
fn outside(n: &Node<'_>, e: &Expr) -> bool {
    let mut runs = false;
    visit(e, &mut |e| runs |= matches!(e, Expr::Window { over: Over::Since(Since::Run), .. }));
    if runs {
        let text = n.value.as_str().unwrap_or_default();
        let end = text.find("run]").map_or(text.len(), |at| at + 3);
        n.cx.error(
            n.within(text, end.saturating_sub(3)..end),
            "nothing runs here, so that `[run]` has no beginning",
            "write [incident], or how far back to look: [30m]",
        );
    }
    !runs
}

/// As [`outside`], for the condition of a probe that is asked before anything runs. `n` is the probe's table.
pub fn before_a_run(n: &Node<'_>, probe: &Probe) {
    if let (Ask::When(c), Some(when)) = (&probe.ask, n.peek("when")) {
        outside(&when, &c.expr);
    }
}

/// A condition as it may stand in a procedure.
pub enum Written {
    /// Without `$names`.
    Plain(Condition),
    /// With some.
    Given(String),
}

/// A condition that may hold `$names`: parameters, or a ramp's `$value`. They are tried with a sample of their kind, so
/// that a wrong name, unit or dimension is told here.
pub fn written(n: &Node<'_>, scope: &Scope) -> Option<Written> {
    let text = n.str()?;
    let names = dollars(text);
    if names.is_empty() {
        return condition(n).map(Written::Plain);
    }
    if scope.reach == Reach::Fixed {
        let hint = "parameters belong to a procedure: write the value itself";
        n.cx.error(
            n.within(text, names[0].clone()),
            format!("`{}` has no value here", &text[names[0].clone()]),
            hint,
        );
        return None;
    }
    let (mut tried, mut from, mut whole) = (String::new(), 0, true);
    let mut moved: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for span in names {
        let name = &text[span.start + 1..span.end];
        let Some(sample) = scope.params.get(name) else {
            let known: Vec<&str> = scope.params.keys().map(String::as_str).collect();
            n.cx.undeclared(n.within(text, span), format!("nothing gives `${name}` a value"), name, &known);
            return None;
        };
        tried.push_str(&text[from..span.start]);
        let start = tried.len();
        tried.push_str(sample.as_deref().unwrap_or_default());
        whole &= sample.is_some();
        moved.push((span.clone(), start..tried.len()));
        from = span.end;
    }
    tried.push_str(&text[from..]);
    if whole {
        let back = |at: usize, end: bool| {
            let mut shift = (0, 0);
            for (was, is) in &moved {
                if at < is.start || (end && at == is.start) {
                    break;
                }
                if at < is.end || (end && at == is.end) {
                    return if end { was.end } else { was.start };
                }
                shift = (was.end, is.end);
            }
            shift.0 + (at - shift.1)
        };
        let parsed = parse_condition(&tried, &n.cx.known).map_err(|e| ConditionError {
            start: back(e.start, false),
            end: back(e.end, true),
            ..e
        });
        told(n, text, parsed)?;
    }
    Some(Written::Given(text.to_string()))
}

/// Where `$names` stand in a condition, outside of its texts in quotes.
fn dollars(text: &str) -> Vec<Range<usize>> {
    let (mut out, mut quote) = (Vec::new(), None);
    for (at, c) in text.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == '$' => {
                let rest = &text[at + 1..];
                let len = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                out.push(at..at + 1 + len);
            }
            None => {}
        }
    }
    out
}

/// A condition with `$names` is text until a plan is made; the others are parsed here. `None` when it is broken.
pub fn text(n: &Node<'_>, scope: &Scope) -> Option<String> {
    written(n, scope).map(|w| match w {
        Written::Plain(c) => c.text,
        Written::Given(text) => text,
    })
}

/// Warns when a condition must hold within a time that is shorter than what its signals look back over.
pub fn hurried(n: &Node<'_>, c: &Condition, within: u64) {
    let mut worst: Option<(u64, String)> = None;
    visit(&c.expr, &mut |e| {
        let found = match e {
            Expr::Window { signal, over: Over::Ms(over), .. } => Some((*over, signal)),
            Expr::Signal(s) => n.cx.known.lookback.get(s).map(|ms| (*ms, s)),
            _ => None,
        };
        if let Some((ms, signal)) = found
            && ms > within
            && worst.as_ref().is_none_or(|(w, _)| ms > *w)
        {
            worst = Some((ms, signal.clone()));
        }
    });
    if let Some((ms, signal)) = worst {
        let span = |ms: u64| crate::model::condition::duration(ms);
        n.warn(
            format!(
                "`{signal}` looks back over {}, longer than the {} in which this must hold",
                span(ms),
                span(within)
            ),
            "what was bad before still counts: make the window shorter or `within` longer",
        );
    }
}

fn told<T>(n: &Node<'_>, text: &str, parsed: Result<T, ConditionError>) -> Option<T> {
    match parsed {
        Ok(t) => Some(t),
        Err(e) => {
            let span = n.within(text, e.start..e.end);
            if e.message.starts_with("there is no signal") {
                let word = text.get(e.start..e.end).unwrap_or_default();
                let signals: Vec<&str> = n.cx.known.signals.keys().map(String::as_str).collect();
                n.cx.undeclared(span, e.message, word, &signals);
                return None;
            }
            let like_promql =
                || "conditions are written like PromQL over signals: `error_rate > 2%`".to_string();
            n.cx.error(span, e.message, e.hint.unwrap_or_else(like_promql));
            None
        }
    }
}

/// Calls `f` with every part of an expression.
pub fn visit(e: &Expr, f: &mut dyn FnMut(&Expr)) {
    f(e);
    match e {
        Expr::Abs(a) | Expr::Neg(a) | Expr::Not(a) | Expr::Any(a) | Expr::All(a) | Expr::Consecutive(a) => {
            visit(a, f)
        }
        Expr::Arith(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
            visit(a, f);
            visit(b, f);
        }
        Expr::Number(_)
        | Expr::Bool(_)
        | Expr::Text(_)
        | Expr::Signal(_)
        | Expr::Window { .. }
        | Expr::Baseline(_)
        | Expr::Absent(_)
        | Expr::Firing(_) => {}
    }
}
