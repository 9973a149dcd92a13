//! `[audit]` of the settings: where each record is sent as it is written.

use super::walk::{Node, Table};
use crate::model::playbook::Secret;
use indexmap::IndexMap;
use std::path::PathBuf;

/// Where journald takes records.
pub const JOURNALD: &str = "/run/systemd/journal/socket";
/// Where syslog does.
pub const SYSLOG: &str = "/dev/log";

/// Somebody who takes records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// journald, by its native protocol.
    Journald(PathBuf),
    /// syslog, as RFC 5424 has it.
    Syslog(PathBuf),
    /// A collector that takes JSON lines by POST.
    Http {
        /// Where.
        url: String,
        /// Headers that go along.
        headers: IndexMap<String, Header>,
    },
}

/// The value of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// As it is written.
    Text(String),
    /// Read when it is needed, never stored or shown.
    Secret(Secret),
}

/// Reads it.
pub(super) fn read(top: &Table<'_>) -> Vec<Receiver> {
    let Some(t) = top.opt("audit").and_then(|n| n.table()) else { return Vec::new() };
    let Some(forward) = t.opt("forward") else { return Vec::new() };
    forward.array().iter().filter_map(receiver).collect()
}

fn receiver(n: &Node<'_>) -> Option<Receiver> {
    if n.table_quietly().is_none() {
        return n.choice(&[("journald", true), ("syslog", false)]).map(|journald| match journald {
            true => Receiver::Journald(JOURNALD.into()),
            false => Receiver::Syslog(SYSLOG.into()),
        });
    }
    let t = n.table()?;
    match t.one_of(&["journald", "syslog", "http"])? {
        ("journald", path) => Some(Receiver::Journald(path.text()?.into())),
        ("syslog", path) => Some(Receiver::Syslog(path.text()?.into())),
        (_, url) => {
            let text = url.text()?;
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            let Some(rest) = rest else {
                url.error("`http` is not a URL", "http://collector:8080/audit, or https://…");
                return None;
            };
            if rest.split(['/', '?']).next().is_some_and(|host| host.contains('@')) {
                url.error("a secret stands in the URL", "headers = { Authorization = { env = \"NAME\" } }");
                return None;
            }
            let headers = t.opt("headers").map(|h| h.pairs()).unwrap_or_default();
            let headers = headers.iter().filter_map(|(name, n)| Some(((*name).to_owned(), header(n)?)));
            Some(Receiver::Http { url: text, headers: headers.collect() })
        }
    }
}

fn header(n: &Node<'_>) -> Option<Header> {
    if n.table_quietly().is_none() {
        return n.text().map(Header::Text);
    }
    let t = n.table()?;
    match t.one_of(&["env", "file"])? {
        ("env", v) => v.text().map(|name| Header::Secret(Secret::Env(name))),
        (_, v) => v.text().map(|path| Header::Secret(Secret::File(path))),
    }
}
