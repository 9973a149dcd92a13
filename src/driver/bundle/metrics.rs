//! What was measured in the time of a run: the samples as they were read, and what Prometheus remembers.

use super::gather::Part;
use crate::driver::watch::spooled_since;
use crate::model::reading::Spooled;
use crate::report::timeline::{field, rfc3339};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// Recorded samples between two wall times, a JSON and a CSV file a signal.
pub(super) fn samples(home: &Path, (from, to): (i64, i64)) -> Vec<Part> {
    let mut by: BTreeMap<String, Vec<Spooled>> = BTreeMap::new();
    for s in spooled_since(home, from).into_iter().filter(|s| s.at <= to) {
        by.entry(s.signal.clone()).or_default().push(s);
    }
    let mut out = Vec::new();
    for (signal, all) in by {
        let name = format!("metrics/{}.samples", plain(&signal));
        let json: String =
            all.iter().filter_map(|s| serde_json::to_string(s).ok()).map(|l| l + "\n").collect();
        let mut csv = "at,series,value,error\r\n".to_owned();
        for s in &all {
            let value = s.value.as_ref().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
            let fields = [
                rfc3339(s.at),
                field(s.series.as_deref().unwrap_or_default()),
                field(&value.unwrap_or_default()),
                field(s.error.as_deref().unwrap_or_default()),
            ];
            csv += &(fields.join(",") + "\r\n");
        }
        let note = format!("{} samples as they were read", all.len());
        out.push(Part::whole(format!("{name}.jsonl"), json.into_bytes(), &note));
        out.push(Part::whole(format!("{name}.csv"), csv.into_bytes(), &note));
    }
    out
}

/// An answer of `query_range` as CSV.
///
/// # Errors
/// When it is none.
pub(super) fn range_csv(answer: &str) -> Result<String, String> {
    let answer: Value = serde_json::from_str(answer).map_err(|e| e.to_string())?;
    let series = answer["data"]["result"].as_array().ok_or("it has no series")?;
    let mut out = "at,series,value\r\n".to_owned();
    for one in series {
        let name = field(&one["metric"].to_string());
        for point in one["values"].as_array().into_iter().flatten() {
            let at = (point[0].as_f64().unwrap_or_default() * 1_000.0).round() as i64;
            let value = field(point[1].as_str().unwrap_or_default());
            out += &format!("{},{name},{value}\r\n", rfc3339(at));
        }
    }
    Ok(out)
}

/// An id as a part of a file name.
pub(super) fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    name.chars().map(keep).take(80).collect::<String>().trim_start_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_becomes_a_line_a_point() {
        let answer = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"job":"a"},"values":[[1795227247.25,"0.5"],[1795227262.25,"NaN"]]}]}}"#;
        let csv = range_csv(answer).unwrap();
        let rows: Vec<&str> = csv.lines().collect();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[1], "2026-11-21T02:14:07.250Z,\"{\"\"job\"\":\"\"a\"\"}\",0.5");
        assert!(range_csv("{}").is_err() && range_csv("no").is_err());
    }
}
