//! Every dialog and every state of a run, in two sizes.

use super::*;
use crate::model::playbook::{ApprovalDefault, Confirm, Param, ParamKind, Pick, Question};
use crate::model::time::Deadline;
use crate::run::plan::Preflight;
use crate::run::record::Answer;
use crate::run::state::Need;
use crate::run::view::*;
use crate::session::view::*;
use indexmap::IndexMap;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn in_both(name: &str, keys: &str, view: &View) {
    for size in SIZES {
        shot!(format!("{name}-{}x{}", size.0, size.1), frame(size, &after(keys, view), view));
    }
}

fn run(view: &mut View) -> &mut RunView {
    view.run.as_mut().unwrap()
}

/// A run with every kind of step, on its long fourth one.
pub(super) fn all_kinds() -> View {
    let mut v = running();
    let like = |index: usize, label: &str, name: &str, kind: &'static str, state: StepState, detail: &str| {
        StepView { kind, label: label.into(), ..step(index, name, "execute", state, detail) }
    };
    use StepState::*;
    let mut steps = vec![
        like(1, "1.1", "Capture the state", "capture", Observed, "5 signals, 2 logs"),
        like(2, "1.2", "Tell the team", "run", Applied, "#incidents 200"),
        like(3, "1.3", "Mark in monitoring", "http", Failed, "timed out, goes on"),
        like(4, "2", "Switch the flags", "edit", Observed, "2 keys, old kept"),
        like(5, "3", "Is the on-call lead told?", "ask", Observed, "yes"),
        like(6, "4", "Reload", "run", Running, ""),
        like(7, "4b", "Restart instead", "run", Waiting, ""),
        like(8, "5", "Share to 25 %", "run", Waiting, ""),
        like(9, "5", "Hold 25 %", "hold", Waiting, ""),
        like(10, "6", "Five stable minutes", "verify", Waiting, ""),
    ];
    steps[2].late_by = Some(40_000);
    steps[5].takes_ms = Some(20_000);
    steps[5].started = Some(ago(26));
    steps[5].guide = Some("reload".into());
    steps[6].fallback_of = Some(6);
    v.guides = IndexMap::from([(
        "reload".to_string(),
        GuideView {
            title: "Reload fails".into(),
            symptom: "reload exits with an error, or CST stays on".into(),
            steps: vec![
                ("What systemd says".into(), Some("systemctl status --no-pager lapce-ai-service".into())),
                (
                    "Last lines of its log".into(),
                    Some("journalctl -u lapce-ai-service -n 50 --no-pager".into()),
                ),
                ("The fallback restarts the service: 30 s of downtime.".into(), None),
            ],
        },
    )]);
    let run = run(&mut v);
    run.phases[0].ended = Some(ago(0));
    run.phases[0].started = Some(ago(75));
    run.steps = steps;
    run.current = Some(6);
    v.output.step = 6;
    v
}

fn progressing() -> View {
    let mut v = all_kinds();
    v.progress = Some(0.45);
    v.output.lines.push("03:14:24  copied 450 of 1000".into());
    v.output.total = 3;
    v
}

fn holding() -> View {
    let mut v = all_kinds();
    let run = run(&mut v);
    for s in &mut run.steps[5..8] {
        s.state = StepState::Applied;
        s.took_ms = Some(9_000);
    }
    run.steps[6].state = StepState::Skipped;
    run.steps[6].detail = "not needed".into();
    let hold = &mut run.steps[8];
    (hold.state, hold.started, hold.attempt) = (StepState::Running, Some(ago(100)), 1);
    (hold.value, hold.takes_ms) = (Some("25 %".into()), Some(300_000));
    run.current = Some(9);
    v
}

