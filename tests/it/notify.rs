//! People told by a real supervisor, a real courier and real receivers that misbehave: they hang, refuse, break off, point
//! elsewhere, and take it in the end. What arrived is counted.

use crate::run::{Case, Run, VERIFY, eventually, kill};
use ripcord::run::{Outcome, Verdict};
use ripcord::session::outbox::{Fate, Outbox};
use ripcord::supervisor::outbox;
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What a receiver does with a request.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    Takes,
    /// Reads it and never answers.
    Hangs,
    /// 429 with `Retry-After`, seconds.
    Busy(u32),
    Fails(u16),
    /// Promises a body and closes within it.
    BreaksOff,
    /// To a place that counts.
    Redirects,
}

/// A request that arrived.
#[derive(Clone)]
struct Arrived {
    path: String,
    key: String,
    body: String,
    at: Instant,
}

/// An HTTP server on loopback. What it does is said for each path in turn; when that is used up it takes everything.
struct Receiver {
    url: String,
    script: Arc<Mutex<HashMap<String, Vec<Does>>>>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Receiver {
    fn new() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let it = Receiver { url, script: Arc::default(), arrived: Arc::default() };
        let (script, arrived) = (it.script.clone(), it.arrived.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, arrived) = (script.clone(), arrived.clone());
                std::thread::spawn(move || serve(stream, &script, &arrived));
            }
        });
        it
    }

    fn does(&self, path: &str, script: &[Does]) {
        self.script.lock().unwrap().insert(path.to_owned(), script.to_vec());
    }

    fn at(&self, path: &str) -> Vec<Arrived> {
        self.arrived.lock().unwrap().iter().filter(|a| a.path == path).cloned().collect()
    }
}

fn serve(
    mut stream: TcpStream,
    script: &Mutex<HashMap<String, Vec<Does>>>,
    arrived: &Mutex<Vec<Arrived>>,
) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    lines.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let (mut key, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = value.to_owned(),
            "content-length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let body = String::from_utf8_lossy(&body).into_owned();
    let does = match script.lock().unwrap().get_mut(&path) {
        Some(left) if !left.is_empty() => left.remove(0),
        _ => Does::Takes,
    };
    arrived.lock().unwrap().push(Arrived { path, key, body, at: Instant::now() });
    let answer = match does {
        Does::Takes => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(),
        Does::Busy(s) => format!("HTTP/1.1 429 Slow\r\nretry-after: {s}\r\ncontent-length: 0\r\n\r\n"),
        Does::Fails(status) => format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n"),
        Does::BreaksOff => "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nhalf".to_owned(),
        Does::Redirects => {
            "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n".to_owned()
        }
        Does::Hangs => {
            // Until whoever asked gives up.
            let _ = lines.read(&mut [0]);
            return None;
        }
    };
    stream.write_all(answer.as_bytes()).ok()
}

const SECRET: &str = "s3cr3t-of-the-webhook";

/// A service with a channel for each of these names, whose addresses hold a secret.
fn service(receiver: &Receiver, channels: &[&str], steps: &[String]) -> Case {
    let mut all: Vec<String> = steps.iter().map(|s| format!("[[procedures.back.steps]]\n{s}\n")).collect();
    all.push(VERIFY.to_owned());
    all.push(
        "[messages.started]\nsubject = \"{{ service.name }} goes back\"\nbody = \"by {{ run.started_by }}\"\n".to_owned(),
    );
    for name in channels {
        all.push(format!(
            "[channels.{name}]\ntimeout = \"1s\"\npreset = \"slack\"\n[channels.{name}.http]\n\
             url = \"{}/{name}/{{{{ secret.hook }}}}\"\nheaders = {{ Authorization = \"{{{{ secret.hook }}}}\" }}\n",
            receiver.url
        ));
    }
    let mut case = Case::new(&all);
    let secret = case.work("secret");
    fs::write(&secret, SECRET).unwrap();
    case.steps.push_str(&format!("[secrets]\nhook = {{ file = \"{}\" }}\n", secret.display()));
    case
}

fn path(channel: &str) -> String {
    format!("/{channel}/{SECRET}")
}

fn tells(channel: &str) -> String {
    format!("name = \"Tell {channel}\"\nnotify = {{ channels = [\"{channel}\"], message = \"started\" }}")
}

fn on_record(case: &Case) -> Outbox {
    outbox::load(&case.home()).unwrap()
}

