//! Performs effects and delivers events; the same for the screen and headless commands.

mod act;
pub mod backtest;
pub mod bundle;
pub mod checklist;
mod decide;
mod draft;
pub mod drill;
pub mod dry_run;
pub mod export;
pub mod fleet;
mod follow;
pub mod glance;
mod guide;
mod letters;
mod logout;
mod logs;
mod reads;
mod recorder;
mod rehearsal;
pub mod report;
mod trouble;
pub mod watch;

pub use crate::session::Request;
pub use rehearsal::Rehearsal;

use crate::clock;
use crate::model::playbook::Playbook;
use crate::model::record::Record;
use crate::model::time::Now;
use crate::run::plan::Plan;
use crate::run::record::Kind;
use crate::session::view::{
    ChartColumn, ComposedView, Curve, DraftView, Found, Gravity, LastDrill, LogSeen, Output, Replacing,
    SignalDetail, View, WhyOf,
};
use crate::session::{Effect, Event, Facts, Session};
use crate::sim::trouble::Control;
use crate::sources::{self, Batch, Pollers};
use crate::supervisor::person::person;
use crate::supervisor::resolve::Draft;
use follow::{Follower, Look, Seen};
use std::ffi::OsString;
use std::path::PathBuf;
use tokio::sync::mpsc;
use watch::Told;

/// Readings and news that may wait for the loop; a source waits when it is full.
const WAITING: usize = 1024;
/// The longest that it waits with nothing to do, milliseconds.
const IDLE: u64 = 4_000;
/// Milliseconds between two attempts to take up a run that nobody drives.
const TAKE_UP: u64 = 5_000;
/// Milliseconds that the host must have slept to be told.
const SLEPT: u64 = 2_000;

/// A service in one environment, ready to be watched.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The playbook, resolved for the environment.
    pub playbook: Playbook,
    /// SHA-256 of its file, in hex.
    pub hash: String,
    /// The environment.
    pub environment: String,
    /// Folder of the records of this service and environment.
    pub folder: PathBuf,
    /// Arguments after which a watcher in the background watches the same; none: none can be started from here.
    pub watch: Vec<OsString>,
    /// The hand on the embedded service of the demo, when that is what is watched.
    pub demo: Option<Control>,
    /// Nothing may be asked or started from here.
    pub read_only: bool,
}

/// What the driver's own tasks found.
enum News {
    Drafted(Box<Drafted>),
    /// A plan was tried, for the draft of this id.
    Tried(String, Box<crate::session::view::TriedView>),
    /// A confirmed plan was accepted (`Ok`) or refused (`Err`, in words).
    Launched(Result<String, String>),
    /// A request was written (`Ok`) or not.
    Asked(Result<(), String>),
    /// What a task of the guide brings.
    Guide(guide::Brought),
    /// This screen decides (it only records), or nothing came of that.
    Began(Box<Result<Option<watch::Deciding>, String>>),
    /// The timeline was written to a file, or not; in words.
    Exported(Result<String, String>),
    /// A message was filled in, or not.
    Composed(ComposedView),
    /// What was read of a log.
    Logged(String, std::sync::Arc<LogSeen>),
    /// The run before a confirmed plan has ended, and processes of it ignore KILL.
    NotDead(Box<Plan>, Vec<(i32, String)>),
}

/// What is resolved, and what is shown of it.
struct Proposed {
    shown: DraftView,
    /// `None` while it is being resolved.
    made: Option<Draft>,
    /// The run that is stopped first.
    stops: Option<String>,
}

/// A confirmed plan that waits for the end of the run before it.
struct Waiting {
    shown: Replacing,
    /// The plan, while a person must say whether it starts beside what is left of that run.
    plan: Option<Box<Plan>>,
}

struct Drafted {
    id: String,
    draft: Draft,
    /// What becomes of it when its owner logs out, in notes.
    leaving: Vec<(Gravity, String)>,
}

