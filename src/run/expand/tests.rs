//! What a procedure becomes as a list.

use crate::model::drill::{Rehearse, Simulated};
use crate::model::playbook::*;
use crate::model::probe::{Ask, Command, Expectation, HttpCall, Probe};
use crate::model::template::Template;
use crate::model::time::Now;
use crate::model::unit::Unit;
use crate::run::freeze::draw;
use crate::run::plan::{Context, Person, Plan};
use indexmap::IndexMap;

fn run(argv: &[&str]) -> StepKind {
    StepKind::Run(Command { argv: argv.iter().map(|a| (*a).into()).collect(), ..Command::default() })
}

fn step(name: &str, argv: &[&str]) -> Step {
    Step { timeout: 5_000, ..Step::new(name, run(argv)) }
}

fn with_id(id: &str, step: Step) -> Step {
    Step { id: Some(id.into()), ..step }
}

fn procedure(steps: Vec<Step>) -> Procedure {
    Procedure { title: "Do it".into(), steps, ..Procedure::default() }
}

fn named<T>(all: Vec<(&str, T)>) -> IndexMap<String, T> {
    all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

fn signal(unit: Unit) -> Signal {
    Signal {
        title: String::new(),
        source: None,
        reading: ReadingKind::Flag { key: 'x', text: String::new() },
        unit,
        raw: unit,
        series: None,
        counter: false,
        better: Better::Lower,
        baseline: None,
        min_samples: None,
        fresh: None,
        warn: None,
        critical: None,
        stale_after: 1,
        panel: None,
    }
}

fn playbook(procedures: Vec<(&str, Procedure)>) -> Playbook {
    Playbook {
        environments: named(vec![("production", Environment::default())]),
        signals: named(vec![("share", signal(Unit::Percent)), ("up", signal(Unit::Bool))]),
        procedures: named(procedures),
        ..Playbook::default()
    }
}

fn context() -> Context {
    Context {
        id: "1121-0100-x".into(),
        now: Now::default(),
        who: Person { user: "ana".into(), ..Person::default() },
        reason: "a reason".into(),
        incident: None,
        cause: None,
        automatic: None,
        stage: None,
        baselines: IndexMap::new(),
        playbook_hash: String::new(),
        env: IndexMap::new(),
        cwd: "/".into(),
        home: "/state".into(),
    }
}

fn frozen(p: &Playbook, given: &[(&str, &str)]) -> Plan {
    let given = given.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    draw(p, "production", "main", &given, &context()).unwrap_or_else(|e| panic!("{}", e.join("\n"))).plan
}

fn refused(p: &Playbook) -> String {
    draw(p, "production", "main", &IndexMap::new(), &context()).unwrap_err().join("\n")
}

fn labels(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|s| format!("{} {}", s.label, s.step.name)).collect()
}

fn condition(p: &Option<Probe>) -> &str {
    match &p.as_ref().unwrap().ask {
        Ask::When(c) => &c.text,
        other => panic!("{other:?}"),
    }
}

fn inner(id: &str, args: &[(&str, &str)]) -> StepKind {
    let args = args.iter().map(|(k, v)| ((*k).to_owned(), Template::from(*v))).collect();
    StepKind::Procedure { id: id.into(), args }
}

