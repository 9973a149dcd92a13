//! Freezing: a procedure and everything it needs, with every value in its place.

use super::fill::Filler;
use super::plan::{Context, Frozen, PLAN_SCHEMA, Plan, PlanStep, ProcedureFacts};
use crate::model::condition::Expr;
use crate::model::playbook::{ParamKind, Playbook, Procedure, ReadingKind, StepKind, Wait};
use crate::model::probe::{Ask, Probe};
use crate::model::time::Deadline;
use indexmap::IndexMap;

/// Freezes a procedure of a playbook.
///
/// `params` holds what was read (every `read` parameter) or chosen (the others; a missing one takes its default).
/// Programs are looked up later, by whoever may look at files.
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
    let env = playbook.environments.get(environment);
    let env = env.ok_or_else(|| vec![format!("there is no environment `{environment}`")])?;
    let p = playbook.procedures.get(procedure);
    let p = p.ok_or_else(|| vec![format!("there is no procedure `{procedure}`")])?;
    let params = chosen(p, params)?;
    let mut values = names(playbook, environment, context);
    values.insert("procedure.title".into(), p.title.clone());
    values.extend(params.clone());
    let mut fill = Filler::new(playbook, values);

    let prove = env.prove.as_ref().map(|probe| fill.probe(probe));
    let mut steps: Vec<PlanStep> = Vec::new();
    for (i, step) in p.steps.iter().enumerate() {
        let phase = step.phase.clone().or_else(|| steps.last().and_then(|s| s.phase.clone()));
        steps.push(PlanStep { phase, ..PlanStep::new(i + 1, fill.step(step)) });
    }
    if steps.is_empty() {
        fill.problem(format!("procedure `{procedure}` has no steps"));
    }
    let cwd = env.cwd.as_ref().map_or_else(|| context.cwd.clone(), |t| fill.text(t).0);
    let cwd = if cwd.starts_with('/') { cwd } else { format!("{}/{cwd}", context.cwd) };
    let plan = Plan {
        schema: PLAN_SCHEMA,
        id: context.id.clone(),
        service: playbook.service.name.clone(),
        service_title: playbook.service.title.clone(),
        environment: environment.to_owned(),
        tone: env.tone,
        playbook_hash: context.playbook_hash.clone(),
        playbook: frozen(playbook, procedure, prove.as_ref(), &steps, &mut fill),
        from: p.from.as_ref().map(|t| fill.text(t).0).unwrap_or_default(),
        to: p.to.as_ref().map(|t| fill.text(t).0).unwrap_or_default(),
        procedure: facts(procedure, p, &steps, &mut fill),
        params,
        who: context.who.clone(),
        who_roles: Vec::new(),
        reason: context.reason.clone(),
        cause: context.cause.clone(),
        confirmed_at: context.now.clone(),
        expires: Deadline::after(&context.now, super::plan::CONFIRMATION),
        env: context.env.clone(),
        cwd,
        prove,
        compatible_with: None,
        preflight: Vec::new(),
        override_reason: None,
        approval: None,
        after: None,
        home: context.home.clone(),
        steps,
    };
    match fill.problems() {
        problems if problems.is_empty() => Ok(plan),
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
    let service = &playbook.service;
    for (name, value) in [
        ("service.name", service.name.clone()),
        ("service.title", service.title.clone()),
        ("service.owner", service.owner.clone()),
        ("environment", environment.to_owned()),
        ("run.id", context.id.clone()),
        ("run.reason", context.reason.clone()),
        ("run.started_by", context.who.user.clone()),
        ("run.started", at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        ("run.stamp", at.strftime("%m%d-%H%M%S").to_string()),
        ("date", at.strftime("%Y-%m-%d").to_string()),
        ("trigger.title", context.cause.as_ref().map(|c| c.title.clone()).unwrap_or_default()),
    ] {
        out.insert(name.to_owned(), value);
    }
    out
}

/// The parameters' values, given or default, each checked.
fn chosen(p: &Procedure, given: &IndexMap<String, String>) -> Result<IndexMap<String, String>, Vec<String>> {
    let mut problems: Vec<String> = Vec::new();
    for name in given.keys().filter(|n| !p.params.contains_key(*n)) {
        problems.push(format!("the procedure has no parameter `{name}`"));
    }
    let mut out = IndexMap::new();
    for (name, param) in &p.params {
        let value = given.get(name).cloned();
        let value = match &param.kind {
            ParamKind::Read { .. } => value.ok_or_else(|| format!("`{name}` was not read")),
            ParamKind::Values(values) => match value.or_else(|| values.first().cloned()) {
                Some(v) if values.contains(&v) => Ok(v),
                _ => Err(format!("`{name}` is one of {}", values.join(", "))),
            },
            ParamKind::Text { pattern, prefill } => match value.or_else(|| prefill.clone()) {
                None => Err(format!("`{name}` has no value; it matches {pattern}")),
                Some(v) => match regex::Regex::new(&format!("^(?:{pattern})$")) {
                    Ok(r) if r.is_match(&v) => Ok(v),
                    Ok(_) => Err(format!("`{name}` must match {pattern}")),
                    Err(e) => Err(format!("`{name}`: {e}")),
                },
            },
            _ => Err(format!("`{name}`: not yet")),
        };
        match value {
            Ok(v) => {
                out.insert(name.clone(), v);
            }
            Err(e) => problems.push(e),
        }
    }
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

fn facts(id: &str, p: &Procedure, steps: &[PlanStep], fill: &mut Filler<'_>) -> ProcedureFacts {
    let takes_effect = match &p.takes_effect {
        Some(wanted) => {
            let found = steps.iter().find(|s| s.step.id.as_ref() == Some(wanted)).map(|s| s.number);
            if found.is_none() {
                fill.problem(format!("there is no step `{wanted}` by which it could take effect"));
            }
            found
        }
        None => steps.iter().rev().find(|s| s.changes()).map(|s| s.number),
    };
    let takes_effect = takes_effect.into_iter().collect();
    ProcedureFacts {
        id: id.to_owned(),
        title: p.title.clone(),
        key: p.key,
        expect: p.expect.clone(),
        phases: p.phases.clone(),
        takes_effect,
        emergency: p.emergency,
        skips: p.skips.clone(),
        undo: None,
        guard: None,
    }
}

/// The parts of the playbook that these steps need.
fn frozen(
    playbook: &Playbook,
    procedure: &str,
    prove: Option<&Probe>,
    steps: &[PlanStep],
    fill: &mut Filler<'_>,
) -> Frozen {
    let mut out = Frozen { secrets: playbook.secrets.clone(), ..Frozen::default() };
    let mut wanted: Vec<String> = Vec::new();
    if let Some(p) = prove {
        of_probe(p, &mut wanted);
    }
    for s in steps.iter().map(|s| &s.step) {
        for p in [&s.prove, &s.already, &s.observe].into_iter().flatten() {
            of_probe(p, &mut wanted);
        }
        match &s.kind {
            StepKind::Check(p) => of_probe(p, &mut wanted),
            StepKind::Wait(Wait::Until(c)) => of_expr(&c.expr, &mut wanted),
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
    }
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
        let signal = fill.signal(signal);
        out.signals.insert(id, signal);
    }
    let applies = |o: &crate::model::playbook::Objective| {
        o.procedures.is_empty() || o.procedures.iter().any(|p| p == procedure)
    };
    out.objectives =
        playbook.objectives.iter().filter(|(_, o)| applies(o)).map(|(k, v)| (k.clone(), v.clone())).collect();
    out
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
