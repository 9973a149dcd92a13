//! Real receivers: sockets of datagrams, and a collector that fails first.

use super::*;
use crate::config::audit::Header;
use crate::journal::{append_if, hash};
use crate::model::playbook::Secret;
use crate::model::time::Now;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};

fn put(path: &Path, body: Value) {
    let now = Now { boot: 1, boot_id: "b".into(), wall: 1_795_227_247_250 };
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    append_if(real(), path, &now, Duration::from_secs(1), |_| Some(("Noted".into(), body))).unwrap();
}

fn house() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("shop@live");
    for n in 0..3 {
        put(&home.join("decisions.jsonl"), json!({ "n": n }));
    }
    put(&home.join("runs/r-1/journal.jsonl"), json!({ "run": 1 }));
    (root, home)
}

/// What came to a socket of datagrams.
fn heard(socket: &UnixDatagram) -> Vec<String> {
    let mut out = Vec::new();
    let mut bytes = vec![0; 300_000];
    socket.set_nonblocking(true).unwrap();
    while let Ok(n) = socket.recv(&mut bytes) {
        out.push(String::from_utf8(bytes[..n].to_vec()).unwrap());
    }
    out
}

fn sent(home: &Path, receivers: &[Receiver]) -> Vec<(u64, bool)> {
    let passed = once(home, receivers).unwrap().unwrap();
    passed.iter().map(|p| (p.sent, p.trouble.is_none())).collect()
}

#[test]
fn journald_and_syslog_get_each_record_once_and_in_order_over_restarts() {
    let (root, home) = house();
    let (j, s) = (root.path().join("journald"), root.path().join("syslog"));
    let (journald, syslog) = (UnixDatagram::bind(&j).unwrap(), UnixDatagram::bind(&s).unwrap());
    let to = [Receiver::Journald(j.clone()), Receiver::Syslog(s.clone())];
    assert_eq!(sent(&home, &to), [(4, true), (4, true)]);
    let fields = heard(&journald);
    assert!(fields[0].starts_with("MESSAGE=decisions 1 Noted\nPRIORITY=6\nSYSLOG_IDENTIFIER=ripcord\n"));
    assert!(fields[3].contains("\nRIPCORD_SERVICE=shop\nRIPCORD_ENVIRONMENT=live\nRIPCORD_LOG=run r-1\n"));
    let lines = std::fs::read_to_string(home.join("decisions.jsonl")).unwrap();
    for (field, line) in fields.iter().zip(lines.lines()) {
        assert!(field.contains(&format!("\nRIPCORD_HASH={}\n", hash(line.as_bytes()))));
        assert!(field.contains(line), "the record, byte for byte");
        assert!(field.lines().all(|l| l.contains('=')), "{field}");
    }
    let told = heard(&syslog);
    assert!(told[0].starts_with("<110>1 2026-11-21T02:14:07.250Z "), "{}", told[0]);
    let object: Value = serde_json::from_str(&told[1][told[1].find('{').unwrap()..]).unwrap();
    assert_eq!((object["seq"].as_u64(), object["record"]["body"]["n"].as_u64()), (Some(2), Some(1)));

    // Another process goes on behind what was taken.
    put(&home.join("decisions.jsonl"), json!({ "n": 3, "large": "x".repeat(20_000) }));
    assert_eq!(sent(&home, &to), [(1, true), (1, true)]);
    assert!(heard(&journald)[0].contains("\"n\":3"));
    let cut = heard(&syslog).remove(0);
    assert!(cut.len() < 8_192 && cut.contains("\"cut\":") && cut.contains("\"hash\":"), "{cut}");

    drop(syslog);
    std::fs::remove_file(&s).unwrap();
    put(&home.join("outbox.jsonl"), json!({}));
    assert_eq!(sent(&home, &to), [(1, true), (0, false)], "one that fails holds up no other");
    assert!(troubles(&home)[0].contains("records do not reach syslog"), "{:?}", troubles(&home));
    let syslog = UnixDatagram::bind(&s).unwrap();
    assert_eq!(sent(&home, &to), [(0, true), (1, true)]);
    assert!(heard(&syslog)[0].contains("\"log\":\"outbox\"") && troubles(&home).is_empty());
}

