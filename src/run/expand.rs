//! Flattening: a procedure and all that is within its steps (procedures, fallbacks, ramps, channels) as one list, so
//! that whoever carries it out, shows it or reports it knows nothing but a list.

use super::choice;
use super::fill::{Filler, Values};
use super::given::{both, known, literal, shown};
use super::plan::{PlanStep, RampPart};
use super::telling;
use crate::model::condition::Condition;
use crate::model::drill::Simulated;
use crate::model::playbook::{Hold, OnFailure, Param, Procedure, Question, Ramp, Step, StepKind, When};
use crate::model::probe::{Ask, Expectation, Probe};
use crate::model::telling::Phase;
use crate::model::template::Template;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Milliseconds for a check that stands for a guard of a procedure within, where its step says nothing.
const GUARD: u64 = 10_000;

/// How deep procedures may stand within each other.
const DEEPEST: usize = 8;

/// A procedure as one list.
#[derive(Debug, Clone, Default)]
pub struct Expanded {
    /// The steps.
    pub steps: Vec<PlanStep>,
    /// Numbers of the steps by which it takes effect.
    pub takes_effect: Vec<usize>,
    /// Numbers of the steps that only tell people.
    pub tells: Vec<usize>,
}

/// Flattens a procedure. `params` are its own, with their values; `given` holds what was read or chosen for procedures
/// within, as `ID.NAME`. Problems are left with `fill`.
pub fn expand(
    fill: &mut Filler<'_>,
    id: &str,
    p: &Procedure,
    params: &IndexMap<String, String>,
    given: &IndexMap<String, String>,
) -> Expanded {
    let values = values(fill, &p.params, params);
    let before = fill.only(values);
    let reserved = p.steps.iter().filter_map(|s| s.id.clone()).collect();
    let mut walk = Walk { fill, given, within: vec![id.to_owned()], reserved, out: Expanded::default() };
    let takes_effect = walk.procedure(p, &Around::default());
    let mut out = walk.out;
    out.takes_effect = takes_effect;
    fill.at(None);
    fill.back(before);
    out
}

/// The parameters of procedures within a procedure that are resolved by a look at the world: `ID.NAME`, and the
/// parameter. Those that the steps give by `args` are left out.
pub fn within<'p>(
    procedures: &'p IndexMap<String, Procedure>,
    id: &str,
) -> Vec<(String, &'p str, &'p Param)> {
    let (mut out, mut seen) = (Vec::new(), BTreeSet::from([id.to_owned()]));
    let mut left: Vec<&Procedure> = procedures.get(id).into_iter().collect();
    while let Some(p) = left.pop() {
        for s in p.steps.iter().flat_map(|s| std::iter::once(s).chain(&s.fallback)) {
            let StepKind::Procedure { id, args } = &s.kind else { continue };
            let Some((id, inner)) = procedures.get_key_value(id) else { continue };
            let open = inner.params.iter().filter(|(name, _)| !args.contains_key(*name));
            for (name, param) in open {
                let key = format!("{id}.{name}");
                if !out.iter().any(|(k, ..): &(String, _, _)| *k == key) {
                    out.push((key, name.as_str(), param));
                }
            }
            if seen.insert(id.clone()) {
                left.push(inner);
            }
        }
    }
    out
}

/// The values of parameters, in templates and behind `$`.
pub(super) fn values(
    fill: &mut Filler<'_>,
    params: &IndexMap<String, Param>,
    values: &IndexMap<String, String>,
) -> Values {
    let mut out = Values { names: values.clone(), literals: IndexMap::new() };
    for (name, value) in values {
        let unit = params.get(name).and_then(|p| p.unit);
        match literal(value, unit) {
            Ok(text) => drop(out.literals.insert(name.clone(), text)),
            // Only a problem when a unit is promised; a text with both kinds of quotes is one where it is used.
            Err(e) if unit.is_some() => fill.problem(format!("`{name}`: {e}")),
            Err(_) => {}
        }
    }
    out
}

/// What holds for all steps of a procedure within.
#[derive(Debug, Clone, Default)]
struct Around {
    /// Label of the step it stands in.
    label: String,
    phase: Option<String>,
    when: Option<Condition>,
    always: bool,
    fallback_of: Option<usize>,
    on_failure: OnFailure,
    troubleshoot: Option<String>,
}

