//! Signals read from a /metrics page: which samples they mean, how label sets add up, quantiles over a window.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use indexmap::IndexMap;

use super::Point;
use super::answer::Shape;
use super::exposition::{Sample, scan};
use super::histogram::{self, Bucket};
use crate::model::playbook::{ReadingKind, Signal};
use crate::model::time::{Millis, Now};

/// Picks the samples of some signals out of one source's pages.
pub(super) struct Picker {
    picks: Vec<Pick>,
    /// Metric name on the page → picks that want it.
    wanted: HashMap<String, Vec<usize>>,
}

/// One signal.
struct Pick {
    signal: usize,
    metric: String,
    labels: IndexMap<String, String>,
    series: Option<String>,
    shape: Shape,
    kind: Kind,
}

enum Kind {
    Gauge,
    Counter(Counters),
    Quantile(Windows),
}

/// What one page held for one pick.
#[derive(Default)]
struct Found {
    /// Value of the series label → its samples.
    series: IndexMap<Option<String>, Vec<Hit>>,
}

struct Hit {
    value: f64,
    age: Millis,
    /// Upper bound, for buckets.
    le: f64,
    /// Identity of the label set.
    key: u64,
}

impl Picker {
    pub(super) fn new(signals: &[(usize, &Signal)]) -> Picker {
        let (mut picks, mut wanted) = (Vec::new(), HashMap::<String, Vec<usize>>::new());
        for &(i, signal) in signals {
            let ReadingKind::Metric { name, labels, quantile, over } = &signal.reading else { continue };
            let (metric, kind) = match quantile {
                Some(q) => (format!("{name}_bucket"), Kind::Quantile(Windows::new(*q, *over))),
                None if signal.counter => (name.clone(), Kind::Counter(Counters::default())),
                None => (name.clone(), Kind::Gauge),
            };
            wanted.entry(metric.clone()).or_default().push(picks.len());
            picks.push(Pick {
                signal: i,
                metric,
                labels: labels.clone(),
                series: signal.series.clone(),
                shape: Shape::of(signal),
                kind,
            });
        }
        Picker { picks, wanted }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.picks.is_empty()
    }

    pub(super) fn signals(&self) -> impl Iterator<Item = usize> {
        self.picks.iter().map(|p| p.signal)
    }

    /// Reads a page. Gives what it says about lines that cannot be read.
    pub(super) fn read(
        &mut self,
        page: &[u8],
        openmetrics: bool,
        now: &Now,
        out: &mut Vec<(usize, Point)>,
    ) -> Option<String> {
        let mut found: Vec<Found> = self.picks.iter().map(|_| Found::default()).collect();
        let (mut samples, mut wrong, mut first) = (0usize, 0usize, None);
        for item in scan(page) {
            match item {
                Ok(sample) => {
                    samples += 1;
                    for &p in self.wanted.get(&*sample.name).into_iter().flatten() {
                        self.picks[p].take(&sample, openmetrics, now, &mut found[p]);
                    }
                }
                Err(e) => {
                    wrong += 1;
                    first.get_or_insert_with(|| e.to_string());
                }
            }
        }
        let note = first.map(|first| match wrong {
            _ if samples == 0 => format!("not a /metrics page: {first}"),
            1 => format!("1 line of the page cannot be read: {first}"),
            n => format!("{n} lines of the page cannot be read, the first: {first}"),
        });
        for (pick, found) in self.picks.iter_mut().zip(found) {
            let signal = pick.signal;
            out.extend(pick.points(found, now, note.as_deref()).into_iter().map(|p| (signal, p)));
        }
        note
    }
}

impl Pick {
    /// Takes a sample of the right name, if its labels are right too.
    fn take(&self, sample: &Sample<'_>, openmetrics: bool, now: &Now, found: &mut Found) {
        let bucket = matches!(self.kind, Kind::Quantile(_));
        let (mut matching, mut series, mut le) = (0, None, f64::NAN);
        let mut key = DefaultHasher::new();
        for (name, value) in sample.labels.iter() {
            if self.labels.get(&*name).is_some_and(|want| *want == value) {
                matching += 1;
            }
            if bucket && name == "le" {
                le = super::exposition::number(&value).unwrap_or(f64::NAN);
            }
            (&name, &value).hash(&mut key);
            if self.series.as_deref() == Some(&*name) {
                series = Some(value.into_owned());
            }
        }
        if matching < self.labels.len() || (self.series.is_some() && series.is_none()) {
            return;
        }
        let age = match sample.timestamp {
            Some(t) if openmetrics => (now.wall as f64 - t * 1e3).max(0.0) as Millis,
            Some(t) => (now.wall as f64 - t).max(0.0) as Millis,
            None => 0,
        };
        let hit = Hit { value: sample.value, age, le, key: key.finish() };
        found.series.entry(series).or_default().push(hit);
    }

