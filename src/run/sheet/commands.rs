//! What a bare shell is told: commands, requests, sockets and looks, as words.

use super::paper::Word;
use crate::model::playbook::{
    HttpReading, LogSource, ProcessReading, ProcessRef, ReadingKind, Signal, Source, SourceKind,
};
use crate::model::probe::{Ask, Command, Expectation, HttpCall, Probe};
use crate::model::template::Template;

/// Seconds a look may take.
const PATIENCE: u64 = 10;

fn text(t: &str) -> Word {
    Word::plain(t)
}

fn joined(front: &str, t: &Template) -> Word {
    Word::Text(Template(format!("{front}{t}")))
}

/// A command as it stands in a plan.
pub fn command(c: &Command) -> Vec<Word> {
    let mut out = Vec::new();
    if let Some(dir) = &c.cwd {
        out.extend([Word::raw("( cd"), Word::Text(dir.clone()), Word::raw("&&")]);
    }
    if let Some(input) = &c.stdin {
        out.extend([Word::raw("printf %s"), Word::Text(input.clone()), Word::raw("|")]);
    }
    if !c.env.is_empty() {
        out.push(Word::raw("env"));
        out.extend(c.env.iter().map(|(name, value)| joined(&format!("{name}="), value)));
    }
    out.extend(c.argv.iter().cloned().map(Word::Text));
    if c.cwd.is_some() {
        out.push(Word::raw(")"));
    }
    out
}

/// A request by curl; `timeout` in milliseconds.
pub fn call(h: &HttpCall, timeout: u64) -> Vec<Word> {
    let seconds = if timeout > 0 { timeout.div_ceil(1000) } else { PATIENCE };
    let mut out = vec![Word::Raw(format!("curl -sS -m {seconds} -w '\\n%{{http_code}}\\n'"))];
    if !h.method.is_empty() && h.method != "GET" {
        out.extend([Word::raw("-X"), text(&h.method)]);
    }
    for (name, value) in &h.headers {
        out.extend([Word::raw("-H"), joined(&format!("{name}: "), value)]);
    }
    if let Some(json) = &h.json {
        out.extend([Word::raw("-H"), text("Content-Type: application/json")]);
        out.extend([Word::raw("--data-raw"), Word::Text(Template(json.to_string()))]);
    } else if let Some(body) = &h.text {
        out.extend([Word::raw("--data-raw"), Word::Text(body.clone())]);
    }
    out.push(Word::Text(h.url.clone()));
    out
}

/// A line sent to a socket.
pub fn socket(path: &Template, send: &Template) -> Vec<Word> {
    vec![
        Word::raw("printf '%s\\n'"),
        Word::Text(send.clone()),
        Word::raw("| socat -"),
        joined("UNIX-CONNECT:", path),
    ]
}

/// Keeps a file beside itself.
pub fn keep(file: &Template) -> Vec<Word> {
    let kept = Template(format!("{file}.before-{{{{ run.stamp }}}}"));
    vec![Word::raw("cp -p"), Word::Text(file.clone()), Word::Text(kept)]
}

/// The files that match, newest first. The pattern stays one.
pub fn listing(glob: &Template) -> Vec<Word> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@%+=,*?[]".contains(c);
    let escaped: String =
        glob.0.chars().flat_map(|c| if plain(c) { vec![c] } else { vec!['\\', c] }).collect();
    match glob.names().is_empty() && glob.0.is_ascii() {
        true => vec![Word::raw("ls -ldt"), Word::Raw(escaped)],
        false => vec![Word::raw("ls -ldt"), Word::Text(glob.clone())],
    }
}

/// Reads a secret out of its file.
pub fn secret_of(name: &str, path: &str) -> Vec<Word> {
    let var = super::paper::variable(name);
    vec![Word::Raw(format!("{var}=$(cat {})", shell_words::quote(path)))]
}

