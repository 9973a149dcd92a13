//! What is decided outside of runs, in simulated time: who decides, until when, what acts by itself.

use super::*;
use crate::engine::eval::Truth;
use crate::model::playbook::{Automation, Cell, DefaultAction};
use crate::model::time::Deadline;
use crate::run::plan::RoleFacts;
use crate::session::decision::{Choice, Closed, Withheld};
use crate::session::view::{Notice, View, Watch, WhyOf};

const ARMED: &str = r#"
[environments.live]
tone = "calm"
automation = "armed"
[traffic]
signal = "share"
stages = [5, 25, 100]
[signals.share]
title = "Share"
source = "page"
metric = "share"
raw = "ratio"
unit = "percent"
stale_after = "5s"
[roles.lead]
title = "On-call lead"
users = ["ana"]
[roles.qa]
title = "QA DRI"
users = ["ben"]
[triggers.spike]
title = "Spike"
severity = "P1"
when = "errors > 20%"
for = "10s"
act = "auto"
mode = "armed"
procedure = "off"
reason = "spike"
effect_within = "1m"
[triggers.gate]
title = "Gate"
severity = "P1"
when = "errors > 10%"
at = { 5 = "decide 5m", 25 = "decide 2m", 100 = "auto" }
default = "act"
mode = "armed"
procedure = "off"
reason = "gate"
approval = ["lead", "qa"]
"#;

fn live() -> Session {
    let text = format!("{PLAYBOOK}{ARMED}");
    let loaded = crate::config::playbook::parse(&text, "shop.toml").expect("the playbook is right");
    let playbook = resolve(&loaded.playbook, "live", &IndexMap::new()).unwrap();
    let facts = Facts { environment: "live".into(), user: "ana".into(), uid: 7, ..Facts::default() };
    let mut s = Session::new(playbook, facts, &at(0));
    s.handle(&at(0), Event::Decided(Vec::new()));
    s
}

fn sees(s: &mut Session, ms: u64, signal: &str, value: f64) {
    let value = Ok(Value::Number(value));
    let reading = Reading { signal: signal.into(), series: None, at: at(ms), age: 0, value };
    s.handle(&at(ms), Event::Readings(vec![reading]));
}

fn beat(ms: u64, acts: bool) -> Heartbeat {
    Heartbeat {
        epoch: 1,
        acts,
        host: "bastion".into(),
        pid: 7,
        at: at(ms),
        says: "P1".into(),
        ..Default::default()
    }
}

fn began(acts: bool) -> Kind {
    let who = who("watch", 9);
    Kind::EpochBegan { epoch: 1, host: "bastion".into(), pid: 7, who, acts, taken_over: None }
}

fn fired(trigger: &str, ms: u64, cell: Cell) -> Kind {
    Kind::Fired {
        epoch: 1,
        firing: format!("{trigger}-1"),
        trigger: trigger.into(),
        true_since: at(ms),
        cell,
        stage: None,
        note: None,
        mode: Automation::Armed,
        evidence: Vec::new(),
    }
}

fn opened(ms: u64, minutes: u64, default_at: Option<u64>, default: DefaultAction) -> Kind {
    let role = |id: &str, title: &str| RoleFacts { id: id.into(), title: title.into(), ..Default::default() };
    Kind::ClockOpened {
        epoch: 1,
        clock: "gate-1-d1".into(),
        firing: "gate-1".into(),
        decide_by: Some(Deadline::after(&at(ms), minutes * 60_000)),
        default_at: default_at.map(|m| Deadline::after(&at(ms), m * 60_000)),
        default,
        procedure: Some("off".into()),
        roles: vec![role("lead", "On-call lead"), role("qa", "QA DRI")],
        stage: Some(25),
    }
}

/// A watcher lives, the gate fires and asks for a decision.
fn asked(default: DefaultAction) -> (Session, Log) {
    let (mut s, mut log) = (live(), Log::default());
    log.say(&mut s, 1_000, began(true));
    s.handle(&at(1_000), Event::Beat(Some(beat(1_000, true))));
    log.say(&mut s, 2_000, fired("gate", 1_000, Cell::Decide { within: 120_000, default_at: Some(600_000) }));
    log.say(&mut s, 2_000, opened(2_000, 2, Some(10), default));
    (s, log)
}

