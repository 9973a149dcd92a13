//! Many expressions in one query: `label_replace(a,"ripcord","0","","") or label_replace(b,"ripcord","1","","")`.

/// The label that tells which expression a series answers.
pub(super) const LABEL: &str = "ripcord";

/// One query for all of these, each under its number.
pub(super) fn union(expressions: &[(usize, String)]) -> String {
    let each = expressions.iter().map(|(i, expression)| {
        // the newline ends a comment that the expression may end with
        format!("label_replace({expression}\n,\"{LABEL}\",\"{i}\",\"\",\"\")")
    });
    each.collect::<Vec<_>>().join(" or ")
}

/// Whether an expression cannot change the meaning of its neighbours: its brackets and quotes close.
pub(super) fn combinable(expression: &str) -> bool {
    let mut open = Vec::new();
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        match c {
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            ')' | ']' | '}' if open.pop() != Some(c) => return false,
            '#' => _ = chars.find(|c| *c == '\n'),
            '"' | '\'' | '`' => loop {
                match chars.next() {
                    None => return false,
                    Some('\\') if c != '`' => _ = chars.next(),
                    Some(end) if end == c => break,
                    Some(_) => {}
                }
            },
            _ => {}
        }
    }
    open.is_empty() && !expression.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_stand_side_by_side() {
        assert_eq!(
            union(&[(0, "up".into()), (7, "sum(x) # y".into())]),
            "label_replace(up\n,\"ripcord\",\"0\",\"\",\"\") or label_replace(sum(x) # y\n,\"ripcord\",\"7\",\"\",\"\")"
        );
    }

    #[test]
    fn what_does_not_close_stays_alone() {
        for good in [
            "up",
            "sum by (le) (rate(x_bucket{a=\"}\\\"(\"}[5m]))",
            "x{a='(',b=`\\`}",
            "up # (",
            "up # (\n + 1",
        ] {
            assert!(combinable(good), "{good}");
        }
        for bad in ["a) or (b", "sum(", "x{", "x{a=\"}", "x{a='b\\'}", ")", "(]", "", " \n"] {
            assert!(!combinable(bad), "{bad}");
        }
    }
}
