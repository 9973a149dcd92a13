//! Late names, and the places where they stand.

use super::*;
use crate::model::playbook::{From, Hold, Objective, To};
use crate::model::time::Now;
use crate::run::plan::{Cause, Plan, PlanStep, RampPart};
use crate::run::record::{Kind, Outcome};
use crate::run::state::State;
use std::collections::BTreeMap;

fn says(values: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    let values: BTreeMap<String, String> = values.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    move |name| values.get(name).cloned()
}

fn run(argv: &[&str]) -> Command {
    Command { argv: argv.iter().map(|a| (*a).into()).collect(), ..Command::default() }
}

#[test]
fn a_value_cannot_leave_the_string_of_a_body() {
    let call = HttpCall {
        url: "http://x".into(),
        json: Some(serde_json::json!({ "text": "said {{ answers.why }}", "n": [1, "{{ run.dir }}"] })),
        ..HttpCall::default()
    };
    let values = says(&[("answers.why", "\", \"admin\": true, \"x\": \""), ("run.dir", "/r")]);
    let step = fill_step(&Step::new("A", StepKind::Http(call)), &values).unwrap();
    let StepKind::Http(h) = step.kind else { panic!() };
    let body = h.json.unwrap();
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert_eq!(body["text"], "said \", \"admin\": true, \"x\": \"");
    assert_eq!(body["n"][1], "/r");
}

#[test]
fn secrets_stay_and_a_value_is_never_a_name() {
    let c = Command {
        env: [("T".to_owned(), "{{ secret.t }}".into())].into_iter().collect(),
        ..run(&["a", "{{ answers.x }}"])
    };
    let c = fill_command(&c, &says(&[("answers.x", "{{ secret.t }}")])).unwrap();
    assert_eq!(c.env["T"].0, "{{ secret.t }}");
    assert!(c.argv[1].names().is_empty(), "{}", c.argv[1]);
}

#[test]
fn a_name_without_a_value_is_told() {
    let e = fill_step(&Step::new("A {{ verdict }}", StepKind::Run(run(&["a"]))), &|_| None).unwrap_err();
    assert!(e.contains("`verdict`"), "{e}");
}

#[test]
fn shells_here_and_there_read_nothing_into_a_value() {
    let bad = says(&[("answers.x", "it's; rm -rf /")]);
    let far = Command { on: Some("lb".into()), ..run(&["ssh", "lb", "--", "say '{{ answers.x }}'"]) };
    let c = fill_command(&far, &bad).unwrap();
    assert_eq!(shell_words::split(&c.argv[3].0).unwrap(), ["say", "it's; rm -rf /"]);
    let script = Command { shell: true, ..run(&["sh", "-c", "say {{ answers.x }}"]) };
    assert!(fill_command(&script, &bad).unwrap_err().contains("shell"));
    assert!(fill_command(&script, &says(&[("answers.x", "/a/b-1")])).is_ok());
}

#[test]
fn every_place_of_a_step_is_filled() {
    let t = |s: &str| Template(format!("{s} {{{{ verdict }}}}"));
    let probe = Probe { ask: Ask::File(t("/f")), expect: Default::default(), within: None, every: 1 };
    let set = Change::Set([("K".to_owned(), t("v"))].into_iter().collect());
    let edit = FileEdit { file: t("/e"), format: crate::model::playbook::FileFormat::Env, change: set };
    let kinds = [
        StepKind::Write(FileWrite { file: t("/w"), content: t("c"), mode: None, backup: true }),
        StepKind::Edit(edit),
        StepKind::Check(probe.clone()),
        StepKind::Socket(SocketCall { path: t("/s"), send: t("x"), expect: Default::default() }),
        StepKind::Ask(Question {
            text: t("q"),
            answers: IndexMap::new(),
            input: None,
            prefill: Some(t("p")),
            optional: false,
            roles: vec![],
        }),
        StepKind::Capture(Capture {
            files: vec![t("/c")],
            commands: vec![Command { stdin: Some(t("in")), cwd: Some(t("/d")), ..Command::default() }],
            ..Capture::default()
        }),
    ];
    for kind in kinds {
        let step = Step {
            prove: Some(probe.clone()),
            already: Some(probe.clone()),
            observe: Some(probe.clone()),
            dry_run: Some(vec![t("d")]),
            freezes: Some(Freeze { what: t("w"), undo: "u".into() }),
            ..Step::new("{{ verdict }}", kind)
        };
        let filled = fill_step(&step, &says(&[("verdict", "bad")])).unwrap();
        let text = serde_json::to_string(&filled).unwrap();
        assert!(!text.contains("{{"), "{text}");
        assert!(text.matches("bad").count() > 5, "{text}");
    }
}

