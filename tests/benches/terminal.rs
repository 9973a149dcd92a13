//! What the screen costs beside bottom's, measured in a real pty: first frame, bytes, CPU, wake-ups, keys, resize, quit.
//!
//! `cargo bench --bench terminal` prints two tables. Both programs take turns in every round. `btm` (`cargo install
//! bottom`) is looked for on the PATH, or where BTM says; without it its columns stay empty. WINDOW_S and ROUNDS change how
//! long and how often. Milliseconds are of this machine and this hour: compare within one run. Bytes are exact.

#![allow(clippy::unwrap_used)]

#[path = "../support/page.rs"]
#[allow(dead_code)]
mod page;
#[path = "../support/pty.rs"]
#[allow(dead_code)]
mod pty;

use page::{Answer, Page};
use pty::{Pty, SLOW};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const RIPCORD: &str = env!("CARGO_BIN_EXE_ripcord");
const LONG: Duration = Duration::from_secs(20);
const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];

/// Four charts, a trigger, a procedure and a source that hangs; everything is read once in `every`.
fn playbook(dir: &Path, name: &str, url: &str, every: &str) -> String {
    let mut text = format!(
        r#"schema = 1
[service]
name = "bench"
title = "Bench"
owner = "nobody"
[environments.lab]
tone = "caution"
prove = {{ run = ["true"] }}
[sources.page]
every = "{every}"
timeout = "900ms"
http = {{ url = "{url}/metrics" }}
[sources.dead]
every = "{every}"
timeout = "30s"
http = {{ url = "{url}/hang" }}
[signals.dead]
title = "Hung"
source = "dead"
http = "latency"
unit = "ms"
raw = "s"
stale_after = "1h"
[severities.P1]
title = "High"
text = "Roll back"
respond_within = "15m"
[triggers.high]
title = "Many errors"
severity = "P1"
when = "s0 > 90%"
act = "ask"
procedure = "off"
[procedures.off]
title = "Canary off"
key = "c"
from = "canary on"
to = "canary off"
expect = {{ duration = "10s", downtime = "none", data_loss = "none" }}
[[procedures.off.steps]]
name = "First"
run = ["true"]
timeout = "20s"
[[procedures.off.steps]]
name = "Well again"
verify = "well"
[verifications.well]
title = "Well"
within = "40s"
stable_for = "2s"
criteria = [{{ text = "Share below 90 %", when = "s0 < 90%" }}]
"#
    );
    for i in 0..4 {
        write!(
            text,
            "[signals.s{i}]\ntitle = \"Signal {i}\"\nsource = \"page\"\nmetric = \"s{i}\"\nraw = \"ratio\"\nunit = \"percent\"\n\
             stale_after = \"1h\"\npanel = {}\nwarn = \"> 70%\"\n",
            i + 1
        )
        .unwrap();
    }
    let file = dir.join(format!("{name}.toml"));
    std::fs::write(&file, text).unwrap();
    file.to_string_lossy().into_owned()
}

/// A page of four gauges that move with every request or never, and `more` series that nobody named.
fn page(moving: bool, more: usize) -> Page {
    let mut rest = String::new();
    for i in 0..more {
        let v = i * 7919 % 100_003;
        writeln!(
            rest,
            "requests_total{{code=\"{}\",path=\"/items/{{{i}}}\",pod=\"web-{i}\"}} {v}",
            200 + i % 5
        )
        .unwrap();
    }
    Page::serve(move |k, path| {
        if path == "/hang" {
            return Answer::Hang;
        }
        let k = if moving { k as f64 } else { 0.0 };
        let mut body = String::new();
        for i in 0..4 {
            writeln!(body, "s{i} {:.4}", 0.35 + 0.2 * (k * 0.21 + f64::from(i)).sin()).unwrap();
        }
        Answer::Body(body + &rest)
    })
}

/// One of the two programs.
struct Program {
    command: String,
    args: Vec<String>,
    /// On the screen once its first frame is of use.
    ready: &'static str,
}

impl Program {
    fn ripcord(playbook: &str, state: &Path) -> Program {
        let args = [playbook, "--state-dir", &state.to_string_lossy()].map(String::from).to_vec();
        Program { command: RIPCORD.into(), args, ready: "? keys" }
    }

