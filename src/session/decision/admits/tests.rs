//! What is admitted, and why not, in words.

use super::*;
use crate::engine::verdict::Standing;
use crate::model::record::Record;
use crate::model::time::Deadline;
use crate::session::decision::Limits;

fn now(boot: Millis) -> Now {
    Now { boot, boot_id: "a".into(), wall: 1_795_262_400_000 + boot as i64 }
}

fn ana() -> Person {
    Person { user: "ana".into(), uid: 2, login_uid: Some(2), ..Person::default() }
}

fn rules() -> Rules {
    let limits = Limits { mode: Automation::Armed, cooldown: 60_000, max_attempts: 2, per: 600_000 };
    let triggers = [("errors".to_owned(), limits)].into_iter().collect();
    Rules { ceiling: Automation::Armed, triggers, ..Rules::default() }
}

/// A log with a watcher, and what is admitted of these; the last one's answer.
fn play(kinds: &[(Millis, Kind)]) -> (Decisions, Answer) {
    let began =
        Kind::EpochBegan { epoch: 1, host: "h".into(), pid: 1, who: ana(), acts: true, taken_over: None };
    let mut out = Decisions::default();
    let mut last = Ok(());
    for (boot, kind) in [(0, began)].iter().chain(kinds) {
        last = out.admits(kind, &rules(), &now(*boot));
        if last.is_ok() {
            let (name, body) = kind.parts();
            let seq = out.last.as_ref().map_or(1, |(n, _)| n + 1);
            let record = Record { v: 1, seq, at: now(*boot), kind: name, body, prev: String::new() };
            out.follow(&record).unwrap();
        }
    }
    (out, last)
}

fn why(kinds: &[(Millis, Kind)]) -> String {
    play(kinds).1.unwrap_err()
}

fn fired(n: u32, cell: Cell) -> Kind {
    Kind::Fired {
        epoch: 1,
        firing: format!("errors-{n}"),
        trigger: "errors".into(),
        true_since: now(0),
        cell,
        stage: None,
        note: None,
        mode: Automation::Armed,
        evidence: Vec::new(),
    }
}

fn resolved(n: u32) -> Kind {
    Kind::Resolved { epoch: 1, firing: format!("errors-{n}"), evidence: Vec::new() }
}

fn acting(n: u32) -> Kind {
    let (firing, run) = (format!("errors-{n}"), format!("x-auto-errors-{n}"));
    Kind::Acting { epoch: 1, firing, clock: None, run, procedure: "back".into() }
}

fn acted(n: u32, ok: bool) -> Kind {
    let (firing, run) = (format!("errors-{n}"), format!("x-auto-errors-{n}"));
    Kind::Acted { epoch: 1, firing, run, ok, detail: "d".into() }
}

fn set(trigger: Option<&str>, mode: Automation) -> Kind {
    Kind::AutomationSet { trigger: trigger.map(str::to_owned), mode, who: ana(), reason: "r".into() }
}

fn opened(default: DefaultAction) -> Kind {
    Kind::ClockOpened {
        epoch: 1,
        clock: "errors-1-d1".into(),
        firing: "errors-1".into(),
        decide_by: Some(Deadline::after(&now(10), 1_000)),
        default_at: None,
        default,
        procedure: Some("back".into()),
        roles: Vec::new(),
        stage: None,
    }
}

fn closed(how: Closed) -> Kind {
    Kind::ClockClosed { epoch: Some(1), clock: "errors-1-d1".into(), how, detail: "d".into() }
}

#[test]
fn a_trigger_fires_once_at_a_time_and_its_firings_are_numbered() {
    let a = |n| (10, fired(n, Cell::Auto));
    assert_eq!(why(&[a(1), a(2)]), "errors fires already, as errors-1");
    assert_eq!(why(&[a(2)]), "the next firing is errors-1, not errors-2");
    assert!(play(&[a(1), (20, resolved(1)), a(2)]).1.is_ok());
    assert_eq!(why(&[a(1), (20, resolved(1)), (30, resolved(1))]), "errors-1 fires no more since 12:00 UTC");
    assert!(why(&[(1, resolved(7))]).contains("no firing is named errors-7"));
}

