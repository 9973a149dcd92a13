//! The service asked as its users, watchers and operators ask it: over HTTP.

use super::world::{Arm, World};
use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// A service with load but without a story of its own.
fn quiet(rate: f64) -> Service {
    Service::with(&Settings { seed: 3, bad_after: None, rate }).unwrap()
}

/// One real request; (status, body).
fn ask(service: &Service, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(service.url().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_string())
}

fn get(service: &Service, path: &str) -> String {
    let (status, body) = ask(service, "GET", path, "", "");
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// The sum of all samples of a metric whose labels contain `labels`.
fn sum(page: &str, name: &str, labels: &str) -> f64 {
    page.lines()
        .filter(|l| l.starts_with(&format!("{name}{{")) || l.starts_with(&format!("{name} ")))
        .filter(|l| l.contains(labels))
        .map(|l| l.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

/// Reads the page until it says what is wanted.
fn until(service: &Service, what: &str, holds: impl Fn(&str) -> bool) -> String {
    let began = Instant::now();
    loop {
        let page = get(service, "/metrics");
        if holds(&page) {
            return page;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "never came: {what}\n{page}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn answers(page: &str, arm: &str) -> f64 {
    sum(page, "shop_requests_total", &format!("arm=\"{arm}\""))
}

/// The canary's share of the answers between two pages.
fn measured_share(before: &str, after: &str) -> f64 {
    let canary = answers(after, "canary") - answers(before, "canary");
    canary / (canary + answers(after, "stable") - answers(before, "stable"))
}

#[test]
fn the_load_is_split_as_the_router_says_and_read_back_from_its_counters() {
    let service = quiet(400.0);
    let first = get(&service, "/metrics");
    let total = |page: &str| answers(page, "stable") + answers(page, "canary");
    let page = until(&service, "400 answers", |p| total(p) >= 400.0);
    assert!((measured_share(&first, &page) - 0.25).abs() < 0.05, "{}", measured_share(&first, &page));

    let (status, body) = ask(&service, "POST", "/admin/share", "", r#"{"canary": 0}"#);
    assert_eq!((status, body.trim()), (200, r#"{"canary":0,"was":25}"#));
    assert_eq!(get(&service, "/admin/share").trim(), r#"{"canary":0}"#);
    assert!(get(&service, "/metrics").contains("\nshop_canary_share_ratio 0\n"));
    // What was in flight when the share was set still ends on its arm; then nothing more goes there.
    let before = until(&service, "in flight is over", |p| total(p) >= total(&page) + 200.0);
    let after = until(&service, "200 more", |p| total(p) >= total(&before) + 200.0);
    assert_eq!(measured_share(&before, &after), 0.0);
}

#[test]
fn a_bad_canary_fails_is_slow_and_grows_and_the_whole_recovers_without_it() {
    let service = quiet(200.0);
    let healthy = until(&service, "healthy traffic", |p| answers(p, "canary") >= 50.0);
    let failed = |p: &str, arm: &str| sum(p, "shop_requests_total", &format!("arm=\"{arm}\",code=\"500\""));
    let fast = |p: &str, arm: &str| {
        sum(p, "shop_request_duration_seconds_bucket", &format!("arm=\"{arm}\",le=\"0.5\""))
    };
    let memory = |p: &str| sum(p, "shop_resident_memory_bytes", "canary");
    assert!(failed(&healthy, "canary") <= 3.0);

    service.go_bad();
    // Requests that were under way when it went bad still end well: start to count a little later.
    let begin = until(&service, "errors", |p| failed(p, "canary") >= failed(&healthy, "canary") + 10.0);
    let ill =
        until(&service, "100 bad answers", |p| answers(p, "canary") >= answers(&begin, "canary") + 100.0);
    let canary = answers(&ill, "canary") - answers(&begin, "canary");
    let rate = (failed(&ill, "canary") - failed(&begin, "canary")) / canary;
    assert!((0.22..0.58).contains(&rate), "40 % of the canary's answers are errors: {rate}");
    assert!(fast(&ill, "canary") - fast(&begin, "canary") < 0.05 * canary, "all of them are slow");
    assert!(memory(&ill) > memory(&healthy) + 50e6, "its memory grows");
    assert!(failed(&ill, "stable") - failed(&healthy, "stable") <= 3.0, "the stable arm is as before");

    ask(&service, "POST", "/admin/share", "", r#"{"canary": 0}"#);
    let over =
        until(&service, "in flight is over", |p| answers(p, "stable") >= answers(&ill, "stable") + 500.0);
    let after = until(&service, "recovered", |p| answers(p, "stable") >= answers(&over, "stable") + 200.0);
    assert_eq!(failed(&after, "canary"), failed(&over, "canary"));
    assert!(failed(&after, "stable") - failed(&over, "stable") <= 3.0);
    until(&service, "memory is given back", |p| memory(p) < memory(&healthy) + 1.0);
}

#[test]
fn a_repeated_request_for_a_share_is_answered_but_not_done_again() {
    let service = quiet(1.0);
    let post = |key: &str, body: &str| {
        ask(&service, "POST", "/admin/share", &format!("idempotency-key: {key}\r\n"), body)
    };
    let first = post("a", r#"{"canary": 10}"#);
    assert_eq!(first, (200, "{\"canary\":10,\"was\":25}\n".to_string()));
    post("b", r#"{"canary": 50}"#);
    assert_eq!(post("a", r#"{"canary": 10}"#), first, "the same answer");
    assert_eq!(get(&service, "/admin/share"), "{\"canary\":50}\n", "and nothing changed");
}

#[test]
fn a_share_that_is_none_is_refused_and_changes_nothing() {
    let service = quiet(1.0);
    for body in [
        "",
        "{}",
        "[]",
        r#"{"canary": 101}"#,
        r#"{"canary": -1}"#,
        r#"{"canary": "0"}"#,
        r#"{"canary": 300}"#,
    ] {
        let (status, answer) = ask(&service, "POST", "/admin/share", "", body);
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(answer.contains("0..100"), "{answer}");
    }
    assert_eq!(get(&service, "/admin/share"), "{\"canary\":25}\n");
}

#[test]
fn health_names_the_service_and_both_versions() {
    let service = quiet(1.0);
    let health: serde_json::Value = serde_json::from_str(&get(&service, "/health")).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["service"], "demo-shop");
    assert_eq!((&health["version"], &health["canary"]["version"]), (&"2.4.1".into(), &"2.5.0".into()));
    assert_eq!(health["canary"]["share"], 25);
}

#[test]
fn the_page_is_a_legal_histogram() {
    let service = quiet(300.0);
    let page = until(&service, "some answers", |p| answers(p, "canary") >= 20.0);
    for arm in ["stable", "canary"] {
        let of = |name: &str, more: &str| sum(&page, name, &format!("arm=\"{arm}\"{more}"));
        let buckets: Vec<f64> = page
            .lines()
            .filter(|l| l.starts_with(&format!("shop_request_duration_seconds_bucket{{arm=\"{arm}\"")))
            .map(|l| l.rsplit(' ').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(buckets.len(), world::BOUNDS.len() + 1);
        assert!(buckets.windows(2).all(|w| w[0] <= w[1]), "cumulative: {buckets:?}");
        assert_eq!(*buckets.last().unwrap(), of("shop_request_duration_seconds_count", ""));
        assert_eq!(of("shop_requests_total", ""), of("shop_request_duration_seconds_count", ""));
        assert!(of("shop_request_duration_seconds_sum", "") > 0.0);
    }
}

#[test]
fn the_same_seed_gives_every_request_the_same_fate() {
    let fates = |seed: u64| {
        let mut world = World::new(seed);
        let mut fates: Vec<_> = (0..500).map(|_| world.next()).collect();
        world.go_bad();
        fates.extend((0..500).map(|_| world.next()));
        fates
    };
    assert_eq!(fates(7), fates(7));
    assert_ne!(fates(7), fates(8));
    let canary = fates(7).iter().filter(|f| f.arm == Arm::Canary).count();
    assert!((245..=255).contains(&canary), "25 % of 1000, evenly: {canary}");
}

#[test]
fn it_goes_bad_by_itself_at_its_time() {
    let settings = Settings { seed: 3, bad_after: Some(Duration::from_millis(300)), rate: 200.0 };
    let service = Service::with(&settings).unwrap();
    until(&service, "errors of the canary", |p| {
        sum(p, "shop_requests_total", "arm=\"canary\",code=\"500\"") >= 5.0
    });
}

#[test]
fn dropped_means_gone() {
    let service = quiet(100.0);
    until(&service, "traffic", |p| answers(p, "stable") >= 10.0);
    let world = Arc::downgrade(&service.world);
    drop(service);
    assert!(world.upgrade().is_none(), "no route, request or load is left that could hold it");
}

#[test]
fn health_flaps_and_is_well_again_when_that_is_ended() {
    let service = quiet(1.0);
    let control = service.control();
    control.set("flaps", true);
    let (status, body) = ask(&service, "GET", "/health", "", "");
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("\"service\":\"demo-shop\"") && body.contains("sick"), "it is the same service");
    control.set("flaps", false);
    assert_eq!(ask(&service, "GET", "/health", "", "").0, 200);
}

#[test]
fn a_silent_page_leaves_its_readers_waiting_until_it_is_over() {
    let service = quiet(1.0);
    let control = service.control();
    control.set("silence", true);
    let mut stream = TcpStream::connect(service.url().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut one = [0];
    assert!(stream.read(&mut one).is_err(), "no byte comes");
    assert_eq!(ask(&service, "GET", "/health", "", "").0, 200, "only the page is silent");
    control.set("silence", false);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(stream.read(&mut one).unwrap(), 1, "and then it answers");
}

#[test]
fn a_router_that_ignores_changes_says_yes_and_does_nothing() {
    let service = quiet(1.0);
    service.control().set("ignored", true);
    let (status, body) = ask(&service, "POST", "/admin/share", "", r#"{"canary": 0}"#);
    assert_eq!((status, body.trim()), (200, r#"{"canary":0,"was":25}"#));
    assert_eq!(get(&service, "/admin/share"), "{\"canary\":25}\n");
    service.control().set("ignored", false);
    ask(&service, "POST", "/admin/share", "", r#"{"canary": 0}"#);
    assert_eq!(get(&service, "/admin/share"), "{\"canary\":0}\n");
}

#[test]
fn what_went_bad_by_itself_can_be_ended_one_by_one_and_all_of_it_is_told() {
    let service = quiet(200.0);
    let control = service.control();
    service.go_bad();
    let on = || -> Vec<&str> {
        let on = control.standing().into_iter().filter(|s| s.on.is_some());
        on.map(|s| s.trouble.id()).collect()
    };
    assert_eq!(on(), ["errors", "slow", "leak"]);
    control.set("leak", false);
    control.set("both", true);
    assert_eq!(on(), ["errors", "slow", "both"]);
    let failed = |p: &str| sum(p, "shop_requests_total", "arm=\"stable\",code=\"500\"");
    until(&service, "errors of the stable arm", |p| failed(p) >= 20.0);
    let told: Vec<(bool, bool)> = control.changes().iter().map(|c| (c.on, c.by_person)).collect();
    assert_eq!(told, [(true, false), (true, false), (true, false), (false, true), (true, true)]);
    assert_eq!(control.changes(), []);
}

#[test]
fn a_message_is_taken_once_per_key() {
    let service = quiet(1.0);
    let tell = |channel: &str, key: &str, text: &str| {
        let body = format!("{{\"text\":\"{text}\"}}");
        ask(&service, "POST", &format!("/inbox/{channel}"), &format!("idempotency-key: {key}\r\n"), &body)
    };
    assert_eq!(tell("chat", "a", "rolling back").0, 202);
    assert_eq!(tell("chat", "a", "rolling back").0, 202, "told again, and known");
    assert_eq!(tell("pager", "b", "come").0, 202);
    assert_eq!(ask(&service, "POST", "/inbox/chat", "", "no JSON").0, 400);
    let inbox: serde_json::Value = serde_json::from_str(&get(&service, "/inbox")).unwrap();
    let told: Vec<_> =
        inbox.as_array().unwrap().iter().map(|m| (&m["channel"], &m["message"]["text"])).collect();
    assert_eq!(told.len(), 2, "{inbox}");
    assert_eq!((told[0].0.as_str(), told[0].1.as_str()), (Some("chat"), Some("rolling back")));
    assert_eq!(told[1].0, "pager");
}
