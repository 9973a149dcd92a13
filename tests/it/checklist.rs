//! Checklists without a screen: what holds up a start, what items do, and what the report keeps; the real program.

use crate::run::eventually as found;
use ripcord::clock;
use ripcord::config::playbook::parse;
use ripcord::model::time::Deadline;
use ripcord::run::{Answer, Person};
use ripcord::session::decision::{Decisions, Kind, Rules};
use ripcord::supervisor::decisions::{append, load};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Lab(tempfile::TempDir);

fn eventually(what: &str, holds: impl Fn() -> bool) {
    found(what, || holds().then_some(()));
}

const LISTS: &str = r#"
[checklists.before]
title = "Before it"
moment = "before"
[[checklists.before.items]]
text = "The team told"
[[checklists.before.items]]
text = "Backup there"
file = "DIR/backup"
[[checklists.before.items]]
text = "Ticket opened"
run = ["sh", "DIR/ticket.sh", "{{ incident.id }}"]
env = { TOKEN = "{{ secret.token }}" }
timeout = "2s"
[[checklists.before.items]]
text = "Coffee made"
required = false
[checklists.after]
title = "Within a day"
moment = "after"
due = "24h"
items = [{ text = "The cause is known" }]
"#;

impl Lab {
    fn start() -> Lab {
        let lab = Lab(tempfile::tempdir().unwrap());
        let dir = lab.dir().display().to_string();
        let step = |name: &str| {
            format!(
                "[[procedures.{name}.steps]]\nname = \"touch\"\ntimeout = \"20s\"\nrun = [\"touch\", \"{name}.done\"]\n\
                 [[procedures.{name}.steps]]\nname = \"well\"\nverify = \"{name}\"\n\
                 [verifications.{name}]\ntitle = \"Well\"\nwithin = \"20s\"\n\
                 criteria = [{{ text = \"there\", file = \"{dir}/{name}.done\" }}]\n"
            )
        };
        let procedure = |name: &str, more: &str| {
            format!(
                "[procedures.{name}]\ntitle = \"{name}\"\n{more}expect = {{ duration = \"1m\", downtime = \"none\", data_loss = \"none\" }}\n{}",
                step(name)
            )
        };
        let text = format!(
            "schema = 1\n[service]\nname = \"shop\"\nowner = \"ana\"\n[environments.here]\ntone = \"calm\"\ncwd = \"{dir}\"\n\
             [secrets.token]\nfile = \"{dir}/token\"\n{}\n{}{}{}",
            LISTS.replace("DIR", &dir),
            procedure("back", ""),
            procedure("other", "checklists = [\"after\"]\n"),
            procedure("panic", "emergency = true\n"),
        );
        std::fs::write(lab.file(), text).unwrap();
        std::fs::write(lab.dir().join("token"), "hunter2222\n").unwrap();
        lab.script("echo \"$1 opened with $TOKEN\"");
        lab
    }

    fn dir(&self) -> &Path {
        self.0.path()
    }

    fn file(&self) -> PathBuf {
        self.dir().join("shop.toml")
    }

    fn home(&self) -> PathBuf {
        self.dir().join("shop@here")
    }

    /// What opens a ticket.
    fn script(&self, text: &str) {
        std::fs::write(self.dir().join("ticket.sh"), text).unwrap();
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.args(words).arg(self.file()).args(["--env", "here"]).arg("--state-dir").arg(self.dir());
        command.stdin(Stdio::null()).env("HOME", self.dir());
        for name in ["RIPCORD_CONFIG", "RIPCORD_ENV", "RIPCORD_STATE_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command
    }

    /// The exit code, and everything that was printed.
    fn say(&self, words: &[&str]) -> (i32, String) {
        let out = self.command(words).output().unwrap();
        let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
        (out.status.code().unwrap_or(-1), text)
    }

    fn ok(&self, words: &[&str]) -> String {
        let (code, said) = self.say(words);
        assert_eq!(code, 0, "{words:?}: {said}");
        said
    }

    fn state(&self) -> Decisions {
        load(&self.home()).unwrap()
    }

    /// The only run's report.
    fn report(&self) -> String {
        let runs: Vec<_> = std::fs::read_dir(self.home().join("runs")).unwrap().flatten().collect();
        assert_eq!(runs.len(), 1);
        std::fs::read_to_string(runs[0].path().join("report.md")).unwrap()
    }

    fn was_done(&self, name: &str) -> bool {
        self.dir().join(format!("{name}.done")).exists()
    }
}

fn back() -> [&'static str; 5] {
    ["run", "back", "--yes", "--reason", "a test"]
}

#[test]
fn open_items_hold_up_a_start_until_they_are_done() {
    let lab = Lab::start();
    let (code, said) = lab.say(&back());
    assert_eq!(code, 3, "{said}");
    assert!(
        said.contains("Checklist Before it, 0 of 4: The team told, Backup there, Ticket opened are open"),
        "{said}"
    );
    assert!(said.contains("`ripcord tick`") && said.contains("--override"), "{said}");
    assert!(!lab.was_done("back") && !lab.home().join("runs").exists(), "nothing was started");
    lab.ok(&["tick", "before", "1", "--note", "in #ops"]);
    let said = lab.ok(&["tick", "before", "3", "--do"]);
    assert!(said.contains("[x] before 3: Ticket opened: done") && said.contains("exit 0: INC-"), "{said}");
    assert!(said.contains("opened with [masked]") && !said.contains("hunter2222"), "{said}");
    let (code, said) = lab.say(&back());
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("2 of 4: Backup there is open"), "{said}");
    // What judges itself is asked when it matters, whatever is on record.
    std::fs::write(lab.dir().join("backup"), "").unwrap();
    lab.ok(&back());
    assert!(lab.was_done("back"));
    let report = lab.report();
    assert!(
        report.contains("## Checklists at the start") && report.contains("Before it: 3 of 4"),
        "{report}"
    );
    assert!(report.contains("| The team told | done | ") && report.contains("| in #ops |"), "{report}");
    assert!(report.contains("| Backup there | done | auto |"), "{report}");
    assert!(report.contains("| Coffee made | open, optional |"), "{report}");
    assert!(!report.contains("hunter2222"), "{report}");
}

