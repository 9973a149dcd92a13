//! What a letter is sent as: the request of its channel, changed to what the service wants at this place of the thread.
//!
//! - PagerDuty, Events API v2 (<https://developer.pagerduty.com/docs/send-alert-event>): `event_action` is `trigger`,
//!   `acknowledge` or `resolve`; the last two need `routing_key` and `dedup_key` and no `payload`. 202: taken.
//! - Grafana, annotations (<https://grafana.com/docs/grafana/latest/developers/http_api/annotations/>): `POST` answers with
//!   `id`; `PATCH /api/annotations/ID` changes `text` and `timeEnd`. Times are milliseconds.
//! - Statuspage (<https://developer.statuspage.io/#operation/postPagesPageIdIncidents>): `POST` answers 201 with `id`;
//!   `PATCH …/incidents/ID` with `status` and `body` adds an update.

use super::{Letter, Outbox, Phase, Posted};
use crate::model::playbook::{Preset, StepKind};
use crate::model::probe::{Expectation, HttpCall};
use crate::model::template::Template;
use serde_json::{Value, json};

/// What is sent for a letter; secrets and texts are still to be filled in.
///
/// # Errors
/// Why there is nothing to send: the thread was never opened at the receiver.
pub fn shaped(posted: &Posted, outbox: &Outbox) -> Result<StepKind, String> {
    let letter = &posted.letter;
    let (StepKind::Http(h), Some(preset)) = (&letter.call, letter.preset) else {
        return Ok(letter.call.clone());
    };
    let reference = outbox.references.get(&(letter.channel.clone(), letter.thread.clone()));
    let (phase, call) = (letter.phase, h.clone());
    let call = match (preset, phase, reference) {
        (Preset::Slack | Preset::Teams, ..) | (Preset::PagerDuty | Preset::Statuspage, Phase::Open, None) => {
            call
        }
        (Preset::PagerDuty, Phase::Open, Some(_)) => call,
        (Preset::PagerDuty, Phase::Update, _) => event(call, "acknowledge"),
        (Preset::PagerDuty, Phase::Close, _) => event(call, "resolve"),
        (Preset::Grafana, Phase::Close, Some(id)) => {
            let region = json!({ "text": text(h), "timeEnd": posted.queued.wall });
            patch(call, id, region)
        }
        (Preset::Grafana, _, Some(id)) => patch(call, id, json!({ "text": text(h) })),
        (Preset::Grafana, phase, None) => {
            // Where its opening never came through, the region is made whole at its end.
            let opened = outbox.letters.values().find(|p| {
                p.letter.channel == letter.channel
                    && p.letter.thread == letter.thread
                    && p.letter.phase == Phase::Open
            });
            let began =
                opened.filter(|_| phase == Phase::Close).map_or(posted.queued.wall, |p| p.queued.wall);
            let end = (phase == Phase::Close).then_some(posted.queued.wall);
            timed(call, began, end)
        }
        (Preset::Statuspage, Phase::Close, Some(id)) => patch(call, id, update(h, "resolved")),
        (Preset::Statuspage, _, Some(id)) => patch(call, id, update(h, "identified")),
        (Preset::Statuspage, _, None) => return Err("no incident of this thread was opened there".to_owned()),
    };
    Ok(StepKind::Http(call))
}

/// What the receiver calls the thread, where its answer to this letter says so.
pub fn reference(letter: &Letter, answer: &str) -> Option<String> {
    if !matches!(letter.preset, Some(Preset::Grafana | Preset::Statuspage)) {
        return None;
    }
    let answer: Value = serde_json::from_str(answer).ok()?;
    let id = match answer.get("id")? {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        _ => return None,
    };
    // It becomes a part of an address.
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (!id.is_empty() && id.len() <= 64 && id.chars().all(plain)).then_some(id)
}

fn event(call: HttpCall, action: &str) -> HttpCall {
    let mut body = json!({ "event_action": action });
    for key in ["routing_key", "dedup_key"] {
        if let Some(value) = call.json.as_ref().and_then(|j| j.get(key)) {
            body[key] = value.clone();
        }
    }
    HttpCall { json: Some(body), ..call }
}

/// The text of an annotation as the playbook words it.
fn text(call: &HttpCall) -> Value {
    let own = call.json.as_ref().and_then(|j| j.get("text")).cloned();
    own.unwrap_or_else(|| json!("{{ subject }}\n{{ message }}"))
}

fn timed(call: HttpCall, began: i64, end: Option<i64>) -> HttpCall {
    let mut body = call.json.clone().unwrap_or_else(|| json!({}));
    if let Some(map) = body.as_object_mut() {
        map.entry("time").or_insert_with(|| json!(began));
        if let Some(end) = end {
            map.entry("timeEnd").or_insert_with(|| json!(end));
        }
    }
    HttpCall { json: Some(body), ..call }
}

/// An update of a status page's incident, in the playbook's words.
fn update(call: &HttpCall, status: &str) -> Value {
    let own = call.json.as_ref().and_then(|j| j.pointer("/incident/body")).cloned();
    json!({ "incident": { "status": status, "body": own.unwrap_or_else(|| json!("{{ message }}")) } })
}

fn patch(call: HttpCall, id: &str, body: Value) -> HttpCall {
    let url = call.url.0.trim_end_matches('/');
    let url = Template(format!("{}/{id}", url.strip_suffix(".json").unwrap_or(url)));
    HttpCall { method: "PATCH".to_owned(), url, json: Some(body), expect: Expectation::default(), ..call }
}
