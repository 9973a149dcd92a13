//! `ripcord watch` with real processes: one decides, one firing starts one run, and nobody's death changes that.

mod lab;

use crate::run::{Case, VERIFY, eventually, quick};
use crate::storage::Mount;
use lab::{Lab, now, person};
use ripcord::config::playbook::parse;
use ripcord::driver::Setup;
use ripcord::driver::watch::{Deciding, Told};
use ripcord::engine::Engine;
use ripcord::engine::hold::TriggerState;
use ripcord::journal::{Hold, real};
use ripcord::model::playbook::Automation;
use ripcord::model::resolve::resolve;
use ripcord::run::plan::Automatic;
use ripcord::run::record::Refusal;
use ripcord::session::decision::{Closed, Kind};
use ripcord::supervisor::attempt::Signal;
use ripcord::supervisor::decisions;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

#[test]
fn it_fires_acts_and_verifies_once_and_says_so() {
    let lab = Lab::with(|l| l.trigger = "effect_within = \"30s\"");
    let mut watch = lab.decides();
    eventually("all signals", || watch.says("ready").then_some(()));
    lab.set(9);
    assert_eq!(lab.acted(), (true, "verified".into()));
    assert_eq!((lab.effects(), lab.runs().len()), (1, 1));
    let state = lab.state();
    let (firing, attempt) = (&state.firings["errors-1"], &state.attempts["errors"][0]);
    assert!(attempt.run.ends_with("-auto-errors-1"), "{}", attempt.run);
    let took = attempt.reaction.expect("how fast it was is on record");
    assert!(took.from_true >= took.from_firing + 1_000 - 250, "it was held for a second: {took:?}");
    assert!(took.to_effect.is_some_and(|e| e >= took.from_firing) && took.target == Some(30_000), "{took:?}");
    assert_eq!(firing.mode, Automation::Armed);
    lab.wait("the end of the firing", |s| s.firings["errors-1"].resolved.clone());
    for kind in ["watching", "source", "Fired", "Acting", "Reacted", "Acted", "Resolved"] {
        eventually(kind, || watch.says(kind).then_some(()));
    }
    assert!(watch.lines().iter().all(|l| l["at"].is_string() && l["text"].is_string()));
    watch.signal(Signal::TERM);
    assert_eq!(watch.exit(), Some(0));
    assert!(matches!(lab.kinds().last(), Some(Kind::EpochEnded { epoch: 1 })), "it left in order");
    let kept = std::fs::read_dir(lab.home().join("samples")).unwrap().count();
    assert!(kept >= 1, "samples are kept");
    assert_eq!(watch.errors(), "");
}

/// A proof of the environment that waits for a file: the watcher hangs between `Acting` and the launch.
const GATE: &str = r#"prove = { run = ["/bin/sh", "-c", "echo >> asked; while [ ! -e go ]; do sleep 0.05; done"], within = "9s" }"#;

#[test]
fn killed_between_its_word_and_the_launch_it_starts_one_run_and_not_two() {
    let lab = Lab::with(|l| l.environment = GATE);
    let mut watch = lab.decides();
    lab.set(9);
    eventually("the plan is being made", || lab.work("asked").exists().then_some(()));
    assert_eq!(lab.state().attempts["errors"].len(), 1, "it is on record before anything is made");
    assert!(lab.runs().is_empty());
    watch.kill();
    lab.go("go");
    let _next = lab.decides();
    assert_eq!(lab.acted(), (true, "verified".into()));
    assert_eq!((lab.effects(), lab.runs().len()), (1, 1));
}

#[test]
fn killed_at_any_moment_there_is_one_run_for_one_firing() {
    for pause in [0, 30, 90, 200, 400, 900] {
        let lab = Lab::new();
        let mut watch = lab.decides();
        lab.set(9);
        lab.wait("the firing", |s| s.firings.get("errors-1").map(drop));
        std::thread::sleep(Duration::from_millis(pause));
        watch.kill();
        let _next = lab.decides();
        let (ok, why) = lab.acted();
        assert!(ok, "killed {pause} ms after the firing: {why}");
        assert_eq!((lab.effects(), lab.runs().len()), (1, 1), "killed {pause} ms after the firing");
        assert_eq!(lab.state().firings.len(), 1, "the next one knows the firing");
    }
}

