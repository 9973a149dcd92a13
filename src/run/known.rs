//! What a run knows of itself, for the names that have a value only while it goes on: `run.elapsed`, `answers.X`,
//! `steps.ID.value` and their like.

use super::plan::Plan;
use super::record::{Kind, Outcome, Verdict, Wish};
use super::state::State;
use super::view::{RunState, RunView, between};
use crate::model::condition::duration;
use crate::model::playbook::StepKind;
use crate::model::record::Record;
use crate::model::time::Now;
use indexmap::IndexMap;

/// Answers of people to questions of a run: by the question's `input`, and by its step's id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(IndexMap<String, String>);

impl Answers {
    /// All that stand in a run's records.
    pub fn fold(plan: &Plan, records: &[Record]) -> Answers {
        let mut out = Answers::default();
        records.iter().filter_map(|r| Kind::read(r).ok()).for_each(|kind| out.apply(plan, &kind));
        out
    }

    /// Takes in one more record.
    pub fn apply(&mut self, plan: &Plan, kind: &Kind) {
        let Kind::RequestHandled { request, accepted: true, .. } = kind else { return };
        let (Wish::Answer { label, input }, Some(n)) = (&request.ask, request.step) else { return };
        let Some(step) = plan.steps.get(n.wrapping_sub(1)).map(|s| &s.step) else { return };
        let StepKind::Ask(question) = &step.kind else { return };
        if let (Some(name), Some(text)) = (&question.input, input) {
            self.0.insert(name.clone(), text.clone());
        }
        if let (Some(id), Some(answer)) = (&step.id, input.as_ref().or(label.as_ref())) {
            self.0.insert(id.clone(), answer.clone());
        }
    }
}

/// The value of a name, when the run knows it. `dir` is the run's folder.
pub fn known(
    plan: &Plan,
    state: &State,
    answers: &Answers,
    now: &Now,
    dir: &str,
    name: &str,
) -> Option<String> {
    let since_start = |to: &Now| state.started.as_ref().map(|from| duration(between(from, to)));
    match name {
        "run.dir" => Some(dir.to_owned()),
        "run.report" => Some(format!("{dir}/report.md")),
        "run.elapsed" => since_start(now),
        "run.effect" => {
            let view = RunView::of(plan, state);
            let effect = view.observed.or(view.applied);
            Some(effect.and_then(|at| since_start(&at)).unwrap_or_else(|| "not yet".to_owned()))
        }
        "run.outcome" => Some(outcome(plan, state)),
        "run.state" => Some(word(RunView::of(plan, state).state).to_owned()),
        "verdict" => {
            Some(plan.cause.as_ref().map_or_else(|| "nothing fires".to_owned(), |c| c.title.clone()))
        }
        "incident.started" => Some(time(began(plan))),
        "incident.age" => Some(duration(between(began(plan), now))),
        "incident.id" => Some(incident(plan)),
        _ => {
            if let Some(id) = name.strip_prefix("answers.") {
                answers.0.get(id).cloned().or_else(|| asks(plan, id).then(String::new))
            } else if let Some(id) = name.strip_prefix("objective.") {
                objective(plan, state, now, id)
            } else {
                let id = name.strip_prefix("steps.")?.strip_suffix(".value")?;
                value_of(plan, state, id).or_else(|| answers.0.get(id).cloned())
            }
        }
    }
}

/// Whether a question of this name (or of this step) is asked: it may have been left without an answer.
fn asks(plan: &Plan, id: &str) -> bool {
    plan.steps.iter().any(|p| match &p.step.kind {
        StepKind::Ask(q) => q.input.as_deref() == Some(id) || p.step.id.as_deref() == Some(id),
        _ => false,
    })
}

/// Where the incident began, as far as a run knows: the firing, else the confirmation.
fn began(plan: &Plan) -> &Now {
    plan.cause.as_ref().map_or(&plan.confirmed_at, |c| &c.firing_since)
}

