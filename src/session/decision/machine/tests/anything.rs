//! Whatever happens, in any order: triggers, people, crashes, epochs, sleeps, reboots and clock steps.

use super::rules::Counts;
use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;

#[derive(Debug, Clone)]
enum Act {
    /// Seconds pass, and whoever lives hears.
    Pass(u64),
    /// A trigger's condition.
    Is(usize, Truth),
    /// A stage of the traffic.
    Stage(u8),
    /// A person says something, now or between the next effects.
    Person(u8, usize),
    /// A person starts a run.
    Run,
    /// The run that goes on ends.
    End(bool),
    /// The program dies after so many effects, the last one's answer lost or not.
    Die(usize, bool),
    /// Another program takes over; the one before goes on and does not know.
    Begin(bool),
    /// The host sleeps for so many seconds.
    Sleep(u64),
    /// The host boots again after so many seconds; its wall clock set back by a day.
    Boot(u64, bool),
    /// The wall clock is stepped by so many minutes.
    Step(i64),
    /// Runs are refused; plans cannot be frozen, or come to something else.
    World(u8),
}

fn any_act() -> impl Strategy<Value = Act> {
    let truth = prop_oneof![4 => Just(Truth::True), 3 => Just(Truth::False), 1 => Just(Truth::Unknown)];
    prop_oneof![
        10 => (1u64..200).prop_map(Act::Pass),
        8 => (0usize..6, truth).prop_map(|(t, truth)| Act::Is(t, truth)),
        1 => (0u8..4).prop_map(Act::Stage),
        5 => (0u8..14, 0usize..6).prop_map(|(p, n)| Act::Person(p, n)),
        1 => Just(Act::Run),
        4 => prop::bool::weighted(0.8).prop_map(Act::End),
        2 => (0usize..8, any::<bool>()).prop_map(|(n, a)| Act::Die(n, a)),
        2 => prop::bool::weighted(0.8).prop_map(Act::Begin),
        1 => (1u64..300).prop_map(Act::Sleep),
        1 => (20u64..300, prop::bool::weighted(0.2)).prop_map(|(s, back)| Act::Boot(s, back)),
        1 => (-90i64..90).prop_map(Act::Step),
        1 => (0u8..6).prop_map(Act::World),
    ]
}

const IDS: [&str; 6] = ["errors", "slow", "gate", "two", "tell", "odd"];

fn triggers() -> Vec<(&'static str, Trigger)> {
    let often = |t: Trigger| Trigger { cooldown: MINUTE, max_attempts: 2, per: 10 * MINUTE, ..t };
    vec![
        ("errors", often(auto())),
        (
            "slow",
            Trigger { hold: 10_000, keep_firing_for: 10_000, mode: Automation::Shadow, ..often(auto()) },
        ),
        ("gate", often(decide(2 * MINUTE, None, DefaultAction::Act))),
        ("two", often(decide(MINUTE, Some(3 * MINUTE), DefaultAction::Act))),
        ("tell", decide(MINUTE, None, DefaultAction::Escalate)),
        (
            "odd",
            Trigger { approval: vec!["qa".into(), "lead".into()], ..trigger(Cell::Ask, DefaultAction::Act) },
        ),
    ]
}

/// What a person may say now.
fn word(w: &World, which: u8) -> Option<Kind> {
    let clock = w.state.open_clocks().last().map(|c| c.id.clone());
    let (qa, lead) = (&["qa"][..], &["lead"][..]);
    let back = || Choice::RollBack { procedure: "back".into(), run: None };
    Some(match which {
        0 => set(None, Automation::Off),
        1 | 2 => set(None, Automation::Armed),
        3 => set(Some("errors"), Automation::Off),
        4 => set(Some("errors"), Automation::Armed),
        5 => set(Some("slow"), Automation::Armed),
        6 | 7 => acked(w.state.firings.last()?.0),
        8 => said(&clock?, Choice::Extend(5 * MINUTE), person("ana", 2), &[]),
        9 => said(&clock?, Choice::Hold, person("ana", 2), &[]),
        10 => said(&clock?, back(), person("ana", 2), qa),
        11 => said(&clock?, back(), person("ben", 3), lead),
        12 => Kind::IncidentClosed {
            incident: w.state.incident.as_ref()?.id.clone(),
            who: Some(person("ana", 2)),
            reason: "r".into(),
        },
        _ => Kind::Noted { text: "n".into(), who: person("ana", 2), to: None },
    })
}

struct Play {
    w: World,
    programs: Vec<Program>,
    runs: usize,
}

impl Play {
    fn new() -> Play {
        let mut w = World::new(&triggers());
        let programs = vec![w.begin(true)];
        Play { w, programs, runs: 0 }
    }

    /// Everybody hears; a host without any program gets one.
    fn turn(&mut self) {
        if self.programs.iter().all(|p| p.dead) {
            self.w.fuel = None;
            self.programs = vec![self.w.begin(true)];
        }
        for p in self.programs.iter_mut().filter(|p| !p.dead) {
            self.w.hear(p);
        }
    }

    fn pass(&mut self, seconds: u64) {
        let until = self.w.real + seconds * 1_000;
        while self.w.real < until {
            self.w.pass((until - self.w.real).min(5_000));
            self.turn();
        }
    }