#[test]
fn a_procedure_within_stands_in_its_place_with_its_own_parameters() {
    let text = |prefill: &str| Param {
        title: "T".into(),
        kind: ParamKind::Text { pattern: "[a-z]+".into(), prefill: Some(prefill.into()) },
        pick: Pick::First,
        unit: None,
        rehearse: Vec::new(),
    };
    let stop = with_id("stop", step("Stop {{ what }} for {{ why }}", &["stop", "{{ what }}"]));
    let start = step("Start", &["start", "{{ what }}"]);
    let part = Procedure {
        params: named(vec![("what", text("all")), ("why", text("nothing"))]),
        takes_effect: Some("stop".into()),
        ..procedure(vec![stop, start])
    };
    let outer = Procedure {
        params: named(vec![("unit", text("shop"))]),
        takes_effect: Some("part".into()),
        phases: vec![Phase { id: "one".into(), title: "One".into(), budget: None, by: None }],
        ..procedure(vec![
            Step { phase: Some("one".into()), ..step("First", &["a"]) },
            with_id("part", Step::new("Part", inner("part", &[("what", "{{ unit }}")]))),
            step("Last", &["z"]),
        ])
    };
    let p = playbook(vec![("main", outer), ("part", part)]);
    let plan = frozen(&p, &[("part.why", "chosen")]);
    assert_eq!(labels(&plan), ["1 First", "2.1 Stop shop for chosen", "2.2 Start", "3 Last"]);
    assert_eq!(plan.steps[1].line(), "stop shop");
    assert_eq!(plan.procedure.takes_effect, [2], "its own takes_effect");
    assert!(plan.steps.iter().all(|s| s.phase.as_deref() == Some("one")), "the outer phase");
    assert_eq!(plan.steps.iter().map(|s| s.number).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(plan.steps[1].step.id.as_deref(), Some("stop"), "an id that is unique is kept");
    let bad = Step::new("Part", inner("part", &[("what", "NOT")]));
    let p = playbook(vec![("main", procedure(vec![bad])), ("part", p.procedures["part"].clone())]);
    assert!(refused(&p).contains("step 1: procedure `part`: `what` must match"), "{}", refused(&p));
}

#[test]
fn an_id_within_gives_way_to_an_outer_one() {
    let part = procedure(vec![with_id("go", step("Inner", &["b"]))]);
    let outer = procedure(vec![Step::new("Part", inner("part", &[])), with_id("go", step("Outer", &["a"]))]);
    let plan = frozen(&playbook(vec![("main", outer), ("part", part)]), &[]);
    assert_eq!(plan.steps[0].step.id, None);
    assert_eq!(plan.steps[1].step.id.as_deref(), Some("go"));
}

#[test]
fn procedures_in_a_circle_are_refused() {
    let to = |id: &str| procedure(vec![Step::new("Go", inner(id, &[]))]);
    let p = playbook(vec![("main", to("other")), ("other", to("main"))]);
    assert!(refused(&p).contains("main → other → main"), "{}", refused(&p));
}

#[test]
fn what_holds_for_a_procedure_holds_for_its_steps() {
    let part = Procedure {
        steps: vec![
            step("A", &["a"]),
            Step { on_failure: OnFailure::Continue, ..step("B", &["b"]) },
            step("C", &["c"]),
        ],
        ..procedure(Vec::new())
    };
    let around = Step {
        always: true,
        on_failure: OnFailure::Continue,
        by: Some(60_000),
        troubleshoot: Some("g".into()),
        prove: Some(file("/is")),
        observe: Some(file("/done")),
        timeout: 3_000,
        ..Step::new("Part", inner("part", &[]))
    };
    let mut p = playbook(vec![("main", procedure(vec![around])), ("part", part)]);
    let guide = Guide { title: "G".into(), symptom: "S".into(), steps: Vec::new() };
    p.guides.insert("g".into(), guide);
    let plan = frozen(&p, &[]);
    assert_eq!(labels(&plan), ["1.0 Before: Part", "1.1 A", "1.2 B", "1.3 C", "1.4 After: Part"]);
    assert!(plan.steps.iter().all(|s| s.step.always));
    assert_eq!(plan.steps[4].step.by, Some(60_000));
    assert!(plan.steps[..4].iter().all(|s| s.step.by.is_none()));
    // What needs the failed step is not done after it without a person's word.
    assert_eq!(plan.steps[1].step.on_failure, OnFailure::Ask);
    assert_eq!(plan.steps[2].step.on_failure, OnFailure::Continue);
    assert!(plan.playbook.guides.contains_key("g"));
}

fn file(path: &str) -> Probe {
    Probe {
        ask: Ask::File(path.into()),
        expect: Expectation::default(),
        within: None,
        every: 1_000,
        rehearse: None,
    }
}

#[test]
fn fallbacks_follow_their_step_and_count_for_it() {
    let part = procedure(vec![step("P1", &["p1"]), step("P2", &["p2"])]);
    let main = Procedure {
        takes_effect: Some("reload".into()),
        ..procedure(vec![
            step("First", &["a"]),
            with_id(
                "reload",
                Step {
                    fallback: vec![step("Restart", &["r"]), Step::new("Else", inner("part", &[]))],
                    ..step("Reload", &["s"])
                },
            ),
            step("Last", &["z"]),
        ])
    };
    let plan = frozen(&playbook(vec![("main", main), ("part", part)]), &[]);
    assert_eq!(labels(&plan), ["1 First", "2 Reload", "2b Restart", "2c.1 P1", "2c.2 P2", "3 Last"]);
    let of: Vec<Option<usize>> = plan.steps.iter().map(|s| s.fallback_of).collect();
    assert_eq!(of, [None, None, Some(2), Some(2), Some(2), None]);
    assert_eq!(plan.procedure.takes_effect, [2, 3, 5]);
}

fn ramp() -> Step {
    let act = StepKind::Run(Command { argv: vec!["set".into(), "{{ value }}".into()], ..Command::default() });
    let ramp = Ramp {
        values: vec![50.0, 12.5],
        unit: Some(Unit::Percent),
        skip_when: Some("share <= $value".into()),
        act: Box::new(act),
        hold: 60_000,
        stop_when: Some("up".into()),
        next_when: Some("share <= $least".into()),
    };
    let given = Probe { ask: Ask::Given("share == $value".into()), ..file("") };
    let ramp = Step {
        observe: Some(given),
        timeout: 9_000,
        on_failure: OnFailure::Ask,
        ..Step::new("Lower", StepKind::Ramp(ramp))
    };
    with_id("lower", ramp)
}

#[test]
fn a_value_of_a_ramp_is_a_number_in_a_json_body() {
    let json = serde_json::json!({ "share": "{{ value }}", "note": "to {{ value }} %" });
    let call =
        HttpCall { method: "POST".into(), url: "http://x".into(), json: Some(json), ..HttpCall::default() };
    let mut step = ramp();
    let StepKind::Ramp(r) = &mut step.kind else { panic!() };
    *r.act = StepKind::Http(call);
    let least = Param {
        title: "L".into(),
        kind: ParamKind::Number { min: None, max: None, prefill: Some(60.0) },
        pick: Pick::First,
        unit: Some(Unit::Percent),
        rehearse: Vec::new(),
    };
    let main = Procedure { params: named(vec![("least", least)]), ..procedure(vec![step]) };
    let plan = frozen(&playbook(vec![("main", main)]), &[]);
    let bodies: Vec<_> = plan
        .steps
        .iter()
        .filter_map(|p| match &p.step.kind {
            StepKind::Http(h) => h.json.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(bodies[0], serde_json::json!({ "share": 50, "note": "to 50 %" }));
    assert_eq!(bodies[1], serde_json::json!({ "share": 12.5, "note": "to 12.5 %" }));
}

#[test]
fn what_a_rehearsal_sets_and_prints_has_its_values() {
    let least = Param {
        title: "L".into(),
        kind: ParamKind::Number { min: None, max: None, prefill: Some(60.0) },
        pick: Pick::First,
        unit: Some(Unit::Percent),
        rehearse: Vec::new(),
    };
    let set = [("share", "$value"), ("least", "$least"), ("colour", "green")];
    let rehearse = Rehearse {
        set: set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        stdout: Some("share is {{ value }}".into()),
        ..Rehearse::default()
    };
    let line = "set {{ value }}".into();
    let mut step = ramp();
    let StepKind::Ramp(r) = &mut step.kind else { panic!() };
    *r.act = StepKind::Simulated(Simulated { line, rehearse, ..Simulated::default() });
    let main = Procedure { params: named(vec![("least", least)]), ..procedure(vec![step]) };
    let plan = frozen(&playbook(vec![("main", main)]), &[]);
    let StepKind::Simulated(s) = &plan.steps[2].step.kind else { panic!() };
    assert_eq!(s.line.0, "set 12.5");
    assert_eq!(s.rehearse.stdout.as_ref().unwrap().0, "share is 12.5");
    let set: Vec<&str> = s.rehearse.set.values().map(String::as_str).collect();
    assert_eq!(set, ["12.5%", "60%", "green"], "with their units");
}

#[test]
fn a_ramp_is_an_act_and_a_hold_per_value() {
    let least = Param {
        title: "L".into(),
        kind: ParamKind::Number { min: None, max: None, prefill: Some(60.0) },
        pick: Pick::First,
        unit: Some(Unit::Percent),
        rehearse: Vec::new(),
    };
    let after = step("Keep {{ steps.lower.value }}", &["keep", "{{ steps.lower.value }}"]);
    let main = Procedure {
        params: named(vec![("least", least)]),
        takes_effect: Some("lower".into()),
        ..procedure(vec![ramp(), after])
    };
    let p = playbook(vec![("main", main)]);
    let plan = frozen(&p, &[]);
    assert_eq!(
        labels(&plan),
        [
            "1.1 Lower: 50 %",
            "1.2 Hold 50 %",
            "1.3 Lower: 12.5 %",
            "1.4 Hold 12.5 %",
            "2 Keep {{ steps.lower.value }}"
        ]
    );
    assert_eq!(plan.steps[2].line(), "set 12.5");
    assert_eq!(condition(&plan.steps[2].step.already), "share <= 12.5%");
    assert_eq!(condition(&plan.steps[2].step.observe), "share == 12.5%");
    let StepKind::Hold(hold) = &plan.steps[3].step.kind else { panic!() };
    assert_eq!(hold.next_when.as_ref().unwrap().text, "share <= 60%");
    assert_eq!((hold.lasts, hold.value.as_str()), (60_000, "12.5 %"));
    let parts: Vec<_> = plan.steps[..4].iter().map(|s| s.ramp.as_ref().unwrap()).collect();
    assert!(parts.iter().all(|r| r.last == 4 && r.id.as_deref() == Some("lower")));
    assert_eq!(plan.procedure.takes_effect, [1, 3]);
    assert!(plan.playbook.signals.contains_key("up"), "what a hold asks is frozen");
    assert!(plan.steps[..4].iter().all(|s| s.step.on_failure == OnFailure::Ask));
}

#[test]
fn a_condition_that_cannot_be_read_names_its_step() {
    let given = Probe { ask: Ask::Given("share == $nothing".into()), ..file("") };
    let main = procedure(vec![step("A", &["a"]), Step { observe: Some(given), ..step("B", &["b"]) }]);
    let told = refused(&playbook(vec![("main", main)]));
    assert!(told.starts_with("step 2: ") && told.contains("$nothing"), "{told}");
}

fn channels(p: &mut Playbook) {
    let call = HttpCall {
        url: "http://chat".into(),
        json: Some(serde_json::json!({ "text": ["{{ message }}"], "n": 1 })),
        ..HttpCall::default()
    };
    let run = Command {
        argv: vec!["mail".into(), "-s".into(), "{{ subject }}".into()],
        stdin: Some("{{ message }}".into()),
        ..Command::default()
    };
    let channel = |title: &str, way| Channel {
        title: title.into(),
        way,
        preset: None,
        timeout: 7_000,
        limit: Limit::default(),
    };
    p.channels =
        named(vec![("chat", channel("#chat", Way::Http(call))), ("mail", channel("Mail", Way::Run(run)))]);
    let message =
        |body: &str, review| Message { subject: "About {{ run.reason }}".into(), body: body.into(), review };
    p.messages = named(vec![
        ("started", message("It's \"on\": {{ run.elapsed }}", false)),
        ("reviewed", message("Done {{ signal.share }}", true)),
    ]);
}

fn notify(channels: &[&str], message: &str) -> StepKind {
    StepKind::Notify {
        channels: channels.iter().map(|c| (*c).to_owned()).collect(),
        message: message.into(),
        phase: None,
    }
}

#[test]
fn a_message_is_a_step_per_channel_and_changes_nothing() {
    let main = procedure(vec![
        step("Act", &["a"]),
        with_id("tell", Step::new("Tell", notify(&["chat", "mail"], "started"))),
        Step::new("Tell one", notify(&["mail"], "started")),
    ]);
    let mut p = playbook(vec![("main", main)]);
    channels(&mut p);
    let drawn = draw(&p, "production", "main", &IndexMap::new(), &context()).unwrap();
    let plan = &drawn.plan;
    assert_eq!(labels(plan), ["1 Act", "2.1 Tell: #chat", "2.2 Tell: Mail", "3 Tell one"]);
    assert_eq!(drawn.tells, [2, 3, 4]);
    assert_eq!(plan.procedure.takes_effect, [1], "telling people is no effect");
    let StepKind::Http(h) = &plan.steps[1].step.kind else { panic!() };
    assert_eq!(h.json, Some(serde_json::json!({ "text": ["It's \"on\": {{ run.elapsed }}"], "n": 1 })));
    let StepKind::Run(c) = &plan.steps[2].step.kind else { panic!() };
    assert_eq!(c.argv[2].0, "About a reason");
    assert_eq!(c.stdin.as_ref().unwrap().0, "It's \"on\": {{ run.elapsed }}");
    assert_eq!(plan.steps[2].step.timeout, 7_000);
    assert_eq!(plan.steps[2].step.id.as_deref(), Some("tell"), "told is when the last one is told");
}

#[test]
fn a_message_under_review_is_seen_by_a_person_first() {
    let mut p = playbook(vec![("main", procedure(vec![Step::new("Tell", notify(&["mail"], "reviewed"))]))]);
    channels(&mut p);
    let plan = frozen(&p, &[]);
    assert_eq!(labels(&plan), ["1.1 Tell: look at it", "1.2 Tell"]);
    let StepKind::Ask(q) = &plan.steps[0].step.kind else { panic!() };
    assert_eq!((q.input.as_deref(), q.optional), (Some("message-reviewed"), false));
    assert_eq!(q.prefill.as_ref().unwrap().0, "Done {{ signal.share }}");
    let StepKind::Run(c) = &plan.steps[1].step.kind else { panic!() };
    assert_eq!(c.stdin.as_ref().unwrap().0, "{{ answers.message-reviewed }}");
    assert!(plan.playbook.signals.contains_key("share"), "a signal that is told is measured");
}

#[test]
fn when_is_asked_filled_and_a_switch_is_known() {
    let switch = Param {
        title: "D".into(),
        kind: ParamKind::Switch(false),
        pick: Pick::First,
        unit: None,
        rehearse: Vec::new(),
    };
    let main = Procedure {
        params: named(vec![("dump", switch)]),
        ..procedure(vec![
            Step { when: Some(When::Param("dump".into())), ..step("Dump", &["d"]) },
            Step { when: Some(When::Given("up == $dump".into())), ..step("Ask", &["a"]) },
            step("Act", &["x"]),
        ])
    };
    let p = playbook(vec![("main", main)]);
    let plan = frozen(&p, &[]);
    assert_eq!(condition(&plan.steps[0].when), "dump is off");
    assert_eq!(condition(&plan.steps[1].when), "up == false");
    assert!(frozen(&p, &[("dump", "true")]).steps[0].when.is_none());
}

#[test]
fn a_condition_may_not_stop_a_procedure_in_its_middle() {
    let c = crate::run::given::known("up".into(), true);
    let part = procedure(vec![step("A", &["a"]), step("B", &["b"])]);
    let main = |when| procedure(vec![Step { when: Some(when), ..Step::new("Part", inner("part", &[])) }]);
    let p = playbook(vec![("main", main(When::Condition(c))), ("part", part.clone())]);
    assert!(refused(&p).contains("has 2 steps"), "{}", refused(&p));
    let switch = Param {
        title: "D".into(),
        kind: ParamKind::Switch(false),
        pick: Pick::First,
        unit: None,
        rehearse: Vec::new(),
    };
    let main = Procedure { params: named(vec![("dump", switch)]), ..main(When::Param("dump".into())) };
    let plan = frozen(&playbook(vec![("main", main), ("part", part)]), &[]);
    assert!(plan.steps.iter().all(|s| condition(&s.when) == "dump is off"));
}

#[test]
fn several_things_have_no_fallback_of_their_own() {
    let main =
        procedure(vec![Step { fallback: vec![step("B", &["b"])], ..Step::new("Part", inner("part", &[])) }]);
    let p = playbook(vec![("main", main), ("part", procedure(vec![step("A", &["a"])]))]);
    assert!(refused(&p).contains("`fallback`"), "{}", refused(&p));
}

#[test]
fn hosts_are_spelled_out_in_commands_and_in_probes() {
    let far = |argv: &[&str]| Command {
        argv: argv.iter().map(|a| (*a).into()).collect(),
        on: Some("lb".into()),
        stdin: Some("in".into()),
        ..Command::default()
    };
    let probe = Probe { ask: Ask::Run(far(&["cat", "a b"])), ..file("") };
    let s = Step {
        already: Some(probe),
        dry_run: Some(vec!["look".into()]),
        ..Step::new("A", StepKind::Run(far(&["set", "{{ run.reason }}"])))
    };
    let mut p = playbook(vec![("main", procedure(vec![s]))]);
    p.vars.insert("lb".into(), "lb-1.example".into());
    p.hosts.insert("lb".into(), Host::Ssh { name: "{{ lb }}".into(), options: Vec::new() });
    let plan = frozen(&p, &[]);
    let s = &plan.steps[0].step;
    let StepKind::Run(c) = &s.kind else { panic!() };
    assert_eq!(
        plan.steps[0].line(),
        r#"ssh -o 'BatchMode=yes' -o 'ConnectTimeout=5' lb-1.example -- 'set '\''a reason'\'''"#
    );
    assert_eq!(c.stdin.as_ref().unwrap().0, "in", "what is typed goes on to the host");
    let Ask::Run(c) = &s.already.as_ref().unwrap().ask else { panic!() };
    assert_eq!(c.argv.last().unwrap().0, "cat 'a b'");
    assert_eq!(s.dry_run.as_ref().unwrap().last().unwrap().0, "look");
    assert_eq!(s.dry_run.as_ref().unwrap()[0].0, "ssh");
}

#[test]
fn a_shell_reads_nothing_that_came_from_outside() {
    let script = |text: &str, env: IndexMap<String, Template>| {
        let c = Command { argv: vec![text.into()], shell: true, env, ..Command::default() };
        playbook(vec![("main", procedure(vec![Step::new("A", StepKind::Run(c))]))])
    };
    let told = refused(&script("echo {{ run.reason }} | cat", IndexMap::new()));
    assert!(told.contains("run.reason") && told.contains("env"), "{told}");
    let env = named(vec![("WHY", Template::from("{{ run.reason }}"))]);
    let plan = frozen(&script("echo \"$WHY\" {{ environment }} | cat", env), &[]);
    assert_eq!(plan.steps[0].line(), "sh -c 'echo \"$WHY\" production | cat'");
}

#[test]
fn a_secret_in_a_message_is_refused_wherever_it_would_be_seen() {
    let mut p = playbook(vec![("main", procedure(vec![Step::new("Tell", notify(&["mail"], "started"))]))]);
    channels(&mut p);
    p.secrets.insert("t".into(), Secret::Env("T".into()));
    p.messages["started"].body = "key {{ secret.t }}".into();
    assert!(refused(&p).contains("would be shown"), "{}", refused(&p));
}

#[test]
fn a_named_step_must_exist() {
    let main = Procedure { takes_effect: Some("x".into()), ..procedure(vec![step("A", &["a"])]) };
    assert!(refused(&playbook(vec![("main", main)])).contains("no step `x`"));
}