    fn bottom() -> Option<Program> {
        let on_path = std::env::var_os("PATH")
            .and_then(|p| std::env::split_paths(&p).map(|d| d.join("btm")).find(|f| f.is_file()));
        let file = std::env::var_os("BTM").map(PathBuf::from).or(on_path)?;
        let args = ["-r", "1s"].map(String::from).to_vec();
        Some(Program { command: file.to_string_lossy().into_owned(), args, ready: "Processes" })
    }

    fn start(&self, link: Option<pty::Link>, (cols, rows): (u16, u16)) -> Pty {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        Pty::start_over(link, &self.command, &args, &[], cols, rows)
    }
}

/// What a process has used so far.
struct Used {
    cpu_ns: u64,
    /// By thread: one that ends takes its count with it.
    wakeups: HashMap<OsString, u64>,
    rss_mib: f64,
    at: Instant,
}

fn used(pty: &Pty) -> Used {
    let pid = pty.child.process_id().unwrap();
    let (mut cpu_ns, mut wakeups) = (0, HashMap::new());
    for task in std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
        let read = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        cpu_ns += read("schedstat").split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        wakeups.insert(task.file_name(), number(&read("status"), "voluntary_ctxt_switches:"));
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    Used { cpu_ns, wakeups, rss_mib: number(&status, "VmRSS:") as f64 / 1024.0, at: Instant::now() }
}

/// Wake-ups between two looks.
fn woken(a: &Used, b: &Used) -> f64 {
    let of = |(thread, n): (&OsString, &u64)| n.saturating_sub(a.wakeups.get(thread).copied().unwrap_or(0));
    b.wakeups.iter().map(of).sum::<u64>() as f64
}

fn number(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|l| l.strip_prefix(key));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn millis(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

fn percentile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get(((sorted.len() as f64 * p) as usize).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}

/// Figures by their names, in the order in which they came; each with all it was measured as.
#[derive(Default)]
struct Figures(Vec<(&'static str, Vec<f64>)>);

impl Figures {
    fn add(&mut self, name: &'static str, value: f64) {
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, all)) => all.push(value),
            None => self.0.push((name, vec![value])),
        }
    }

    fn median(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(n, _)| *n == name).map(|(_, all)| percentile(all, 0.5))
    }
}

/// Presses keys by turns, each when the screen is quiet: milliseconds until it answered, and bytes of the answer.
fn press(pty: &Pty, keys: [&str; 2], times: usize, quiet: u64) -> (Vec<f64>, Vec<f64>) {
    let (mut took, mut bytes) = (Vec::new(), Vec::new());
    for key in keys.iter().cycle().take(times) {
        pty.settle(Duration::from_millis(quiet), Duration::from_millis(600));
        let before = pty.bytes();
        pty.send(key);
        if let Some(after) = pty.wait_bytes(before, Duration::from_secs(3)) {
            took.push(millis(after));
            // Longer than the pty leaves between two keys, or that would be measured.
            pty.settle(Duration::from_millis(40), Duration::from_millis(120));
            bytes.push((pty.bytes() - before) as f64);
        }
    }
    (took, bytes)
}

