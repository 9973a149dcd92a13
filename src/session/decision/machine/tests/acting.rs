//! Armed triggers: when they act, and what holds them off.

use super::*;

#[test]
fn an_armed_trigger_starts_its_procedure_once_and_its_reaction_is_measured() {
    let (mut w, mut p) = watched(&[("errors", Trigger { hold: 10_000, ..auto() })]);
    w.is("errors", Truth::True);
    w.run(&mut p, 11_000);
    assert_eq!(w.running().unwrap(), "1121-120013-auto-errors-1");
    let run = w.running().unwrap();
    let started = w.now.plus(400);
    w.tell(&mut p, Event::Reaction { run: run.clone(), started: started.clone(), effect: None });
    w.tell(&mut p, Event::Reaction { run: run.clone(), started: started.clone(), effect: None });
    w.run(&mut p, 5_000);
    let effect = Some(w.now.clone());
    w.tell(&mut p, Event::Reaction { run: run.clone(), started, effect });
    w.end(&mut p, true);
    w.is("errors", Truth::False);
    w.run(&mut p, 10_000);
    assert_eq!((w.acted(), w.escalated()), (1, 0));
    let a = w.state.attempt(&run).unwrap();
    let r = a.reaction.unwrap();
    assert_eq!((r.from_true, r.from_firing, r.to_effect, r.target), (10_400, 400, Some(5_000), Some(30_000)));
    assert_eq!(w.count(|k| matches!(k, Kind::Reacted { .. })), 2);
    assert!(a.ended.as_ref().unwrap().0);
    assert!(w.state.firings["errors-1"].resolved.is_some());
}

#[test]
fn a_hundred_oscillations_in_ten_minutes_cause_one_rollback_and_one_escalation() {
    let (mut w, mut p) = watched(&[("errors", auto())]);
    for i in 0..100 {
        w.is("errors", Truth::True);
        w.run(&mut p, 3_000);
        if i == 10 {
            w.end(&mut p, true);
        }
        w.is("errors", Truth::False);
        w.run(&mut p, 3_000);
    }
    assert_eq!(w.count(|k| matches!(k, Kind::Fired { .. })), 100);
    assert_eq!((w.acted(), w.escalated(), w.pages.len()), (1, 1, 1));
    assert!(w.withheld().contains(&Withheld::Locked) && w.withheld().contains(&Withheld::Exhausted));
    assert!(w.pages[0].contains("it has acted once in 1h"), "{}", w.pages[0]);
    // What fires an hour later, and is stopped still, is told again: nothing else would say so.
    w.run(&mut p, 61 * MINUTE);
    w.is("errors", Truth::True);
    w.run(&mut p, 10_000);
    assert_eq!((w.acted(), w.escalated()), (1, 2));
}

#[test]
fn a_failure_escalates_and_stops_until_a_person_has_seen_it() {
    let (mut w, mut p) = watched(&[("errors", Trigger { max_attempts: 5, ..auto() })]);
    w.is("errors", Truth::True);
    w.run(&mut p, 5_000);
    w.end(&mut p, false);
    w.run(&mut p, 20 * MINUTE);
    assert_eq!((w.acted(), w.escalated(), w.pages.len()), (1, 1, 1));
    assert!(w.pages[0].contains("Errors: the automatic run") && w.pages[0].contains("step 2 failed"));
    w.is("errors", Truth::False);
    w.run(&mut p, 5_000);
    w.is("errors", Truth::True);
    w.run(&mut p, 10 * MINUTE);
    assert_eq!((w.acted(), w.withheld()), (1, vec![Withheld::Failed]));
    w.say(acked("errors-2"));
    w.run(&mut p, 5_000);
    assert_eq!(w.acted(), 2, "seen: it may act again, and the reason has passed while it fires");
}

