//! Rehearsals without a screen: a play and its robot in simulated time, which jumps from deadline to deadline.

mod voice;

pub use voice::Voice;

use crate::clock;
use crate::drill::cases::{Case, Hope, Twist, judged};
use crate::drill::play::{Ask, Effect, Event, Play, Settings};
use crate::drill::rehearsed::TWIST;
use crate::drill::robot::{Goal, Robot};
use crate::drill::score::{Tape, score};
use crate::drill::{Rehearsed, rehearsed};
use crate::model::rehearsal::{Drilled, Score};
use crate::model::text::clean_line;
use crate::model::time::{Millis, Now};
use crate::report::drill::full;
use crate::report::{Doc, Known};
use crate::run::plan::Person;
use crate::session::outbox::Outbox;
use crate::supervisor::person::person;

/// The longest rehearsal, simulated milliseconds.
const LONGEST: Millis = 6 * 3_600_000;
/// Milliseconds that are looked on after the last thing happened.
const AFTER: Millis = 15_000;
/// Turns at one moment, after which a rehearsal stands still.
const STILL: u32 = 10_000;

/// A playbook, ready to be rehearsed.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The playbook, rehearsed.
    pub rehearsed: Rehearsed,
    /// SHA-256 of its bytes.
    pub hash: String,
    /// The environment.
    pub environment: String,
}

impl Subject {
    /// A playbook that was resolved for the environment of its `[drill]`.
    pub fn new(playbook: &crate::model::playbook::Playbook, hash: &str, environment: &str) -> Subject {
        Subject { rehearsed: rehearsed(playbook), hash: hash.to_owned(), environment: environment.to_owned() }
    }
}

/// What came of one rehearsal.
pub struct Played {
    /// What is kept of it.
    pub drilled: Drilled,
    /// Its records, those of its decisions (no run) and of its runs.
    pub kept: Vec<(Option<String>, crate::model::record::Record)>,
    /// What happened, oldest first: simulated milliseconds from the beginning, and the line.
    pub told: Vec<(Millis, String)>,
    /// Its report, where one was asked for; or why there is none.
    pub report: Option<Result<Doc, String>>,
}

/// What makes two rehearsals of one case the same, to the last byte of their reports.
#[derive(Debug, Clone, Default)]
pub struct Setting {
    /// Seed of all noise.
    pub seed: u64,
    /// When it begins, wall milliseconds; now where none is given.
    pub wall: Option<i64>,
    /// Who rehearses; the person behind this process where nobody is given.
    pub who: Option<String>,
    /// A report is wanted.
    pub report: bool,
}

impl Setting {
    fn person(&self) -> Person {
        match &self.who {
            Some(name) => Person { user: clean_line(name), uid: REHEARSER, ..Person::default() },
            None => person(),
        }
    }
}

/// Account number of somebody who rehearses under a given name.
const REHEARSER: u32 = 1000;

/// The report of a rehearsal.
///
/// # Errors
/// A record that is none of its log's; in words.
pub(super) fn report(play: &Play, subject: &Subject, drilled: &Drilled) -> Result<Doc, String> {
    let runs = play.past().iter().chain(play.run()).map(|stage| (stage.plan(), stage.records()));
    full(
        drilled,
        &Known {
            playbook: Some(play.playbook()),
            service: &drilled.service,
            environment: &subject.environment,
            runs: runs.collect(),
            decided: play.decided(),
            // What is told in a drill is a step, or a record of the decisions: nothing is queued.
            outbox: Some(&Outbox::default()),
            samples: Some(play.samples()),
            drill: Some(drilled),
        },
    )
}

/// What a drill is about.
pub(super) struct What {
    /// In words.
    pub(super) case: String,
    /// Ids of what goes wrong.
    pub(super) chaos: Vec<String>,
    /// Seed of all noise.
    pub(super) seed: u64,
    /// Who rehearsed.
    pub(super) who: String,
}

impl What {
    /// What is kept of it. `span` is when it began and ended, on its own clock.
    pub(super) fn of(
        self,
        play: &Play,
        subject: &Subject,
        (began, ended): (&Now, &Now),
        score: Score,
        findings: Vec<String>,
        ok: bool,
    ) -> Drilled {
        let run = play.past().last().or(play.run());
        let stamp = jiff::Timestamp::from_millisecond(began.wall).unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let slug: String = self.case.chars().map(plain).collect();
        Drilled {
            id: format!("{}-{}", stamp.strftime("%Y%m%d-%H%M%S"), slug.trim_matches('-')),
            service: subject.rehearsed.playbook().service.name.clone(),
            environment: subject.environment.clone(),
            case: self.case,
            wall: began.wall,
            lasted: ended.boot - began.boot,
            seed: self.seed,
            chaos: self.chaos,
            procedure: run.map(|r| r.plan().procedure.id.clone()),
            who: self.who,
            ok,
            findings,
            score,
        }
    }
}