/// A collector that answers with these, one after the other, and then 200; what it was sent.
fn collector(answers: Vec<&'static str>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/audit?key=in-the-query", listener.local_addr().unwrap());
    let got: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = got.clone();
    std::thread::spawn(move || {
        let mut answers = answers.into_iter();
        for mut stream in listener.incoming().flatten() {
            let (mut text, mut bytes) = (String::new(), [0; 4096]);
            let whole = |t: &str| {
                let length =
                    t.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                t.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() >= length.unwrap_or(0_usize))
            };
            while !whole(&text) {
                match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => break,
                    Ok(n) => text.push_str(&String::from_utf8_lossy(&bytes[..n])),
                }
            }
            seen.lock().unwrap().push(text);
            let answer = answers.next().unwrap_or("200 OK");
            let _ = write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (url, got)
}

#[test]
fn a_collector_that_fails_first_gets_all_of_it_later_and_no_secret_is_kept() {
    let (root, home) = house();
    let token = root.path().join("token");
    std::fs::write(&token, "Bearer planted-token\n").unwrap();
    let (url, got) = collector(vec!["500 No", "503 No"]);
    let secret = Header::Secret(Secret::File(token.to_string_lossy().into_owned()));
    let headers = [("Authorization".to_owned(), secret)].into_iter().collect();
    let to = [Receiver::Http { url, headers }];
    assert_eq!(sent(&home, &to), [(0, false)]);
    assert!(troubles(&home)[0].contains("status 500"));
    assert_eq!(sent(&home, &to), [(0, false)]);
    assert_eq!(sent(&home, &to), [(4, true)]);
    assert_eq!(sent(&home, &to), [(0, true)], "nothing twice once it was taken");
    let got = got.lock().unwrap();
    let bodies: Vec<&str> = got.iter().filter_map(|t| t.split_once("\r\n\r\n")).map(|(_, b)| b).collect();
    // A request a log; the first log was refused twice, and came a third time as it was.
    assert_eq!((bodies.len(), bodies[0], bodies[1]), (4, bodies[2], bodies[2]));
    assert!(got[0].to_lowercase().contains("authorization: bearer planted-token"));
    let seqs: Vec<u64> = bodies[2]
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap()["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(seqs, [1, 2, 3]);
    let kept = std::fs::read_to_string(home.join("audit.json")).unwrap();
    assert!(!kept.contains("planted") && !kept.contains("in-the-query"), "{kept}");
}

#[test]
fn a_log_that_was_cut_or_changed_is_sent_with_a_warning() {
    let (root, home) = house();
    let path = root.path().join("s");
    let socket = UnixDatagram::bind(&path).unwrap();
    let to = [Receiver::Journald(path)];
    sent(&home, &to);
    heard(&socket);
    let log = home.join("decisions.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    let first: String = text.lines().take(1).map(|l| format!("{l}\n")).collect();
    std::fs::write(&log, &first).unwrap();
    assert_eq!(sent(&home, &to), [(1, true)]);
    let told = heard(&socket);
    assert!(told[0].contains("PRIORITY=4") && told[0].contains("this log had 3 records and is shorter now"));
    std::fs::write(&log, first + text.lines().nth(2).unwrap() + "\nnot a record\n{\"half").unwrap();
    assert_eq!(sent(&home, &to), [(2, true)], "whole lines only");
    let told = heard(&socket);
    assert!(told[0].contains("does not follow") && told[1].contains("RIPCORD_KIND=damaged"), "{told:?}");
}

#[test]
fn one_process_forwards_and_what_is_written_meanwhile_follows() {
    let (root, home) = house();
    let path = root.path().join("s");
    let socket = UnixDatagram::bind(&path).unwrap();
    let to = vec![Receiver::Journald(path)];
    assert!(Forwarder::start(&home, Vec::new()).is_none());
    let forwarder = Forwarder::start(&home, to.clone()).unwrap();
    let mut got = Vec::new();
    for _ in 0..500 {
        got.extend(heard(&socket));
        if got.len() >= 4 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(got.len(), 4);
    assert_eq!(once(&home, &to).unwrap(), None, "it is held");
    put(&home.join("decisions.jsonl"), json!({ "n": 9 }));
    forwarder.finish(Duration::from_secs(10));
    assert!(heard(&socket)[0].contains("\"n\":9"));
    assert!(once(&home, &to).unwrap().is_some(), "and let go");
}