#[test]
fn exhaustion_stops_until_a_person_says_so_and_the_limit_stands_even_then() {
    let (mut w, mut p) = watched(&[("errors", Trigger { max_attempts: 2, cooldown: 1000, ..auto() })]);
    for _ in 0..4 {
        w.is("errors", Truth::True);
        w.run(&mut p, 10_000);
        if w.running().is_some() {
            w.end(&mut p, true);
        }
        w.is("errors", Truth::False);
        w.run(&mut p, 10_000);
    }
    assert_eq!((w.acted(), w.escalated()), (2, 1));
    w.is("errors", Truth::True);
    w.run(&mut p, 5_000);
    w.say(set(Some("errors"), Automation::Armed));
    w.run(&mut p, 10_000);
    assert_eq!(w.acted(), 2, "two in an hour are two in an hour");
    assert_eq!(w.state.stopped["errors"].by, Withheld::Exhausted, "and it is stopped again");
    w.run(&mut p, 61 * MINUTE);
    assert_eq!(w.acted(), 2, "time alone does not let it go on");
    w.say(acked("errors-5"));
    w.run(&mut p, 5_000);
    assert_eq!(w.acted(), 3);
}

#[test]
fn the_cooldown_is_waited_out_while_it_fires() {
    let (mut w, mut p) = watched(&[("errors", Trigger { max_attempts: 9, ..auto() })]);
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    w.end(&mut p, true);
    w.is("errors", Truth::False);
    w.run(&mut p, 2_000);
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    assert_eq!((w.acted(), w.withheld()), (1, vec![Withheld::Cooldown]));
    let due = p.machine.next_deadline().unwrap();
    assert_eq!(due - w.now.boot, 5 * MINUTE - 5_000, "it says when it is over");
    w.run(&mut p, due - w.now.boot - 1_000);
    assert_eq!(w.acted(), 1);
    w.run(&mut p, 1_000);
    assert_eq!(w.acted(), 2);
}

#[test]
fn shadow_says_what_it_would_have_done_once_and_disarmed_says_nothing() {
    let shadow = Trigger { mode: Automation::Shadow, ..auto() };
    let off = Trigger { mode: Automation::Off, ..auto() };
    let (mut w, mut p) = watched(&[("errors", shadow), ("slow", off)]);
    w.is("errors", Truth::True);
    w.is("slow", Truth::True);
    w.run(&mut p, MINUTE);
    assert_eq!(w.count(|k| matches!(k, Kind::WouldAct { .. })), 1);
    assert_eq!((w.acted(), w.withheld().len()), (0, 0));
    w.say(set(Some("errors"), Automation::Armed));
    w.run(&mut p, 2_000);
    assert_eq!(w.acted(), 1, "armed while it fires: it acts");
}

#[test]
fn a_screen_only_records() {
    let mut w = World::new(&[("errors", auto())]);
    let mut p = w.begin(false);
    w.is("errors", Truth::True);
    w.run(&mut p, 5_000);
    assert_eq!((w.acted(), w.withheld()), (0, vec![Withheld::Screen]));
    let mut watcher = w.begin(true);
    w.run(&mut watcher, 3_000);
    assert_eq!(w.acted(), 1, "a watcher goes on with the same firing");
    assert!(p.acts != watcher.acts);
}

#[test]
fn nothing_acts_on_what_is_unknown_and_for_long_unknown_people_are_told() {
    let (mut w, mut p) = watched(&[("errors", auto()), ("slow", auto())]);
    w.refuses = Some("not now".into());
    w.runs.insert("1121-1100-p".into(), false);
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    w.is("errors", Truth::Unknown);
    w.run(&mut p, 1_000);
    w.runs.insert("1121-1100-p".into(), true);
    w.run(&mut p, 70_000);
    assert_eq!((w.acted(), w.withheld()), (0, vec![Withheld::Locked, Withheld::Stale]));
    assert_eq!((w.escalated(), w.pages.len()), (1, 1));
    assert!(w.pages[0].contains("nothing was done by itself for 1m"), "{}", w.pages[0]);
    w.refuses = None;
    w.is("errors", Truth::True);
    w.run(&mut p, 2_000);
    assert_eq!(w.acted(), 1);
}

