//! A drill on a screen: the play on a scaled clock, asked and shown as a real service is.

use super::drill::{Subject, Voice, What, kept};
use super::{Request, Update, draft};
use crate::clock;
use crate::drill::draft::Draft;
use crate::drill::play::{Ask, Effect, Event, Play, Settings};
use crate::drill::score::score;
use crate::drill::stage::Speech;
use crate::model::drill::Chaos;
use crate::model::playbook::Playbook;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::report::stamp;
use crate::run::Answer;
use crate::run::record::Wish;
use crate::run::sheet::sheet;
use crate::session::decision::Kind;
use crate::session::view::{
    ChartColumn, Curve, DraftView, DrillView, Found, Output, ScoreRow, SignalDetail, TroubleView, View, WhyOf,
};
use crate::supervisor::ask::Told;
use crate::supervisor::person::person;
use crate::supervisor::resolve;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// How much faster than the wall clock time may go.
const SPEEDS: [u32; 6] = [1, 2, 5, 10, 30, 60];
/// The longest wait for nothing, milliseconds of the wall clock.
const IDLE: u64 = 1_000;
/// Lines of a page of output.
const PAGE: usize = 400;

/// Simulated time, as it follows the wall clock.
#[derive(Debug, Clone)]
struct Pace {
    /// Boot milliseconds of the real clock, and the simulated moment that belongs to them.
    from: (u64, Now),
    /// Place in [`SPEEDS`].
    speed: usize,
    /// A person reads what they may confirm: time goes as on the wall meanwhile.
    calm: bool,
}

impl Pace {
    fn speed(&self) -> u64 {
        if self.calm { 1 } else { u64::from(SPEEDS[self.speed]) }
    }

    /// The simulated moment of a boot time of the real clock.
    fn at(&self, real: u64) -> Now {
        self.from.1.plus(real.saturating_sub(self.from.0) * self.speed())
    }

    /// Goes on from here at another speed.
    fn set(&mut self, real: u64, speed: usize, calm: bool) {
        self.from = (real, self.at(real));
        (self.speed, self.calm) = (speed, calm);
    }
}

/// What was drafted, and what is shown of it.
struct Proposed {
    shown: DraftView,
    made: Draft,
    /// The run under way is stopped first.
    stops: bool,
}

/// A drill under way.
pub struct Rehearsal {
    subject: Subject,
    seed: u64,
    play: Play,
    began: Now,
    pace: Pace,
    draft: Option<Proposed>,
    /// Confirmed; it waits for the end of the run before it.
    waiting: Option<(Draft, Option<String>)>,
    why: Option<WhyOf>,
    /// The last line of the output that is wanted, and what was found in it.
    output: (Option<usize>, Option<Found>),
    say: std::sync::mpsc::Sender<Speech>,
    heard: mpsc::Receiver<(u64, Result<String, String>)>,
    /// Updates that have yet to be told.
    news: Vec<Update>,
    /// The records so far, and the state folder below which they are kept at the end.
    kept: Vec<(Option<String>, Record)>,
    root: PathBuf,
}

impl Rehearsal {
    /// Begins a drill, so many times faster than the clock on the wall (about), in which this goes wrong after so many
    /// simulated milliseconds.
    ///
    /// # Errors
    /// When the embedded service cannot be started.
    pub fn start(
        subject: Subject,
        seed: u64,
        speed: f64,
        chaos: &[(String, Millis)],
        root: PathBuf,
    ) -> std::io::Result<Rehearsal> {
        let voice = Voice::start()?;
        let (say, said) = std::sync::mpsc::channel::<Speech>();
        let (answer, heard) = mpsc::channel(16);
        std::thread::Builder::new().name("voice".into()).spawn(move || {
            for speech in said {
                if answer.blocking_send((speech.ticket, voice.speak(&speech))).is_err() {
                    return;
                }
            }
        })?;
        let speed = SPEEDS.iter().rposition(|s| f64::from(*s) <= speed).unwrap_or(0);
        let real = clock::now();
        let began = Now { boot_id: "rehearsal".into(), boot: 3_600_000, wall: real.wall };
        let mut it = Rehearsal {
            play: begin(&subject, seed, &began),
            subject,
            seed,
            pace: Pace { from: (real.boot, began.clone()), speed, calm: false },
            began,
            draft: None,
            waiting: None,
            why: None,
            output: (None, None),
            say,
            heard,
            news: Vec::new(),
            kept: Vec::new(),
            root,
        };
        it.turn(Event::Tick);
        for (id, at) in chaos {
            it.turn(Event::Chaos { id: id.clone(), on: true, onset: Some(*at) });
        }
        Ok(it)
    }

    fn now(&self) -> Now {
        self.pace.at(clock::now().boot)
    }

