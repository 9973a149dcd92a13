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