#[test]
fn two_watchers_one_decides_and_the_other_goes_on_where_it_was() {
    let lab = Lab::with(|l| l.hold = "5m");
    let mut first = lab.decides();
    let mut second = lab.watch(&[], &[]);
    eventually("a standby", || second.says("standby").then_some(()));
    lab.set(9);
    let earned = |pid: u32| {
        let beat = lab.beat().filter(|b| b.pid == pid)?;
        match beat.triggers[0].state {
            TriggerState::Pending { held, .. } => Some(held),
            _ => None,
        }
    };
    let before = eventually("two seconds earned", || earned(first.pid()).filter(|ms| *ms >= 2_000));
    let epochs = |lab: &Lab| lab.kinds().iter().filter(|k| matches!(k, Kind::EpochBegan { .. })).count();
    assert_eq!(epochs(&lab), 1, "one decides");
    first.kill();
    let after = eventually("the standby decides", || earned(second.pid()));
    assert!(after >= before, "pending time is kept: {before} ms, then {after} ms");
    assert_eq!(epochs(&lab), 2);
    second.signal(Signal::TERM);
    assert_eq!(second.exit(), Some(0));
}

#[test]
fn a_silent_one_is_taken_over_from_by_a_person_and_woken_it_decides_no_more() {
    let lab = Lab::new();
    let mut sleeper = lab.decides();
    let refused = lab.ripcord(&["watch", "--take-over", "it hangs"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(3), "it is not silent: {refused:?}");
    sleeper.signal(Signal::STOP);
    eventually("ten silent seconds", || lab.beat().filter(|b| !b.is_fresh(&now())));
    let next = lab.watch(&["--take-over", "it hangs"], &[]);
    eventually("the next epoch", || lab.beat().filter(|b| b.pid == next.pid() && b.epoch == 2));
    sleeper.signal(Signal::CONT);
    assert_eq!(sleeper.exit(), Some(7));
    assert!(
        sleeper.errors().contains("epoch 2") && sleeper.errors().contains("it hangs"),
        "{}",
        sleeper.errors()
    );
    lab.set(9);
    assert!(lab.acted().0);
    let kinds = lab.kinds();
    let begun = kinds.iter().position(|k| matches!(k, Kind::EpochBegan { epoch: 2, .. })).unwrap();
    assert!(kinds[begun..].iter().all(|k| k.epoch().is_none_or(|e| e == 2)), "the sleeper appended nothing");
    assert_eq!((lab.effects(), lab.runs().len()), (1, 1));
    // The lock is the new one's by now: a third stands by.
    let third = lab.watch(&[], &[]);
    eventually("a standby", || third.says("standby").then_some(()));
}

#[test]
fn disarmed_at_the_last_moment_nothing_happens() {
    let lab = Lab::with(|l| l.environment = GATE);
    let _watch = lab.decides();
    lab.set(9);
    eventually("the plan is being made", || lab.work("asked").exists().then_some(()));
    lab.automation(Automation::Off);
    lab.go("go");
    let (ok, why) = lab.acted();
    assert!(!ok && why.contains("disarmed") && why.contains(&person().user), "{why}");
    assert_eq!(lab.effects(), 0, "no step was done");
    lab.wait("people are to be told", |s| s.firings["errors-1"].escalated.clone());
    let told = lab.wait("and there is no way to tell them", |s| {
        let _ = s;
        lab.kinds().into_iter().find_map(|k| match k {
            Kind::Paged { ok, detail, .. } => Some((ok, detail)),
            _ => None,
        })
    });
    assert_eq!(told, (false, "there is no channel".into()));
}

#[test]
fn disarmed_before_it_fires_it_only_records() {
    let lab = Lab::new();
    let _watch = lab.decides();
    lab.automation(Automation::Off);
    lab.set(9);
    lab.wait("the firing", |s| s.firings.get("errors-1").map(drop));
    lab.set(0);
    lab.wait("its end", |s| s.firings["errors-1"].resolved.clone());
    assert!(lab.state().attempts.is_empty() && lab.runs().is_empty() && lab.effects() == 0);
}

#[test]
fn a_supervisor_refuses_an_automatic_run_that_nothing_on_record_decided() {
    let mut case = Case::new(&[quick("one"), VERIFY.into()]);
    let mut plan = case.plan("1121-000001-auto");
    plan.automatic = Some(Automatic { firing: "errors-1".into(), clock: None });
    let run = case.place(&plan);
    let refused = case.supervise(&run, false).unwrap_err();
    assert!(refused.contains("Disarmed") && refused.contains("nothing on record"), "{refused}");
    let first = run.kinds().into_iter().next();
    assert!(
        matches!(first, Some(ripcord::run::Kind::RunRefused { reason: Refusal::Disarmed, .. })),
        "{first:?}"
    );
    assert_eq!(case.effects(), Vec::<String>::new());
}

#[test]
fn a_channel_of_the_ladder_is_used_when_automation_has_nothing_more_to_do() {
    let lab = Lab::with(|l| {
        l.environment = r#"prove = { run = ["false"] }"#;
        l.more = r#"
[roles.oncall]
title = "On call"
users = ["root"]
channels = ["log"]
[channels.log]
title = "Log"
run = ["/bin/sh", "-c", 'printf "%s\n" "$0" >> told', "{{ message }}"]
[messages.trouble]
subject = "trouble"
body = "{{ trigger.title }} after {{ run.elapsed }}"
[[escalation]]
after = "0s"
roles = ["oncall"]
message = "trouble"
"#;
    });
    let _watch = lab.decides();
    lab.set(9);
    let (ok, why) = lab.acted();
    assert!(!ok && why.contains("not proved"), "{why}");
    let told = eventually("people are told", || {
        lab.kinds().into_iter().find_map(|k| match k {
            Kind::Paged { ok, detail, .. } => Some((ok, detail)),
            _ => None,
        })
    });
    assert!(told.0 && told.1.contains("Log"), "{told:?}");
    let text = std::fs::read_to_string(lab.work("told")).unwrap();
    let one = text.lines().filter(|l| l.contains("Errors") && l.contains("not proved")).count();
    assert_eq!(one, 1, "{text}");
    assert_eq!((lab.runs().len(), lab.effects()), (0, 0));
}

/// What the default would do stands in a file, and is read when its plan is made.
const WEIGHT: &str = r#"
from = "weight {{ weight }}"
to = "weight 0"
[procedures.back.params.weight]
title = "Weight now"
read = { run = ["/bin/cat", "weight"] }
pattern = '^(?<value>\d+)'
"#;

fn decided_by_nobody() -> Lab {
    let lab = Lab::with(|l| {
        (l.act, l.trigger, l.params) = ("decide 6s", "default = \"act\"", WEIGHT);
    });
    std::fs::write(lab.work("weight"), "25\n").unwrap();
    lab
}

fn frozen(lab: &Lab) -> Result<(String, String), String> {
    lab.wait("the default's plan", |s| s.clocks.get("errors-1-d1")?.plan.clone().map(|(plan, _)| plan))
}

#[test]
fn what_nobody_decides_happens_as_it_was_shown() {
    let lab = decided_by_nobody();
    let _watch = lab.decides();
    lab.set(9);
    assert_eq!(frozen(&lab), Ok(("weight 25".into(), "weight 0".into())));
    let plan = std::fs::read(lab.home().join("decisions/errors-1-d1.json")).unwrap();
    assert!(serde_json::from_slice::<ripcord::run::Plan>(&plan).is_ok_and(|p| p.params["weight"] == "25"));
    assert_eq!(lab.acted(), (true, "verified".into()));
    let (run, _) = &lab.runs()[0];
    assert!(run.ends_with("-default-errors-1-d1"), "{run}");
    assert_eq!(lab.effects(), 1);
    let closed = lab.wait("the end of the clock", |s| s.clocks["errors-1-d1"].closed.clone());
    assert_eq!(closed.0, Closed::Default, "{closed:?}");
}

#[test]
fn a_default_whose_target_has_changed_is_refused_and_people_are_told() {
    let lab = decided_by_nobody();
    let _watch = lab.decides();
    lab.set(9);
    assert!(frozen(&lab).is_ok());
    std::fs::write(lab.work("weight"), "5\n").unwrap();
    let (ok, why) = lab.acted();
    assert!(!ok && why.contains("has changed") && why.contains("from weight 5 to weight 0"), "{why}");
    lab.wait("people are told", |s| s.firings["errors-1"].escalated.clone());
    assert_eq!((lab.runs().len(), lab.effects()), (0, 0));
}

#[test]
fn arming_starts_a_watcher_in_the_background_and_only_one() {
    let lab = Lab::new();
    let arm = || lab.ripcord(&["arm", "errors", "--yes", "--reason", "a test"]).output().unwrap();
    let armed = arm();
    assert_eq!(armed.status.code(), Some(0), "{armed:?}");
    let beat = lab.beat().expect("it decides when that is said");
    let pid = rustix::process::Pid::from_raw(beat.pid as i32).unwrap();
    let own = rustix::process::getsid(Some(pid)).unwrap();
    assert_eq!(own, pid, "a session of its own: it lives on");
    assert_eq!(arm().status.code(), Some(0));
    assert_eq!(lab.beat().unwrap().pid, beat.pid, "one is enough");
    lab.set(9);
    let acted = lab.acted();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    eventually("it has left", || matches!(lab.kinds().last(), Some(Kind::EpochEnded { .. })).then_some(()));
    assert!(acted.0, "{}", acted.1);
}

#[test]
fn the_service_manager_is_told() {
    let lab = Lab::new();
    let path = lab.dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut bytes = [0; 512];
    let mut heard = |wanted: &str| {
        for _ in 0..600 {
            let n = socket.recv(&mut bytes).unwrap_or_else(|e| panic!("{wanted}: {e}"));
            let text = String::from_utf8_lossy(&bytes[..n]).into_owned();
            if text.starts_with(wanted) {
                return text;
            }
        }
        panic!("waited in vain for {wanted}");
    };
    let path = path.display().to_string();
    let mut watch = lab.watch(&["--quiet"], &[("NOTIFY_SOCKET", &path), ("WATCHDOG_USEC", "1000000")]);
    heard("READY=1");
    heard("STATUS=ALL QUIET");
    heard("WATCHDOG=1");
    lab.automation(Automation::Off);
    lab.set(9);
    let status = heard("STATUS=P1 HIGH");
    assert!(status.contains("errors > 5"), "{status}");
    watch.signal(Signal::TERM);
    heard("STOPPING=1");
    assert_eq!(watch.exit(), Some(0));
    assert!(watch.lines().is_empty(), "it is quiet");
}

#[test]
fn nothing_happens_that_cannot_be_recorded_and_it_goes_on_by_itself() {
    let lab = Lab::new();
    let watch = lab.decides();
    let hold = Hold::take(&*real(), &decisions::path(&lab.home()), 0o600, Duration::from_secs(5)).unwrap();
    lab.set(9);
    let why = eventually("it says so", || lab.beat().and_then(|b| b.trouble));
    assert!(why.contains("decisions.jsonl"), "{why}");
    assert!(watch.errors().contains("nothing can be recorded"), "{}", watch.errors());
    assert!(lab.state().firings.is_empty() && lab.runs().is_empty());
    drop(hold);
    assert!(lab.acted().0);
    assert_eq!((lab.effects(), lab.runs().len()), (1, 1));
    eventually("all is well", || lab.beat().filter(|b| b.trouble.is_none()));
}

#[test]
fn on_a_full_disk_it_says_so_and_acts_on_nothing_until_there_is_room() {
    let lab = Lab::new();
    let Some(disk) = Mount::tiny(&lab.home(), 24 * 1024 * 1024) else { return };
    let watch = lab.decides();
    disk.fill();
    lab.set(9);
    eventually("it says so", || watch.errors().contains("nothing can be recorded").then_some(()));
    eventually("it was tried", || watch.lines().iter().any(|l| l["kind"] == "disk").then_some(()));
    assert!(lab.state().firings.is_empty() && lab.runs().is_empty());
    disk.free();
    assert!(lab.acted().0, "it goes on by itself");
    assert_eq!((lab.effects(), lab.runs().len()), (1, 1));
    drop(watch);
}

#[test]
fn a_screen_only_records_and_hands_over_to_a_watcher_at_once() {
    let lab = Lab::new();
    let loaded = parse(&lab.source(), "shop.toml").unwrap();
    let setup = Setup {
        playbook: resolve(&loaded.playbook, "here", &Default::default()).unwrap(),
        hash: loaded.hash,
        environment: "here".into(),
        folder: lab.home(),
        watch: Vec::new(),
        demo: None,
        read_only: false,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::new(&setup.playbook, &now());
        let mut screen = Deciding::begin(&setup, false).unwrap().expect("nobody decides");
        assert!(Deciding::begin(&setup, false).unwrap().is_none(), "one decides");
        screen.feed(&now(), &engine);
        let watch = lab.watch(&[], &[]);
        'decided: loop {
            screen.beat(&now(), &engine);
            for told in screen.next().await {
                if matches!(told, Told::Yielded) {
                    break 'decided;
                }
            }
        }
        drop(screen);
        assert!(Deciding::begin(&setup, false).unwrap().is_none(), "a watcher wants to, or does");
        eventually("the watcher decides", || lab.beat().filter(|b| b.acts && b.pid == watch.pid()));
    });
    let epochs: Vec<bool> = lab
        .kinds()
        .iter()
        .filter_map(|k| match k {
            Kind::EpochBegan { acts, .. } => Some(*acts),
            _ => None,
        })
        .collect();
    assert_eq!(epochs, [false, true]);
}

#[test]
fn what_was_counted_before_it_began_is_not_counted_again() {
    let lab = Lab::with(|l| {
        l.more = "[signals.complaints]\ncount = { key = \"n\", text = \"A complaint\" }\n\
                  [triggers.complaints]\nwhen = \"increase(complaints[2s]) >= 3\"\nact = \"watch\"\n";
    });
    let mut first = lab.decides();
    for _ in 0..3 {
        let counted = lab.ripcord(&["count", "complaints"]).output().unwrap();
        assert!(counted.status.success(), "{counted:?}");
    }
    lab.wait("three at once", |s| s.firings.get("complaints-1").map(drop));
    lab.wait("they are behind", |s| s.firings["complaints-1"].resolved.clone());
    first.kill();
    let mut next = lab.decides();
    eventually("it judges", || next.says("ready").then_some(()));
    next.signal(Signal::TERM);
    assert_eq!(next.exit(), Some(0));
    assert_eq!(lab.state().fired["complaints"], 1, "they fired once");
}
