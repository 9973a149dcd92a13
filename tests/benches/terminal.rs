//! What the screen costs: first frame, bytes, key latency, quit, measured in a real pty.
//!
//! `cargo bench --bench terminal` prints a table; with `btm` on the PATH its first frame is measured in the same
//! rounds. Milliseconds are of this machine and this day: compare ratios of one run, and bytes.

#![allow(clippy::unwrap_used)]

#[path = "../support/page.rs"]
#[allow(dead_code)]
mod page;
#[path = "../support/pty.rs"]
#[allow(dead_code)]
mod pty;

use page::{Answer, Page};
use pty::Pty;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");
const LONG: Duration = Duration::from_secs(20);
const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];

/// A playbook of `n` gauges read from one page each second, and one source that may hang.
fn playbook(dir: &Path, url: &str, n: usize) -> String {
    let mut text = format!(
        "schema = 1\n[service]\nname = \"bench\"\ntitle = \"Bench\"\nowner = \"nobody\"\n\
         [environments.lab]\ntone = \"calm\"\n\
         [sources.page]\nevery = \"1s\"\ntimeout = \"900ms\"\nhttp = {{ url = \"{url}/metrics\" }}\n\
         [sources.dead]\nevery = \"1s\"\ntimeout = \"30s\"\nhttp = {{ url = \"{url}/hang\" }}\n\
         [signals.dead]\ntitle = \"Hung\"\nsource = \"dead\"\nhttp = \"latency\"\nunit = \"ms\"\nraw = \"s\"\nstale_after = \"1h\"\n"
    );
    for i in 0..n {
        let panel = if i < 4 { format!("panel = {}\nwarn = \"> 70%\"\n", i + 1) } else { String::new() };
        write!(
            text,
            "[signals.s{i}]\ntitle = \"Signal {i}\"\nsource = \"page\"\nmetric = \"s{i}\"\nraw = \"ratio\"\nunit = \"percent\"\nstale_after = \"1h\"\n{panel}"
        )
        .unwrap();
    }
    let file = dir.join(format!("bench-{n}.toml"));
    std::fs::write(&file, text).unwrap();
    file.to_string_lossy().into_owned()
}

fn page(n: usize, moving: bool) -> Page {
    Page::serve(move |k, path| {
        if path == "/hang" {
            return Answer::Hang;
        }
        let k = if moving { k } else { 0 };
        let mut body = String::new();
        for i in 0..n {
            let v = 0.35 + 0.2 * ((k as f64) * 0.21 + i as f64).sin();
            writeln!(body, "s{i} {v:.4}").unwrap();
        }
        Answer::Body(body)
    })
}

fn open(playbook: &str, state: &str, (cols, rows): (u16, u16)) -> Pty {
    Pty::start(RIPCORD, &[playbook, "--state-dir", state], &[], cols, rows)
}

fn millis(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() as f64 * p) as usize).min(values.len() - 1)]
}

/// Milliseconds from a key to the first byte that answers it.
fn keys(pty: &Pty, presses: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for i in 0..presses {
        pty.settle(Duration::from_millis(40), Duration::from_millis(300));
        let before = pty.bytes();
        pty.send(if i % 2 == 0 { "5" } else { "1" });
        if let Some(took) = pty.wait_bytes(before, Duration::from_secs(2)) {
            out.push(millis(took));
        }
    }
    out
}

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let window =
        Duration::from_secs(std::env::var("WINDOW_S").ok().and_then(|s| s.parse().ok()).unwrap_or(60));
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").to_string_lossy().into_owned();
    let btm =
        std::env::var_os("PATH").is_some_and(|p| std::env::split_paths(&p).any(|d| d.join("btm").is_file()));
    println!("| figure | 80×24 | 200×60 |\n|---|---|---|");
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    let mut put = |name: &str, value: String| match rows.iter_mut().find(|(n, _)| n == name) {
        Some((_, v)) => v.push(value),
        None => rows.push((name.into(), vec![value])),
    };
    for size in SIZES {
        let moving = page(4, true);
        let four = playbook(dir.path(), &moving.url(), 4);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let begin = Instant::now();
            let mut pty = open(&four, &state, size);
            pty.see("bench", LONG);
            ours.push(millis(begin.elapsed()));
            pty.send("q");
            pty.exit(LONG);
            if btm {
                let begin = Instant::now();
                let mut pty = Pty::start("btm", &["-r", "1s"], &[], size.0, size.1);
                pty.see("Processes", LONG);
                theirs.push(millis(begin.elapsed()));
                pty.send("q");
                pty.exit(LONG);
            }
        }
        let first = percentile(&mut ours, 0.5);
        put("first useful frame, ms (a source hangs)", format!("{first:.1}"));
        if btm {
            let peer = percentile(&mut theirs, 0.5);
            put("the same of bottom, ms", format!("{peer:.1} (ratio {:.2})", first / peer));
        }

        let mut pty = open(&four, &state, size);
        pty.see("Signal 3", LONG);
        pty.settle(Duration::from_millis(500), Duration::from_secs(4));
        let before = pty.bytes();
        std::thread::sleep(window);
        let rate = (pty.bytes() - before) as f64 / window.as_secs_f64();
        put("four charts at 1 Hz, bytes/s", format!("{rate:.0}"));
        let mut took = keys(&pty, 40);
        put(
            "key to screen while a source hangs, median / p95 ms",
            format!("{:.1} / {:.1}", percentile(&mut took, 0.5), percentile(&mut took, 0.95)),
        );
        let rss =
            std::fs::read_to_string(format!("/proc/{}/status", pty.child.process_id().unwrap())).unwrap();
        let rss: f64 = rss
            .lines()
            .find_map(|l| l.strip_prefix("VmRSS:"))
            .and_then(|l| l.split_whitespace().next()?.parse().ok())
            .unwrap();
        put("RSS, MiB", format!("{:.1}", rss / 1024.0));
        let begin = Instant::now();
        pty.send("q");
        pty.exit(LONG);
        put("quit with a hung source, ms", format!("{:.1}", millis(begin.elapsed())));

        let still = page(4, false);
        let file = playbook(dir.path(), &still.url(), 4);
        let pty = open(&file, &state, size);
        pty.see("Signal 3", LONG);
        std::thread::sleep(Duration::from_secs(3));
        let before = pty.bytes();
        std::thread::sleep(Duration::from_secs(10));
        put("nothing changed, bytes in 10 s", (pty.bytes() - before).to_string());

        let many = page(200, true);
        let file = playbook(dir.path(), &many.url(), 200);
        let pty = open(&file, &state, size);
        pty.see("Signal 3", LONG);
        let mut took = keys(&pty, 40);
        put(
            "key to screen with 200 signals a second, median / p95 ms",
            format!("{:.1} / {:.1}", percentile(&mut took, 0.5), percentile(&mut took, 0.95)),
        );
    }
    for (name, values) in rows {
        println!("| {name} | {} |", values.join(" | "));
    }
}