#[test]
fn acting_is_admitted_once_while_it_fires_armed_and_within_its_limits() {
    let f = |n| (10, fired(n, Cell::Auto));
    let again = |at: Millis| {
        [
            f(1),
            (10, acting(1)),
            (20, acted(1, true)),
            (30, resolved(1)),
            (40, fired(2, Cell::Auto)),
            (at, acting(2)),
        ]
    };
    assert!(play(&[f(1), (10, acting(1))]).1.is_ok());
    assert!(why(&[f(1), (10, acting(1)), (11, acting(1))]).contains("was acted on already"));
    assert!(why(&[f(1), (20, resolved(1)), (30, acting(1))]).contains("fires no more"));
    assert!(why(&[(10, fired(1, Cell::Ask)), (10, acting(1))]).contains("a person decides"));
    assert_eq!(why(&again(60_000)), "it acted 59s ago, it waits 1m");
    assert!(play(&again(60_010)).1.is_ok());
    let failed =
        [f(1), (10, acting(1)), (20, acted(1, false)), (30, resolved(1)), (40, fired(2, Cell::Auto))];
    let seen = (50, Kind::Acked { firing: "errors-2".into(), who: ana(), note: String::new() });
    let then = (90_000, acting(2));
    assert!(
        why(&[&failed[..], std::slice::from_ref(&then)].concat())
            .contains("nobody has said that they saw it")
    );
    assert!(play(&[&failed[..], &[seen, then]].concat()).1.is_ok());
    let third = [
        (70_000, acted(2, true)),
        (80_000, resolved(2)),
        (90_000, fired(3, Cell::Auto)),
        (200_000, acting(3)),
    ];
    assert_eq!(why(&[&again(60_010)[..], &third].concat()), "it has acted 2 times in 10m: no more by itself");
    let later = [
        (70_000, acted(2, true)),
        (80_000, resolved(2)),
        (90_000, fired(3, Cell::Auto)),
        (600_010, acting(3)),
    ];
    assert!(play(&[&again(60_010)[..], &later].concat()).1.is_ok());
    let open = [f(1), (10, acting(1)), (30, resolved(1)), (40, fired(2, Cell::Auto)), (900_000, acting(2))];
    assert_eq!(why(&open), "its run x-auto-errors-1 is not over");
}

#[test]
fn a_disarm_that_is_there_first_wins_and_says_whose_it_is() {
    let f = (10, fired(1, Cell::Auto));
    let disarmed = why(&[f.clone(), (11, set(None, Automation::Off)), (12, acting(1))]);
    assert_eq!(disarmed, "errors is disarmed by ana since 12:00 UTC");
    let shadow = why(&[f.clone(), (11, set(Some("errors"), Automation::Shadow)), (12, acting(1))]);
    assert_eq!(shadow, "errors is shadow by ana since 12:00 UTC");
    let (state, _) = play(&[f, (12, acting(1)), (13, set(None, Automation::Off))]);
    let automatic = Automatic { firing: "errors-1".into(), clock: None };
    assert!(state.may_begin(&automatic, "x-auto-errors-1").unwrap_err().contains("disarmed by ana"));
    assert!(state.may_begin(&automatic, "other").unwrap_err().contains("nothing on record"));
    let (state, _) = play(&[(10, fired(1, Cell::Auto)), (12, acting(1))]);
    assert!(state.may_begin(&automatic, "x-auto-errors-1").is_ok());
    let of_a_clock = Automatic { clock: Some("errors-1-d1".into()), ..automatic };
    assert!(state.may_begin(&of_a_clock, "x-auto-errors-1").is_err());
    let (state, _) = play(&[(10, fired(1, Cell::Auto)), (12, acting(1)), (13, acted(1, false))]);
    let automatic = Automatic { firing: "errors-1".into(), clock: None };
    assert!(state.may_begin(&automatic, "x-auto-errors-1").is_err(), "it was given up");
}