fn at(seconds: u64) -> Now {
    Now { boot: seconds * 1000, boot_id: "b".into(), wall: 1_763_690_000_000 + seconds as i64 * 1000 }
}

fn ramp_plan() -> Plan {
    let mut plan = Plan {
        id: "1121-010000-g-3f2a".into(),
        home: "/state".into(),
        confirmed_at: at(10),
        ..Plan::default()
    };
    for (i, value) in ["50 %", "25 %", "10 %"].iter().enumerate() {
        for hold in [false, true] {
            let kind = match hold {
                false => StepKind::Run(run(&["set"])),
                true => StepKind::Hold(Hold {
                    lasts: 1,
                    stop_when: None,
                    next_when: None,
                    value: (*value).into(),
                }),
            };
            let mut s = PlanStep::new(2 * i + 1 + usize::from(hold), Step::new("S", kind));
            s.ramp = Some(RampPart { id: Some("lower".into()), last: 6, value: (*value).into() });
            plan.steps.push(s);
        }
    }
    plan.cause = Some(Cause { trigger: "t".into(), title: "T".into(), firing_since: at(0) });
    let rto = Objective {
        title: "RTO".into(),
        procedures: vec![],
        from: From::Firing,
        to: To::End,
        within: 60_000,
    };
    plan.playbook.objectives.insert("rto".into(), rto);
    plan
}

#[test]
fn a_run_knows_itself_by_name() {
    let plan = ramp_plan();
    let mut state = State::new(&plan);
    let begins = Kind::RunStarted {
        plan: String::new(),
        pid: 1,
        start: 1,
        uid: 1,
        host: "h".into(),
        version: String::new(),
        proof: None,
    };
    state.apply(&begins, &at(20));
    let answers = BTreeMap::from([("why".to_owned(), "slow".to_owned())]);
    let signals = IndexMap::from([("p95".to_owned(), "203 ms".to_owned())]);
    let none = IndexMap::new();
    let now = at(95);
    let value = |state: &State, name: &str| {
        let of = Running {
            plan: &plan,
            state,
            answers: &answers,
            signals: &signals,
            firing: &none,
            verdict: "P1",
            now: &now,
        };
        of.value(name)
    };
    for (name, wanted) in [
        ("run.dir", "/state/runs/1121-010000-g-3f2a"),
        ("run.report", "/state/runs/1121-010000-g-3f2a/report.md"),
        ("run.elapsed", "1m15s"),
        ("run.effect", "not yet"),
        ("run.outcome", "under way"),
        ("verdict", "P1"),
        ("incident.id", "INC-2025-11-21-3f2a"),
        ("incident.age", "1m35s"),
        ("objective.rto", "1m35s so far of 1m, missed"),
        ("answers.why", "slow"),
        ("answers.other", ""),
        ("signal.p95", "203 ms"),
        ("signal.p95.firing", "unknown"),
    ] {
        assert_eq!(value(&state, name).as_deref(), Some(wanted), "{name}");
        assert!(is_late(name));
    }
    assert_eq!(value(&state, "steps.lower.value"), None, "nothing was set yet");
    assert_eq!(value(&state, "steps.other.value"), None);
    assert_eq!(value(&state, "run.reason"), None, "known when it was frozen");
    let done = |step| {
        [
            Kind::StepStarting { step, name: String::new(), attempt: 1, token: String::new(), file: None },
            Kind::StepExited {
                step,
                attempt: 1,
                outcome: Outcome::Success { detail: String::new() },
                survivors: vec![],
            },
        ]
    };
    for kind in done(1).iter().chain(&done(3)) {
        state.apply(kind, &at(30));
    }
    assert_eq!(value(&state, "steps.lower.value").as_deref(), Some("25"));
}
