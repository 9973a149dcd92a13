//! `ripcord notify`: the letters to people: sent, tried, listed.

use super::args::Target;
use super::{exit, runtime, target};
use crate::driver::Setup;
use crate::model::playbook::Preset;
use crate::model::telling::Phase;
use crate::model::text::{clean, clean_line};
use crate::report::stamp;
use crate::run::plan::Context;
use crate::session::outbox::{Fate, Outbox, Posted};
use crate::supervisor::outbox::{self, Courier, Post};
use crate::supervisor::{self, decisions, person};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// How long a receiver is waited for.
const PATIENCE: Duration = Duration::from_secs(35);
/// How long `flush` goes on.
const FLUSH: Duration = Duration::from_secs(60);

/// What is to be done with letters.
#[derive(Debug, Clone, Subcommand)]
pub enum Notify {
    /// Send a test message by a channel, once, and say what came of it.
    Test {
        /// The channel.
        channel: String,
        /// Of which service.
        #[command(flatten)]
        target: Target,
    },
    /// List what people were told and are to be told, and what came of it.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Of which service.
        #[command(flatten)]
        target: Target,
    },
    /// Send a message of the playbook.
    Send {
        /// The message.
        message: String,
        /// By this channel (its only one when it has one).
        #[arg(short, long = "channel", value_name = "CHANNEL")]
        channels: Vec<String>,
        /// Look at it in $VISUAL or $EDITOR first.
        #[arg(long)]
        edit: bool,
        /// Where it stands in its thread (opens one, or goes on with it).
        #[arg(long)]
        phase: Option<Word>,
        /// Of which service.
        #[command(flatten)]
        target: Target,
    },
    /// Deliver what waits, and say what came of it.
    Flush {
        /// Of which service.
        #[command(flatten)]
        target: Target,
    },
}

/// Where a message stands in its thread.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Word {
    /// It opens it, or adds to it.
    Open,
    /// Somebody has taken it.
    Update,
    /// It is over.
    Resolve,
}

impl From<Word> for Phase {
    fn from(word: Word) -> Phase {
        match word {
            Word::Open => Phase::Open,
            Word::Update => Phase::Update,
            Word::Resolve => Phase::Close,
        }
    }
}

/// Does it.
pub fn notify(asked: Notify) -> u8 {
    let (Notify::Test { target, .. }
    | Notify::List { target, .. }
    | Notify::Send { target, .. }
    | Notify::Flush { target }) = &asked;
    let Ok(opened) = target::open(target) else { return exit::USAGE };
    let setup = opened.setup;
    let done = match &asked {
        Notify::Test { channel, .. } => test(&setup, channel),
        Notify::List { json, .. } => list(&setup.folder, *json),
        Notify::Send { message, channels, edit, phase, .. } => {
            send(&setup, message, channels, *edit, phase.map(Phase::from))
        }
        Notify::Flush { .. } => flush(&setup.folder),
    };
    done.unwrap_or_else(|why| {
        eprintln!("error: {}", clean_line(&why));
        exit::USAGE
    })
}

fn channel_of(setup: &Setup, id: &str) -> Result<(), String> {
    let known = &setup.playbook.channels;
    if known.contains_key(id) {
        return Ok(());
    }
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    Err(format!("there is no channel `{id}`; there is {}", names.join(", ")))
}

fn context(setup: &Setup) -> Result<Context, String> {
    let context = supervisor::context("notify", "", None, &setup.hash, &setup.folder);
    let state = decisions::load(&setup.folder).map_err(|e| e.to_string())?;
    Ok(Context { incident: state.incident.map(|i| (i.id, i.since)), ..context })
}