fn odd() -> View {
    let mut v = all_kinds();
    let run = run(&mut v);
    run.paused = Some("ana: looks at the dashboard first".into());
    run.steps[4].survivors = vec![(4120, "reload.sh".into()), (4133, "sleep".into())];
    run.frozen = vec![FreezeView {
        what: "Argo CD auto-sync of lapce".into(),
        undo: "Auto-sync on".into(),
        since: ago(50),
    }];
    run.after = Some("run 1121-0301-b made way for it".into());
    v
}

pub(super) fn guarded() -> View {
    let mut v = ended(crate::run::record::Verdict::Verified);
    let run = run(&mut v);
    (run.state, run.verdict, run.ended, run.report) = (RunState::Verifying, None, None, None);
    run.guarding = Some(Deadline::after(&ago(2), 600_000));
    run.undo = Some(("config-on".into(), "CST on again".into()));
    v
}

fn drifted() -> View {
    let mut v = guarded();
    let run = run(&mut v);
    run.state = RunState::NotVerified;
    run.drifted = Some((ago(1), "cst_enabled is true".into()));
    run.needs = Some(Need::Accept { why: "the target drifted".into() });
    v
}

pub(super) fn unverified() -> View {
    let mut v = not_verified();
    let run = run(&mut v);
    run.undo = Some(("config-on".into(), "CST on again, 50 %".into()));
    run.next_rung = Some("Engineering lead".into());
    run.paged = vec![(ago(30), "On-call lead".into(), "pager 202".into(), true)];
    v
}

pub(super) fn asking(answers: &[(&str, bool)], input: Option<&str>, optional: bool) -> View {
    let mut v = all_kinds();
    let run = run(&mut v);
    run.state = RunState::Waiting;
    run.steps[5].kind = "ask";
    let question = Question {
        text: "Do the results of the three tenants look right again? Open the dashboard and compare.".into(),
        answers: answers.iter().map(|(a, done)| (a.to_string(), *done)).collect(),
        input: input.map(str::to_owned),
        prefill: None,
        optional,
        roles: Vec::new(),
    };
    run.needs = Some(Need::Answer { step: 6, question });
    v
}

pub(super) fn choosing() -> View {
    let mut v = all_kinds();
    let run = run(&mut v);
    run.state = RunState::Waiting;
    run.needs = Some(Need::Choose { step: 6, detail: "cst_enabled: /metrics timed out".into() });
    v
}

pub(super) fn approving(may: bool) -> View {
    let mut v = fire();
    v.run_facts = RunFacts {
        procedure: "data".into(),
        from: String::new(),
        to: "backup 2026-11-21-02-00  (1h14m old, 48.2 GB)".into(),
        duration_ms: 3_600_000,
        downtime: "15 min".into(),
        data_loss: "everything since 02:00".into(),
        guard_ms: None,
    };
    v.run = running().run;
    let run = run(&mut v);
    (run.title, run.who, run.state, run.current) =
        ("Data rollback".into(), "ben".into(), RunState::Waiting, Some(1));
    run.reason = "index_corruption: results of three tenants are mixed".into();
    for s in &mut run.steps {
        *s = step(s.index, &s.name.clone(), "execute", StepState::Waiting, "");
    }
    run.phases.clear();
    run.preflight = vec![Preflight {
        text: "Backup is younger than 1 h".into(),
        answer: Answer::Fails,
        detail: "1h14m".into(),
    }];
    run.override_reason = Some("there is no younger one".into());
    run.needs = Some(Need::Approve);
    run.approval = Some(ApprovalView {
        roles: vec![("Engineering lead".into(), "group eng-leads".into(), None)],
        have: 0,
        need: 1,
        deadline: Deadline::after(&ago(48), 300_000),
        default: ApprovalDefault::Refuse,
        asker_counts: false,
    });
    let why = match may {
        true => "lea, may approve for Engineering lead",
        false => "ben, may not approve: the account ben asked for it",
    };
    v.approver = Some(Approver {
        may,
        why: why.into(),
        named: false,
        others: "Engineering lead (lea, tomas, group eng-leads)".into(),
    });
    v
}