    /// Waits for what comes next. Cancel-safe.
    pub async fn next(&mut self) -> Update {
        if self.news.is_empty() {
            let now = self.now();
            let due = self.play.next_deadline().map(|d| d.saturating_sub(now.boot) / self.pace.speed());
            let wait = Duration::from_millis(due.unwrap_or(IDLE).clamp(5, IDLE));
            tokio::select! {
                Some((ticket, answer)) = self.heard.recv() => self.turn(Event::Spoken { ticket, answer }),
                () = tokio::time::sleep(wait) => {}
            }
            self.advance();
        }
        if self.news.is_empty() { Update::Changed } else { self.news.remove(0) }
    }

    /// Everything that was due meanwhile, each at its moment.
    fn advance(&mut self) {
        let now = self.now();
        let mut last = 0;
        while let Some(due) = self.play.next_deadline().filter(|d| *d < now.boot && *d > last) {
            last = due;
            self.moment(self.began.plus(due.saturating_sub(self.began.boot)), Event::Tick);
        }
        self.moment(now, Event::Tick);
        if self.play.run().is_none()
            && let Some((draft, decides)) = self.waiting.take()
        {
            self.turn(Event::Ask(Ask::Confirm { draft: Box::new(draft), decides }));
        }
    }

    fn turn(&mut self, event: Event) {
        self.moment(self.now(), event);
    }

    fn moment(&mut self, now: Now, event: Event) {
        for effect in self.play.handle(&now, event) {
            match effect {
                // The thread lives as long as this.
                Effect::Speak(speech) => drop(self.say.send(speech)),
                Effect::Bell => self.news.push(Update::Bell),
                Effect::Refused(why) => self.news.push(Update::Refused(why)),
                Effect::Started(run) => self.news.push(Update::Accepted(run)),
                Effect::Kept(run, record) => self.kept.push((run, record)),
            }
        }
    }

    /// What is shown now.
    pub fn view(&self) -> View {
        let now = self.now();
        let mut view = self.play.session().view(&now);
        view.environment = "simulated".into();
        view.troubles = self.troubles(&now);
        view.drill = Some(self.score(&now));
        view.why = self.why.as_ref().map(|of| self.play.session().why(&now, of));
        view.output = self.output();
        view.draft = self.draft.as_ref().map(|d| {
            let left = d.made.plan.as_ref().map_or(0, |p| p.expires.left(&now));
            DraftView { expires_ms: left, ..d.shown.clone() }
        });
        view
    }

    fn score(&self, now: &Now) -> DrillView {
        let s = score(&self.play, now);
        let row = |what: &str, took_ms, target_ms| ScoreRow { what: what.into(), took_ms, target_ms };
        let mut rows = vec![
            row("Seen", s.detected, None),
            row("Fired", s.fired, None),
            row("Decided", s.decided, None),
            row("First action", s.acted, None),
            row("Took effect", s.effect, None),
            row("Stable", s.verified, None),
            row("Told", s.told, None),
        ];
        rows.extend(s.objectives.iter().map(|o| row(&o.title, o.took, Some(o.within))));
        let ran = self.play.run().is_some() || !self.play.past().is_empty();
        DrillView {
            speed: SPEEDS[self.pace.speed],
            elapsed_ms: now.boot.saturating_sub(self.began.boot),
            rows,
            points: ran.then_some(s.points),
            automation: if ran { s.automation } else { String::new() },
            wrong: s.wrong,
        }
    }

    fn troubles(&self, now: &Now) -> Vec<TroubleView> {
        let Some(drill) = &self.play.playbook().drill else { return Vec::new() };
        let taken: Vec<char> = drill.chaos.values().filter_map(|c| c.key).collect();
        let mut spare = ('1'..='9').chain('a'..='z').filter(|c| !taken.contains(c));
        let shown = drill.chaos.iter().map(|(id, chaos)| {
            let on = self.play.world().troubles().iter().rfind(|t| t.id == *id && t.is_on());
            TroubleView {
                id: id.clone(),
                key: chaos.key.or_else(|| spare.next()).unwrap_or('?'),
                title: clean_line(if chaos.title.is_empty() { id } else { &chaos.title }),
                expects: expects(self.play.playbook(), chaos),
                cured: on.is_some_and(|t| t.cured()),
                on_ms: on.map(|t| t.since(now.boot)),
                left_ms: on.map(|t| t.left(now.boot)),
            }
        });
        shown.collect()
    }

    fn output(&self) -> Output {
        let run = self.play.run().or(self.play.past().last());
        let Some((step, attempt, text)) = run.and_then(|r| r.printed().last()) else {
            return Output::default();
        };
        let all: Vec<String> = text.lines().map(clean_line).collect();
        let end = self.output.0.map_or(all.len(), |l| (l + 1).min(all.len()));
        let before = end.saturating_sub(PAGE);
        Output {
            step: *step,
            attempt: *attempt,
            before,
            total: all.len(),
            lines: all[before..end].to_vec(),
            found: self.output.1.clone(),
        }
    }