fn alive(s: &mut Session, ms: u64) -> View {
    s.handle(&at(ms), Event::Beat(Some(beat(ms, true))));
    s.view(&at(ms))
}

#[test]
fn a_decision_counts_down_on_both_clocks_and_says_who_may() {
    let (mut s, mut log) = asked(DefaultAction::Act);
    let view = alive(&mut s, 12_000);
    let d = &view.decisions[0];
    assert_eq!((d.decide_ms, d.default_ms, d.length_ms), (Some(110_000), Some(590_000), 120_000));
    assert_eq!((d.may, d.closed, d.title.as_str()), (false, false, "Gate (P1)"));
    assert!(d.you.contains("ana is none of"), "{}", d.you);
    assert_eq!(d.then.0, "ACT");
    s.handle(&at(12_000), Event::Roles(vec!["lead".into()]));
    let view = alive(&mut s, 12_000);
    let d = &view.decisions[0];
    assert!(d.may && d.you.contains("On-call lead: yes"), "{}", d.you);
    assert_eq!(d.lacking, [("off".to_owned(), vec!["QA DRI".to_owned()])], "two must say the same");
    let frozen = Kind::DefaultFrozen {
        epoch: 1,
        clock: "gate-1-d1".into(),
        plan: Ok(("on, 25 %".into(), "off".into())),
        hash: Some("ab".into()),
    };
    log.say(&mut s, 12_500, frozen);
    let choice = Choice::RollBack { procedure: "off".into(), run: None };
    let said = |choice: Choice, user: &str, uid, role: &str| Kind::Said {
        clock: "gate-1-d1".into(),
        choice,
        who: who(user, uid),
        roles: vec![role.into()],
        reason: "errors".into(),
    };
    log.say(&mut s, 13_000, said(choice.clone(), "ben", 8, "qa"));
    let view = alive(&mut s, 13_000);
    let d = &view.decisions[0];
    assert_eq!(d.then.1, "Canary off: on, 25 % → off");
    assert_eq!(d.said, [("ben".to_owned(), choice, "errors".to_owned())]);
    assert!(d.lacking.is_empty(), "ana is the last one");
    log.say(&mut s, 14_000, said(Choice::Extend(300_000), "ana", 7, "lead"));
    let d = alive(&mut s, 14_000).decisions.remove(0);
    assert!(d.extended && d.decide_ms.is_some_and(|ms| ms > 400_000), "{:?}", d.decide_ms);
    log.say(&mut s, 15_000, closed(Closed::Decided, "ana and ben decided"));
    assert!(alive(&mut s, 15_000).decisions.is_empty());
}

fn closed(how: Closed, detail: &str) -> Kind {
    Kind::ClockClosed { epoch: Some(1), clock: "gate-1-d1".into(), how, detail: detail.into() }
}

#[test]
fn the_default_acts_by_itself_only_while_a_watcher_lives_and_it_is_armed() {
    let (mut s, mut log) = asked(DefaultAction::Act);
    let view = alive(&mut s, 12_000);
    let acts = view.acts.expect("the default is coming");
    assert_eq!((acts.in_ms, acts.by_default, acts.procedure.as_str()), (590_000, true, "Canary off"));
    let view = s.view(&at(24_000));
    assert_eq!(view.watch, Watch::Silent { host: "bastion".into(), for_ms: 12_000 });
    assert!(view.acts.is_none(), "nobody is there to act");
    assert!(matches!(view.notices[0], Notice::Silent { for_ms: 12_000, .. }));
    let off = Kind::AutomationSet {
        trigger: None,
        mode: Automation::Off,
        who: who("ben", 8),
        reason: "a test".into(),
    };
    assert_eq!(alive(&mut s, 25_000).automation, "ARMED");
    log.say(&mut s, 25_000, off);
    let view = alive(&mut s, 25_000);
    assert_eq!((view.automation, view.acts), ("OFF", None));
    assert!(matches!(&view.notices[0], Notice::Off { who, .. } if who == "ben"));
    assert_eq!(view.decisions[0].then.0, "ESCALATE", "it may not act any more");
    assert!(view.timeline.iter().any(|h| h.who.as_deref() == Some("ben")));
}