pub(super) fn param(name: &str, kind: ParamKind, rows: Vec<ChoiceView>, chosen: Option<&str>) -> ParamView {
    ParamView {
        name: name.into(),
        title: "Binary to go back to".into(),
        spec: Param {
            title: "Binary to go back to".into(),
            kind,
            pick: Pick::None,
            unit: None,
            rehearse: Vec::new(),
        },
        chosen: chosen.map(str::to_owned),
        why_not: None,
        rows,
    }
}

pub(super) fn versions() -> Vec<ChoiceView> {
    let row = |value: &str, built: &str, mb: f64, days: u64, note: &str| ChoiceView {
        value: value.into(),
        columns: vec![("built".into(), built.into())],
        size: Some((mb * 1e6) as u64),
        age_ms: Some(days * 86_400_000),
        note: note.into(),
    };
    vec![
        row("v1.2.4", "Nov 20 22:31", 41.8, 0, "now in place"),
        row("v1.2.3", "Nov 14 10:02", 41.6, 6, ""),
        row("v1.2.2", "Nov 02 16:40", 41.1, 18, ""),
        row("v1.2.1", "Nov 01 09:12", 41.0, 19, "rolled back"),
        row("v1.2.0", "Oct 21 11:55", 40.2, 30, ""),
        row("v1.1.9", "Oct 02 08:00", 39.9, 49, ""),
    ]
}

/// A draft of which a value must be chosen.
pub(super) fn to_choose(params: Vec<ParamView>) -> View {
    let mut v = View { draft: Some(draft(Confirm::Key)), ..fire() };
    let d = v.draft.as_mut().unwrap();
    (d.procedure, d.title, d.key) = ("binary".into(), "Binary rollback".into(), Some('b'));
    d.params = params;
    v
}

fn listed() -> ParamKind {
    ParamKind::Values(Vec::new())
}

#[test]
fn a_run_in_its_further_states() {
    in_both("run-all-kinds", "4", &all_kinds());
    in_both("run-progress", "4", &progressing());
    in_both("run-hold", "4", &holding());
    in_both("run-odd", "4", &odd());
    in_both("run-guarded", "4", &guarded());
    in_both("run-drifted", "4", &drifted());
    in_both("run-unverified", "4", &unverified());
    in_both("run-asks", "4", &asking(&[("yes", true), ("no", false)], None, false));
    in_both("run-choose", "4", &choosing());
    in_both("run-approval-asker", "4", &approving(false));
    in_both("run-approval-second", "4", &approving(true));
    in_both("run-guide", "4G", &all_kinds());
    let mut orphan = all_kinds();
    orphan.undriven = Some("nobody drives it, nothing runs: O takes it up, or `ripcord resume`".into());
    orphan.take_up = Some(TakeUp::Succeed);
    in_both("run-orphan-of-another", "4", &orphan);
    let mut lost = unknown_step();
    run(&mut lost).steps[3].proposal = Some((Answer::Fails, "cmp differs at byte 4097".into()));
    in_both("run-unknown-proposal", "4", &lost);
}

#[test]
fn the_output_in_pages() {
    let mut v = all_kinds();
    v.output = Output {
        found: None,
        step: 6,
        attempt: 2,
        before: 100,
        total: 1200,
        lines: (100..1200).map(|i| format!("03:14:21  line {i}")).collect(),
    };
    in_both("output-end", "4L", &v);
    in_both("output-back", "4L⇞⇞", &v);
}

