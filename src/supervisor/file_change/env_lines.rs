//! `NAME=value` lines, as env files, systemd units and INI files have them. Only the value changes: what stands around
//! it, its quotes, and every other line stay as they are.

/// One line of a file.
enum Line<'a> {
    Section(&'a str),
    Pair { name: &'a str, value: Value<'a> },
    Other,
}

/// What stands behind the `=`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Value<'a> {
    /// Where it begins within its line, its quote included.
    at: usize,
    /// As it is written, its quotes included.
    written: &'a str,
    quote: Option<char>,
    /// A quote that is not closed on this line, or text behind the closing one.
    odd: bool,
}

fn line_of(line: &str) -> Line<'_> {
    let text = line.trim();
    if text.is_empty() || text.starts_with(['#', ';']) {
        return Line::Other;
    }
    if let Some(name) = text.strip_prefix('[').and_then(|t| t.split_once(']')) {
        return Line::Section(name.0.trim());
    }
    let Some((name, rest)) = line.split_once('=') else { return Line::Other };
    let named = name.trim();
    let named = named.strip_prefix("export ").map_or(named, str::trim);
    if named.is_empty() {
        return Line::Other;
    }
    let begins = rest.trim_start();
    // Nothing but a comment: the value is empty and stands right behind the `=`.
    let empty = begins.starts_with('#') && begins.len() < rest.len();
    let at = line.len() - if empty { rest.len() } else { begins.len() };
    Line::Pair { name: named, value: value_of(line, at) }
}

fn value_of(line: &str, at: usize) -> Value<'_> {
    let rest = line[at..].trim_end();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let Some(q) = quote else {
        // A comment begins at a `#` with a space before it.
        let comment = [" #", "\t#"].into_iter().filter_map(|c| rest.find(c)).min();
        let end = comment.unwrap_or(rest.len());
        return Value { at, written: rest[..end].trim_end(), quote: None, odd: false };
    };
    let mut escaped = false;
    let close = rest.char_indices().skip(1).find(|(_, c)| {
        let found = *c == q && !escaped;
        escaped = q == '"' && *c == '\\' && !escaped;
        found
    });
    match close {
        Some((end, _)) => {
            let behind = rest[end + 1..].trim_start();
            let odd = !(behind.is_empty() || behind.starts_with(['#', ';']));
            Value { at, written: &rest[..=end], quote, odd }
        }
        None => Value { at, written: rest, quote, odd: true },
    }
}

/// Sets one name. `section.NAME` stands below `[section]`; a missing name is added, and a missing section too.
pub(super) fn set(text: &str, key: &str, value: &str) -> Result<String, String> {
    if value.contains(['\n', '\r', '\0']) {
        return Err(format!("{key}: a value of more than one line cannot be written"));
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let kinds: Vec<Line<'_>> = lines.iter().map(|l| line_of(l)).collect();
    let (section, name) = place(&kinds, key);
    let sections = kinds.iter().any(|k| matches!(k, Line::Section(_)));
    let (mut here, mut found, mut last, mut like) = (None, Vec::new(), None, None);
    for (i, kind) in kinds.iter().enumerate() {
        match kind {
            Line::Section(s) => {
                here = Some(*s);
                if here == section {
                    last = Some(i);
                }
            }
            Line::Pair { name: n, value } => {
                if here == section {
                    (last, like) = (Some(i), Some(lines[i]));
                    if *n == name {
                        found.push((i, *value));
                    }
                }
                like = like.or(Some(lines[i]));
            }
            Line::Other => {}
        }
    }
    match found.as_slice() {
        [(i, old)] => {
            if old.odd {
                return Err(format!("{key}: line {} has quotes that cannot be read", i + 1));
            }
            let new = written(value, old.quote, old.written, sections).map_err(|e| format!("{key}: {e}"))?;
            let line = lines[*i];
            let line = format!("{}{new}{}", &line[..old.at], &line[old.at + old.written.len()..]);
            Ok(lines[..*i].concat() + &line + &lines[i + 1..].concat())
        }
        [] => {
            let new = written(value, None, "", sections).map_err(|e| format!("{key}: {e}"))?;
            let (before, equals) = like.map_or(("", "="), spacing);
            Ok(added(&lines, last, section, &format!("{before}{name}{equals}{new}")))
        }
        many => {
            let numbers: Vec<String> = many.iter().map(|(i, _)| (i + 1).to_string()).collect();
            Err(format!("{key} stands there {} times (lines {})", many.len(), numbers.join(", ")))
        }
    }
}

/// Which section a key means, and the name in it.
fn place<'a>(kinds: &[Line<'_>], key: &'a str) -> (Option<&'a str>, &'a str) {
    let has = |section: &str| kinds.iter().any(|k| matches!(k, Line::Section(s) if *s == section));
    let first = kinds.iter().position(|k| matches!(k, Line::Section(_)));
    let open = &kinds[..first.unwrap_or(kinds.len())];
    if first.is_none() || open.iter().any(|k| matches!(k, Line::Pair { name, .. } if *name == key)) {
        return (None, key);
    }
    let split = |(at, _): (usize, _)| (&key[..at], &key[at + 1..]);
    let dots = || key.match_indices('.').map(split).filter(|(s, n)| !s.is_empty() && !n.is_empty());
    match dots().rfind(|(s, _)| has(s)).or_else(|| dots().next_back()) {
        Some((section, name)) => (Some(section), name),
        None => (None, key),
    }
}

