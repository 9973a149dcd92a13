//! Handing records to a receiver, each in its own language.

use super::export::Row;
use crate::config::audit::{Header, Receiver};
use crate::model::playbook::Secret;
use crate::model::text::clean_line;
use crate::report::timeline::rfc3339;
use crate::supervisor::decisions::host;
use crate::supervisor::http;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// Bytes of a datagram: what receivers are sure to take. A larger record goes without its body, with its hash.
const SYSLOG: usize = 8 * 1024;
const JOURNALD: usize = 128 * 1024;
/// How long a receiver may take.
const DATAGRAM: Duration = Duration::from_secs(2);
const HTTP: Duration = Duration::from_secs(10);

/// A record, and what is to be said of it besides.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    pub(super) row: Row,
    pub(super) warning: Option<String>,
}

impl Sent {
    /// One object without a line break.
    fn json(&self, most: usize) -> String {
        let whole = match &self.warning {
            None => self.row.json(),
            Some(why) => {
                let why = serde_json::Value::from(why.as_str());
                format!("{{\"warning\":{why},{}", &self.row.json()[1..])
            }
        };
        if whole.len() <= most {
            return whole;
        }
        let row = &self.row;
        serde_json::json!({
            "warning": self.warning, "at": rfc3339(row.wall), "service": row.service, "environment": row.environment,
            "log": row.log, "seq": row.seq, "kind": row.kind, "hash": row.hash, "cut": row.line.len(),
        })
        .to_string()
    }
}

/// Its name in the cursor's file and for people: no secret, no query.
pub(super) fn name(receiver: &Receiver) -> String {
    match receiver {
        Receiver::Journald(path) => format!("journald {}", path.display()),
        Receiver::Syslog(path) => format!("syslog {}", path.display()),
        Receiver::Http { url, .. } => clean_line(url.split(['?', '#']).next().unwrap_or_default()),
    }
}

/// Hands some records over, in order; answers how many were taken, and why not all.
pub(super) fn send(
    runtime: &tokio::runtime::Runtime,
    receiver: &Receiver,
    rows: &[Sent],
) -> (usize, Result<(), String>) {
    match receiver {
        Receiver::Http { url, headers } => {
            let sent = runtime.block_on(post(url, headers, rows));
            (if sent.is_ok() { rows.len() } else { 0 }, sent)
        }
        Receiver::Journald(path) => datagrams(path, rows, journald),
        Receiver::Syslog(path) => datagrams(path, rows, syslog),
    }
}

fn datagrams(path: &Path, rows: &[Sent], form: fn(&Sent) -> Vec<u8>) -> (usize, Result<(), String>) {
    let open = || -> std::io::Result<UnixDatagram> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(DATAGRAM))?;
        socket.connect(path)?;
        Ok(socket)
    };
    let named = |e: std::io::Error| clean_line(&format!("{}: {e}", path.display()));
    let socket = match open() {
        Ok(socket) => socket,
        Err(e) => return (0, Err(named(e))),
    };
    for (i, row) in rows.iter().enumerate() {
        if let Err(e) = socket.send(&form(row)) {
            return (i, Err(named(e)));
        }
    }
    (rows.len(), Ok(()))
}

/// journald's native protocol: a field a line. No value has a line break.
fn journald(sent: &Sent) -> Vec<u8> {
    let row = &sent.row;
    let message = match &sent.warning {
        Some(why) => format!("{} {} {}: {why}", row.log, row.seq, row.kind),
        None => format!("{} {} {}", row.log, row.seq, row.kind),
    };
    let priority = if sent.warning.is_some() { 4 } else { 6 };
    let seq = row.seq.to_string();
    let fields = [
        ("MESSAGE", message.as_str()),
        ("PRIORITY", &priority.to_string()),
        ("SYSLOG_IDENTIFIER", "ripcord"),
        ("RIPCORD_SERVICE", &row.service),
        ("RIPCORD_ENVIRONMENT", &row.environment),
        ("RIPCORD_LOG", &row.log),
        ("RIPCORD_SEQ", &seq),
        ("RIPCORD_KIND", &row.kind),
        ("RIPCORD_HASH", &row.hash),
        ("RIPCORD_RECORD", &sent.json(JOURNALD)),
    ];
    let lines = fields.iter().map(|(name, value)| format!("{name}={}\n", value.replace('\n', " ")));
    lines.collect::<String>().into_bytes()
}

/// RFC 5424: facility 13 (log audit), severity informational or warning, the object as its message.
fn syslog(sent: &Sent) -> Vec<u8> {
    let row = &sent.row;
    let priority = 13 * 8 + if sent.warning.is_some() { 4 } else { 6 };
    let plain = |text: &str, most: usize| {
        let text: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
        if text.is_empty() { "-".to_owned() } else { text }
    };
    let head = format!(
        "<{priority}>1 {} {} ripcord {} {} - ",
        rfc3339(row.wall),
        plain(&host(), 255),
        std::process::id(),
        plain(&row.kind, 32)
    );
    (head + &sent.json(SYSLOG)).into_bytes()
}

async fn post(url: &str, headers: &indexmap::IndexMap<String, Header>, rows: &[Sent]) -> Result<(), String> {
    let to = reqwest::Url::parse(url).map_err(|e| e.to_string())?;
    let local = to.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    let body: String = rows.iter().map(|r| r.json(usize::MAX) + "\n").collect();
    let mut request = http::client(local, HTTP)?.post(to).header("Content-Type", "application/x-ndjson");
    if let Some(last) = rows.last() {
        // The same records once more carry the same key.
        request = request.header("Idempotency-Key", &last.row.hash);
    }
    for (name, value) in headers {
        request = request.header(name, header(name, value)?);
    }
    let answer = request.body(body).send().await.map_err(|e| http::words(&e))?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("status {}", status.as_u16())),
    }
}

fn header(name: &str, value: &Header) -> Result<String, String> {
    match value {
        Header::Text(text) => Ok(text.clone()),
        Header::Secret(Secret::Env(var)) => {
            std::env::var(var).map_err(|_| format!("header {name}: the variable {var} is not set"))
        }
        Header::Secret(Secret::File(path)) => {
            let text = std::fs::read_to_string(path).map_err(|e| format!("header {name}: {path}: {e}"))?;
            Ok(text.trim_end_matches(['\n', '\r']).to_owned())
        }
    }
}