fn test(setup: &Setup, channel: &str) -> Result<u8, String> {
    channel_of(setup, channel)?;
    let context = context(setup)?;
    let of = &setup.playbook.channels[channel];
    let keeps = matches!(of.preset, Some(Preset::PagerDuty | Preset::Grafana | Preset::Statuspage));
    let phases: &[Phase] = if keeps { &[Phase::Open, Phase::Close] } else { &[Phase::Open] };
    let mut ids = Vec::new();
    for phase in phases {
        let post = Post {
            id: format!("test {} {}", context.id, phase.word()),
            about: "test".into(),
            phase: *phase,
            thread: format!("test {}", context.id),
            by: Some(person()),
            ..Post::default()
        };
        let subject = format!("ripcord test: {} {}", setup.playbook.service.title, setup.environment);
        let body = format!("{} tries the channel {channel}. Nothing has happened.", person().user);
        ids.extend(queue(setup, &context, channel, (&subject, &body), &post)?);
    }
    let (outbox, trouble) =
        deliver(&setup.folder, PATIENCE, |p| ids.contains(&p.letter.id) && p.next.is_none())?;
    for id in &ids {
        // It is tried once: what comes of it later would surprise.
        outbox::give_up(&setup.folder, id, "a test is tried once").map_err(|e| e.to_string())?;
    }
    Ok(say(&outbox, &ids, trouble.get(channel).map(String::as_str), true))
}

fn send(
    setup: &Setup,
    message: &str,
    channels: &[String],
    edit: bool,
    phase: Option<Phase>,
) -> Result<u8, String> {
    let known = &setup.playbook.channels;
    let channels: Vec<String> = match (channels, known.len()) {
        ([], 1) => known.keys().cloned().collect(),
        ([], _) => {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(format!("by which channel? there is {}: --channel {}", names.join(", "), names[0]));
        }
        (some, _) => some.to_vec(),
    };
    channels.iter().try_for_each(|c| channel_of(setup, c))?;
    let Some(of) = setup.playbook.messages.get(message) else {
        let names: Vec<&str> = setup.playbook.messages.keys().map(String::as_str).collect();
        return Err(format!("there is no message `{message}`; there is {}", names.join(", ")));
    };
    if of.review && !edit {
        eprintln!("REFUSED: {message} is looked at before it is sent: --edit");
        return Ok(exit::REFUSED);
    }
    let context = context(setup)?;
    let mut text = outbox::compose(&setup.playbook, &setup.environment, &context, message)?;
    if edit {
        text = edited(&text)?;
    }
    let incident = context.incident.as_ref().map(|(id, _)| id.clone());
    let thread = incident.clone().unwrap_or_else(|| context.id.clone());
    let mut ids = Vec::new();
    for channel in &channels {
        let post = Post {
            id: format!("send {message} {}", context.id),
            about: message.to_owned(),
            phase: phase.unwrap_or_else(|| outbox::next_phase(&setup.folder, channel, &thread)),
            thread: thread.clone(),
            incident: incident.clone(),
            run: None,
            by: Some(person()),
        };
        ids.extend(queue(setup, &context, channel, (&text.0, &text.1), &post)?);
    }
    let (outbox, trouble) =
        deliver(&setup.folder, PATIENCE, |p| ids.contains(&p.letter.id) && p.next.is_none())?;
    let why = channels.iter().find_map(|c| trouble.get(c)).map(String::as_str);
    Ok(say(&outbox, &ids, why, false))
}

fn queue(
    setup: &Setup,
    context: &Context,
    channel: &str,
    text: (&str, &str),
    post: &Post,
) -> Result<Vec<String>, String> {
    let (playbook, environment) = (&setup.playbook, &setup.environment);
    let letters = outbox::write(playbook, environment, context, &[channel.to_owned()], text, post)?;
    for letter in &letters {
        outbox::queue(&setup.folder, letter).map_err(|e| e.to_string())?;
    }
    Ok(letters.into_iter().map(|l| l.id).collect())
}

/// The text as a person leaves it: its first line is the subject, what follows the message.
fn edited((subject, body): &(String, String)) -> Result<(String, String), String> {
    let editor = ["VISUAL", "EDITOR"].iter().find_map(|v| std::env::var(v).ok()).unwrap_or("vi".into());
    let words = shell_words::split(&editor).map_err(|e| format!("{editor}: {e}"))?;
    let (program, arguments) = words.split_first().ok_or("$EDITOR is empty")?;
    let name = format!("ripcord-message-{}-{}.txt", person().uid, std::process::id());
    let file = std::env::temp_dir().join(name);
    let text = format!("{subject}\n\n{body}\n");
    let done = write_new(&file, &text).map_err(|e| e.to_string()).and_then(|()| {
        let status = std::process::Command::new(program).args(arguments).arg(&file).status();
        match status.map_err(|e| format!("{program}: {e}"))? {
            status if status.success() => std::fs::read_to_string(&file).map_err(|e| e.to_string()),
            status => Err(format!("{program}: {status}: nothing was sent")),
        }
    });
    let _ = std::fs::remove_file(&file);
    let text = clean(&done?);
    let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
    match subject.trim() {
        "" => Err("the first line, the subject, is empty: nothing was sent".to_owned()),
        subject => Ok((subject.to_owned(), body.trim().to_owned())),
    }
}

fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(file)?
        .write_all(text.as_bytes())
}

type Trouble = std::collections::HashMap<String, String>;

/// Delivers until nothing of this is left, or the time is over; what is on record then, and why this process cannot deliver
/// by some channels.
fn deliver(
    home: &Path,
    limit: Duration,
    which: impl Fn(&Posted) -> bool,
) -> Result<(Outbox, Trouble), String> {
    let runtime = runtime().map_err(|e| e.to_string())?;
    let mut courier = Courier::new(home);
    let outbox = runtime.block_on(courier.settle(which, limit));
    let channels = outbox.letters.values().map(|p| p.letter.channel.clone());
    let trouble = channels.filter_map(|c| Some((c.clone(), courier.trouble(&c)?.to_owned()))).collect();
    Ok((outbox, trouble))
}

/// Prints what came of these; the exit code.
fn say(outbox: &Outbox, ids: &[String], trouble: Option<&str>, once: bool) -> u8 {
    let mut code = exit::OK;
    for p in ids.iter().filter_map(|id| outbox.letters.get(id)) {
        let why = trouble.filter(|_| p.fate == Fate::Waiting && p.detail.is_empty());
        let words = match (why, once && p.fate == Fate::Waiting) {
            (Some(why), _) => format!("NOT delivered: {why}"),
            (None, true) => {
                format!("NOT delivered: {}", if p.detail.is_empty() { "no answer" } else { &p.detail })
            }
            (None, false) => outbox::words(Some(p)),
        };
        println!("{}: {}", p.letter.title, clean_line(&words));
        if p.fate != Fate::Delivered {
            code = exit::FAILED;
        }
    }
    code
}

fn list(home: &Path, as_json: bool) -> Result<u8, String> {
    let outbox = outbox::load(home).map_err(|e| e.to_string())?;
    if as_json {
        let all: Vec<_> = outbox.letters.values().map(shown).collect();
        println!("{}", serde_json::to_string_pretty(&all).map_err(|e| e.to_string())?);
        return Ok(exit::OK);
    }
    if outbox.letters.is_empty() {
        println!("Nobody was told anything yet.");
    }
    for p in outbox.letters.values() {
        let tries = if p.attempts > 1 { format!(", {} tries", p.attempts) } else { String::new() };
        let detail = if p.detail.is_empty() { String::new() } else { format!(" ({})", p.detail) };
        println!("{}  {}: {}", stamp(&p.queued), p.letter.title, p.letter.subject);
        println!("    {}{detail}{tries}: {}", p.fate.word(), p.letter.about);
    }
    Ok(exit::OK)
}

fn shown(p: &Posted) -> serde_json::Value {
    json!({
        "id": p.letter.id,
        "channel": p.letter.channel,
        "about": p.letter.about,
        "subject": p.letter.subject,
        "message": p.letter.body,
        "phase": p.letter.phase.word(),
        "thread": p.letter.thread,
        "incident": p.letter.incident,
        "run": p.letter.run,
        "by": p.letter.by.as_ref().map(|by| &by.user),
        "queued": p.queued.wall,
        "state": p.fate.word(),
        "at": p.at.as_ref().map(|at| at.wall),
        "tries": p.attempts,
        "next": p.next,
        "detail": p.detail,
    })
}

fn flush(home: &Path) -> Result<u8, String> {
    let waiting = |o: &Outbox| o.letters.values().filter(|p| p.fate == Fate::Waiting).count();
    let before = outbox::load(home).map_err(|e| e.to_string())?;
    let ids: Vec<String> =
        before.letters.values().filter(|p| p.fate == Fate::Waiting).map(|p| p.letter.id.clone()).collect();
    let (outbox, trouble) = deliver(home, FLUSH, |_| true)?;
    say(&outbox, &ids, trouble.values().next().map(String::as_str), false);
    let left = waiting(&outbox);
    println!("{} waited, {left} still do.", ids.len());
    Ok(if left == 0 { exit::OK } else { exit::FAILED })
}