/// What a turn brought, for a loop to act on.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// The picture may have changed.
    Changed,
    /// The same, and it is worth a bell.
    Bell,
    /// Something that was asked was refused; in words.
    Refused(String),
    /// The confirmed plan runs; its id.
    Accepted(String),
}

/// Watches a service: polls its sources, follows its runs, starts what is confirmed.
pub struct Driver {
    setup: Setup,
    session: Session,
    delivered: mpsc::Receiver<Batch>,
    seen: mpsc::Receiver<Seen>,
    news: mpsc::Receiver<News>,
    tell: mpsc::Sender<News>,
    /// None until the first turn: what is shown first waits for no source to be set up.
    pollers: Option<Pollers>,
    deliver: mpsc::Sender<Batch>,
    draft: Option<Proposed>,
    /// A page of what the followed run's step prints, and how far it says it is.
    output: (Output, Option<f64>),
    /// What is wanted of the follower.
    turn: follow::Turn,
    /// Where the sources are read.
    world: tokio::runtime::Handle,
    /// Whose evidence is shown.
    why: Option<WhyOf>,
    /// What was found last in it.
    found: Option<Found>,
    replacing: Option<Waiting>,
    /// What was run, asked and told from the guide.
    desk: guide::Desk,
    /// What a dry run found.
    tried: Option<dry_run::Trying>,
    asleep: u64,
    /// When an orphan was last taken up, on the boot clock.
    taken_up: Option<u64>,
    /// The logs that are looked at.
    logs: logs::Logs,
    /// What was written to a file last.
    exported: Option<String>,
    /// The message that was filled in last, and how many were.
    composed: (Option<ComposedView>, u64),
    /// Delivers what is queued, while nobody else does.
    courier: Option<letters::Delivering>,
    /// This screen's own decider, while nobody else decides: it only records.
    records: recorder::Recorder,
    /// The newest reads of each signal.
    reads: reads::Reads,
    /// What this screen has set off of the checklists.
    deeds: checklist::Deeds,
    /// When it was rehearsed last, wall milliseconds, and the points of that.
    drilled: Option<(i64, u32)>,
    /// What was seen of the demo.
    played: Option<trouble::Played>,
}

impl Driver {
    /// Starts watching. Needs a tokio runtime; nothing here waits for any source to answer.
    pub fn start(setup: Setup) -> Driver {
        Driver::reading_on(setup, tokio::runtime::Handle::current())
    }

    /// The same, where the sources are read by another runtime: what they answer is worked off there, so that a long page
    /// holds up no key.
    pub fn reading_on(setup: Setup, world: tokio::runtime::Handle) -> Driver {
        let now = clock::now();
        let (deliver, delivered) = mpsc::channel(WAITING);
        let (see, seen) = mpsc::channel(64);
        let (tell, news) = mpsc::channel(64);
        let who = person();
        let facts = Facts {
            environment: setup.environment.clone(),
            user: who.user,
            uid: who.uid,
            login_uid: who.login_uid,
            pid: std::process::id(),
            demo: setup.demo.is_some(),
            folder: setup.folder.display().to_string(),
            read_only: setup.read_only,
        };
        let mut session = Session::new(setup.playbook.clone(), facts, &now);
        let mut follower = Follower::new(setup.folder.clone(), setup.playbook.clone());
        // What people said before counts from the first judgement on.
        match follower.decided() {
            Ok(records) => drop(session.handle(&now, Event::Decided(records))),
            Err(why) => drop(session.handle(&now, Event::Alarm(Some(why)))),
        }
        let (turn, wanted) = follow::wake(&setup.folder);
        std::thread::Builder::new()
            .name("follow".into())
            .spawn(move || follower.run(&see, &wanted))
            .expect("a thread can be started at the beginning of the program");
        let played = setup.demo.is_some().then(|| trouble::Played::since(&now));
        Driver {
            played,
            setup,
            session,
            delivered,
            seen,
            news,
            tell,
            pollers: None,
            deliver,
            draft: None,
            output: Default::default(),
            turn,
            world,
            why: None,
            found: None,
            replacing: None,
            desk: guide::Desk::default(),
            tried: None,
            asleep: asleep(&now),
            taken_up: None,
            logs: logs::Logs::default(),
            exported: None,
            composed: (None, 0),
            courier: None,
            records: recorder::Recorder::new(&now),
            reads: reads::Reads::default(),
            deeds: checklist::Deeds::new(),
            drilled: None,
        }
    }