fn settled(case: &Case) -> Outbox {
    eventually("all letters settled", || {
        let outbox = on_record(case);
        let open = outbox.letters.values().any(|p| p.fate == Fate::Waiting);
        (!outbox.letters.is_empty() && !open).then_some(outbox)
    })
}

fn detail(run: &Run, step: usize) -> String {
    run.outcome(step).detail().to_owned()
}

/// No file below a folder holds the secret, but the one it is read from.
fn nothing_told(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            nothing_told(&path);
        } else if path.is_file() && !path.ends_with("work/secret") {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            assert!(!text.contains(SECRET), "{}", path.display());
        }
    }
}

fn notify(case: &Case, words: &[&str]) -> (Option<i32>, String) {
    let mut all = vec!["notify"];
    all.extend(words);
    let Output { status, stdout, stderr } = case.ripcord(&all).output().unwrap();
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

#[test]
fn receivers_that_misbehave_get_each_message_until_they_take_it_and_hold_up_no_run() {
    let receiver = Receiver::new();
    let script: [(&str, &[Does]); 6] = [
        ("well", &[]),
        ("hangs", &[Does::Hangs, Does::Hangs]),
        ("busy", &[Does::Busy(4)]),
        ("fails", &[Does::Fails(500), Does::Fails(503)]),
        ("breaks", &[Does::BreaksOff]),
        ("points", &[Does::Redirects]),
    ];
    script.iter().for_each(|(name, does)| receiver.does(&path(name), does));
    let names: Vec<&str> = script.iter().map(|(name, _)| *name).collect();
    let channels = names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(", ");
    let notice =
        format!("[[notify]]\non = [\"run-started\"]\nchannels = [{channels}]\nmessage = \"started\"\n");
    let mut case = service(&receiver, &names, &[tells("well"), tells("hangs")]);
    case.steps.push_str(&notice);
    let began = Instant::now();
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert!(began.elapsed() < Duration::from_secs(30), "the run took {:?}", began.elapsed());
    assert_eq!(detail(&run, 1), "delivered: 200");
    assert!(detail(&run, 2).starts_with("not delivered yet ("), "{}", detail(&run, 2));

    let outbox = settled(&case);
    assert!(outbox.letters.values().all(|p| p.fate == Fate::Delivered), "{outbox:?}");
    for (name, does) in script {
        let arrived = receiver.at(&path(name));
        let letters = outbox.letters.values().filter(|p| p.letter.channel == name).count();
        assert_eq!(arrived.len(), letters + does.len(), "{name}");
        let first = &arrived[0].key;
        assert!(first.contains("started") && first.contains(name), "{first}");
        assert!(arrived[..=does.len()].iter().all(|a| a.key == *first), "{name}: one name for all tries");
        assert!(arrived.iter().skip(does.len() + 1).all(|a| a.key != *first), "{name}: in order");
        assert!(arrived[0].body.contains("shop goes back"), "{}", arrived[0].body);
    }
    let busy = receiver.at(&path("busy"));
    assert!(busy[1].at - busy[0].at >= Duration::from_millis(3_900), "Retry-After was not honoured");
    assert!(receiver.at("/elsewhere").is_empty(), "a redirect was followed with what may hold secrets");
    nothing_told(case.dir.path());
}

#[test]
fn a_supervisor_killed_within_a_try_leaves_a_letter_that_arrives_under_the_same_name() {
    let receiver = Receiver::new();
    receiver.does(&path("chat"), &[Does::Hangs]);
    let mut case = service(&receiver, &["chat"], &[tells("chat")]);
    let (run, pid) = case.start();
    eventually("the first try", || (!receiver.at(&path("chat")).is_empty()).then_some(()));
    case.kill_supervisor(&run, pid);
    let outbox = on_record(&case);
    let letter = outbox.letters.values().next().unwrap();
    assert_eq!(
        (letter.fate, letter.attempts, letter.trying),
        (Fate::Waiting, 1, true),
        "on record before it was made"
    );
    case.supervise(&run, true).unwrap();
    assert_eq!(run.verdict(), Verdict::Verified);
    settled(&case);
    let arrived = receiver.at(&path("chat"));
    assert_eq!(arrived.len(), 2, "once broken off, once taken");
    assert_eq!(arrived[0].key, arrived[1].key);
    let came = run.outcome(1);
    assert!(matches!(came, Outcome::Success { .. }), "after the crash the outcome is definite: {came:?}");
}

#[test]
fn a_dead_receiver_fails_no_run_and_what_it_refuses_is_told_once() {
    let receiver = Receiver::new();
    receiver.does(&path("gone"), &[Does::Fails(404)]);
    let mut case = service(&receiver, &["gone"], &[tells("gone")]);
    let (run, _) = case.start();
    assert_eq!(run.verdict(), Verdict::Verified);
    assert_eq!(detail(&run, 1), "NOT delivered: status 404");
    assert_eq!(receiver.at(&path("gone")).len(), 1);
}

#[test]
fn a_channel_is_tried_listed_and_flushed_by_hand() {
    let receiver = Receiver::new();
    let case = service(&receiver, &["chat", "page"], &[]);
    assert_eq!(notify(&case, &["test", "chat"]), (Some(0), "chat: delivered: 200\n".to_owned()));
    let body = &receiver.at(&path("chat"))[0].body;
    assert!(body.contains("ripcord test") && body.contains("tries the channel chat"), "{body}");
    receiver.does(&path("chat"), &[Does::Fails(500)]);
    let (code, said) = notify(&case, &["test", "chat"]);
    assert_eq!((code, said.as_str()), (Some(4), "chat: NOT delivered: status 500\n"));
    let (code, said) = notify(&case, &["test", "nobody"]);
    assert!(code == Some(2) && said.contains("there is chat, page"), "{said}");

    receiver.does(&path("page"), &[Does::Busy(3)]);
    let (code, said) = notify(&case, &["send", "started", "--channel", "page"]);
    assert!(code == Some(4) && said.contains("not delivered yet (status 429)"), "{said}");
    let (code, said) = notify(&case, &["flush"]);
    assert!(code == Some(0) && said.contains("page: delivered: 200\n1 waited, 0 still do."), "{said}");
    let (_, said) = notify(&case, &["list", "--json"]);
    let all: serde_json::Value = serde_json::from_str(&said).unwrap();
    let states: Vec<&str> = all.as_array().unwrap().iter().map(|l| l["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["delivered", "NOT delivered", "delivered"]);
    assert_eq!(receiver.at(&path("chat")).len(), 2, "a test is tried once");
    nothing_told(case.dir.path());

    fs::remove_file(case.work("secret")).unwrap();
    let (code, said) = notify(&case, &["test", "chat"]);
    assert!(code == Some(4) && said.contains("NOT delivered: secret `hook`"), "{said}");
}

#[test]
fn a_watcher_delivers_what_others_queued_and_tells_of_its_firings_once() {
    let receiver = Receiver::new();
    let mut case = service(&receiver, &["chat"], &[]);
    case.steps.push_str(
        "[sources.load]\nevery = \"200ms\"\ntimeout = \"2s\"\ncommand = { run = [\"cat\", \"load\"] }\n\
         [signals.load]\nsource = \"load\"\noutput = '(?<value>[0-9]+)'\nunit = \"count\"\n\
         [triggers.heavy]\ntitle = \"Heavy\"\nwhen = \"load > 10\"\n\
         [messages.fires]\nsubject = \"{{ trigger.title }} fires at {{ signal.load }}\"\nbody = \"{{ incident.id }}\"\n\
         [[notify]]\non = [\"fired\"]\nchannels = [\"chat\"]\nmessage = \"fires\"\n",
    );
    fs::write(case.work("load"), "50").unwrap();
    let watch = || case.ripcord(&["watch"]).spawn().unwrap();
    let mut first = watch();
    eventually("the firing told", || (!receiver.at(&path("chat")).is_empty()).then_some(()));
    let told = receiver.at(&path("chat"));
    assert_eq!(told[0].key, "fired heavy-1: chat");
    assert!(told[0].body.contains("Heavy fires at 50") && told[0].body.contains("INC-"), "{}", told[0].body);
    // Killed before it has that on record, it would tell again under the same name, rightly.
    settled(&case);
    kill(first.id() as i32);
    first.wait().unwrap();
    // Another one after it tells nothing anew, and delivers what was queued meanwhile.
    let letter = on_record(&case).letters[0].letter.clone();
    outbox::queue(&case.home(), &ripcord::session::outbox::Letter { id: "by hand".into(), ..letter })
        .unwrap();
    let mut second = watch();
    eventually("the letter of nobody", || (receiver.at(&path("chat")).len() > 1).then_some(()));
    kill(second.id() as i32);
    second.wait().unwrap();
    let keys: Vec<String> = receiver.at(&path("chat")).into_iter().map(|a| a.key).collect();
    assert_eq!(keys, ["fired heavy-1: chat", "by hand"]);
}
