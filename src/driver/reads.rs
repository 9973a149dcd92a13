//! The newest reads of each signal as they came: source, value or reason, how long it took. For whoever looks at one signal.

use crate::model::playbook::{Better, Playbook};
use crate::model::reading::{Reading, Value};
use crate::session::view::ReadView;
use crate::sources::Batch;
use std::collections::{HashMap, VecDeque};

/// Reads kept of each signal.
const KEPT: usize = 64;

/// The newest reads of all signals.
#[derive(Debug, Default)]
pub struct Reads(HashMap<String, VecDeque<ReadView>>);

impl Reads {
    /// Keeps what a batch says of each of its signals; of many series the worst.
    pub fn take(&mut self, playbook: &Playbook, batch: &Batch) {
        for of_one in batch.readings.chunk_by(|a, b| a.signal == b.signal) {
            let Some(better) = of_one.first().and_then(|r| playbook.signals.get(&r.signal)).map(|s| s.better)
            else {
                continue;
            };
            let Some(worst) = of_one.iter().max_by(|a, b| badness(a, better).total_cmp(&badness(b, better)))
            else {
                continue;
            };
            let kept = self.0.entry(worst.signal.clone()).or_default();
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(ReadView {
                wall: worst.at.wall,
                series: worst.series.clone(),
                value: worst.value.clone(),
                took_ms: batch.took,
                source: batch.source.clone(),
            });
        }
    }

    /// Those of a signal, newest first.
    pub fn newest(&self, signal: &str) -> Vec<ReadView> {
        self.0.get(signal).into_iter().flatten().rev().cloned().collect()
    }
}

/// Greater is worse; a read that failed says least.
fn badness(r: &Reading, better: Better) -> f64 {
    match (&r.value, better) {
        (Ok(Value::Number(v)), Better::Lower) => *v,
        (Ok(Value::Number(v)), Better::Higher) => -v,
        (Ok(Value::Text(_)), _) => 0.0,
        (Err(_), _) => f64::NEG_INFINITY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Now;

    fn batch(wall: i64, of: &[(&str, Option<&str>, Result<f64, &str>)]) -> Batch {
        let reading = |(signal, series, value): &(&str, Option<&str>, Result<f64, &str>)| Reading {
            signal: (*signal).into(),
            series: series.map(Into::into),
            at: Now { boot: 0, boot_id: String::new(), wall },
            age: 0,
            value: value.map(Value::Number).map_err(Into::into),
        };
        Batch {
            source: "prom".into(),
            readings: of.iter().map(reading).collect(),
            note: None,
            history: false,
            took: Some(12),
        }
    }

    fn playbook() -> Playbook {
        let text = include_str!("../../assets/playbooks/demo.toml");
        crate::config::playbook::parse(text, "demo.toml").expect("the demo's playbook").playbook
    }

    #[test]
    fn the_newest_come_first_the_worst_of_many_counts_and_no_more_are_kept_than_that() {
        let (mut reads, p) = (Reads::default(), playbook());
        let id =
            p.signals.iter().find(|(_, s)| s.better == Better::Lower).map(|(id, _)| id.as_str()).unwrap();
        for i in 0..100 {
            reads.take(
                &p,
                &batch(i, &[(id, Some("a"), Ok(1.0)), (id, Some("b"), Ok(3.0)), (id, Some("c"), Err("x"))]),
            );
        }
        reads.take(&p, &batch(100, &[(id, None, Err("timed out after 3 s"))]));
        reads.take(&p, &batch(101, &[("nobody", None, Ok(1.0))]));
        let newest = reads.newest(id);
        assert_eq!(newest.len(), KEPT);
        assert_eq!((newest[0].wall, &newest[0].value), (100, &Err("timed out after 3 s".into())));
        assert_eq!((newest[1].series.as_deref(), newest[1].took_ms), (Some("b"), Some(12)));
        assert!(reads.newest("nobody").is_empty());
    }
}
