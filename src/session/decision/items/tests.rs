//! What a tick counts for, and for how long; what may be said of an item.

use super::*;
use crate::model::playbook::{Checklist, Item, StepKind, Wait};
use crate::model::probe::{Ask, Probe};
use crate::model::record::Record;
use crate::session::decision::Rules;
use indexmap::IndexMap;

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;

fn at(boot: Millis) -> Now {
    Now { boot, boot_id: "a".into(), wall: 1_795_262_400_000 + boot as i64 }
}

fn ana() -> Person {
    Person { user: "ana".into(), uid: 2, login_uid: Some(2), ..Person::default() }
}

fn judge() -> ItemDoes {
    let ask = Ask::File("/x".into());
    ItemDoes::Judge(Probe { ask, expect: Default::default(), within: None, every: 1_000, rehearse: None })
}

/// A list of each moment: a person's item, one that judges itself, one that is set off.
fn playbook() -> Playbook {
    let item = |text: &str, does| Item { text: text.into(), roles: Vec::new(), required: true, does };
    let act =
        || ItemDoes::Act { kind: Box::new(StepKind::Wait(Wait::For(1))), timeout: 30_000, rehearse: None };
    let list = |moment| Checklist {
        title: "T".into(),
        moment,
        due: None,
        items: vec![item("told", None), item("there", Some(judge())), item("opened", Some(act()))],
    };
    let lists = [
        ("ready", Moment::Ready),
        ("before", Moment::Before),
        ("during", Moment::During),
        ("after", Moment::After),
    ];
    let checklists: IndexMap<String, Checklist> =
        lists.into_iter().map(|(id, moment)| (id.to_owned(), list(moment))).collect();
    let mut p = Playbook { checklists, ..Playbook::default() };
    p.environments.insert("prod".into(), Default::default());
    p
}

struct Log(Decisions, Playbook, Rules);

impl Log {
    fn new() -> Log {
        let p = playbook();
        let rules = Rules::of(&p, "prod");
        let mut log = Log(Decisions::default(), p, rules);
        let who = ana();
        log.add(
            0,
            Kind::EpochBegan { epoch: 1, host: "h".into(), pid: 1, who, acts: true, taken_over: None },
        );
        log
    }

    fn may(&self, boot: Millis, kind: &Kind) -> Result<(), String> {
        self.0.admits(kind, &self.2, &at(boot))
    }

    fn add(&mut self, boot: Millis, kind: Kind) {
        self.may(boot, &kind).unwrap();
        let (name, body) = kind.parts();
        let seq = self.0.last.as_ref().map_or(1, |(n, _)| n + 1);
        let record = Record { v: 1, seq, at: at(boot), kind: name, body, prev: String::new() };
        assert_eq!(self.0.follow(&record), Ok(kind));
    }

    fn done(&self, list: &str, boot: Millis) -> bool {
        self.0.stood(&self.1, list, 1, &at(boot)).done
    }

    fn stood(&self, item: usize, boot: Millis) -> Stood {
        self.0.stood(&self.1, "before", item, &at(boot))
    }

    /// Lists whose first item is done.
    fn all(&self, boot: Millis) -> Vec<&str> {
        ["ready", "before", "during", "after"].into_iter().filter(|l| self.done(l, boot)).collect()
    }
}

fn tick(list: &str, item: usize, done: bool) -> Kind {
    Kind::Ticked { checklist: list.into(), item, text: "told".into(), done, note: String::new(), who: ana() }
}

fn tick_all(log: &mut Log, boot: Millis) {
    ["ready", "before", "during", "after"].into_iter().for_each(|l| log.add(boot, tick(l, 1, true)));
}

fn opened(run: Option<&str>) -> Kind {
    Kind::IncidentOpened {
        incident: "INC-1".into(),
        reason: "r".into(),
        run: run.map(str::to_owned),
        who: None,
    }
}

fn closed() -> Kind {
    Kind::IncidentClosed { incident: "INC-1".into(), who: None, reason: "r".into() }
}

fn over(run: &str) -> Kind {
    Kind::RunOver { epoch: 1, run: run.into(), procedure: "back".into(), ended: at(1), follow: Vec::new() }
}

