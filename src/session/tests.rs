//! A session in simulated time.

mod book;
mod deciding;

use super::decision::Kind;
use super::view::{Freshness, Gravity, Level, TriggerState};
use super::*;
use crate::model::reading::Value;
use crate::model::resolve::resolve;
use crate::run::plan::Person;
use indexmap::IndexMap;

const PLAYBOOK: &str = r#"
schema = 1
[service]
name = "shop"
title = "Shop"
owner = "us"
[environments.lab]
tone = "calm"
[sources.page]
every = "1s"
http = { url = "http://127.0.0.1:1/metrics" }
[signals.errors]
title = "Error rate"
source = "page"
metric = "errors"
raw = "ratio"
unit = "percent"
warn = "> 1%"
critical = "> 5%"
stale_after = "5s"
panel = 1
[signals.complaints]
title = "Complaints"
count = { key = "m", text = "A customer complains" }
unit = "count"
[severities.P1]
title = "High"
text = "Roll back"
respond_within = "15m"
[triggers.high]
title = "Many errors"
severity = "P1"
when = "errors > 5%"
for = "3s"
act = "ask"
procedure = "off"
reason = "errors"
[procedures.off]
title = "Canary off"
key = "c"
expect = { duration = "1m", downtime = "none", data_loss = "none" }
[[procedures.off.steps]]
name = "Off"
run = ["true"]
timeout = "5s"
repeatable = true
"#;

fn at(ms: u64) -> Now {
    Now { boot: 1_000_000 + ms, boot_id: "b".into(), wall: 1_700_000_000_000 + ms as i64 }
}

/// As the driver begins: the log comes first, even when nothing is in it.
fn session() -> Session {
    let mut s = fresh();
    s.handle(&at(0), Event::Decided(Vec::new()));
    s
}

fn fresh() -> Session {
    let loaded = crate::config::playbook::parse(PLAYBOOK, "shop.toml").expect("the playbook is right");
    let playbook = resolve(&loaded.playbook, "lab", &IndexMap::new()).unwrap();
    let facts = Facts { environment: "lab".into(), user: "ana".into(), uid: 7, ..Facts::default() };
    Session::new(playbook, facts, &at(0))
}

fn read(session: &mut Session, ms: u64, value: f64) -> Vec<Effect> {
    let reading = Reading {
        signal: "errors".into(),
        series: None,
        at: at(ms),
        age: 0,
        value: Ok(Value::Number(value)),
    };
    session.handle(&at(ms), Event::Readings(vec![reading]))
}

/// Writes records as the log would.
#[derive(Default)]
struct Log(Vec<Record>);

impl Log {
    fn record(&mut self, ms: u64, kind: &Kind) -> Record {
        let (kind, body) = kind.parts();
        let seq = self.0.len() as u64 + 1;
        let record = Record { v: 1, seq, at: at(ms), kind, body, prev: String::new() };
        self.0.push(record.clone());
        record
    }

    fn say(&mut self, session: &mut Session, ms: u64, kind: Kind) -> Vec<Effect> {
        let record = self.record(ms, &kind);
        session.handle(&at(ms), Event::Decided(vec![record]))
    }
}

fn who(user: &str, uid: u32) -> Person {
    Person { user: user.into(), uid, ..Person::default() }
}

fn counted(delta: i32) -> Kind {
    Kind::Counted { signal: "complaints".into(), delta, who: who("ana", 7) }
}

#[test]
fn nothing_measured_is_not_all_quiet() {
    let view = session().view(&at(500));
    assert_eq!(view.verdict.gravity, Gravity::Unknown);
    assert_eq!(view.freshness, Freshness::Starting);
    assert!(view.verdict.text.contains("not \"all quiet\""));
    assert_eq!(view.signals.len(), 1, "a counter of people has its own place");
    assert_eq!(view.manual.len(), 1);
}

#[test]
fn a_bad_signal_lights_the_matrix_after_its_time_and_rings_once() {
    let mut s = session();
    assert!(read(&mut s, 0, 0.001).is_empty());
    assert_eq!(s.view(&at(100)).verdict.word, "ALL QUIET");
    let mut bells = 0;
    for i in 1..=6 {
        bells += read(&mut s, i * 1000, 0.2).len();
    }
    assert_eq!(bells, 1);
    let view = s.view(&at(6_100));
    assert_eq!(view.verdict.gravity, Gravity::Critical);
    assert_eq!(view.verdict.word, "P1 HIGH");
    assert!(view.verdict.clock_ms.is_some_and(|c| c < 15 * 60_000 && c > 14 * 60_000));
    assert!(view.severities[0].in_force);
    assert!(matches!(view.triggers[0].state, TriggerState::Firing { .. }));
    assert_eq!(view.signals[0].level, Level::Critical);
    assert!(view.procedures[0].suggested);
    assert_eq!(view.verdict.suggests, Some(('c', "Canary off".into())));
    let kinds: Vec<&str> = view.timeline.iter().map(|h| h.kind.as_str()).collect();
    assert_eq!(kinds, ["pending", "firing"]);
    let cause = s.cause(&at(6_100), "off").unwrap();
    assert_eq!(cause.trigger, "high");
    assert_eq!(s.reason("off", Some(&cause)), "errors");
}

