//! Functions of conditions: over windows, series, samples and triggers.

use super::{Node, Parsed, Parser, Span, nearest};
use crate::model::condition::dims::{self, BOOL, NUMBER};
use crate::model::condition::{ConditionError, Expr, Over, Since, WindowFn};
use crate::model::unit::{self, Base, Dim, Quantity};

const WINDOW_FUNCTIONS: [(&str, WindowFn); 14] = [
    ("avg_over_time", WindowFn::Avg),
    ("min_over_time", WindowFn::Min),
    ("max_over_time", WindowFn::Max),
    ("sum_over_time", WindowFn::Sum),
    ("count_over_time", WindowFn::Count),
    ("last_over_time", WindowFn::Last),
    ("stddev_over_time", WindowFn::Stddev),
    ("quantile_over_time", WindowFn::Quantile),
    ("rate", WindowFn::Rate),
    ("increase", WindowFn::Increase),
    ("delta", WindowFn::Delta),
    ("deriv", WindowFn::Deriv),
    ("changes", WindowFn::Changes),
    ("resets", WindowFn::Resets),
];
const OTHER_FUNCTIONS: [&str; 7] = ["baseline", "absent", "abs", "any", "all", "consecutive", "firing"];

impl Parser<'_> {
    /// A function whose bracket is open.
    pub(super) fn function(&mut self, name: &str, at: Span) -> Parsed<Node> {
        if let Some((_, func)) = WINDOW_FUNCTIONS.iter().find(|(n, _)| *n == name) {
            return self.window(*func, name, at.0);
        }
        let close = format!("to close {name}(");
        let (expr, kind, many) = match name {
            "baseline" | "absent" => {
                let (word, start) = (self.word(), self.at);
                self.at += word.len();
                let span = (start, self.at);
                if word.is_empty() {
                    return Err(self.error((at.0, self.at), format!("{name}() needs a signal"), None));
                }
                if name == "absent" {
                    self.declared(word, span)?;
                    (Expr::Absent(word.into()), BOOL, false)
                } else {
                    let node = self.baseline(word, span)?;
                    (node.expr, node.kind, node.many)
                }
            }
            "abs" => {
                let inner = self.or()?;
                if !inner.kind.is_numeric() {
                    let what = dims::describe(inner.kind.dim());
                    return Err(self.error(
                        inner.span,
                        format!("abs() needs a number, and this is {what}"),
                        None,
                    ));
                }
                (Expr::Abs(Box::new(inner.expr)), inner.kind, inner.many)
            }
            "any" | "all" | "consecutive" => {
                let inner = self.or()?;
                self.want_bool(&inner)?;
                let expr = Box::new(inner.expr);
                match name {
                    "any" => (Expr::Any(expr), BOOL, false),
                    "all" => (Expr::All(expr), BOOL, false),
                    _ => (Expr::Consecutive(expr), NUMBER, inner.many),
                }
            }
            "firing" => (Expr::Firing(self.trigger()?), BOOL, false),
            _ => return Err(self.unknown_function(name, at)),
        };
        self.need(")", &close)?;
        Ok(Node { expr, kind, span: (at.0, self.at), many })
    }

    fn trigger(&mut self) -> Parsed<Option<String>> {
        self.space();
        let (start, rest) = (self.at, self.rest());
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
        if end == 0 {
            return Ok(None);
        }
        self.at += end;
        let id = &rest[..end];
        if !self.names.trigger(id) {
            let all = self.names.triggers();
            let hint = match nearest(id, all.iter().map(String::as_str)) {
                Some(near) => Some(format!("did you mean {near}?")),
                None if self.names.signal(id).is_some() => Some(format!("it is a signal: write {id} alone")),
                None => None,
            };
            return Err(self.error((start, self.at), format!("there is no trigger `{id}`"), hint));
        }
        Ok(Some(id.into()))
    }

    fn unknown_function(&self, name: &str, at: Span) -> ConditionError {
        let known = WINDOW_FUNCTIONS.iter().map(|(n, _)| *n).chain(OTHER_FUNCTIONS);
        let hint = match nearest(name, known) {
            Some(near) => Some(format!("did you mean {near}()?")),
            None if matches!(
                name,
                "avg" | "min" | "max" | "sum" | "count" | "last" | "stddev" | "quantile"
            ) =>
            {
                Some(format!("did you mean {name}_over_time(x[5m])?"))
            }
            None => None,
        };
        self.error(at, format!("there is no function {name}()"), hint)
    }

    /// How far back a window reaches, as written between its brackets.
    fn over(&self, text: &str, at: Span) -> Parsed<Over> {
        match text {
            "incident" => return Ok(Over::Since(Since::Incident)),
            "run" => return Ok(Over::Since(Since::Run)),
            _ => {}
        }
        let hint = nearest(text, ["incident", "run"]).map(|near| format!("did you mean [{near}]?"));
        let ms = unit::duration(text).map_err(|m| self.error(at, m, hint))?;
        if !(1.0..=7.0 * 86_400e3).contains(&ms) {
            return Err(self.error(at, "a window is longer than nothing and at most 7d", None));
        }
        Ok(Over::Ms(ms as u64))
    }

    /// A window function whose bracket is open: `[0.95,] signal [ duration ] )`.
    fn window(&mut self, func: WindowFn, name: &str, start: usize) -> Parsed<Node> {
        let mut quantile = None;
        if func == WindowFn::Quantile {
            let node = self.sum()?;
            quantile = match node.expr {
                Expr::Number(Quantity {
                    value,
                    dim: Dim { base: Base::Number | Base::Fraction, per_time: 0 },
                }) if (0.0..=1.0).contains(&value) => Some(value),
                _ => return Err(self.error(node.span, "a quantile is a number from 0 to 1", None)),
            };
            self.need(",", "after the quantile")?;
        }
        let (id, from) = (self.word(), {
            self.space();
            self.at
        });
        self.at += id.len();
        let span = (from, self.at);
        let hint = Some(format!("write {name}({}[5m])", if id.is_empty() { "x" } else { id }));
        if id.is_empty() {
            return Err(self.error(
                (start, self.at),
                format!("{name}() needs a signal and its window"),
                hint,
            ));
        }
        let declared = self.declared(id, span)?;
        if !self.take("[") {
            return Err(self.error(
                span,
                format!("{name}() looks at a window, and `{id}` has none here"),
                hint,
            ));
        }
        let inside = self.rest();
        let Some(end) = inside.find(']') else {
            return Err(self.error((self.at - 1, self.text.len()), "the window is never closed", hint));
        };
        let written = (self.at, self.at + end);
        let over = self.over(inside[..end].trim(), written)?;
        self.at += end + 1;
        self.need(")", &format!("to close {name}("))?;
        let kind = dims::window(func, name, id, declared).map_err(|w| self.wrong((start, self.at), w))?;
        let expr = Expr::Window { func, signal: id.into(), over, quantile };
        Ok(Node { expr, kind, span: (start, self.at), many: declared.multi })
    }
}