    fn points(&mut self, found: Found, now: &Now, note: Option<&str>) -> Vec<Point> {
        if found.series.is_empty() {
            let mut reason = format!("no data: `{}` is not on the page", self.metric);
            if !self.labels.is_empty() {
                let pairs: Vec<String> = self.labels.iter().map(|(n, v)| format!("{n}=\"{v}\"")).collect();
                reason = format!("no data: no `{}{{{}}}` on the page", self.metric, pairs.join(","));
            }
            if let Some(note) = note {
                reason = format!("{reason} ({note})");
            }
            return vec![Point::one(Err(reason))];
        }
        let shape = self.shape;
        let many = self.series.is_none();
        found
            .series
            .into_iter()
            .map(|(series, hits)| {
                let age = hits.iter().map(|h| h.age).max().unwrap_or(0);
                let value = match &mut self.kind {
                    Kind::Gauge => match &hits[..] {
                        [one] => Ok(one.value),
                        _ => Err(format!(
                            "{} series answer to `{}`; name more `labels`{}",
                            hits.len(),
                            self.metric,
                            if many { " or a `series`" } else { "" }
                        )),
                    },
                    Kind::Counter(counters) => Ok(counters.add(&series, &hits)),
                    Kind::Quantile(windows) => windows.add(&series, &hits, now),
                };
                Point { series, age, value: value.and_then(|v| shape.number(v)) }
            })
            .collect()
    }
}

/// Sums of counters that only grow: when one of the label sets starts again at 0, the others' sum is kept, so that
/// the reset of one is not taken for the reset of all.
#[derive(Default)]
struct Counters {
    sums: HashMap<Option<String>, Sum>,
}

#[derive(Default)]
struct Sum {
    total: f64,
    last: HashMap<u64, f64>,
}

impl Counters {
    fn add(&mut self, series: &Option<String>, hits: &[Hit]) -> f64 {
        let sum = self.sums.entry(series.clone()).or_default();
        for hit in hits {
            let before = sum.last.insert(hit.key, hit.value).unwrap_or(0.0);
            sum.total += if hit.value >= before { hit.value - before } else { hit.value };
        }
        if sum.last.len() > 2 * hits.len() + 1_000 {
            sum.last = hits.iter().map(|h| (h.key, h.value)).collect();
        }
        if hits.iter().any(|h| h.value.is_nan()) {
            sum.last.retain(|_, v| !v.is_nan());
            sum.total = sum.last.values().sum();
            return f64::NAN;
        }
        sum.total
    }
}

/// Buckets of the last scrapes, per series.
struct Windows {
    q: f64,
    over: Millis,
    series: HashMap<Option<String>, Window>,
}

#[derive(Default)]
struct Window {
    scrapes: VecDeque<(Millis, Vec<Bucket>)>,
    last: HashMap<u64, f64>,
}

impl Windows {
    fn new(q: f64, over: Millis) -> Windows {
        Windows { q, over, series: HashMap::new() }
    }

