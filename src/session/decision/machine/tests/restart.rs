//! The decider dies at every point, and the next one goes on: nothing is done twice, nothing is forgotten.

use super::*;

/// What must be so at the end, however often the decider died.
#[derive(Debug, PartialEq)]
struct End {
    acted: usize,
    runs: usize,
    failed: bool,
    closed: Vec<Closed>,
    owed: usize,
    told: bool,
    incidents: u32,
}

fn end(w: &World) -> End {
    let attempts: Vec<_> = w.state.attempts.values().flatten().collect();
    End {
        acted: w.acted(),
        runs: w.runs.len(),
        failed: attempts.iter().any(|a| a.ended.as_ref().is_some_and(|(ok, ..)| !ok)),
        closed: w.closed().into_iter().map(|(how, _)| how).collect(),
        owed: w.state.firings.values().map(|f| f.owed.len() + f.untold.len()).sum(),
        told: !w.pages.is_empty(),
        incidents: w.state.incidents,
    }
}

/// Seconds pass; when the program has died, another begins a little later.
fn live(w: &mut World, p: &mut Program, ms: Millis, gap: Millis) {
    let until = w.real + ms;
    while w.real < until {
        if p.dead {
            w.fuel = None;
            w.pass(gap);
            *p = w.begin(true);
        }
        w.pass(1_000);
        w.hear(p);
    }
}

/// A firing that acts, whose run then ends.
fn armed(w: &mut World, p: &mut Program, gap: Millis, ok: bool) {
    w.is("errors", Truth::True);
    live(w, p, MINUTE, gap);
    if w.running().is_some() {
        w.end(p, ok);
        // A driver that lives tells a new decider of the runs it follows.
        if p.dead {
            live(w, p, 2_000, gap);
        }
        let run = w.runs.keys().next().unwrap().clone();
        w.tell(p, Event::Ended { run, ok, detail: "d".into() });
    }
    live(w, p, MINUTE, gap);
    w.is("errors", Truth::False);
    live(w, p, 10 * MINUTE, gap);
}

/// A clock whose default acts.
fn clock(w: &mut World, p: &mut Program, gap: Millis) {
    w.is("gate", Truth::True);
    live(w, p, 31 * MINUTE, gap);
    if w.running().is_some() {
        w.end(p, true);
        if p.dead {
            live(w, p, 2_000, gap);
        }
        let run = w.runs.keys().next().unwrap().clone();
        w.tell(p, Event::Ended { run, ok: true, detail: "d".into() });
    }
    live(w, p, MINUTE, gap);
    w.is("gate", Truth::False);
    live(w, p, 10 * MINUTE, gap);
}

/// Plays a scenario whole, and then with a death after each effect, its answer lost or not. Returns the number of deaths.
fn everywhere(
    triggers: &[(&str, Trigger)],
    play: impl Fn(&mut World, &mut Program),
    check: impl Fn(&End, &World),
) -> usize {
    let (mut w, mut p) = watched(triggers);
    let before = w.performed;
    play(&mut w, &mut p);
    let effects = w.performed - before;
    assert!(effects > 6);
    check(&end(&w), &w);
    for n in 0..effects {
        for answered in [true, false] {
            let (mut w, mut p) = watched(triggers);
            w.fuel = Some((n, answered));
            play(&mut w, &mut p);
            check(&end(&w), &w);
        }
    }
    2 * effects
}

#[test]
fn an_automatic_run_that_verifies() {
    let deaths = everywhere(
        &[("errors", auto())],
        |w, p| armed(w, p, 2_000, true),
        |end, w| {
            let expected = End {
                acted: 1,
                runs: 1,
                failed: false,
                closed: Vec::new(),
                owed: 0,
                told: false,
                incidents: 1,
            };
            assert_eq!(*end, expected, "{:#?}", w.kinds());
            assert_eq!(w.state.incident, None);
        },
    );
    println!("the decider died {deaths} times");
}

#[test]
fn an_automatic_run_that_fails_is_told_at_least_once() {
    everywhere(
        &[("errors", auto())],
        |w, p| armed(w, p, 2_000, false),
        |end, w| {
            assert_eq!(
                (end.acted, end.runs, end.owed, end.told, end.failed),
                (1, 1, 0, true, true),
                "{:#?}",
                w.kinds()
            );
            assert_eq!(w.escalated(), 1);
            assert!(w.pages.len() <= 2);
        },
    );
}

