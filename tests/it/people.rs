//! What people see and say without a screen: the real program on a page that the tests control.

use crate::components::installed;
use crate::page::{Answer, Page};
use crate::promtool::PROGRAMS;
use crate::promtool::blocks::serve;
use crate::run::eventually;
use ripcord::clock;
use ripcord::config::playbook::parse;
use ripcord::engine::eval::Truth;
use ripcord::engine::evidence::Part;
use ripcord::journal::read;
use ripcord::model::playbook::{Automation, Cell, DefaultAction, Playbook};
use ripcord::model::time::Deadline;
use ripcord::run::Person;
use ripcord::run::plan::RoleFacts;
use ripcord::session::decision::{Choice, Closed, Decisions, Kind, Rules};
use ripcord::supervisor::decisions::{append, load, path};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A service whose page gives its error ratio (in permille, here) and its p99 in milliseconds.
struct Lab {
    dir: tempfile::TempDir,
    errors: Arc<AtomicU64>,
    page: Page,
}

const RULES: &str = r#"
[severities.P1]
title = "Bad"
text = "Roll back"
respond_within = "15m"
[severities.P2]
title = "Strange"
text = "Look"

[triggers.spike]
title = "Errors"
when = "errors > 5%"
severity = "P1"
act = "ask"
procedure = "back"
[triggers.odd]
title = "Odd results"
when = "odd or complaints >= 2"
severity = "P2"
act = "watch"

[checklists.before]
title = "Before a rollback"
moment = "before"
[[checklists.before.items]]
text = "Tell the team"
[[checklists.before.items]]
text = "Take a snapshot"
required = false
[checklists.while]
title = "While it goes on"
moment = "during"
items = [{ text = "Somebody writes down what is seen" }]
"#;

impl Lab {
    fn start() -> Lab {
        let errors = Arc::new(AtomicU64::new(1));
        let e = errors.clone();
        let page = Page::serve(move |_, _| {
            let errors = e.load(Ordering::Relaxed) as f64 / 1e3;
            Answer::Body(format!("{{\"errors\": {errors}, \"p99\": 200}}"))
        });
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        let lab = Lab { dir, errors, page };
        std::fs::write(lab.file(), lab.source()).unwrap();
        lab
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("shop.toml")
    }

    fn source(&self) -> String {
        let steps = concat!(
            "[[procedures.back.steps]]\nname = \"back\"\ntimeout = \"20s\"\nrun = [\"touch\", \"done\"]\n",
            "[[procedures.back.steps]]\nname = \"well\"\nverify = \"well\"\n",
        );
        format!(
            "schema = 1\n[service]\nname = \"shop\"\nowner = \"ana\"\n\
             [environments.here]\ntone = \"calm\"\nautomation = \"armed\"\ncwd = \"{}\"\n\
             [environments.live]\ntone = \"danger\"\nautomation = \"shadow\"\n\
             [sources.page]\nevery = \"200ms\"\ntimeout = \"2s\"\nproxy = \"none\"\nhttp = {{ url = \"{}/\" }}\n\
             [signals.errors]\ntitle = \"Errors\"\nsource = \"page\"\njson = \"/errors\"\nunit = \"percent\"\n\
             raw = \"ratio\"\nstale_after = \"20s\"\nwarn = \"> 2%\"\n\
             [signals.p99]\ntitle = \"p99\"\nsource = \"page\"\njson = \"/p99\"\nunit = \"ms\"\nraw = \"ms\"\n\
             stale_after = \"20s\"\nbaseline = {{ mark = \"deploy\", over = \"1m\", least = 3 }}\n\
             [signals.odd]\ntitle = \"Odd results\"\nflag = {{ key = \"x\", text = \"Odd results seen\" }}\n\
             [signals.complaints]\ntitle = \"Complaints\"\ncount = {{ key = \"n\", text = \"Somebody complained\" }}\n\
             [verifications.well]\ntitle = \"Well\"\nwithin = \"30s\"\nstable_for = \"300ms\"\n\
             criteria = [{{ text = \"as before\", when = \"p99 <= 1.05 * baseline(p99)\" }}, \
                         {{ text = \"nothing odd\", when = \"not odd and complaints < 3\" }}]\n\
             {RULES}\n[procedures.back]\ntitle = \"Back\"\nkey = \"c\"\nchecklists = [\"while\"]\nfrom = \"new\"\nto = \"old\"\n\
             expect = {{ duration = \"1m\", downtime = \"none\", data_loss = \"none\" }}\n{steps}",
            self.dir.path().join("work").display(),
            self.page.url(),
        )
    }