/// One round of what both programs can be measured by.
fn round(program: &Program, size: (u16, u16), window: u64, out: &mut Figures) {
    let begin = Instant::now();
    let mut pty = program.start(None, size);
    pty.see(program.ready, LONG);
    // When its bytes came, not when the emulator here had them on its screen.
    out.add("first useful frame, ms", millis(pty.last() - begin));
    out.add("first useful frame, bytes", pty.bytes() as f64);
    std::thread::sleep(Duration::from_secs(4));
    let (a, first) = (used(&pty), pty.bytes());
    let seconds: Vec<f64> = (0..window)
        .map(|_| {
            let before = pty.bytes();
            std::thread::sleep(Duration::from_secs(1));
            (pty.bytes() - before) as f64
        })
        .collect();
    let (b, took) = (used(&pty), a.at.elapsed().as_secs_f64());
    out.add("at 1 Hz: bytes/s, median", percentile(&seconds, 0.5));
    out.add("at 1 Hz: bytes/s, mean", (pty.bytes() - first) as f64 / took);
    out.add("at 1 Hz: CPU, ms/s", (b.cpu_ns - a.cpu_ns) as f64 / 1e6 / took);
    out.add("at 1 Hz: wake-ups/s", woken(&a, &b) / took);
    out.add("RSS, MiB", b.rss_mib);
    let (keys, bytes) = press(&pty, ["j", "k"], 30, 40);
    out.add("cursor key, median ms", percentile(&keys, 0.5));
    out.add("cursor key, p95 ms", percentile(&keys, 0.95));
    out.add("cursor key, bytes", percentile(&bytes, 0.5));
    pty.settle(Duration::from_millis(100), Duration::from_secs(1));
    let before = pty.bytes();
    for i in 0..14u16 {
        pty.resize(size.0 - 1 - i % 7, size.1 - 1 - i % 5);
        std::thread::sleep(Duration::from_millis(20));
    }
    pty.resize(size.0, size.1);
    let ended = Instant::now();
    // Who paints late must be given the time.
    std::thread::sleep(Duration::from_millis(400));
    pty.settle(Duration::from_millis(250), Duration::from_secs(3));
    out.add("resize storm, bytes", (pty.bytes() - before) as f64);
    let last = pty.last().saturating_duration_since(ended);
    out.add("resize storm, last byte after ms", millis(last));
    out.add("resize storm, whole at its end (1 yes)", f64::from(pty.screen().contains(program.ready)));
    let begin = Instant::now();
    pty.send("q");
    pty.exit(LONG);
    out.add("quit, ms", millis(begin.elapsed()));
}

/// What only makes sense for a program that watches something.
fn own(dir: &Path, size: (u16, u16), window: u64, out: &mut Figures) {
    let state = |name: &str| dir.join(format!("state-{name}-{}", size.0));
    for (name, every, bytes, wakeups) in [
        (
            "still",
            "1s",
            "nothing changed, read at 1 Hz: bytes/s",
            "nothing changed, read at 1 Hz: wake-ups/s",
        ),
        (
            "idle",
            "10m",
            "nothing read, nothing changed: bytes/s",
            "nothing read, nothing changed: wake-ups/s",
        ),
    ] {
        let page = page(false, 0);
        let file = playbook(dir, name, &page.url(), every);
        // What cannot be judged shows its age: without the source that hangs.
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, rest) = text.split_once("[sources.dead]").unwrap();
        let (_, after) = rest.split_once("[severities.P1]").unwrap();
        std::fs::write(&file, format!("{before}[severities.P1]{after}")).unwrap();
        let pty = Program::ripcord(&file, &state(name)).start(None, size);
        pty.see("ALL QUIET", LONG);
        std::thread::sleep(Duration::from_secs(5));
        let (a, first) = (used(&pty), pty.bytes());
        std::thread::sleep(Duration::from_secs(window));
        let (b, took) = (used(&pty), a.at.elapsed().as_secs_f64());
        out.add(bytes, (pty.bytes() - first) as f64 / took);
        out.add(wakeups, woken(&a, &b) / took);
    }
    let page = page(true, 10_000);
    let file = playbook(dir, "many", &page.url(), "1s");
    let mut pty = Program::ripcord(&file, &state("many")).start(None, size);
    pty.see("Signal 3", LONG);
    std::thread::sleep(Duration::from_secs(4));
    let (keys, _) = press(&pty, ["j", "k"], 60, 0);
    out.add("cursor key with 10,000 series/s and a hung source, median ms", percentile(&keys, 0.5));
    out.add("cursor key with 10,000 series/s and a hung source, p95 ms", percentile(&keys, 0.95));
    let (_, bytes) = press(&pty, ["5", "1"], 10, 100);
    out.add("another screen, bytes", percentile(&bytes, 0.5));
    pty.settle(Duration::from_millis(200), Duration::from_secs(2));
    let before = pty.bytes();
    pty.send("c");
    pty.see("CONFIRM", LONG);
    pty.settle(Duration::from_millis(150), Duration::from_millis(600));
    out.add("confirmation, bytes", (pty.bytes() - before) as f64);
    pty.send("\x1b");
    pty.settle(Duration::from_millis(200), Duration::from_secs(2));
    let begin = Instant::now();
    pty.send("q");
    pty.exit(LONG);
    out.add("quit with a hung source, ms", millis(begin.elapsed()));
}

