//! `[probes]` and `[procedures.P]`: what can be done, who must agree, what is looked at before and after.

use super::Keys;
use super::conditions::before_a_run;
use super::deciding::criterion;
use super::params::{params, sample};
use super::people::agreeing;
use super::probes::{probe, probe_of};
use super::steps::{Place, step};
use super::templates::{Reach, Scope, template};
use super::words::{Style, id, screen_key};
use crate::config::walk::{Node, Table};
use crate::model::playbook::{
    ApprovalDefault, Confirm, Expect, Guard, Phase, Procedure, Role, Step, Verification,
};
use crate::model::probe::Probe;
use indexmap::IndexMap;

/// Milliseconds to agree when nothing is said.
const APPROVAL_WITHIN: u64 = 300_000;

/// `[probes.X]`
pub fn probes(top: &Table<'_>) -> IndexMap<String, Probe> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("probes") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(p) = probe(&node, &Scope::default()) {
            if matches!(p.ask, crate::model::probe::Ask::Named(_)) {
                node.error("a named probe cannot be another one's name", "write what it asks");
            }
            out.insert(name.to_string(), p);
        }
    }
    out
}

/// What the playbook says elsewhere and procedures look at.
pub struct Around<'p> {
    /// Verifications.
    pub verifications: &'p IndexMap<String, Verification>,
    /// Roles.
    pub roles: &'p IndexMap<String, Role>,
}

/// `[procedures.P]`
pub fn procedures(top: &Table<'_>, around: &Around<'_>, keys: &mut Keys) -> IndexMap<String, Procedure> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("procedures") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(p) = node.table().and_then(|t| procedure(name, &t, &n, around, keys)) {
            out.insert(name.to_string(), p);
        }
    }
    out
}

fn procedure(
    name: &str,
    t: &Table<'_>,
    all: &Node<'_>,
    around: &Around<'_>,
    keys: &mut Keys,
) -> Option<Procedure> {
    let known = &t.cx.known;
    let title = t.req("title", "write its name for people").and_then(|n| n.text());
    let key = t.opt("key").and_then(|n| {
        let key = screen_key(&n)?;
        keys.take(key, &n, format!("procedure `{name}`"));
        Some(key)
    });
    let params_node = t.opt("params");
    let params = params_node.as_ref().map(params).unwrap_or_default();
    let names = params_node.iter().flat_map(Node::pairs).map(|(k, _)| k.to_string());
    let samples = names.map(|k| (k.clone(), params.get(&k).and_then(sample))).collect();
    let planned = Scope { reach: Reach::Planned, params: samples, ..Scope::default() };
    let hidden = t.opt("hidden").and_then(|n| n.bool()).unwrap_or(false);
    let phases: Vec<Phase> =
        t.opt("phases").map(|n| n.array().iter().filter_map(phase).collect()).unwrap_or_default();
    let expect = match t.opt("expect") {
        Some(n) => expect(&n).unwrap_or_default(),
        None if hidden => Expect::default(),
        None => {
            t.req("expect", "write what it costs: expect = { duration = \"2m\", downtime = \"none\", data_loss = \"none\" }");
            Expect::default()
        }
    };
    let gate = gate(t, around.roles);
    let undo = t.opt("undo").and_then(|n| {
        let undo = n.reference("procedure", known.of("procedures"))?;
        if undo == name {
            n.error(format!("procedure `{name}` cannot undo itself"), "name the one that does");
        }
        Some(undo)
    });
    let compatible_with = t.opt("compatible_with").map(|n| {
        let found = probe(&n, &planned)?;
        before_a_run(&n, &found);
        Some(found)
    });
    let asked = |n: &Node<'_>| {
        let found = criterion(n, &planned)?;
        before_a_run(n, &found.probe);
        Some(found)
    };
    let preflight = t.opt("preflight").map(|n| n.array().iter().filter_map(asked).collect());
    let guard = t.opt("guard").map(|n| guard(&n, &planned));
    let follow = t.opt("follow").map(|n| n.references("log", known.of("logs"))).unwrap_or_default();
    let skips = t.opt("skips").map(|n| n.strings()).unwrap_or_default();
    let checklists =
        t.opt("checklists").map(|n| n.references("checklist", known.of("checklists"))).unwrap_or_default();
    let list = t.req("steps", "write [[procedures.NAME.steps]] with a name and what is done");
    let nodes = list.as_ref().map(|n| n.array()).unwrap_or_default();
    if let (Some(n), true) = (&list, nodes.is_empty()) {
        n.error("a procedure without steps does nothing", "write at least one step");
    }
    let steps = steps(&nodes, all, &planned, &phases, around);
    step_ids(&nodes);
    let mut ids = Vec::new();
    all.peek(name).iter().for_each(|p| ids_within(p, all, 0, &mut ids));
    let takes_effect = t.opt("takes_effect").and_then(|n| n.reference("step of this procedure", &ids));
    let from = t.opt("from").and_then(|n| template(&n, &planned.shown()));
    let to = t.opt("to").and_then(|n| template(&n, &planned.shown()));
    let confirm = t.opt("confirm").and_then(|n| n.choice(&[("type", Confirm::Type), ("key", Confirm::Key)]));
    let use_when = t.opt("use_when").and_then(|n| n.text());
    let emergency = t.opt("emergency").and_then(|n| n.bool()).unwrap_or(false);
    if !emergency && !skips.is_empty() {
        let hint = "say emergency = true, or leave it out: the others skip nothing";
        t.cx.error(t.key_span("skips"), "`skips` belongs to an emergency procedure", hint);
    }
    Some(Procedure {
        title: title?,
        key,
        use_when,
        from,
        to,
        hidden,
        emergency,
        skips,
        approval: gate.approval,
        approvals: gate.approvals,
        authority: gate.authority,
        approval_within: gate.within,
        approval_default: gate.default,
        approval_when_automatic: gate.when_automatic,
        undo,
        compatible_with: whole(compatible_with)?,
        preflight: preflight.unwrap_or_default(),
        checklists,
        guard: whole(guard)?,
        follow,
        expect,
        confirm,
        takes_effect,
        phases,
        params,
        steps,
    })
}

