//! `[automation]` and `[triggers]`: when something is to be done, by whom, and how often at most.

use super::conditions::standing;
use super::people::{agreeing, stage};
use super::templates::{Scope, scalar};
use super::words::{Style, id};
use crate::config::walk::{Node, Table};
use crate::model::playbook::{Automation, Cell, DefaultAction, Role, Traffic, Trigger};
use crate::model::unit;
use indexmap::IndexMap;

/// `[automation]`: what holds for every trigger that says nothing else.
#[derive(Debug, Clone, Copy)]
struct Rules {
    cooldown: u64,
    max_attempts: u32,
    per: u64,
}

/// The rules of a table, where they are written.
fn rules(t: &Table<'_>, usual: Rules) -> Rules {
    let attempts = t.opt("max_attempts").and_then(|n| n.int(1..=100)).and_then(|n| u32::try_from(n).ok());
    Rules {
        cooldown: t.opt("cooldown").and_then(|n| n.dur_positive()).unwrap_or(usual.cooldown),
        max_attempts: attempts.unwrap_or(usual.max_attempts),
        per: t.opt("per").and_then(|n| n.dur_positive()).unwrap_or(usual.per),
    }
}

/// `[automation]`, and whether it is enabled.
fn automation(top: &Table<'_>) -> (Rules, bool) {
    let usual = Rules { cooldown: 300_000, max_attempts: 1, per: 3_600_000 };
    let Some(t) = top.opt("automation").and_then(|n| n.table()) else { return (usual, true) };
    let enabled = t.opt("enabled").and_then(|n| n.bool()).unwrap_or(true);
    (rules(&t, usual), enabled)
}

/// `"auto"`, `"decide 10m"`, `"decide 10m, default 30m"`, `"ask"`, `"watch"`.
fn cell(n: &Node<'_>) -> Option<Cell> {
    let s = n.str()?.trim();
    match s {
        "auto" => return Some(Cell::Auto),
        "ask" => return Some(Cell::Ask),
        "watch" => return Some(Cell::Watch),
        _ => {}
    }
    let clocks = || {
        let rest = s.strip_prefix("decide ")?;
        let (first, second) = match rest.split_once(',') {
            None => (rest, None),
            Some((first, second)) => (first, Some(second.trim().strip_prefix("default ")?)),
        };
        let ms = |d: &str| unit::duration(d.trim()).ok().map(|ms| ms.round() as u64).filter(|ms| *ms > 0);
        let within = ms(first)?;
        match second {
            None => Some(Cell::Decide { within, default_at: None }),
            Some(d) => ms(d).map(|at| Cell::Decide { within, default_at: Some(at) }),
        }
    };
    match clocks() {
        Some(Cell::Decide { within, default_at: Some(at) }) if at <= within => {
            n.error("the second clock must be longer than the first", "such as \"decide 10m, default 30m\"");
            None
        }
        Some(cell) => Some(cell),
        None => {
            let words = ["auto", "decide", "ask", "watch"];
            let near = crate::config::problem::nearest(s.split(' ').next().unwrap_or(s), words);
            let mean = near.map(|w| format!("did you mean `{w}`? ")).unwrap_or_default();
            n.error(
                format!("`{s}` is not an action"),
                format!(
                    "{mean}write \"auto\", \"decide 10m\", \"decide 10m, default 30m\", \"ask\" or \"watch\""
                ),
            );
            None
        }
    }
}

/// `[triggers.T]`
pub fn triggers(
    top: &Table<'_>,
    traffic: Option<&Traffic>,
    roles: &IndexMap<String, Role>,
) -> IndexMap<String, Trigger> {
    let (rules, enabled) = automation(top);
    let mut out = IndexMap::new();
    let Some(n) = top.opt("triggers") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(mut trigger) = node.table().and_then(|t| trigger(name, &t, traffic, roles, rules)) {
            if !enabled {
                trigger.mode = Automation::Off;
            }
            out.insert(name.to_string(), trigger);
        }
    }
    out
}

