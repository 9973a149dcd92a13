//! Freezing: a procedure and everything it needs, with every value in its place.

use super::choice::settle;
use super::expand::{Expanded, expand};
use super::fill::Filler;
use super::plan::{
    Approval, CONFIRMATION, Context, DataFrom, Frozen, NoticeFacts, PLAN_SCHEMA, PageRung, Plan, PlanStep,
    ProcedureFacts, RoleFacts,
};
use super::telling::{self, reach};
use crate::model::condition::Expr;
use crate::model::playbook::{
    Baseline, Channel, Criterion, Guard, Notice, Objective, Occasion, Playbook, Procedure, ReadingKind, Role,
    Rung, StartedBy, Step, StepKind, Wait, When,
};
use crate::model::probe::{Ask, Probe};
use crate::model::telling::{Phase, Tell};
use crate::model::time::Deadline;
use crate::model::unit::Quantity;
use indexmap::IndexMap;

/// A plan, and what is asked before it is confirmed.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The plan.
    pub plan: Plan,
    /// Checks before the first step, filled; none of an emergency procedure.
    pub preflight: Vec<Criterion>,
    /// Numbers of the steps that only tell people.
    pub tells: Vec<usize>,
}

/// Freezes a procedure of a playbook. See [`draw`].
///
/// # Errors
/// Every reason why it cannot be frozen.
pub fn freeze(
    playbook: &Playbook,
    environment: &str,
    procedure: &str,
    params: &IndexMap<String, String>,
    context: &Context,
) -> Result<Plan, Vec<String>> {
    draw(playbook, environment, procedure, params, context).map(|d| d.plan)
}

/// Freezes a procedure of a playbook, and says what is to be asked before it is confirmed.
///
/// `params` holds what was read, listed or chosen (the others take their default), and `ID.NAME` of procedures within.
/// Programs are looked up later, by whoever may look at files.
///
/// # Errors
/// Every reason why it cannot be frozen.
pub fn draw(
    playbook: &Playbook,
    environment: &str,
    procedure: &str,
    params: &IndexMap<String, String>,
    context: &Context,
) -> Result<Drawn, Vec<String>> {
    let env = playbook.environments.get(environment);
    let env = env.ok_or_else(|| vec![format!("there is no environment `{environment}`")])?;
    let p = playbook.procedures.get(procedure);
    let p = p.ok_or_else(|| vec![format!("there is no procedure `{procedure}`")])?;
    let (within, own): (IndexMap<_, _>, IndexMap<_, _>) =
        params.clone().into_iter().partition(|(name, _)| name.contains('.'));
    let own = settle(&p.params, &own)?;
    let mut values = names(playbook, environment, context);
    values.insert("procedure.title".into(), p.title.clone());
    let mut fill = Filler::new(playbook, values);
    let Expanded { steps, takes_effect, tells } = expand(&mut fill, procedure, p, &own, &within);

    let before =
        fill.only(super::expand::values(&mut Filler::new(playbook, IndexMap::new()), &p.params, &own));
    let prove = env.prove.as_ref().map(|probe| fill.probe(probe));
    let compatible_with = p.compatible_with.as_ref().map(|probe| fill.probe(probe));
    let preflight: Vec<Criterion> = match p.emergency {
        true => Vec::new(),
        false => p.preflight.iter().map(|c| fill.criterion(c)).collect(),
    };
    let guard = p.guard.as_ref().map(|g| Guard { lasts: g.lasts, probe: fill.probe(&g.probe) });
    let cwd = env.cwd.as_ref().map_or_else(|| context.cwd.clone(), |t| fill.text(t).0);
    let cwd = if cwd.starts_with('/') { cwd } else { format!("{}/{cwd}", context.cwd) };
    let facts = facts(playbook, procedure, p, guard, takes_effect);
    let asked: Vec<&Probe> = [&prove, &compatible_with]
        .into_iter()
        .flatten()
        .chain(preflight.iter().map(|c| &c.probe))
        .chain(facts.guard.iter().map(|g| &g.probe))
        .collect();
    let mut frozen = frozen(playbook, p, (&asked, &steps), &context.baselines, &mut fill);
    frozen.objectives = judged_by(playbook, procedure, context.automatic.is_some());
    let severity = context.cause.as_ref().and_then(|c| playbook.triggers.get(&c.trigger)?.severity.as_ref());
    frozen.notices = notices(playbook, severity, &mut fill);
    let (from, to) = (p.from.as_ref().map(|t| fill.shown(t).0), p.to.as_ref().map(|t| fill.shown(t).0));
    fill.back(before);
    let plan = Plan {
        schema: PLAN_SCHEMA,
        id: context.id.clone(),
        service: playbook.service.name.clone(),
        service_title: playbook.service.title.clone(),
        environment: environment.to_owned(),
        tone: env.tone,
        playbook_hash: context.playbook_hash.clone(),
        playbook: frozen,
        from: from.unwrap_or_default(),
        to: to.unwrap_or_default(),
        procedure: facts,
        params: own,
        data: DataFrom::Nothing,
        who: context.who.clone(),
        who_roles: Vec::new(),
        reason: context.reason.clone(),
        cause: context.cause.clone(),
        automatic: context.automatic.clone(),
        confirmed_at: context.now.clone(),
        expires: Deadline::after(&context.now, CONFIRMATION),
        env: context.env.clone(),
        cwd,
        prove,
        compatible_with,
        preflight: Vec::new(),
        override_reason: None,
        checklists: Vec::new(),
        approval: approval(playbook, p, context),
        after: None,
        home: context.home.clone(),
        steps,
    };
    match fill.problems() {
        problems if problems.is_empty() => Ok(Drawn { plan, preflight, tells }),
        problems => Err(problems),
    }
}