/// A part that is not written is none; one that is broken breaks the whole.
fn whole<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        Some(None) => None,
        Some(found) => Some(found),
        None => Some(None),
    }
}

fn steps(
    nodes: &[Node<'_>],
    all: &Node<'_>,
    planned: &Scope,
    phases: &[Phase],
    around: &Around<'_>,
) -> Vec<Step> {
    let scope = Scope { reach: Reach::Running, ..planned.clone() };
    let mut place = Place { scope, phases, verifications: around.verifications, fallback: false };
    let (mut out, mut left, mut always) = (Vec::new(), Left::default(), None);
    for n in nodes {
        out.extend(step(n, &place));
        left.by(n, all, 0);
        place.scope.answers.clone_from(&left.answers);
        place.scope.steps.clone_from(&left.steps);
        match (n.peek("always").and_then(|a| Some((a.value.as_bool()?, a))), &always) {
            (Some((true, a)), None) => always = Some(a),
            (Some((true, _)), Some(_)) => {}
            (_, Some(_)) => {
                let a: Option<Node<'_>> = always.take();
                if let Some(a) = a {
                    a.warn(
                        "a step that is always done stands before others that are not",
                        "after a failure it is done last all the same: write it at the end",
                    );
                }
            }
            (_, None) => {}
        }
    }
    out
}

/// What steps leave for those after them.
#[derive(Debug, Default)]
pub struct Left {
    /// Names of typed answers.
    pub answers: Vec<String>,
    /// Ids of ramps and questions.
    pub steps: Vec<String>,
}

impl Left {
    /// What the steps of all procedures leave.
    pub fn by_all(top: &Table<'_>) -> Left {
        let mut left = Left::default();
        let Some(all) = top.opt("procedures") else { return left };
        for (_, p) in all.table_quietly().unwrap_or_default() {
            for s in p.peek("steps").and_then(|s| s.array_quietly()).unwrap_or_default() {
                left.by(&s, &all, usize::MAX);
            }
        }
        left
    }

    /// Adds what a step leaves, those within it and those of a procedure that it calls included.
    fn by(&mut self, step: &Node<'_>, all: &Node<'_>, depth: usize) {
        let ask = step.peek("ask");
        if let Some(input) = ask.as_ref().and_then(|a| a.peek("input")).and_then(|i| i.value.as_str()) {
            self.answers.push(input.to_string());
        }
        if (ask.is_some() || step.peek("ramp").is_some())
            && let Some(id) = step.peek("id").and_then(|i| i.value.as_str())
        {
            self.steps.push(id.to_string());
        }
        for s in step.peek("fallback").and_then(|f| f.array_quietly()).unwrap_or_default() {
            self.by(&s, all, depth);
        }
        let called = step.peek("procedure").and_then(|p| p.value.as_str());
        if let Some(called) = called.filter(|_| depth < 8).and_then(|c| all.peek(c)) {
            for s in called.peek("steps").and_then(|s| s.array_quietly()).unwrap_or_default() {
                self.by(&s, all, depth + 1);
            }
        }
    }
}

/// Who must agree before it starts.
struct Gate {
    approval: Vec<String>,
    approvals: usize,
    authority: Option<String>,
    within: u64,
    default: ApprovalDefault,
    when_automatic: bool,
}

fn gate(t: &Table<'_>, roles: &IndexMap<String, Role>) -> Gate {
    let (mut approval, mut authority) = (Vec::new(), None);
    let asked = t.at_most_one(&["approval", "authority"]);
    match &asked {
        Some(("approval", n)) => approval = agreeing(n, roles),
        Some((_, n)) => authority = n.reference("authority", t.cx.known.of("authority")),
        None => {}
    }
    let number = t.opt("approvals").and_then(|n| n.int(1..=20)).and_then(|n| usize::try_from(n).ok());
    let within = t.opt("approval_within").and_then(|n| n.dur_positive()).unwrap_or(APPROVAL_WITHIN);
    let defaults = [("refuse", ApprovalDefault::Refuse), ("start", ApprovalDefault::Start)];
    let default = t.opt("approval_default").and_then(|n| n.choice(&defaults)).unwrap_or_default();
    let when_automatic = t.opt("approval_when_automatic").and_then(|n| n.bool()).unwrap_or(false);
    for key in ["approvals", "approval_within", "approval_default", "approval_when_automatic"] {
        if t.has(key) && asked.is_none() {
            t.cx.error(
                t.key_span(key),
                format!("`{key}` has no meaning: nobody is asked to agree"),
                "write approval = [\"role\"] or authority = \"…\"",
            );
        }
    }
    let approvals = number.unwrap_or(0).max(approval.len());
    Gate { approvals, approval, authority, within, default, when_automatic }
}

fn guard(n: &Node<'_>, scope: &Scope) -> Option<Guard> {
    let t = n.table()?;
    let lasts =
        t.req("lasts", "write for how long it is watched: lasts = \"30m\"").and_then(|n| n.dur_positive());
    let probe = probe_of(&t, scope);
    Some(Guard { lasts: lasts?, probe: probe? })
}

/// Each id of a step, and each phase, may stand once.
fn step_ids(nodes: &[Node<'_>]) {
    let (mut ids, mut phases): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let instead = nodes.iter().filter_map(|n| n.peek("fallback")?.array_quietly()).flatten();
    let nodes: Vec<Node<'_>> = nodes.iter().cloned().chain(instead).collect();
    for n in &nodes {
        let toml::de::DeValue::Table(t) = n.value else { continue };
        for (k, v) in t {
            let list = match k.get_ref().as_ref() {
                "id" => &mut ids,
                "phase" => &mut phases,
                _ => continue,
            };
            let Some(word) = v.get_ref().as_str() else { continue };
            if list.iter().any(|w| w == word) {
                let (message, hint) = match k.get_ref().as_ref() {
                    "id" => (format!("two steps have the id `{word}`"), "each id stands once in a procedure"),
                    _ => (format!("phase `{word}` begins twice"), "name the phase on its first step only"),
                };
                n.cx.error(v.span(), message, hint);
            }
            list.push(word.to_string());
        }
    }
}

/// The ids of all steps of a run: (procedure that is started, step); those of procedures within included.
pub fn all_step_ids(top: &Table<'_>) -> Vec<(String, String)> {
    let Some(all) = top.opt("procedures") else { return Vec::new() };
    let of = |(name, p): (&str, Node<'_>)| {
        let mut ids = Vec::new();
        ids_within(&p, &all, 0, &mut ids);
        ids.into_iter().map(|id| (name.to_string(), id)).collect::<Vec<_>>()
    };
    all.table_quietly().unwrap_or_default().into_iter().flat_map(of).collect()
}

fn ids_within(p: &Node<'_>, all: &Node<'_>, depth: usize, out: &mut Vec<String>) {
    let steps = p.peek("steps").and_then(|s| s.array_quietly()).unwrap_or_default();
    let instead = steps.iter().filter_map(|s| s.peek("fallback")?.array_quietly()).flatten();
    let every: Vec<Node<'_>> = steps.iter().cloned().chain(instead).collect();
    for s in &every {
        out.extend(s.peek("id").and_then(|id| id.value.as_str().map(str::to_string)));
        let called = s.peek("procedure").and_then(|c| all.peek(c.value.as_str()?));
        if let Some(called) = called.filter(|_| depth < 8) {
            ids_within(&called, all, depth + 1, out);
        }
    }
}

fn expect(n: &Node<'_>) -> Option<Expect> {
    let t = n.table()?;
    Some(Expect {
        duration: t.req("duration", "write how long it takes: \"2m\"").and_then(|n| n.dur()).unwrap_or(0),
        downtime: t.req("downtime", "write \"none\" or how long").and_then(|n| n.text()).unwrap_or_default(),
        data_loss: t
            .req("data_loss", "write \"none\" or what is lost")
            .and_then(|n| n.text())
            .unwrap_or_default(),
    })
}

fn phase(n: &Node<'_>) -> Option<Phase> {
    let t = n.table()?;
    let id_node = t.req("id", "write the name that steps use").and_then(|n| Some((n.text()?, n)));
    let title = t.req("title", "write its name for people").and_then(|n| n.text());
    let budget = t.opt("budget").and_then(|n| n.dur_positive());
    let by = t.opt("by").and_then(|n| n.dur_positive());
    let (name, node) = id_node?;
    id(t.cx, node.span.clone(), &name, Style::Kebab);
    Some(Phase { id: name, title: title?, budget, by })
}
