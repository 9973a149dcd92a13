//! What a draft says of the world, with real files and real commands.

use super::*;
use crate::model::playbook::{
    Authority, Change, Criterion, Environment, FileEdit, FileFormat, FileWrite, Procedure, Role, Step,
    StepKind, When,
};
use crate::model::probe::{Command, Expectation};
use crate::run::Person;

fn sh(script: &str) -> Command {
    Command { argv: vec!["sh".into(), "-c".into(), script.into()], ..Command::default() }
}

fn probe(script: &str) -> Probe {
    Probe {
        ask: Ask::Run(sh(script)),
        expect: Expectation::default(),
        within: Some(5_000),
        every: 1_000,
        rehearse: None,
    }
}

fn step(name: &str, kind: StepKind) -> Step {
    Step { timeout: 5_000, ..Step::new(name, kind) }
}

fn playbook(p: Procedure) -> Playbook {
    let mut out = Playbook::default();
    out.environments.insert("production".into(), Environment::default());
    out.procedures.insert("main".into(), p);
    out
}

fn procedure(steps: Vec<Step>) -> Procedure {
    Procedure { title: "Do it".into(), steps, ..Procedure::default() }
}

fn context_in(dir: &Path) -> Context {
    Context {
        id: "1121-010000-x-1".into(),
        now: Now::default(),
        who: Person { user: "ana".into(), ..Person::default() },
        reason: "a reason".into(),
        cause: None,
        incident: None,
        automatic: None,
        stage: None,
        baselines: IndexMap::new(),
        playbook_hash: String::new(),
        env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into_iter().collect(),
        cwd: dir.to_string_lossy().into_owned(),
        home: dir.join("home").to_string_lossy().into_owned(),
    }
}

async fn draft(dir: &Path, p: Procedure) -> Draft {
    resolve(&playbook(p), "production", "main", &IndexMap::new(), &context_in(dir)).await
}

fn edit(file: &str, format: FileFormat, key: &str, value: &str) -> StepKind {
    let change = Change::Set([(key.to_owned(), value.into())].into_iter().collect());
    StepKind::Edit(FileEdit { file: file.into(), format, change })
}

#[test]
fn a_program_is_found_on_the_path_and_a_missing_one_is_named() {
    let env = IndexMap::from([("PATH".to_owned(), "relative:/nonexistent:/bin:/usr/bin".to_owned())]);
    assert!(program("sh", &env, Path::new("/")).is_ok_and(|p| p.ends_with("/sh")));
    assert!(program("no-such-program", &env, Path::new("/")).is_err_and(|e| e.contains("no-such-program")));
}

#[tokio::test]
async fn a_failed_check_blocks_until_a_reason_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let check = |text: &str, script: &str| Criterion { text: text.into(), probe: probe(script) };
    let p = Procedure {
        preflight: vec![
            check("There is room", "exit 0"),
            check("Nobody is on it", "echo busy; exit 7"),
            check("It can be asked", "kill -9 $$"),
        ],
        ..procedure(vec![step("Act", StepKind::Run(sh("touch acted")))])
    };
    let mut draft = draft(dir.path(), p).await;
    let plan = draft.plan.as_ref().unwrap();
    let answers: Vec<Answer> = plan.preflight.iter().map(|p| p.answer).collect();
    assert_eq!(answers, [Answer::Holds, Answer::Fails, Answer::Blind], "all are shown, in order");
    assert!(!draft.is_ready() && draft.wants_reason());
    assert_eq!(draft.problems.len(), 2);
    assert!(draft.problems[0].contains("Nobody is on it: does not hold"), "{:?}", draft.problems);
    draft.go_on("  ");
    assert!(!draft.is_ready(), "nothing is no reason");
    draft.go_on("the owner is told\n");
    assert!(draft.is_ready());
    assert_eq!(draft.plan.unwrap().override_reason.as_deref(), Some("the owner is told"));
    assert!(!dir.path().join("acted").exists());
}

#[tokio::test]
async fn the_wrong_target_is_never_overridden() {
    let dir = tempfile::tempdir().unwrap();
    let p = Procedure {
        compatible_with: Some(probe("echo 'migration 42 cannot be undone'; exit 1")),
        preflight: vec![Criterion { text: "Room".into(), probe: probe("exit 1") }],
        ..procedure(vec![step("Act", StepKind::Run(sh("true")))])
    };
    let mut draft = draft(dir.path(), p).await;
    assert!(!draft.wants_reason());
    draft.go_on("a reason");
    assert!(!draft.is_ready());
    assert!(draft.problems.iter().all(|p| p.contains("is not compatible")), "{:?}", draft.problems);
    assert_eq!(draft.compatible.unwrap().1.answer, Answer::Fails);
}

#[tokio::test]
async fn an_emergency_asks_no_checks_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let p = Procedure {
        emergency: true,
        skips: vec!["the change board".into()],
        approval: vec!["lead".into()],
        preflight: vec![Criterion { text: "Room".into(), probe: probe("touch asked; exit 1") }],
        ..procedure(vec![step("Act", StepKind::Run(sh("true")))])
    };
    let draft = draft(dir.path(), p).await;
    assert!(draft.is_ready(), "{:?}", draft.problems);
    let plan = draft.plan.unwrap();
    assert_eq!(
        plan.procedure.skips,
        ["the change board", "check before the start: Room", "agreement of lead"]
    );
    assert!(plan.approval.is_none() && plan.preflight.is_empty() && !dir.path().join("asked").exists());
}