fn began(deed: &str, boot: Millis) -> Kind {
    Kind::ItemBegan {
        checklist: "before".into(),
        item: 3,
        text: "opened".into(),
        deed: deed.into(),
        what: "open it".into(),
        until: Deadline::after(&at(boot), 40_000),
        who: ana(),
    }
}

fn ended(deed: &str, ok: bool) -> Kind {
    Kind::ItemEnded {
        checklist: "before".into(),
        item: 3,
        deed: deed.into(),
        ok,
        detail: if ok { "exit 0: INC-7" } else { "exit 1" }.into(),
        took: 900,
        who: ana(),
    }
}

fn judged(answer: Answer) -> Kind {
    Kind::ItemJudged {
        epoch: 1,
        checklist: "before".into(),
        item: 2,
        text: "there".into(),
        answer,
        detail: "/x exists".into(),
    }
}

#[test]
fn what_was_ticked_before_something_fired_was_for_another_matter() {
    let mut log = Log::new();
    tick_all(&mut log, MINUTE);
    assert_eq!(log.all(2 * MINUTE), ["ready", "before", "during", "after"]);
    log.add(3 * MINUTE, opened(None));
    assert_eq!(log.all(3 * MINUTE), ["ready", "after"]);
    tick_all(&mut log, 4 * MINUTE);
    // However long it lasts.
    assert_eq!(log.all(30 * HOUR), ["ready", "before", "during", "after"]);
    log.add(31 * HOUR, closed());
    assert_eq!(log.all(31 * HOUR), ["ready", "after"]);
}

#[test]
fn who_prepares_a_rollback_works_the_list_before_the_incident_that_it_opens() {
    let mut log = Log::new();
    tick_all(&mut log, 0);
    assert_eq!(log.all(LEAD), ["ready", "before", "during", "after"]);
    assert_eq!(log.all(LEAD + 1), ["ready", "after"], "yesterday's ticks are none");
    log.add(HOUR, opened(Some("1121-1200-back-1f2e")));
    assert_eq!(log.all(20 * HOUR), ["ready", "before", "during", "after"], "they were for this run");
    let mut late = Log::new();
    tick_all(&mut late, 0);
    late.add(LEAD + MINUTE, opened(Some("1121-1200-back-1f2e")));
    assert_eq!(late.all(LEAD + 2 * MINUTE), ["ready", "after"]);
}

#[test]
fn follow_ups_count_from_the_end_of_the_last_run() {
    let mut log = Log::new();
    log.add(0, over("r1"));
    tick_all(&mut log, MINUTE);
    log.add(2 * MINUTE, opened(None));
    assert!(log.done("after", 90 * HOUR), "an incident takes nothing of them back");
    assert!(log.may(3 * MINUTE, &over("r1")).is_err(), "one end is recorded once");
    log.add(3 * MINUTE, over("r2"));
    assert!(!log.done("after", 3 * MINUTE));
    assert_eq!(log.0.run_over.as_ref().map(|(run, ..)| run.as_str()), Some("r2"));
}

#[test]
fn a_tick_can_be_taken_back_and_says_who_and_when() {
    let mut log = Log::new();
    log.add(5, tick("before", 1, true));
    let it = log.stood(1, 6);
    assert_eq!((it.done, it.who.as_deref(), it.at), (true, Some("ana"), Some(at(5))));
    log.add(7, tick("before", 1, false));
    assert!(log.stood(1, 8).is_open());
    let note = Kind::ItemNoted {
        checklist: "before".into(),
        item: 1,
        text: "told".into(),
        note: "in #ops\u{1b}[31m".into(),
        who: ana(),
    };
    log.add(9, note);
    let it = log.stood(1, 10);
    let (who, note) = it.note.unwrap();
    assert!(who == "ana" && note.starts_with("in #ops") && !note.contains('\u{1b}'), "{note:?}");
    assert!(!it.done, "it changes no tick");
}

