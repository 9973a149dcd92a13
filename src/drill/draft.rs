//! From a procedure to a plan that can be confirmed, on the simulated service. Nothing is changed.

use super::asking::{Scene, rule};
use super::ledger::hash;
use crate::model::playbook::{Item, ItemDoes, Moment, Param, ParamKind, Playbook};
use crate::model::probe::Probe;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::choice::{Choice, ParamChoices, Source, check, default, settle};
use crate::run::expand::within;
use crate::run::freeze::{Drawn, draw};
use crate::run::plan::{Context, ListFacts, Plan, Preflight};
use crate::run::{Answer, Asked};
use indexmap::IndexMap;

/// A plan that has been resolved and not started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// The plan, when it could be frozen.
    pub plan: Option<Plan>,
    /// What may be chosen, for every parameter.
    pub choices: Vec<ParamChoices>,
    /// What proved the environment.
    pub proof: Option<String>,
    /// Every step that changes something is done already.
    pub nothing_to_do: bool,
    /// Checks before the start that do not hold, in words. A person may go on with a reason.
    pub blocked: Vec<String>,
    /// Why it cannot be started; what is in `blocked` too.
    pub problems: Vec<String>,
}

impl Draft {
    /// Whether it may be confirmed.
    pub fn is_ready(&self) -> bool {
        self.plan.is_some() && self.problems.is_empty()
    }

    /// A person goes on although checks before the start do not hold.
    pub fn go_on(&mut self, reason: &str) {
        let reason = clean_line(reason).trim().to_owned();
        if let Some(plan) = self.plan.as_mut().filter(|_| !self.blocked.is_empty() && !reason.is_empty()) {
            plan.override_reason = Some(reason);
            self.problems.retain(|p| !self.blocked.contains(p));
            self.blocked.clear();
        }
    }

    /// Hash of what it does: not who, when and under which id.
    pub(super) fn does(&self) -> String {
        let Some(plan) = &self.plan else { return String::new() };
        let steps: Vec<_> = plan.steps.iter().map(|s| (&s.label, &s.step.name)).collect();
        let what = serde_json::json!({
            "steps": steps, "params": plan.params, "from": plan.from, "to": plan.to,
            "procedure": plan.procedure.id,
        });
        hash(what.to_string().as_bytes())
    }
}

/// Resolves a procedure. `given` are parameters by name, those of a procedure within as `ID.NAME`.
pub(super) fn draft(
    now: &Now,
    scene: &mut Scene<'_>,
    environment: &str,
    procedure: &str,
    given: &IndexMap<String, String>,
    context: &Context,
) -> Draft {
    let playbook = scene.session.playbook().clone();
    let mut out = Draft::default();
    let Some(p) = playbook.procedures.get(procedure) else {
        out.problems.push(format!("there is no procedure `{procedure}`"));
        return out;
    };
    let values = params(&playbook, procedure, given, &mut out);
    if !out.problems.is_empty() {
        return out;
    }
    let Drawn { mut plan, preflight, tells } = match draw(&playbook, environment, procedure, &values, context)
    {
        Ok(drawn) => drawn,
        Err(problems) => {
            out.problems = problems;
            return out;
        }
    };
    let changing: Vec<(usize, Option<Probe>)> = plan
        .steps
        .iter()
        .filter(|s| s.changes() && s.fallback_of.is_none() && !s.step.always && !tells.contains(&s.number))
        .map(|s| (s.number, s.step.already.clone()))
        .collect();
    let items = items(&playbook, procedure);
    let probes = plan.prove.iter().chain(&plan.compatible_with).chain(preflight.iter().map(|c| &c.probe));
    let probes = probes.chain(changing.iter().filter_map(|(_, p)| p.as_ref()));
    let judged = items.iter().flat_map(|(_, all)| all.iter()).filter_map(|i| match &i.does {
        Some(ItemDoes::Judge(p)) => Some(p),
        _ => None,
    });
    let rules: Vec<_> = probes.chain(judged).filter_map(rule).cloned().collect();
    scene.look(now, rules.iter());
    if let Some(probe) = &plan.prove {
        let (answer, detail) = scene.ask(now, probe, Asked::Target, now.boot);
        if answer != Answer::Holds {
            out.problems.push(format!("{environment} is not proved: {detail}"));
        }
        out.proof = Some(detail);
    }
    if let Some(probe) = &plan.compatible_with {
        let (answer, detail) = scene.ask(now, probe, Asked::Compatible, now.boot);
        if answer != Answer::Holds {
            out.problems.push(format!("the target is not compatible: {detail}"));
        }
    }
    for c in &preflight {
        let (answer, detail) = scene.ask(now, &c.probe, Asked::Check, now.boot);
        let text = clean_line(&c.text);
        if answer != Answer::Holds {
            out.blocked.push(format!("before the start: {text}: {detail}"));
        }
        plan.preflight.push(Preflight { text, answer, detail });
    }
    out.nothing_to_do = !changing.is_empty()
        && changing.iter().all(|(_, probe)| {
            probe.as_ref().is_some_and(|p| scene.ask(now, p, Asked::Already, now.boot).0 == Answer::Holds)
        });
    for (id, all) in &items {
        let facts = facts(now, scene, &playbook, id, all);
        let open: Vec<&str> = facts.open().map(|i| i.text.as_str()).collect();
        let (answer, detail) = match open.is_empty() {
            true => (Answer::Holds, "nothing required is open".to_owned()),
            false => (Answer::Fails, format!("open: {}", open.join(", "))),
        };
        if !p.emergency && context.automatic.is_none() {
            if answer != Answer::Holds {
                out.blocked.push(format!("before the start: {}: {detail}", facts.count()));
            }
            plan.preflight.push(Preflight { text: facts.count(), answer, detail });
        }
        plan.checklists.push(facts);
    }
    out.problems.extend(out.blocked.clone());
    out.plan = Some(plan);
    out
}