/// Carries out one case. Requests are sent by `voice`, where there is one.
pub fn play(subject: &Subject, case: &Case, setting: &Setting, voice: Option<&Voice>) -> Played {
    let rehearsed = subject.rehearsed.twisted(&case.twist);
    let wall = setting.wall.unwrap_or_else(|| clock::now().wall);
    let began = Now { boot_id: "rehearsal".into(), boot: 3_600_000, wall };
    let (seed, user) = (setting.seed, setting.person());
    let settings = Settings {
        environment: subject.environment.clone(),
        seed,
        hash: subject.hash.clone(),
        user: user.clone(),
        shown: false,
    };
    let mut it = Loop {
        play: Play::new(&rehearsed, settings, &began),
        robot: Robot::new(case.goal.clone(), &began),
        voice,
        kept: Vec::new(),
        refused: Vec::new(),
        now: began.clone(),
    };
    it.turn(Event::Tick);
    let twisted = matches!(case.twist, Twist::Fails(_) | Twist::Deaf).then(|| (TWIST.to_owned(), 0));
    for (id, at) in case.chaos.iter().cloned().chain(twisted) {
        it.turn(Event::Chaos { id, on: true, onset: Some(at) });
    }
    let why = it.finish(case, &began);
    let now = it.now.clone();
    let result = score(&Tape::of(&it.play), &now);
    let mut findings = judged(case, &it.play, &it.robot, &result);
    findings.extend(why);
    findings.extend(it.refused.iter().map(|r| format!("refused: {r}")));
    let ok = findings.is_empty();
    findings.extend(it.robot.overridden().iter().map(|o| format!("went on all the same: {o}")));
    let chaos = case.chaos.iter().map(|(id, _)| id.clone()).collect();
    let what = What { case: case.name.clone(), chaos, seed, who: user.user };
    let drilled = what.of(&it.play, subject, (&began, &now), result, findings, ok);
    let told = it.play.session().timeline().map(|h| ((h.wall - began.wall).max(0) as Millis, h.text.clone()));
    let mut told: Vec<(Millis, String)> = told.collect();
    for stage in it.play.past().iter().chain(it.play.run()) {
        let story = stage.records().iter().filter_map(|r| {
            let told = crate::run::story::tell(stage.plan(), r).ok().flatten()?;
            Some(((r.at.wall - began.wall).max(0) as Millis, format!("{} {}", told.kind, told.text)))
        });
        told.extend(story);
    }
    told.sort_by_key(|(at, _)| *at);
    let report = setting.report.then(|| report(&it.play, subject, &drilled));
    Played { drilled, kept: it.kept, told, report }
}

struct Loop<'v> {
    play: Play,
    robot: Robot,
    voice: Option<&'v Voice>,
    kept: Vec<(Option<String>, crate::model::record::Record)>,
    /// What the operator asked for and was refused.
    refused: Vec<String>,
    now: Now,
}

impl Loop<'_> {
    /// One event, and what follows of it at this moment.
    fn turn(&mut self, event: Event) {
        let by_operator = matches!(event, Event::Ask(Ask::Confirm { .. }) | Event::Chaos { .. });
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in self.play.handle(&self.now, event) {
                match effect {
                    Effect::Speak(speech) => {
                        let answer = match self.voice {
                            Some(voice) => voice.speak(&speech),
                            None if speech.good => Ok("not sent".to_owned()),
                            None => Err("not sent".to_owned()),
                        };
                        events.push(Event::Spoken { ticket: speech.ticket, answer });
                    }
                    Effect::Kept(run, record) => self.kept.push((run, record)),
                    Effect::Refused(why) if by_operator => self.refused.push(why),
                    Effect::Refused(_) | Effect::Bell | Effect::Started(_) => {}
                }
            }
        }
    }

    /// Goes on until the case is over; why it had to be broken off.
    fn finish(&mut self, case: &Case, began: &Now) -> Option<String> {
        let mut quiet: Option<Millis> = None;
        let mut still = 0;
        loop {
            // One thing at a time: the next one comes when its time has come.
            if let Some(ask) = self.robot.act(&self.now, &mut self.play) {
                self.turn(Event::Ask(ask));
            }
            let passed = self.now.boot - began.boot;
            if self.is_over(case) {
                let since = *quiet.get_or_insert(self.now.boot);
                if self.now.boot >= since + AFTER {
                    return None;
                }
            } else {
                quiet = None;
            }
            if passed > LONGEST {
                return Some(format!("it did not end within {} h", LONGEST / 3_600_000));
            }
            let next = [self.play.next_deadline(), self.robot.next(), quiet.map(|at| at + AFTER)];
            let next = next.into_iter().flatten().min().unwrap_or(self.now.boot + 1_000);
            still = if next <= self.now.boot { still + 1 } else { 0 };
            if still > STILL {
                return Some("it stands still: something is due again and again at one moment".to_owned());
            }
            // At least a moment passes, so that what is due is over.
            let step = next.saturating_sub(self.now.boot).max(u64::from(still > 0) * 10);
            self.now = self.now.plus(step);
            self.turn(Event::Tick);
        }
    }

    /// Nothing more is to come of this case.
    fn is_over(&self, case: &Case) -> bool {
        let run = self.play.run();
        let free = run.is_none_or(|r| r.state().guarding.is_some());
        let ran = !self.play.past().is_empty() || run.is_some();
        let troubles = self.play.world().troubles();
        let begun = troubles.iter().all(|t| t.begun());
        match (&case.goal, &case.hope) {
            (Goal::Procedure { .. }, _) => {
                self.robot.is_done() && free && (ran || self.robot.refused().is_some())
            }
            (Goal::Await { .. }, _) => begun && free && (ran || self.robot.refused().is_some()),
            (Goal::Watch, Hope::Fires(trigger, _)) => {
                let acts = self.play.playbook().triggers.get(trigger).is_some_and(|t| t.procedure.is_some());
                let over = troubles.iter().all(|t| !t.is_on());
                begun && free && ((acts && ran) || over)
            }
            (Goal::Watch, _) => begun && free && troubles.iter().all(|t| !t.is_on()),
        }
    }
}
