//! `[channels]`, `[messages]`, `[[escalation]]`: how people are told, and what.

use super::calls::{BESIDE_RUN, command, http_of};
use super::conditions::standing;
use super::templates::{Reach, Scope, template};
use super::words::{Style, id};
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Channel, Limit, Message, Notice, Occasion, Preset, Rung, Way};
use indexmap::IndexMap;
use serde_json::{Value, json};

/// Milliseconds a channel may take when nothing is said.
const TIMEOUT: u64 = 10_000;
/// The longest `per` of a limit, milliseconds.
const LONGEST: u64 = 3_600_000;
const PRESETS: [(&str, Preset); 5] = [
    ("slack", Preset::Slack),
    ("teams", Preset::Teams),
    ("pagerduty", Preset::PagerDuty),
    ("grafana", Preset::Grafana),
    ("statuspage", Preset::Statuspage),
];

/// `[channels.C]`
pub fn channels(top: &Table<'_>) -> IndexMap<String, Channel> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("channels") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(c) = node.table().and_then(|t| channel(name, &t)) {
            out.insert(name.to_string(), c);
        }
    }
    out
}

fn channel(name: &str, t: &Table<'_>) -> Option<Channel> {
    let scope = Scope {
        reach: Reach::Running,
        extra: &["message", "subject", "phase", "thread"],
        later: true,
        ..Scope::default()
    };
    let title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| name.to_string());
    let timeout = t.opt("timeout").map_or(Some(TIMEOUT), |n| n.dur_positive());
    let preset = t.opt("preset").map(|n| (n.choice(&PRESETS.map(|p| (p.0, p))), n));
    let speaks = preset.as_ref().and_then(|(found, _)| found.map(|(_, p)| p));
    let limit = t.opt("limit").map_or(Some(Limit::default()), |n| limit(&n));
    let way = t.at_most_one(&["http", "run"]);
    if !matches!(way, Some(("run", _))) {
        for &key in BESIDE_RUN {
            if t.opt(key).is_some() {
                t.cx.error(t.key_span(key), format!("`{key}` has no meaning without `run`"), "leave it out");
            }
        }
    }
    let way = match (way, preset) {
        (Some(("run", n)), preset) => {
            if let Some((_, p)) = preset {
                p.error(
                    "`preset` has no meaning beside `run`",
                    "it is the body of an HTTP request: write http = { … }",
                );
            }
            Way::Run(command(t, &n, &scope)?)
        }
        (Some((_, n)), None) => Way::Http(http_of(&n.table()?, &scope, "POST", None)?),
        (Some((_, n)), Some((preset, _))) => Way::Http(shaped(preset?.0, &n, &scope)?),
        (None, Some((preset, n))) => {
            let (name, _) = preset?;
            n.error(
                format!("`preset = \"{name}\"` needs {}", needs(name)),
                format!("write http = {{ {} }}", example(name)),
            );
            return None;
        }
        (None, None) => {
            t.one_of(&["http", "run"]);
            return None;
        }
    };
    Some(Channel { title, way, preset: speaks, timeout: timeout?, limit: limit? })
}

fn limit(n: &Node<'_>) -> Option<Limit> {
    let t = n.table()?;
    let hint = "write limit = { max = 30, per = \"10m\" }";
    let max = t.req("max", hint).and_then(|n| n.int(1..=100_000)).map(|n| n as u32);
    let per = t.req("per", hint).and_then(|n| Some((n.dur_positive()?, n)));
    let per = per.map(|(ms, n)| {
        if ms > LONGEST {
            n.error("what is held back would be told too late", "write at most per = \"1h\"");
        }
        ms
    });
    Some(Limit { max: max?, per: per? })
}

fn needs(preset: &str) -> &'static str {
    match preset {
        "pagerduty" => "its routing key",
        _ => "its url",
    }
}

fn example(preset: &str) -> &'static str {
    match preset {
        "slack" | "teams" => "url = \"{{ secret.webhook }}\"",
        "pagerduty" => "json = { routing_key = \"{{ secret.pagerduty }}\" }",
        "grafana" => {
            "url = \"https://grafana.example/api/annotations\", headers = { Authorization = \"{{ secret.grafana }}\" }"
        }
        _ => {
            "url = \"https://api.statuspage.io/v1/pages/ID/incidents\", headers = { Authorization = \"{{ secret.statuspage }}\" }"
        }
    }
}

/// A request whose body has the shape that a service wants; what is written in `json` wins.
fn shaped(preset: &str, n: &Node<'_>, scope: &Scope) -> Option<crate::model::probe::HttpCall> {
    let t = n.table()?;
    let known = (preset == "pagerduty").then_some("https://events.pagerduty.com/v2/enqueue");
    if known.is_none() && t.opt("url").is_none() {
        n.error(
            format!("`preset = \"{preset}\"` needs {}", needs(preset)),
            format!("write http = {{ {} }}", example(preset)),
        );
        return None;
    }
    let mut call = http_of(&t, scope, "POST", known)?;
    if call.text.is_some() {
        n.error(
            "`text` has no meaning beside `preset`",
            "the preset is a JSON body: write json = { … } to change it",
        );
        return None;
    }
    let mut body = body(preset);
    merge(&mut body, call.json.take().unwrap_or(Value::Null));
    if preset == "pagerduty" && body.get("routing_key").is_none() {
        n.error(
            "`preset = \"pagerduty\"` needs its routing key",
            format!("write http = {{ {} }}", example(preset)),
        );
        return None;
    }
    call.json = Some(body);
    Some(call)
}

