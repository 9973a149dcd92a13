//! A service whose error count the tests set, and watchers of it: real processes in a state folder of their own.

use crate::page::{Answer, Page};
use crate::run::eventually;
use ripcord::clock;
use ripcord::journal::read;
use ripcord::model::playbook::Automation;
use ripcord::run::plan::Person;
use ripcord::run::{Kind as RunKind, RunView};
use ripcord::session::decision::{Decisions, Kind, Rules};
use ripcord::supervisor::attempt::{Signal, signal_strays};
use ripcord::supervisor::decisions::{self, Beat};
use ripcord::supervisor::{self, home};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The service. While a `back` is in `effects` it makes no errors.
pub struct Lab {
    pub dir: tempfile::TempDir,
    page: Page,
    errors: Arc<AtomicU64>,
    /// Words put into the playbook: how long it must hold, more of the trigger, more of the environment.
    pub hold: &'static str,
    pub trigger: &'static str,
    pub environment: &'static str,
    pub more: &'static str,
    /// What the trigger asks for, and parameters of the procedure.
    pub act: &'static str,
    pub params: &'static str,
    count: AtomicU64,
}

impl Lab {
    pub fn new() -> Lab {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        let errors = Arc::new(AtomicU64::new(0));
        let (now, effects) = (errors.clone(), dir.path().join("work/effects"));
        let page = Page::serve(move |_, _| {
            let well = effects.exists();
            let n = if well { 0 } else { now.load(Ordering::Relaxed) };
            Answer::Body(format!("errors {n}\n"))
        });
        let count = AtomicU64::new(0);
        Lab {
            dir,
            page,
            errors,
            hold: "1s",
            trigger: "",
            environment: "",
            more: "",
            act: "auto",
            params: "",
            count,
        }
    }

    pub fn with(change: impl FnOnce(&mut Lab)) -> Lab {
        let mut lab = Lab::new();
        change(&mut lab);
        lab
    }

    pub fn set(&self, errors: u64) {
        self.errors.store(errors, Ordering::Relaxed);
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("shop@here")
    }

    pub fn work(&self, file: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("work").join(file)
    }

    pub fn go(&self, name: &str) {
        std::fs::write(self.work(name), "").unwrap();
    }

    pub fn source(&self) -> String {
        format!(
            r#"schema = 1
[service]
name = "shop"
owner = "ana"
[environments.here]
tone = "calm"
automation = "armed"
cwd = "{work}"
{environment}
[sources.page]
every = "200ms"
timeout = "5s"
proxy = "none"
http = {{ url = "{url}/metrics" }}
[signals.errors]
source = "page"
metric = "errors"
unit = "count"
stale_after = "10s"
[severities.P1]
title = "High"
text = "Roll back"
[triggers.errors]
title = "Errors"
severity = "P1"
when = "errors > 5"
for = "{hold}"
act = "{act}"
mode = "armed"
procedure = "back"
{trigger}
{more}
[verifications.well]
title = "Well"
within = "50s"
stable_for = "300ms"
criteria = [{{ text = "few errors", when = "errors <= 5" }}]
[procedures.back]
title = "Back"
key = "c"
takes_effect = "back"
expect = {{ duration = "1m", downtime = "none", data_loss = "none" }}
{params}
[[procedures.back.steps]]
id = "back"
name = "back"
timeout = "50s"
repeatable = true
run = ["/bin/sh", "-c", "echo back >> effects"]
[[procedures.back.steps]]
name = "well"
verify = "well"
"#,
            work = self.work("").display(),
            url = self.page.url(),
            hold = self.hold,
            trigger = self.trigger,
            environment = self.environment,
            more = self.more,
            act = self.act,
            params = self.params,
        )
    }