#[test]
fn what_a_run_is_asked() {
    in_both("dialog-unverified", "4O", &unverified());
    in_both("dialog-drifted", "4O", &drifted());
    in_both(
        "dialog-ask-choice",
        "4O2",
        &asking(&[("yes", true), ("no", false), ("cannot say", false)], None, false),
    );
    in_both("dialog-ask-text", "4Olea said so", &asking(&[], Some("Who confirmed it"), true));
    in_both(
        "dialog-ask-both",
        "4O↓lea",
        &asking(&[("yes", true), ("no", false)], Some("Who says so"), false),
    );
    in_both("dialog-choose", "4O", &choosing());
    in_both("dialog-approve", "A", &approving(true));
    in_both("dialog-approve-plan", "A\n", &approving(true));
    in_both("dialog-approve-asker", "A", &approving(false));
    in_both("dialog-approve-sure", "Aa", &approving(true));
    in_both("dialog-refuse", "Axwrong backup", &approving(true));
    in_both("dialog-pause", "4P", &all_kinds());
    in_both("dialog-go-on", "4P", &odd());
    in_both("dialog-page", "4Op", &unverified());
    let mut orphan = all_kinds();
    orphan.take_up = Some(TakeUp::Resume);
    in_both("dialog-take-up", "4O", &orphan);
}

#[test]
fn what_is_in_the_way() {
    let mut v = running();
    run(&mut v).who = "ben".into();
    in_both("dialog-locked", "b", &v);
    v.replacing =
        Some(Replacing { run: "1121-0314-c".into(), title: "Binary rollback".into(), alive: vec![] });
    run(&mut v).state = RunState::Stopping;
    in_both("run-replacing", "4", &v);
    v.replacing.as_mut().unwrap().alive = vec![(4120, "reload.sh".into()), (4133, "sleep".into())];
    in_both("dialog-not-dead", "4", &v);
    v = running();
    v.read_only = true;
    in_both("read-only", "b", &v);
    let mut v = View { draft: Some(draft(Confirm::Type)), ..fire() };
    let d = v.draft.as_mut().unwrap();
    d.stops = Some(
        "STOPS run 1121-0301-b first (Binary rollback of ben), waits for its processes to die, then starts"
            .into(),
    );
    d.skips = vec!["the checklist".into(), "approvals (they become items after)".into()];
    in_both("confirm-emergency", "c", &v);
}

#[test]
fn a_value_is_picked() {
    let picker = to_choose(vec![param("version", listed(), versions(), None)]);
    in_both("picker", "b", &picker);
    in_both("picker-at", "b↓↓", &picker);
    in_both("picker-find", "bv1.2", &picker);
    let text = ParamKind::Text { pattern: "[a-z0-9-]+".into(), prefill: None };
    in_both("picker-text", "bbackup 7", &to_choose(vec![param("name", text, vec![], None)]));
    let number = ParamKind::Number { min: Some(0.0), max: Some(50.0), prefill: None };
    let two = vec![param("version", listed(), versions(), None), param("share", number, vec![], None)];
    in_both("picker-second", "b↓↓\n", &to_choose(two));
}

#[test]
fn checks_before_the_first_step() {
    let mut v = View { draft: Some(draft(Confirm::Type)), ..fire() };
    let d = v.draft.as_mut().unwrap();
    let check = |text: &str, answer, seen: &str| (text.to_string(), answer, seen.to_string());
    d.preflight = vec![
        check("The backup exists", Answer::Holds, "48.2 GB"),
        check("The disk has room", Answer::Fails, "/var: 2 GB of 60 GB free"),
        check("Replicas are in sync", Answer::Blind, "timed out after 3 s"),
        check("Nobody is deploying", Answer::Holds, "idle"),
    ];
    d.approval = Some(
        "NEEDS Engineering lead (lea, tomas) within 15 min, else it is refused; you asked, so not you".into(),
    );
    d.given = IndexMap::from([("version".to_string(), "v1.2.3".to_string())]);
    d.diffs = IndexMap::from([(
        "2".to_string(),
        vec!["- CST_PIPELINE_ENABLED=true".to_string(), "+ CST_PIPELINE_ENABLED=false".to_string()],
    )]);
    in_both("confirm-blocked", "c", &v);
    in_both("confirm-override", "cOthere is no other disk", &v);
    v.draft.as_mut().unwrap().override_reason = Some("there is no other disk".into());
    in_both("confirm-overridden", "clapce", &v);
}
