//! A whole rehearsal in simulated time: automation, people, failures.

use super::*;
use crate::drill::cases::Twist;
use crate::drill::rehearsed;
use crate::drill::rehearsed::TWIST;
use crate::drill::robot::{Goal, Robot};
use crate::drill::score::{Tape, score};
use crate::run::Verdict;

const SHOP: &str = include_str!("../../../tests/fixtures/drill/shop.toml");

fn start() -> Now {
    Now { boot: 3_600_000, boot_id: "rehearsal".into(), wall: 1_790_000_000_000 }
}

struct Told {
    play: Play,
    robot: Robot,
    now: Now,
    kept: Vec<(Option<String>, Record)>,
    spoken: Vec<Speech>,
}

/// Plays for some minutes.
fn played(twist: &Twist, chaos: &[(&str, Millis)], goal: Goal, minutes: u64) -> Told {
    let playbook = crate::config::playbook::parse(SHOP, "shop.toml").unwrap().playbook;
    let rehearsed = rehearsed(&playbook).twisted(twist);
    let user = Person { user: "ana".into(), uid: 1000, login_uid: Some(1000), ..Person::default() };
    let settings = Settings { environment: "staging".into(), seed: 7, user, ..Settings::default() };
    let now = start();
    let mut it = Told {
        play: Play::new(&rehearsed, settings, &now),
        robot: Robot::new(goal, &now),
        now,
        kept: Vec::new(),
        spoken: Vec::new(),
    };
    for (id, at) in chaos {
        it.turn(Event::Chaos { id: (*id).to_owned(), on: true, onset: Some(*at) });
    }
    let end = start().boot + minutes * 60_000;
    while it.now.boot < end {
        if let Some(ask) = it.robot.act(&it.now, &mut it.play) {
            it.turn(Event::Ask(ask));
        }
        let next = it.play.next_deadline().into_iter().chain(it.robot.next()).min().unwrap();
        it.now = it.now.plus(next.saturating_sub(it.now.boot).max(1));
        it.turn(Event::Tick);
    }
    it
}

impl Told {
    fn turn(&mut self, event: Event) {
        let mut events = vec![event];
        while let Some(event) = events.pop() {
            for effect in self.play.handle(&self.now, event) {
                match effect {
                    Effect::Speak(speech) => {
                        let good = speech.good.then(|| "200".to_owned());
                        let (ticket, answer) = (speech.ticket, good.ok_or("503".to_owned()));
                        events.push(Event::Spoken { ticket, answer });
                        self.spoken.push(speech);
                    }
                    Effect::Kept(run, record) => self.kept.push((run, record)),
                    Effect::Refused(why) => panic!("{why}"),
                    Effect::Bell | Effect::Started(_) => {}
                }
            }
        }
    }

    fn verdict(&self) -> Option<Verdict> {
        self.play.past().last().and_then(|r| r.view().verdict)
    }
}

fn by_hand(id: &str) -> Goal {
    Goal::Procedure { id: id.into(), scenario: None, after: 5_000 }
}

#[test]
fn automation_fires_acts_and_verifies_and_is_measured() {
    let it = played(&Twist::None, &[("errors", 60_000)], Goal::Watch, 10);
    assert_eq!(it.verdict(), Some(Verdict::Verified));
    let s = score(&Tape::of(&it.play), &it.now);
    assert_eq!(s.trigger.as_deref(), Some("errors"));
    assert!(s.detected.unwrap() <= 10_000, "{s:?}");
    assert!(s.fired.unwrap() >= 30_000 && s.fired.unwrap() <= 45_000, "{s:?}");
    assert!(s.acted >= s.fired && s.effect > s.acted && s.verified > s.effect && s.told.is_some(), "{s:?}");
    assert!(s.automation.contains("by itself") && s.automation.contains("kept"), "{}", s.automation);
    assert!(s.objectives.iter().all(|o| o.kept) && s.wrong.is_empty() && s.points == 100, "{s:?}");
    assert_eq!(it.spoken.len(), 1, "the request is really spoken");
    assert_eq!(it.spoken[0].what.path.0, "/api/annotations");
}