    pub fn ripcord(&self, words: &[&str]) -> Command {
        let playbook = self.dir.path().join("shop.toml");
        std::fs::write(&playbook, self.source()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.args(words).args(["--env", "here", "--state-dir"]).arg(self.dir.path()).arg(&playbook);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("HOME", self.dir.path()).env_remove("NOTIFY_SOCKET");
        for name in ["RIPCORD_CONFIG", "RIPCORD_ENV", "RIPCORD_STATE_DIR", "XDG_CONFIG_HOME"] {
            command.env_remove(name);
        }
        command
    }

    /// Starts a watcher.
    pub fn watch(&self, words: &[&str], env: &[(&str, &str)]) -> Watch {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        let (out, err) = (self.dir.path().join(format!("out-{n}")), self.dir.path().join(format!("err-{n}")));
        let mut command = self.ripcord(&[&["watch"], words].concat());
        command.stdout(std::fs::File::create(&out).unwrap()).stderr(std::fs::File::create(&err).unwrap());
        let child = command.envs(env.iter().copied()).spawn().unwrap();
        Watch { child, out, err }
    }

    /// Starts a watcher, and waits until it decides.
    pub fn decides(&self) -> Watch {
        let watch = self.watch(&[], &[]);
        eventually("a decider", || self.beat().filter(|b| b.pid == watch.pid()));
        watch
    }

    pub fn beat(&self) -> Option<Beat> {
        Beat::read(&self.home())
    }

    pub fn kinds(&self) -> Vec<Kind> {
        let records = decisions::tail(&self.home()).poll().unwrap();
        records.iter().map(|r| Kind::read(r).unwrap()).collect()
    }

    pub fn state(&self) -> Decisions {
        decisions::load(&self.home()).unwrap()
    }

    pub fn wait<T>(&self, what: &str, mut probe: impl FnMut(&Decisions) -> Option<T>) -> T {
        eventually(what, || probe(&self.state()))
    }

    /// Waits for the end of the only automatic run: verified, in words.
    pub fn acted(&self) -> (bool, String) {
        self.wait("the end of the automatic run", |s| {
            let all: Vec<_> = s.attempts.values().flatten().collect();
            assert!(all.len() <= 1, "one firing, one run: {all:?}");
            all.first()?.ended.as_ref().map(|(ok, why, _)| (*ok, why.clone()))
        })
    }

    /// Sets what automation may do, as a person.
    pub fn automation(&self, mode: Automation) {
        let rules = Rules { ceiling: Automation::Armed, ..Rules::default() };
        let kind = Kind::AutomationSet { trigger: None, mode, who: person(), reason: "a test".into() };
        decisions::append(&self.home(), &rules, &kind).unwrap().unwrap();
    }

    /// Runs that have a folder, with what is known of them.
    pub fn runs(&self) -> Vec<(String, RunView)> {
        let entries = std::fs::read_dir(home::runs_dir(&self.home())).into_iter().flatten().flatten();
        let all =
            entries.map(|e| e.path()).filter(|p| !p.file_name().unwrap().to_string_lossy().starts_with('.'));
        let view = |dir: PathBuf| {
            let (plan, records) = home::read_run(&dir).unwrap();
            (plan.id.clone(), RunView::fold(&plan, &records).unwrap())
        };
        all.map(view).collect()
    }

    pub fn effects(&self) -> usize {
        std::fs::read_to_string(self.work("effects")).unwrap_or_default().lines().count()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for run in std::fs::read_dir(home::runs_dir(&self.home())).into_iter().flatten().flatten() {
            for record in read(&home::journal_path(&run.path())).unwrap_or_default() {
                match RunKind::read(&record) {
                    Ok(RunKind::StepStarting { token, .. }) => drop(signal_strays(&token, Signal::KILL)),
                    Ok(RunKind::RunStarted { pid, .. } | RunKind::Adopted { pid, .. })
                        if supervisor::alive(&run.path()) =>
                    {
                        let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
                        let _ = rustix::process::kill_process(pid, Signal::KILL);
                    }
                    _ => {}
                }
            }
        }
    }
}

pub fn person() -> Person {
    supervisor::person()
}

/// A watcher's process; killed at the end.
pub struct Watch {
    pub child: Child,
    pub out: PathBuf,
    pub err: PathBuf,
}

impl Watch {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Kills it, as the kernel would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; its exit code.
    pub fn exit(&mut self) -> Option<i32> {
        eventually("the end of the watcher", || self.child.try_wait().unwrap()).code()
    }

    /// What it has printed: the kinds of its lines, every one of which is JSON.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(&self.out).unwrap();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
    }

    pub fn says(&self, kind: &str) -> bool {
        self.lines().iter().any(|l| l["kind"] == kind)
    }

    pub fn errors(&self) -> String {
        std::fs::read_to_string(&self.err).unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Wall and boot time now, for records made by hand.
pub fn now() -> ripcord::model::time::Now {
    clock::now()
}
