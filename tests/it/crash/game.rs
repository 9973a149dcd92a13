//! One run, killed again and again, taken up again each time, and settled by somebody who looks at the real files.

use super::desk::Desk;
use super::judge;
use super::steps::{self, Leaves, Line};
use super::tally::Tally;
use super::watch::Watch;
use super::{Random, Whom};
use crate::pty::Pty;
use crate::run::{Case, PATIENCE, Run};
use ripcord::journal::real;
use ripcord::run::State;
use ripcord::run::record::Wish;
use ripcord::run::state::Need;
use ripcord::supervisor::attempt::{Process, Signal, signal_strays};
use ripcord::supervisor::{self, Asker, home};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long nothing must have happened before somebody looks whether they are needed.
const QUIET: Duration = Duration::from_millis(15);

/// When the next kill is due.
#[derive(Debug, Clone, Copy)]
enum When {
    /// As soon as this many records are in the journal.
    Record(u64),
    /// So long after the supervisor was started.
    After(Duration),
}

/// How a game is played.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    /// Number of the game, for saying which one failed.
    pub number: u64,
    /// Who dies first, and after which records; then, and else, anybody at any moment.
    pub sweep: Option<(Whom, [u64; 3])>,
    /// How many kills in all.
    pub kills: u64,
    /// Started by a launcher, which is killed at a random moment.
    pub launched: bool,
    /// Stopped by a person after this many records.
    pub aborted: Option<u64>,
    /// A screen looks on (and takes up what nobody drives) and is killed after this many records.
    pub screen: Option<u64>,
}

pub struct Game<'t> {
    plot: Plot,
    random: Random,
    tally: &'t Tally,
    /// Before the case: it ends by a file of its folder.
    desk: Desk,
    case: Case,
    run: Run,
    watch: Watch,
    supervisor: Option<Child>,
    screen: Option<Pty>,
    since: Instant,
    next: Option<(Whom, When)>,
    left: u64,
    /// How many records of the sweep have had their turn.
    target: usize,
    asked: Option<String>,
    looked: bool,
    moved: Instant,
    last_try: Instant,
}

