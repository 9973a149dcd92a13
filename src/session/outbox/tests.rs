//! Messages in simulated time: what is tried, when, what is held back, what each service is sent.

use super::answer::refused;
use super::due::{Failure, Next, SENSE, TRIES, backoff, failed, next, wake};
use super::shape::{reference, shaped};
use super::*;
use crate::model::playbook::Preset;
use crate::model::probe::HttpCall;
use crate::model::time::Millis;
use serde_json::json;
use std::collections::BTreeSet;

const MINUTE: Millis = 60_000;

fn letter(id: &str, channel: &str) -> Letter {
    let call = HttpCall { method: "POST".into(), url: "https://x/hook".into(), ..HttpCall::default() };
    Letter {
        id: id.into(),
        channel: channel.into(),
        title: channel.into(),
        about: String::new(),
        subject: id.into(),
        body: String::new(),
        phase: Phase::Open,
        thread: "INC-1".into(),
        incident: None,
        run: None,
        by: None,
        preset: None,
        call: StepKind::Http(call),
        secrets: IndexMap::new(),
        env: IndexMap::new(),
        cwd: String::new(),
        timeout: 1_000,
        limit: Limit { max: 30, per: 10 * MINUTE },
    }
}

/// An outbox, its courier and the receivers, in simulated time.
struct Sim {
    outbox: Outbox,
    now: Now,
    seq: u64,
    /// What arrived: when, which letter, which try.
    arrived: Vec<(Millis, String, u32)>,
}

impl Sim {
    fn new() -> Sim {
        let now = Now { boot: 1_000, boot_id: "b".into(), wall: 1_775_000_000_000 };
        Sim { outbox: Outbox::default(), now, seq: 0, arrived: Vec::new() }
    }

    fn record(&mut self, kind: &Kind) {
        self.seq += 1;
        let (name, body) = kind.parts();
        let record =
            Record { v: 1, seq: self.seq, at: self.now.clone(), kind: name, body, prev: String::new() };
        self.outbox.take(&record).unwrap();
    }

    fn queue(&mut self, letter: Letter) {
        self.record(&Kind::Queued(letter));
    }

    /// All that is to be done at this moment, with receivers that answer like this.
    fn work(&mut self, answer: &mut impl FnMut(&Letter, u32) -> Result<Option<String>, Failure>) {
        for _ in 0..10_000 {
            let steps = next(&self.outbox, &self.now, &BTreeSet::new());
            if steps.is_empty() {
                return;
            }
            for step in steps {
                self.step(step, answer);
            }
        }
        panic!("there is always something to do");
    }

    fn step(&mut self, step: Next, answer: &mut impl FnMut(&Letter, u32) -> Result<Option<String>, Failure>) {
        match step {
            Next::GiveUp { id, why } => self.record(&Kind::GivenUp { id, detail: why }),
            Next::HoldBack { ids, summary } => {
                let name = summary.as_ref().map(|s| s.id.clone()).unwrap_or_default();
                if let Some(summary) = summary {
                    self.queue(*summary);
                }
                self.record(&Kind::HeldBack { ids, summary: name });
            }
            Next::Try(id) => {
                let attempt = self.outbox.letters[&id].attempts + 1;
                self.record(&Kind::Trying { id: id.clone(), attempt });
                let posted = self.outbox.letters[&id].clone();
                self.arrived.push((self.now.boot, id.clone(), attempt));
                let kind = match answer(&posted.letter, attempt) {
                    Ok(reference) => Kind::Delivered { id, attempt, detail: "200".into(), reference },
                    Err(failure) => failed(&posted, &failure, &self.now),
                };
                self.record(&kind);
            }
        }
    }

    /// Goes on for so long, doing each thing when it is due.
    fn run(&mut self, ms: Millis, answer: &mut impl FnMut(&Letter, u32) -> Result<Option<String>, Failure>) {
        let end = self.now.boot + ms;
        loop {
            self.work(answer);
            let wait = wake(&self.outbox, &self.now, &BTreeSet::new()).unwrap_or(Millis::MAX);
            if self.now.boot.saturating_add(wait) > end {
                self.now = self.now.plus(end - self.now.boot);
                return;
            }
            self.now = self.now.plus(wait);
        }
    }

    fn names(&self) -> Vec<&str> {
        self.arrived.iter().map(|(_, id, _)| id.as_str()).collect()
    }

    fn fate(&self, id: &str) -> Fate {
        self.outbox.letters[id].fate
    }
}

fn takes(_: &Letter, _: u32) -> Result<Option<String>, Failure> {
    Ok(None)
}

fn fails(_: &Letter, _: u32) -> Result<Option<String>, Failure> {
    Err(refused(500, "status 500", None, 0))
}

