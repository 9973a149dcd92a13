//! `ripcord backtest`: would this rule have fired last week? Triggers and matrix over what Prometheus has kept, or over a
//! recorded file, before anything is armed. Nothing is started and nothing is written.

mod chart;
mod json;
pub mod times;
mod told;

use super::args::{Past, Target};
use super::{exit, runtime, target};
use crate::clock;
use crate::driver::Setup;
use crate::driver::backtest::{self, Failed, Gathered, Origin};
use crate::model::condition::{Expr, duration, nearest};
use crate::model::playbook::{Playbook, ReadingKind};
use crate::model::text::clean_line;
use crate::session::replay::story::Story;
use crate::session::replay::{Replay, Span, Track};
use crate::supervisor::baseline;
use crate::tui::glyphs::Glyphs;
use jiff::tz::TimeZone;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use told::Told;

/// Milliseconds between two judgements unless asked otherwise.
const STEP: u64 = 15_000;
/// What a shell says of a program that ctrl-c ended.
const INTERRUPTED: u8 = 130;
/// Columns where nothing says how wide the terminal is.
const WIDTH: usize = 80;

/// Replays and tells.
pub fn play(of: &Target, asked: &Past) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let (mut found, span) = match prepare(&opened.setup, asked) {
        Ok(prepared) => prepared,
        Err(code) => return code,
    };
    let began = Instant::now();
    let story = replay(&opened.setup, std::mem::take(&mut found.tracks), span);
    eprintln!("Judged {} times in {:.1} s.", story.judgements, began.elapsed().as_secs_f64());
    let told = Told {
        setup: &opened.setup,
        found: &found,
        story: &story,
        only: &asked.triggers,
        zone: TimeZone::system(),
        notes: notes(&opened.setup.playbook, story.span.step),
    };
    let text = if asked.json {
        format!("{:#}\n", json::document(&told))
    } else {
        let glyphs = Glyphs::detect(|name| std::env::var(name).ok());
        told.text(width(), glyphs == Glyphs::Ascii)
    };
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => exit::OK,
        // Whoever reads it has seen enough.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => exit::OK,
        Err(e) => {
            eprintln!("error: standard output: {e}");
            exit::FAILED
        }
    }
}

/// Checks what is asked and gets the samples.
fn prepare(setup: &Setup, asked: &Past) -> Result<(Gathered, Span), u8> {
    let playbook = &setup.playbook;
    for id in &asked.triggers {
        if !playbook.triggers.contains_key(id) {
            let near = nearest(id, playbook.triggers.keys().map(String::as_str));
            let hint = near.map_or_else(
                || format!("there is {}", playbook.triggers.keys().cloned().collect::<Vec<_>>().join(", ")),
                |n| format!("did you mean {n}?"),
            );
            return Err(wrong(&format!("there is no trigger `{}`", clean_line(id)), &hint));
        }
    }
    if playbook.triggers.is_empty() {
        return Err(wrong("the playbook has no triggers", "there is nothing to replay"));
    }
    let now = clock::now().wall;
    let time = |text: &Option<String>, option: &str| match text {
        None => Ok(None),
        Some(text) => times::parse(text, now, &TimeZone::system())
            .map(Some)
            .map_err(|why| wrong(&format!("{option}: {why}"), times::HINT)),
    };
    let (from, to) = (time(&asked.from, "--from")?, time(&asked.to, "--to")?);
    let step = step(playbook, asked)?;
    if asked.files.is_empty() {
        let Some(from) = from else {
            return Err(wrong("from when?", "--from -7d, or --from-file FILE"));
        };
        let span = Span { from, to: to.unwrap_or(now), step };
        sane(span)?;
        return Ok((ask(setup, span)?, span));
    }
    let (found, (first, last)) = backtest::from_files(playbook, &asked.files).map_err(|e| failed(&e))?;
    let span = Span { from: from.unwrap_or(first), to: to.unwrap_or(last), step };
    sane(span)?;
    if span.from > last || span.to < first {
        let told = |at| times::full(at, &TimeZone::system());
        let hint = format!("the files hold {} to {}", told(first), told(last));
        return Err(wrong("nothing is recorded in that time", &hint));
    }
    Ok((found, span))
}

fn wrong(what: &str, hint: &str) -> u8 {
    eprintln!("error: {what}\n  hint: {hint}");
    exit::USAGE
}

fn sane(span: Span) -> Result<(), u8> {
    if span.from >= span.to {
        return Err(wrong("--from is not before --to", times::HINT));
    }
    Ok(())
}