    fn playbook(&self) -> Playbook {
        let loaded = parse(&self.source(), "shop.toml");
        loaded
            .unwrap_or_else(|e| panic!("{}", e.iter().map(|p| p.render(false)).collect::<String>()))
            .playbook
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("shop@here")
    }

    fn command(&self, words: &[&str], env: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.args(words).arg(self.file()).args(["--env", env]).arg("--state-dir").arg(self.dir.path());
        command.stdin(Stdio::null()).env("HOME", self.dir.path());
        for name in ["RIPCORD_CONFIG", "RIPCORD_ENV", "RIPCORD_STATE_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command
    }

    /// The exit code, and everything that was printed.
    fn say(&self, words: &[&str]) -> (i32, String) {
        told(self.command(words, "here").output().unwrap())
    }

    fn ok(&self, words: &[&str]) -> String {
        let (code, said) = self.say(words);
        assert_eq!(code, 0, "{words:?}: {said}");
        said
    }

    fn put(&self, kind: &Kind) {
        let rules = Rules::of(&self.playbook(), "here");
        append(&self.home(), &rules, kind).unwrap().unwrap();
    }

    fn state(&self) -> Decisions {
        load(&self.home()).unwrap()
    }

    /// A watcher of epoch 1 was there, `spike` fires, and people are asked.
    fn asked(&self, roles: Vec<RoleFacts>) {
        let now = clock::now();
        let who = Person { user: "ana".into(), uid: 1000, ..Person::default() };
        let host = "elsewhere".to_owned();
        self.put(&Kind::EpochBegan { epoch: 1, host, pid: 1, who, acts: true, taken_over: None });
        self.put(&Kind::Fired {
            epoch: 1,
            firing: "spike-1".into(),
            trigger: "spike".into(),
            true_since: now.clone(),
            cell: Cell::Decide { within: 600_000, default_at: Some(1_800_000) },
            stage: None,
            note: None,
            mode: Automation::Armed,
            evidence: vec![Part {
                text: "errors > 5 %".into(),
                series: None,
                left: Some("9.5 %".into()),
                right: None,
                truth: Truth::True,
                age: Some(300),
                reason: None,
            }],
        });
        self.put(&Kind::ClockOpened {
            epoch: 1,
            clock: "spike-1-d1".into(),
            firing: "spike-1".into(),
            decide_by: Some(Deadline::after(&now, 600_000)),
            default_at: Some(Deadline::after(&now, 1_800_000)),
            default: DefaultAction::Act,
            procedure: Some("back".into()),
            roles,
            stage: None,
        });
        let plan = Ok(("new".to_owned(), "old".to_owned()));
        let hash = Some("ab".repeat(32));
        self.put(&Kind::DefaultFrozen { epoch: 1, clock: "spike-1-d1".into(), plan, hash });
    }

    /// What the watcher spooled of p99 just now: so many samples of this value in milliseconds.
    fn spool(&self, samples: i64, ms: f64) {
        let now = clock::now().wall;
        let hour = jiff::Timestamp::from_millisecond(now).unwrap().strftime("%Y%m%d-%H").to_string();
        let folder = self.home().join("samples");
        std::fs::create_dir_all(&folder).unwrap();
        let line =
            |i: i64| format!("{{\"at\":{},\"signal\":\"p99\",\"value\":{}}}\n", now - 1_000 - i, ms / 1e3);
        std::fs::write(folder.join(format!("{hour}.jsonl")), (0..samples).map(line).collect::<String>())
            .unwrap();
    }
}

fn told(out: Output) -> (i32, String) {
    let text = [out.stdout, out.stderr].concat();
    (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

fn nobody() -> RoleFacts {
    let users = vec!["no-such-person".to_owned()];
    RoleFacts { id: "dri".into(), title: "Sprint DRI".into(), users, ..RoleFacts::default() }
}

#[test]
fn status_says_where_the_service_stands_and_who_watches() {
    let lab = Lab::start();
    let (code, said) = lab.say(&["status"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("ALL QUIET") && said.contains("NOBODY WATCHES"), "{said}");
    assert!(said.lines().all(|l| l.chars().count() < 80), "{said}");
    lab.errors.store(30, Ordering::Relaxed);
    assert_eq!(lab.say(&["status"]).0, 10);
    lab.errors.store(95, Ordering::Relaxed);
    let (code, said) = lab.say(&["status"]);
    assert_eq!(code, 11, "{said}");
    assert!(said.contains("P1 BAD") && said.contains("errors > 5 %: 9.5 %"), "{said}");
    assert!(said.contains("FIRING") && said.contains("respond within 15m"), "{said}");
    let (code, json) = lab.say(&["status", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{e}: {json}"));
    assert_eq!((code, json["status"].as_str(), json["exit_code"].as_i64()), (11, Some("critical"), Some(11)));
    assert_eq!(json["triggers"][0]["state"], "firing");
    assert_eq!(json["severities"][0]["in_force"], true);
    assert_eq!(json["decider"], Value::Null);
    let signal = json["signals"].as_array().unwrap().iter().find(|s| s["id"] == "errors").unwrap();
    assert_eq!((signal["level"].as_str(), signal["value"].as_str()), (Some("warn"), Some("9.5 %")));
    let gone = Lab { page: Page::serve(|_, _| Answer::Hang), ..lab };
    std::fs::write(gone.file(), gone.source()).unwrap();
    let (code, said) = gone.say(&["status"]);
    assert_eq!(code, 12, "{said}");
    assert!(said.contains("UNKNOWN"), "{said}");
}

#[test]
fn a_flag_and_a_count_reach_every_process_by_the_log() {
    let lab = Lab::start();
    assert_eq!(lab.say(&["status"]).0, 0);
    lab.ok(&["flag", "odd", "--note", "wrong \u{1b}[31mresults"]);
    let (code, said) = lab.say(&["status"]);
    assert_eq!(code, 10, "the last row asks for no response: {said}");
    assert!(said.contains("P2 STRANGE"), "{said}");
    lab.ok(&["flag", "odd", "--lower"]);
    assert_eq!(lab.say(&["status"]).0, 0);
    assert!(lab.ok(&["count", "complaints"]).contains("Complaints: 1."));
    lab.ok(&["count", "complaints"]);
    assert_eq!(lab.say(&["status"]).0, 10);
    assert!(lab.ok(&["count", "complaints", "--back"]).contains("Complaints: 1."));
    lab.ok(&["count", "complaints", "--back"]);
    assert_eq!(lab.say(&["count", "complaints", "--back"]).0, 3, "never below 0");
    let (code, said) = lab.say(&["flag", "complaints"]);
    assert!(code == 2 && said.contains("there is odd"), "{said}");
    let notes: Vec<String> = read(&path(&lab.home()))
        .unwrap()
        .iter()
        .filter_map(|r| match Kind::read(r).unwrap() {
            Kind::Flagged { note, raised: true, .. } => Some(note),
            _ => None,
        })
        .collect();
    assert_eq!(notes, ["wrong results"], "no escape sequence is stored");
}

#[test]
fn items_are_ticked_by_number_or_text_and_notes_stand_on_record() {
    let lab = Lab::start();
    assert!(lab.ok(&["tick"]).contains("0 of 2"));
    lab.ok(&["tick", "before", "1", "--note", "in #ops"]);
    lab.ok(&["tick", "before", "take a"]);
    let said = lab.ok(&["tick"]);
    assert!(said.contains("[x] 1  Tell the team") && said.contains("in #ops"), "{said}");
    assert!(said.contains("[x] 2  Take a snapshot (optional)") && said.contains("2 of 2"), "{said}");
    lab.ok(&["tick", "before", "2", "--undo"]);
    assert!(lab.ok(&["tick"]).contains("[ ] 2"));
    assert_eq!(lab.say(&["tick", "before", "3"]).0, 2);
    assert_eq!(lab.say(&["tick", "before", "t"]).0, 2, "two begin so");
    assert_eq!(lab.say(&["tick", "after", "1"]).0, 2);
    lab.ok(&["note", "the deploy was at noon"]);
    assert_eq!(lab.say(&["note", "  "]).0, 2);
    let last = read(&path(&lab.home())).unwrap().pop().unwrap();
    assert!(matches!(Kind::read(&last), Ok(Kind::Noted { text, .. }) if text == "the deploy was at noon"));
}

#[test]
fn a_decision_shows_both_its_clocks_and_is_for_those_who_may() {
    let lab = Lab::start();
    lab.asked(vec![nobody()]);
    let (_, said) = lab.say(&["status"]);
    assert!(said.contains("spike-1-d1: Errors"), "{said}");
    assert!(said.contains("to decide: 9m") && said.contains("to the default: 29m"), "{said}");
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("then: roll back") && flat.contains("new → old"), "{said}");
    assert!(flat.contains("Sprint DRI (no-such-person)"), "{said}");
    let (_, json) = lab.say(&["status", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let clock = &json["decisions"][0];
    let ms = |key: &str| clock[key].as_i64().unwrap();
    assert!((500_000..=600_000).contains(&ms("decide_left_ms")), "{clock}");
    assert!((1_700_000..=1_800_000).contains(&ms("default_left_ms")), "{clock}");
    for way in [&["decide", "hold"] as &[&str], &["decide", "spike-1-d1", "roll-back", "--yes"]] {
        let (code, said) = lab.say(&[way, &["--reason", "no"]].concat());
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("REFUSED"), "{said}");
    }
    assert!(lab.state().clocks["spike-1-d1"].said.is_empty());
    let said = lab.ok(&["why", "spike-1-d1"]);
    assert!(said.contains("new → old") && said.contains("it is open"), "{said}");
    assert!(said.contains("errors > 5 %: 9.5 %"), "{said}");
    assert_eq!(lab.say(&["decide", "other-1-d1", "hold", "--reason", "x"]).0, 2);
}

#[test]
fn who_holds_closes_the_clock_and_who_extends_moves_it() {
    let lab = Lab::start();
    let (code, said) = lab.say(&["decide", "hold", "--reason", "x"]);
    assert!(code == 3 && said.contains("nothing is to be decided"), "{said}");
    lab.asked(Vec::new());
    assert_eq!(lab.say(&["decide", "extend", "--for", "7m", "--reason", "x"]).0, 2);
    lab.ok(&["decide", "extend", "--for", "5m", "--reason", "looking"]);
    let clock = lab.state().clocks["spike-1-d1"].clone();
    assert!(clock.extended && clock.closed.is_none());
    assert_eq!(clock.decide_by.map(|d| d.length), Some(900_000));
    assert_eq!(lab.say(&["decide", "extend", "--for", "5m", "--reason", "again"]).0, 3);
    let said = lab.ok(&["decide", "hold", "--reason", "it goes down"]);
    assert!(said.contains("DECIDED"), "{said}");
    let clock = lab.state().clocks["spike-1-d1"].clone();
    assert!(matches!(clock.closed, Some((Closed::Decided, ..))), "{clock:?}");
    assert_eq!(lab.say(&["decide", "spike-1-d1", "hold", "--reason", "x"]).0, 3);
    lab.ok(&["ack", "--note", "seen"]);
    assert!(lab.state().firings["spike-1"].acked.is_some());
    let said = lab.ok(&["why", "spike-1"]);
    assert!(said.contains("seen by") && said.contains("true    errors > 5 %"), "{said}");
}

#[test]
fn who_says_roll_back_starts_the_run_that_their_word_names() {
    let lab = Lab::start();
    lab.spool(20, 250.0);
    lab.ok(&["mark", "deploy"]);
    lab.asked(Vec::new());
    let said = lab.ok(&["decide", "roll-back", "--reason", "errors", "--yes"]);
    assert!(said.contains("VERIFIED"), "{said}");
    let clock = lab.state().clocks["spike-1-d1"].clone();
    let Choice::RollBack { procedure, run: Some(run) } = clock.said[0].choice.clone() else {
        panic!("{clock:?}")
    };
    assert_eq!(procedure, "back");
    let (plan, _) = ripcord::supervisor::read_run(&lab.home().join("runs").join(&run)).unwrap();
    assert_eq!(plan.cause.map(|c| c.trigger).as_deref(), Some("spike"));
    assert!(matches!(clock.closed, Some((Closed::Decided, ..))));
    assert!(lab.dir.path().join("work/done").exists());
}

#[test]
fn a_marked_baseline_is_what_a_run_is_verified_against() {
    let lab = Lab::start();
    assert_eq!(lab.say(&["mark", "other"]).0, 2);
    lab.spool(2, 250.0);
    let said = lab.ok(&["mark", "deploy"]);
    assert!(said.contains("TOO FEW, 3 are needed"), "{said}");
    lab.spool(20, 250.0);
    let said = lab.ok(&["mark", "deploy"]);
    assert!(said.contains("p99: 250 ms, the average of 20 samples"), "{said}");
    assert_eq!(lab.say(&["mark", "deploy", "--at", "2999-01-01T00:00:00Z"]).0, 2);
    let said = lab.ok(&["run", "back", "--yes", "--reason", "a test"]);
    assert!(said.contains("VERIFIED"), "{said}");
    let run = std::fs::read_dir(lab.home().join("runs")).unwrap().flatten().next().unwrap().path();
    let plan = ripcord::supervisor::read_run(&run).unwrap().0;
    let frozen = serde_json::to_string(&plan.playbook.signals["p99"].baseline).unwrap();
    assert!(frozen.contains("0.25"), "{frozen}");
}

#[test]
fn what_people_raise_during_a_run_is_judged_by_it() {
    let lab = Lab::start();
    lab.spool(20, 250.0);
    lab.ok(&["mark", "deploy"]);
    lab.ok(&["flag", "odd"]);
    let mut run = lab.command(&["run", "back", "--yes", "--reason", "a test"], "here");
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let broken = || {
        let runs = std::fs::read_dir(lab.home().join("runs")).into_iter().flatten().flatten();
        let mut records = runs.flat_map(|r| read(&r.path().join("journal.jsonl")).unwrap_or_default());
        records.find(|r| r.kind == "CriterionChanged" && r.body.to_string().contains("Fails")).map(drop)
    };
    eventually("a criterion that does not hold", broken);
    assert!(run.try_wait().unwrap().is_none(), "it is not verified while the flag is up");
    lab.ok(&["flag", "odd", "--lower"]);
    assert_eq!(run.wait().unwrap().code(), Some(0), "verified once it is down");
}

#[test]
fn automation_is_stopped_without_a_question_and_armed_only_where_it_may() {
    let lab = Lab::start();
    let since = Instant::now();
    assert!(lab.ok(&["disarm"]).contains("all triggers: DISARMED."));
    println!("disarm took {:?}", since.elapsed());
    let all = lab.state().automation.unwrap();
    assert_eq!((all.mode, all.reason.as_str()), (Automation::Off, "by hand"));
    assert!(lab.say(&["status"]).1.contains("disarmed for all"));
    assert_eq!(lab.say(&["disarm", "spick"]).0, 2);
    let live = |words: &[&str]| told(lab.command(words, "live").output().unwrap());
    let (code, said) = live(&["arm", "--reason", "go"]);
    assert!(code == 3 && said.contains("no more than shadow"), "{said}");
    // A playbook that is broken in the night does not keep anything armed.
    std::fs::write(lab.file(), format!("{}\n[[[", lab.source())).unwrap();
    let said = lab.ok(&["disarm", "spike", "--reason", "broken playbook"]);
    assert!(said.contains("spike: DISARMED."), "{said}");
    assert_eq!(lab.state().automations["spike"].mode, Automation::Off);
}

#[test]
fn an_incident_is_shown_and_closed() {
    let lab = Lab::start();
    assert!(lab.ok(&["incident"]).contains("No incident is open"));
    assert_eq!(lab.say(&["incident", "close", "--reason", "x"]).0, 3);
    let (incident, reason) = ("INC-1".to_owned(), "errors".to_owned());
    lab.put(&Kind::IncidentOpened { incident, reason, run: None, who: None });
    assert!(lab.ok(&["incident"]).contains("INC-1: open for"));
    assert!(lab.say(&["status"]).1.contains("incident INC-1"));
    assert_eq!(lab.say(&["incident", "close"]).0, 2, "a reason is needed");
    lab.ok(&["incident", "close", "--reason", "all is well"]);
    assert!(lab.state().incident.is_none());
}

#[test]
fn a_person_opens_an_incident_says_how_grave_it_is_who_leads_and_closes_it() {
    let lab = Lab::start();
    assert_eq!(lab.say(&["incident", "open"]).0, 2, "a reason is needed");
    let said = lab.ok(&["incident", "open", "--reason", "customers call"]);
    let id = said.split(' ').next().unwrap().to_owned();
    assert!(id.starts_with("INC-") && said.contains("OPEN"), "{said}");
    let (code, said) = lab.say(&["incident", "open", "--reason", "again"]);
    assert!(code == 3 && said.contains("open already"), "{said}");
    let (code, said) = lab.say(&["incident", "severity", "P99", "--reason", "r"]);
    assert!(code == 3 && said.contains("no severity is named P99"), "{said}");
    lab.ok(&["incident", "severity", "P1", "--reason", "customers call"]);
    lab.ok(&["incident", "lead", "lea"]);
    lab.ok(&["incident", "join"]);
    lab.ok(&["incident", "note", "the shop is slow"]);
    let all: serde_json::Value = serde_json::from_str(&lab.ok(&["incident", "--json"])).unwrap();
    assert_eq!((all["severity"].as_str(), all["lead"].as_str()), (Some("P1"), Some("lea")));
    assert_eq!(all["participants"][0]["joined"], true);
    assert_eq!(all["notes"][0]["text"], "the shop is slow");
    assert!(lab.say(&["status"]).1.contains("lead lea"));
    lab.ok(&["incident", "close", "--reason", "all is well"]);
    let told = lab.ok(&["incident", "show", &id]);
    assert!(told.contains("over after") && told.contains("P1, said by"), "{told}");
    assert!(lab.ok(&["incident", "list"]).contains(&id));
    assert_eq!(lab.say(&["incident", "show", "INC-9"]).0, 2);
}

#[test]
fn why_tells_the_parts_of_a_condition_and_of_the_verdict() {
    let lab = Lab::start();
    lab.errors.store(95, Ordering::Relaxed);
    let said = lab.ok(&["why", "spike"]);
    assert!(said.contains("when errors > 5%") && said.contains("now: FIRES"), "{said}");
    assert!(said.contains("errors > 5 %: 9.5 %") && said.contains("never fired"), "{said}");
    let said = lab.ok(&["why", "verdict"]);
    assert!(said.contains("P1 BAD"), "{said}");
    let (code, said) = lab.say(&["why", "spikes"]);
    assert!(code == 2 && said.contains("did you mean `spike`?"), "{said}");
}

#[test]
fn a_mark_asks_prometheus_what_was_before_it() {
    if !installed(&PROGRAMS) {
        return;
    }
    const MARK: i64 = 1_699_999_200_000; // 2023-11-14 22:00 UTC
    let folder = tempfile::tempdir().unwrap();
    // Normal until the mark, by turns 100 and 300 ms; slow after it.
    let before = |i: i64| if i % 2 == 0 { 0.1 } else { 0.3 };
    let samples = (-40..=20).map(|i| (MARK + i * 15_000, if i <= 0 { before(i) } else { 9.0 })).collect();
    let server = serve(folder.path(), &[("p99_seconds".to_owned(), samples)]);
    let text = format!(
        "schema = 1\n[service]\nname = \"shop\"\nowner = \"ana\"\n[environments.here]\ntone = \"calm\"\n\
         [sources.prom]\nevery = \"15s\"\ntimeout = \"10s\"\nproxy = \"none\"\n\
         prometheus = {{ url = \"http://127.0.0.1:{}\" }}\n\
         [signals.p99]\ntitle = \"p99\"\nsource = \"prom\"\nquery = \"p99_seconds\"\nunit = \"ms\"\nraw = \"s\"\n\
         stale_after = \"1m\"\nbaseline = {{ mark = \"canary\", over = \"5m\" }}\n",
        server.ports[0]
    );
    let file = folder.path().join("shop.toml");
    std::fs::write(&file, text).unwrap();
    let mark = |at: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.args(["mark", "canary"]).arg(&file).args(["--at", at, "--state-dir"]).arg(folder.path());
        told(command.env("HOME", folder.path()).stdin(Stdio::null()).output().unwrap())
    };
    let (code, said) = mark("2023-11-14T22:00:00Z");
    assert_eq!(code, 0, "{said}");
    // 21 points of five minutes, both ends included: 11 times 100 ms and 10 times 300 ms.
    let state = load(&folder.path().join("shop@here")).unwrap();
    let (value, n) = state.marks["canary"].values["p99"].clone().unwrap();
    assert_eq!(n, 21);
    assert!((value - (11.0 * 0.1 + 10.0 * 0.3) / 21.0).abs() < 1e-9, "{value}");
    assert!(said.contains("p99: 195 ms, the average of 21 samples in 5m"), "{said}");
    let (code, said) = mark("2023-11-14T20:00:00Z");
    assert!(code == 0 && said.contains("NOTHING, no sample"), "{said}");
}

/// `ripcord` as another account of this host, in a group that the folder is shared with.
fn as_account(lab: &Lab, account: &str, words: &[&str]) -> (i32, String) {
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={account}"), "--regid=61000", "--clear-groups", "--"]);
    command.arg(env!("CARGO_BIN_EXE_ripcord")).args(words).arg(lab.file());
    command.args(["--env", "here", "--state-dir"]).arg(lab.dir.path()).current_dir("/");
    told(command.env("HOME", "/nonexistent").stdin(Stdio::null()).output().unwrap())
}

#[test]
fn two_roles_need_two_people_and_the_second_starts_the_run() {
    let root = rustix::process::getuid().is_root();
    if !root || Command::new("setpriv").arg("--version").output().is_err() {
        println!("skipped: becoming two accounts needs root and setpriv");
        return;
    }
    if ripcord::supervisor::person().login_uid.is_some() {
        println!("skipped: this session has a login, which all accounts here would share");
        return;
    }
    let lab = Lab::start();
    let open = |path: PathBuf, mode: u32| {
        std::os::unix::fs::chown(&path, None, Some(61_000)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(lab.dir.path().to_owned(), 0o2775);
    open(lab.dir.path().join("work"), 0o2777);
    open(lab.file(), 0o644);
    let role = |id: &str, title: &str, user: &str| RoleFacts {
        id: id.into(),
        title: title.into(),
        users: vec![user.to_owned()],
        ..RoleFacts::default()
    };
    lab.put(&Kind::Marked {
        mark: "deploy".into(),
        at: clock::now().wall,
        values: [("p99".to_owned(), Ok((0.25, 20)))].into_iter().collect(),
        who: Person::default(),
    });
    lab.asked(vec![role("qa", "QA DRI", "daemon"), role("lead", "Sprint DRI", "games")]);
    let back = ["decide", "roll-back", "--yes", "--reason", "quality"];
    let (code, said) = as_account(&lab, "mail", &back);
    assert!(code == 3 && said.contains("QA DRI (daemon) and Sprint DRI (games)"), "{said}");
    let (code, said) = as_account(&lab, "daemon", &back);
    assert!(code == 0 && said.contains("Still missing: Sprint DRI"), "{said}");
    assert_eq!(as_account(&lab, "daemon", &back).0, 3, "the same word twice is one person's");
    let runs = std::fs::read_dir(lab.home().join("runs")).map_or(0, Iterator::count);
    assert_eq!(runs, 0, "nothing was started");
    let (code, said) = as_account(&lab, "games", &back);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("DECIDED") && said.contains("VERIFIED"), "{said}");
    let clock = lab.state().clocks["spike-1-d1"].clone();
    assert!(matches!(clock.closed, Some((Closed::Decided, ..))), "{clock:?}");
    let who: Vec<&str> = clock.said.iter().map(|w| w.who.user.as_str()).collect();
    assert_eq!(who, ["daemon", "games"]);
}