#[test]
fn a_person_goes_on_with_a_reason_and_the_report_has_it() {
    let lab = Lab::start();
    let (code, said) = lab.say(&["tick", "before", "1", "--without", "  "]);
    assert_eq!(code, 2, "{said}");
    lab.ok(&["tick", "before", "1", "--without", "chat is down"]);
    assert!(lab.ok(&["tick"]).contains("[-] 1  The team told"), "{}", lab.ok(&["tick"]));
    let (code, said) = lab.say(&back());
    assert!(code == 3 && said.contains("0 of 4: Backup there, Ticket opened are open"), "{said}");
    let mut words = back().to_vec();
    words.extend(["--override", "no time for it"]);
    lab.ok(&words);
    let report = lab.report();
    assert!(report.contains("| The team told | gone on without it | "), "{report}");
    assert!(report.contains("chat is down") && report.contains("| Ticket opened | OPEN |"), "{report}");
    assert!(report.contains("A person went on all the same: no time for it"), "{report}");
}

#[test]
fn an_emergency_and_a_procedure_with_lists_of_its_own_wait_for_nothing() {
    let lab = Lab::start();
    lab.ok(&["run", "other", "--yes", "--reason", "it names no list before it"]);
    assert!(lab.was_done("other"));
    let lab = Lab::start();
    lab.ok(&["run", "panic", "--yes=shop", "--reason", "fire"]);
    assert!(lab.was_done("panic"));
    let report = lab.report();
    assert!(report.contains("It was an emergency: what was open is to be done after it."), "{report}");
}

#[test]
fn what_fails_or_takes_too_long_ticks_nothing() {
    let lab = Lab::start();
    lab.script("echo no route to the ticket system >&2; exit 7");
    let (code, said) = lab.say(&["tick", "before", "3", "--do"]);
    assert!(code == 4 && said.contains("FAILED") && said.contains("exit 7: no route"), "{said}");
    let pid = lab.dir().join("pid");
    lab.script(&format!("sleep 600 & echo $! > {}; wait", pid.display()));
    let (code, said) = lab.say(&["tick", "before", "3", "--do"]);
    assert!(code == 4 && said.contains("no answer in 2 s"), "{said}");
    let pid = std::fs::read_to_string(pid).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    let gone = || std::fs::read_to_string(&stat).map_or(true, |s| s.contains(") Z "));
    eventually("what it started is dead", gone);
    let said = lab.ok(&["tick"]);
    assert!(said.contains("[ ] 3  Ticket opened") && said.contains("FAILED"), "{said}");
    // What judges itself is ticked by nobody, and what a person ticks does nothing itself.
    for words in [&["tick", "before", "2"] as &[&str], &["tick", "before", "1", "--do"]] {
        let (code, said) = lab.say(words);
        assert!(code == 3 && said.contains("REFUSED"), "{words:?}: {said}");
    }
}

#[test]
fn what_somebody_has_set_off_is_not_set_off_again() {
    let lab = Lab::start();
    let text = std::fs::read_to_string(lab.file()).unwrap();
    let rules = Rules::of(&parse(&text, "shop.toml").unwrap().playbook, "here");
    let began = Kind::ItemBegan {
        checklist: "before".into(),
        item: 3,
        text: "Ticket opened".into(),
        deed: "d1".into(),
        what: "ticket".into(),
        until: Deadline::after(&clock::now(), 600_000),
        who: Person { user: "ben".into(), uid: 4242, ..Person::default() },
    };
    append(&lab.home(), &rules, &began).unwrap().unwrap();
    let (code, said) = lab.say(&["tick", "before", "3", "--do"]);
    assert!(code == 3 && said.contains("ben set it off"), "{said}");
    let said = lab.ok(&["tick"]);
    assert!(said.contains("[>] 3  Ticket opened") && said.contains("ben has set it off"), "{said}");
}

#[test]
fn a_watcher_records_what_judges_itself_and_when_the_run_was_over() {
    let lab = Lab::start();
    std::fs::write(lab.dir().join("backup"), "").unwrap();
    lab.ok(&["run", "other", "--yes", "--reason", "a test"]);
    let mut watch = lab.command(&["watch"]);
    let mut watch = watch.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let judged = |answer: Answer| {
        let state = lab.state();
        let item = state.items.get(&("before".to_owned(), 2));
        item.and_then(|i| i.judged.as_ref()).is_some_and(|j| j.answer == answer)
    };
    eventually("the file is seen", || judged(Answer::Holds));
    eventually("the end of the run is on record", || {
        lab.state().run_over.is_some_and(|(_, procedure, _)| procedure == "other")
    });
    std::fs::remove_file(lab.dir().join("backup")).unwrap();
    eventually("that it is gone is seen", || judged(Answer::Fails));
    let _ = watch.kill();
    let _ = watch.wait();
    let said = lab.ok(&["tick"]);
    assert!(said.contains("[ ] 2  Backup there") && said.contains("does not exist"), "{said}");
}