/// What each service wants to be told.
fn body(preset: &str) -> Value {
    match preset {
        "slack" => json!({ "text": "*{{ subject }}*\n{{ message }}" }),
        "teams" => json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": [
                        { "type": "TextBlock", "weight": "Bolder", "wrap": true, "text": "{{ subject }}" },
                        { "type": "TextBlock", "wrap": true, "text": "{{ message }}" },
                    ],
                },
            }],
        }),
        "pagerduty" => json!({
            "event_action": "trigger",
            "dedup_key": "{{ service.name }}@{{ environment }} {{ thread }}",
            "payload": {
                "summary": "{{ subject }}",
                "source": "{{ service.name }}@{{ environment }}",
                "severity": "critical",
                "custom_details": { "message": "{{ message }}" },
            },
        }),
        "grafana" => json!({
            "text": "{{ subject }}\n{{ message }}",
            "tags": ["rollback", "{{ service.name }}", "{{ environment }}"],
        }),
        _ => json!({
            "incident": { "name": "{{ subject }}", "status": "investigating", "body": "{{ message }}" },
        }),
    }
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (_, Value::Null) => {}
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// `[messages.M]`; `left` is what the steps of any procedure leave: typed answers, and values by step id.
pub fn messages(top: &Table<'_>, left: &super::procedures::Left) -> IndexMap<String, Message> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("messages") else { return out };
    let scope = Scope {
        reach: Reach::Running,
        answers: left.answers.clone(),
        steps: left.steps.clone(),
        shown: true,
        ..Scope::default()
    };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        let Some(t) = node.table() else { continue };
        let subject = t.req("subject", "write it in one line").and_then(|n| template(&n, &scope));
        let body = t.req("body", "write what is told").and_then(|n| template(&n, &scope));
        let review = t.opt("review").and_then(|n| n.bool()).unwrap_or(false);
        if let (Some(subject), Some(body)) = (subject, body) {
            out.insert(name.to_string(), Message { subject, body, review });
        }
    }
    out
}

/// `[[escalation]]`; `messages` are those of the playbook.
pub fn escalation(top: &Table<'_>, messages: &IndexMap<String, Message>) -> Vec<Rung> {
    let Some(n) = top.opt("escalation") else { return Vec::new() };
    let mut before = 0;
    let rung = |n: &Node<'_>| {
        let t = n.table()?;
        let after = t.req("after", "write when, from the incident's start: after = \"15m\"");
        let after = after.and_then(|n| Some((n.dur()?, n)));
        let when = t.opt("when").map(|n| standing(&n));
        let roles = t.req("roles", "write who is told").map(|n| n.references("role", t.cx.known.of("roles")));
        let channels =
            t.opt("channels").map(|n| n.references("channel", t.cx.known.of("channels"))).unwrap_or_default();
        let message = by_itself(&t, messages);
        let (after, node) = after?;
        if after < before {
            node.error("this rung comes before the one above it", "write the rungs in the order of time");
        }
        before = after;
        let when = match when {
            Some(None) => return None,
            Some(found) => found,
            None => None,
        };
        Some(Rung { after, when, severities: severities(&t), roles: roles?, channels, message: message? })
    };
    n.array().iter().filter_map(rung).collect()
}

fn severities(t: &Table<'_>) -> Vec<String> {
    t.opt("severities").map(|n| n.references("severity", t.cx.known.of("severities"))).unwrap_or_default()
}

/// The message that goes out by itself, so none that somebody looks at first.
fn by_itself(t: &Table<'_>, messages: &IndexMap<String, Message>) -> Option<String> {
    let node = t.req("message", "write which message")?;
    let id = node.reference("message", t.cx.known.of("messages"))?;
    if messages.get(&id).is_some_and(|m| m.review) {
        node.error(
            format!("the message `{id}` is looked at before it is sent, and nobody does here"),
            "name one without review = true",
        );
    }
    Some(id)
}

/// `[[notify]]`; `messages` are those of the playbook.
pub fn notices(top: &Table<'_>, messages: &IndexMap<String, Message>) -> Vec<Notice> {
    let Some(n) = top.opt("notify") else { return Vec::new() };
    let notice = |n: &Node<'_>| {
        let t = n.table()?;
        let on = t.req("on", "write on what: on = [\"run-started\", \"run-verified\", \"run-failed\"]");
        let on: Option<Vec<Occasion>> =
            on.map(|n| n.array().iter().filter_map(|n| n.choice(&Occasion::ALL)).collect());
        let channels = t
            .req("channels", "write by which channels people are told")
            .map(|n| n.references("channel", t.cx.known.of("channels")));
        let message = by_itself(&t, messages);
        Some(Notice { on: on?, severities: severities(&t), channels: channels?, message: message? })
    };
    n.array().iter().filter_map(notice).collect()
}