    /// Waits for what comes next and takes it in, with all that came with it. Cancel-safe.
    pub async fn next(&mut self) -> Update {
        if self.pollers.is_none() {
            self.pollers = Some(poll(&self.setup, &self.deliver, &self.world));
            self.courier =
                (!self.setup.read_only).then(|| letters::Delivering::on(&self.world, &self.setup.folder));
        }
        let wait = std::time::Duration::from_millis(self.wait());
        enum Came {
            Batch(Batch),
            Seen(Seen),
            News(News),
            Told(Vec<Told>),
            Nothing,
        }
        let came = tokio::select! {
            Some(d) = self.delivered.recv() => Came::Batch(d),
            Some(s) = self.seen.recv() => Came::Seen(s),
            Some(n) = self.news.recv() => Came::News(n),
            told = self.records.next() => Came::Told(told),
            () = tokio::time::sleep(wait) => Came::Nothing,
        };
        self.look_around();
        let mut update = match came {
            Came::Batch(d) => self.deliver(d),
            Came::Seen(s) => self.see(s),
            Came::News(n) => self.hear(n),
            Came::Told(told) => self.told(told),
            Came::Nothing => self.tick(),
        };
        // All that is ready goes into the same picture.
        for _ in 0..WAITING {
            if matches!(update, Update::Refused(_) | Update::Accepted(_)) {
                break;
            }
            let more = if let Ok(d) = self.delivered.try_recv() {
                self.deliver(d)
            } else if let Ok(s) = self.seen.try_recv() {
                self.see(s)
            } else if let Ok(n) = self.news.try_recv() {
                self.hear(n)
            } else {
                break;
            };
            if more != Update::Changed {
                update = more;
            }
        }
        self.record();
        update
    }

    /// Leaves in order what this screen decides; waits a moment for the disk at most.
    pub async fn leave(&mut self) {
        self.records.leave().await;
    }

    /// Milliseconds until something may change by itself: never over [`IDLE`].
    fn wait(&self) -> u64 {
        let now = clock::now();
        let due = self.session.next_deadline().map_or(IDLE, |d| d.saturating_sub(now.boot));
        due.min(self.records.wait(&now)).clamp(5, IDLE)
    }

    /// What is shown now.
    pub fn view(&self) -> View {
        let now = clock::now();
        let mut view = self.session.view(&now);
        view.troubles = self.troubles();
        view.score = self.score(&now);
        view.drilled = self.drilled(&now);
        view.output.clone_from(&self.output.0);
        view.output.found.clone_from(&self.found);
        view.progress = self.output.1;
        view.exported.clone_from(&self.exported);
        view.composed.clone_from(&self.composed.0);
        for log in &mut view.logs {
            log.seen = self.logs.seen(&log.id);
        }
        view.approver = self.approver();
        self.put_on(&mut view.book, now.boot);
        view.tried = self.tried.as_ref().map(|t| t.shown.clone());
        view.why = self.why.as_ref().map(|of| self.session.why(&now, of));
        view.replacing = self.replacing.as_ref().map(|w| w.shown.clone());
        view.draft = self.draft.as_ref().map(|d| {
            let mut shown = d.shown.clone();
            let made = d.made.as_ref().and_then(|d| d.plan.as_ref());
            shown.expires_ms = made.map_or(0, |p| p.expires.left(&now));
            shown
        });
        view
    }

