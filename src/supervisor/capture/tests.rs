//! Evidence that is kept, and what is said of the part that cannot be had.

use super::*;
use crate::journal::real;
use crate::model::playbook::{Better, Log, LogSource, ReadingKind, Secret, Signal, Source, SourceKind, Step};
use crate::model::probe::Command;
use crate::model::template::Template;
use crate::model::unit::Unit;
use crate::supervisor::secrets::Secrets;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

fn signal(source: &str, reading: ReadingKind) -> Signal {
    Signal {
        title: "Share of errors".into(),
        source: Some(source.into()),
        reading,
        unit: Unit::Count,
        raw: Unit::Count,
        series: None,
        counter: false,
        better: Better::Lower,
        baseline: None,
        min_samples: None,
        fresh: None,
        warn: None,
        critical: None,
        stale_after: 30_000,
        panel: None,
    }
}

fn source(kind: SourceKind) -> Source {
    Source { every: 1_000, timeout: 2_000, proxy: true, kind }
}

fn run(argv: &[&str]) -> Command {
    Command { argv: argv.iter().map(|a| (*a).into()).collect(), ..Command::default() }
}

fn job(dir: &Path, asked: Capture, set: impl FnOnce(&mut Plan)) -> Job {
    let dir = dir.canonicalize().unwrap();
    let mut step = Step::new("Keep evidence", StepKind::Capture(asked));
    step.timeout = 20_000;
    let step = PlanStep::new(1, step);
    let mut plan = Plan {
        id: "0131-081500-x-0001".into(),
        cwd: dir.to_string_lossy().into_owned(),
        confirmed_at: clock::now(),
        steps: vec![step.clone()],
        ..Plan::default()
    };
    plan.env.insert("PATH".into(), "/usr/bin:/bin".into());
    set(&mut plan);
    let world = World {
        env: plan.env.clone(),
        cwd: plan.cwd.clone(),
        secrets: Secrets::new(plan.playbook.secrets.clone()),
        home: plan.home.clone().into(),
        run: None,
        telling: Default::default(),
    };
    let (plan, world) = (Arc::new(plan), Arc::new(world));
    Job { plan, step, attempt: 1, run: dir, records: Vec::new(), world, disk: real() }
}

fn manifest(dir: &Path) -> (PathBuf, Manifest) {
    let folder = dir.join("steps/01-keep-evidence/a1/capture");
    let bytes = fs::read(folder.join("manifest.json")).unwrap();
    (folder, serde_json::from_slice(&bytes).unwrap())
}

fn item<'a>(manifest: &'a Manifest, what: &str) -> &'a Item {
    manifest.items.iter().find(|i| i.what == what).unwrap_or_else(|| panic!("{what} in {manifest:?}"))
}

#[tokio::test]
async fn what_can_be_had_is_kept_and_what_cannot_says_why() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("app.env"), "TOKEN=hunter22\nA=1\n").unwrap();
    fs::write(dir.path().join("token"), "hunter22\n").unwrap();
    fs::write(dir.path().join("app.log"), format!("{}the end\n", "x".repeat(1_100_000))).unwrap();
    let log = |from| Log { title: "App".into(), from, marks: Default::default() };
    let asked = Capture {
        name: "before".into(),
        signals: vec!["errors".into(), "gone".into()],
        logs: vec!["app".into(), "other".into()],
        files: vec!["app.env".into(), "missing.env".into()],
        commands: vec![run(&["sh", "-c", "echo out; echo hunter22 >&2; exit 3"]), run(&["no-such-program"])],
        compare: vec![("errors".into(), "gone".into())],
        verdict: true,
        timeline: true,
        ..Capture::default()
    };
    let job = job(dir.path(), asked, |plan| {
        let echo = vec!["sh".into(), "-c".into(), "echo value=7".into()];
        let command = SourceKind::Command { argv: echo, on: None, cwd: None, env: Default::default() };
        plan.playbook.sources.insert("cmd".into(), source(command));
        let reading = ReadingKind::Output(r"value=(?<value>\d+)".into());
        plan.playbook.signals.insert("errors".into(), signal("cmd", reading));
        plan.playbook.logs.insert("app".into(), log(LogSource::File(Template::from("app.log"))));
        let token = Secret::File(dir.path().join("token").to_string_lossy().into_owned());
        plan.playbook.secrets.insert("t".into(), token);
    });
    let outcome = capture(job).await;
    let Outcome::Success { detail } = &outcome else { panic!("{outcome:?}") };
    assert!(detail.starts_with("7 of 11 kept; not "), "{detail}");
    let (folder, m) = manifest(dir.path());
    assert_eq!(item(&m, "signal errors").note, "7");
    assert!(item(&m, "signal gone").trouble.is_some());
    assert_eq!(item(&m, "compare errors and gone").trouble, None);
    let log = item(&m, "log app");
    assert!(log.note.contains("the last") && log.bytes == 1024 * 1024, "{log:?}");
    let text = fs::read_to_string(folder.join(log.kept.as_ref().unwrap())).unwrap();
    assert!(text.ends_with("the end\n"));
    assert!(item(&m, "log other").trouble.is_some());
    let file = item(&m, "file app.env");
    assert!(file.modified.is_some() && file.note == "secrets are masked", "{file:?}");
    assert!(item(&m, "file missing.env").trouble.as_ref().unwrap().contains("No such file"));
    assert_eq!(item(&m, "verdict").note, "nothing fired: it was started by a person");
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        assert!(!text.contains("hunter22"), "{}", path.display());
    }
}