    fn act(&mut self, act: &Act) {
        let w = &mut self.w;
        match *act {
            Act::Pass(seconds) => self.pass(seconds),
            Act::Is(t, truth) => w.is(IDS[t], truth),
            Act::Stage(stage) => {
                let cells = [Cell::Watch, Cell::Ask, w.playbook.triggers["gate"].act, Cell::Auto];
                w.cells.insert("gate".into(), (cells[usize::from(stage)], Some(u32::from(stage))));
            }
            Act::Person(which, between) => {
                let Some(kind) = word(w, which) else { return };
                match between {
                    0..3 => {
                        let _ = w.append(&kind);
                    }
                    n => w.interject = Some((w.performed + n - 3, kind)),
                }
            }
            Act::Run if w.running().is_none() => {
                self.runs += 1;
                w.runs.insert(format!("1121-p{}", self.runs), false);
            }
            Act::Run => {}
            Act::End(ok) => {
                if let Some(run) = w.running() {
                    w.over(&run, ok);
                }
            }
            Act::Die(n, answered) => w.fuel = Some((n, answered)),
            Act::Begin(acts) => {
                let p = w.begin(acts);
                self.programs.push(p);
                if self.programs.len() > 3 {
                    self.programs.remove(0);
                }
            }
            Act::Sleep(seconds) => {
                w.pass(seconds * 1_000);
                w.heard.clear();
                for p in self.programs.iter_mut().filter(|p| !p.dead) {
                    w.tell(p, Event::HostSlept(seconds * 1_000));
                }
            }
            Act::Boot(seconds, back) => {
                let day = if back { 86_400_000 } else { 0 };
                w.real += seconds * 1_000;
                let wall = w.now.wall + seconds as i64 * 1_000 - day;
                w.now = Now { boot: 15_000, boot_id: format!("{}b", w.now.boot_id), wall };
                w.heard.clear();
                self.programs.clear();
            }
            Act::Step(minutes) => {
                w.now.wall += minutes * 60_000;
                // A step that no record saw cannot be told from time that has passed, once the host boots again.
                w.say(Kind::Noted { text: "stepped".into(), who: person("ana", 2), to: None });
            }
            Act::World(0) => w.refuses = Some("prove fails".into()),
            Act::World(1) => w.plan = Err("no version".into()),
            Act::World(2) => w.plan = Ok(("a".into(), "b".into(), "other".into())),
            Act::World(_) => {
                w.refuses = None;
                w.plan = Ok(("a".into(), "b".into(), "hash".into()));
            }
        }
    }

    /// The trouble is over; one watcher lives.
    fn settle(&mut self) {
        IDS.iter().for_each(|id| self.w.is(id, Truth::False));
        (self.w.fuel, self.w.interject) = (None, None);
        if let Some(run) = self.w.running() {
            self.w.over(&run, true);
        }
        self.programs = vec![self.w.begin(true)];
        self.pass(180);
        let p = &self.programs[0].machine;
        assert!(self.w.state.firings.values().all(|f| f.owed.is_empty()), "people are owed a word");
        let open = self.w.state.attempts.values().flatten().filter(|a| a.ended.is_none());
        assert_eq!(open.count(), 0, "what became of every automatic run is on record");
        assert!(
            p.flights.is_empty() && p.unwritten.is_empty() && p.starting.is_empty() && p.freezing.is_empty()
        );
        assert_eq!(p.state(), &self.w.state);
        assert_eq!(Decisions::fold(&self.w.log).as_ref(), Ok(&self.w.state));
    }
}

#[test]
fn no_rule_is_broken_whatever_happens() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let (total, acts) = (RefCell::new(Counts::default()), RefCell::new(0));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let timeline = prop::collection::vec(any_act(), 1..60);
    // What is to be ruled out must have been possible: chance alone does not bring all of it in a few timelines.
    let possible = |t: &Counts| {
        let often = t.acted > 30 && t.defaults > 10 && t.withheld > 5 && t.escalated > 30;
        often && t.closed.iter().all(|n| *n > 0)
    };
    for _ in 0..10 {
        let done = runner.run(&timeline, |timeline| {
            let mut play = Play::new();
            timeline.iter().for_each(|act| play.act(act));
            play.settle();
            play.w.check(&mut total.borrow_mut());
            *acts.borrow_mut() += timeline.len();
            Ok(())
        });
        println!("{} happenings: {:?}", acts.borrow(), total.borrow());
        done.unwrap_or_else(|e| panic!("{e}"));
        if possible(&total.borrow()) {
            return;
        }
    }
    panic!("every way to act, and to end a clock, should have come: {:?}", total.borrow());
}

#[test]
fn a_simulated_week() {
    let mut play = Play::new();
    let mut dice = 7u64;
    let week = 7 * 86_400;
    let mut second = 0;
    while second < week {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let roll = dice >> 33;
        let truth = [Truth::False, Truth::True, Truth::Unknown, Truth::False][(roll / 8 % 4) as usize];
        play.w.is(IDS[(roll % 6) as usize], truth);
        if roll.is_multiple_of(3)
            && let Some(run) = play.w.running()
        {
            play.w.over(&run, !roll.is_multiple_of(5));
        }
        if roll.is_multiple_of(7)
            && let Some(kind) = word(&play.w, (roll / 16 % 14) as u8)
        {
            let _ = play.w.append(&kind);
        }
        let more = 15 + roll % 8 * 15;
        for _ in 0..more / 15 {
            play.w.pass(15_000);
            play.turn();
        }
        second += more;
    }
    play.settle();
    let mut counts = Counts::default();
    play.w.check(&mut counts);
    println!("a week: {} records, {counts:?}", play.w.log.len());
    let state = &play.w.state;
    assert!(counts.fired > 500 && counts.acted > 50, "{counts:?}");
    assert!(state.firings.len() <= crate::session::decision::KEPT, "what is over is forgotten");
    assert!(state.clocks.len() <= 2 * state.firings.len());
}
