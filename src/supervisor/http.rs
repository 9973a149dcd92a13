//! HTTP requests of steps and probes.

use super::expect::Reply;
use super::secrets::Secrets;
use crate::model::probe::HttpCall;
use crate::model::template::Template;
use reqwest::{Client, Method, redirect};
use std::time::Duration;

/// Bytes of an answer that are read.
const MOST: usize = 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing was sent: a secret is missing, the URL is none.
    NotSent(String),
    /// Nobody took the connection: nothing was done.
    Refused(String),
    /// It may have been sent, and no whole answer came back.
    NoAnswer(String),
}

impl Trouble {
    pub(super) fn text(&self) -> &str {
        match self {
            Trouble::NotSent(t) | Trouble::Refused(t) | Trouble::NoAnswer(t) => t,
        }
    }
}

/// Sends a request. `token` goes along as `Idempotency-Key`.
pub(super) async fn call(
    h: &HttpCall,
    secrets: &Secrets,
    token: Option<&str>,
    limit: Duration,
) -> Result<Reply, Trouble> {
    send(h, secrets, token, limit, false).await
}

/// The same; `direct` goes past any proxy.
pub(super) async fn send(
    h: &HttpCall,
    secrets: &Secrets,
    token: Option<&str>,
    limit: Duration,
    direct: bool,
) -> Result<Reply, Trouble> {
    exchange(h, secrets, token, limit, direct).await.map(|(reply, _)| reply)
}

/// The same; the second part is the answer's `Retry-After`. No redirect is followed.
pub(super) async fn exchange(
    h: &HttpCall,
    secrets: &Secrets,
    token: Option<&str>,
    limit: Duration,
    direct: bool,
) -> Result<(Reply, Option<String>), Trouble> {
    let not_sent = Trouble::NotSent;
    let fill = |t: &Template| secrets.fill(t).map_err(not_sent);
    let url = reqwest::Url::parse(&fill(&h.url)?).map_err(|e| not_sent(format!("{}: {e}", h.url)))?;
    let local = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    let client = client(local || direct, limit).map_err(not_sent)?;
    let method = if h.method.is_empty() { "GET" } else { &h.method };
    let method = Method::from_bytes(method.as_bytes()).map_err(|e| not_sent(e.to_string()))?;
    let mut request = client.request(method, url);
    if let Some(json) = &h.json {
        request = request.json(&fill_json(json, secrets).map_err(not_sent)?);
    } else if let Some(text) = &h.text {
        request = request.body(fill(text)?);
    }
    for (name, value) in &h.headers {
        request = request.header(name, fill(value)?);
    }
    if let Some(token) = token {
        request = request.header("Idempotency-Key", token);
    }
    let request = request.build().map_err(|e| not_sent(e.to_string()))?;
    let trouble = |e: reqwest::Error| {
        let text = words(&e);
        if e.is_connect() { Trouble::Refused(text) } else { Trouble::NoAnswer(text) }
    };
    let mut answer = client.execute(request).await.map_err(trouble)?;
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(trouble)? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST {
            return Err(Trouble::NoAnswer(format!(
                "status {status}, and an answer of more than {MOST} bytes"
            )));
        }
    }
    let out = String::from_utf8_lossy(&body).into_owned();
    Ok((Reply { status: Some(status), out, ..Reply::default() }, retry_after))
}

pub(super) fn client(direct: bool, limit: Duration) -> Result<Client, String> {
    // A second installation is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        let b = Client::builder().timeout(limit).redirect(redirect::Policy::none()).pool_max_idle_per_host(0);
        let b = b.user_agent(concat!("ripcord/", env!("CARGO_PKG_VERSION")));
        // A proxy of the environment must not catch what is meant for this host.
        if direct { b.no_proxy() } else { b }
    };
    // A host without certificates can still speak plain http.
    builder().build().or_else(|_| builder().tls_certs_only([]).build()).map_err(|e| words(&e))
}

/// The innermost reason, which is what people need.
pub(super) fn words(e: &reqwest::Error) -> String {
    if e.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut inner: &dyn std::error::Error = e;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

fn fill_json(value: &serde_json::Value, secrets: &Secrets) -> Result<serde_json::Value, String> {
    use serde_json::Value;
    Ok(match value {
        Value::String(s) => Value::String(secrets.fill(&Template(s.clone()))?),
        Value::Array(list) => {
            Value::Array(list.iter().map(|v| fill_json(v, secrets)).collect::<Result<_, _>>()?)
        }
        Value::Object(map) => {
            let filled = map.iter().map(|(k, v)| Ok((k.clone(), fill_json(v, secrets)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}