    /// When it was rehearsed last, and when it is to be again; none where it cannot be.
    fn drilled(&self, now: &Now) -> Option<LastDrill> {
        let drill = self.setup.playbook.drill.as_ref()?;
        let ago = |wall: i64| now.wall.saturating_sub(wall).max(0) as u64;
        let last = self.drilled.map(|(wall, points)| (ago(wall), points));
        let since = last.map_or(i64::MAX, |(ago, _)| ago as i64);
        let due_ms = drill.due_every.map(|every| (every as i64).saturating_sub(since));
        Some(LastDrill { last, due_ms })
    }

    /// Columns of a curve that ends `now`, oldest first.
    pub fn columns(
        &self,
        now: &Now,
        curve: Curve<'_>,
        window: u64,
        columns: usize,
    ) -> Vec<Option<ChartColumn>> {
        self.session.columns(now, curve, window, columns)
    }

    /// A signal in full, over a window that ends `end`.
    pub fn detail(&self, end: &Now, signal: &str, window: u64) -> SignalDetail {
        self.session.detail(end, signal, window, self.reads.newest(signal))
    }

    /// The playbook and the environment that are watched.
    fn of(&self) -> (&Playbook, &str) {
        (&self.setup.playbook, &self.setup.environment)
    }

    /// What is watched.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The session, to look at.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Does what a person asks. Never waits: what takes time answers by [`Driver::next`].
    pub fn ask(&mut self, request: Request) {
        let now = clock::now();
        if self.setup.read_only
            && !matches!(
                request,
                Request::Output { .. }
                    | Request::FindOutput { .. }
                    | Request::AskAgain
                    | Request::Why(_)
                    | Request::Logs(_)
            )
        {
            return;
        }
        match request {
            Request::Prepare { procedure, given, stops, scenario } => {
                self.prepare(&procedure, given, stops, scenario.as_deref());
            }
            Request::Succeed { run } => self.succeed(run),
            Request::CancelDraft => self.draft = None,
            Request::Override { draft, reason } => self.override_checks(&draft, &reason),
            Request::Confirm { draft, decides } => self.confirm(&draft, decides, &now),
            Request::Say { clock, choice, reason } => self.say(clock, choice, reason),
            Request::Mark { mark } => self.mark(mark),
            Request::TakeOver { reason } => self.take_over(reason),
            Request::Why(of) => self.why = of,
            Request::Beside { reason } => self.beside(reason),
            Request::TakeUp { run } => self.resume(&run),
            // The follower lives as long as the driver; without it there is nothing to be shown either.
            Request::Output { line } => drop(self.turn.send(Look::Output(line))),
            Request::FindOutput { sought, from, back } => {
                drop(self.turn.send(Look::Find { sought, from, back }))
            }
            Request::Run { seen, wish } => self.request(seen, wish),
            Request::DoItem { checklist, item } => self.do_item(checklist, item),
            Request::Probe { guide, step } => self.probe(guide, step),
            Request::StopProbes => self.stop_probes(),
            Request::List { procedure, param } => self.list(procedure, param),
            Request::PageRole { role, text } => self.page_role(role, &text),
            Request::Compose { message } => self.compose(message),
            Request::Post { message, channels, subject, body } => {
                self.post(message, channels, subject, body);
            }
            Request::PostAgain { letter } => self.post_again(letter),
            Request::Logs(logs) => self.look_at_logs(logs),
            Request::Export(form) => self.export(form),
            Request::DryRun { procedure } => self.dry_run(&procedure),
            Request::Trouble { trouble, on } => self.trouble(&trouble, on),
            // A real service's time is everybody's.
            Request::Pace { .. } | Request::EndDrill => {}
            Request::Take { note } => {
                self.append(self.session.taken_by(person(), &note, &clock::now()).into_iter().collect());
            }
            Request::Seen
            | Request::Note { .. }
            | Request::OpenIncident { .. }
            | Request::CloseIncident { .. }
            | Request::Severity { .. }
            | Request::Lead { .. }
            | Request::Join { .. }
            | Request::Flag { .. }
            | Request::Count { .. }
            | Request::Tick { .. }
            | Request::NoteItem { .. }
            | Request::WithoutItem { .. } => self.append(request.words(&self.session, &person(), &now)),
            Request::Automation { ref modes, .. } => {
                self.automate(request.words(&self.session, &person(), &now), modes);
            }
            // A poller that starts anew has no back-off.
            Request::AskAgain => self.pollers = Some(poll(&self.setup, &self.deliver, &self.world)),
        }
    }