/// A probe as something to look at.
///
/// # Errors
/// In words, when there is nothing to run: a condition.
pub fn look(probe: &Probe) -> Result<Vec<Word>, String> {
    match &probe.ask {
        Ask::When(c) => Err(c.text.clone()),
        Ask::Given(text) => Err(text.clone()),
        Ask::Named(id) => Err(format!("probe {id}")),
        Ask::Drill { procedure, .. } => Err(format!("a drill of {procedure}")),
        Ask::Simulated { line, .. } => Err(line.0.clone()),
        Ask::Run(c) => Ok(command(c)),
        Ask::Http(h) => Ok(call(h, probe.within.unwrap_or(0).min(PATIENCE * 1000))),
        Ask::Socket { path, send } => Ok(socket(path, send)),
        Ask::File(path) => Ok(vec![Word::raw("ls -ld"), Word::Text(path.clone())]),
    }
}

/// What a good answer is, in words.
pub fn good(e: &Expectation) -> String {
    let mut out: Vec<String> = Vec::new();
    let list = |of: Vec<String>| of.join(" or ");
    if !e.exit.is_empty() {
        out.push(format!("exit {}", list(e.exit.iter().map(i32::to_string).collect())));
    }
    if !e.status.is_empty() {
        out.push(format!("status {}", list(e.status.iter().map(u16::to_string).collect())));
    }
    for (word, pattern) in
        [("it prints", &e.stdout), ("its errors say", &e.stderr), ("the body has", &e.body)]
    {
        out.extend(pattern.as_ref().map(|p| format!("{word} {p}")));
    }
    out.extend(e.json.as_ref().map(|(pointer, value)| format!("{pointer} is {value}")));
    out.extend(e.exists.map(|is| if is { "it exists".to_owned() } else { "it does NOT exist".to_owned() }));
    out.extend(e.executable.map(|is| format!("it is {}executable", if is { "" } else { "NOT " })));
    if out.is_empty() { "(good: it succeeds)".to_owned() } else { format!("(good: {})", out.join(", ")) }
}

/// How the lines of a log are looked at by hand that a signal counts.
pub fn counted(from: &LogSource, pattern: &str) -> Vec<Word> {
    let mut out = match from {
        LogSource::File(path) => vec![Word::raw("tail -F --"), Word::Text(path.clone())],
        LogSource::Run(c) => command(c),
    };
    out.extend([Word::raw("| grep -P --"), text(pattern)]);
    out
}

/// How a signal is measured by hand, where a command can say it.
pub fn measure(source: &Source, signal: &Signal) -> Option<Vec<Word>> {
    let seconds = source.timeout.div_ceil(1000);
    let curl = |headers: &indexmap::IndexMap<String, Template>| {
        let mut out = vec![Word::Raw(format!("curl -sS -m {seconds}"))];
        for (name, value) in headers {
            out.extend([Word::raw("-H"), joined(&format!("{name}: "), value)]);
        }
        out
    };
    match (&source.kind, &signal.reading) {
        (SourceKind::Prometheus { url, headers }, ReadingKind::Query(query)) => {
            let mut out = curl(headers);
            out.extend([Word::raw("--get --data-urlencode"), joined("query=", query)]);
            out.push(Word::Text(Template(format!("{}/api/v1/query", url.0.trim_end_matches('/')))));
            Some(out)
        }
        (SourceKind::Http { url, headers, .. }, reading) => {
            let mut out = curl(headers);
            if matches!(
                reading,
                ReadingKind::Http(HttpReading::Up | HttpReading::Status | HttpReading::Latency)
            ) {
                out.push(Word::raw("-o /dev/null -w '%{http_code} %{time_total}s\\n'"));
            }
            out.push(Word::Text(url.clone()));
            if let ReadingKind::Metric { name, .. } = reading {
                out.extend([Word::raw("| grep -F --"), text(name)]);
            }
            Some(out)
        }
        (SourceKind::Command { argv, on, cwd, env }, _) => Some(command(&Command {
            argv: argv.clone(),
            on: on.clone(),
            cwd: cwd.clone(),
            env: env.clone(),
            ..Command::default()
        })),
        (SourceKind::Process(ProcessRef::Unit(unit)), ReadingKind::Process(ProcessReading::Rss)) => {
            Some(vec![Word::raw("systemctl show -p MainPID -p MemoryCurrent"), Word::Text(unit.clone())])
        }
        _ => None,
    }
}