/// The names that templates may use, without the procedure's parameters. The environment's variables win.
pub fn names(playbook: &Playbook, environment: &str, context: &Context) -> IndexMap<String, String> {
    let mut out: IndexMap<String, String> = playbook.vars.clone();
    if let Some(env) = playbook.environments.get(environment) {
        out.extend(env.vars.clone());
    }
    let at = jiff::Timestamp::from_millisecond(context.now.wall).unwrap_or_default();
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    let time = |at: jiff::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    // The trouble began with the first firing, where something fired.
    let began = context
        .cause
        .as_ref()
        .map_or(at, |c| jiff::Timestamp::from_millisecond(c.firing_since.wall).unwrap_or_default());
    let run_dir = format!("{}/runs/{}", context.home, context.id);
    let service = &playbook.service;
    for (name, value) in [
        ("service.name", service.name.clone()),
        ("service.title", service.title.clone()),
        ("service.owner", service.owner.clone()),
        ("environment", environment.to_owned()),
        ("incident.id", format!("INC-{}-{}", day(began), context.id.rsplit('-').next().unwrap_or_default())),
        ("incident.started", time(began)),
        ("run.id", context.id.clone()),
        ("run.dir", run_dir.clone()),
        ("run.report", format!("{run_dir}/report.md")),
        ("run.reason", context.reason.clone()),
        ("run.started_by", context.who.user.clone()),
        ("run.started", time(at)),
        ("run.stamp", at.strftime("%m%d-%H%M%S").to_string()),
        ("date", day(at)),
        ("trigger.title", context.cause.as_ref().map(|c| c.title.clone()).unwrap_or_default()),
    ] {
        out.insert(name.to_owned(), value);
    }
    if let Some((id, since)) = &context.incident {
        let since = jiff::Timestamp::from_millisecond(since.wall).unwrap_or_default();
        out.insert("incident.id".to_owned(), id.clone());
        out.insert("incident.started".to_owned(), time(since));
    }
    out
}

fn facts(
    playbook: &Playbook,
    id: &str,
    p: &Procedure,
    guard: Option<Guard>,
    takes_effect: Vec<usize>,
) -> ProcedureFacts {
    let undo = p.undo.as_ref().and_then(|undo| {
        let title = playbook.procedures.get(undo).map(|u| u.title.clone())?;
        Some((undo.clone(), title))
    });
    let mut skips = p.skips.clone();
    if p.emergency {
        skips.extend(p.preflight.iter().map(|c| format!("check before the start: {}", c.text)));
        let roles = p.approval.iter().map(|r| playbook.roles.get(r).map_or(r.as_str(), |r| r.title.as_str()));
        let roles: Vec<&str> = roles.collect();
        let authority = p.authority.as_ref().and_then(|a| playbook.authority.get(a));
        match (roles.as_slice(), authority) {
            ([], None) => {}
            ([], Some(a)) => skips.push(format!("agreement: {}", a.title)),
            (roles, _) => skips.push(format!("agreement of {}", roles.join(" and "))),
        }
    }
    ProcedureFacts {
        id: id.to_owned(),
        title: p.title.clone(),
        key: p.key,
        expect: p.expect.clone(),
        phases: p.phases.clone(),
        takes_effect,
        emergency: p.emergency,
        skips,
        undo,
        guard,
    }
}

