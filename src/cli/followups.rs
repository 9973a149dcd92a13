//! `ripcord followups`: what is still to be done after runs and incidents, who does it, and until when.

use super::args::Target;
use super::say::{put_and_say, state, words};
use super::{exit, target};
use crate::clock;
use crate::driver::Setup;
use crate::model::playbook::Playbook;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::model::unit::duration;
use crate::session::decision::followups::ahead;
use crate::session::decision::{Decisions, Far, FollowUp, Kind};
use crate::supervisor::person;
use clap::{Args, Subcommand};
use serde_json::json;

/// What is to become of the follow-ups. Exit 10 when one of them is overdue.
#[derive(Debug, Args)]
pub struct FollowUps {
    /// Of which service.
    #[command(flatten)]
    target: Target,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Those that are done, too.
    #[arg(long)]
    all: bool,
    /// Nothing: they are listed.
    #[command(subcommand)]
    what: Option<What>,
}

/// What is to become of one of them.
#[derive(Debug, Subcommand)]
enum What {
    /// List them: what is due first comes first.
    List {
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Those that are done, too.
        #[arg(long)]
        all: bool,
    },
    /// Add one.
    Add {
        /// What is to be done.
        text: String,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// Until when, from now: 2d, 90m.
        #[arg(long, value_name = "TIME")]
        due: Option<String>,
        /// Who does it: a name, or the id of a role.
        #[arg(long, value_name = "WHO")]
        owner: Option<String>,
    },
    /// Say who does one: you, when nobody is named.
    Own {
        /// The follow-up: f7.
        id: String,
        /// A name, or the id of a role; `-`: nobody any more.
        #[arg(long, value_name = "WHO")]
        owner: Option<String>,
        /// Of which service.
        #[command(flatten)]
        target: Target,
    },
    /// Say that somebody is on it.
    Start(One),
    /// Say that it is done.
    Done(One),
    /// Say that it is not done after all.
    Reopen(One),
    /// Go on without it; --note says why.
    Without(One),
}

/// One of them, and a word about it.
#[derive(Debug, Args)]
struct One {
    /// The follow-up: f7.
    id: String,
    /// In your words.
    #[arg(long, default_value = "")]
    note: String,
    /// Of which service.
    #[command(flatten)]
    target: Target,
}

/// Does what is asked.
pub fn act(asked: FollowUps) -> u8 {
    match asked.what {
        None => list(&asked.target, asked.json, asked.all),
        Some(What::List { target, json, all }) => list(&target, json || asked.json, all || asked.all),
        Some(What::Add { text, target, due, owner }) => add(&target, &text, due.as_deref(), owner),
        Some(What::Own { id, owner, target }) => own(&target, id, owner),
        Some(What::Start(one)) => set(one, Far::InProgress),
        Some(What::Done(one)) => set(one, Far::Done),
        Some(What::Reopen(one)) => set(one, Far::Open),
        Some(What::Without(one)) => set(one, Far::Without),
    }
}

fn opened(of: &Target) -> Result<(Setup, Decisions), u8> {
    let opened = target::open(of).map_err(|()| exit::USAGE)?;
    let state = state(&opened.setup.folder)?;
    Ok((opened.setup, state))
}

fn list(of: &Target, json: bool, all: bool) -> u8 {
    let (setup, state) = match opened(of) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let now = clock::now();
    let mut shown = state.to_follow();
    if all {
        shown.extend(state.follow_ups.values().filter(|f| !f.is_open()));
    }
    let overdue = shown.iter().filter(|f| f.is_overdue(&now)).count();
    if json {
        let rows: Vec<_> = shown.iter().map(|f| as_json(&setup.playbook, f, &now)).collect();
        println!("{}", json!({ "overdue": overdue, "follow_ups": rows }));
    } else if shown.is_empty() {
        println!("Nothing is to be done.");
    } else {
        shown.iter().for_each(|f| row(&setup.playbook, f, &now));
        let open = shown.iter().filter(|f| f.is_open()).count();
        let late = if overdue > 0 { format!(", {overdue} OVERDUE") } else { String::new() };
        println!("{open} to be done{late}.");
    }
    if overdue > 0 { exit::STATUS_WARN } else { exit::OK }
}