/// Milliseconds between judgements: no more than any query may be old, or it would be stale between them.
fn step(playbook: &Playbook, asked: &Past) -> Result<u64, u8> {
    let queries = playbook.signals.iter().filter(|(_, s)| matches!(s.reading, ReadingKind::Query(_)));
    let shortest = queries.filter(|(_, s)| s.stale_after > 0).min_by_key(|(_, s)| s.stale_after);
    let limit = shortest.filter(|_| asked.files.is_empty());
    let Some(text) = &asked.step else {
        return Ok(limit.map_or(STEP, |(_, s)| STEP.min(s.stale_after)).max(1_000));
    };
    let hint = "--step 15s";
    let step = match crate::model::unit::duration(text) {
        Ok(ms) if ms >= 1_000.0 => ms as u64,
        Ok(_) => return Err(wrong("--step: at least a second", hint)),
        Err(why) => return Err(wrong(&format!("--step: {}", clean_line(&why)), hint)),
    };
    match limit {
        Some((id, s)) if step > s.stale_after => Err(wrong(
            &format!(
                "--step {} is longer than {id} stays fresh ({}): between two steps it would be unknown",
                duration(step),
                duration(s.stale_after)
            ),
            &format!("--step {}", duration(s.stale_after)),
        )),
        _ => Ok(step),
    }
}

/// Asks the servers, with its progress on standard error.
fn ask(setup: &Setup, span: Span) -> Result<Gathered, u8> {
    let runtime = runtime().map_err(|e| {
        eprintln!("error: {e}");
        exit::FAILED
    })?;
    let mut line = Progress::new();
    let answer = runtime.block_on(async {
        let mut told = |done, all| line.say(&format!("Prometheus: {done} of {all} pieces"));
        tokio::select! {
            found = backtest::from_prometheus(&setup.playbook, &setup.environment, span, &mut told) => Some(found),
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    line.end();
    runtime.shutdown_background();
    match answer {
        Some(Ok(found)) => Ok(found),
        Some(Err(e)) => Err(failed(&e)),
        None => {
            eprintln!("Stopped: nothing was started, nothing was written.");
            Err(INTERRUPTED)
        }
    }
}

fn failed(e: &Failed) -> u8 {
    match e {
        Failed::File { place, why, hint } => wrong(&format!("{}: {why}", clean_line(place)), hint),
        Failed::Server(e) => {
            let hint = match e.late {
                true => "a shorter range or a larger --step asks for less",
                false => "is the url of that source right? `ripcord check` shows the file's problems",
            };
            eprintln!("error: source {}: {}\n  hint: {hint}", e.source, e.why);
            if e.late { exit::TIMED_OUT } else { exit::FAILED }
        }
    }
}

fn replay(setup: &Setup, tracks: Vec<Track>, span: Span) -> Story {
    let normal = baseline::known(&setup.playbook, &setup.folder);
    let replay = Replay::new(&setup.playbook, &setup.environment, span, tracks, normal);
    let mut line = Progress::new();
    let story = backtest::play(replay, span, |share| line.say(&format!("Replay: {:.0} %", share * 100.0)));
    line.end();
    story
}

/// One line on standard error that is written over; nothing where nobody watches.
struct Progress {
    watched: bool,
    last: Option<Instant>,
}

impl Progress {
    fn new() -> Progress {
        Progress { watched: std::io::stderr().is_terminal(), last: None }
    }

    fn say(&mut self, text: &str) {
        if self.watched && self.last.is_none_or(|at| at.elapsed() > Duration::from_millis(100)) {
            self.last = Some(Instant::now());
            eprint!("\r\x1b[K{text}");
        }
    }

    fn end(&mut self) {
        if self.last.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

/// What the reader should know about these rules in a replay.
fn notes(playbook: &Playbook, step: u64) -> Vec<String> {
    let mut counted = Vec::new();
    for (id, t) in &playbook.triggers {
        t.when.expr.walk(&mut |e| {
            if matches!(e, Expr::Consecutive(_)) && !counted.contains(id) {
                counted.push(id.clone());
            }
        });
    }
    if counted.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "{}: consecutive() counts samples, here one each {}, live one at each read.",
        counted.join(", "),
        duration(step)
    )]
}

fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let terminal = || rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|s| usize::from(s.ws_col));
    terminal().filter(|w| *w > 0).or(columns).unwrap_or(WIDTH).clamp(60, 240)
}

/// Where a signal's samples are from, in words.
fn origin(of: &Origin) -> String {
    match of {
        Origin::Prometheus(n) => format!("prometheus, {n} values"),
        Origin::Files(n) => format!("recorded, {n} values"),
        Origin::Computed => "computed".into(),
        Origin::Missing(why) => format!("unknown throughout: {why}"),
    }
}