#[test]
fn without_rules_nothing_is_armed_and_everything_can_be_disarmed() {
    let (state, _) = play(&[(10, fired(1, Cell::Auto))]);
    let ask = |kind: &Kind, rules: &Rules| state.admits(kind, rules, &now(20));
    assert!(ask(&acting(1), &Rules::default()).is_err());
    assert!(ask(&set(None, Automation::Off), &Rules::default()).is_ok());
    assert!(ask(&set(Some("errors"), Automation::Off), &Rules::default()).is_ok());
    let shadow = Rules { ceiling: Automation::Shadow, ..rules() };
    let why = ask(&set(None, Automation::Armed), &shadow).unwrap_err();
    assert_eq!(why, "this environment allows no more than shadow");
    assert!(ask(&acting(1), &shadow).unwrap_err().contains("errors is shadow"));
    assert_eq!(ask(&set(Some("slow"), Automation::Armed), &rules()).unwrap_err(), "there is no trigger slow");
}

#[test]
fn the_mode_is_the_least_of_what_is_allowed_and_a_person_may_arm_one_trigger() {
    use Automation::{Armed, Off, Shadow};
    let mut d = Decisions::default();
    assert_eq!(d.mode(Armed, "t", Shadow), Shadow);
    d.automations
        .insert("t".into(), super::super::Set { mode: Armed, who: ana(), reason: String::new(), at: now(1) });
    assert_eq!(
        (d.mode(Armed, "t", Shadow), d.mode(Shadow, "t", Armed), d.mode(Armed, "u", Off)),
        (Armed, Shadow, Off)
    );
    d.automation = Some(super::super::Set { mode: Off, who: ana(), reason: String::new(), at: now(1) });
    assert_eq!(d.mode(Armed, "t", Armed), Off);
}

#[test]
fn a_clock_ends_once_and_only_as_it_may() {
    let open = |default| [(10, fired(1, Cell::Ask)), (10, opened(default))];
    let then = |default, more: &[(Millis, Kind)]| play(&[&open(default)[..], more].concat()).1;
    use DefaultAction::{Act, Escalate};
    assert!(then(Escalate, &[(500, closed(Closed::Default))]).unwrap_err().contains("is not due"));
    assert!(then(Escalate, &[(1_010, closed(Closed::Default))]).is_ok());
    assert!(then(Escalate, &[(61_010, closed(Closed::Default))]).is_ok());
    assert!(
        then(Escalate, &[(61_011, closed(Closed::Default))]).unwrap_err().contains("nothing is done late")
    );
    assert!(then(Escalate, &[(61_010, closed(Closed::Overdue))]).unwrap_err().contains("is not overdue"));
    assert!(then(Escalate, &[(61_011, closed(Closed::Overdue))]).is_ok());
    assert!(then(Escalate, &[(1_010, closed(Closed::Resolved))]).unwrap_err().contains("still fires"));
    assert!(then(Escalate, &[(20, resolved(1)), (30, closed(Closed::Resolved))]).is_ok());
    assert!(then(Escalate, &[(20, closed(Closed::Decided))]).unwrap_err().contains("is not decided"));
    let twice = [(1_010, closed(Closed::Default)), (1_020, closed(Closed::Default))];
    assert_eq!(then(Escalate, &twice).unwrap_err(), "the clock is closed: d at 12:00 UTC");
    assert!(then(Act, &[(1_010, closed(Closed::Default))]).unwrap_err().contains("nothing was started"));
    let act = |at| {
        let (firing, clock) = ("errors-1".into(), Some("errors-1-d1".into()));
        (
            at,
            Kind::Acting {
                epoch: 1,
                firing,
                clock,
                run: "x-default-errors-1-d1".into(),
                procedure: "back".into(),
            },
        )
    };
    assert!(then(Act, &[act(500)]).unwrap_err().contains("is not due"));
    assert!(then(Act, &[act(61_011)]).unwrap_err().contains("nothing is done late"));
    assert!(then(Act, &[act(1_010), (1_020, closed(Closed::Default))]).is_ok());
    let hold = Kind::Said {
        clock: "errors-1-d1".into(),
        choice: Choice::Hold,
        who: ana(),
        roles: Vec::new(),
        reason: "r".into(),
    };
    assert!(then(Act, &[act(1_010), (1_020, hold.clone())]).unwrap_err().contains("its time is over"));
    assert!(then(Act, &[(900, hold), act(1_010)]).unwrap_err().contains("people have decided"));
    assert!(then(Act, &[(20, opened(Act))]).unwrap_err().contains("is open already"));
}