#[tokio::test]
async fn nothing_at_all_is_a_failure_and_a_second_look_keeps_the_first_one() {
    let dir = tempfile::tempdir().unwrap();
    let asked = Capture { name: "x".into(), files: vec!["missing".into()], ..Capture::default() };
    let it = job(dir.path(), asked, |_| {});
    assert!(matches!(capture(it.clone()).await, Outcome::Failure { .. }));
    fs::write(dir.path().join("missing"), "here").unwrap();
    assert!(matches!(capture(it).await, Outcome::Success { .. }));
    let (folder, m) = manifest(dir.path());
    assert_eq!(m.items.len(), 1);
    assert!(folder.with_file_name("capture.unfinished-1").join("manifest.json").exists());
}

#[tokio::test]
async fn a_command_that_hangs_costs_the_time_of_the_step_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("f"), "here").unwrap();
    let asked = Capture {
        name: "x".into(),
        files: vec!["f".into()],
        commands: vec![run(&["sleep", "600"])],
        ..Capture::default()
    };
    let mut it = job(dir.path(), asked, |_| {});
    it.step.step.timeout = 1_500;
    let Outcome::Success { detail } = capture(it).await else { panic!() };
    assert!(detail.starts_with("1 of 2 kept; not command sleep 600 ("), "{detail}");
}

#[tokio::test]
async fn a_prometheus_is_asked_for_what_it_remembers() {
    let dir = tempfile::tempdir().unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/prom", server.local_addr().unwrap());
    let (asked_for, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Ends with the test's process: pollers ask until they are dropped.
        for stream in server.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            reader.read_line(&mut line).unwrap();
            loop {
                let mut header = String::new();
                if reader.read_line(&mut header).unwrap() < 3 {
                    break;
                }
                if let Some(n) = header.to_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().unwrap();
                }
            }
            let mut body = vec![0; length];
            io::Read::read_exact(&mut reader, &mut body).unwrap();
            let _ = asked_for.send((line.clone(), String::from_utf8(body).unwrap()));
            let body = match line.contains("query_range") {
                true => r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#,
                false => {
                    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.25"]}]}}"#
                }
            };
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let _ = write!(reader.get_mut(), "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    let asked = Capture {
        name: "x".into(),
        signals: vec!["errors".into()],
        since: Some(1_800_000),
        ..Capture::default()
    };
    let job = job(dir.path(), asked, |plan| {
        let kind = SourceKind::Prometheus { url: Template(url), headers: Default::default() };
        plan.playbook.sources.insert("prom".into(), source(kind));
        let query = ReadingKind::Query(Template::from("rate(x{a=\"b\"}[1m])"));
        plan.playbook.signals.insert("errors".into(), signal("prom", query));
    });
    let outcome = capture(job).await;
    let Outcome::Success { detail } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(detail, "2 of 2 kept");
    let (folder, m) = manifest(dir.path());
    let past = item(&m, "history of errors");
    let text = fs::read_to_string(folder.join(past.kept.as_ref().unwrap())).unwrap();
    assert!(text.contains("matrix"), "{text}");
    let ours = heard.try_iter().find(|(_, body)| body.contains("step=3.000")).unwrap();
    assert!(ours.0.starts_with("POST /prom/api/v1/query_range"), "{ours:?}");
    assert!(ours.1.contains("query=rate%28x%7Ba%3D%22b%22%7D%5B1m%5D%29"), "{ours:?}");
}
