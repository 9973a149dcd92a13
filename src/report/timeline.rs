//! What happened as a file: JSON, CSV, Markdown, and a table for a terminal.

use super::doc::{Doc, Section, row, safe};
use crate::session::view::{Form, Happening};
use serde_json::json;
use std::fmt::Write;

/// Of which service a timeline is.
#[derive(Debug, Clone, Copy)]
pub struct Of<'a> {
    /// The service.
    pub service: &'a str,
    /// The environment.
    pub environment: &'a str,
}

/// The stream in this form.
pub fn written(form: Form, of: Of<'_>, stream: &[Happening]) -> String {
    match form {
        Form::Json => as_json(stream),
        Form::Csv => csv(stream),
        Form::Markdown => markdown(of, stream),
    }
}

/// A wall time for programs: `2026-11-21T02:14:07.250Z`.
pub fn rfc3339(wall: i64) -> String {
    jiff::Timestamp::from_millisecond(wall)
        .map_or_else(|_| String::new(), |t| t.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn as_json(stream: &[Happening]) -> String {
    let all: Vec<serde_json::Value> = stream
        .iter()
        .map(|h| {
            json!({
                "at": rfc3339(h.wall),
                "wall_ms": h.wall,
                "about": h.sort().word(),
                "kind": h.kind,
                "mark": h.sign().map(String::from),
                "text": h.text,
                "who": h.who,
                "measured": (!h.measured.is_empty()).then_some(&h.measured),
                "log": h.record.as_ref().map(|r| &r.log),
                "record": h.record.as_ref().map(|r| r.seq),
                "hash": h.record.as_ref().map(|r| &r.hash),
            })
        })
        .collect();
    format!("{:#}\n", serde_json::Value::Array(all))
}

/// Names of the columns.
const COLUMNS: [&str; 9] = ["at", "about", "kind", "mark", "text", "who", "measured", "log", "record"];

fn csv(stream: &[Happening]) -> String {
    let mut out = COLUMNS.join(",") + "\r\n";
    for h in stream {
        let fields: [String; 9] = [
            rfc3339(h.wall),
            h.sort().word().into(),
            h.kind.clone(),
            h.sign().map(String::from).unwrap_or_default(),
            h.text.clone(),
            h.who.clone().unwrap_or_default(),
            h.measured.clone(),
            h.record.as_ref().map(|r| r.log.clone()).unwrap_or_default(),
            h.record.as_ref().map(|r| r.seq.to_string()).unwrap_or_default(),
        ];
        out.push_str(&fields.map(|f| field(&f)).join(","));
        out.push_str("\r\n");
    }
    out
}

/// A field as RFC 4180 has it. What a spreadsheet would take for a formula gets a `'` before it.
pub fn field(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r']) || text.starts_with(' ') {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

fn markdown(of: Of<'_>, stream: &[Happening]) -> String {
    let title = safe(&format!("Timeline of {} ▸ {}", of.service, of.environment));
    let lead = vec![format!("{} events, times in UTC.", stream.len())];
    let mut doc = Doc { title, lead, ..Doc::default() };
    let mut events = Section::new("Events");
    let rows = stream.iter().map(|h| {
        row([
            rfc3339(h.wall).replace('T', " "),
            h.sign().map(String::from).unwrap_or_default(),
            h.kind.clone(),
            h.text.clone(),
            h.measured.clone(),
            h.who.clone().unwrap_or_default(),
            h.record.as_ref().map(|r| format!("{} {}", r.log, r.seq)).unwrap_or_default(),
        ])
    });
    events.table(["time", "mark", "about", "what", "measured", "by", "record"], rows.collect());
    doc.add(events);
    doc.print(super::Form::Markdown)
}

/// A line an event, for a terminal or a pipe.
pub fn table(stream: &[Happening]) -> String {
    let mut out = String::new();
    for h in stream {
        let sign = h.sign().unwrap_or(' ');
        let who = h.who.as_ref().map(|w| format!(", by {w}")).unwrap_or_default();
        let _ = writeln!(out, "{}  {sign} {:<10} {}{who}", rfc3339(h.wall).replace('T', " "), h.kind, h.text);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::view::OnRecord;

    const OF: Of<'_> = Of { service: "shop", environment: "production" };

    fn stream() -> Vec<Happening> {
        let on = |seq| Some(OnRecord { log: "decisions".into(), seq, hash: "77ab".into() });
        let note = |wall, text: &str, seq| Happening {
            wall,
            letter: Some('n'),
            kind: "note".into(),
            text: text.into(),
            who: Some("ana".into()),
            record: on(seq),
            ..Happening::default()
        };
        vec![
            note(1_795_227_247_250, "=cmd|' /C calc'!A1", 1),
            note(1_795_227_247_250, "a \"quoted\", comma", 2),
            note(1_795_227_248_000, "[x](http://e) | <b> `c` *d* a_b", 3),
            Happening {
                wall: 1_795_227_249_000,
                mark: Some('+'),
                kind: "step 4".into(),
                text: "Reload: applied".into(),
                measured: "attempt 1: exit 0".into(),
                ..Happening::default()
            },
        ]
    }

    /// RFC 4180, read back.
    fn read(csv: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut field, mut quoted) = (vec![], vec![], String::new(), false);
        let mut chars = csv.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    field.push('"');
                    chars.next();
                }
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut field)),
                '\r' if !quoted => {}
                '\n' if !quoted => {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                c => field.push(c),
            }
        }
        rows
    }

    #[test]
    fn csv_reads_back_and_no_cell_is_a_formula() {
        let rows = read(&written(Form::Csv, OF, &stream()));
        assert_eq!(rows.len(), 5);
        assert!(rows.iter().all(|r| r.len() == COLUMNS.len()), "{rows:#?}");
        assert_eq!(rows[1][4], "'=cmd|' /C calc'!A1");
        assert_eq!(rows[2][4], "a \"quoted\", comma");
        assert_eq!(rows[4][3], "'+", "a mark is no sum");
        assert_eq!((rows[1][0].as_str(), rows[1][8].as_str()), ("2026-11-21T02:14:07.250Z", "1"));
        assert!(rows.iter().flatten().all(|f| !f.trim_start().starts_with(['=', '+', '-', '@'])));
        for odd in [" =1", "\t=1", "@x", "-1", "+1"] {
            assert!(read(&format!("{}\n", field(odd)))[0][0].starts_with('\''), "{odd:?}");
        }
        assert_eq!(field("two\nlines"), "\"two\nlines\"");
    }

    #[test]
    fn json_reads_back_with_every_field() {
        let all: serde_json::Value = serde_json::from_str(&written(Form::Json, OF, &stream())).unwrap();
        assert_eq!(all.as_array().unwrap().len(), 4);
        assert_eq!(all[0]["text"], "=cmd|' /C calc'!A1", "a program takes it as it is");
        assert_eq!((all[0]["record"].as_u64(), all[0]["hash"].as_str()), (Some(1), Some("77ab")));
        assert_eq!((all[3]["about"].as_str(), all[3]["mark"].as_str()), (Some("steps"), Some("+")));
        assert!(all[3]["log"].is_null());
    }

    #[test]
    fn markdown_shows_what_was_said_and_nothing_else() {
        let text = written(Form::Markdown, OF, &stream());
        let rows: Vec<&str> = text.lines().filter(|l| l.starts_with("| 2026")).collect();
        assert_eq!(rows.len(), 4);
        for row in &rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), 8, "{row}");
        }
        assert!(rows[2].contains(r"\[x\](http\://e) \| \<b> \`c\` \*d\* a_b"), "{}", rows[2]);
        assert!(rows[3].contains("| attempt 1: exit 0 |"), "{}", rows[3]);
    }

    #[test]
    fn the_table_is_a_line_an_event() {
        let text = table(&stream());
        assert_eq!(text.lines().count(), 4);
        assert!(text.contains("02:14:09.000Z  + step 4     Reload: applied\n"), "{text}");
    }
}