#[test]
fn an_item_that_judges_itself_is_ticked_by_nobody() {
    let mut log = Log::new();
    let why = log.may(1, &tick("before", 2, true)).unwrap_err();
    assert!(why.contains("judges itself"), "{why}");
    log.add(1, judged(Answer::Holds));
    assert!(log.may(2, &judged(Answer::Holds)).is_err(), "only what changes is put on record");
    let it = log.stood(2, 3);
    assert_eq!((it.done, it.who.as_deref(), it.detail.as_str()), (true, Some("auto"), "/x exists"));
    log.add(4, opened(None));
    assert!(log.stood(2, 5).done, "it is what it is now, whenever that began");
    for (boot, answer) in [(6, Answer::Blind), (7, Answer::Fails)] {
        log.add(boot, judged(answer));
        assert!(log.stood(2, boot).is_open(), "{answer:?}");
    }
    let mut other = judged(Answer::Holds);
    if let Kind::ItemJudged { epoch, .. } = &mut other {
        *epoch = 7;
    }
    assert!(log.may(8, &other).unwrap_err().contains("epoch"), "only the decider says so");
}

#[test]
fn one_goes_on_without_an_item_only_with_a_reason_and_for_this_incident() {
    let mut log = Log::new();
    let without = |reason: &str| Kind::ItemWithout {
        checklist: "before".into(),
        item: 2,
        text: "there".into(),
        reason: reason.into(),
        who: ana(),
    };
    assert!(log.may(1, &without("  ")).unwrap_err().contains("reason"));
    log.add(1, without("it is down"));
    let it = log.stood(2, 2);
    assert!(!it.is_open() && !it.done);
    assert_eq!(it.without, Some(("ana".into(), "it is down".into())));
    log.add(3, opened(None));
    assert!(log.0.stood(&log.1, "before", 2, &at(4)).without.is_none());
}

#[test]
fn what_is_set_off_runs_once_at_a_time_and_ticks_only_when_it_succeeds() {
    let mut log = Log::new();
    let why = |kind: &Kind, boot| log_err(&log, boot, kind);
    assert!(
        why(
            &{
                let mut k = began("d0", 1);
                if let Kind::ItemBegan { item, .. } = &mut k {
                    *item = 1;
                }
                k
            },
            1
        )
        .contains("does nothing itself")
    );
    log.add(1, began("d1", 1));
    let it = log.stood(3, 2);
    assert_eq!(it.running, Some(("ana".into(), at(1))));
    assert!(log_err(&log, 2, &began("d2", 2)).contains("ana set it off"));
    assert!(log_err(&log, 2, &tick("before", 3, true)).contains("being done"));
    assert!(log.may(2, &ended("d7", true)).is_err(), "what nobody set off does not end");
    log.add(3, ended("d1", false));
    let it = log.stood(3, 4);
    assert!(it.failed && !it.done && it.detail == "exit 1", "{it:?}");
    assert!(log.may(4, &ended("d1", true)).is_err(), "an end is said once");
    log.add(5, began("d2", 5));
    log.add(6, ended("d2", true));
    let it = log.stood(3, 7);
    assert_eq!((it.done, it.failed, it.detail.as_str()), (true, false, "exit 0: INC-7"));
    assert_eq!((it.who.as_deref(), it.at), (Some("ana"), Some(at(6))));
    log.add(8, opened(None));
    let it = log.stood(3, 9);
    assert!(!it.done && !it.failed && it.detail.is_empty(), "{it:?}");
}

fn log_err(log: &Log, boot: Millis, kind: &Kind) -> String {
    log.may(boot, kind).unwrap_err()
}

#[test]
fn of_what_was_set_off_by_a_program_that_died_nobody_knows_the_outcome() {
    let mut log = Log::new();
    log.add(0, began("d1", 0));
    assert!(log.stood(3, 39_999).running.is_some());
    let it = log.stood(3, 40_000);
    assert!(it.unknown && it.running.is_none() && !it.done, "neither done nor failed: {it:?}");
    let booted = Now { boot: 5, boot_id: "b".into(), wall: at(20_000).wall };
    assert!(log.0.stood(&log.1, "before", 3, &booted).unknown, "it died with the host");
    // It may be set off anew, and ticked by who looked.
    assert_eq!(log.may(40_000, &began("d2", 40_000)), Ok(()));
    log.add(40_001, tick("before", 3, true));
    let it = log.stood(3, 40_002);
    assert!(it.done, "{it:?}");
}