/// The lists before a procedure: those that it names, or all where it names none.
fn items(playbook: &Playbook, procedure: &str) -> Vec<(String, Vec<Item>)> {
    let named = playbook.procedures.get(procedure).map(|p| p.checklists.as_slice()).unwrap_or_default();
    let before = playbook
        .checklists
        .iter()
        .filter(|(id, c)| c.moment == Moment::Before && (named.is_empty() || named.contains(id)));
    before.map(|(id, c)| (id.clone(), c.items.clone())).collect()
}

fn facts(now: &Now, scene: &Scene<'_>, playbook: &Playbook, id: &str, items: &[Item]) -> ListFacts {
    let mut list = scene.session.decisions().facts(playbook, id, now);
    for (out, item) in list.items.iter_mut().zip(items) {
        if let Some(ItemDoes::Judge(probe)) = &item.does {
            let (answer, detail) = scene.ask(now, probe, Asked::Check, now.boot);
            (out.done, out.detail) = (answer == Answer::Holds, detail);
            (out.who, out.at) = (Some("auto".to_owned()), Some(now.wall));
        }
    }
    list
}

/// The values of all parameters, and what there is to choose from.
fn params(
    playbook: &Playbook,
    procedure: &str,
    given: &IndexMap<String, String>,
    out: &mut Draft,
) -> IndexMap<String, String> {
    let p = &playbook.procedures[procedure];
    let inner = within(&playbook.procedures, procedure);
    let open = |param: &Param| matches!(&param.kind, ParamKind::Values(_)) && default(param).is_none();
    let own = p.params.iter().map(|(name, param)| (name.clone(), param));
    let inner = inner.into_iter().map(|(key, _, param)| (key, param));
    let inner = inner.filter(|(key, param)| open(param) || given.contains_key(key));
    let mut values = IndexMap::new();
    for (key, param) in own.chain(inner) {
        let rows = match &param.kind {
            ParamKind::Values(values) => {
                values.iter().map(|v| Choice { value: v.clone(), ..Choice::default() }).collect()
            }
            _ => Vec::new(),
        };
        let follows = matches!(param.kind, ParamKind::Map { .. });
        let value = given.get(&key).cloned().or_else(|| default(param));
        let found = match value {
            Some(v) => check(&key, param, &v).map(Some),
            None if follows => Ok(None),
            None if rows.is_empty() && matches!(param.kind, ParamKind::Values(_)) => {
                Err(format!("`{key}`: there is nothing to choose from ({})", param.title))
            }
            None => Err(format!("choose `{key}` ({})", param.title)),
        };
        let (chosen, why_not) = match found {
            Ok(value) => (value, None),
            Err(e) => (None, Some(clean_line(&e))),
        };
        values.extend(chosen.clone().map(|v| (key.clone(), v)));
        out.problems.extend(why_not.clone());
        out.choices.push(ParamChoices {
            name: key,
            title: clean_line(&param.title),
            kind: Source::of(&param.kind),
            chosen,
            why_not,
            rows,
        });
    }
    if out.problems.is_empty()
        && let Err(problems) = settle(
            &p.params,
            &values
                .iter()
                .filter(|(k, _)| p.params.contains_key(*k))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect(),
        )
    {
        out.problems = problems;
    }
    values
}
