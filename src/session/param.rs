//! What may be typed for a parameter, said while it is typed.

use crate::model::playbook::ParamKind;
use crate::model::unit::duration;
use regex::Regex;

/// Why `text` cannot be the value of such a parameter; `None` when it can.
pub fn wrong(kind: &ParamKind, text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("a value is needed".into());
    }
    if text.chars().any(char::is_control) {
        return Some("it holds control characters".into());
    }
    match kind {
        ParamKind::Text { pattern, .. } => match Regex::new(&format!("^(?:{pattern})$")) {
            Ok(regex) => (!regex.is_match(text)).then(|| format!("it must match {pattern}")),
            Err(e) => Some(format!("the playbook's pattern is wrong: {e}")),
        },
        ParamKind::Number { min, max, .. } => match text.parse::<f64>() {
            Ok(n) if n.is_finite() => bounds(n, *min, *max, f64::to_string),
            _ => Some("it must be a number".into()),
        },
        ParamKind::Duration { min, max, .. } => match duration(text) {
            Ok(ms) => {
                let show = |ms: &f64| format!("{} s", ms / 1000.0);
                bounds(ms, min.map(|ms| ms as f64), max.map(|ms| ms as f64), show)
            }
            Err(e) => Some(e),
        },
        ParamKind::Version { .. } => {
            let version = r"^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$";
            let holds = Regex::new(version).is_ok_and(|r| r.is_match(text));
            (!holds).then(|| "it must be a version such as v1.2.3".into())
        }
        ParamKind::Switch(_) => (!matches!(text, "true" | "false")).then(|| "it is `true` or `false`".into()),
        ParamKind::Values(values) => {
            (!values.iter().any(|v| v == text)).then(|| format!("it is one of {}", values.join(", ")))
        }
        ParamKind::Read { .. } | ParamKind::List { .. } | ParamKind::Files { .. } | ParamKind::Map { .. } => {
            None
        }
    }
}

fn bounds(value: f64, min: Option<f64>, max: Option<f64>, show: impl Fn(&f64) -> String) -> Option<String> {
    match (min, max) {
        (Some(min), _) if value < min => Some(format!("it must be at least {}", show(&min))),
        (_, Some(max)) if value > max => Some(format!("it must be at most {}", show(&max))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_and_what_is_right_is_not() {
        let text = ParamKind::Text { pattern: "[a-z]+".into(), prefill: None };
        let number = ParamKind::Number { min: Some(0.0), max: Some(50.0), prefill: None };
        let length = ParamKind::Duration { min: Some(1_000), max: Some(60_000), prefill: None };
        let version = ParamKind::Version { prefill: None };
        let cases: [(&ParamKind, &str, bool); 14] = [
            (&text, "abc", true),
            (&text, "abc1", false),
            (&text, "", false),
            (&text, "a\nb", false),
            (&number, "50", true),
            (&number, "51", false),
            (&number, "NaN", false),
            (&number, "many", false),
            (&length, "30s", true),
            (&length, "2m", false),
            (&length, "soon", false),
            (&version, "v1.2.3-rc.1", true),
            (&version, "1.2", false),
            (&ParamKind::Switch(false), "yes", false),
        ];
        for (kind, text, right) in cases {
            assert_eq!(wrong(kind, text).is_none(), right, "{kind:?} {text:?}: {:?}", wrong(kind, text));
        }
    }
}
