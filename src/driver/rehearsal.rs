//! A drill on a screen: the play on a scaled clock, asked and shown as a real service is.

mod pace;
mod shown;

pub(super) use shown::scored;

use super::drill::{Subject, Voice, What, report};
use super::{Request, Update, draft};
use crate::clock;
use crate::drill::draft::Draft;
use crate::drill::play::{Ask, Effect, Event, Play, Settings};
use crate::drill::score::{Tape, score};
use crate::drill::stage::Speech;
use crate::model::playbook::Playbook;
use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::report::drill::one;
use crate::report::{Form, stamp};
use crate::run::Answer;
use crate::run::record::Wish;
use crate::run::sheet::sheet;
use crate::session::decision::Kind;
use crate::session::view::{ChartColumn, ComposedView, Curve, DraftView, Found, SignalDetail, WhyOf};
use crate::supervisor::ask::Told;
use crate::supervisor::drills;
use crate::supervisor::person::person;
use crate::supervisor::{outbox, resolve};
use pace::{Pace, SPEEDS};
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;

/// The longest wait for nothing, milliseconds of the wall clock.
const IDLE: u64 = 1_000;

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
    /// The message that was filled in last.
    composed: Option<ComposedView>,
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
            composed: None,
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
            Request::Compose { message } => {
                let text = self.compose(&message);
                let number = self.composed.as_ref().map_or(0, |c| c.number) + 1;
                self.composed = Some(ComposedView { number, message, text });
            }
            Request::Post { channels, subject, .. } => {
                let all = &self.of().0.channels;
                let to: Vec<&str> =
                    channels.iter().filter_map(|id| all.get(id)).map(|c| c.title.as_str()).collect();
                let text = format!("{}: {subject} (simulated: nothing was sent)", to.join(", "));
                let kind = Kind::Noted { text: clean_line(&text), who: person(), to: None };
                self.turn(Event::Ask(Ask::Word(Box::new(kind))));
            }
            Request::PostAgain { .. } => {}
            Request::Why(of) => self.why = of,
            Request::Output { line } => self.output.0 = line,
            Request::FindOutput { sought, from, back } => self.find(sought, from, back),
            Request::Pace { faster } => {
                let speed = self.pace.speed;
                let to = if faster { (speed + 1).min(SPEEDS.len() - 1) } else { speed.saturating_sub(1) };
                self.pace.set(clock::now().boot, to, self.pace.calm);
            }
            Request::EndDrill => self.again(),
            Request::Take { note } => {
                if let Some(kind) = self.play.session().taken_by(person(), &note, &self.now()) {
                    self.turn(Event::Ask(Ask::Word(Box::new(kind))));
                }
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
            | Request::WithoutItem { .. }
            | Request::Automation { .. } => {
                for kind in request.words(self.play.session(), &person(), &self.now()) {
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

    /// A message with what is known in the rehearsal filled in.
    fn compose(&self, message: &str) -> Result<(String, String), String> {
        let of = &self.subject;
        let mut context = resolve::context("message", "", None, &of.hash, std::path::Path::new("/rehearsal"));
        let open = self.play.session().decisions().incident.as_ref();
        context.incident = open.map(|i| (i.name().to_owned(), i.since.clone()));
        context.now = self.now();
        outbox::compose(of.rehearsed.playbook(), &of.environment, &context, message)
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
        let score = score(&Tape::of(&self.play), &now);
        let findings = score.wrong.clone();
        let ok = findings.is_empty() && score.verified.is_some();
        let case = format!("by hand, {case}");
        let what = What { case, chaos, seed: self.seed, who: person().user };
        let drilled = what.of(&self.play, &self.subject, (&self.began, &now), score, findings, ok);
        let doc = report(&self.play, &self.subject, &drilled).unwrap_or_else(|_| one(&drilled));
        match drills::keep(&self.root, &drilled, &records, &doc.print(Form::Markdown)) {
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

#[cfg(test)]
mod tests;