/// What became of one step of a procedure.
#[derive(Debug, Default)]
struct Placed {
    /// Numbers by which it takes effect.
    effect: Vec<usize>,
    /// Whether something is changed by it.
    changes: bool,
}

struct Walk<'w, 'a> {
    fill: &'w mut Filler<'a>,
    given: &'w IndexMap<String, String>,
    /// The procedures we are in.
    within: Vec<String>,
    /// Ids that are taken.
    reserved: BTreeSet<String>,
    out: Expanded,
}

impl Walk<'_, '_> {
    /// The steps of a procedure; answers the numbers by which it takes effect.
    fn procedure(&mut self, p: &Procedure, around: &Around) -> Vec<usize> {
        let first = self.out.steps.len();
        let mut placed: Vec<(Option<&String>, Placed)> = Vec::new();
        let mut phase = around.phase.clone();
        for (i, step) in p.steps.iter().enumerate() {
            let label = match around.label.is_empty() {
                true => (i + 1).to_string(),
                false => format!("{}.{}", around.label, i + 1),
            };
            // Phases are those of the procedure that is started.
            if around.label.is_empty() && step.phase.is_some() {
                phase.clone_from(&step.phase);
            }
            let here = Around { label, phase: phase.clone(), ..around.clone() };
            let at = self.step(step, &here);
            placed.push((step.id.as_ref(), at));
        }
        if p.steps.is_empty() {
            self.fill.problem(format!("procedure `{}` has no steps", p.title));
        }
        match &p.takes_effect {
            Some(wanted) => {
                let own = placed.into_iter().find(|(id, _)| *id == Some(wanted)).map(|(_, at)| at.effect);
                let inner = self.out.steps[first..].iter().find(|s| s.step.id.as_ref() == Some(wanted));
                own.or_else(|| inner.map(|s| vec![s.number])).unwrap_or_else(|| {
                    self.fill.at(None);
                    self.fill.problem(format!("there is no step `{wanted}` by which it could take effect"));
                    Vec::new()
                })
            }
            None => placed
                .into_iter()
                .rev()
                .find(|(_, at)| at.changes)
                .map(|(_, at)| at.effect)
                .unwrap_or_default(),
        }
    }

    /// One step of a procedure, at `around.label`, with its fallbacks.
    fn step(&mut self, s: &Step, around: &Around) -> Placed {
        self.here(&around.label);
        let when = s.when.as_ref().and_then(|w| self.when(w));
        let around = Around { when: both(around.when.clone(), when), ..around.clone() };
        let mut placed = match &s.kind {
            StepKind::Procedure { id, args } => return self.inner(s, id, args, &around),
            StepKind::Ramp(ramp) => return self.ramp(s, ramp, &around),
            StepKind::Notify { channels, message, phase } => {
                self.notify(s, (channels, message, *phase), &around);
                Placed::default()
            }
            _ => {
                let step = self.plain(s);
                let number = self.push(step, &around, s.id.as_ref());
                let changes = self.out.steps[number - 1].changes();
                Placed { effect: vec![number], changes }
            }
        };
        let instead_of = self.out.steps.len();
        for (i, fallback) in s.fallback.iter().enumerate() {
            let letter = char::from(b'b' + (i.min(24)) as u8);
            let below = Around {
                label: format!("{}{letter}", around.label),
                fallback_of: Some(instead_of),
                ..around.clone()
            };
            if !fallback.fallback.is_empty() {
                self.fill.problem("a fallback has no fallback of its own".to_owned());
            }
            let at = self.step(fallback, &below);
            placed.effect.extend(at.effect);
            placed.changes |= at.changes;
        }
        placed
    }

    fn here(&mut self, label: &str) {
        self.fill.at(Some(format!("step {label}")));
    }

    /// A condition of `when`, with its names put in.
    fn when(&mut self, when: &When) -> Option<Condition> {
        match when {
            When::Condition(c) => Some(c.clone()),
            When::Given(text) => self.fill.given(text),
            When::Param(name) if self.fill.is_loose() => Some(known(format!("{name} is true"), true)),
            When::Param(name) => match self.fill.value(name).map(String::as_str) {
                Some("true") => None,
                Some("false") => Some(known(format!("{name} is off"), false)),
                Some(other) => {
                    let text = format!("`when`: `{name}` is {other}, neither true nor false");
                    self.fill.problem(text);
                    None
                }
                None => {
                    self.fill.problem(format!("`when`: nothing gives `{name}` a value"));
                    None
                }
            },
        }
    }