/// `INC-2026-11-21-3f2a`: the day it began, and the end of the run's id.
fn incident(plan: &Plan) -> String {
    let at = jiff::Timestamp::from_millisecond(began(plan).wall).unwrap_or_default();
    let tail = plan.id.rsplit('-').next().unwrap_or(&plan.id);
    format!("INC-{}-{tail}", at.strftime("%Y-%m-%d"))
}

fn time(at: &Now) -> String {
    let at = jiff::Timestamp::from_millisecond(at.wall).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How it came out so far, never in a later word than what is known.
fn outcome(plan: &Plan, state: &State) -> String {
    if let Some((_, verdict, _)) = &state.finished {
        return verdict.word().to_owned();
    }
    let failed = plan.steps.iter().find_map(|p| Some((p, state.steps[p.number - 1].failure()?)));
    match failed {
        _ if state.aborting.is_some() => "stopped".to_owned(),
        // Also one that was verified, and drifted since.
        _ if state.unverified.is_some() => "applied, not verified".to_owned(),
        _ if state.is_verified() => Verdict::Verified.word().to_owned(),
        Some((step, _)) => format!("step {} ({}) failed", step.label, step.step.name),
        None => "under way".to_owned(),
    }
}

fn word(state: RunState) -> &'static str {
    match state {
        RunState::Requested => "requested",
        RunState::Refused => "refused",
        RunState::Running => "running",
        RunState::Verifying => "verifying",
        RunState::NotVerified => "applied, not verified",
        RunState::Waiting => "waiting for a person",
        RunState::Stopping => "stopping",
        RunState::Finished => "finished",
    }
}

fn objective(plan: &Plan, state: &State, now: &Now, id: &str) -> Option<String> {
    let place = plan.playbook.objectives.get_index_of(id)?;
    let view = RunView::of(plan, state);
    let o = view.objectives.get(place)?;
    let Some(took) = o.took(now) else { return Some("not begun".to_owned()) };
    let kept = match o.kept(now) {
        Some(true) => "kept",
        Some(false) => "missed",
        None => "open",
    };
    Some(format!("{} of {}, {kept}", duration(took), duration(o.within_ms)))
}

/// The value of a ramp's last act that was done, or found done already.
fn value_of(plan: &Plan, state: &State, id: &str) -> Option<String> {
    plan.steps.iter().rev().find_map(|p| {
        let ramp = p.ramp.as_ref().filter(|r| r.id.as_deref() == Some(id))?;
        let s = &state.steps[p.number - 1];
        let done = matches!(s.outcome, Some(Outcome::Success { .. } | Outcome::Settled { done: true, .. }));
        let found = s.so;
        (p.changes() && (done || found)).then(|| bare(&ramp.value).to_owned())
    })
}