/// At the far end of 64 kbit/s and 200 ms.
fn far(program: &Program, size: (u16, u16), out: &mut Figures) {
    let begin = Instant::now();
    let mut pty = program.start(Some(SLOW), size);
    pty.see(program.ready, LONG);
    out.add("64 kbit/s + 200 ms: first useful frame, ms", millis(begin.elapsed()));
    out.add("64 kbit/s + 200 ms: its bytes", pty.bytes() as f64);
    std::thread::sleep(Duration::from_secs(20));
    // At any moment, as a person presses: whatever is under way. bottom's cursor leaves no mark in the text.
    let mut took = Vec::new();
    let times = if program.ready == "Processes" { 0 } else { 40 };
    for (i, key) in ["j", "k"].into_iter().cycle().take(times).enumerate() {
        std::thread::sleep(Duration::from_millis(400 + (i as u64 * 137) % 900));
        let marks = |screen: &str| -> Vec<(usize, usize)> {
            let lines = screen.lines().enumerate();
            lines
                .flat_map(|(y, l)| l.match_indices('▸').map(move |(x, _)| (y, x)).collect::<Vec<_>>())
                .collect()
        };
        let (before, begin) = (marks(&pty.screen()), Instant::now());
        pty.send(key);
        pty.wait("the cursor moved", LONG, |now| marks(now) != before);
        took.push(millis(begin.elapsed()));
    }
    if times > 0 {
        out.add("64 kbit/s + 200 ms: cursor key, median ms", percentile(&took, 0.5));
        out.add("64 kbit/s + 200 ms: cursor key, p95 ms", percentile(&took, 0.95));
    }
    let begin = Instant::now();
    pty.send("q");
    while !pty.raw().windows(8).any(|w| w == b"\x1b[?1049l") {
        assert!(begin.elapsed() < LONG, "it does not leave");
        std::thread::sleep(Duration::from_millis(2));
    }
    out.add("64 kbit/s + 200 ms: terminal back after q, ms", millis(begin.elapsed()));
    pty.exit(LONG);
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|s| s.parse().ok()).unwrap_or(default)
}

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let (window, rounds) = (setting("WINDOW_S", 30), setting("ROUNDS", 3));
    let dir = tempfile::tempdir().unwrap();
    let bottom = Program::bottom();
    if bottom.is_none() {
        println!("bottom is not here (`cargo install bottom`): its columns stay empty.\n");
    }
    let moving = page(true, 0);
    let four = playbook(dir.path(), "four", &moving.url(), "1s");
    let mut table: Vec<[Figures; 2]> = Vec::new();
    for size in SIZES {
        let mut figures = [Figures::default(), Figures::default()];
        for n in 0..rounds {
            let state = dir.path().join(format!("state-{}-{n}", size.0));
            round(&Program::ripcord(&four, &state), size, window, &mut figures[0]);
            if let Some(bottom) = &bottom {
                round(bottom, size, window, &mut figures[1]);
            }
        }
        own(dir.path(), size, window, &mut figures[0]);
        let state = dir.path().join(format!("state-far-{}", size.0));
        far(&Program::ripcord(&four, &state), size, &mut figures[0]);
        if let Some(bottom) = &bottom {
            far(bottom, size, &mut figures[1]);
        }
        table.push(figures);
    }
    println!(
        "| medians of {rounds} rounds by turns, windows of {window} s | ripcord 80×24 | bottom | ratio | ripcord 200×60 | bottom | ratio |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, _) in &table[0][0].0 {
        let mut line = format!("| {name} |");
        for [ours, theirs] in &table {
            let (a, b) = (ours.median(name), theirs.median(name));
            let show = |v: Option<f64>| match v {
                Some(v) if v >= 100.0 => format!("{v:.0}"),
                Some(v) => format!("{v:.1}"),
                None => String::new(),
            };
            let ratio = a.zip(b).filter(|(_, b)| *b > 0.0).map(|(a, b)| format!("{:.2}", a / b));
            write!(line, " {} | {} | {} |", show(a), show(b), ratio.unwrap_or_default()).unwrap();
        }
        println!("{line}");
    }
}
