//! The averages before a marked moment: asked of Prometheus where it keeps them, else read from what the watcher spooled.

use crate::model::playbook::{Baseline, Playbook, ReadingKind};
use crate::model::reading::Spooled;
use crate::model::time::Millis;
use crate::sources;
use indexmap::IndexMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// What the signals whose baseline is this mark were before the moment `at` (wall milliseconds): the average in base units
/// and of how many samples, or in words why there is none. The playbook is resolved for its environment.
pub async fn capture(
    playbook: &Playbook,
    environment: &str,
    home: &Path,
    mark: &str,
    at: i64,
) -> IndexMap<String, Result<(f64, u64), String>> {
    let mut out = IndexMap::new();
    for (id, signal) in &playbook.signals {
        let over = match &signal.baseline {
            Some(Baseline::Mark { id, over, .. }) if id == mark => *over,
            _ => continue,
        };
        let from = at - over as i64;
        let found = match &signal.reading {
            ReadingKind::Query(_) => sources::range(playbook, environment, id, from, at).await,
            _ => spooled(home, id, from, at),
        };
        out.insert(id.clone(), found.and_then(|values| average(&values, over)));
    }
    out
}

fn average(values: &[f64], over: Millis) -> Result<(f64, u64), String> {
    let good: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if good.is_empty() {
        return Err(format!("no sample in the {} before it", crate::report::length(over)));
    }
    Ok((good.iter().sum::<f64>() / good.len() as f64, good.len() as u64))
}

/// The values of a signal in the watcher's spool from one moment to another, both included; none when nobody watched.
fn spooled(home: &Path, signal: &str, from: i64, to: i64) -> Result<Vec<f64>, String> {
    let hour = |wall: i64| {
        let at = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
        format!("{}.jsonl", at.strftime("%Y%m%d-%H"))
    };
    let (first, last) = (hour(from), hour(to));
    let folder = home.join("samples");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(format!("{}: {e}", folder.display())),
    };
    let mut out = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name < first || name > last {
            continue;
        }
        let file = std::fs::File::open(entry.path()).map_err(|e| format!("{name}: {e}"))?;
        // The last line may be under way.
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            let Ok(sample) = serde_json::from_str::<Spooled>(&line) else { continue };
            if sample.signal == signal && (from..=to).contains(&sample.at) {
                out.extend(sample.value.and_then(|v| v.as_f64()));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spool_is_read_from_one_moment_to_the_other_over_its_hours() {
        let home = tempfile::tempdir().unwrap();
        let samples = home.path().join("samples");
        std::fs::create_dir(&samples).unwrap();
        let noon = 1_763_726_400_000; // 2025-11-21 12:00 UTC
        let line = |at: i64, signal: &str, value: &str| {
            format!("{{\"at\":{at},\"signal\":\"{signal}\",\"value\":{value}}}\n")
        };
        let before = [line(noon - 2_001, "p", "100"), line(noon - 2_000, "p", "1"), line(noon - 1, "q", "9")];
        std::fs::write(samples.join("20251121-11.jsonl"), before.concat()).unwrap();
        let after = [
            line(noon + 1, "p", "3"),
            line(noon + 2, "p", "\"text\""),
            format!("{{\"at\":{noon},\"signal\":\"p\",\"error\":\"refused\"}}\n"),
            line(noon + 1_001, "p", "100"),
            "{\"at\":17637".to_owned(),
        ];
        std::fs::write(samples.join("20251121-12.jsonl"), after.concat()).unwrap();
        std::fs::write(samples.join("20251121-13.jsonl"), line(noon, "p", "100")).unwrap();
        let values = spooled(home.path(), "p", noon - 2_000, noon + 1_000).unwrap();
        assert_eq!(average(&values, 3_000), Ok((2.0, 2)));
        let none = average(&spooled(home.path(), "p", 0, 1_000).unwrap(), 60_000);
        assert_eq!(none, Err("no sample in the 1m00s before it".into()));
    }
}