/// A ramp's value without its unit, as its act was given it.
fn bare(shown: &str) -> &str {
    match shown.rsplit_once(' ') {
        Some((value, "%" | "ms" | "s" | "B" | "/s")) => value,
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{PlanStep, RampPart};
    use super::super::record::Request;
    use super::*;
    use crate::model::playbook::{Question, Step, Wait};
    use crate::model::probe::Command;

    fn at(ms: u64) -> Now {
        Now { boot: ms, boot_id: "b".into(), wall: 1_769_847_300_000 + ms as i64 }
    }

    fn plan(steps: Vec<Step>) -> Plan {
        let steps = steps.into_iter().enumerate().map(|(i, s)| PlanStep::new(i + 1, s)).collect();
        Plan { confirmed_at: at(0), steps, ..Plan::default() }
    }

    fn started() -> Kind {
        Kind::RunStarted {
            plan: String::new(),
            pid: 1,
            start: 1,
            uid: 1,
            host: "h".into(),
            version: "1".into(),
            proof: None,
        }
    }

    fn ran(step: usize, outcome: Outcome) -> [Kind; 2] {
        let name = String::new();
        [
            Kind::StepStarting { step, name, attempt: 1, token: "t".into(), file: None },
            Kind::StepExited { step, attempt: 1, outcome, survivors: Vec::new() },
        ]
    }

    #[test]
    fn a_ramps_value_is_that_of_its_last_act_that_was_done() {
        let act = || Step::new("set", StepKind::Run(Command::default()));
        let mut plan = plan(vec![act(), act(), act()]);
        for (i, value) in ["50 %", "25 %", "0 %"].into_iter().enumerate() {
            let ramp = RampPart { id: Some("lower".into()), last: 3, value: value.into() };
            plan.steps[i].ramp = Some(ramp);
        }
        let mut state = State::new(&plan);
        let ask = |state: &State| known(&plan, state, &Answers::default(), &at(9), "/r", "steps.lower.value");
        assert_eq!(ask(&state), None);
        let done = || Outcome::Success { detail: "exit 0".into() };
        for kind in ran(1, done()).into_iter().chain(ran(2, Outcome::Failure { detail: "exit 1".into() })) {
            state.apply(&kind, &at(1));
        }
        assert_eq!(ask(&state).as_deref(), Some("50"), "what failed was not set");
        state.apply(&Kind::StepSkipped { step: 3, so: true, why: "already so: 0".into() }, &at(2));
        assert_eq!(ask(&state).as_deref(), Some("0"), "what is found in place is the value");
    }

    #[test]
    fn an_answer_is_known_by_its_input_and_by_its_steps_id() {
        let question = Question {
            text: "Which?".into(),
            answers: IndexMap::new(),
            input: Some("ticket".into()),
            prefill: None,
            optional: false,
            roles: Vec::new(),
        };
        let mut step = Step::new("ask", StepKind::Ask(question));
        step.id = Some("which".into());
        let plan = plan(vec![step]);
        let request = Request {
            id: "1".into(),
            run: String::new(),
            step: Some(1),
            attempt: None,
            seen: 0,
            expires: Default::default(),
            who: Default::default(),
            ask: Wish::Answer { label: None, input: Some("INC-7".into()) },
        };
        let handled =
            |accepted| Kind::RequestHandled { request: request.clone(), accepted, why: String::new() };
        let mut answers = Answers::default();
        answers.apply(&plan, &handled(false));
        assert_eq!(answers, Answers::default(), "a refused answer is none");
        answers.apply(&plan, &handled(true));
        let state = State::new(&plan);
        for name in ["answers.ticket", "answers.which", "steps.which.value"] {
            assert_eq!(known(&plan, &state, &answers, &at(0), "/r", name).as_deref(), Some("INC-7"));
        }
    }

    #[test]
    fn the_run_itself_is_told_in_words_that_are_not_too_late() {
        let plan = plan(vec![Step::new("wait", StepKind::Wait(Wait::For(1)))]);
        let mut state = State::new(&plan);
        let ask =
            |state: &State, name| known(&plan, state, &Answers::default(), &at(65_000), "/runs/x", name);
        assert_eq!(ask(&state, "run.elapsed"), None);
        state.apply(&started(), &at(5_000));
        assert_eq!(ask(&state, "run.elapsed").as_deref(), Some("1m"));
        assert_eq!(ask(&state, "run.outcome").as_deref(), Some("under way"));
        assert_eq!(ask(&state, "run.effect").as_deref(), Some("not yet"));
        assert_eq!(ask(&state, "run.report").as_deref(), Some("/runs/x/report.md"));
        assert_eq!(ask(&state, "verdict").as_deref(), Some("nothing fires"));
        assert_eq!(ask(&state, "incident.age").as_deref(), Some("1m5s"));
        assert_eq!(ask(&state, "run.nothing"), None);
        for kind in ran(1, Outcome::Failure { detail: "no".into() }) {
            state.apply(&kind, &at(6_000));
        }
        assert_eq!(ask(&state, "run.outcome").as_deref(), Some("step 1 (wait) failed"));
    }
}
