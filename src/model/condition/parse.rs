//! Text into conditions: PromQL's precedence and names, numbers with units, every mistake with its columns.

mod functions;
mod number;

use super::dims::{self, BOOL, Kind, NUMBER, TEXT, Wrong};
use super::{Arith, Cmp, Comparison, Condition, ConditionError, Declared, Expr, Names};
use crate::model::unit::{Dim, Quantity};

/// How deep an expression may be nested.
const DEEPEST: usize = 64;
/// Bytes of the longest condition; bounds the depth of a chain such as `a + a + …`.
const LONGEST: usize = 4096;

/// Reads a condition such as `error_rate > 2% and not firing()`.
///
/// # Errors
/// The first mistake, with its columns.
pub fn parse_condition(text: &str, names: &dyn Names) -> Result<Condition, ConditionError> {
    let mut p = Parser::new(text, names, None);
    let node = p.whole()?;
    p.want_bool(&node)?;
    if node.many {
        let written = text.trim();
        return Err(p.error(
            node.span,
            "it has one answer per series",
            Some(format!("write any({written}) or all({written})")),
        ));
    }
    Ok(Condition { text: text.trim().into(), expr: node.expr })
}

/// Reads a comparison whose left side is the signal `own`: `> 2%`, `< baseline - 0.005`.
///
/// # Errors
/// The first mistake, with its columns.
pub fn parse_comparison(text: &str, own: &str, names: &dyn Names) -> Result<Comparison, ConditionError> {
    let mut p = Parser::new(text, names, Some(own));
    p.bounded()?;
    p.space();
    let start = p.at;
    let Some(op) = p.comparison() else {
        return Err(p.error(
            (start, text.len().max(start)),
            "a comparison begins with >, >=, <, <=, == or !=",
            Some("write > 2%".into()),
        ));
    };
    let end = p.at;
    let left = p.signal(own, (start, end))?;
    let right = p.sum()?;
    p.space();
    if p.at < text.len() {
        return Err(p.error((p.at, text.len()), "nothing may follow the compared value", None));
    }
    let span = right.span;
    let literals = [None, right.literal(text)];
    dims::compare(op, left.kind, right.kind, literals).map_err(|w| p.wrong(span, w))?;
    Ok(Comparison { text: text.trim().into(), op, right: right.expr })
}

/// Reads an expression of any dimension, for computed signals.
///
/// # Errors
/// The first mistake, with its columns.
pub fn parse_expr(text: &str, names: &dyn Names) -> Result<(Expr, Dim), ConditionError> {
    let node = Parser::new(text, names, None).whole()?;
    Ok((node.expr, node.kind.dim()))
}

/// The name nearest to a misspelt one, if one is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&lower, &k.to_lowercase()), k))
        .filter(|(d, k)| *d <= (k.len().max(name.len()) / 3).max(1))
        .min_by_key(|(d, _)| *d)
        .map(|(_, k)| k)
}

type Span = (usize, usize);
type Parsed<T> = Result<T, ConditionError>;

/// An expression with where it stands and what it is.
struct Node {
    expr: Expr,
    kind: Kind,
    span: Span,
    /// Whether it has one value per series.
    many: bool,
}