fn trigger(
    name: &str,
    t: &Table<'_>,
    traffic: Option<&Traffic>,
    roles: &IndexMap<String, Role>,
    usual: Rules,
) -> Option<Trigger> {
    let known = &t.cx.known;
    let when = t.req("when", "write the rule: when = \"error_rate > 2%\"").and_then(|n| standing(&n));
    let title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| name.to_string());
    let severity = t.opt("severity").and_then(|n| n.reference("severity", known.of("severities")));
    let hold = t.opt("for").and_then(|n| n.dur()).unwrap_or(0);
    let keep_firing_for = t.opt("keep_firing_for").and_then(|n| n.dur()).unwrap_or(0);
    let clear_when = t.opt("clear_when").map(|n| standing(&n));
    let (mut act, mut at) = (Cell::Watch, IndexMap::new());
    match t.at_most_one(&["act", "at"]) {
        Some(("act", n)) => act = cell(&n).unwrap_or_default(),
        Some((_, n)) => at = stages(&n, traffic),
        None => {}
    }
    let default = default(t, act, &at);
    let modes = [("armed", Automation::Armed), ("shadow", Automation::Shadow), ("disarmed", Automation::Off)];
    let mode = t.opt("mode").and_then(|n| n.choice(&modes)).unwrap_or(Automation::Shadow);
    let procedure = t.opt("procedure").and_then(|n| n.reference("procedure", known.of("procedures")));
    let reason = t.opt("reason").and_then(|n| n.text());
    let acts = act == Cell::Auto || at.values().any(|c| *c == Cell::Auto) || default == DefaultAction::Act;
    if acts && !t.has("procedure") {
        t.cx.error(
            t.span.clone(),
            format!("trigger `{name}` acts but names no procedure"),
            "write procedure = \"…\"",
        );
    }
    let (mut authority, mut approval) = (None, Vec::new());
    match t.at_most_one(&["authority", "approval"]) {
        Some(("authority", n)) => authority = n.reference("authority", known.of("authority")),
        Some((_, n)) => approval = agreeing(&n, roles),
        None => {}
    }
    let args = args(t);
    let effect_within = t.opt("effect_within").and_then(|n| n.dur_positive());
    let own = rules(t, usual);
    Some(Trigger {
        title,
        when: when?,
        severity,
        hold,
        keep_firing_for,
        clear_when: match clear_when {
            Some(None) => return None,
            found => found.flatten(),
        },
        act,
        at,
        default,
        mode,
        procedure,
        args,
        reason,
        authority,
        approval,
        effect_within,
        cooldown: own.cooldown,
        max_attempts: own.max_attempts,
        per: own.per,
    })
}

/// `default`: what happens when a clock runs out, so there must be one.
fn default(t: &Table<'_>, act: Cell, at: &IndexMap<u32, Cell>) -> DefaultAction {
    let words = [
        ("act", DefaultAction::Act),
        ("escalate", DefaultAction::Escalate),
        ("nothing", DefaultAction::Nothing),
    ];
    let Some(n) = t.opt("default") else { return DefaultAction::default() };
    let clock = |c: &Cell| matches!(c, Cell::Decide { .. });
    let broken = t.has("at") && at.is_empty();
    if !(clock(&act) || at.values().any(clock) || broken) {
        t.cx.warn(
            t.key_span("default"),
            "`default` never happens: no clock runs out here",
            "write a time to decide, such as \"decide 10m\", or leave `default` out",
        );
    }
    n.choice(&words).unwrap_or_default()
}

/// `args`: parameters of the procedure, known as soon as the environment is.
pub(super) fn args(t: &Table<'_>) -> IndexMap<String, crate::model::template::Template> {
    let Some(n) = t.opt("args") else { return IndexMap::new() };
    if !t.has("procedure") {
        t.cx.error(t.key_span("args"), "`args` without a procedure", "write procedure = \"…\"");
    }
    let scope = Scope::default().shown();
    n.pairs().iter().filter_map(|(k, v)| Some((k.to_string(), scalar(v, &scope)?))).collect()
}

fn stages(n: &Node<'_>, traffic: Option<&Traffic>) -> IndexMap<u32, Cell> {
    let mut out = IndexMap::new();
    if traffic.is_none() && !n.cx.known.ids.contains_key("traffic") {
        n.error("`at` needs stages", "write [traffic] with the signal and its stages, or use `act`");
    }
    let mut written = Vec::new();
    for (key, span, node) in n.keyed() {
        let Some(stage) = stage(n.cx, span, key, traffic) else { continue };
        written.push(stage);
        if let Some(c) = cell(&node) {
            out.insert(stage, c);
        }
    }
    let declared: &[u32] = traffic.map_or(&[], |t| &t.stages);
    let missing: Vec<String> =
        declared.iter().filter(|s| !written.contains(s)).map(|s| format!("`{s}`")).collect();
    let told = n.table_quietly().is_none() || written.iter().any(|s| !declared.contains(s));
    if let (Some(first), false) = (missing.first(), told) {
        n.error(
            format!("`at` has no cell for {}", missing.join(", ")),
            format!("every stage of [traffic] needs one: {} = \"ask\"", first.trim_matches('`')),
        );
    }
    out
}