/// Who must agree: roles of the procedure and of the severity in force. An emergency procedure asks nobody, nor does a run
/// that starts by itself, unless the procedure wants it.
fn approval(playbook: &Playbook, p: &Procedure, context: &Context) -> Option<Approval> {
    if p.emergency || (context.automatic.is_some() && !p.approval_when_automatic) {
        return None;
    }
    let mut wanted = p.approval.clone();
    let authority = p.authority.as_ref().and_then(|a| playbook.authority.get(a));
    if let Some(a) = authority {
        wanted.extend(match (a.at.is_empty(), context.stage) {
            (true, _) => a.all.clone(),
            (false, Some(stage)) => a.at.get(&stage).unwrap_or(&a.all).clone(),
            // Nobody knows the stage: everybody who may be asked is.
            (false, None) => a.all.iter().chain(a.at.values().flatten()).cloned().collect(),
        });
    }
    let severity = context.cause.as_ref().and_then(|c| playbook.triggers.get(&c.trigger)?.severity.as_ref());
    if let Some(severity) = severity.and_then(|s| playbook.severities.get(s)) {
        wanted.extend(severity.approval.iter().cloned());
    }
    let mut roles: Vec<RoleFacts> = Vec::new();
    for id in wanted {
        if !roles.iter().any(|r| r.id == id) {
            roles.push(role_facts(playbook, &id));
        }
    }
    let people = p.approvals.max(usize::from(!roles.is_empty()));
    (people > 0).then_some(Approval {
        roles,
        people,
        asker_counts: p.approval.is_empty() && p.approvals < 2,
        within: p.approval_within,
        default: p.approval_default,
        trust_asserted_names: playbook.service.trust_asserted_names,
    })
}

/// A role with everybody it includes. A role that does not exist has nobody.
pub fn role_facts(playbook: &Playbook, id: &str) -> RoleFacts {
    let (mut out, mut left, mut seen) =
        (RoleFacts { id: id.into(), ..RoleFacts::default() }, vec![id], Vec::new());
    out.title = playbook.roles.get(id).map_or_else(|| id.to_owned(), |r| r.title.clone());
    let mut reach: Vec<String> = Vec::new();
    while let Some(next) = left.pop() {
        let Some(role) = playbook.roles.get(next).filter(|_| !seen.contains(&next)) else { continue };
        seen.push(next);
        out.users.extend(role.users.iter().cloned());
        out.groups.extend(role.groups.iter().cloned());
        reach.extend(ways(role));
        left.extend(role.includes.iter().rev().map(String::as_str));
    }
    reach.dedup();
    out.reach = reach.join(", ");
    out
}

/// How a role is reached, in words.
pub(super) fn ways(role: &Role) -> Vec<String> {
    [&role.phone, &role.slack, &role.mail, &role.available].into_iter().flatten().cloned().collect()
}

/// The rungs of the ladder, each with a step per channel.
fn ladder(playbook: &Playbook, fill: &mut Filler<'_>) -> Vec<PageRung> {
    let mut rungs: Vec<&Rung> = playbook.escalation.iter().collect();
    rungs.sort_by_key(|r| r.after);
    rungs.into_iter().map(|r| rung(playbook, r, fill)).collect()
}

fn rung(playbook: &Playbook, r: &Rung, fill: &mut Filler<'_>) -> PageRung {
    let roles: Vec<&Role> = r.roles.iter().filter_map(|id| playbook.roles.get(id)).collect();
    let title = roles.iter().map(|role| role.title.as_str()).collect::<Vec<_>>().join(", ");
    fill.at(Some(format!("escalation to {title}")));
    let mut channels: Vec<&String> = match r.channels.is_empty() {
        false => r.channels.iter().collect(),
        true => roles.iter().flat_map(|role| &role.channels).collect(),
    };
    channels.dedup();
    let mut steps = Vec::new();
    match playbook.messages.get(&r.message) {
        None => fill.problem(format!("there is no message `{}`", r.message)),
        Some(m) => {
            let (subject, body) = (fill.shown(&m.subject).0, fill.shown(&m.body).0);
            for id in channels {
                match playbook.channels.get(id) {
                    None => fill.problem(format!("there is no channel `{id}`")),
                    Some(channel) => {
                        let when = r.when.clone().map(When::Condition);
                        steps.push(Step { when, ..told_by(fill, id, channel, (&subject, &body)) });
                    }
                }
            }
        }
    }
    fill.at(None);
    PageRung { title, steps }
}

