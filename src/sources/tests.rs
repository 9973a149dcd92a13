//! Servers that misbehave: each gives a reason on its own signals and harms nothing else.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::fixture::{Server, reply, serve, signal};
use super::{Batch, start};
use crate::model::playbook::{HttpReading, Playbook, ReadingKind, Source, SourceKind};
use crate::model::reading::Value;

fn metric() -> ReadingKind {
    ReadingKind::Metric { name: "m".into(), labels: Default::default(), quantile: None, over: 60_000 }
}

/// Adds a URL with the signals `id-m`, `id-json`, `id-up`, `id-status`.
fn add(playbook: &mut Playbook, id: &str, url: &str, timeout: u64) {
    let kind =
        SourceKind::Http { url: url.into(), method: "GET".into(), headers: Default::default(), body: None };
    playbook.sources.insert(id.into(), Source { every: 20, timeout, proxy: true, kind });
    for (name, reading) in [
        ("m", metric()),
        ("json", ReadingKind::Json("/a".into())),
        ("up", ReadingKind::Http(HttpReading::Up)),
        ("status", ReadingKind::Http(HttpReading::Status)),
    ] {
        let mut s = signal(reading);
        s.source = Some(id.into());
        playbook.signals.insert(format!("{id}-{name}"), s);
    }
}

async fn first(rx: &mut mpsc::Receiver<Batch>, source: &str) -> Vec<Result<Value, String>> {
    loop {
        let batch = rx.recv().await.expect("the pollers go on");
        if batch.source == source {
            let mut readings = batch.readings;
            readings
                .sort_by_key(|r| ["m", "json", "up", "status"].iter().position(|n| r.signal.ends_with(n)));
            return readings.into_iter().map(|r| r.value).collect();
        }
    }
}

async fn hold(mut stream: TcpStream) {
    let _ = stream.read(&mut [0]).await;
}

async fn misbehaving() -> Server {
    serve(|request, mut stream| async move {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        match path.as_str() {
            "/good" => reply(&mut stream, "200 OK", "", "m{a=\"x\"} 5\n").await,
            "/garbage" => _ = stream.write_all(b"\x00\xffnot http at all\r\n\r\n").await,
            "/hang" => hold(stream).await,
            "/cut" => _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nm 1").await,
            "/loop" => reply(&mut stream, "302 Found", "location: /loop\r\n", "").await,
            "/huge" => _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await,
            "/endless" => {
                let block = vec![b'\n'; 1 << 20];
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                while stream.write_all(&block).await.is_ok() {}
            }
            "/controls" => {
                reply(&mut stream, "200 OK", "", "\x1b]0;title\x07\u{202e}evil\x1b[31m\n{\"a\":1}\n").await;
            }
            _ => reply(&mut stream, "503 Service Unavailable", "", "m 1").await,
        }
    })
    .await
}

const UP: Result<Value, String> = Ok(Value::Number(1.0));
const DOWN: Result<Value, String> = Ok(Value::Number(0.0));

#[tokio::test]
async fn each_misbehaviour_has_its_reason_and_the_good_source_goes_on() {
    let server = misbehaving().await;
    let mut playbook = Playbook::default();
    let paths = ["good", "garbage", "cut", "loop", "huge", "endless", "controls", "sick"];
    for path in paths {
        add(&mut playbook, path, &format!("{}/{path}", server.base), 60_000);
    }
    add(&mut playbook, "hang", &format!("{}/hang", server.base), 300);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    add(&mut playbook, "refused", &format!("http://{closed}/"), 60_000);
    add(&mut playbook, "nowhere", "http://{{ nobody }}/", 60_000);
    for (source, reason, up) in [
        ("garbage", "did not answer properly", Some(DOWN)),
        ("cut", "did not answer properly", Some(DOWN)),
        ("loop", "a redirect to /loop; redirects are not followed", Some(DOWN)),
        ("huge", "larger than 64 MiB", Some(UP)),
        ("endless", "larger than 64 MiB", Some(UP)),
        ("controls", "not a /metrics page: line 1", Some(UP)),
        ("sick", "status 503", Some(DOWN)),
        ("hang", "no answer within 300ms", Some(DOWN)),
        ("refused", "refused the connection", Some(DOWN)),
        ("nowhere", "nothing gives `nobody` a value", None),
    ] {
        let (tx, mut rx) = mpsc::channel(1);
        let _pollers = start(&playbook, "test", tx);
        let got = first(&mut rx, source).await;
        let why = got[0].as_ref().unwrap_err();
        assert!(why.contains(reason), "{source}: {why}");
        assert!(!why.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{source}: {why:?}");
        match up {
            Some(up) => assert_eq!(got[2], up, "{source}"),
            None => assert!(got[2].is_err(), "{source}"),
        }
        assert_eq!(first(&mut rx, "good").await[0], Ok(Value::Number(5.0)), "beside {source}");
    }
}

#[tokio::test]
async fn dropping_the_pollers_ends_hanging_reads_at_once() {
    let server = misbehaving().await;
    let mut playbook = Playbook::default();
    add(&mut playbook, "hang", &format!("{}/hang", server.base), 600_000);
    let (tx, mut rx) = mpsc::channel(1);
    let mut pollers = start(&playbook, "test", tx);
    assert_eq!(pollers.running(), 1);
    drop(pollers);
    assert_eq!(rx.recv().await, None);
}

#[test]
fn the_pace_backs_off_alone_and_recovers() {
    let mut pace = super::poller::Pace::new(Duration::from_secs(5));
    let seconds: Vec<u64> = [false, false, false, false, false, false, true, false]
        .map(|good| pace.after(good).as_secs())
        .to_vec();
    assert_eq!(seconds, [5, 5, 8, 16, 30, 30, 5, 5]);
}
