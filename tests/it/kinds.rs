//! Steps of every kind, done by a real supervisor: what stands on disk and in the world afterwards.

use crate::run::{Case, Run, VERIFY, eventually};
use ripcord::run::record::Wish;
use ripcord::run::state::Need;
use ripcord::run::{Kind, Outcome, Verdict};
use std::fs;

/// Where the share of traffic is read, and what the steps are about.
fn lab(steps: &[&str]) -> Case {
    let sources = "\n[sources.share]\nevery = \"200ms\"\ntimeout = \"2s\"\ncommand = { run = [\"cat\", \"share\"] }\n\
                   [signals.share]\nsource = \"share\"\noutput = '(?<value>[0-9]+)'\nunit = \"percent\"\nraw = \"percent\"\n";
    let mut all: Vec<String> = steps.iter().map(|s| format!("[[procedures.back.steps]]\n{s}\n")).collect();
    all.push(sources.to_owned());
    let case = Case::new(&all);
    fs::write(case.work("share"), "50").unwrap();
    case
}

fn read(case: &Case, file: &str) -> String {
    fs::read_to_string(case.work(file)).unwrap_or_default()
}

fn answer(case: &Case, run: &Run, label: Option<&str>, input: Option<&str>) {
    let step = run.wait_for("a question", |s| match s.need(&run.plan) {
        Some(Need::Answer { step, .. }) => Some(step),
        _ => None,
    });
    let wish = Wish::Answer { label: label.map(str::to_owned), input: input.map(str::to_owned) };
    case.ask(run, wish, step);
}

/// Number of the step of this name.
fn number(run: &Run, name: &str) -> usize {
    run.plan.steps.iter().find(|s| s.step.name == name).unwrap().number
}

#[test]
fn files_answers_evidence_and_late_names_are_done_for_real() {
    let well = VERIFY.strip_prefix("[[procedures.back.steps]]\n").unwrap();
    let mut case = lab(&[
        "name = \"Version\"\nwrite = { file = \"version\", content = \"v1.2.2\\n\", backup = true }",
        "name = \"Flags\"\nedit = { file = \"flags.env\", format = \"env\", set = { FEATURE = \"false\" } }",
        "name = \"Keep\"\ntimeout = \"20s\"\ncapture = { name = \"x\", signals = [\"share\"], files = [\"flags.env\"], timeline = true }",
        "id = \"cause\"\nname = \"Why?\"\nask = { text = \"What is seen?\", input = \"cause\" }",
        "name = \"Note\"\ntimeout = \"20s\"\nrun = [\"cp\", \"version\", \"noted {{ answers.cause }}\"]",
        "name = \"Share\"\nwrite = { file = \"told\", content = \"{{ signal.share }} after {{ run.elapsed }}\" }",
        well,
    ]);
    fs::write(case.work("version"), "v1.2.3\n").unwrap();
    fs::write(case.work("flags.env"), "# flags\nFEATURE=\"true\"\n").unwrap();
    let (run, _) = case.start();
    answer(&case, &run, None, Some("slow; $(touch hacked)"));
    assert_eq!(run.verdict(), Verdict::Verified);

    assert_eq!(read(&case, "version"), "v1.2.2\n");
    assert_eq!(read(&case, "flags.env"), "# flags\nFEATURE=\"false\"\n");
    assert_eq!(read(&case, "noted slow; $(touch hacked)"), "v1.2.2\n");
    assert!(!case.work("hacked").exists());
    assert!(read(&case, "told").starts_with("50 % after "), "{}", read(&case, "told"));
    let changes: Vec<_> = run
        .kinds()
        .into_iter()
        .filter_map(|k| match k {
            Kind::StepStarting { file, .. } => file,
            _ => None,
        })
        .collect();
    assert_eq!(changes.len(), 3);
    let kept = changes[0].kept.as_ref().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "v1.2.3\n");
    assert_eq!(changes[2].kept, None, "there was no such file before");
    // What ran stands in the attempt's folder, names filled in.
    let note = number(&run, "Note");
    let spec = fs::read_to_string(run.attempt(note, 1).path().join("spec.json")).unwrap();
    assert!(spec.contains("noted slow; $(touch hacked)") && !spec.contains("answers."), "{spec}");
    let folder = run.attempt(number(&run, "Keep"), 1).path().join("capture");
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"note\": \"50 %\""), "{manifest}");
    assert!(fs::read_to_string(folder.join("timeline.txt")).unwrap().contains("Flags: starting"));
    assert!(fs::read_to_string(folder.join("file-01-flags.env")).unwrap().contains("FEATURE=\"false\""));
}

#[test]
fn a_ramp_stops_where_it_is_good_and_its_value_is_known_afterwards() {
    let mut case = lab(&[
        "id = \"lower\"\nname = \"Lower\"\ntimeout = \"20s\"\nrepeatable = true\n\
         ramp = { values = [50, 25, 0], unit = \"percent\", hold = \"300ms\", stop_when = \"share <= 25%\", \
         edit = { file = \"share\", format = \"text\", replace = { pattern = '[0-9]+', with = \"{{ value }}\" } } }",
        "name = \"Tell\"\nwrite = { file = \"told\", content = \"held at {{ steps.lower.value }}\" }",
        VERIFY.strip_prefix("[[procedures.back.steps]]\n").unwrap(),
    ]);
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!((read(&case, "share").as_str(), read(&case, "told").as_str()), ("25", "held at 25"));
    let judged: Vec<bool> = run
        .kinds()
        .iter()
        .filter_map(|k| match k {
            Kind::RampJudged { stop, .. } => Some(*stop),
            _ => None,
        })
        .collect();
    assert_eq!(judged.last(), Some(&true));
    assert_eq!(judged.iter().filter(|stop| **stop).count(), 1);
}