/// What is told of a run of this severity, where it has one.
fn notices(playbook: &Playbook, severity: Option<&String>, fill: &mut Filler<'_>) -> Vec<NoticeFacts> {
    const RUN: [Occasion; 3] = [Occasion::RunStarted, Occasion::RunVerified, Occasion::RunFailed];
    let fits = |n: &&Notice| {
        let severe = n.severities.is_empty() || severity.is_some_and(|s| n.severities.contains(s));
        severe && n.on.iter().any(|o| RUN.contains(o))
    };
    let mut out = Vec::new();
    for n in playbook.notices.iter().filter(fits) {
        let Some(m) = playbook.messages.get(&n.message) else { continue };
        fill.at(Some(format!("message {}", n.message)));
        let (subject, body) = (fill.shown(&m.subject).0, fill.shown(&m.body).0);
        let tells = n.channels.iter().filter_map(|id| {
            let channel = playbook.channels.get(id)?;
            telling::by(fill, id, channel, (&subject, &body), None).1
        });
        let tells: Vec<Tell> = tells.collect();
        fill.at(None);
        if !tells.is_empty() {
            out.push(NoticeFacts { on: n.on.clone(), tells });
        }
    }
    out
}

/// People of these roles, told outside of any run: a step for each of these channels, or of the roles' own where none are
/// named. None when there is no channel.
///
/// # Errors
/// Every reason why it cannot be frozen.
pub fn page(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    (roles, channels): (&[String], &[String]),
    (subject, message): (&str, &str),
) -> Result<Option<PageRung>, Vec<String>> {
    let (title, channels) = reach(playbook, roles, channels);
    let mut fill = Filler::new(playbook, names(playbook, environment, context));
    let (subject, message) = (subject.replace("{{", "{ {"), message.replace("{{", "{ {"));
    fill.at(Some(format!("a message to {title}")));
    let mut steps: IndexMap<&str, Step> = IndexMap::new();
    for id in &channels {
        let Some(channel) = playbook.channels.get(id).filter(|_| !steps.contains_key(id.as_str())) else {
            continue;
        };
        steps.insert(id, told_by(&mut fill, id, channel, (&subject, &message)));
    }
    let rung = PageRung { title, steps: steps.into_values().collect() };
    match fill.problems() {
        problems if problems.is_empty() => Ok((!rung.steps.is_empty()).then_some(rung)),
        problems => Err(problems),
    }
}

/// Objectives that a run of this procedure is judged by.
fn judged_by(playbook: &Playbook, procedure: &str, automatic: bool) -> IndexMap<String, Objective> {
    let by = if automatic { StartedBy::System } else { StartedBy::Person };
    let applies = |o: &Objective| o.is_for(procedure) && o.started_by.is_none_or(|s| s == by);
    let all = playbook.objectives.iter().filter(|(_, o)| applies(o));
    all.map(|(id, o)| (id.clone(), o.clone())).collect()
}

/// A step that tells people by a channel and is none of a run.
fn told_by(fill: &mut Filler<'_>, id: &str, channel: &Channel, text: (&str, &str)) -> Step {
    let (kind, tell) = telling::by(fill, id, channel, text, Some(Phase::Open));
    Step { timeout: channel.timeout, tell: tell.map(Box::new), ..Step::new(&channel.title, kind) }
}