#[test]
fn a_thousand_flaps_in_an_hour_send_what_the_limit_says_and_one_summary() {
    let mut sim = Sim::new();
    for i in 0..1_000 {
        let limit = Limit { max: 30, per: 60 * MINUTE };
        sim.queue(Letter {
            subject: "error spike fires".into(),
            limit,
            ..letter(&format!("fired {i}"), "chat")
        });
        sim.run(3_600, &mut takes);
    }
    sim.run(MINUTE, &mut takes);
    assert_eq!(sim.arrived.len(), 31);
    let summary = &sim.outbox.letters[sim.names()[30]].letter;
    assert_eq!(summary.subject, "970 messages were held back");
    assert!(summary.body.ends_with("30 in 1h. Held back:\n970 × error spike fires"), "{}", summary.body);
    let held = sim.outbox.letters.values().filter(|p| p.fate == Fate::HeldBack).count();
    assert_eq!(held, 970);
    assert!(sim.outbox.letters["fired 500"].detail.contains("held back with fired 30"));
}

#[test]
fn within_each_window_at_most_the_limit_arrives_its_summary_first() {
    let mut sim = Sim::new();
    for i in 0..1_000 {
        sim.queue(letter(&format!("fired {i}"), "chat"));
        sim.run(3_600, &mut takes);
    }
    sim.run(20 * MINUTE, &mut takes);
    let start = sim.arrived[0].0;
    for window in 0..8 {
        let within = |at: Millis| (at - start) / (10 * MINUTE) == window;
        let arrived: Vec<&str> =
            sim.arrived.iter().filter(|(at, ..)| within(*at)).map(|(_, id, _)| id.as_str()).collect();
        assert!(arrived.len() <= 30, "window {window}: {}", arrived.len());
        let summaries = arrived.iter().filter(|id| id.starts_with("held back")).count();
        assert!(summaries <= 1, "window {window}: {arrived:?}");
        if summaries == 1 {
            assert!(arrived[0].starts_with("held back"), "window {window}: {arrived:?}");
        }
    }
    assert!(sim.outbox.letters.values().all(|p| p.fate != Fate::Waiting));
}

#[test]
fn the_order_of_a_channel_is_kept_and_no_channel_waits_for_another() {
    let mut sim = Sim::new();
    for id in ["a1", "b1", "a2", "b2"] {
        sim.queue(letter(id, &id[..1]));
    }
    let mut left = 3;
    sim.run(MINUTE, &mut |l: &Letter, _: u32| {
        if l.channel == "a" && left > 0 {
            left -= 1;
            return Err(refused(503, "status 503", None, 0));
        }
        Ok(None)
    });
    assert_eq!(sim.names(), ["a1", "b1", "b2", "a1", "a1", "a1", "a2"]);
    assert_eq!(sim.outbox.letters["a1"].attempts, 4);
}

#[test]
fn the_time_between_two_tries_doubles_with_jitter_that_is_always_the_same() {
    for (attempt, base) in [(1, 2_000), (2, 4_000), (3, 8_000), (9, 300_000), (40, 300_000)] {
        for id in ["a", "b", "run x started: chat"] {
            let ms = backoff(id, attempt);
            assert!(ms >= base * 4 / 5 && ms <= base * 6 / 5, "{id} {attempt}: {ms}");
            assert_eq!(ms, backoff(id, attempt));
        }
    }
    assert_ne!(backoff("a", 1), backoff("b", 1));
    let mut sim = Sim::new();
    sim.queue(letter("a", "chat"));
    sim.run(2 * 60 * MINUTE, &mut fails);
    assert_eq!(sim.arrived.len(), TRIES as usize);
    for pair in sim.arrived.windows(2) {
        assert_eq!(pair[1].0 - pair[0].0, backoff("a", pair[0].2));
    }
    assert_eq!(sim.fate("a"), Fate::GivenUp);
    assert_eq!(sim.outbox.letters["a"].detail, "status 500; tried 12 times");
}

#[test]
fn the_receiver_is_left_alone_for_as_long_as_it_says() {
    let mut sim = Sim::new();
    sim.queue(letter("a", "chat"));
    let mut first = true;
    sim.run(10 * MINUTE, &mut |_: &Letter, _: u32| match std::mem::take(&mut first) {
        true => Err(refused(429, "status 429", Some("90"), 0)),
        false => Ok(None),
    });
    assert_eq!(sim.arrived[1].0 - sim.arrived[0].0, 90_000);
    assert_eq!(sim.fate("a"), Fate::Delivered);
    sim.queue(letter("b", "chat"));
    sim.run(MINUTE, &mut |_: &Letter, _: u32| Err(refused(429, "status 429", Some("7200"), 0)));
    assert_eq!(sim.fate("b"), Fate::GivenUp, "two hours are too late");
    assert_eq!(sim.outbox.letters["b"].detail, "status 429; the next try would be in 2h, too late");
}

