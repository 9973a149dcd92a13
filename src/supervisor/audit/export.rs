//! Records on their way out: each with whose it is, where it stands and its hash, as JSON lines or CSV.

use super::{Place, places};
use crate::journal::{each, hash};
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::report::timeline::{field, rfc3339};
use serde_json::{Value, json};
use std::io;
use std::path::Path;

/// One record of one log.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The log: `decisions`, `outbox`, `run ID`, `drill ID`.
    pub log: String,
    /// Its number in its log, from 1.
    pub seq: u64,
    /// When it was written, wall milliseconds.
    pub wall: i64,
    /// What happened.
    pub kind: String,
    /// SHA-256 of its line, in hex.
    pub hash: String,
    /// The hash of the line before it.
    pub prev: String,
    /// Its line, as it stands in the log.
    pub line: String,
}

impl Row {
    /// A record of a log.
    pub fn of(place: &Place, record: &Record, line: &[u8], hash: &str) -> Row {
        Row {
            service: place.service.clone(),
            environment: place.environment.clone(),
            log: place.log.clone(),
            seq: record.seq,
            wall: record.at.wall,
            kind: clean_line(&record.kind),
            hash: hash.to_owned(),
            prev: record.prev.clone(),
            line: String::from_utf8_lossy(line).into_owned(),
        }
    }

    /// One object: what is known of the record, and the record itself byte for byte, so that its hash can be taken again.
    pub fn json(&self) -> String {
        let about = json!({
            "at": rfc3339(self.wall), "service": self.service, "environment": self.environment, "log": self.log,
            "seq": self.seq, "kind": self.kind, "hash": self.hash,
        });
        let about = about.to_string();
        format!("{},\"record\":{}}}", &about[..about.len() - 1], self.line)
    }

    /// Who it names: the person of the record, where it says one.
    fn by(&self, body: &Value) -> String {
        let named = ["who", "by"].iter().find_map(|key| {
            let person = &body[*key];
            person.as_str().or_else(|| person["user"].as_str()).map(clean_line)
        });
        named.unwrap_or_default()
    }

    fn csv(&self) -> String {
        let record: Value = serde_json::from_str(&self.line).unwrap_or_default();
        let record = if record["record"].is_object() { &record["record"] } else { &record };
        let body = &record["body"];
        let fields = [
            rfc3339(self.wall),
            self.service.clone(),
            self.environment.clone(),
            self.log.clone(),
            self.seq.to_string(),
            self.kind.clone(),
            self.by(body),
            body.to_string(),
            self.hash.clone(),
            self.prev.clone(),
        ];
        fields.map(|f| field(&f)).join(",") + "\r\n"
    }
}

/// Names of the columns.
const COLUMNS: &str = "at,service,environment,log,seq,kind,by,body,hash,prev\r\n";

/// Rows as JSON lines.
pub fn jsonl(rows: &[Row]) -> String {
    rows.iter().map(|r| r.json() + "\n").collect()
}

/// Rows as CSV (RFC 4180, with a header); no cell is a formula.
pub fn csv(rows: &[Row]) -> String {
    rows.iter().fold(COLUMNS.to_owned(), |out, r| out + &r.csv())
}

/// Every record since a wall time, in the order of time; records of one log stay in theirs, whatever the wall clock did.
/// What cannot be read is named in the second part; the records before it are there.
///
/// # Errors
/// When a folder cannot be listed.
pub fn rows(root: &Path, of: Option<&str>, since: Option<i64>) -> io::Result<(Vec<Row>, Vec<String>)> {
    let (mut out, mut broken): (Vec<(i64, Row)>, _) = (Vec::new(), Vec::new());
    for place in places(root, of)? {
        let name = place.name(root);
        let mut latest = i64::MIN;
        let mut take = |row: Row| {
            latest = latest.max(row.wall);
            if since.is_none_or(|since| row.wall >= since) {
                out.push((latest, row));
            }
        };
        let read = match place.drill {
            true => drill(&place, &mut take),
            false => each(&place.path, |r, line, hash| take(Row::of(&place, r, line, hash)))
                .map_err(|e| e.to_string())
                .and_then(|found| {
                    found.broken.map_or(Ok(()), |b| Err(format!("{name}:{}: {}", b.line, b.why)))
                }),
        };
        if let Err(why) = read {
            broken.push(clean_line(&why));
        }
    }
    out.sort_by_key(|(at, _)| *at);
    Ok((out.into_iter().map(|(_, row)| row).collect(), broken))
}