#[test]
fn what_nobody_decided_stays_in_sight_until_it_is_seen_and_rings() {
    for (how, is) in [
        (Closed::Overdue, (|n| matches!(n, Notice::Overdue { late_ms: 8_000, .. })) as fn(&Notice) -> bool),
        (Closed::Default, |n| matches!(n, Notice::Default { what, .. } if what == "told")),
        (Closed::Refused, |n| matches!(n, Notice::DefaultRefused { .. })),
    ] {
        let (mut s, mut log) = asked(DefaultAction::Escalate);
        assert_eq!(log.say(&mut s, 610_000, closed(how, "told")), [Effect::Bell]);
        let view = alive(&mut s, 610_000);
        assert!(view.notices.iter().any(is), "{how:?}: {:?}", view.notices);
        assert!(view.decisions[0].closed, "a procedure can still be started");
        assert_eq!(view.unseen, ["gate-1"]);
        let seen = Kind::Acked { firing: "gate-1".into(), who: who("ana", 7), note: String::new() };
        log.say(&mut s, 611_000, seen);
        let view = alive(&mut s, 611_000);
        assert!(view.decisions.is_empty() && view.notices.is_empty() && view.unseen.is_empty());
    }
}

#[test]
fn an_armed_trigger_that_is_pending_says_when_it_acts_and_the_watchers_word_counts() {
    let (mut s, mut log) = (live(), Log::default());
    log.say(&mut s, 0, began(true));
    for i in 0..4 {
        sees(&mut s, i * 1_000, "errors", 0.3);
    }
    let view = alive(&mut s, 3_000);
    let acts = view.acts.clone().expect("it is armed and pending");
    assert_eq!((acts.trigger.as_str(), acts.in_ms, acts.by_default), ("spike", 7_000, false));
    assert_eq!(view.triggers.iter().find(|t| t.id == "spike").unwrap().mode, "ARMED");
    let mut heard = beat(3_000, true);
    heard.lacks.insert("spike".into(), 2_500);
    s.handle(&at(3_500), Event::Beat(Some(heard)));
    assert_eq!(s.view(&at(3_500)).acts.unwrap().in_ms, 2_000, "it has watched for longer");
    s.handle(&at(3_500), Event::Beat(Some(beat(3_500, false))));
    let view = s.view(&at(3_500));
    assert_eq!((view.acts, view.watch), (None, Watch::None), "a screen never acts");
    assert!(view.notices.contains(&Notice::NoWatch));
    // It fires, and what holds it back is said.
    log.say(&mut s, 11_000, fired("spike", 1_000, Cell::Auto));
    let held = Kind::Withheld {
        epoch: 1,
        firing: "spike-1".into(),
        by: Withheld::Cooldown,
        why: "it acted 40s ago, it waits 5m".into(),
    };
    log.say(&mut s, 11_000, held);
    let view = alive(&mut s, 11_000);
    assert!(view.acts.is_none());
    assert!(view.notices.iter().any(|n| matches!(n, Notice::Held { why, .. } if why.contains("5m"))));
}

