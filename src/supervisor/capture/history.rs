//! What a Prometheus remembers: one range query, its answer as it came.

use super::super::http;
use super::super::secrets::Secrets;
use crate::model::playbook::{ReadingKind, Signal, Source, SourceKind};
use crate::model::probe::HttpCall;
use crate::model::template::Template;
use std::time::Duration;

/// Points of one series that are asked for at most.
const POINTS: i64 = 600;

/// Asks for a signal between two moments (wall milliseconds). The answer is Prometheus' own JSON.
///
/// # Errors
/// In words, when its source has no memory or does not answer; secrets that were read may stand in them.
pub async fn ask(
    source: &Source,
    signal: &Signal,
    secrets: &Secrets,
    (from, to): (i64, i64),
    limit: Duration,
) -> Result<String, String> {
    let (SourceKind::Prometheus { url, headers }, ReadingKind::Query(query)) =
        (&source.kind, &signal.reading)
    else {
        return Err("its source has no memory".to_owned());
    };
    let mut url = reqwest::Url::parse(&secrets.fill(url)?).map_err(|e| format!("{url}: {e}"))?;
    url.path_segments_mut().map_err(|()| "the URL has no path")?.pop_if_empty().extend([
        "api",
        "v1",
        "query_range",
    ]);
    let from = from.min(to - 1_000);
    let step = ((to - from) / POINTS).max(source.every as i64).max(1_000);
    let seconds = |ms: i64| format!("{}.{:03}", ms / 1_000, ms % 1_000);
    let mut form = reqwest::Url::parse("http://form").map_err(|e| e.to_string())?;
    form.query_pairs_mut()
        .append_pair("query", &secrets.fill(query)?)
        .append_pair("start", &seconds(from))
        .append_pair("end", &seconds(to))
        .append_pair("step", &seconds(step));
    let mut headers = headers.clone();
    headers.insert("Content-Type".to_owned(), Template::from("application/x-www-form-urlencoded"));
    let call = HttpCall {
        method: "POST".to_owned(),
        url: Template(url.to_string()),
        headers,
        // Encoded, so no brace of the query is taken for a name.
        text: Some(Template(form.query().unwrap_or_default().to_owned())),
        ..HttpCall::default()
    };
    let reply =
        http::send(&call, secrets, None, limit, !source.proxy).await.map_err(|t| t.text().to_owned())?;
    match serde_json::from_str::<serde_json::Value>(&reply.out) {
        Ok(answer) if answer["status"] == "success" => Ok(reply.out),
        Ok(answer) => Err(answer["error"].as_str().unwrap_or("refused").to_owned()),
        Err(_) => Err(format!("status {}, and not an answer of Prometheus", reply.status.unwrap_or(0))),
    }
}
