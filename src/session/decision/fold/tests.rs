//! What records fold to: what is kept, what is forgotten, what people are owed.

use super::*;
use crate::model::playbook::{Automation, Cell};
use crate::session::decision::Rules;

fn now(boot: Millis) -> Now {
    Now { boot, boot_id: "a".into(), wall: 1_795_262_400_000 + boot as i64 }
}

fn ana() -> Person {
    Person { user: "ana".into(), uid: 2, login_uid: Some(2), ..Person::default() }
}

struct Log(Vec<Record>, Decisions);

impl Log {
    fn add(&mut self, at: &Now, kind: Kind) {
        let (name, body) = kind.parts();
        let record = Record {
            v: 1,
            seq: self.0.len() as u64 + 1,
            at: at.clone(),
            kind: name,
            body,
            prev: String::new(),
        };
        assert_eq!(self.1.follow(&record), Ok(kind));
        self.0.push(record);
    }
}

fn log() -> Log {
    let mut log = Log(Vec::new(), Decisions::default());
    let who = ana();
    log.add(
        &now(0),
        Kind::EpochBegan { epoch: 1, host: "h".into(), pid: 1, who, acts: true, taken_over: None },
    );
    log
}

fn fired(trigger: &str, n: u32) -> Kind {
    Kind::Fired {
        epoch: 1,
        firing: format!("{trigger}-{n}"),
        trigger: trigger.into(),
        true_since: now(0),
        cell: Cell::Auto,
        stage: Some(25),
        note: None,
        mode: Automation::Armed,
        evidence: Vec::new(),
    }
}

fn resolved(firing: &str) -> Kind {
    Kind::Resolved { epoch: 1, firing: firing.into(), evidence: Vec::new() }
}

fn opened(firing: &str, decide_by: Option<Deadline>) -> Kind {
    Kind::ClockOpened {
        epoch: 1,
        clock: format!("{firing}-d1"),
        firing: firing.into(),
        decide_by,
        default_at: None,
        default: DefaultAction::Escalate,
        procedure: None,
        roles: Vec::new(),
        stage: None,
    }
}

#[test]
fn firings_that_are_over_are_forgotten_with_their_clocks_but_not_what_is_open() {
    let mut log = log();
    log.add(&now(1), fired("gate", 1));
    log.add(&now(1), opened("gate-1", None));
    log.add(&now(1), resolved("gate-1"));
    for n in 1..=KEPT as u32 + 50 {
        log.add(&now(1), fired("errors", n));
        log.add(&now(1), resolved(&format!("errors-{n}")));
    }
    let d = &log.1;
    assert_eq!((d.firings.len(), d.fired["errors"]), (KEPT + 1, KEPT as u32 + 50));
    assert!(d.firings.contains_key("gate-1") && d.clocks.contains_key("gate-1-d1"), "its clock is open");
    assert!(!d.firings.contains_key("errors-50") && d.firings.contains_key("errors-51"));
    let closed =
        |how| Kind::ClockClosed { epoch: Some(1), clock: "gate-1-d1".into(), how, detail: "d".into() };
    log.add(&now(2), closed(Closed::Resolved));
    assert!(!log.1.firings.contains_key("gate-1") && log.1.clocks.is_empty());
    assert_eq!(Decisions::fold(&log.0).unwrap(), log.1);
}

#[test]
fn people_are_owed_a_word_until_it_is_on_record_or_somebody_has_seen_it() {
    let mut log = log();
    log.add(&now(1), fired("errors", 1));
    let acting = |run: &str| Kind::Acting {
        epoch: 1,
        firing: "errors-1".into(),
        clock: None,
        run: run.into(),
        procedure: "back".into(),
    };
    log.add(&now(2), acting("r"));
    let acted =
        Kind::Acted { epoch: 1, firing: "errors-1".into(), run: "r".into(), ok: false, detail: "no".into() };
    log.add(&now(3), acted);
    let f = |log: &Log| log.1.firings["errors-1"].clone();
    assert_eq!(f(&log).owed, [("the automatic run r failed: no".to_owned(), None)]);
    assert_eq!(f(&log).acting, Some(log.1.attempts["errors"][0].clone()));
    let told =
        Kind::Escalated { epoch: 1, firing: "errors-1".into(), clock: None, why: "w".into(), to: Vec::new() };
    log.add(&now(4), told);
    assert_eq!((f(&log).owed.len(), f(&log).untold), (0, vec![("w".to_owned(), now(4))]));
    assert_eq!(log.1.stopped["errors"].told, Some(now(4)));
    let paged = Kind::Paged { epoch: 1, firing: "errors-1".into(), ok: true, detail: "d".into() };
    log.add(&now(5), paged);
    assert_eq!((f(&log).untold.len(), f(&log).paged), (0, Some((true, "d".to_owned(), now(5)))));
    log.add(&now(6), Kind::Acked { firing: "errors-1".into(), who: ana(), note: String::new() });
    assert!(log.1.stopped.is_empty());
}

