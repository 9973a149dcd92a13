//! Numbers with their units in a condition.

use super::{Node, Parsed, Parser};
use crate::model::condition::{Expr, dims::Kind};
use crate::model::unit::{self, Quantity};

impl Parser<'_> {
    pub(super) fn number(&mut self) -> Parsed<Node> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            while at < bytes.len() && (bytes[at].is_ascii_digit() || matches!(bytes[at], b'.' | b'_')) {
                at += 1;
            }
            at
        };
        let mut end = digits(start);
        let mut exponent = None;
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'-' | b'+')));
            if digits(sign) > sign {
                end = digits(sign);
                exponent = Some(end);
            }
        }
        let mantissa = end;
        loop {
            self.at = end;
            self.space();
            let unit_at = self.at;
            if self.rest().starts_with('%') {
                end = unit_at + 1;
                break;
            }
            let word = self.word().split(|c: char| c.is_ascii_digit()).next().unwrap_or("");
            if word.is_empty() || matches!(word, "and" | "or") {
                break;
            }
            end = unit_at + word.len();
            if unit::duration(&format!("1{word}")).is_err() || !bytes.get(end).is_some_and(u8::is_ascii_digit)
            {
                break;
            }
            end = digits(end);
        }
        if self.text[end..].starts_with('/') {
            let rest = &self.text[end + 1..];
            let per = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            if matches!(&rest[..per], "s" | "sec" | "m" | "min" | "h" | "d") {
                end += 1 + per;
            }
        }
        self.at = end;
        let span = (start, end);
        let parsed = match exponent {
            None => unit::quantity(&self.text[start..end]),
            Some(_) => {
                let number: Result<f64, _> = self.text[start..mantissa].parse();
                unit::quantity(&format!("1{}", &self.text[mantissa..end])).and_then(|q| {
                    let n = number.map_err(|e| e.to_string())?;
                    Ok(Quantity { value: n * q.value, dim: q.dim })
                })
            }
        };
        let quantity = parsed.map_err(|m| self.error(span, m, None))?;
        Ok(Node { expr: Expr::Number(quantity), kind: Kind::Of(quantity.dim), span, many: false })
    }
}
