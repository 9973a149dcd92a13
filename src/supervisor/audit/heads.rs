//! Heads that are kept elsewhere: how far each log had come, and the hash it had there. What was cut short or written anew since
//! then is found by them, which a chain alone cannot show.

use std::collections::BTreeMap;

/// How far a log had come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its records.
    pub records: u64,
    /// SHA-256 of the last of them, in hex.
    pub hash: String,
}

/// First line of a file of heads.
const TITLE: &str = "# ripcord heads 1";

/// Heads as a file: a line a log, by its path below the folder of all records.
pub fn written<'a>(heads: impl Iterator<Item = (&'a str, u64, &'a str)>) -> String {
    let mut out =
        format!("{TITLE}\n# Keep this where whoever may write to the records cannot: it vouches for them.\n");
    for (name, records, hash) in heads {
        out.push_str(&format!("{hash} {records} {name}\n"));
    }
    out
}

/// Reads such a file.
///
/// # Errors
/// Names the line that is none.
pub fn parse(text: &str) -> Result<BTreeMap<String, Head>, String> {
    let mut lines = text.lines().enumerate();
    if lines.next().map(|(_, l)| l.trim_end()) != Some(TITLE) {
        return Err(format!("line 1: not a file of heads, which begins with `{TITLE}`"));
    }
    let mut out = BTreeMap::new();
    for (i, line) in lines.filter(|(_, l)| !l.starts_with('#') && !l.trim().is_empty()) {
        let head = (|| {
            let (hash, rest) = line.split_once(' ')?;
            let (records, name) = rest.split_once(' ')?;
            let plain = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            let head = Head { records: records.parse().ok()?, hash: hash.to_owned() };
            (plain && !name.is_empty()).then(|| (name.to_owned(), head))
        })();
        let (name, head) = head.ok_or_else(|| format!("line {}: expected HASH RECORDS FILE", i + 1))?;
        out.insert(name, head);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_anything_else_is_refused() {
        let hash = "ab".repeat(32);
        let text = written([("shop@live/decisions.jsonl", 7, hash.as_str())].into_iter());
        let read = parse(&text).unwrap();
        assert_eq!(read["shop@live/decisions.jsonl"], Head { records: 7, hash });
        assert!(parse("whatever").unwrap_err().starts_with("line 1"));
        assert!(parse(&format!("{TITLE}\nabc 7 x\n")).unwrap_err().starts_with("line 2"));
    }
}