    /// Adds a scrape and gives the quantile of what was observed since the oldest scrape within the window.
    fn add(&mut self, series: &Option<String>, hits: &[Hit], now: &Now) -> Result<f64, String> {
        let window = self.series.entry(series.clone()).or_default();
        let before = std::mem::take(&mut window.last);
        window.last = hits.iter().map(|h| (h.key, h.value)).collect();
        let reset = hits.iter().any(|h| before.get(&h.key).is_some_and(|b| h.value < *b))
            || before.keys().any(|key| !window.last.contains_key(key));
        if reset {
            window.scrapes.clear();
        }
        let mut counts = BTreeMap::new();
        for hit in hits {
            // total_cmp order on the bits of a bound; NaN bounds make the quantile NaN
            let bits = hit.le.to_bits() as i64;
            let order = bits ^ (((bits >> 63) as u64) >> 1) as i64;
            counts.entry(order).or_insert(Bucket { le: hit.le, count: 0.0 }).count += hit.value;
        }
        let scrape: Vec<Bucket> = counts.into_values().collect();
        while window.scrapes.front().is_some_and(|(at, _)| now.boot.saturating_sub(*at) > self.over) {
            window.scrapes.pop_front();
        }
        let window_start = window.scrapes.front().map(|(_, start)| histogram::increase(start, &scrape));
        if window_start == Some(None) {
            window.scrapes.clear();
        }
        window.scrapes.push_back((now.boot, scrape));
        match window_start.flatten() {
            Some(rise) => match histogram::quantile(self.q, &rise) {
                q if q.is_nan() && rise.iter().any(|b| b.count > 0.0) => {
                    Err("the histogram has no +Inf bucket".into())
                }
                q if q.is_nan() => Err("no observations in the window".into()),
                q => Ok(q),
            },
            None if reset => Err("the histogram started again; its window begins anew".into()),
            None => Err("a quantile needs a second scrape within its window".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::reading::Value;
    use crate::sources::fixture::{now, signal};

    fn metric(name: &str, labels: &[(&str, &str)]) -> Signal {
        let labels = labels.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        signal(ReadingKind::Metric { name: name.into(), labels, quantile: None, over: 60_000 })
    }

    fn quantile(name: &str, q: f64) -> Signal {
        let labels = IndexMap::new();
        signal(ReadingKind::Metric { name: name.into(), labels, quantile: Some(q), over: 60_000 })
    }

    type Values = Vec<(Option<String>, Result<Value, String>)>;

    fn read_at(picker: &mut Picker, page: &str, ms: u64) -> Values {
        let mut out = Vec::new();
        picker.read(page.as_bytes(), false, &now(ms), &mut out);
        out.into_iter().map(|(_, p)| (p.series, p.value)).collect()
    }

    fn read(signal: &Signal, page: &str) -> Values {
        read_at(&mut Picker::new(&[(0, signal)]), page, 0)
    }

    fn number(n: f64) -> Values {
        vec![(None, Ok(Value::Number(n)))]
    }

    const PAGE: &str = "req_total{code=\"200\",arm=\"a\"} 90\nreq_total{code=\"500\",arm=\"a\"} 10\n\
                        req_total{code=\"200\",arm=\"b\"} 50\nrss{pid=\"1\"} 5e6\n";

    #[test]
    fn a_gauge_is_one_sample_and_more_is_not_guessed() {
        assert_eq!(read(&metric("rss", &[]), PAGE), number(5e6));
        let many = read(&metric("req_total", &[("arm", "a")]), PAGE);
        assert!(many[0].1.as_ref().unwrap_err().contains("2 series answer"), "{many:?}");
    }

    #[test]
    fn what_is_absent_is_said_to_be_never_zero() {
        let gone = read(&metric("req_total", &[("code", "404")]), PAGE);
        assert_eq!(gone[0].1, Err("no data: no `req_total{code=\"404\"}` on the page".into()));
        let html = read(&metric("rss", &[]), "<html>\n<body>\n");
        assert!(html[0].1.as_ref().unwrap_err().contains("not a /metrics page: line 1"), "{html:?}");
        assert!(read(&metric("m", &[]), "m NaN\n")[0].1.as_ref().unwrap_err().contains("NaN"));
    }

    #[test]
    fn counters_add_up_per_series() {
        let mut s = metric("req_total", &[]);
        s.counter = true;
        assert_eq!(read(&s, PAGE), number(150.0));
        s.series = Some("arm".into());
        assert_eq!(
            read(&s, PAGE),
            vec![(Some("a".into()), Ok(Value::Number(100.0))), (Some("b".into()), Ok(Value::Number(50.0)))]
        );
    }

    #[test]
    fn the_reset_of_one_label_set_is_not_the_reset_of_all() {
        let mut s = metric("c", &[]);
        s.counter = true;
        let mut p = Picker::new(&[(0, &s)]);
        assert_eq!(read_at(&mut p, "c{a=\"1\"} 1000\nc{a=\"2\"} 500\n", 0), number(1500.0));
        assert_eq!(read_at(&mut p, "c{a=\"1\"} 3\nc{a=\"2\"} 510\n", 1), number(1513.0));
        assert_eq!(read_at(&mut p, "c{a=\"2\"} 510\n", 2), number(1513.0));
        assert_eq!(read_at(&mut p, "c{a=\"1\"} 4\nc{a=\"2\"} 511\nc{a=\"3\"} 2\n", 3), number(1517.0));
        assert!(read_at(&mut p, "c{a=\"1\"} NaN\nc{a=\"2\"} 511\n", 4)[0].1.is_err());
    }

    #[test]
    fn a_lines_error_is_noted_while_the_rest_is_read() {
        let s = metric("rss", &[]);
        let (mut out, mut p) = (Vec::new(), Picker::new(&[(0, &s)]));
        let note = p.read(b"rss 1\nbad line\nworse{\n", false, &now(0), &mut out).unwrap();
        assert!(
            note.starts_with("2 lines of the page cannot be read, the first: line 2, column 5:"),
            "{note}"
        );
        assert_eq!(out[0].1.value, Ok(Value::Number(1.0)));
    }

    #[test]
    fn a_samples_own_time_makes_its_age() {
        let s = metric("m", &[]);
        let age = |page: &str, openmetrics| {
            let mut out = Vec::new();
            let mut at = now(0);
            at.wall = 1_700_000_005_000;
            Picker::new(&[(0, &s)]).read(page.as_bytes(), openmetrics, &at, &mut out);
            out[0].1.age
        };
        assert_eq!(age("m 1 1700000000000", false), 5_000);
        assert_eq!(age("m 1 1700000000.5", true), 4_500);
        assert_eq!(age("m 1", true), 0);
        assert_eq!(age("m 1 1800000000000", false), 0, "a clock ahead is not a negative age");
    }

    fn buckets(a: u32, b: u32, c: u32) -> String {
        format!(
            "h_bucket{{le=\"+Inf\"}} {c}\nh_bucket{{le=\"0.1\"}} {a}\nh_bucket{{le=\"1\"}} {b}\nh_count {c}\n"
        )
    }

    #[test]
    fn a_quantile_is_of_what_happened_between_scrapes() {
        let s = quantile("h", 0.5);
        let mut p = Picker::new(&[(0, &s)]);
        assert!(
            read_at(&mut p, &buckets(1000, 1000, 1000), 0)[0]
                .1
                .as_ref()
                .unwrap_err()
                .contains("second scrape")
        );
        assert_eq!(read_at(&mut p, &buckets(1000, 1010, 1010), 10_000), number(0.55));
        assert_eq!(read_at(&mut p, &buckets(1010, 1010, 1010), 20_000), number(0.05));
        // 70 s later only what came after the window's start counts
        assert!(
            read_at(&mut p, &buckets(1010, 1010, 1010), 80_000)[0]
                .1
                .as_ref()
                .unwrap_err()
                .contains("no observations")
        );
    }

    #[test]
    fn a_reset_drops_the_window() {
        let s = quantile("h", 0.5);
        let mut p = Picker::new(&[(0, &s)]);
        read_at(&mut p, &buckets(100, 200, 300), 0);
        assert!(
            read_at(&mut p, &buckets(1, 2, 3), 1_000)[0].1.as_ref().unwrap_err().contains("started again")
        );
        assert_eq!(read_at(&mut p, &buckets(11, 12, 13), 2_000), number(0.05));
    }

    #[test]
    fn buckets_of_several_label_sets_add_up_by_bound() {
        let s = quantile("h", 0.5);
        let mut p = Picker::new(&[(0, &s)]);
        let page = |n: u32| {
            format!(
                "h_bucket{{p=\"a\",le=\"1\"}} {n}\nh_bucket{{p=\"a\",le=\"+Inf\"}} {n}\n\
                 h_bucket{{p=\"b\",le=\"1\"}} 0\nh_bucket{{p=\"b\",le=\"2\"}} {n}\nh_bucket{{p=\"b\",le=\"+Inf\"}} {n}\n"
            )
        };
        read_at(&mut p, &page(0), 0);
        assert_eq!(read_at(&mut p, &page(10), 1), number(1.0));
    }

    #[test]
    fn error_rate_latency_rss_and_split_come_from_a_real_page() {
        let page = include_str!("../../tests/fixtures/pages/haproxy.txt");
        let mut s = metric("haproxy_server_weight", &[("proxy", "app")]);
        s.series = Some("server".into());
        assert_eq!(
            read(&s, page),
            vec![
                (Some("stable".into()), Ok(Value::Number(75.0))),
                (Some("canary".into()), Ok(Value::Number(25.0)))
            ]
        );
        let page = include_str!("../../tests/fixtures/pages/prometheus.txt");
        assert!(
            matches!(read(&metric("process_resident_memory_bytes", &[]), page)[..], [(None, Ok(Value::Number(n)))] if n > 1e6)
        );
    }
}
