//! `ripcord incident`: what it is, how grave, who leads, who is in it; and those that were.

use super::args::Target;
use super::say::{is_file, put, put_and_say, state, words};
use super::{exit, target};
use crate::clock;
use crate::driver::Setup;
use crate::journal::read;
use crate::model::playbook::Playbook;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::report::{length, stamp};
use crate::session::decision::{Incident, Kind, incident, incidents};
use crate::supervisor::decisions;
use crate::supervisor::person::person;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;

/// What is asked of the incident. Without a word it is shown.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Asked {
    /// Of which service.
    #[command(flatten)]
    target: Target,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

/// See [`Asked`].
#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Show the open incident, or one that is over.
    Show {
        /// Its name, or its ticket.
        id: Option<String>,
        #[command(flatten)]
        target: Target,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// List all incidents, newest first.
    List {
        #[command(flatten)]
        target: Target,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Open one.
    Open {
        #[command(flatten)]
        target: Target,
        /// Why.
        #[arg(long)]
        reason: String,
        /// How grave it is: the id of a severity.
        #[arg(long, value_name = "SEVERITY")]
        severity: Option<String>,
    },
    /// Say that it is over.
    Close {
        #[command(flatten)]
        target: Target,
        /// Why it is over.
        #[arg(long)]
        reason: String,
    },
    /// Say how grave it is.
    Severity {
        /// Id of a severity of the playbook.
        severity: String,
        #[command(flatten)]
        target: Target,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Say who leads it.
    Lead {
        /// Their name.
        name: String,
        #[command(flatten)]
        target: Target,
    },
    /// Join it.
    Join {
        #[command(flatten)]
        target: Target,
    },
    /// Write a note in it.
    Note {
        /// In your words.
        text: String,
        #[command(flatten)]
        target: Target,
    },
}

/// Does what is asked.
pub fn act(asked: Asked) -> u8 {
    match asked.what {
        None => with(&asked.target, |setup| show(setup, None, asked.json)),
        Some(What::Show { mut id, mut target, json }) => {
            if target.playbook.is_none() && id.as_deref().is_some_and(is_file) {
                target.playbook = id.take();
            }
            with(&target, |setup| show(setup, id.as_deref(), json))
        }
        Some(What::List { target, json }) => with(&target, |setup| list(setup, json)),
        Some(What::Open { target, reason, severity }) => {
            with(&target, |setup| open(setup, &reason, severity.as_deref()))
        }
        Some(What::Close { target, reason }) => with(&target, |setup| {
            let Ok(reason) = words(&reason, "--reason") else { return exit::USAGE };
            of_open(setup, |i| {
                let kind = Kind::IncidentClosed { incident: i.id.clone(), who: Some(person()), reason };
                (kind, format!("{} is CLOSED.", i.name()))
            })
        }),
        Some(What::Severity { severity, target, reason }) => with(&target, |setup| {
            let Ok(reason) = words(&reason, "--reason") else { return exit::USAGE };
            of_open(setup, |i| {
                let said = format!("{} is {} from now on.", i.name(), clean_line(&severity));
                (Kind::SeveritySet { incident: i.id.clone(), severity, who: person(), reason }, said)
            })
        }),
        Some(What::Lead { name, target }) => with(&target, |setup| {
            let Ok(lead) = words(&name, "the name") else { return exit::USAGE };
            of_open(setup, |i| {
                let said = format!("{lead} leads {}.", i.name());
                (Kind::LeadSet { incident: i.id.clone(), lead, who: person() }, said)
            })
        }),
        Some(What::Join { target }) => with(&target, |setup| {
            of_open(setup, |i| {
                let said = format!("You are in {}.", i.name());
                (Kind::Joined { incident: i.id.clone(), who: person() }, said)
            })
        }),
        Some(What::Note { text, target }) => with(&target, |setup| {
            let Ok(text) = words(&text, "the note") else { return exit::USAGE };
            of_open(setup, |i| {
                (Kind::Noted { text, who: person(), to: None }, format!("NOTED in {}.", i.name()))
            })
        }),
    }
}

fn with(of: &Target, act: impl FnOnce(&Setup) -> u8) -> u8 {
    match target::open(of) {
        Ok(opened) => act(&opened.setup),
        Err(()) => exit::USAGE,
    }
}

/// Puts a word about the open incident on record.
fn of_open(setup: &Setup, word: impl FnOnce(&Incident) -> (Kind, String)) -> u8 {
    let state = match state(&setup.folder) {
        Ok(state) => state,
        Err(code) => return code,
    };
    let Some(open) = state.incident else {
        eprintln!("REFUSED: no incident is open.\n  hint: ripcord incident open --reason …");
        return exit::REFUSED;
    };
    let (kind, said) = word(&open);
    put_and_say(setup, &kind, &said)
}

fn open(setup: &Setup, reason: &str, severity: Option<&str>) -> u8 {
    let Ok(reason) = words(reason, "--reason") else { return exit::USAGE };
    if let Some(severity) = severity
        && super::say::one_of("severity", severity, setup.playbook.severities.keys()).is_err()
    {
        return exit::USAGE;
    }
    let count = match state(&setup.folder) {
        Ok(state) => state.incidents,
        Err(code) => return code,
    };
    let id = incident::name(&setup.playbook, &setup.environment, count, &clock::now());
    let opened =
        Kind::IncidentOpened { incident: id.clone(), reason: reason.clone(), run: None, who: Some(person()) };
    if let Err(code) = put(setup, &opened) {
        return code;
    }
    println!("{id} is OPEN.");
    if setup.playbook.ticket.is_some() {
        println!("Its ticket is opened by whoever decides: a watcher, or a screen.");
    }
    match severity {
        None => exit::OK,
        Some(severity) => {
            let said = format!("{id} is {severity}.");
            let severity = severity.to_owned();
            put_and_say(setup, &Kind::SeveritySet { incident: id, severity, who: person(), reason }, &said)
        }
    }
}

/// All incidents on record, oldest first.
fn all(home: &Path) -> Result<Vec<Incident>, u8> {
    let path = decisions::path(home);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let told = read(&path).map_err(|e| e.to_string()).and_then(|records| incidents(&records));
    told.map_err(|e| {
        eprintln!("error: {}", clean_line(&e));
        exit::REFUSED
    })
}

fn show(setup: &Setup, id: Option<&str>, as_json: bool) -> u8 {
    let all = match all(&setup.folder) {
        Ok(all) => all,
        Err(code) => return code,
    };
    let now = clock::now();
    let found = match id {
        Some(id) => all.iter().rev().find(|i| i.id == id || i.name() == id),
        None => all.last().filter(|i| i.ended.is_none()),
    };
    match (found, id) {
        (Some(i), _) if as_json => println!("{:#}", line(i, &setup.playbook, &now)),
        (Some(i), _) => tell(i, &setup.playbook, &now),
        (None, Some(id)) => {
            let id = clean_line(id);
            eprintln!("error: no incident is named `{id}`\n  hint: `ripcord incident list` lists them");
            return exit::USAGE;
        }
        (None, None) if as_json => println!("null"),
        (None, None) => println!("No incident is open; there were {}.", all.len()),
    }
    exit::OK
}

fn list(setup: &Setup, as_json: bool) -> u8 {
    let all = match all(&setup.folder) {
        Ok(all) => all,
        Err(code) => return code,
    };
    let now = clock::now();
    let p = &setup.playbook;
    if as_json {
        let all: Vec<Value> = all.iter().rev().map(|i| line(i, p, &now)).collect();
        println!("{:#}", Value::Array(all));
        return exit::OK;
    }
    if all.is_empty() {
        println!("No incident yet in {}.", setup.folder.display());
        return exit::OK;
    }
    println!(
        "{:<24} {:<24} {:>9} {:<9} {:<10} {:>4}  WHY",
        "INCIDENT", "SINCE", "LENGTH", "SEVERITY", "LEAD", "RUNS"
    );
    for i in all.iter().rev() {
        let open = if i.ended.is_none() { " OPEN:" } else { "" };
        println!(
            "{:<24} {:<24} {:>9} {:<9} {:<10} {:>4} {open} {}",
            clean_line(i.name()),
            stamp(&i.since),
            length(i.length(&now)),
            clean_line(i.severity(p).unwrap_or("-")),
            clean_line(i.lead().unwrap_or("-")),
            i.runs.len(),
            clean_line(&i.reason)
        );
    }
    exit::OK
}

/// All of one incident, in lines.
fn tell(i: &Incident, p: &Playbook, now: &Now) {
    let name = clean_line(i.name());
    let long = length(i.length(now));
    match &i.ended {
        None => println!("{name}: open for {long} (since {}): {}", stamp(&i.since), clean_line(&i.reason)),
        Some((at, who, why)) => {
            let by = who.as_ref().map(|w| format!(", by {}", clean_line(&w.user))).unwrap_or_default();
            let (since, at) = (stamp(&i.since), stamp(at));
            println!("{name}: over after {long} (from {since} to {at}{by}): {}", clean_line(why));
            println!("  opened    {}", clean_line(&i.reason));
        }
    }
    match &i.ticket {
        Some(Ok(_)) => println!("  ticket    {name}, opened as {}", clean_line(&i.id)),
        Some(Err(why)) => println!("  NO TICKET {}", clean_line(why)),
        None if i.asked.is_some() => println!("  ticket    is being opened"),
        None => {}
    }
    let severity = i.severity(p);
    let said = i.severities.last().filter(|s| Some(s.severity.as_str()) == severity);
    let how = match (severity, said) {
        (None, _) => "nobody said, and nothing that fired has one".to_owned(),
        (Some(id), Some(s)) => format!("{id}, said by {} ({})", s.who.user, s.reason),
        (Some(id), None) => format!("{id}, the gravest that fired"),
    };
    println!("  severity  {}", clean_line(&how));
    println!("  lead      {}", clean_line(i.lead().unwrap_or("nobody")));
    let who: Vec<String> = i.participants.iter().map(|p| clean_line(&p.who.user)).collect();
    println!("  in it     {}", if who.is_empty() { "nobody".to_owned() } else { who.join(", ") });
    for r in &i.runs {
        let by = r.by.as_ref().map_or("by itself".to_owned(), |who| format!("by {}", who.user));
        let title = p.procedures.get(&r.procedure).map_or(r.procedure.as_str(), |p| p.title.as_str());
        println!("  run       {}", clean_line(&format!("{} {title}, {by}, {}", r.run, stamp(&r.began))));
    }
    for n in &i.notes {
        println!("  note      {} {}: {}", stamp(&n.at), clean_line(&n.who.user), clean_line(&n.text));
    }
}

fn line(i: &Incident, p: &Playbook, now: &Now) -> Value {
    let said = |s: &incident::SetSeverity| json!({ "severity": s.severity, "by": s.who.user, "reason": s.reason, "at": stamp(&s.at) });
    let run = |r: &incident::LinkedRun| {
        let by = r.by.as_ref().map(|p| p.user.clone());
        json!({ "run": r.run, "procedure": r.procedure, "by": by, "began": stamp(&r.began) })
    };
    let member = |p: &incident::Participant| json!({ "user": p.who.user, "since": stamp(&p.since), "joined": p.joined });
    json!({
        "incident": i.name(),
        "opened_as": i.id,
        "ticket": i.ticket.as_ref().and_then(|t| t.as_ref().ok()),
        "no_ticket": i.ticket.as_ref().and_then(|t| t.as_ref().err()),
        "open": i.ended.is_none(),
        "since": stamp(&i.since),
        "length_ms": i.length(now),
        "reason": i.reason,
        "opened_by": i.by.as_ref().map(|p| &p.user),
        "ended": i.ended.as_ref().map(|(at, ..)| stamp(at)),
        "ended_by": i.ended.as_ref().and_then(|(_, who, _)| who.as_ref()).map(|p| &p.user),
        "ended_why": i.ended.as_ref().map(|(.., why)| why),
        "severity": i.severity(p),
        "severities": i.severities.iter().map(said).collect::<Vec<_>>(),
        "lead": i.lead(),
        "participants": i.participants.iter().map(member).collect::<Vec<_>>(),
        "fired": i.fired.iter().map(|(firing, ..)| firing).collect::<Vec<_>>(),
        "runs": i.runs.iter().map(run).collect::<Vec<_>>(),
        "notes": i.notes.iter().map(|n| {
            json!({ "at": stamp(&n.at), "by": n.who.user, "text": n.text })
        }).collect::<Vec<_>>(),
    })
}