#[test]
fn what_will_never_be_taken_is_given_up_at_once_and_the_next_one_goes() {
    let mut sim = Sim::new();
    sim.queue(letter("a", "chat"));
    sim.queue(letter("b", "chat"));
    sim.work(&mut |l: &Letter, _: u32| match l.id.as_str() {
        "a" => Err(refused(404, "status 404", None, 0)),
        _ => Ok(None),
    });
    assert_eq!((sim.fate("a"), sim.fate("b")), (Fate::GivenUp, Fate::Delivered));
}

#[test]
fn a_letter_that_nobody_delivered_in_time_is_not_sent_late() {
    let mut sim = Sim::new();
    sim.queue(letter("a", "chat"));
    sim.queue(Letter { phase: Phase::Close, ..letter("over", "chat") });
    sim.now = Now { boot: 5, boot_id: "after a reboot".into(), wall: sim.now.wall + SENSE as i64 + 1 };
    sim.queue(letter("b", "chat"));
    sim.work(&mut takes);
    assert_eq!(sim.names(), ["over", "b"], "that it is over is still worth knowing");
    assert_eq!(sim.outbox.letters["a"].detail, "it has waited for 1h: too late");
}

#[test]
fn a_try_whose_process_died_is_made_again_under_the_same_name_and_not_for_ever() {
    let mut sim = Sim::new();
    sim.queue(letter("a", "chat"));
    sim.record(&Kind::Trying { id: "a".into(), attempt: 1 });
    assert!(next(&sim.outbox, &sim.now, &BTreeSet::new()).is_empty(), "it may be under way");
    sim.run(MINUTE, &mut takes);
    assert_eq!(sim.arrived, [(1_000 + backoff("a", 1), "a".to_owned(), 2)]);
    sim.queue(letter("b", "chat"));
    for attempt in 1..=TRIES {
        sim.record(&Kind::Trying { id: "b".into(), attempt });
    }
    sim.run(10 * MINUTE, &mut takes);
    assert_eq!(sim.fate("b"), Fate::GivenUp);
    assert_eq!(sim.arrived.len(), 1);
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut sim = Sim::new();
    sim.queue(letter("a", "chat"));
    let mut once = true;
    let mut answer = |_: &Letter, _: u32| match std::mem::take(&mut once) {
        true => Err(refused(500, "status 500", None, 0)),
        false => Ok(None),
    };
    sim.work(&mut answer);
    sim.now.wall -= 86_400_000;
    sim.run(3_000, &mut answer);
    assert_eq!(sim.fate("a"), Fate::Delivered);
}

#[test]
fn what_a_person_sends_and_what_closes_an_open_thread_is_not_held_back() {
    let mut sim = Sim::new();
    let limit = Limit { max: 1, per: 10 * MINUTE };
    let pager = |id: &str, phase, thread: &str| Letter {
        preset: Some(Preset::PagerDuty),
        phase,
        thread: thread.into(),
        limit,
        ..letter(id, "pager")
    };
    sim.queue(pager("fired 1", Phase::Open, "INC-1"));
    sim.queue(pager("fired 2", Phase::Open, "INC-2"));
    sim.queue(pager("over 2", Phase::Close, "INC-2"));
    sim.queue(pager("over 1", Phase::Close, "INC-1"));
    sim.queue(Letter { by: Some(Person::default()), ..pager("by hand", Phase::Open, "INC-1") });
    sim.work(&mut takes);
    assert_eq!(sim.names(), ["fired 1", "over 1", "by hand"]);
    sim.run(11 * MINUTE, &mut takes);
    assert_eq!(sim.names()[3..], ["held back with fired 2"]);
    assert_eq!(sim.fate("over 2"), Fate::HeldBack, "it was never opened there");
}

#[test]
fn customers_read_no_summary() {
    let mut sim = Sim::new();
    let limit = Limit { max: 1, per: MINUTE };
    for i in 0..3 {
        let preset = Some(Preset::Statuspage);
        sim.queue(Letter {
            preset,
            limit,
            thread: format!("INC-{i}"),
            ..letter(&format!("fired {i}"), "page")
        });
    }
    sim.run(5 * MINUTE, &mut takes);
    assert_eq!(sim.names(), ["fired 0"]);
    assert_eq!(sim.outbox.letters["fired 2"].detail, "the channel takes no more");
}

