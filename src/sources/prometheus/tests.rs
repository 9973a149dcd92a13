//! Against a small server that speaks Prometheus' API.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::*;
use crate::model::playbook::{Playbook, Source, SourceKind};
use crate::model::reading::Value;
use crate::sources::fixture::{Server, reply, request, serve, signal};
use crate::sources::{Batch, Pollers, start};

#[derive(Default)]
struct Log {
    queries: Mutex<Vec<String>>,
    now: AtomicUsize,
    most: AtomicUsize,
    /// What `up` answers now: values by shard, or one without a label.
    up: Mutex<Vec<(&'static str, &'static str)>>,
}

/// The queries of a union, by number, or the only one.
fn parts(query: &str) -> Vec<(Option<String>, String)> {
    if !query.contains("\"ripcord\"") {
        return vec![(None, query.to_owned())];
    }
    let part = |p: &str| {
        let (expression, rest) = p.strip_prefix("label_replace(")?.split_once("\n,\"ripcord\",\"")?;
        Some((Some(rest.split('"').next()?.to_owned()), expression.to_owned()))
    };
    query.split(" or ").filter_map(part).collect()
}

fn evaluate(query: &str, log: &Log) -> (&'static str, String) {
    let refused = |e: &str| {
        ("400 Bad Request", format!(r#"{{"status":"error","errorType":"bad_data","error":"{e}"}}"#))
    };
    let mut result = Vec::new();
    for (number, expression) in parts(query) {
        let label = number.as_ref().map(|n| format!(r#","ripcord":"{n}""#)).unwrap_or_default();
        let mut element = |metric: &str, value: &str| {
            result.push(format!(r#"{{"metric":{{{metric}{label}}},"value":[1.5,"{value}"]}}"#));
        };
        match expression.as_str() {
            "five" => element(r#""a":"b""#, "5"),
            "nan" => element(r#""a":"b""#, "NaN"),
            "inf" => element(r#""a":"b""#, "+Inf"),
            "shards" => {
                element(r#""shard":"1""#, "0.25");
                element(r#""shard":"2\u001b[31m\u202e""#, "0.5");
            }
            "empty" => {}
            "up" => {
                for (shard, value) in &*log.up.lock().unwrap() {
                    let label = format!(r#""shard":"{shard}""#);
                    element(if shard.is_empty() { r#""job":"x""# } else { &label }, value);
                }
            }
            "scalar" if number.is_none() => {
                return (
                    "200 OK",
                    r#"{"status":"success","data":{"resultType":"scalar","result":[1,"42"]}}"#.into(),
                );
            }
            _ => return refused("parse error: unexpected end of input"),
        }
    }
    let list = result.join(",");
    (
        "200 OK",
        format!(
            r#"{{"status":"success","data":{{"resultType":"vector","result":[{list}]}},"warnings":["w"]}}"#
        ),
    )
}

async fn prometheus(log: Arc<Log>) -> Server {
    serve(move |first, mut stream| {
        let log = log.clone();
        async move {
            let mut next = Some(first);
            while let Some(text) = next {
                let form = text.split_once("\r\n\r\n").map(|(_, b)| b.to_owned()).unwrap_or_default();
                let url = reqwest::Url::parse(&format!("http://x/?{form}")).unwrap();
                let query = url.query_pairs().find(|(n, _)| n == "query").unwrap().1.into_owned();
                if text.starts_with("POST /base/api/v1/query_range ") {
                    let wall = clock::now().wall as f64 / 1e3 - 10.0;
                    // the first question goes silent; the others have values as long as somebody asks for life
                    let others = if log.up.lock().unwrap().is_empty() { 1 } else { parts(&query).len() };
                    let range = |i: usize| {
                        let last = if i == 0 { "NaN" } else { "7" };
                        let later = wall + 5.0;
                        format!(
                            r#"{{"metric":{{"ripcord":"{i}","shard":"1"}},"values":[[{wall},"4"],[{later},"{last}"]]}}"#
                        )
                    };
                    let ranges = (0..others).map(range).collect::<Vec<_>>().join(",");
                    let body = format!(
                        r#"{{"status":"success","data":{{"resultType":"matrix","result":[{ranges}]}}}}"#
                    );
                    reply(&mut stream, "200 OK", "", &body).await;
                } else {
                    assert!(text.starts_with("POST /base/api/v1/query "), "{text}");
                    log.most.fetch_max(log.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    log.queries.lock().unwrap().push(query.clone());
                    if query == "hang" || query.contains("(hang\n") {
                        let mut end = [0];
                        let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut end).await;
                        log.now.fetch_sub(1, Ordering::SeqCst);
                        return;
                    }
                    let (status, body) = evaluate(&query, &log);
                    reply(&mut stream, status, "", &body).await;
                    log.now.fetch_sub(1, Ordering::SeqCst);
                }
                next = request(&mut stream).await;
            }
        }
    })
    .await
}

/// A playbook with these queries; a name before `:` is a series label.
fn playbook(url: &str, queries: &[&str]) -> Playbook {
    let mut playbook = Playbook::default();
    let kind =
        SourceKind::Prometheus { url: format!("{url}/base/").as_str().into(), headers: Default::default() };
    playbook.sources.insert("source".into(), Source { every: 20, timeout: 2_000, proxy: true, kind });
    for query in queries {
        let (series, query) = query.split_once(':').map_or((None, *query), |(s, q)| (Some(s.to_string()), q));
        let mut s = signal(ReadingKind::Query(query.into()));
        s.series = series;
        playbook.signals.insert(query.into(), s);
    }
    playbook
}

async fn watch(url: &str, queries: &[&str]) -> (Pollers, mpsc::Receiver<Batch>) {
    let (tx, rx) = mpsc::channel(4);
    (start(&playbook(url, queries), "test", tx), rx)
}

/// The next reading of a signal that is not history.
async fn next(rx: &mut mpsc::Receiver<Batch>, signal: &str) -> Result<Value, String> {
    loop {
        let batch = rx.recv().await.expect("the poller goes on");
        let mut readings = batch.readings.into_iter().filter(|_| !batch.history);
        if let Some(reading) = readings.find(|r| r.signal == signal) {
            return reading.value;
        }
    }
}

#[tokio::test]
async fn like_queries_are_one_request_and_a_bad_one_blinds_only_itself() {
    let log = Arc::new(Log::default());
    let server = prometheus(log.clone()).await;
    let (_pollers, mut rx) =
        watch(&server.base, &["five", "nan", "inf", "empty", "bad(", "worse", "scalar"]).await;
    assert_eq!(next(&mut rx, "five").await, Ok(Value::Number(5.0)));
    assert!(next(&mut rx, "nan").await.unwrap_err().contains("NaN"));
    assert_eq!(next(&mut rx, "inf").await, Ok(Value::Number(f64::INFINITY)));
    assert!(next(&mut rx, "empty").await.unwrap_err().contains("matches nothing"));
    assert!(next(&mut rx, "bad(").await.unwrap_err().contains("bad_data: parse error"));
    assert!(next(&mut rx, "worse").await.unwrap_err().contains("bad_data"));
    assert_eq!(next(&mut rx, "scalar").await, Ok(Value::Number(42.0)));
    log.queries.lock().unwrap().clear();
    for _ in 0..3 {
        assert_eq!(next(&mut rx, "five").await, Ok(Value::Number(5.0)));
    }
    let queries = log.queries.lock().unwrap().clone();
    let together = queries.iter().filter(|q| parts(q).len() == 4).count();
    assert!(together >= 2, "the good ones are together again: {queries:?}");
    assert!(log.most.load(Ordering::SeqCst) <= CONNECTIONS);
}

#[tokio::test]
async fn a_query_that_hangs_is_split_out_and_the_others_go_on() {
    let log = Arc::new(Log::default());
    let server = prometheus(log.clone()).await;
    let (_pollers, mut rx) = watch(&server.base, &["five", "hang"]).await;
    for _ in 0..3 {
        while next(&mut rx, "five").await.is_err() {}
    }
    assert!(next(&mut rx, "hang").await.unwrap_err().contains("no answer within 2s"));
    assert!(log.most.load(Ordering::SeqCst) <= CONNECTIONS);
}

#[tokio::test]
async fn history_comes_first_and_series_by_their_label_clean() {
    let server = prometheus(Arc::default()).await;
    let (_pollers, mut rx) = watch(&server.base, &["shard:shards", "five"]).await;
    let past = rx.recv().await.unwrap();
    assert!(past.history);
    assert_eq!(past.readings.len(), 1, "NaN stays a gap: {past:?}");
    assert_eq!(past.readings[0].series.as_deref(), Some("1"));
    let age = clock::now().boot - past.readings[0].at.boot;
    assert!(age >= 10_000, "{age}");
    let batch = rx.recv().await.unwrap();
    assert_eq!(batch.note.as_deref(), Some("w"));
    let series: Vec<_> =
        batch.readings.iter().filter(|r| r.signal == "shards").map(|r| r.series.clone()).collect();
    assert_eq!(series, [Some("1".into()), Some("2\\u{202e}".into())]);
}

/// The signals `five` and `shards`, which count only while `up` says so.
fn with_fresh(url: &str) -> Playbook {
    let mut p = playbook(url, &["five", "shard:shards", "nan"]);
    p.signals.values_mut().for_each(|s| s.fresh = Some("up".into()));
    p
}

/// Reads until the signal (of this shard) is as wanted; answers the reason when that is an error.
async fn until(
    rx: &mut mpsc::Receiver<Batch>,
    signal: &str,
    shard: Option<&str>,
    good: bool,
) -> Option<String> {
    loop {
        let batch = rx.recv().await.expect("the poller goes on");
        let here = batch.readings.into_iter().filter(|r| r.signal == signal && !batch.history);
        let of_shard = here.filter(|r| shard.is_none_or(|s| r.series.as_deref() == Some(s)));
        if let Some(found) = of_shard.map(|r| r.value).find(|v| v.is_ok() == good) {
            return found.err();
        }
    }
}

#[tokio::test]
async fn a_value_counts_only_while_its_target_is_not_silent() {
    let log = Arc::new(Log::default());
    let server = prometheus(log.clone()).await;
    let (tx, mut rx) = mpsc::channel(4);
    let _pollers = start(&with_fresh(&server.base), "test", tx);
    const SILENT: &str = "its target is silent (fresh: up)";
    for silent in [&[][..], &[("", "0")], &[("", "NaN")], &[("", "0"), ("1", "0")]] {
        *log.up.lock().unwrap() = silent.to_vec();
        // an answer that was under way while `up` changed may still come
        while until(&mut rx, "five", None, false).await.as_deref() != Some(SILENT) {}
        *log.up.lock().unwrap() = vec![("", "0"), ("", "2")];
        until(&mut rx, "five", None, true).await;
        until(&mut rx, "shards", Some("1"), true).await;
    }
    assert!(next(&mut rx, "nan").await.unwrap_err().contains("NaN"), "its own reason stays");
    let asked = log.queries.lock().unwrap().clone();
    assert!(asked.iter().all(|q| q.matches("(up\n").count() == 1), "asked along, once for all: {asked:?}");
}

#[tokio::test]
async fn a_series_is_silent_by_its_own_label() {
    let log = Arc::new(Log::default());
    *log.up.lock().unwrap() = vec![("1", "1"), ("2\u{202e}", "0")];
    let server = prometheus(log.clone()).await;
    let (tx, mut rx) = mpsc::channel(4);
    let _pollers = start(&with_fresh(&server.base), "test", tx);
    until(&mut rx, "shards", Some("1"), true).await;
    *log.up.lock().unwrap() = vec![("1", "0"), ("9", "1")];
    let why = until(&mut rx, "shards", Some("1"), false).await;
    assert_eq!(why.as_deref(), Some("its target is silent (fresh: up)"));
    until(&mut rx, "five", None, true).await;
}

#[tokio::test]
async fn what_cannot_be_known_of_a_target_is_not_taken_for_life() {
    let log = Arc::new(Log::default());
    let server = prometheus(log.clone()).await;
    let mut p = playbook(&server.base, &["five", "inf"]);
    p.signals["five"].fresh = Some("broken(".into());
    let (tx, mut rx) = mpsc::channel(4);
    let _pollers = start(&p, "test", tx);
    until(&mut rx, "inf", None, true).await;
    while !until(&mut rx, "five", None, false).await.unwrap().contains("parse error") {}
    let why = next(&mut rx, "five").await.unwrap_err();
    assert!(why.starts_with("nobody knows whether its target is silent (fresh: broken(): bad_data"), "{why}");
}

#[tokio::test]
async fn history_of_a_silent_target_is_a_gap() {
    let log = Arc::new(Log::default());
    *log.up.lock().unwrap() = vec![("1", "1")];
    let server = prometheus(log).await;
    let (tx, mut rx) = mpsc::channel(4);
    let _pollers = start(&with_fresh(&server.base), "test", tx);
    let batch = rx.recv().await.unwrap();
    assert!(batch.history, "{batch:?}");
    let values: Vec<_> = batch.readings.iter().map(|r| (r.signal.as_str(), r.value.clone())).collect();
    let four = Ok(Value::Number(4.0));
    assert_eq!(values, ["five", "shards", "nan"].map(|s| (s, four.clone())), "7 came while it was silent");
    let past = |values: &[(f64, &str)]| {
        let values = values.iter().map(|(t, v)| (*t, (*v).to_owned())).collect();
        let metric = [("shard".to_owned(), "1".to_owned())].into();
        fresh::Past::of(vec![api::Range { metric, values }])
    };
    let past = past(&[(1.0, "1"), (2.0, "0"), (3.0, "NaN")]);
    let lived = |wall| past.lived(wall, None, None);
    assert_eq!([1_000, 2_000, 3_000, 4_000].map(lived), [true, false, false, false]);
    assert!(past.lived(1_000, Some("shard"), Some("1")));
    assert!(!past.lived(1_000, Some("shard"), Some("2")));
}