    fn deliver(&mut self, batch: Batch) -> Update {
        let now = clock::now();
        if batch.history {
            return update(&self.session.handle(&now, Event::Earlier(batch.readings)));
        }
        self.reads.take(&self.setup.playbook, &batch);
        self.records.keep(&now, &batch.readings);
        update(&self.session.handle(&now, Event::Readings(batch.readings)))
    }

    fn see(&mut self, seen: Seen) -> Update {
        let now = clock::now();
        let event = match seen {
            Seen::Output(page, progress) => {
                self.output = (page, progress);
                return Update::Changed;
            }
            Seen::Found(found) => {
                self.found = Some(found);
                return Update::Changed;
            }
            Seen::Run { plan, records, driven } => {
                (self.output, self.found) = Default::default();
                Event::Found { plan, records, driven }
            }
            Seen::Journal { records, driven } => {
                let refused = records.iter().find_map(refused);
                let effects = self.session.handle(&now, Event::Journal { records, driven });
                return refused.map_or_else(|| update(&effects), Update::Refused);
            }
            Seen::Drilled(wall, points) => {
                self.drilled = Some((wall, points));
                return Update::Changed;
            }
            Seen::Past { procedure, verdict, wall } => Event::Past { procedure, verdict, wall },
            Seen::Trouble(why) => Event::Alarm(why),
            Seen::Decided(records) => {
                self.played.iter_mut().for_each(|p| p.take(&records));
                Event::Decided(records)
            }
            Seen::Posted(records) => {
                self.courier.iter().for_each(letters::Delivering::tell);
                Event::Posted(records)
            }
            Seen::Beat(beat) => Event::Beat(beat),
            Seen::Roles(roles) => Event::Roles(roles),
            Seen::Baselines(known) => Event::Baselines(known),
        };
        update(&self.session.handle(&now, event))
    }

    fn tick(&mut self) -> Update {
        update(&self.session.handle(&clock::now(), Event::Tick))
    }

    /// What is due on every turn, whatever brought it about: a sleep of the host is noticed before anything is judged,
    /// a run that lost its supervisor is taken up.
    fn look_around(&mut self) {
        let now = clock::now();
        let asleep = asleep(&now);
        let slept = asleep.saturating_sub(std::mem::replace(&mut self.asleep, asleep));
        if slept > SLEPT {
            self.session.handle(&now, Event::HostSlept);
            self.records.slept(&now, slept);
        }
        if !self.setup.read_only {
            self.take_up(&now);
            self.tell_troubles();
        }
    }
}

fn poll(setup: &Setup, deliver: &mpsc::Sender<Batch>, world: &tokio::runtime::Handle) -> Pollers {
    let _there = world.enter();
    sources::start(&setup.playbook, &setup.environment, deliver.clone())
}

/// Why something that was asked from here was not granted.
fn refused(record: &Record) -> Option<String> {
    let Ok(Kind::RequestHandled { request, accepted: false, why }) = Kind::read(record) else { return None };
    // The third part of a request's id is the program that asked.
    let own = request.id.split('-').nth(2) == Some(std::process::id().to_string().as_str());
    (own && request.who.uid == rustix::process::getuid().as_raw()).then_some(why)
}

fn update(effects: &[Effect]) -> Update {
    if effects.contains(&Effect::Bell) { Update::Bell } else { Update::Changed }
}

/// Milliseconds this boot has slept so far: BOOTTIME counts suspend, MONOTONIC does not.
fn asleep(now: &Now) -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.boot.saturating_sub(t.tv_sec as u64 * 1000 + t.tv_nsec as u64 / 1_000_000)
}