#[test]
fn texts_have_a_length_and_counts_are_single() {
    let note = |text: String| why(&[(1, Kind::Noted { text, who: ana(), to: None })]);
    assert!(note("x".repeat(LONGEST + 1)).contains("longer than 4096 bytes"));
    let called = |role: &str, text: String| Kind::Called {
        role: role.into(),
        title: "T".into(),
        text,
        ok: true,
        detail: "d".into(),
        who: ana(),
    };
    assert!(play(&[(1, called("lead", "come".into()))]).1.is_ok());
    assert_eq!(why(&[(1, called("", "come".into()))]), "a name is missing");
    assert!(why(&[(1, called("lead", "x".repeat(LONGEST + 1)))]).contains("longer than 4096 bytes"));
    let count = |delta| play(&[(1, Kind::Counted { signal: "s".into(), delta, who: ana() })]).1;
    assert!(count(1).is_ok() && count(-1).is_ok() && count(2).is_err() && count(0).is_err());
    let flag =
        |signal: &str| Kind::Flagged { signal: signal.into(), raised: true, note: String::new(), who: ana() };
    assert_eq!(why(&[(1, flag(""))]), "a name is missing");
    assert!(why(&[(1, flag(&"x".repeat(300)))]).contains("too long"));
    assert!(why(&[(1, Kind::TornTail(serde_json::json!({})))]).contains("by the log itself"));
}

#[test]
fn an_incident_opens_when_none_is_open_and_closes_by_its_name() {
    let open =
        |id: &str| Kind::IncidentOpened { incident: id.into(), reason: "r".into(), run: None, who: None };
    let close = |id: &str| Kind::IncidentClosed { incident: id.into(), who: None, reason: "r".into() };
    assert_eq!(why(&[(1, open("I-1")), (2, open("I-2"))]), "the incident I-1 is open already");
    assert_eq!(why(&[(1, open("I-1")), (2, close("I-2"))]), "the incident I-2 is not open");
    assert!(play(&[(1, open("I-1")), (2, close("I-1")), (3, open("I-2"))]).1.is_ok());
}

#[test]
fn only_the_newest_epoch_writes_and_a_screen_never_acts() {
    let began =
        |acts| Kind::EpochBegan { epoch: 2, host: "h".into(), pid: 2, who: ana(), acts, taken_over: None };
    let verdict =
        Kind::VerdictChanged { epoch: 1, from: Standing::Quiet, to: Standing::Quiet, evidence: Vec::new() };
    assert!(why(&[(1, began(true)), (2, verdict)]).contains("another program decides now"));
    let of = |mut kind: Kind| {
        if let Kind::Acting { epoch, .. } | Kind::Fired { epoch, .. } = &mut kind {
            *epoch = 2;
        }
        kind
    };
    let (fires, acts) = (of(fired(1, Cell::Auto)), of(acting(1)));
    assert_eq!(why(&[(1, began(false)), (2, fires.clone()), (3, acts.clone())]), "only a watcher acts");
    assert!(play(&[(1, began(true)), (2, fires.clone()), (3, acts.clone())]).1.is_ok());
    let left = Kind::EpochEnded { epoch: 2 };
    assert_eq!(why(&[(1, began(true)), (2, fires), (3, left), (4, acts)]), "only a watcher acts");
}
