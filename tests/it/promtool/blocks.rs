//! Samples written as OpenMetrics, made into blocks by promtool, served by a real Prometheus.

use crate::components::{self, Server};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// A series: its name with labels as Prometheus writes them, and its samples (wall milliseconds and value).
pub type Written = (String, Vec<(i64, f64)>);

/// A Prometheus that has these samples and nothing else. Their times are exact in seconds (multiples of 125 ms), for
/// promtool cuts what is not.
pub fn serve(folder: &Path, series: &[Written]) -> Server {
    let mut text = String::new();
    for (name, samples) in series {
        for (at, value) in samples {
            assert_eq!(at % 125, 0, "promtool would cut this time");
            let value = if value.is_nan() { "NaN".into() } else { format!("{value:e}") };
            let _ = writeln!(text, "{name} {value} {}", *at as f64 / 1e3);
        }
    }
    text.push_str("# EOF\n");
    let (input, data) = (folder.join("samples.om"), folder.join("data"));
    std::fs::write(&input, text).unwrap();
    std::fs::create_dir_all(&data).unwrap();
    let made = Command::new(components::find("promtool").unwrap())
        .args(["tsdb", "create-blocks-from", "openmetrics"])
        .args([&input, &data])
        .output()
        .unwrap();
    assert!(made.status.success(), "promtool: {}", String::from_utf8_lossy(&made.stderr));
    let config = folder.join("prometheus.yml");
    std::fs::write(&config, "global:\n  scrape_interval: 1m\n").unwrap();
    Server::start("prometheus", folder, 1, "/-/ready", |ports| {
        vec![
            format!("--config.file={}", config.display()),
            format!("--storage.tsdb.path={}", data.display()),
            "--storage.tsdb.retention.time=100y".into(),
            format!("--web.listen-address=127.0.0.1:{}", ports[0]),
        ]
    })
}

/// The values of a `query_range` by the label `i` (empty without it) and wall milliseconds.
pub type Ranges = BTreeMap<String, BTreeMap<i64, f64>>;

/// Asks for a range; times in wall milliseconds.
pub fn query_range(server: &Server, query: &str, from: i64, to: i64, step: i64) -> Ranges {
    let seconds = |ms: i64| format!("{}.{:03}", ms / 1000, ms % 1000);
    let path = format!(
        "/api/v1/query_range?query={}&start={}&end={}&step={}",
        encode(query),
        seconds(from),
        seconds(to),
        seconds(step)
    );
    let body = components::body(server.ports[0], &path);
    let answer: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let mut out = Ranges::new();
    for series in answer["data"]["result"].as_array().unwrap() {
        let label = series["metric"]["i"].as_str().unwrap_or_default();
        let points = series["values"].as_array().unwrap().iter().map(point).collect();
        assert!(out.insert(label.into(), points).is_none(), "{query}: two series answer for `{label}`");
    }
    out
}

/// Asks for one moment; the same shape.
pub fn query(server: &Server, query: &str, at: i64) -> Ranges {
    let path = format!("/api/v1/query?query={}&time={}.{:03}", encode(query), at / 1000, at % 1000);
    let answer: serde_json::Value =
        serde_json::from_slice(&components::body(server.ports[0], &path)).unwrap();
    let result = answer["data"]["result"].as_array().unwrap().iter();
    let label = |s: &serde_json::Value| s["metric"]["i"].as_str().unwrap_or_default().to_owned();
    result.map(|s| (label(s), [point(&s["value"])].into())).collect()
}

fn point(pair: &serde_json::Value) -> (i64, f64) {
    let at = (pair[0].as_f64().unwrap() * 1e3).round() as i64;
    (at, pair[1].as_str().unwrap().parse().unwrap())
}

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        let _ =
            if b.is_ascii_alphanumeric() { write!(out, "{}", b as char) } else { write!(out, "%{b:02X}") };
        out
    })
}
