//! How far a step is, read from what it prints.

use regex::Regex;

/// How far a step is, from 0 to 1: the last line that the pattern matches tells. Its groups are `percent`, or `done` and
/// `total`. None while nothing tells.
pub fn progress<'a>(pattern: &str, lines: impl DoubleEndedIterator<Item = &'a str>) -> Option<f64> {
    let regex = Regex::new(pattern).ok()?;
    lines.rev().find_map(|line| {
        // The last one on the line: a meter may have drawn over itself.
        let found = regex.captures_iter(line).last()?;
        let number = |group: &str| {
            let text = found.name(group)?.as_str().trim().trim_end_matches('%').trim_end();
            let plain: String = text.chars().filter(|c| !matches!(c, ',' | '_')).collect();
            plain.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0)
        };
        let share = match (number("percent"), number("done"), number("total")) {
            (Some(percent), ..) => percent / 100.0,
            (_, Some(done), Some(total)) if total > 0.0 => done / total,
            _ => return None,
        };
        Some(share.clamp(0.0, 1.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str, lines: &[&str]) -> Option<f64> {
        progress(pattern, lines.iter().copied())
    }

    #[test]
    fn the_last_line_that_tells_is_believed() {
        let percent = r"(?<percent>[\d.]+)\s*%";
        assert_eq!(of(percent, &["10 %", "done 45.5%", "thinking"]), Some(0.455));
        assert_eq!(of(percent, &["10% 20% 30%"]), Some(0.3));
        assert_eq!(of(percent, &["nothing yet"]), None);
        assert_eq!(of(percent, &["250%"]), Some(1.0));
    }

    #[test]
    fn a_count_of_a_total_tells_too() {
        let count = r"(?<done>[\d,]+)/(?<total>[\d,]+)";
        assert_eq!(of(count, &["copied 1/4", "copied 1,500/2,000 files"]), Some(0.75));
        assert_eq!(of(count, &["1/2", "0/0"]), Some(0.5), "a total of nothing tells nothing");
        assert_eq!(of("(", &["1/2"]), None);
    }
}
