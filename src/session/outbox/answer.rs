//! What an answer means for a letter.

use super::due::Failure;
use crate::model::time::Millis;
use jiff::fmt::rfc2822::DateTimeParser;

/// Whether a receiver that answers with this status may take the same request later. 420 is Statuspage's word for 429.
fn passes(status: u16) -> bool {
    matches!(status, 302 | 303 | 307 | 408 | 420 | 425 | 429 | 500..=599)
}

/// Why a status other than the expected one is a failure. `said` is what was answered, safe to show; `retry_after` is the
/// header; `wall` is the time, milliseconds.
pub fn refused(status: u16, said: &str, retry_after: Option<&str>, wall: i64) -> Failure {
    let detail = match status {
        300..=399 => {
            format!(
                "status {status}: it points to another address, which is not followed, for what is sent may hold secrets"
            )
        }
        _ => said.to_owned(),
    };
    let wait = retry_after.and_then(|text| wait(text, wall));
    Failure { detail, last: !passes(status), wait }
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3); at least a second.
fn wait(text: &str, wall: i64) -> Option<Millis> {
    let text = text.trim();
    let ms = match text.parse::<u64>() {
        Ok(s) => s.saturating_mul(1_000),
        Err(_) => {
            let at = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
            (at.as_millisecond() - wall).max(0) as u64
        }
    };
    Some(ms.max(1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_not() {
        for status in [302, 307, 408, 420, 425, 429, 500, 502, 503] {
            assert!(!refused(status, "", None, 0).last, "{status}");
        }
        for status in [301, 308, 400, 401, 403, 404, 410, 422] {
            assert!(refused(status, "", None, 0).last, "{status}");
        }
        assert_eq!(refused(404, "status 404: no such hook", None, 0).detail, "status 404: no such hook");
        assert!(refused(302, "status 302: moved to /x", None, 0).detail.contains("not followed"));
    }

    #[test]
    fn the_receiver_says_how_long_it_wants_to_be_left_alone() {
        let wall = 1_775_000_000_000;
        let waits = |text| refused(429, "", Some(text), wall).wait;
        assert_eq!(waits("120"), Some(120_000));
        assert_eq!(waits(" 0 "), Some(1_000));
        assert_eq!(waits("Tue, 31 Mar 2026 23:35:00 GMT"), Some(100_000));
        assert_eq!(waits("Tue, 31 Mar 2026 23:00:00 GMT"), Some(1_000), "over already");
        assert_eq!(waits("soon"), None);
        assert_eq!(waits("-5"), None);
    }
}
