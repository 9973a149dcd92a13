//! What a signal was, as its Prometheus remembers it.

use super::super::answer::Shape;
use super::super::exposition::number;
use super::super::http::Target;
use super::super::names::Names;
use super::super::web::Web;
use super::api::{Data, ask};
use crate::model::playbook::{Playbook, ReadingKind, SourceKind};
use crate::model::reading::Value;
use std::time::Duration;

/// The most points that are asked for.
const POINTS: i64 = 10_000;

/// The values in base units of a `query` signal from one moment to another (wall milliseconds, both included), of all its
/// series, one for each interval of its source.
///
/// # Errors
/// In words, safe to show: no such signal, a server that does not answer, a query that is refused.
pub async fn range(
    playbook: &Playbook,
    environment: &str,
    signal: &str,
    from: i64,
    to: i64,
) -> Result<Vec<f64>, String> {
    let found = playbook.signals.get(signal).ok_or_else(|| format!("there is no signal `{signal}`"))?;
    let ReadingKind::Query(query) = &found.reading else { return Err("it is no query".into()) };
    let source = found.source.as_ref().and_then(|id| playbook.sources.get(id)).ok_or("it has no source")?;
    let SourceKind::Prometheus { url, headers } = source.kind.clone() else {
        return Err("its source is no Prometheus".into());
    };
    let names = Names::of(playbook, environment);
    let target = Target {
        url,
        method: "POST".into(),
        headers,
        body: None,
        timeout: Duration::from_millis(source.timeout.max(1)),
        proxy: source.proxy,
    };
    let answer = async {
        let (call, query) = (target.call(&names)?, names.fill(query)?);
        let step = (source.every as i64).max((to - from) / POINTS).max(1_000) as f64 / 1e3;
        let time = |wall: i64| format!("{:.3}", wall as f64 / 1e3);
        let (from, to, step) = (time(from), time(to), step.to_string());
        let form = [("query", &*query), ("start", &from), ("end", &to), ("step", &step)];
        ask(&Web::default(), call, "query_range", &form).await.map_err(|e| e.reason().to_owned())
    };
    let (data, _) = answer.await.map_err(|why: String| crate::model::text::clean_line(&names.mask(why)))?;
    let Data::Matrix(ranges) = data else { return Err("the server gave no range".into()) };
    let shape = Shape::of(found);
    let texts = ranges.iter().flat_map(|r| r.values.iter().map(|(_, text)| text));
    let values = texts.filter_map(|text| match shape.number(number(text)?) {
        Ok(Value::Number(n)) => Some(n),
        _ => None,
    });
    Ok(values.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::Source;
    use crate::model::unit::Unit;
    use crate::sources::fixture::{Server, reply, serve, signal};
    use std::sync::Arc;
    use std::sync::Mutex;

    /// A playbook with the signal `p99` in milliseconds, and what its server was asked.
    async fn lab(status: &'static str, body: &'static str) -> (Playbook, Server, Arc<Mutex<String>>) {
        let asked = Arc::new(Mutex::new(String::new()));
        let log = asked.clone();
        let server = serve(move |request, mut stream| {
            *log.lock().unwrap() = request;
            async move { reply(&mut stream, status, "content-type: application/json\r\n", body).await }
        })
        .await;
        let mut playbook = Playbook::default();
        let mut p99 = signal(ReadingKind::Query("p99{env='{{ environment }}'}".into()));
        (p99.unit, p99.raw) = (Unit::S, Unit::Ms);
        playbook.signals.insert("p99".into(), p99);
        let kind = SourceKind::Prometheus { url: server.base.as_str().into(), headers: Default::default() };
        let source = Source { every: 15_000, timeout: 5_000, proxy: false, kind };
        playbook.sources.insert("source".into(), source);
        (playbook, server, asked)
    }

    #[tokio::test]
    async fn every_series_counts_in_base_units_and_what_is_no_number_does_not() {
        let body = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"shard":"1"},"values":[[1,"100"],[16,"NaN"],[31,"300"]]},
            {"metric":{"shard":"2"},"values":[[1,"50"]]}]}}"#;
        let (playbook, _server, asked) = lab("200 OK", body).await;
        let values = range(&playbook, "here", "p99", 1_000, 31_000).await.unwrap();
        assert_eq!(values, [0.1, 0.3, 0.05]);
        let asked = asked.lock().unwrap().clone();
        assert!(asked.starts_with("POST /api/v1/query_range"), "{asked}");
        assert!(asked.contains("start=1.000&end=31.000&step=15"), "{asked}");
        assert!(asked.contains("p99%7Benv%3D%27here%27%7D"), "{asked}");
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_words() {
        let body = r#"{"status":"error","errorType":"bad_data","error":"parse error\u001b[31m"}"#;
        let (playbook, _server, _) = lab("400 Bad Request", body).await;
        let why = range(&playbook, "here", "p99", 0, 1_000).await.unwrap_err();
        assert_eq!(why, "bad_data: parse error");
        assert!(range(&playbook, "here", "other", 0, 1_000).await.unwrap_err().contains("no signal"));
    }
}