#[test]
fn having_seen_an_older_firing_does_not_let_a_newer_failure_go_on() {
    let mut log = log();
    log.add(&now(1), fired("errors", 1));
    log.add(&now(1), resolved("errors-1"));
    log.add(&now(2), fired("errors", 2));
    let by = |firing: &str| Kind::Withheld {
        epoch: 1,
        firing: firing.into(),
        by: Withheld::Exhausted,
        why: "once".into(),
    };
    log.add(&now(2), by("errors-2"));
    let seen = |firing: &str| Kind::Acked { firing: firing.into(), who: ana(), note: String::new() };
    log.add(&now(3), seen("errors-1"));
    assert!(log.1.stopped.contains_key("errors"));
    log.add(&now(4), seen("errors-2"));
    assert!(log.1.stopped.is_empty() && log.1.firings["errors-2"].reasons.is_empty());
}

#[test]
fn what_people_say_is_kept() {
    let mut log = log();
    let count = |delta| Kind::Counted { signal: "calls".into(), delta, who: ana() };
    for delta in [-1, 1, 1] {
        log.add(&now(1), count(delta));
    }
    let raised = |raised| Kind::Flagged { signal: "odd".into(), raised, note: "n".into(), who: ana() };
    log.add(&now(2), raised(true));
    let tick = |done| Kind::Ticked {
        checklist: "before".into(),
        item: 2,
        text: "t".into(),
        done,
        note: String::new(),
        who: ana(),
    };
    log.add(&now(3), tick(true));
    log.add(&now(4), tick(false));
    let values = [("p95".to_owned(), Ok((1.5, 12))), ("rss".to_owned(), Err("no samples".to_owned()))];
    log.add(
        &now(5),
        Kind::Marked { mark: "deploy".into(), at: 7, values: values.into_iter().collect(), who: ana() },
    );
    let d = &log.1;
    assert_eq!((d.counts["calls"], d.flags["odd"].0), (2, true), "below nothing is nothing");
    assert!(!d.items[&("before".to_owned(), 2)].tick.as_ref().unwrap().done);
    assert_eq!(d.marks["deploy"].values["p95"], Ok((1.5, 12)));
    assert_eq!(d.last.as_ref().unwrap().0, log.0.len() as u64);
}

#[test]
fn a_record_that_is_not_of_this_log_is_named_and_nothing_is_taken_in() {
    let mut log = log();
    let before = log.1.clone();
    let body = serde_json::json!({});
    let record = Record { v: 1, seq: 2, at: now(9), kind: "RunStarted".into(), body, prev: String::new() };
    let why = log.1.follow(&record).unwrap_err();
    assert!(why.contains("record 2 (RunStarted)"), "{why}");
    assert_eq!(log.1, before);
}

#[test]
fn an_attempt_is_remembered_only_as_far_as_a_rule_may_look() {
    let mut log = log();
    for n in 1..=ATTEMPTS as u32 + 3 {
        log.add(&now(1), fired("errors", n));
        let (firing, run) = (format!("errors-{n}"), format!("r{n}"));
        log.add(
            &now(1),
            Kind::Acting { epoch: 1, firing: firing.clone(), clock: None, run, procedure: "p".into() },
        );
        log.add(&now(1), resolved(&firing));
    }
    assert_eq!((log.1.attempts["errors"].len(), &log.1.attempts["errors"][0].run[..]), (ATTEMPTS, "r4"));
    let many = crate::model::playbook::Playbook::default();
    assert_eq!(Rules::of(&many, "nowhere"), Rules::default(), "what does not exist allows nothing");
}