#[test]
fn what_was_judged_before_a_sleep_or_long_ago_counts_for_nothing() {
    for slept in [true, false] {
        let (mut w, mut p) = watched(&[("errors", auto())]);
        w.runs.insert("1121-1100-p".into(), false);
        w.is("errors", Truth::True);
        w.run(&mut p, 2_000);
        w.runs.insert("1121-1100-p".into(), true);
        w.pass(if slept { 1_000 } else { SILENT + 1 });
        if slept {
            w.tell(&mut p, Event::HostSlept(5_000));
            assert_eq!(w.count(|k| matches!(k, Kind::HostSlept { slept: 5_000 })), 1);
        }
        let runs = w.known_runs();
        w.tell(&mut p, Event::Runs(runs));
        assert_eq!(w.acted(), 0);
        w.hear(&mut p);
        assert_eq!(w.acted(), 1);
    }
}

#[test]
fn a_persons_run_holds_automation_off_while_it_goes_on_and_for_the_cooldown_after() {
    let (mut w, mut p) = watched(&[("errors", auto())]);
    w.runs.insert("1121-1200-ana".into(), false);
    w.is("errors", Truth::True);
    w.run(&mut p, MINUTE);
    w.end(&mut p, true);
    w.run(&mut p, 4 * MINUTE);
    assert_eq!((w.acted(), w.withheld()), (0, vec![Withheld::Locked, Withheld::JustDone]));
    w.run(&mut p, MINUTE + 1_000);
    assert_eq!(w.acted(), 1);
    assert_eq!(w.state.incidents, 1);
}

#[test]
fn a_run_that_is_left_in_the_way_is_told_of() {
    let (mut w, mut p) = watched(&[("errors", auto())]);
    w.runs.insert("1121-1200-ana".into(), false);
    w.is("errors", Truth::True);
    w.run(&mut p, 9 * MINUTE);
    assert_eq!(w.escalated(), 0);
    w.run(&mut p, 2 * MINUTE);
    assert_eq!((w.escalated(), w.acted()), (1, 0));
    assert!(w.pages[0].contains("1121-1200-ana"), "{}", w.pages[0]);
}

#[test]
fn a_run_that_is_refused_is_a_failure_that_people_are_told_of() {
    let (mut w, mut p) = watched(&[("errors", auto())]);
    w.refuses = Some("prove: another cluster".into());
    w.is("errors", Truth::True);
    w.run(&mut p, 5_000);
    assert_eq!((w.acted(), w.escalated(), w.runs.len()), (1, 1, 0));
    assert!(w.pages[0].contains("nothing was started: prove: another cluster"), "{}", w.pages[0]);
    assert_eq!(w.state.stopped["errors"].by, Withheld::Failed);
}

#[test]
fn a_disarm_that_is_written_first_wins_wherever_it_falls() {
    // The firing takes a handful of effects; a person disarms before each of them.
    for n in 0..12 {
        let (mut w, mut p) = watched(&[("errors", auto())]);
        w.interject = Some((w.performed + n, set(None, Automation::Off)));
        w.is("errors", Truth::True);
        w.run(&mut p, 40_000);
        let kinds = w.kinds();
        let place = |f: &dyn Fn(&Kind) -> bool| kinds.iter().position(f);
        let Some(disarm) = place(&|k| matches!(k, Kind::AutomationSet { .. })) else { continue };
        let acting = place(&|k| matches!(k, Kind::Acting { .. }));
        assert!(acting.is_none_or(|a| a < disarm), "disarmed before: nothing acts ({n})");
        if acting.is_some() && w.runs.is_empty() {
            let why = &w.state.attempts["errors"][0].ended.as_ref().unwrap().1;
            assert!(why.contains("automation was set to disarmed by ben"), "{why}");
        }
    }
}