#[test]
fn a_fallback_stands_in_and_what_is_always_done_is_done_after_a_failure() {
    let mut case = lab(&[
        "name = \"Drain\"\ntimeout = \"20s\"\nrun = [\"false\"]\n[[procedures.back.steps.fallback]]\n\
         name = \"By file\"\nwrite = { file = \"drained\", content = \"by file\" }",
        "name = \"Remove\"\ntimeout = \"20s\"\nrun = [\"rm\", \"missing.env\"]",
        "name = \"Edit\"\nedit = { file = \"missing.env\", format = \"env\", set = { A = \"1\" } }",
        "name = \"Never\"\nwrite = { file = \"never\", content = \"x\" }",
        "name = \"Last\"\nalways = true\nwrite = { file = \"last\", content = \"{{ run.outcome }}\" }",
    ]);
    // It is there when the run is planned, and gone when its turn comes.
    fs::write(case.work("missing.env"), "A=2\n").unwrap();
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Failed);
    assert_eq!(read(&case, "drained"), "by file");
    assert!(!case.work("never").exists());
    assert!(read(&case, "last").contains("failed"), "{}", read(&case, "last"));
    let Outcome::Failure { detail } = run.outcome(number(&run, "Edit")) else { panic!() };
    assert!(detail.contains("missing.env") && detail.contains("no such file"), "{detail}");
}

#[test]
fn a_file_step_of_a_lost_supervisor_is_told_by_its_hashes_and_done_once() {
    let mut case = lab(&[
        "id = \"go\"\nname = \"Go?\"\nask = { text = \"Go?\", answers = { \"Go\" = \"done\" } }",
        "name = \"Flags\"\nedit = { file = \"flags.env\", format = \"env\", set = { N = \"2\" } }",
        "name = \"Wait\"\ntimeout = \"50s\"\nrun = [\"/bin/sh\", \"-c\", \"while [ ! -e go-on ]; do sleep 0.02; done\"]\nrepeatable = true",
        VERIFY.strip_prefix("[[procedures.back.steps]]\n").unwrap(),
    ]);
    fs::write(case.work("flags.env"), "N=1\n").unwrap();
    let (run, pid) = case.start();
    answer(&case, &run, Some("Go"), None);
    eventually("the edit", || (read(&case, "flags.env") == "N=2\n").then_some(()));
    case.kill_supervisor(&run, pid);
    // The record of its end may be missing; the file says it.
    case.supervise(&run, true).unwrap();
    fs::write(case.work("on"), "").unwrap();
    fs::write(case.work("go-on"), "").unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert!(matches!(run.outcome(number(&run, "Flags")), Outcome::Success { .. }));
    let kept = fs::read_dir(case.work("")).unwrap().flatten();
    let kept = kept.filter(|e| e.file_name().to_string_lossy().contains(".before-")).count();
    assert_eq!((read(&case, "flags.env").as_str(), kept), ("N=2\n", 1));
}

#[test]
fn what_was_verified_is_guarded_and_a_drift_pages_people() {
    let mut case = lab(&[
        "name = \"Version\"\nwrite = { file = \"version\", content = \"v1.2.2\" }",
        VERIFY.strip_prefix("[[procedures.back.steps]]\n").unwrap(),
    ]);
    case.steps = format!(
        "[procedures.back.guard]\nlasts = \"10m\"\nfile = \"version\"\nexpect = {{ exists = true }}\nevery = \"100ms\"\n{}\
         [roles.oncall]\ntitle = \"On call\"\nusers = [\"nobody\"]\nchannels = [\"file\"]\n\
         [channels.file]\ntitle = \"A file\"\ntimeout = \"20s\"\nrun = [\"sh\", \"-c\", \"cat >> told\"]\n\
         stdin = \"{{{{ subject }}}}: {{{{ message }}}}\\n\"\n\
         [messages.drift]\nsubject = \"Shop\"\nbody = \"it is {{{{ run.outcome }}}}\"\n\
         [[escalation]]\nafter = \"1m\"\nroles = [\"oncall\"]\nmessage = \"drift\"\n",
        case.steps
    );
    let (run, _) = case.start();
    run.wait_for("the guard", |s| s.guarding.clone());
    // The lock is free for another run, the report is there, and the target is still looked at.
    eventually("the lock", || {
        let lock = fs::read_to_string(case.home().join("lock")).ok()?;
        (lock.is_empty() && run.dir.join("report.md").exists()).then_some(())
    });
    fs::remove_file(case.work("version")).unwrap();
    eventually("the drift", || run.kinds().into_iter().find(|k| matches!(k, Kind::Drifted { .. })));
    case.ask(&run, Wish::Page, 1);
    let told = eventually("a page", || {
        run.kinds().into_iter().find_map(|k| match k {
            Kind::Paged { title, told, .. } => Some((title, told)),
            _ => None,
        })
    });
    assert_eq!(told, ("On call".to_owned(), true));
    assert_eq!(read(&case, "told"), "Shop: it is applied, not verified\n");
    case.ask(&run, Wish::Accept { reason: "known".into() }, 1);
    assert_eq!(run.verdict(), Verdict::AcceptedUnverified);
}