    /// A step of one thing, filled.
    fn plain(&mut self, s: &Step) -> Step {
        let filled = self.fill.step(s);
        Step { id: None, phase: None, when: None, fallback: Vec::new(), ..filled }
    }

    /// Puts a step at the end of the list; answers its number.
    fn push(&mut self, mut step: Step, around: &Around, id: Option<&String>) -> usize {
        let number = self.out.steps.len() + 1;
        // The procedure's own ids win; within, the first one keeps its id.
        step.id = id.filter(|id| self.within.len() == 1 || self.reserved.insert((*id).clone())).cloned();
        step.always |= around.always;
        if step.on_failure == OnFailure::Stop {
            step.on_failure = around.on_failure;
        }
        step.troubleshoot = step.troubleshoot.or_else(|| around.troubleshoot.clone());
        let when = around.when.clone().map(asked);
        self.out.steps.push(PlanStep {
            label: around.label.clone(),
            fallback_of: around.fallback_of,
            within: self.within.last().filter(|_| self.within.len() > 1).cloned(),
            when,
            phase: around.phase.clone(),
            ..PlanStep::new(number, step)
        });
        number
    }

    /// What a step of several things cannot have.
    fn refuse_of_several(&mut self, s: &Step, what: &str, but: &[&str]) {
        for (name, there) in [
            ("fallback", !s.fallback.is_empty()),
            ("retry", s.attempts > 1),
            ("already", s.already.is_some()),
            ("dry_run", s.dry_run.is_some()),
        ] {
            if there && !but.contains(&name) {
                self.fill.problem(format!("`{name}` stands at a step of one thing, and this is {what}"));
            }
        }
    }

    /// Another procedure in the step's place.
    fn inner(&mut self, s: &Step, id: &str, args: &IndexMap<String, Template>, around: &Around) -> Placed {
        self.refuse_of_several(s, "a procedure", &[]);
        if self.within.iter().any(|p| p == id) {
            let way = self.within.join(" → ");
            self.fill.problem(format!("procedure `{id}` stands within itself: {way} → {id}"));
            return Placed::default();
        }
        let Some(p) = self.fill.playbook.procedures.get(id) else {
            self.fill.problem(format!("there is no procedure `{id}`"));
            return Placed::default();
        };
        if self.within.len() >= DEEPEST {
            self.fill.problem(format!("procedures stand within each other more than {DEEPEST} deep"));
            return Placed::default();
        }
        if matches!(s.when, Some(When::Condition(_) | When::Given(_))) && p.steps.len() > 1 {
            // Asked before each of its steps, it could stop in the middle.
            self.fill.problem(format!(
                "`when` of a condition stands at a step of one thing; `{id}` has {} steps: use a switch, or put it there",
                p.steps.len()
            ));
        }
        let own = self.own_params(id, p, args);
        let label = &around.label;
        let first = self.out.steps.len();
        if let Some(prove) = &s.prove {
            let step = self.guard_step(s, prove, "Before");
            let here = Around { label: format!("{label}.0"), ..around.clone() };
            self.push(step, &here, None);
        }
        self.within.push(id.to_owned());
        let values = values(self.fill, &p.params, &own);
        let before = self.fill.only(values);
        let below = Around {
            always: around.always || s.always,
            on_failure: match s.on_failure {
                // Going on behind a failed step within could do what needs it: a person says.
                OnFailure::Continue | OnFailure::Ask => OnFailure::Ask,
                OnFailure::Stop => around.on_failure,
            },
            troubleshoot: s.troubleshoot.clone().or_else(|| around.troubleshoot.clone()),
            ..around.clone()
        };
        let effect = self.procedure(p, &below);
        self.within.pop();
        self.fill.back(before);
        self.here(label);
        if let Some(observe) = &s.observe {
            let step = self.guard_step(s, observe, "After");
            let here = Around { label: format!("{label}.{}", p.steps.len() + 1), ..below.clone() };
            self.push(step, &here, None);
        }
        let freezes = s.freezes.is_some().then(|| self.fill.step(s).freezes).flatten();
        let tells = &self.out.tells;
        let changing = |p: &&mut PlanStep| p.changes() && !tells.contains(&p.number);
        if let Some(last) = self.out.steps[first..].iter_mut().rev().find(changing) {
            last.step.freezes = last.step.freezes.take().or(freezes);
        }
        if let Some(last) = self.out.steps[first..].last_mut() {
            last.step.by = last.step.by.or(s.by);
            if s.on_failure == OnFailure::Continue && last.step.on_failure == OnFailure::Ask {
                last.step.on_failure = OnFailure::Continue;
            }
        }
        let changes =
            self.out.steps[first..].iter().any(|p| p.changes() && !self.out.tells.contains(&p.number));
        Placed { effect, changes }
    }