#[test]
fn its_records_are_chained_and_the_same_seed_gives_the_same() {
    let one = || played(&Twist::None, &[("errors", 60_000)], Goal::Watch, 10).kept;
    let (a, b) = (one(), one());
    assert_eq!(a, b);
    let decided: Vec<&Record> = a.iter().filter(|(run, _)| run.is_none()).map(|(_, r)| r).collect();
    assert!(decided.len() > 8);
    for pair in decided.windows(2) {
        let line = serde_json::to_vec(pair[0]).unwrap();
        assert_eq!(pair[1].prev, crate::drill::ledger::hash(&line));
        assert_eq!(pair[1].seq, pair[0].seq + 1);
    }
}

#[test]
fn a_procedure_by_hand_waits_for_its_list_its_answer_and_other_people() {
    let it = played(&Twist::None, &[], by_hand("asked"), 10);
    assert_eq!(it.verdict(), Some(Verdict::Verified), "{:?}", it.robot.refused());
    let run = it.play.past().last().unwrap();
    assert_eq!(run.state().given.len(), 1, "the lead agreed");
    assert!(run.plan().checklists[0].open().next().is_none(), "the list was worked before");
    assert!(it.robot.overridden().is_empty());
    let s = score(&Tape::of(&it.play), &it.now);
    assert_eq!(s.items, (3, 3));
    let spoken: Vec<(&str, bool)> = it.spoken.iter().map(|s| (s.what.path.0.as_str(), s.good)).collect();
    assert_eq!(
        spoken,
        [("/health", true), ("/health?deep=1", true)],
        "a check once, a criterion when it changes"
    );
}

#[test]
fn a_step_that_fails_is_a_run_that_failed_and_people_are_told() {
    let it = played(&Twist::None, &[("stuck", 0), ("errors", 60_000)], Goal::Watch, 10);
    assert_eq!(it.verdict(), Some(Verdict::Failed));
    let escalated = it.play.decided().iter().any(|r| r.kind == "Escalated");
    assert!(escalated, "a failed automatic run escalates");
    assert_eq!(it.play.past().len(), 1, "and nothing is tried again by itself");
}

#[test]
fn what_goes_on_being_wrong_is_not_verified() {
    let it = played(&Twist::Incurable, &[("errors", 60_000)], Goal::Watch, 20);
    assert_eq!(it.verdict(), Some(Verdict::Abandoned));
    assert!(it.play.past()[0].state().unverified.is_some());
    assert!(score(&Tape::of(&it.play), &it.now).verified.is_none());
}

#[test]
fn a_channel_that_takes_nothing_holds_up_no_rollback_and_is_on_record() {
    let it = played(&Twist::None, &[("deaf", 0), ("errors", 60_000)], Goal::Watch, 10);
    assert_eq!(it.verdict(), Some(Verdict::Verified));
    let run = it.play.past().last().unwrap();
    let tell = run.plan().steps.iter().find(|s| s.step.name.starts_with("Tell")).unwrap();
    let failure = run.state().steps[tell.number - 1].failure().unwrap();
    assert!(failure.contains("Nobody hears"), "{failure}");
    assert!(score(&Tape::of(&it.play), &it.now).told.is_none());
}

#[test]
fn nothing_to_choose_from_is_refused_before_the_first_change() {
    let twist = Twist::Unlisted("back".into(), "version".into());
    let it = played(&twist, &[], by_hand("back"), 3);
    assert!(it.play.past().is_empty() && it.play.run().is_none());
    assert!(it.robot.refused().unwrap().contains("version"), "{:?}", it.robot.refused());
    assert_eq!(it.play.world().state()["canary"], crate::drill::world::read(None, "25%"));
}

#[test]
fn what_should_not_fire_does_not() {
    let it = played(&Twist::None, &[("few", 30_000)], Goal::Watch, 5);
    let s = score(&Tape::of(&it.play), &it.now);
    assert!(s.fired.is_none() && s.wrong.is_empty() && it.play.past().is_empty());
}

#[test]
fn a_twist_fails_the_step_it_names() {
    let twist = Twist::Fails(vec!["asked.down".into()]);
    let it = played(&twist, &[(TWIST, 0)], by_hand("asked"), 10);
    assert_eq!(it.verdict(), Some(Verdict::Failed));
}