#[test]
fn refused_records_are_asked_for_again_but_not_at_every_turn_and_nothing_is_asked_twice() {
    let (mut w, mut p) = watched(&[("errors", auto())]);
    w.is("errors", Truth::True);
    w.pass(1_000);
    let judge = |w: &World| Event::Judged {
        triggers: vec![Judged {
            id: "errors".into(),
            state: TriggerState::Firing { since: w.now.boot as i64 },
            truth: Truth::True,
            evidence: Vec::new(),
            cell: Cell::Auto,
            stage: None,
            note: None,
        }],
        standing: Standing::Quiet,
        evidence: Vec::new(),
    };
    let first = p.machine.handle(&w.now, judge(&w));
    assert!(matches!(&first[..], [Effect::Append(Kind::Fired { .. })]), "{first:?}");
    assert!(p.machine.handle(&w.now, judge(&w)).is_empty(), "it is on its way");
    let Effect::Append(kind) = first.into_iter().next().unwrap() else { unreachable!() };
    let refused = Event::Refused(vec![(kind.clone(), "the disk is full".into())]);
    assert!(p.machine.handle(&w.now, refused).is_empty(), "not at once");
    assert_eq!(p.machine.next_deadline(), Some(w.now.boot + 5_000));
    w.pass(5_000);
    let again = p.machine.handle(&w.now, judge(&w));
    assert_eq!(again, [Effect::Append(kind.clone())]);
    // Its record comes late, and twice.
    w.append(&kind).unwrap();
    let news = w.news(&mut p);
    let then = p.machine.handle(&w.now, news.clone());
    assert!(matches!(
        &then[..],
        [Effect::Append(Kind::IncidentOpened { .. }), Effect::Append(Kind::Acting { .. })]
    ));
    assert!(p.machine.handle(&w.now, news).is_empty());
    assert_eq!(p.machine.state().fired["errors"], 1);
}

#[test]
fn traffic_that_moves_to_a_stricter_stage_is_followed_but_never_back() {
    let (mut w, mut p) = watched(&[("gate", decide(5 * MINUTE, None, DefaultAction::Escalate))]);
    w.cells.insert("gate".into(), (Cell::Watch, Some(5)));
    w.is("gate", Truth::True);
    w.run(&mut p, 2_000);
    assert_eq!(w.state.clocks.len(), 0);
    w.cells.insert("gate".into(), (Cell::Decide { within: 5 * MINUTE, default_at: None }, Some(25)));
    w.run(&mut p, 2_000);
    w.cells.insert("gate".into(), (Cell::Decide { within: 2 * MINUTE, default_at: None }, Some(50)));
    w.run(&mut p, 2_000);
    assert_eq!(w.state.clocks.keys().collect::<Vec<_>>(), ["gate-1-d1", "gate-1-d2"]);
    assert_eq!(w.closed()[0].0, Closed::Resolved);
    w.cells.insert("gate".into(), (Cell::Auto, Some(100)));
    w.run(&mut p, 2_000);
    assert_eq!(w.acted(), 1);
    assert_eq!(
        w.closed()[1],
        (Closed::Resolved, format!("it is acted on by itself now: {}", w.running().unwrap()))
    );
    w.cells.insert("gate".into(), (Cell::Watch, Some(5)));
    w.run(&mut p, 2_000);
    assert_eq!(w.state.firings["gate-1"].cell, Cell::Auto);
}

#[test]
fn what_people_decided_is_not_taken_from_them_by_a_stricter_stage() {
    let (mut w, mut p) = watched(&[("gate", decide(5 * MINUTE, None, DefaultAction::Act))]);
    w.is("gate", Truth::True);
    w.run(&mut p, 2_000);
    w.say(said("gate-1-d1", Choice::Hold, person("ana", 2), &[]));
    w.cells.insert("gate".into(), (Cell::Auto, Some(100)));
    w.run(&mut p, 10 * MINUTE);
    assert_eq!((w.acted(), w.closed().len()), (0, 1));
    assert_eq!(w.closed()[0], (Closed::Decided, "ana decided to hold".into()));
}