/// The parts of the playbook that these steps need.
fn frozen(
    playbook: &Playbook,
    p: &Procedure,
    (asked, steps): (&[&Probe], &[PlanStep]),
    baselines: &IndexMap<String, f64>,
    fill: &mut Filler<'_>,
) -> Frozen {
    let mut out = Frozen { secrets: playbook.secrets.clone(), ..Frozen::default() };
    let mut wanted: Vec<String> = Vec::new();
    let mut logs: Vec<&String> = p.follow.iter().collect();
    asked.iter().for_each(|p| of_probe(p, &mut wanted));
    for planned in steps {
        let s = &planned.step;
        for p in [&s.prove, &s.already, &s.observe, &planned.when].into_iter().flatten() {
            of_probe(p, &mut wanted);
        }
        match &s.kind {
            StepKind::Check(p) => of_probe(p, &mut wanted),
            StepKind::Wait(Wait::Until(c)) => of_expr(&c.expr, &mut wanted),
            StepKind::Hold(h) => {
                h.stop_when.iter().chain(&h.next_when).for_each(|c| of_expr(&c.expr, &mut wanted));
            }
            StepKind::Ask(q) => {
                for id in &q.roles {
                    if !out.roles.iter().any(|r| r.id == *id) {
                        out.roles.push(role_facts(playbook, id));
                    }
                }
            }
            StepKind::Capture(c) => {
                wanted.extend(c.signals.iter().cloned());
                wanted.extend(c.compare.iter().flat_map(|(a, b)| [a.clone(), b.clone()]));
                logs.extend(&c.logs);
            }
            StepKind::Verify(id) => match playbook.verifications.get(id) {
                Some(v) => {
                    let v = fill.verification(v);
                    v.criteria.iter().for_each(|c| of_probe(&c.probe, &mut wanted));
                    out.verifications.insert(id.clone(), v);
                }
                None => fill.problem(format!("there is no verification `{id}`")),
            },
            _ => {}
        }
        if let Some(id) = &s.troubleshoot {
            match playbook.guides.get(id) {
                Some(guide) => {
                    let guide = fill.guide(guide);
                    out.guides.insert(id.clone(), guide);
                }
                None => fill.problem(format!("there is no guide `{id}`")),
            }
        }
    }
    for id in logs {
        match playbook.logs.get(id) {
            Some(log) => {
                let log = fill.log(log);
                out.logs.insert(id.clone(), log);
            }
            None => fill.problem(format!("there is no log `{id}`")),
        }
    }
    out.ladder = ladder(playbook, fill);
    for rung in &out.ladder {
        for s in &rung.steps {
            if let Some(When::Condition(c)) = &s.when {
                of_expr(&c.expr, &mut wanted);
            }
        }
    }
    // Messages tell values of signals.
    let told = fill.standing().iter().filter_map(|name| name.strip_prefix("signal."));
    wanted.extend(told.map(|rest| rest.split('.').next().unwrap_or(rest).to_owned()));
    measured(playbook, wanted, baselines, &mut out, fill);
    out
}

/// Puts in these signals, those they are computed from or compared with, and their sources. A captured baseline becomes a
/// fixed value; one that nobody knows stays what it is, and cannot be judged.
pub(crate) fn measured(
    playbook: &Playbook,
    mut wanted: Vec<String>,
    baselines: &IndexMap<String, f64>,
    out: &mut Frozen,
    fill: &mut Filler<'_>,
) {
    while let Some(id) = wanted.pop() {
        if out.signals.contains_key(&id) {
            continue;
        }
        let Some(signal) = playbook.signals.get(&id) else {
            fill.problem(format!("there is no signal `{id}`"));
            continue;
        };
        if let ReadingKind::Expr(e) = &signal.reading {
            of_expr(e, &mut wanted);
        }
        match signal.source.as_ref().map(|s| (s, playbook.sources.get(s))) {
            Some((name, Some(source))) if !out.sources.contains_key(name) => {
                let source = fill.source(source);
                out.sources.insert(name.clone(), source);
            }
            Some((name, None)) => fill.problem(format!("there is no source `{name}`")),
            _ => {}
        }
        let mut signal = fill.signal(signal);
        let known = baselines.get(&id).map(|value| Quantity { value: *value, dim: signal.unit.dim() });
        match (&signal.baseline, known) {
            (Some(Baseline::Signal(other)), _) => wanted.push(other.clone()),
            (Some(Baseline::Mark { .. } | Baseline::File { .. }), Some(q)) => {
                signal.baseline = Some(Baseline::Value(q));
            }
            _ => {}
        }
        wanted.extend(signal.min_samples.iter().map(|m| m.of.clone()));
        out.signals.insert(id, signal);
    }
}

fn of_probe(p: &Probe, out: &mut Vec<String>) {
    if let Ask::When(c) = &p.ask {
        of_expr(&c.expr, out);
    }
}

/// The signals that an expression names.
fn of_expr(e: &Expr, out: &mut Vec<String>) {
    match e {
        Expr::Number(_) | Expr::Bool(_) | Expr::Text(_) | Expr::Firing(_) => {}
        Expr::Signal(s) | Expr::Baseline(s) | Expr::Absent(s) | Expr::Window { signal: s, .. } => {
            out.push(s.clone())
        }
        Expr::Abs(a) | Expr::Neg(a) | Expr::Not(a) | Expr::Any(a) | Expr::All(a) | Expr::Consecutive(a) => {
            of_expr(a, out);
        }
        Expr::Arith(_, a, b) | Expr::Compare(_, a, b) | Expr::And(a, b) | Expr::Or(a, b) => {
            of_expr(a, out);
            of_expr(b, out);
        }
    }
}

#[cfg(test)]
mod tests;
