//! `[roles]`, `[authority]`: who decides and who is told.

use super::words::{Style, id};
use crate::config::walk::{Cx, Node, Table};
use crate::model::hours::Hours;
use crate::model::playbook::{Authority, Role, Traffic};
use indexmap::IndexMap;

/// `[roles.R]`
pub fn roles(top: &Table<'_>) -> IndexMap<String, Role> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("roles") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        let Some(t) = node.table() else { continue };
        let reach = |key| {
            let n = t.opt(key)?;
            placeholder(&n);
            n.text()
        };
        let members = |key| {
            let n = t.opt(key)?;
            n.array_quietly().unwrap_or_default().iter().for_each(placeholder);
            Some(n.strings())
        };
        let title = t.req("title", "write the role's name for people");
        title.iter().for_each(placeholder);
        let title = title.and_then(|n| n.text());
        let role = Role {
            title: title.unwrap_or_default(),
            users: members("users").unwrap_or_default(),
            groups: members("groups").unwrap_or_default(),
            includes: t
                .opt("includes")
                .map(|r| r.references("role", n.cx.known.of("roles")))
                .unwrap_or_default(),
            phone: reach("phone"),
            mail: reach("mail"),
            slack: reach("slack"),
            available: t.opt("available").and_then(|n| hours(&n)),
            notify_when: t.opt("notify_when").and_then(|n| n.text()),
            channels: t
                .opt("channels")
                .map(|c| c.references("channel", n.cx.known.of("channels")))
                .unwrap_or_default(),
        };
        out.insert(name.to_string(), role);
    }
    for name in out.keys() {
        if reaches(&out, name, name, 0) {
            let span =
                n.keyed().into_iter().find(|(k, _, _)| k == name).map_or(n.span.clone(), |(_, s, _)| s);
            n.cx.error(span, format!("role `{name}` includes itself"), "break the circle of `includes`");
            break;
        }
    }
    out
}

/// When they are reached. What cannot be read is shown as it is written.
fn hours(n: &Node<'_>) -> Option<String> {
    let text = n.text()?;
    if let Err(why) = Hours::parse(&text) {
        let hint = "write \"24/7\", or \"Mon-Fri 09:00-17:00 Europe/Berlin\", several with `,` between; \
                    as it is, nobody is told whether that is now";
        n.warn(format!("when they are reached cannot be read: {why}"), hint);
    }
    Some(text)
}

fn reaches(roles: &IndexMap<String, Role>, from: &str, goal: &str, depth: usize) -> bool {
    depth <= roles.len()
        && roles
            .get(from)
            .is_some_and(|r| r.includes.iter().any(|i| i == goal || reaches(roles, i, goal, depth + 1)))
}

/// Whether a text only holds the place of what is to be written there.
fn holds_a_place(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = ["tbd", "tba", "todo", "fixme", "changeme", "name"];
    let bracketed = |open: char, close: char| lower.starts_with(open) && lower.ends_with(close);
    lower.split(|c: char| !c.is_alphanumeric()).any(|w| words[..5].contains(&w))
        || bracketed('[', ']')
        || bracketed('<', '>')
        || lower.contains("xxx")
        || words.contains(&lower.as_str())
}

/// Tells about a name or a number that is still to be written: an error once an environment is armed.
fn placeholder(n: &Node<'_>) {
    let Some(text) = n.value.as_str().filter(|t| holds_a_place(t)) else { return };
    let message = format!("`{text}` only holds the place of a name");
    let hint = "write who it is and how they are reached: at night nobody knows";
    match n.cx.known.armed.first() {
        Some(e) => n.error(format!("{message}, and environment `{e}` is armed"), hint),
        None => n.warn(message, hint),
    }
}

/// `[authority.A]`
pub fn authority(
    top: &Table<'_>,
    roles: &IndexMap<String, Role>,
    traffic: Option<&Traffic>,
) -> IndexMap<String, Authority> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("authority") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        let Some(t) = node.table() else { continue };
        let title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| name.to_string());
        let mut authority = Authority { title, ..Authority::default() };
        match t.one_of(&["all", "at"]) {
            Some(("all", n)) => authority.all = agreeing(&n, roles),
            Some((_, n)) => {
                for (key, span, node) in n.keyed() {
                    if let Some(stage) = stage(n.cx, span, key, traffic) {
                        authority.at.insert(stage, agreeing(&node, roles));
                    }
                }
            }
            None => {}
        }
        out.insert(name.to_string(), authority);
    }
    out
}

/// A stage of the traffic, in percent.
pub fn stage(cx: &Cx<'_>, span: std::ops::Range<usize>, key: &str, traffic: Option<&Traffic>) -> Option<u32> {
    let Ok(stage) = key.parse::<u32>() else {
        cx.error(span, format!("`{key}` is not a stage"), "stages are percents: 5, 25, 50, 100");
        return None;
    };
    if let Some(t) = traffic
        && !t.stages.contains(&stage)
    {
        let known: Vec<String> = t.stages.iter().map(u32::to_string).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        cx.unknown(span, format!("`{stage}` is not one of the stages of [traffic]"), key, &known);
    }
    Some(stage)
}

/// Roles that must agree: each must have somebody in it.
pub fn agreeing(n: &Node<'_>, roles: &IndexMap<String, Role>) -> Vec<String> {
    let known = n.cx.known.of("roles");
    let mut out = Vec::new();
    for item in n.array() {
        let Some(role) = item.reference("role", known) else { continue };
        if !somebody(roles, &role, 0) {
            let hint =
                format!("write users or groups in [roles.{role}], or `includes` of a role that has some");
            item.error(format!("nobody is in role `{role}`, so nobody could agree"), hint);
        }
        out.push(role);
    }
    out
}

fn somebody(roles: &IndexMap<String, Role>, role: &str, depth: usize) -> bool {
    let Some(r) = roles.get(role) else { return true };
    !r.users.is_empty()
        || !r.groups.is_empty()
        || (depth <= roles.len() && r.includes.iter().any(|i| somebody(roles, i, depth + 1)))
}