fn sent(sim: &Sim, id: &str) -> (String, String, serde_json::Value) {
    match shaped(&sim.outbox.letters[id], &sim.outbox) {
        Ok(StepKind::Http(h)) => (h.method, h.url.0, h.json.unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

fn thread(sim: &mut Sim, preset: Preset, url: &str, body: serde_json::Value, answer: &str) {
    for (id, phase) in [("open", Phase::Open), ("more", Phase::Update), ("over", Phase::Close)] {
        let call = HttpCall {
            method: "POST".into(),
            url: url.into(),
            json: Some(body.clone()),
            ..HttpCall::default()
        };
        sim.queue(Letter { preset: Some(preset), phase, call: StepKind::Http(call), ..letter(id, "c") });
        if phase == Phase::Open {
            let reference = reference(&sim.outbox.letters["open"].letter, answer);
            sim.record(&Kind::Delivered { id: "open".into(), attempt: 1, detail: String::new(), reference });
        }
        sim.now = sim.now.plus(MINUTE);
    }
}

#[test]
fn pagerduty_triggers_acknowledges_and_resolves_on_one_key() {
    let mut sim = Sim::new();
    let body = json!({
        "routing_key": "{{ secret.k }}", "event_action": "trigger", "dedup_key": "api@prod {{ thread }}",
        "payload": { "summary": "{{ subject }}", "severity": "error" },
    });
    let url = "https://events.pagerduty.com/v2/enqueue";
    thread(&mut sim, Preset::PagerDuty, url, body.clone(), "{\"status\": \"success\", \"dedup_key\": \"x\"}");
    assert_eq!(sent(&sim, "open"), ("POST".into(), url.into(), body));
    for (id, action) in [("more", "acknowledge"), ("over", "resolve")] {
        let body = json!({
            "routing_key": "{{ secret.k }}", "event_action": action, "dedup_key": "api@prod {{ thread }}",
        });
        assert_eq!(sent(&sim, id), ("POST".into(), url.into(), body));
    }
}

#[test]
fn grafana_gets_one_region_from_the_start_to_the_end() {
    let mut sim = Sim::new();
    let body = json!({ "text": "own: {{ subject }}", "tags": ["rollback"] });
    let url = "https://g/api/annotations";
    let began = sim.now.wall;
    thread(&mut sim, Preset::Grafana, url, body, "{\"message\": \"Annotation added\", \"id\": 7}");
    let references = std::mem::take(&mut sim.outbox.references);
    let opened = json!({ "text": "own: {{ subject }}", "tags": ["rollback"], "time": began });
    assert_eq!(sent(&sim, "open").2, opened);
    sim.outbox.references = references;
    let patched = ("PATCH".to_owned(), format!("{url}/7"));
    let (method, at, body) = sent(&sim, "more");
    assert_eq!(((method, at), body), (patched.clone(), json!({ "text": "own: {{ subject }}" })));
    let (method, at, body) = sent(&sim, "over");
    let end = began + 2 * MINUTE as i64;
    assert_eq!(((method, at), body), (patched, json!({ "text": "own: {{ subject }}", "timeEnd": end })));
    sim.outbox.references.clear();
    let whole = json!({ "text": "own: {{ subject }}", "tags": ["rollback"], "time": began, "timeEnd": end });
    assert_eq!(sent(&sim, "over"), ("POST".into(), url.into(), whole), "its opening never came through");
}

#[test]
fn a_status_page_has_one_incident_that_is_created_updated_and_resolved() {
    let mut sim = Sim::new();
    let body = json!({ "incident": { "name": "{{ subject }}", "status": "investigating", "body": "{{ message }}" } });
    let url = "https://api.statuspage.io/v1/pages/p/incidents";
    thread(&mut sim, Preset::Statuspage, url, body.clone(), "{\"id\": \"p31zjtct2jer\"}");
    for (id, status) in [("more", "identified"), ("over", "resolved")] {
        let body = json!({ "incident": { "status": status, "body": "{{ message }}" } });
        assert_eq!(sent(&sim, id), ("PATCH".into(), format!("{url}/p31zjtct2jer"), body));
    }
    sim.record(&Kind::Delivered { id: "over".into(), attempt: 1, detail: String::new(), reference: None });
    assert!(sim.outbox.references.is_empty(), "the next incident is another one");
    assert!(shaped(&sim.outbox.letters["more"], &sim.outbox).is_err());
    sim.queue(Letter { id: "again".into(), ..sim.outbox.letters["open"].letter.clone() });
    assert_eq!(sent(&sim, "again"), ("POST".into(), url.into(), body));
}

#[test]
fn an_answer_names_no_odd_reference() {
    let grafana = Letter { preset: Some(Preset::Grafana), ..letter("a", "c") };
    assert_eq!(reference(&grafana, "{\"id\": \"a/../b\"}"), None);
    assert_eq!(reference(&grafana, "<html>"), None);
    assert_eq!(reference(&letter("a", "c"), "{\"id\": 1}"), None, "of a plain channel nothing is asked");
}