    /// The values of a procedure's own parameters: by `args`, as read or chosen, else by default.
    fn own_params(
        &mut self,
        id: &str,
        p: &Procedure,
        args: &IndexMap<String, Template>,
    ) -> IndexMap<String, String> {
        let (mut own, mut standing) = (IndexMap::new(), IndexMap::new());
        for (name, arg) in args {
            let value = self.fill.text(arg).0;
            // What a run will know cannot be checked now.
            match value.contains("{{") {
                true => drop(standing.insert(name.clone(), value)),
                false => drop(own.insert(name.clone(), value)),
            }
        }
        for (name, param) in p.params.iter().filter(|(n, _)| standing.contains_key(*n)) {
            if choice::Source::of(&param.kind) != choice::Source::Typed {
                self.fill.problem(format!("`{name}` of procedure `{id}` must be known before it starts"));
            }
        }
        for name in p.params.keys().filter(|n| !args.contains_key(*n)) {
            if let Some(value) = self.given.get(&format!("{id}.{name}")) {
                own.insert(name.clone(), value.clone());
            }
        }
        let open: IndexMap<String, Param> = p
            .params
            .iter()
            .filter(|(n, _)| !standing.contains_key(*n))
            .map(|(n, p)| (n.clone(), p.clone()))
            .collect();
        let mut settled = choice::settle(&open, &own).unwrap_or_else(|problems| {
            for e in problems {
                self.fill.problem(format!("procedure `{id}`: {e}"));
            }
            IndexMap::new()
        });
        settled.extend(standing);
        settled
    }

    /// A check that stands for a guard of a step of several things.
    fn guard_step(&mut self, s: &Step, probe: &Probe, moment: &str) -> Step {
        let name = self.fill.shown(&Template(s.name.clone())).0;
        let probe = self.fill.probe(probe);
        let timeout = probe.within.unwrap_or(if s.timeout > 0 { s.timeout } else { GUARD });
        let step = Step::new(&format!("{moment}: {name}"), StepKind::Check(probe));
        Step {
            timeout,
            on_failure: s.on_failure,
            troubleshoot: s.troubleshoot.clone(),
            always: s.always,
            ..step
        }
    }

    /// One step per channel, and one before them where a person looks at the message first.
    fn notify(
        &mut self,
        s: &Step,
        (channels, message, phase): (&[String], &str, Option<Phase>),
        around: &Around,
    ) {
        let playbook = self.fill.playbook;
        let Some(m) = playbook.messages.get(message) else {
            return self.fill.problem(format!("there is no message `{message}`"));
        };
        let (subject, body) = (self.fill.shown(&m.subject), self.fill.shown(&m.body));
        let name = self.fill.shown(&Template(s.name.clone())).0;
        let several = channels.len() + usize::from(m.review) > 1;
        if several {
            self.refuse_of_several(s, "several messages", &["retry", "already", "dry_run"]);
        }
        let filled = self.plain(s);
        let (mut part, last) = (0, channels.len());
        let mut label = || {
            part += 1;
            if several { format!("{}.{part}", around.label) } else { around.label.clone() }
        };
        let body = match m.review {
            false => body.0,
            true => {
                let input = format!("message-{message}");
                let question = Question {
                    text: Template(format!("Look at the message before it is sent: {subject}")),
                    answers: IndexMap::new(),
                    input: Some(input.clone()),
                    prefill: Some(body),
                    optional: false,
                    roles: Vec::new(),
                };
                let ask = Step {
                    always: s.always,
                    ..Step::new(&format!("{name}: look at it"), StepKind::Ask(question))
                };
                self.push(ask, &Around { label: label(), ..around.clone() }, None);
                format!("{{{{ answers.{input} }}}}")
            }
        };
        for (i, id) in channels.iter().enumerate() {
            let Some(channel) = playbook.channels.get(id) else {
                self.fill.problem(format!("there is no channel `{id}`"));
                continue;
            };
            let (kind, tell) = telling::by(self.fill, id, channel, (&subject.0, &body), phase);
            let kind = match kind {
                StepKind::Simulated(told) => {
                    let own = s.id.iter().cloned();
                    let whole = s.id.iter().zip(self.within.last()).map(|(id, p)| format!("{p}.{id}"));
                    StepKind::Simulated(Simulated { names: own.chain(whole).collect(), ..told })
                }
                kind => kind,
            };
            let name = if channels.len() > 1 { format!("{name}: {}", channel.title) } else { name.clone() };
            let timeout = if s.timeout > 0 { s.timeout } else { channel.timeout };
            let step = Step { name, kind, timeout, tell: tell.map(Box::new), ..filled.clone() };
            let own = s.id.as_ref().filter(|_| i + 1 == last);
            let number = self.push(step, &Around { label: label(), ..around.clone() }, own);
            self.out.tells.push(number);
        }
    }