#[tokio::test]
async fn what_is_missing_is_told_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.toml"), "[server]\nmode = 1\n").unwrap();
    let p = procedure(vec![
        step(
            "No program",
            StepKind::Run(Command { argv: vec!["no-such-thing".into()], ..Command::default() }),
        ),
        step("No folder", StepKind::Run(Command { cwd: Some("nowhere".into()), ..sh("true") })),
        step("No file", edit("gone.env", FileFormat::Env, "K", "v")),
        step("No key", edit("a.toml", FileFormat::Toml, "server.gone.deep", "v")),
        step(
            "New",
            StepKind::Write(FileWrite {
                file: "new.txt".into(),
                content: "x".into(),
                mode: None,
                backup: true,
            }),
        ),
        step("Behind it", edit("new.txt", FileFormat::Env, "K", "v")),
    ]);
    let draft = draft(dir.path(), p).await;
    let told = draft.problems.join("\n");
    for wanted in ["step 1: there is no program no-such-thing", "step 2: ", "step 3: ", "step 4: "] {
        assert!(told.contains(wanted), "{wanted} in {told}");
    }
    assert!(!told.contains("step 5") && !told.contains("step 6"), "{told}");
    assert!(!dir.path().join("new.txt").exists());
}

#[tokio::test]
async fn what_is_done_already_is_told_with_since_and_by() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("flags.env"), "SHARE=0\n").unwrap();
    let ready = Step { already: Some(probe("exit 0")), ..step("Set", StepKind::Run(sh("exit 3"))) };
    let off =
        Step { when: Some(When::Given("false".into())), ..step("Not today", StepKind::Run(sh("exit 3"))) };
    let p = procedure(vec![step("Flags", edit("flags.env", FileFormat::Env, "SHARE", "0")), ready, off]);
    let draft = draft(dir.path(), p.clone()).await;
    assert!(draft.is_ready(), "{:?}", draft.problems);
    assert!(draft.nothing_to_do, "{:?}", draft.already);
    assert_eq!(draft.already.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(draft.when.iter().map(|(n, a, _)| (*n, *a)).collect::<Vec<_>>(), [(3, Answer::Fails)]);
    assert_eq!(draft.already_since, None, "no run of ours did it");
    std::fs::write(dir.path().join("flags.env"), "SHARE=50\n").unwrap();
    let draft = self::draft(dir.path(), p).await;
    assert!(!draft.nothing_to_do);
    assert!(draft.files[0].1.diff.contains("+SHARE=0"), "{}", draft.files[0].1.diff);
}

#[tokio::test]
async fn a_preview_runs_the_variants_only() {
    let dir = tempfile::tempdir().unwrap();
    let words = |script: &str| Some(sh(script).argv);
    let p = procedure(vec![
        Step {
            dry_run: words("echo would do it; echo \"$A\"; printf '\\033[31m'"),
            ..step(
                "Act",
                StepKind::Run(Command {
                    env: [("A".to_owned(), "here".into())].into_iter().collect(),
                    ..sh("touch acted")
                }),
            )
        },
        Step { dry_run: words("sleep 30"), timeout: 200, ..step("Slow", StepKind::Run(sh("touch acted"))) },
        step("None", StepKind::Run(sh("touch acted"))),
    ]);
    let draft = draft(dir.path(), p).await;
    let tried = preview(draft.plan.as_ref().unwrap()).await;
    assert_eq!(tried.len(), 2);
    assert_eq!((tried[0].good, tried[0].ended.as_str()), (true, "exit 0"));
    assert_eq!(tried[0].lines, ["would do it", "here"]);
    assert!(!tried[1].good && tried[1].ended.contains("no end in 0.2 s"), "{:?}", tried[1]);
    assert!(!dir.path().join("acted").exists());
}

#[tokio::test]
async fn who_may_decide_may_ask_alone_and_a_second_person_is_another() {
    let dir = tempfile::tempdir().unwrap();
    let me = crate::supervisor::person();
    let lead = Role { title: "Lead".into(), users: vec![me.user.clone()], ..Role::default() };
    let all = Authority { all: vec!["lead".into()], ..Authority::default() };
    let acts = || procedure(vec![step("Act", StepKind::Run(sh("true")))]);
    let decides = Procedure { authority: Some("stop".into()), ..acts() };
    let second = Procedure { approval: vec!["lead".into()], ..acts() };
    for (p, alone) in [(decides, true), (second, false)] {
        let mut book = playbook(p);
        book.roles.insert("lead".into(), lead.clone());
        book.authority.insert("stop".into(), all.clone());
        let context = Context { who: me.clone(), ..context_in(dir.path()) };
        let plan = resolve(&book, "production", "main", &IndexMap::new(), &context).await.plan.unwrap();
        assert_eq!(plan.who_roles, ["lead"]);
        assert_eq!(crate::run::approval::complete(&plan, &[]), alone);
    }
}