/// A value as it is written: in the quotes of the old one.
fn written(value: &str, quote: Option<char>, old: &str, sections: bool) -> Result<String, String> {
    let double = || {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("\"{escaped}\"")
    };
    match quote {
        Some('\'') if value.contains('\'') => Err("a single quote cannot stand in single quotes".to_owned()),
        Some('\'') => Ok(format!("'{value}'")),
        Some(_) => Ok(double()),
        None => {
            let spaced =
                value.contains(char::is_whitespace) && !sections && !old.contains(char::is_whitespace);
            let edges = value.trim() != value || value.starts_with(['"', '\'', '#']);
            let comment = value.contains(" #") || value.contains("\t#");
            if spaced || edges || comment { Ok(double()) } else { Ok(value.to_owned()) }
        }
    }
}

/// What stands before the name and around the `=` of a line.
fn spacing(line: &str) -> (&str, &str) {
    let Some((name, _)) = line.split_once('=') else { return ("", "=") };
    let start = line.len() - line.trim_start().len();
    let export = if name[start..].starts_with("export ") { "export ".len() } else { 0 };
    let spaced = name.ends_with(' ') && line[name.len() + 1..].starts_with(' ');
    (&line[..start + export], if spaced { " = " } else { "=" })
}

/// The text with a line added behind line `last` (or behind the open part's end, or in a section of its own).
fn added(lines: &[&str], last: Option<usize>, section: Option<&str>, line: &str) -> String {
    let end = if lines.first().is_some_and(|l| l.ends_with("\r\n")) { "\r\n" } else { "\n" };
    let close = |text: &mut String| {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(end);
        }
    };
    let first = lines.iter().position(|l| matches!(line_of(l), Line::Section(_)));
    let at = match (last, section) {
        (Some(i), _) => i + 1,
        (None, None) => first.unwrap_or(lines.len()),
        (None, Some(_)) => lines.len(),
    };
    let mut out = lines[..at].concat();
    close(&mut out);
    if let (None, Some(section)) = (last, section) {
        if !out.is_empty() {
            out.push_str(end);
        }
        out.push_str(&format!("[{section}]{end}"));
    }
    out.push_str(line);
    out.push_str(end);
    out + &lines[at..].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_value_changes() {
        let old = "# flags\nA=1\nexport B = \"x y\" # why\nC='q'\n\nD=a b # note\r\n";
        assert_eq!(set(old, "A", "0").unwrap(), old.replace("A=1", "A=0"));
        assert_eq!(set(old, "B", "say \"hi\"").unwrap(), old.replace("\"x y\"", "\"say \\\"hi\\\"\""));
        assert_eq!(set(old, "C", "z z").unwrap(), old.replace("'q'", "'z z'"));
        assert_eq!(set(old, "D", "c d").unwrap(), old.replace("a b", "c d"));
        assert!(set(old, "C", "it's").is_err());
        assert!(set(old, "A", "1\n2").is_err());
    }

    #[test]
    fn what_needs_quotes_gets_them() {
        assert_eq!(set("A=1", "A", "x y").unwrap(), "A=\"x y\"");
        assert_eq!(set("A=1\n", "A", "x #y").unwrap(), "A=\"x #y\"\n");
        assert_eq!(set("A=", "A", "v").unwrap(), "A=v");
        assert_eq!(set("A= # empty\n", "A", "v").unwrap(), "A=v # empty\n");
        assert_eq!(set("[s]\nA = old name\n", "s.A", "new name").unwrap(), "[s]\nA = new name\n");
    }

    #[test]
    fn a_missing_name_is_added_as_the_others_are_written() {
        assert_eq!(set("A=1", "B", "2").unwrap(), "A=1\nB=2\n");
        assert_eq!(set("", "B", "2").unwrap(), "B=2\n");
        assert_eq!(set("export A=1\r\n", "B", "2").unwrap(), "export A=1\r\nexport B=2\r\n");
        let ini = "top = 1\n\n[web]\nport = 80\n\n[db]\nhost = x\n";
        assert_eq!(set(ini, "web.name", "n").unwrap(), ini.replace("port = 80\n", "port = 80\nname = n\n"));
        assert_eq!(set(ini, "other", "2").unwrap(), ini.replace("top = 1\n", "top = 1\nother = 2\n"));
        assert_eq!(set(ini, "new.key", "v").unwrap(), format!("{ini}\n[new]\nkey = v\n"));
    }

    #[test]
    fn a_name_is_looked_for_in_its_section_only() {
        let ini = "port=1\n[web]\nport=2\n[web.tls]\nport=3\n";
        assert_eq!(set(ini, "port", "9").unwrap(), ini.replace("port=1", "port=9"));
        assert_eq!(set(ini, "web.port", "9").unwrap(), ini.replace("port=2", "port=9"));
        assert_eq!(set(ini, "web.tls.port", "9").unwrap(), ini.replace("port=3", "port=9"));
        assert_eq!(set("log.level=debug\n", "log.level", "info").unwrap(), "log.level=info\n");
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        assert!(set("A=1\nA=2\n", "A", "3").unwrap_err().contains("lines 1, 2"));
        assert!(set("A=\"open\nend\"\n", "A", "3").is_err());
        assert!(set("A=\"x\"y\n", "A", "3").is_err());
        // A commented line is no value.
        assert_eq!(set("#A=1\nA=2\n", "A", "3").unwrap(), "#A=1\nA=3\n");
    }
}