impl<'t> Game<'t> {
    /// Plays one game to its end; answers how many records its journal has.
    pub fn play(plot: Plot, seed: u64, tally: &'t Tally) -> u64 {
        let mut random = Random::new(seed ^ plot.number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut case = Case::new(&[]);
        let work = case.work("");
        steps::before(&work);
        let desk = Desk::open(&work, Duration::from_micros(random.below(6_000)));
        let work = work.display().to_string();
        case.steps = steps::toml(work.trim_end_matches('/'), desk.port(), || random.below(15));
        let Some((run, supervisor)) = begin(&mut case, &plot, &mut random, tally) else {
            return 0;
        };
        let watch = Watch::new(home::journal_path(&run.dir));
        let screen = plot.screen.map(|_| look_on(&case));
        let now = Instant::now();
        let mut game = Game {
            next: None,
            left: plot.kills,
            target: 0,
            plot,
            random,
            tally,
            case,
            desk,
            run,
            watch,
            supervisor,
            screen,
            since: now,
            asked: None,
            looked: false,
            moved: now,
            last_try: now,
        };
        game.schedule();
        game.turns();
        judge::judge(&game.case, &game.run, tally);
        game.watch.records
    }

    fn turns(&mut self) {
        let mut started = false;
        loop {
            if self.watch.grew() {
                started = true;
                (self.moved, self.looked) = (Instant::now(), false);
            }
            self.kill_if_due();
            if self.plot.screen.is_some_and(|n| self.watch.records >= n)
                && let Some(mut screen) = self.screen.take()
            {
                screen.child.kill().unwrap();
                self.tally.kill("screen", "a random moment".to_owned());
            }
            let ended = self.supervisor.as_mut().is_none_or(|c| c.try_wait().unwrap().is_some());
            if ended {
                self.supervisor = None;
                self.watch.grew();
                if !started && self.watch.records == 0 {
                    return judge::never_accepted(&mut self.case, &self.run, self.tally);
                }
                started = true;
                if self.tidy() {
                    return;
                }
                self.take_up();
            } else if !self.looked && self.moved.elapsed() > QUIET {
                self.looked = true;
                self.look();
            }
            assert!(self.moved.elapsed() < PATIENCE, "nothing goes on:\n{}", judge::told(&self.run));
            std::thread::sleep(Duration::from_micros(60));
        }
    }

    /// It is over, and its supervisor has done all that follows.
    fn tidy(&self) -> bool {
        self.run.state().is_over()
            && self.run.dir.join("report.md").is_file()
            && std::fs::read(home::lock_path(&self.case.home())).is_ok_and(|l| l.is_empty())
    }

    fn take_up(&mut self) {
        self.supervisor = Some(supervise(&self.run.dir, true));
        self.since = Instant::now();
    }

    fn schedule(&mut self) {
        self.next = match (self.left, self.plot.sweep) {
            (0, _) => None,
            (_, Some((whom, records))) if self.target < records.len() => {
                self.target += 1;
                Some((whom, When::Record(records[self.target - 1])))
            }
            _ => {
                let whom = Whom::ALL[self.random.below(Whom::ALL.len() as u64) as usize];
                let when = match self.random.below(3) {
                    0 => When::After(Duration::from_micros(self.random.below(120_000))),
                    _ => When::Record(self.watch.records + 1 + self.random.below(6)),
                };
                Some((whom, when))
            }
        };
    }

    fn kill_if_due(&mut self) {
        let Some((whom, when)) = self.next else { return };
        let due = match when {
            When::Record(n) => self.watch.records >= n,
            When::After(time) => self.supervisor.is_some() && self.since.elapsed() >= time,
        };
        // Looking for a process takes a millisecond.
        if !due || whom.is_sought() && self.last_try.elapsed() < Duration::from_millis(3) {
            return;
        }
        self.last_try = Instant::now();
        let place = match when {
            When::Record(n) if n == self.watch.records => self.watch.kind.clone(),
            _ => "a random moment".to_owned(),
        };
        if self.kill(whom) {
            self.tally.kill(whom.word(), place);
            self.left -= 1;
            self.moved = Instant::now();
            self.schedule();
        } else if matches!(when, When::Record(n) if self.watch.records > n + 3) || self.run_is_over() {
            // There was nobody of that kind to kill.
            self.schedule();
        }
    }

    fn run_is_over(&self) -> bool {
        self.watch.kind == "RunFinished"
    }

    /// Whether there was somebody to kill.
    fn kill(&mut self, whom: Whom) -> bool {
        let mut killed = false;
        if whom.has_supervisor() {
            if let Some(mut child) = self.supervisor.take() {
                child.kill().unwrap();
                child.wait().unwrap();
                killed = true;
            }
            if self.plot.launched || self.plot.screen.is_some() {
                killed |= kill_all(&supervisors(&self.run.dir));
            }
        }
        if whom.has_stub() {
            killed |= kill_all(&stubs(&self.run.dir));
        }
        if let (true, Some(token)) = (whom.has_command(), &self.watch.token) {
            killed |= !signal_strays(token, Signal::KILL).is_empty();
        }
        killed
    }

    /// Does what the run asks a person for, if it asks.
    fn look(&mut self) {
        let state = self.run.state();
        if self.plot.aborted.is_some_and(|n| state.seq >= n) && state.aborting.is_none() && !state.is_over() {
            return self.ask(&state, Wish::Abort { reason: "enough".into() }, None);
        }
        let wish = match state.need(&self.run.plan) {
            None => return,
            Some(Need::Settle { step, .. } | Need::Decide { step, .. }) => {
                let done = self.is_done(step);
                (Wish::Settle { done, reason: "looked".into() }, Some(step))
            }
            Some(Need::GoOn { .. }) => (Wish::GoOn, None),
            Some(Need::Answer { step, .. }) => {
                (Wish::Answer { label: None, input: Some("seen".into()) }, Some(step))
            }
            Some(need) => panic!("{need:?}\n{}", judge::told(&self.run)),
        };
        self.ask(&state, wish.0, wish.1);
    }

    /// Looks at the world: what a step leaves behind is there, or nobody is left who could still bring it.
    fn is_done(&self, step: usize) -> bool {
        self.desk.after_all();
        let name = &self.run.plan.steps[step - 1].step.name;
        let line = Line::of(name);
        line.leaves == Leaves::Nothing || !line.left(&self.case.work(""), step).is_empty()
    }

    fn ask(&mut self, state: &State, wish: Wish, step: Option<usize>) {
        if self.asked.as_ref().is_some_and(|id| !state.handled.contains(id)) {
            return;
        }
        if matches!(wish, Wish::Settle { .. }) {
            self.tally.settled.fetch_add(1, Ordering::Relaxed);
        }
        let attempt = step.map(|n| state.steps[n - 1].attempt);
        let mut asker = Asker::open(real(), &self.run.dir, supervisor::person()).unwrap();
        self.asked = Some(asker.ask(wish, step, attempt, state.seq).unwrap());
    }
}

/// Puts the run in its place. `None`: its launcher died before there was a run that was begun.
fn begin(case: &mut Case, plot: &Plot, random: &mut Random, tally: &Tally) -> Option<(Run, Option<Child>)> {
    if !plot.launched {
        let mut plan = case.plan("1121-000001-c");
        plan.playbook.verifications[0].stable_for = 20;
        let run = case.place(&plan);
        let child = supervise(&run.dir, false);
        return Some((run, Some(child)));
    }
    let mut launcher = case.ripcord(&["run", "back", "--yes"]);
    let mut launcher = launcher.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_micros(random.below(250_000)));
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    tally.kill("launcher", "a random moment".to_owned());
    // What it started goes on; what it did not start never comes.
    let since = Instant::now();
    loop {
        let (runs, broken) = supervisor::list(&case.home()).unwrap_or_default();
        assert_eq!(broken, Vec::<String>::new());
        if let Some(run) = runs.into_iter().next() {
            let (run, begun) = (Run { dir: run.dir, plan: run.plan }, run.view.seq > 0);
            if begun {
                return Some((run, None));
            }
            if since.elapsed() > Duration::from_millis(300) && !supervisor::alive(&run.dir) {
                judge::never_accepted(case, &run, tally);
                return None;
            }
        } else if since.elapsed() > Duration::from_millis(300) {
            tally.end("never asked for");
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts a supervisor and does not wait for its word.
fn supervise(run: &Path, resume: bool) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ripcord"));
    command.arg("__supervise").arg("--run").arg(run).args(resume.then_some("--resume"));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let me = serde_json::to_string(&supervisor::person()).unwrap();
    let _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), me.as_bytes());
    child
}

/// A screen on the case's folder.
fn look_on(case: &Case) -> Pty {
    let words = case.ripcord(&[]);
    let words: Vec<&str> = words.get_args().map(|w| w.to_str().unwrap()).collect();
    Pty::start(env!("CARGO_BIN_EXE_ripcord"), &words, &[], 80, 24)
}

/// Whether there was one.
fn kill_all(processes: &[Process]) -> bool {
    processes.iter().filter(|p| p.signal(Signal::KILL)).count() > 0
}

/// The living stubs of a run.
pub fn stubs(run: &Path) -> Vec<Process> {
    called(&format!("__stub\0--dir\0{}/", run.display()))
}

/// The living supervisors of a run, whoever started them.
fn supervisors(run: &Path) -> Vec<Process> {
    called(&format!("__supervise\0--run\0{}\0", run.display()))
}

fn called(words: &str) -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|e| e.file_name().to_str()?.parse::<i32>().ok());
    let is_called = |pid: &i32| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|c| String::from_utf8_lossy(&c).contains(words))
    };
    pids.filter(is_called).filter_map(Process::read).collect()
}