#[test]
fn silence_is_neither_healthy_nor_a_resolution() {
    let mut s = session();
    for i in 0..=6 {
        read(&mut s, i * 1000, 0.2);
    }
    for i in 7..60 {
        s.handle(&at(i * 1000), Event::Tick);
    }
    let view = s.view(&at(60_000));
    assert_eq!(view.signals[0].level, Level::Stale);
    assert!(matches!(view.triggers[0].state, TriggerState::Firing { .. }), "it cannot resolve");
    assert!(view.triggers[0].blind);
    assert!(matches!(view.freshness, Freshness::Lost(_)));
    assert!(view.timeline.iter().any(|h| h.kind == "stale"));
}

#[test]
fn a_count_is_told_with_its_person_and_can_be_taken_back() {
    let (mut s, mut log) = (session(), Log::default());
    for delta in [1, 1, -1] {
        log.say(&mut s, 10, counted(delta));
    }
    let view = s.view(&at(20));
    assert_eq!(view.manual[0].count, 1);
    assert_eq!(view.timeline.len(), 3);
    assert_eq!(view.timeline[0].who.as_deref(), Some("ana"));
}

#[test]
fn the_timeline_is_bounded_and_in_order() {
    let (mut s, mut log) = (session(), Log::default());
    for i in 0..700 {
        log.say(&mut s, i, counted(1));
    }
    let view = s.view(&at(1000));
    assert_eq!(view.timeline.len(), KEPT);
    assert!(view.timeline.windows(2).all(|w| w[0].wall <= w[1].wall));
}

#[test]
fn what_fits_now_comes_first_and_what_cannot_be_said_before_what_is_not_so() {
    use crate::engine::eval::Truth;
    let more = r#"
[scenarios.calm]
title = "Nothing much"
when = "errors < 1%"
procedure = "off"
[scenarios.people]
title = "People say so"
symptoms = "They call"
procedure = "off"
[scenarios.spike]
title = "Spike"
when = "errors > 5%"
procedure = "off"
reason = "error_spike"
"#;
    let loaded = crate::config::playbook::parse(&format!("{PLAYBOOK}{more}"), "shop.toml").unwrap();
    let playbook = resolve(&loaded.playbook, "lab", &IndexMap::new()).unwrap();
    let facts = Facts { environment: "lab".into(), user: "ana".into(), uid: 7, ..Facts::default() };
    let mut s = Session::new(playbook, facts, &at(0));
    s.handle(&at(0), Event::Decided(Vec::new()));
    let ranked = |s: &Session, ms| -> Vec<(String, Truth)> {
        s.view(&at(ms)).scenarios.into_iter().map(|x| (x.id, x.truth)).collect()
    };
    let said = |id: &str, truth| (id.to_string(), truth);
    let (calm, people, spike) = ("calm", said("people", Truth::Unknown), "spike");
    let unknown = [said(calm, Truth::Unknown), said(spike, Truth::Unknown), people.clone()];
    assert_eq!(ranked(&s, 10), unknown, "nothing is measured: nothing is so, nothing is not");
    read(&mut s, 100, 0.09);
    assert_eq!(ranked(&s, 200), [said(spike, Truth::True), people.clone(), said(calm, Truth::False)]);
    let shown = s.view(&at(200)).scenarios.remove(0);
    assert!(shown.seen.contains("9"), "{}", shown.seen);
    assert_eq!(shown.procedure, ("off".into(), "Canary off".into(), Some('c')));
    read(&mut s, 1_000, 0.001);
    assert_eq!(ranked(&s, 1_100), [said(calm, Truth::True), people, said(spike, Truth::False)]);
    assert_eq!(ranked(&s, 20_000)[0].1, Truth::Unknown, "an old answer says nothing");
    assert_eq!(s.reason_of("spike").as_deref(), Some("error_spike"));
    assert_eq!(s.reason_of("calm").as_deref(), Some("Nothing much"));
}

#[test]
fn a_message_is_shown_to_whom_it_is_for_rings_there_and_goes_after_a_while() {
    use super::view::Notice;
    let (mut s, mut log) = (session(), Log::default());
    let to =
        |to: &str| Kind::Noted { text: "the lock\nplease".into(), who: who("lea", 9), to: Some(to.into()) };
    assert!(log.say(&mut s, 10, to("ben")).is_empty(), "it is not for ana");
    assert_eq!(log.say(&mut s, 20, to("ana")), [Effect::Bell]);
    let shown = |s: &Session, ms| -> Vec<Notice> {
        let all = s.view(&at(ms)).notices.into_iter();
        all.filter(|n| matches!(n, Notice::Message { .. })).collect()
    };
    let wall = at(20).wall;
    let expected = Notice::Message { from: "lea".into(), wall, text: "the lock please".into() };
    assert_eq!(shown(&s, 1_000), [expected]);
    assert_eq!(shown(&s, 700_000), []);
    let told: Vec<String> = s.view(&at(1_000)).timeline.iter().map(|h| h.text.clone()).collect();
    assert!(told.contains(&"to ben: the lock please".to_string()), "{told:?}");
}