impl Node {
    /// The number as written, when it is one without a unit.
    fn literal(&self, text: &str) -> Option<f64> {
        match &self.expr {
            Expr::Number(_) if self.kind == NUMBER => text[self.span.0..self.span.1].trim().parse().ok(),
            _ => None,
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    names: &'a dyn Names,
    own: Option<&'a str>,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, names: &'a dyn Names, own: Option<&'a str>) -> Parser<'a> {
        Parser { text, at: 0, depth: 0, names, own }
    }

    fn error(&self, span: Span, message: impl Into<String>, hint: Option<String>) -> ConditionError {
        ConditionError { start: span.0, end: span.1, message: message.into(), hint }
    }

    fn wrong(&self, span: Span, (message, hint): Wrong) -> ConditionError {
        self.error(span, message, hint)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Takes a sign if it comes next.
    fn take(&mut self, sign: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    fn need(&mut self, sign: &str, why: &str) -> Parsed<()> {
        if self.take(sign) {
            return Ok(());
        }
        let end = self.at + self.rest().chars().next().map_or(0, char::len_utf8);
        Err(self.error((self.at, end), format!("`{sign}` expected {why}"), None))
    }

    /// The word that comes next, without taking it.
    fn word(&mut self) -> &'a str {
        self.space();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        &rest[..end]
    }

    fn keyword(&mut self, word: &str) -> bool {
        let found = self.word() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    fn want_bool(&self, n: &Node) -> Parsed<()> {
        if n.kind.is_bool() {
            return Ok(());
        }
        let written = self.text[n.span.0..n.span.1].trim();
        Err(self.error(
            n.span,
            format!("a condition is expected, and this is {}", dims::describe(n.kind.dim())),
            Some(format!("compare it: {written} > …")),
        ))
    }

    fn whole(&mut self) -> Parsed<Node> {
        self.bounded()?;
        let node = self.or()?;
        self.space();
        if self.at < self.text.len() {
            let (word, start) = (self.word(), self.at);
            let end = start + word.len().max(self.rest().chars().next().map_or(1, char::len_utf8));
            let found = &self.text[start..end];
            let hint = match found {
                "=" => Some("equality is written ==".into()),
                "&" => Some("write and".into()),
                "|" => Some("write or".into()),
                "[" => Some("a window stands inside a function: avg_over_time(x[5m])".into()),
                "AND" | "OR" => Some(format!("write {}", found.to_lowercase())),
                _ => None,
            };
            return Err(self.error((start, end), format!("`{found}` is not expected here"), hint));
        }
        Ok(node)
    }

    fn bounded(&self) -> Parsed<()> {
        if self.text.len() > LONGEST {
            return Err(self.error((0, self.text.len()), format!("longer than {LONGEST} bytes"), None));
        }
        Ok(())
    }

    fn or(&mut self) -> Parsed<Node> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error((self.at, self.text.len()), "nested too deeply", None));
        }
        let mut left = self.and()?;
        while self.keyword("or") {
            let right = self.and()?;
            left = self.both(left, right, Expr::Or)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Node> {
        let mut left = self.not()?;
        while self.keyword("and") {
            let right = self.not()?;
            left = self.both(left, right, Expr::And)?;
        }
        Ok(left)
    }

    fn both(&self, a: Node, b: Node, make: fn(Box<Expr>, Box<Expr>) -> Expr) -> Parsed<Node> {
        self.want_bool(&a)?;
        self.want_bool(&b)?;
        let (span, many) = ((a.span.0, b.span.1), a.many || b.many);
        Ok(Node { expr: make(Box::new(a.expr), Box::new(b.expr)), kind: BOOL, span, many })
    }

    fn not(&mut self) -> Parsed<Node> {
        self.space();
        let start = self.at;
        let mut negations = 0;
        while self.keyword("not") {
            negations += 1;
        }
        let mut node = self.compared()?;
        if negations > 0 {
            self.want_bool(&node)?;
            node.span.0 = start;
            for _ in 0..negations % 2 {
                node.expr = Expr::Not(Box::new(node.expr));
            }
        }
        Ok(node)
    }

    fn comparison(&mut self) -> Option<Cmp> {
        [(">=", Cmp::Ge), ("<=", Cmp::Le), ("==", Cmp::Eq), ("!=", Cmp::Ne), (">", Cmp::Gt), ("<", Cmp::Lt)]
            .into_iter()
            .find(|(sign, _)| self.take(sign))
            .map(|(_, op)| op)
    }

    fn compared(&mut self) -> Parsed<Node> {
        let left = self.sum()?;
        let Some(op) = self.comparison() else { return Ok(left) };
        let right = self.sum()?;
        let span = (left.span.0, right.span.1);
        let literals = [left.literal(self.text), right.literal(self.text)];
        let marked = if literals[1].is_some() { right.span } else { span };
        dims::compare(op, left.kind, right.kind, literals).map_err(|w| self.wrong(marked, w))?;
        self.space();
        let again = self.at;
        if self.comparison().is_some() {
            return Err(self.error(
                (again, self.at),
                "a comparison cannot be compared again",
                Some("write a < b and b < c".into()),
            ));
        }
        let many = left.many || right.many;
        Ok(Node {
            expr: Expr::Compare(op, Box::new(left.expr), Box::new(right.expr)),
            kind: BOOL,
            span,
            many,
        })
    }

    fn sum(&mut self) -> Parsed<Node> {
        let mut left = self.product()?;
        loop {
            let op = match () {
                () if self.take("+") => Arith::Add,
                () if self.take("-") => Arith::Sub,
                () => return Ok(left),
            };
            let right = self.product()?;
            left = self.calculated(op, left, right)?;
        }
    }

    fn product(&mut self) -> Parsed<Node> {
        let mut left = self.unary()?;
        loop {
            let op = match () {
                () if self.take("*") => Arith::Mul,
                () if self.take("/") => Arith::Div,
                () => return Ok(left),
            };
            let right = self.unary()?;
            left = self.calculated(op, left, right)?;
        }
    }

    fn calculated(&self, op: Arith, a: Node, b: Node) -> Parsed<Node> {
        let span = (a.span.0, b.span.1);
        let literals = [a.literal(self.text), b.literal(self.text)];
        let kind = dims::arith(op, a.kind, b.kind, literals).map_err(|w| self.wrong(span, w))?;
        let many = a.many || b.many;
        Ok(Node { expr: Expr::Arith(op, Box::new(a.expr), Box::new(b.expr)), kind, span, many })
    }

    fn unary(&mut self) -> Parsed<Node> {
        self.space();
        let start = self.at;
        let (mut negative, mut signed) = (false, false);
        while self.rest().starts_with(['-', '+']) {
            negative ^= self.rest().starts_with('-');
            signed = true;
            self.at += 1;
            self.space();
        }
        let mut node = self.primary()?;
        if !signed {
            return Ok(node);
        }
        node.span.0 = start;
        if !node.kind.is_numeric() {
            let what = dims::describe(node.kind.dim());
            return Err(self.error(node.span, format!("{what} has no sign"), Some("write not".into())));
        }
        if negative {
            node.expr = match node.expr {
                Expr::Number(q) => Expr::Number(Quantity { value: -q.value, ..q }),
                other => Expr::Neg(Box::new(other)),
            };
        }
        Ok(node)
    }

    fn primary(&mut self) -> Parsed<Node> {
        self.space();
        let start = self.at;
        let Some(c) = self.rest().chars().next() else {
            return Err(self.error((start, start), "something is missing at the end", None));
        };
        match c {
            '(' => {
                self.at += 1;
                let mut node = self.or()?;
                self.need(")", "to close the bracket")?;
                node.span = (start, self.at);
                Ok(node)
            }
            '"' | '\'' => self.text_literal(c),
            '0'..='9' | '.' => self.number(),
            c if c.is_alphabetic() || c == '_' => self.named(),
            '$' => {
                Err(self.error((start, self.text.len()), "parameters are not known in this condition", None))
            }
            c => Err(self.error(
                (start, start + c.len_utf8()),
                format!("`{c}` is not expected here"),
                Some("a signal, a number or a function is".into()),
            )),
        }
    }

    fn text_literal(&mut self, quote: char) -> Parsed<Node> {
        let start = self.at;
        let body = &self.text[start + 1..];
        let Some(end) = body.find(quote) else {
            return Err(self.error((start, self.text.len()), "the text is never closed", None));
        };
        self.at = start + end + 2;
        let expr = Expr::Text(body[..end].into());
        Ok(Node { expr, kind: TEXT, span: (start, self.at), many: false })
    }

    fn signal(&self, id: &str, span: Span) -> Parsed<Node> {
        let declared = self.declared(id, span)?;
        Ok(Node { expr: Expr::Signal(id.into()), kind: Kind::Of(declared.dim), span, many: declared.multi })
    }

    fn declared(&self, id: &str, span: Span) -> Parsed<Declared> {
        self.names.signal(id).ok_or_else(|| {
            let all = self.names.signals();
            let hint = match nearest(id, all.iter().map(String::as_str)) {
                Some(near) => Some(format!("did you mean {near}?")),
                None if self.names.trigger(id) => Some(format!("it is a trigger: write firing({id})")),
                None => None,
            };
            self.error(span, format!("there is no signal `{id}`"), hint)
        })
    }

    fn named(&mut self) -> Parsed<Node> {
        let (word, start) = (self.word(), self.at);
        self.at += word.len();
        let span = (start, self.at);
        if self.rest().trim_start().starts_with('(') {
            self.take("(");
            return self.function(word, span);
        }
        match (word, self.own) {
            ("true" | "false", _) => {
                Ok(Node { expr: Expr::Bool(word == "true"), kind: BOOL, span, many: false })
            }
            ("baseline", Some(own)) => self.baseline(own, span),
            ("baseline", None) if self.names.signal("baseline").is_none() => {
                Err(self.error(span, "baseline of which signal?", Some("write baseline(x)".into())))
            }
            ("and" | "or" | "not", _) => {
                Err(self.error(span, format!("`{word}` is not expected here"), Some("a value is".into())))
            }
            _ => {
                let node = self.signal(word, span)?;
                if self.take("[") {
                    return Err(self.error(
                        span,
                        "a window needs a function that looks at it",
                        Some(format!("write avg_over_time({word}[…])")),
                    ));
                }
                Ok(node)
            }
        }
    }

    fn baseline(&self, id: &str, span: Span) -> Parsed<Node> {
        let declared = self.declared(id, span)?;
        if !declared.baseline {
            let hint = Some(format!("give [signals.{id}] a baseline = {{ value = … }}"));
            return Err(self.error(span, format!("`{id}` has no baseline"), hint));
        }
        Ok(Node { expr: Expr::Baseline(id.into()), kind: Kind::Of(declared.dim), span, many: false })
    }
}

#[cfg(test)]
mod tests;