fn drill(place: &Place, take: &mut impl FnMut(Row)) -> Result<(), String> {
    let named = |e: &dyn std::fmt::Display| format!("{}: {e}", place.path.display());
    let text = std::fs::read_to_string(&place.path).map_err(|e| named(&e))?;
    let about = std::fs::read(place.path.with_extension("json")).unwrap_or_default();
    let about: Value = serde_json::from_slice(&about).unwrap_or_default();
    for (i, line) in text.lines().enumerate() {
        let value: Value = serde_json::from_str(line).map_err(|e| named(&format!("line {}: {e}", i + 1)))?;
        let record = &value["record"];
        take(Row {
            service: place.service.clone(),
            environment: about["environment"].as_str().map(clean_line).unwrap_or_default(),
            log: place.log.clone(),
            seq: i as u64 + 1,
            wall: record["at"]["wall"].as_i64().unwrap_or_default(),
            kind: record["kind"].as_str().map(clean_line).unwrap_or_default(),
            hash: hash(line.as_bytes()),
            prev: value["prev"].as_str().map(clean_line).unwrap_or_default(),
            line: line.to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{append_if, real};
    use crate::model::time::Now;
    use std::time::Duration;

    fn put(path: &Path, wall: i64, body: Value) {
        let now = Now { boot: 1, boot_id: "b".into(), wall };
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        append_if(real(), path, &now, Duration::from_secs(1), |_| Some(("Noted".into(), body))).unwrap();
    }

    fn house() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let decisions = root.path().join("shop@live/decisions.jsonl");
        let journal = root.path().join("shop@live/runs/r-1/journal.jsonl");
        put(&decisions, 1_000, json!({ "who": { "user": "ana" }, "text": "=1+1" }));
        put(&journal, 2_000, json!({}));
        // The clock was set back, and stands right again.
        put(&decisions, 500, json!({ "by": "@ben" }));
        put(&root.path().join("api@test/outbox.jsonl"), 1_500, json!({}));
        put(&decisions, 3_000, json!({}));
        root
    }

    #[test]
    fn all_logs_are_merged_by_time_and_none_is_turned_around() {
        let root = house();
        let (rows, broken) = rows(root.path(), None, None).unwrap();
        assert_eq!(broken, [""; 0]);
        let order: Vec<_> = rows.iter().map(|r| (r.service.as_str(), r.log.as_str(), r.seq)).collect();
        assert_eq!(
            order,
            [
                ("shop", "decisions", 1),
                ("shop", "decisions", 2),
                ("api", "outbox", 1),
                ("shop", "run r-1", 1),
                ("shop", "decisions", 3)
            ]
        );
        for row in &rows {
            let read: Value = serde_json::from_str(&row.json()).unwrap();
            assert_eq!(read["record"]["seq"], row.seq);
            assert!(row.json().contains(&row.line) && hash(row.line.as_bytes()) == row.hash);
        }
        assert_eq!(super::rows(root.path(), Some("shop"), Some(1_900)).unwrap().0.len(), 2);
    }

    #[test]
    fn csv_has_every_field_and_no_formula() {
        let (rows, _) = rows(house().path(), None, None).unwrap();
        let text = csv(&rows);
        assert_eq!(text.lines().count(), 6);
        assert!(
            text.lines().nth(1).unwrap().contains(",Noted,ana,\"{\"\"who\"\":{\"\"user\"\":\"\"ana\"\"}"),
            "{text}"
        );
        assert!(text.contains(",'@ben,"), "{text}");
    }

    #[test]
    fn what_stands_before_damage_is_told_with_a_word_about_it() {
        let root = house();
        let path = root.path().join("shop@live/decisions.jsonl");
        let text = std::fs::read_to_string(&path).unwrap().replace("@ben", "@eve");
        std::fs::write(&path, text).unwrap();
        let (rows, broken) = rows(root.path(), Some("shop"), None).unwrap();
        assert_eq!(rows.len(), 3);
        assert!(broken[0].contains("decisions.jsonl:3"), "{broken:?}");
    }
}