    /// Per value: its act, and the hold behind it.
    fn ramp(&mut self, s: &Step, ramp: &Ramp, around: &Around) -> Placed {
        self.refuse_of_several(s, "a ramp", &["already", "retry", "dry_run"]);
        if matches!(*ramp.act, StepKind::Ramp(_) | StepKind::Procedure { .. } | StepKind::Notify { .. }) {
            self.fill.problem("a ramp sets a value by one thing".to_owned());
            return Placed::default();
        }
        if let Some(id) = &s.id {
            self.reserved.insert(id.clone());
        }
        let (first, mut effect) = (self.out.steps.len(), Vec::new());
        let last = first + 2 * ramp.values.len();
        let name = self.fill.shown(&Template(s.name.clone())).0;
        for (i, value) in ramp.values.iter().enumerate() {
            let bare = value.to_string();
            let shown = shown(&bare, ramp.unit);
            let written = match ramp.unit {
                Some(unit) => literal(&bare, Some(unit)).unwrap_or_else(|_| bare.clone()),
                None => bare.clone(),
            };
            let before = self.fill.also(Values {
                names: IndexMap::from([("value".to_owned(), bare.clone())]),
                literals: IndexMap::from([("value".to_owned(), written)]),
            });
            let skip = ramp.skip_when.as_ref().and_then(|text| self.fill.given(text)).map(asked);
            if skip.is_some() && s.already.is_some() {
                self.fill.problem("a ramp has `skip_when` or `already`, not both".to_owned());
            }
            let filled = self.plain(&Step { kind: (*ramp.act).clone(), by: None, ..s.clone() });
            let already = skip.or(filled.already.clone());
            let act = Step { name: format!("{name}: {shown}"), already, ..filled };
            let part = RampPart { id: s.id.clone(), last, value: bare };
            let label = |n: usize| Around { label: format!("{}.{n}", around.label), ..around.clone() };
            let number = self.push(act, &label(2 * i + 1), None);
            self.out.steps[number - 1].ramp = Some(part.clone());
            effect.push(number);
            let mut judged = |text: &Option<String>| text.as_ref().and_then(|t| self.fill.given(t));
            let (stop_when, next_when) = (judged(&ramp.stop_when), judged(&ramp.next_when));
            let hold = Hold { lasts: ramp.hold, stop_when, next_when, value: shown.clone() };
            let hold = Step {
                on_failure: s.on_failure,
                troubleshoot: s.troubleshoot.clone(),
                always: s.always,
                takes: Some(ramp.hold),
                by: s.by.filter(|_| i + 1 == ramp.values.len()),
                ..Step::new(&format!("Hold {shown}"), StepKind::Hold(hold))
            };
            let number = self.push(hold, &label(2 * i + 2), None);
            self.out.steps[number - 1].ramp = Some(part);
            self.fill.back(before);
        }
        if ramp.values.is_empty() {
            self.fill.problem("a ramp has no values".to_owned());
        }
        Placed { effect, changes: true }
    }
}

/// A condition as a probe.
fn asked(c: Condition) -> Probe {
    Probe { ask: Ask::When(c), expect: Expectation::default(), within: None, every: 1_000, rehearse: None }
}

#[cfg(test)]
mod tests;