fn row(playbook: &Playbook, f: &FollowUp, now: &Now) {
    let mark = match f.far {
        Far::Open => ' ',
        Far::InProgress => '>',
        Far::Done => 'x',
        Far::Without => '-',
    };
    let due = match f.due_in(now) {
        Some(ms) if ms < 0 => format!("OVERDUE by {}", span(ms.unsigned_abs())),
        Some(ms) => format!("in {}", span(ms.unsigned_abs())),
        None => String::new(),
    };
    println!("[{mark}] {:<4} {:<18} {:<16} {}", f.id, due, who(playbook, f), clean_line(&f.text));
    let from = [f.incident.as_ref(), f.run.as_ref()];
    let from: Vec<String> = from.into_iter().flatten().map(|t| clean_line(t)).collect();
    let note = if f.note.is_empty() { String::new() } else { format!(": {}", clean_line(&f.note)) };
    let said = match &f.said {
        Some((Some(by), _)) => format!("{} by {}{note}", f.far.word(), clean_line(&by.user)),
        Some((None, _)) => format!("{} by itself{note}", f.far.word()),
        None => String::new(),
    };
    let about: Vec<String> = from.into_iter().chain([said]).filter(|t| !t.is_empty()).collect();
    if !about.is_empty() {
        println!("         {}", about.join(" · "));
    }
}

/// Days from two on, else hours and minutes.
fn span(ms: u64) -> String {
    match ms / 3_600_000 {
        48.. => format!("{}d", ms / 86_400_000),
        _ => crate::report::length(ms / 60_000 * 60_000),
    }
}

/// Who does it, else the roles that the playbook names.
fn who(playbook: &Playbook, f: &FollowUp) -> String {
    let title = |id: &String| playbook.roles.get(id).map_or(id.as_str(), |r| r.title.as_str()).to_owned();
    let text = match &f.owner {
        Some(owner) => title(owner),
        None if f.roles.is_empty() => "nobody yet".to_owned(),
        None => format!("({})", f.roles.iter().map(title).collect::<Vec<_>>().join(", ")),
    };
    clean_line(&text)
}

fn as_json(playbook: &Playbook, f: &FollowUp, now: &Now) -> serde_json::Value {
    json!({
        "id": f.id,
        "text": f.text,
        "state": f.far.word(),
        "owner": f.owner,
        "roles": f.roles,
        "who": who(playbook, f),
        "incident": f.incident,
        "run": f.run,
        "checklist": f.item.as_ref().map(|(list, _)| list),
        "item": f.item.as_ref().map(|(_, item)| item),
        "required": f.required,
        "since": f.since.wall,
        "due": f.due,
        "overdue": f.is_overdue(now),
        "note": f.note,
    })
}

fn add(of: &Target, text: &str, due: Option<&str>, owner: Option<String>) -> u8 {
    let Ok(text) = words(text, "the follow-up") else { return exit::USAGE };
    let now = clock::now();
    let due = match due.map(duration).transpose() {
        Ok(ms) => ms.map(|ms| ahead(&now, ms as u64)),
        Err(why) => {
            eprintln!("error: --due: {why}\n  hint: --due 2d");
            return exit::USAGE;
        }
    };
    let (setup, state) = match opened(of) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let (id, owner) = (state.next_follow_up(), owner.map(|o| clean_line(&o)));
    let said = format!("{id} is ADDED: {text}");
    put_and_say(&setup, &Kind::FollowUpAdded { id, text, due, owner, who: person() }, &said)
}

fn own(of: &Target, id: String, owner: Option<String>) -> u8 {
    let (setup, _) = match opened(of) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let me = person();
    let owner = owner.map_or_else(|| me.user.clone(), |o| clean_line(&o).trim().to_owned());
    let (owner, said) = match owner.as_str() {
        "-" | "" => (None, format!("Nobody does {id} any more.")),
        name => (Some(name.to_owned()), format!("{name} does {id}.")),
    };
    put_and_say(&setup, &Kind::FollowUpOwned { id, owner, who: me }, &said)
}

fn set(one: One, to: Far) -> u8 {
    let (setup, _) = match opened(&one.target) {
        Ok(found) => found,
        Err(code) => return code,
    };
    let said = format!("{} is {}.", one.id, to.word().to_uppercase());
    let note = clean_line(&one.note).trim().to_owned();
    put_and_say(&setup, &Kind::FollowUpSet { id: one.id, to, note, who: person() }, &said)
}