    /// Columns of a curve that ends `now`, oldest first.
    pub fn columns(
        &self,
        now: &Now,
        curve: Curve<'_>,
        window: u64,
        columns: usize,
    ) -> Vec<Option<ChartColumn>> {
        self.play.session().columns(now, curve, window, columns)
    }

    /// A signal in full, over a window that ends `end`.
    pub fn detail(&self, end: &Now, signal: &str, window: u64) -> SignalDetail {
        self.play.session().detail(end, signal, window, Vec::new())
    }

    fn of(&self) -> (&Playbook, &str) {
        (self.subject.rehearsed.playbook(), &self.subject.environment)
    }

    /// Every procedure as it is written for a bare shell; in a drill nothing of it can be run.
    pub fn sheet(&self) -> String {
        sheet(self.of().0, self.of().1, &stamp(&self.now()))
    }

    /// Does what a person asks.
    pub fn ask(&mut self, request: Request) {
        let now = self.now();
        match request {
            Request::Prepare { procedure, given, stops, scenario } => {
                let made = self.play.draft(&now, &procedure, &given, scenario.as_deref());
                let context = made.plan.as_ref().map(|p| (p.id.clone(), p.reason.clone()));
                let (id, reason) = context.unwrap_or((format!("{procedure}-{}", now.boot), String::new()));
                let mut shown = draft::resolving(self.of(), &procedure, (&id, &person().user, &reason));
                shown.given = given;
                shown.stops = stops.as_ref().map(|run| format!("STOPS run {run} first, then starts"));
                let of = resolve::Draft {
                    plan: made.plan.clone(),
                    choices: made.choices.clone(),
                    blocked: made.blocked.clone(),
                    problems: made.problems.clone(),
                    nothing_to_do: made.nothing_to_do,
                    proof: made.proof.clone().map(|detail| {
                        (String::new(), Told { answer: Answer::Holds, detail, raw: String::new() })
                    }),
                    ..resolve::Draft::default()
                };
                draft::resolved(&mut shown, self.of(), &of, &[], Vec::new(), now.wall);
                if let Some(proof) = &made.proof {
                    shown.proof.clone_from(proof);
                }
                self.draft = Some(Proposed { shown, made, stops: stops.is_some() });
            }
            Request::Override { draft, reason } => {
                if let Some(d) = self.draft.as_mut().filter(|d| d.shown.id == draft) {
                    d.made.go_on(&reason);
                    if d.made.is_ready() {
                        d.shown.id.push_str("-overridden");
                        d.shown.override_reason = Some(clean_line(&reason));
                        d.shown.refused = None;
                    }
                }
            }
            Request::CancelDraft => self.draft = None,
            Request::Confirm { draft, decides } => {
                let ready = self.draft.take_if(|d| d.shown.id == draft && d.made.is_ready());
                let Some(d) = ready else { return };
                self.pace.set(clock::now().boot, self.pace.speed, false);
                if d.stops && self.play.run().is_some() {
                    let reason = "makes way for another procedure".into();
                    self.turn(Event::Ask(Ask::Run(None, Wish::Abort { reason })));
                    self.waiting = Some((d.made, decides));
                } else {
                    self.turn(Event::Ask(Ask::Confirm { draft: Box::new(d.made), decides }));
                }
            }
            Request::Say { clock, choice, reason } => {
                self.turn(Event::Ask(Ask::Decide { clock, choice, reason }))
            }
            Request::Run { seen, wish } => self.turn(Event::Ask(Ask::Run(seen.step, wish))),
            Request::DoItem { checklist, item } => self.turn(Event::Ask(Ask::Do { checklist, item })),
            Request::Trouble { trouble, on } => self.turn(Event::Chaos { id: trouble, on, onset: None }),
            Request::PageRole { role, text } => {
                let title = self.of().0.roles.get(&role).map(|r| r.title.clone()).unwrap_or_default();
                let detail = "simulated: nobody was told".into();
                let kind =
                    Kind::Called { role, title, text: clean_line(&text), ok: true, detail, who: person() };
                self.turn(Event::Ask(Ask::Word(Box::new(kind))));
            }
            Request::Why(of) => self.why = of,
            Request::Output { line } => self.output.0 = line,
            Request::FindOutput { sought, from, back } => self.find(sought, from, back),
            Request::Pace { faster } => {
                let speed = self.pace.speed;
                let to = if faster { (speed + 1).min(SPEEDS.len() - 1) } else { speed.saturating_sub(1) };
                self.pace.set(clock::now().boot, to, self.pace.calm);
            }
            Request::EndDrill => self.again(),
            Request::Seen
            | Request::Note { .. }
            | Request::Flag { .. }
            | Request::Count { .. }
            | Request::Tick { .. }
            | Request::NoteItem { .. }
            | Request::WithoutItem { .. }
            | Request::Automation { .. } => {
                for kind in request.words(self.play.session(), &person()) {
                    self.turn(Event::Ask(Ask::Word(Box::new(kind))));
                }
            }
            // It would reach out, or there is nothing to reach.
            Request::Probe { .. } | Request::List { .. } | Request::DryRun { .. } | Request::Export(_) => {
                self.news.push(Update::Refused("In a drill nothing real is asked, run or written.".into()));
            }
            Request::Succeed { .. }
            | Request::Mark { .. }
            | Request::TakeOver { .. }
            | Request::Beside { .. }
            | Request::TakeUp { .. }
            | Request::StopProbes
            | Request::Logs(_)
            | Request::AskAgain => {}
        }
        if self.pace.calm != self.draft.is_some() {
            self.pace.set(clock::now().boot, self.pace.speed, self.draft.is_some());
        }
    }

