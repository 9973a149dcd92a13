//! Real supervisors in state folders of their own: placed plans, people who settle, and everything ended afterwards.

use indexmap::IndexMap;
use ripcord::clock;
use ripcord::config::playbook::parse;
use ripcord::journal::{read, real};
use ripcord::run::record::Wish;
use ripcord::run::state::Need;
use ripcord::run::{Kind, Outcome, Plan, RunView, State, Verdict};
use ripcord::supervisor::attempt::{AttemptDir, Signal, signal_strays};
use ripcord::supervisor::{self, Asker, home};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Long enough for a busy machine; no test waits for it when things go well.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A state folder, a service with steps, and every process started for them.
pub struct Case {
    pub dir: tempfile::TempDir,
    pub steps: String,
    /// Part of every run's id, for attempts are found by it on the whole host.
    pub tag: String,
    pub children: Vec<Child>,
}

impl Drop for Case {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for run in std::fs::read_dir(self.home().join("runs")).into_iter().flatten().flatten() {
            for record in read(&home::journal_path(&run.path())).unwrap_or_default() {
                if let Ok(Kind::StepStarting { token, .. }) = Kind::read(&record) {
                    signal_strays(&token, Signal::KILL);
                }
            }
        }
    }
}

/// A step that says `began`, waits for the file `go-NAME`, and appends its name to `effects`.
pub fn gated(name: &str) -> String {
    format!(
        "[[procedures.back.steps]]\nname = \"{name}\"\ntimeout = \"50s\"\nrun = [\"/bin/sh\", \"-c\", \
         \"echo $$ >> began-{name}; while [ ! -e go-{name} ]; do sleep 0.02; done; echo {name} >> effects\"]\n"
    )
}

/// A step that appends its name to `effects`.
pub fn quick(name: &str) -> String {
    format!(
        "[[procedures.back.steps]]\nname = \"{name}\"\ntimeout = \"50s\"\n\
         run = [\"/bin/sh\", \"-c\", \"echo {name} >> effects\"]\n"
    )
}

pub const VERIFY: &str = "[[procedures.back.steps]]\nname = \"well\"\nverify = \"well\"\n";