#[test]
fn an_automatic_run_says_how_fast_it_was_against_its_target() {
    let (mut s, mut log) = (live(), Log::default());
    log.say(&mut s, 0, began(true));
    log.say(&mut s, 1_000, fired("spike", 0, Cell::Auto));
    let run = "1114-221320-auto-spike-1".to_owned();
    let acting = Kind::Acting {
        epoch: 1,
        firing: "spike-1".into(),
        clock: None,
        run: run.clone(),
        procedure: "off".into(),
    };
    assert_eq!(log.say(&mut s, 1_100, acting), [Effect::Bell]);
    let reacted = |to_effect| Kind::Reacted {
        epoch: 1,
        firing: "spike-1".into(),
        run: run.clone(),
        from_true: 11_200,
        from_firing: 1_200,
        to_effect,
        target: Some(60_000),
    };
    log.say(&mut s, 2_200, reacted(None));
    log.say(&mut s, 30_000, reacted(Some(70_000)));
    let r = alive(&mut s, 30_000).reaction.expect("it is known");
    assert_eq!(
        (r.from_firing, r.to_effect, r.target, r.is_late()),
        (1_200, Some(70_000), Some(60_000), true)
    );
    let failed = Kind::Acted { epoch: 1, firing: "spike-1".into(), run, ok: false, detail: "exit 1".into() };
    log.say(&mut s, 31_000, failed);
    let view = alive(&mut s, 31_000);
    assert!(view.notices.iter().any(|n| matches!(n, Notice::Stopped { .. })), "{:?}", view.notices);
}

#[test]
fn the_stage_picks_the_cell_and_says_who_decides_there() {
    let mut s = live();
    sees(&mut s, 0, "share", 0.25);
    let m = s.view(&at(0)).matrix.unwrap();
    assert_eq!((m.stages.as_slice(), m.stage), ([5, 25, 100].as_slice(), Some(1)));
    assert_eq!(m.rows.len(), 1, "a trigger that is the same everywhere is no row");
    assert_eq!(m.rows[0].cells, ["decide 5m", "decide 2m", "auto"]);
    assert_eq!((m.rows[0].in_force, m.rows[0].asks.as_str()), (Some(1), "decide 2m"));
    assert!(m.who.iter().any(|(who, what)| who == "On-call lead + QA DRI" && what == &["Gate"]));
    sees(&mut s, 1_000, "share", 0.5);
    let m = s.view(&at(1_000)).matrix.unwrap();
    assert_eq!((m.stage, m.rows[0].in_force), (None, Some(2)), "between two the stricter");
    assert!(m.now.contains("between 25 and 100 %"));
    let m = s.view(&at(60_000)).matrix.unwrap();
    assert!(m.unknown && m.rows[0].in_force.is_none(), "a stale share says nothing");
}

#[test]
fn what_people_counted_before_counts_at_its_time() {
    let mut log = Log::default();
    let before: Vec<Record> = (0..3).map(|i| log.record(i * 1_000, &counted(1))).collect();
    let mut s = session();
    s.handle(&at(3_600_000), Event::Decided(before));
    let view = s.view(&at(3_600_000));
    assert_eq!((view.manual[0].count, view.timeline.len()), (3, 3));
    log.say(&mut s, 3_600_100, counted(-1));
    assert_eq!(s.view(&at(3_600_200)).manual[0].count, 2);
    let flagged = s.handle(
        &at(3_600_300),
        Event::Decided(vec![Record { kind: "Nonsense".into(), ..log.record(3_600_300, &counted(1)) }]),
    );
    assert_eq!(flagged, [Effect::Bell], "a log that cannot be read is said");
    assert!(s.view(&at(3_600_300)).alarm.is_some());
}

#[test]
fn the_evidence_of_everything_can_be_opened() {
    let (mut s, _log) = asked(DefaultAction::Act);
    sees(&mut s, 3_000, "errors", 0.3);
    for of in
        [WhyOf::Verdict, WhyOf::Matrix, WhyOf::Trigger("spike".into()), WhyOf::Decision("gate-1-d1".into())]
    {
        assert_eq!(s.why(&at(3_000), &of).of, of);
    }
    let why = s.why(&at(3_000), &WhyOf::Trigger("spike".into()));
    assert_eq!(why.title, "Spike (P1)");
    assert!(why.facts.iter().any(|(label, text)| label == "Rule" && text == "errors > 20%"));
    let part = why.rows.iter().find(|r| r.text == "errors > 20 %").expect("its part");
    assert_eq!((part.truth, part.value.as_str()), (Some(Truth::True), "30 %"));
    assert!(why.rows.iter().any(|r| r.text.contains("newest first: 30 %")));
    let why = s.why(&at(3_000), &WhyOf::Trigger("nothing".into()));
    assert!(why.facts.is_empty() && why.rows.is_empty());
}
