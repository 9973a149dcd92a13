//! Whether an answer of the world is the one that was expected.

use crate::model::probe::Expectation;
use regex::Regex;

/// What came back, of whatever was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    /// Exit code of a command.
    pub(super) exit: Option<i32>,
    /// Status of an HTTP answer.
    pub(super) status: Option<u16>,
    /// Standard output, a socket's answer, or a body.
    pub(super) out: String,
    /// Standard error.
    pub(super) err: String,
}

impl Reply {
    /// The first line that says something, for people.
    fn gist(&self) -> String {
        let line = [&self.err, &self.out].into_iter().flat_map(|t| t.lines()).find(|l| !l.trim().is_empty());
        line.map(|l| format!(": {}", l.trim())).unwrap_or_default()
    }
}

/// `Ok` with what was seen when all that is expected holds, else what does not.
pub(super) fn judge(reply: &Reply, expect: &Expectation) -> Result<String, String> {
    let mut seen = Vec::new();
    if let Some(code) = reply.exit {
        let good = if expect.exit.is_empty() { code == 0 } else { expect.exit.contains(&code) };
        if !good {
            return Err(format!("exit {code}{}", reply.gist()));
        }
        seen.push(format!("exit {code}"));
    }
    if let Some(status) = reply.status {
        let good = if expect.status.is_empty() {
            (200..300).contains(&status)
        } else {
            expect.status.contains(&status)
        };
        if !good {
            return Err(format!("status {status}{}", reply.gist()));
        }
        seen.push(format!("{status}"));
    }
    for (pattern, text, what) in [
        (&expect.stdout, &reply.out, "output"),
        (&expect.stderr, &reply.err, "standard error"),
        (&expect.body, &reply.out, "body"),
    ] {
        let Some(pattern) = pattern else { continue };
        let regex = Regex::new(pattern).map_err(|e| format!("pattern {pattern}: {e}"))?;
        match regex.find(text) {
            Some(found) => seen.push(format!("{what} has {}", found.as_str().trim())),
            None => return Err(format!("{what} does not match {pattern}{}", reply.gist())),
        }
    }
    if let Some((pointer, wanted)) = &expect.json {
        let value: serde_json::Value =
            serde_json::from_str(reply.out.trim()).map_err(|_| format!("not JSON{}", reply.gist()))?;
        match value.pointer(pointer) {
            Some(found) if found == wanted => seen.push(format!("{pointer} is {found}")),
            Some(found) => return Err(format!("{pointer} is {found}, not {wanted}")),
            None => return Err(format!("there is no {pointer} in the answer")),
        }
    }
    Ok(seen.join(", "))
}

/// A socket's answer: the pattern when one is given, else nothing at all.
pub(super) fn judge_socket(answer: &str, expect: &Expectation) -> Result<String, String> {
    let reply = Reply { out: answer.to_owned(), ..Reply::default() };
    let expects = expect.stdout.is_some() || expect.body.is_some() || expect.json.is_some();
    match answer.trim() {
        _ if expects => judge(&reply, expect),
        "" => Ok("accepted (empty answer)".to_owned()),
        said => Err(said.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(f: impl FnOnce(&mut Expectation)) -> Expectation {
        let mut e = Expectation::default();
        f(&mut e);
        e
    }

    #[test]
    fn without_an_expectation_exit_0_and_2xx_are_good() {
        let plain = Expectation::default();
        let exit = |code| Reply { exit: Some(code), err: "\nno such unit\n".into(), ..Reply::default() };
        assert_eq!(judge(&exit(0), &plain), Ok("exit 0".into()));
        assert_eq!(judge(&exit(5), &plain), Err("exit 5: no such unit".into()));
        let status = |s| Reply { status: Some(s), ..Reply::default() };
        assert_eq!(judge(&status(204), &plain), Ok("204".into()));
        assert!(judge(&status(302), &plain).is_err());
        assert!(judge(&exit(3), &expect(|e| e.exit = vec![0, 3])).is_ok());
    }

    #[test]
    fn all_that_is_given_must_hold() {
        let reply = Reply { exit: Some(0), out: "{\"share\": 0, \"ok\": true}".into(), ..Reply::default() };
        let zero = expect(|e| e.json = Some(("/share".into(), 0.into())));
        assert_eq!(judge(&reply, &zero), Ok("exit 0, /share is 0".into()));
        let wrong = expect(|e| e.json = Some(("/share".into(), 5.into())));
        assert_eq!(judge(&reply, &wrong), Err("/share is 0, not 5".into()));
        let both = expect(|e| (e.stdout, e.json) = (Some("nothing".into()), zero.json.clone()));
        assert!(judge(&reply, &both).unwrap_err().contains("does not match nothing"));
        assert!(judge(&reply, &expect(|e| e.stdout = Some("(".into()))).is_err());
    }

    #[test]
    fn a_socket_says_nothing_when_it_did_as_asked() {
        let plain = Expectation::default();
        assert!(judge_socket("\n\n", &plain).is_ok());
        assert_eq!(judge_socket("No such server.\n", &plain), Err("No such server.".into()));
        let shows = expect(|e| e.stdout = Some(" 0 \\(initial".into()));
        assert!(judge_socket("0 0 (initial 75)", &shows).is_ok());
        assert!(judge_socket("", &shows).is_err());
    }
}
