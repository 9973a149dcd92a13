//! Items that judge themselves, and the end of a run, in simulated time.

use super::super::items::{BLIND, CALM};
use super::*;
use crate::model::playbook::{Checklist, Item, ItemDoes, Moment};
use crate::model::probe::{Ask, Probe};
use crate::run::Answer;

/// A world with a list before whose second item judges itself, and a list after.
fn listed() -> (World, Program) {
    let mut w = World::new(&[("errors", trigger(Cell::Watch, DefaultAction::Escalate))]);
    let ask = Ask::File("/x".into());
    let judge = ItemDoes::Judge(Probe {
        ask,
        expect: Default::default(),
        within: None,
        every: 1_000,
        rehearse: None,
    });
    let item = |does| Item { text: "t".into(), roles: Vec::new(), required: true, does };
    for (id, moment) in [("before", Moment::Before), ("after", Moment::After)] {
        let items = vec![item(None), item(Some(judge.clone()))];
        w.playbook.checklists.insert(id.into(), Checklist { title: id.into(), moment, due: None, items });
    }
    w.rules = Rules::of(&w.playbook, "prod");
    let p = w.begin(true);
    (w, p)
}

fn say(w: &mut World, p: &mut Program, answer: Answer, ms: Millis) {
    for _ in 0..ms / 1000 {
        w.pass(1000);
        let said = ItemSaid { checklist: "before".into(), item: 2, answer, detail: "seen".into() };
        w.tell(p, Event::Items(vec![said]));
        w.hear(p);
    }
}

fn answers(w: &World) -> Vec<Answer> {
    let of = |k| match k {
        Kind::ItemJudged { item: 2, answer, .. } => Some(answer),
        _ => None,
    };
    w.kinds().into_iter().filter_map(of).collect()
}

#[test]
fn only_a_change_is_recorded_and_only_one_that_stays() {
    let (mut w, mut p) = listed();
    say(&mut w, &mut p, Answer::Holds, CALM);
    assert_eq!(answers(&w), [], "it has not stood for long enough");
    say(&mut w, &mut p, Answer::Holds, 10 * MINUTE);
    assert_eq!(answers(&w), [Answer::Holds], "once, however often it is asked");
    // It comes and goes.
    for _ in 0..5 {
        say(&mut w, &mut p, Answer::Fails, 2_000);
        say(&mut w, &mut p, Answer::Holds, 2_000);
    }
    assert_eq!(answers(&w), [Answer::Holds]);
    say(&mut w, &mut p, Answer::Blind, BLIND - 1_000);
    assert_eq!(answers(&w), [Answer::Holds], "a source is slow");
    say(&mut w, &mut p, Answer::Blind, 3_000);
    say(&mut w, &mut p, Answer::Fails, 10_000);
    assert_eq!(answers(&w), [Answer::Holds, Answer::Blind, Answer::Fails]);
    // Whoever decides next goes on with what is on record.
    let mut next = w.begin(true);
    say(&mut w, &mut next, Answer::Fails, MINUTE);
    assert_eq!(answers(&w).len(), 3);
    say(&mut w, &mut p, Answer::Holds, MINUTE);
    assert_eq!(answers(&w).len(), 3, "one that decides no more says nothing");
}

#[test]
fn what_was_seen_before_the_host_slept_says_nothing_about_now() {
    let (mut w, mut p) = listed();
    say(&mut w, &mut p, Answer::Holds, 2_000);
    w.pass(8 * 60 * MINUTE);
    w.tell(&mut p, Event::HostSlept(8 * 60 * MINUTE));
    w.hear(&mut p);
    assert_eq!(answers(&w), []);
    say(&mut w, &mut p, Answer::Holds, CALM + 1_000);
    assert_eq!(answers(&w), [Answer::Holds]);
}

#[test]
fn the_end_of_a_run_is_recorded_once_where_a_list_counts_from_it() {
    let ends = |w: &World| w.count(|k| matches!(k, Kind::RunOver { .. }));
    let (mut w, mut p) = listed();
    w.runs.insert("1121-1200-back-1f2e".into(), false);
    w.run(&mut p, 2_000);
    w.end(&mut p, true);
    w.run(&mut p, MINUTE);
    assert_eq!(ends(&w), 1);
    let (run, procedure, at) = w.state.run_over.clone().unwrap();
    assert_eq!((run.as_str(), procedure.as_str()), ("1121-1200-back-1f2e", "back"));
    assert!(at.wall < w.now.wall, "when it ended, not when it was recorded");
    let mut next = w.begin(true);
    w.run(&mut next, MINUTE);
    assert_eq!(ends(&w), 1, "nor does a restart count anew");
    w.pass(1_000);
    w.runs.insert("1121-1300-back-2f2e".into(), false);
    w.run(&mut next, 2_000);
    w.end(&mut next, false);
    w.run(&mut next, MINUTE);
    assert_eq!(ends(&w), 2, "a run that failed has an end too");

    let (mut w, mut p) = watched(&[("errors", trigger(Cell::Watch, DefaultAction::Escalate))]);
    w.runs.insert("1121-1200-back-1f2e".into(), false);
    w.run(&mut p, 2_000);
    w.end(&mut p, true);
    w.run(&mut p, MINUTE);
    assert_eq!(ends(&w), 0, "no list counts from it");
}