impl Case {
    pub fn new(steps: &[String]) -> Case {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("work")).unwrap();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tag = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Case { dir, steps: steps.concat(), tag, children: Vec::new() }
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("shop@here")
    }

    pub fn work(&self, file: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("work").join(file)
    }

    pub fn go(&self, name: &str) {
        std::fs::write(self.work(&format!("go-{name}")), "").unwrap();
    }

    /// The effects, in the order in which they happened.
    pub fn effects(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.work("effects")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub fn source(&self) -> String {
        format!(
            "schema = 1\n[service]\nname = \"shop\"\nowner = \"ana\"\n[environments.here]\ntone = \"calm\"\ncwd = \"{}\"\n\
             [verifications.well]\ntitle = \"Well\"\nwithin = \"40s\"\nstable_for = \"300ms\"\n\
             criteria = [{{ text = \"it is well\", run = [\"true\"], every = \"100ms\" }}]\n\
             [procedures.back]\ntitle = \"Back\"\nkey = \"c\"\n\
             expect = {{ duration = \"1m\", downtime = \"none\", data_loss = \"none\" }}\n{}",
            self.work("").display(),
            self.steps
        )
    }

    pub fn plan(&self, id: &str) -> Plan {
        let source = self.source();
        let loaded = parse(&source, "case.toml").unwrap_or_else(|problems| {
            panic!("{}", problems.iter().map(|p| p.render(false)).collect::<String>())
        });
        let mut context = supervisor::context("c", "a test", None, &loaded.hash, &self.home());
        context.id = format!("{id}-{}", self.tag);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let draft = runtime.block_on(supervisor::resolve(
            &loaded.playbook,
            "here",
            "back",
            &IndexMap::new(),
            &context,
        ));
        assert_eq!(draft.problems, Vec::<String>::new());
        draft.plan.unwrap().confirmed(&clock::now())
    }

    /// Puts a plan in its place, as the launcher does.
    pub fn place(&self, plan: &Plan) -> Run {
        let dir = home::run_dir(&self.home(), &plan.id);
        std::fs::create_dir_all(dir.join("control")).unwrap();
        std::fs::write(dir.join("plan.json"), serde_json::to_vec(plan).unwrap()).unwrap();
        Run { dir, plan: plan.clone() }
    }

    /// Starts a supervisor; answers its pid when it accepts, else its refusal.
    pub fn supervise(&mut self, run: &Run, resume: bool) -> Result<u32, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.arg("__supervise").arg("--run").arg(&run.dir).args(resume.then_some("--resume"));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let me = serde_json::to_string(&supervisor::person()).unwrap();
        let _ = child.stdin.take().unwrap().write_all(me.as_bytes());
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let pid = child.id();
        self.children.push(child);
        if line.contains("Accepted") { Ok(pid) } else { Err(line) }
    }

    /// `ripcord` with this playbook, as a person calls it.
    pub fn ripcord(&self, words: &[&str]) -> Command {
        let playbook = self.dir.path().join("shop.toml");
        std::fs::write(&playbook, self.source()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
        command.args(words).args(["--env", "here", "--state-dir"]).arg(self.dir.path()).arg(&playbook);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The only run there is.
    pub fn only_run(&self) -> Run {
        let dir = eventually("a run", || {
            let runs = std::fs::read_dir(self.home().join("runs")).ok()?;
            runs.flatten().map(|e| e.path()).find(|p| home::journal_path(p).exists())
        });
        let (plan, _) = supervisor::read_run(&dir).unwrap();
        Run { dir, plan }
    }

    pub fn start(&mut self) -> (Run, u32) {
        let run = self.place(&self.plan("1121-000001-c"));
        let pid = self.supervise(&run, false).unwrap();
        (run, pid)
    }

    /// Kills a supervisor and waits until its locks are free.
    pub fn kill_supervisor(&mut self, run: &Run, pid: u32) {
        let child = self.children.iter_mut().find(|c| c.id() == pid).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        // A stub that was being forked shares the lock until it is itself.
        eventually("the lock of the dead", || (!supervisor::alive(&run.dir)).then_some(()));
    }

    pub fn ask(&self, run: &Run, wish: Wish, step: usize) {
        let seen = run.state();
        let attempt = seen.steps[step - 1].attempt;
        let mut asker = Asker::open(real(), &run.dir, supervisor::person()).unwrap();
        asker.ask(wish, Some(step), Some(attempt), seen.seq).unwrap();
    }

    pub fn settle(&self, run: &Run, step: usize, done: bool) {
        self.ask(run, Wish::Settle { done, reason: "looked".into() }, step);
    }

    pub fn command_pid(&self, name: &str) -> i32 {
        eventually("the command's pid", || {
            std::fs::read_to_string(self.work(&format!("began-{name}"))).ok()?.lines().last()?.parse().ok()
        })
    }
}

pub struct Run {
    pub dir: PathBuf,
    pub plan: Plan,
}

impl Run {
    pub fn kinds(&self) -> Vec<Kind> {
        let path = home::journal_path(&self.dir);
        let records = if path.exists() { read(&path).unwrap() } else { Vec::new() };
        records.iter().map(|r| Kind::read(r).unwrap()).collect()
    }

    pub fn state(&self) -> State {
        let (plan, records) = supervisor::read_run(&self.dir).unwrap();
        State::fold(&plan, &records).unwrap()
    }

    pub fn view(&self) -> RunView {
        let (plan, records) = supervisor::read_run(&self.dir).unwrap();
        RunView::fold(&plan, &records).unwrap()
    }

    pub fn wait_for<T>(&self, what: &str, mut probe: impl FnMut(&State) -> Option<T>) -> T {
        eventually(what, || probe(&self.state()))
    }

    pub fn verdict(&self) -> Verdict {
        self.wait_for("the end of the run", |s| s.finished.as_ref().map(|f| f.1))
    }

    pub fn outcome(&self, step: usize) -> Outcome {
        self.wait_for("an outcome", |s| s.steps[step - 1].outcome.clone())
    }

    /// Waits until a person is asked about a step.
    pub fn unknown(&self, step: usize) -> String {
        self.wait_for("an unknown step", |s| match s.need(&self.plan) {
            Some(Need::Settle { step: n, evidence }) if n == step => Some(evidence),
            _ => None,
        })
    }

    pub fn attempt(&self, step: usize, attempt: u32) -> AttemptDir {
        AttemptDir::at(&self.dir.join(self.plan.steps[step - 1].folder(attempt)))
    }

    /// Waits until the stub of an attempt has claimed it; answers its pid.
    pub fn stub(&self, step: usize, attempt: u32) -> i32 {
        eventually("the claim", || {
            let text = std::fs::read(self.attempt(step, attempt).claim()).ok()?;
            let claim: serde_json::Value = serde_json::from_slice(&text).ok()?;
            claim["by"]["pid"].as_i64().map(|pid| pid as i32)
        })
    }

    pub fn adopted(&self) -> bool {
        self.kinds().iter().any(|k| matches!(k, Kind::Adopted { .. }))
    }
}

pub fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    eventually("its death", || {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
}
