//! Calling a person who looks elsewhere: when the verdict got worse, and in which bytes.

use crate::config::settings::Notify;
use crate::model::text::clean_line;
use crate::model::time::Millis;
use crate::session::view::Gravity;

/// A verdict as grave as the one that was called is called again only after this long: one that flaps does not ring on.
const AGAIN: Millis = 60_000;
/// What happens at once is called once.
const TOGETHER: Millis = 1_000;
/// More characters of a message are cut.
const LONGEST: usize = 160;

/// What a person has been called for.
#[derive(Debug, Default)]
pub struct Calls {
    seen: Option<u8>,
    called: Option<(u8, Millis)>,
    rang: Option<Millis>,
}

/// Losing sight is worse than quiet, and not as bad as what is seen to be bad.
fn rank(gravity: Gravity) -> u8 {
    match gravity {
        Gravity::Ok => 0,
        Gravity::Unknown => 1,
        Gravity::Warn => 2,
        Gravity::Critical => 3,
    }
}

impl Calls {
    /// Whether this verdict is worse than the one before, so that a person is to be called, once.
    pub fn worse(&mut self, gravity: Gravity, now: Millis) -> bool {
        let rank = rank(gravity);
        // Whoever opens a screen looks at it.
        let worse = self.seen.replace(rank).is_some_and(|before| rank > before);
        let again = self.called.is_none_or(|(grave, at)| rank > grave || now.saturating_sub(at) >= AGAIN);
        if worse && again {
            self.called = Some((rank, now));
            self.rang = Some(now);
        }
        worse && again
    }

    /// Whether a call now is not part of the one before.
    pub fn rings(&mut self, now: Millis) -> bool {
        let alone = self.rang.is_none_or(|at| now.saturating_sub(at) >= TOGETHER);
        if alone {
            self.rang = Some(now);
        }
        alone
    }
}

/// The bytes that call by these means; empty when nobody wants to be called. The terminal is known by its environment.
pub fn bytes(how: Notify, text: &str, var: impl Fn(&str) -> Option<String>) -> Vec<u8> {
    const BELL: &str = "\x07";
    let is = |name: &str| var(name).is_some_and(|v| !v.is_empty());
    let term = var("TERM").unwrap_or_default();
    let told: String = clean_line(text).chars().take(LONGEST).collect();
    let out = match how {
        Notify::Off => String::new(),
        Notify::Bell => BELL.into(),
        Notify::Desktop if term == "linux" || term.starts_with("vt") || term == "dumb" => BELL.into(),
        // A multiplexer hands it on only in its own envelope, if at all; its bell marks the window.
        Notify::Desktop if is("TMUX") => format!("\x1bPtmux;\x1b\x1b]9;{told}\x07\x1b\\{BELL}"),
        Notify::Desktop if is("STY") || term.starts_with("screen") => {
            format!("\x1bP\x1b]9;{told}\x07\x1b\\{BELL}")
        }
        Notify::Desktop => format!("\x1b]9;{told}\x1b\\"),
    };
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Gravity::{Critical, Ok as Quiet, Unknown, Warn};

    #[test]
    fn a_person_is_called_once_for_each_step_down() {
        let mut calls = Calls::default();
        let mut worse = |g, s: u64| calls.worse(g, s * 1_000);
        assert!(!worse(Warn, 0), "what is there at the start is looked at");
        assert!(!worse(Warn, 1));
        assert!(worse(Critical, 2) && !worse(Critical, 3));
        assert!(!worse(Warn, 4) && !worse(Quiet, 5), "better calls nobody");
        assert!(!worse(Critical, 30), "it flaps");
        assert!(!worse(Quiet, 31) && !worse(Unknown, 40), "less grave than what was called a moment ago");
        assert!(worse(Critical, 62), "a minute later it is told again");
        assert!(!worse(Quiet, 200) && worse(Unknown, 201) && worse(Warn, 202) && worse(Critical, 203));
    }

    #[test]
    fn what_happens_at_once_is_called_once() {
        let mut calls = Calls::default();
        assert!(!calls.worse(Quiet, 0) && calls.rings(10_000));
        assert!(calls.worse(Critical, 10_200), "what is graver is never held back");
        assert!(!calls.rings(10_900) && calls.rings(11_200));
    }

    fn sent(how: Notify, text: &str, vars: &'static [(&str, &str)]) -> String {
        let out = bytes(how, text, |name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_message_goes_where_it_is_understood() {
        let desktop = |vars| sent(Notify::Desktop, "shop: P1", vars);
        assert_eq!(desktop(&[("TERM", "xterm-256color")]), "\x1b]9;shop: P1\x1b\\");
        assert_eq!(desktop(&[("TERM", "linux")]), "\x07");
        assert_eq!(
            desktop(&[("TERM", "tmux-256color"), ("TMUX", "x")]),
            "\x1bPtmux;\x1b\x1b]9;shop: P1\x07\x1b\\\x07"
        );
        assert_eq!(desktop(&[("TERM", "screen"), ("STY", "1")]), "\x1bP\x1b]9;shop: P1\x07\x1b\\\x07");
        assert_eq!(sent(Notify::Bell, "x", &[("TERM", "xterm")]), "\x07");
        assert_eq!(sent(Notify::Off, "x", &[("TERM", "xterm")]), "");
    }

    #[test]
    fn nothing_in_a_message_ends_it_or_begins_another() {
        let evil = "a\x07b\x1b\\c\x1b]52;c;eA==\x07d\u{9c}e\u{202e}f\ng";
        let out = sent(Notify::Desktop, evil, &[("TERM", "xterm")]);
        let inside = out.strip_prefix("\x1b]9;").unwrap().strip_suffix("\x1b\\").unwrap();
        assert!(!inside.chars().any(|c| c.is_control() || c == '\u{202e}'), "{inside:?}");
        let long = sent(Notify::Desktop, &"x".repeat(4_000), &[("TERM", "xterm")]);
        assert_eq!(long.len(), LONGEST + 6);
    }
}