    /// Looks for a line of the output.
    fn find(&mut self, sought: String, from: Option<usize>, back: bool) {
        let run = self.play.run().or(self.play.past().last());
        let text = run.and_then(|r| r.printed().last()).map(|(.., text)| text.clone()).unwrap_or_default();
        let hits: Vec<usize> =
            text.lines().enumerate().filter(|(_, l)| l.contains(&sought)).map(|(i, _)| i).collect();
        let line = match (from, back) {
            (None, _) => hits.last().copied(),
            (Some(at), false) => hits.iter().find(|l| **l > at).or(hits.first()).copied(),
            (Some(at), true) => hits.iter().rev().find(|l| **l < at).or(hits.last()).copied(),
        };
        let nth = line.and_then(|l| hits.iter().position(|h| *h == l)).map_or(0, |at| at + 1);
        self.output.1 = Some(Found { sought, line, nth, of: hits.len() });
    }

    /// Keeps the drill with its score. One in which nothing went wrong and nothing ran is none.
    fn keep(&mut self) {
        let records = std::mem::take(&mut self.kept);
        let troubles = self.play.world().troubles();
        let chaos: Vec<String> = troubles.iter().filter(|t| t.begun()).map(|t| t.id.clone()).collect();
        let run = self.play.past().last().or(self.play.run());
        let Some(case) = run.map(|r| r.plan().procedure.id.clone()).or(chaos.first().cloned()) else {
            return;
        };
        let now = self.now();
        let score = score(&self.play, &now);
        let findings = score.wrong.clone();
        let ok = findings.is_empty() && score.verified.is_some();
        let what = What { case: format!("by hand, {case}"), chaos, seed: self.seed };
        let drilled = what.of(&self.play, &self.subject, (&self.began, &now), score, findings, ok);
        match kept::keep(&self.root, &drilled, &records) {
            Ok(_) => {}
            Err(e) => self.news.push(Update::Refused(format!("The drill could not be kept: {e}"))),
        }
    }

    /// Leaves: the drill is over.
    pub fn leave(&mut self) {
        self.keep();
    }

    /// Ends the drill and begins anew, with a sound service.
    fn again(&mut self) {
        self.keep();
        self.began = self.now();
        self.seed += 1;
        self.play = begin(&self.subject, self.seed, &self.began);
        (self.draft, self.waiting, self.why) = (None, None, None);
        self.output = (None, None);
        self.turn(Event::Tick);
    }
}

fn begin(subject: &Subject, seed: u64, now: &Now) -> Play {
    let settings = Settings {
        environment: subject.environment.clone(),
        seed,
        hash: subject.hash.clone(),
        user: person(),
        shown: true,
    };
    Play::new(&subject.rehearsed, settings, now)
}

/// What ought to come of a trouble, in words.
fn expects(playbook: &Playbook, chaos: &Chaos) -> String {
    let title = |id: &String| playbook.triggers.get(id).map_or(id.clone(), |t| t.title.clone());
    let within = |ms: Option<Millis>| {
        ms.map(|ms| format!(" in {}", crate::model::condition::duration(ms))).unwrap_or_default()
    };
    match &chaos.expect {
        Some(e) => match &e.trigger {
            Some(id) => format!("expects {}{}", clean_line(&title(id)), within(e.within)),
            None => "expects nothing to fire".into(),
        },
        None if !chaos.fail_steps.is_empty() => format!("fails {}", chaos.fail_steps.join(", ")),
        None if !chaos.fail_channels.is_empty() => format!("deaf: {}", chaos.fail_channels.join(", ")),
        None => String::new(),
    }
}
