//! Several programs on one log: exactly one acts, exactly one closes.

use super::*;

#[test]
fn the_older_of_two_deciders_does_nothing_any_more() {
    let (mut w, mut old) =
        watched(&[("errors", auto()), ("gate", decide(5 * MINUTE, None, DefaultAction::Act))]);
    w.is("gate", Truth::True);
    w.run(&mut old, 2_000);
    let mut new = w.begin(true);
    w.is("errors", Truth::True);
    for _ in 0..6 * 60 {
        w.pass(1_000);
        w.hear(&mut old);
        w.hear(&mut new);
        if w.running().is_some() {
            w.end(&mut new, true);
        }
    }
    assert!(old.machine.superseded() && !new.machine.superseded());
    assert_eq!((w.acted(), w.runs.len(), w.closed().len()), (2, 2, 1));
    let epochs: Vec<_> =
        w.kinds().iter().filter(|k| matches!(k, Kind::Acting { .. })).map(Kind::epoch).collect();
    assert_eq!(epochs, [Some(2), Some(2)]);
}

#[test]
fn one_that_slept_through_its_successor_is_refused_at_the_log() {
    let (mut w, mut old) = watched(&[("errors", auto())]);
    let mut new = w.begin(true);
    w.is("errors", Truth::True);
    // The sleeper wakes with its old view and a fresh true answer: it has not read the new epoch.
    w.pass(1_000);
    old.seen = w.log.len();
    let length = w.log.len();
    w.hear(&mut old);
    assert_eq!(w.log.len(), length, "nothing it says is written");
    w.hear(&mut new);
    assert_eq!((w.acted(), w.runs.len()), (1, 1));
}

#[test]
fn an_epoch_is_one_more_than_the_last_and_only_the_newest_counts() {
    let (mut w, p) = watched(&[("errors", auto())]);
    let began = |epoch| Kind::EpochBegan {
        epoch,
        host: "h".into(),
        pid: 1,
        who: person("ana", 1),
        acts: true,
        taken_over: Some("silent".into()),
    };
    assert!(w.append(&began(1)).is_err() && w.append(&began(3)).is_err());
    w.say(began(2));
    let why = w.append(&Kind::EpochEnded { epoch: p.machine.epoch }).unwrap_err();
    assert_eq!(why, "another program decides now (epoch 2, this one's is 1)");
    w.say(Kind::EpochEnded { epoch: 2 });
    assert!(w.state.decider.as_ref().unwrap().left);
}

#[test]
fn a_person_and_the_default_at_the_same_moment_exactly_one_of_them_counts() {
    let mut seen = [0, 0];
    for n in 0..14 {
        let (mut w, mut p) = watched(&[("gate", decide(5 * MINUTE, None, DefaultAction::Act))]);
        w.is("gate", Truth::True);
        w.run(&mut p, 2_000);
        let due = w.state.clocks["gate-1-d1"].decide_by.clone().unwrap().due_boot;
        w.run(&mut p, due - 1_000 - w.now.boot);
        w.interject = Some((w.performed + n, said("gate-1-d1", Choice::Hold, person("ana", 2), &[])));
        w.run(&mut p, MINUTE);
        let held = w.count(|k| matches!(k, Kind::Said { .. }));
        assert_eq!(w.acted() + held, 1, "{n}");
        assert_eq!((w.closed().len(), w.runs.len()), (1, w.acted()));
        seen[held] += 1;
    }
    assert!(seen[0] > 0 && seen[1] > 0, "both happened: {seen:?}");
}

#[test]
fn a_log_that_is_read_late_changes_nothing_of_it() {
    let (mut w, mut p) = watched(&[("gate", decide(5 * MINUTE, None, DefaultAction::Act))]);
    w.is("gate", Truth::True);
    w.run(&mut p, 2_000);
    w.say(said("gate-1-d1", Choice::Hold, person("ana", 2), &[]));
    // The decider has not read it when the time is over: the log says no, and then it reads why.
    p.seen = w.log.len();
    w.run(&mut p, 6 * MINUTE);
    assert_eq!((w.acted(), w.runs.len()), (0, 0));
    w.say(Kind::Noted { text: "n".into(), who: person("ana", 2), to: None });
    p.seen -= 1;
    w.run(&mut p, 2_000);
    assert_eq!(w.acted(), 0);
}