#[test]
fn what_was_to_start_and_was_not_in_time_is_told_and_not_started_late() {
    everywhere(
        &[("errors", auto())],
        |w, p| armed(w, p, 45_000, true),
        |end, w| {
            assert_eq!((end.acted, end.owed), (1, 0), "{:#?}", w.kinds());
            assert_eq!(end.runs == 0, end.failed && end.told, "{:#?}", w.kinds());
            let late = |a: &super::super::super::Attempt| {
                a.ended.as_ref().unwrap().1.contains("decided too long ago")
            };
            assert!(end.runs == 1 || w.state.attempts["errors"].iter().any(late));
        },
    );
}

#[test]
fn a_clock_whose_default_acts() {
    let gate = decide(10 * MINUTE, Some(30 * MINUTE), DefaultAction::Act);
    everywhere(
        &[("gate", gate)],
        |w, p| clock(w, p, 2_000),
        |end, w| {
            let expected = End {
                acted: 1,
                runs: 1,
                failed: false,
                closed: vec![Closed::Default],
                owed: 0,
                told: true,
                incidents: 1,
            };
            assert_eq!(*end, expected, "{:#?}", w.kinds());
            assert_eq!(w.count(|k| matches!(k, Kind::ClockMissed { .. })), 1);
            assert_eq!(w.count(|k| matches!(k, Kind::ClockOpened { .. })), 1);
        },
    );
}

#[test]
fn a_clock_that_was_over_while_nobody_decided_is_overdue_and_told() {
    let gate = decide(10 * MINUTE, Some(30 * MINUTE), DefaultAction::Act);
    everywhere(
        &[("gate", gate)],
        |w, p| {
            w.is("gate", Truth::True);
            live(w, p, 12 * MINUTE, 2_000);
            p.dead = true;
            live(w, p, MINUTE, 25 * MINUTE);
        },
        |end, w| {
            assert_eq!(
                (end.acted, &end.closed[..], end.owed, end.told),
                (0, &[Closed::Overdue][..], 0, true)
            );
            assert!(w.closed()[0].1.contains("nothing is done late"));
        },
    );
}

#[test]
fn after_a_reboot_nothing_is_started_that_was_decided_before_it() {
    let (mut w, mut p) = watched(&[("errors", auto())]);
    w.is("errors", Truth::True);
    // Fired, the incident, Acting; and then the host dies.
    w.fuel = Some((3, true));
    w.run(&mut p, 2_000);
    assert_eq!((p.dead, w.acted(), w.runs.len()), (true, 1, 0));
    w.fuel = None;
    w.now = Now { boot: 9_000, boot_id: "b".into(), wall: w.now.wall + 15_000 };
    let mut p = w.begin(true);
    w.run(&mut p, 5_000);
    assert_eq!((w.acted(), w.runs.len(), w.pages.len()), (1, 0, 1));
}

#[test]
fn a_new_engine_neither_fires_again_nor_resolves_what_it_does_not_know() {
    let (mut w, mut p) = watched(&[("errors", Trigger { hold: MINUTE, ..auto() })]);
    w.is("errors", Truth::True);
    w.run(&mut p, 62_000);
    let mut p = w.begin(true);
    w.is("errors", Truth::Unknown);
    w.run(&mut p, 10 * MINUTE);
    assert!(w.state.firing_of("errors").is_some(), "what is not known resolves nothing");
    w.is("errors", Truth::True);
    w.run(&mut p, 5 * MINUTE);
    assert_eq!((w.state.fired["errors"], w.acted()), (1, 1));
    let mut p = w.begin(true);
    w.is("errors", Truth::False);
    w.run(&mut p, 1_000);
    assert!(w.state.firing_of("errors").is_none());
}

#[test]
fn a_trigger_that_the_playbook_has_no_more_is_over() {
    let (mut w, mut p) =
        watched(&[("errors", auto()), ("gate", decide(5 * MINUTE, None, DefaultAction::Escalate))]);
    w.is("gate", Truth::True);
    w.run(&mut p, 2_000);
    w.playbook.triggers.shift_remove("gate");
    let mut p = w.begin(true);
    w.run(&mut p, 2_000);
    assert_eq!(w.closed()[0].0, Closed::Resolved);
    assert!(w.state.firing_of("gate").is_none());
}
