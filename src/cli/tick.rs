//! `ripcord tick`: the checklists, and who has done what.

use super::args::Target;
use super::say::{one_of, put_and_say, state, words};
use super::{exit, runtime, target};
use crate::clock;
use crate::driver::Setup;
use crate::driver::checklist::carry_out;
use crate::model::playbook::{Checklist, Item, ItemDoes, Moment, Playbook, Step};
use crate::model::text::clean_line;
use crate::report::{length, stamp};
use crate::run::plan::{PlanStep, describe};
use crate::session::condition;
use crate::session::decision::{Decisions, Kind, Stood};
use crate::supervisor::person;

/// What is to become of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How<'a> {
    /// It was done.
    Tick,
    /// It was not, after all.
    Untick,
    /// It does itself what it does.
    Do,
    /// It is gone on without, for this reason.
    Without(&'a str),
}

/// Ticks an item, takes its tick back, sets it off, goes on without it, or shows the checklists.
pub fn tick(of: &Target, checklist: Option<&str>, item: Option<&str>, how: How<'_>, note: &str) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let (home, playbook) = (&opened.setup.folder, &opened.setup.playbook);
    if let Some(id) = checklist
        && one_of("checklist", id, playbook.checklists.keys()).is_err()
    {
        return exit::USAGE;
    }
    let (Some(id), Some(item)) = (checklist, item) else {
        if how != How::Tick {
            eprintln!("error: which item?\n  hint: ripcord tick CHECKLIST ITEM");
            return exit::USAGE;
        }
        return match state(home) {
            Ok(state) => show(playbook, checklist, &state),
            Err(code) => code,
        };
    };
    let list = &playbook.checklists[id];
    let Ok(number) = find(list, item) else { return exit::USAGE };
    let text = clean_line(&list.items[number - 1].text);
    let note = clean_line(note).trim().to_owned();
    let (checklist, who) = (id.to_owned(), person());
    match how {
        How::Do => does(&opened.setup, id, number, &text),
        How::Without(reason) => {
            let Ok(reason) = words(reason, "--without") else { return exit::USAGE };
            let said = format!("[-] {id} {number}: {text}: gone on without it");
            put_and_say(
                &opened.setup,
                &Kind::ItemWithout { checklist, item: number, text, reason, who },
                &said,
            )
        }
        How::Tick | How::Untick => {
            let done = how == How::Tick;
            let said = format!("[{}] {id} {number}: {text}", if done { 'x' } else { ' ' });
            put_and_say(
                &opened.setup,
                &Kind::Ticked { checklist, item: number, text, done, note, who },
                &said,
            )
        }
    }
}

/// Sets an item off and waits for what comes of it; Ctrl-C stops it.
fn does(setup: &Setup, id: &str, number: usize, text: &str) -> u8 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("error: {e}");
            return exit::USAGE;
        }
    };
    let stop = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    match runtime.block_on(carry_out(setup, id, number, stop)) {
        Ok(came) => {
            let (mark, how) = if came.ok { ('x', "done") } else { (' ', "FAILED") };
            println!("[{mark}] {id} {number}: {text}: {how} in {}: {}", length(came.took), came.detail);
            if came.ok { exit::OK } else { exit::FAILED }
        }
        Err(why) => {
            eprintln!("REFUSED: {why}");
            exit::REFUSED
        }
    }
}

/// The number of an item, by its number or by how its text begins.
fn find(list: &Checklist, item: &str) -> Result<usize, ()> {
    let wanted = item.to_lowercase();
    let begins = |text: &str| text.to_lowercase().starts_with(&wanted);
    let found: Vec<usize> = match item.parse::<usize>() {
        Ok(n) => (1..=list.items.len()).filter(|i| *i == n).collect(),
        Err(_) => (1..=list.items.len()).filter(|i| begins(&list.items[i - 1].text)).collect(),
    };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            eprintln!(
                "error: no item begins with `{}`\n  hint: a number from 1 to {}",
                clean_line(item),
                list.items.len()
            );
            Err(())
        }
        many => {
            let numbers: Vec<String> = many.iter().map(usize::to_string).collect();
            eprintln!("error: `{}` may be {}", clean_line(item), numbers.join(" or "));
            Err(())
        }
    }
}

fn show(playbook: &Playbook, only: Option<&str>, state: &Decisions) -> u8 {
    let now = clock::now();
    if playbook.checklists.is_empty() {
        println!("The playbook has no checklist.");
    }
    for (id, list) in playbook.checklists.iter().filter(|(id, _)| only.is_none_or(|o| o == *id)) {
        let moment = match list.moment {
            Moment::Ready => "any time",
            Moment::Before => "before a rollback",
            Moment::During => "while it goes on",
            Moment::After => "after it",
        };
        let stood = |i: usize| state.stood(playbook, id, i, &now);
        let ticked = (1..=list.items.len()).filter(|i| stood(*i).done).count();
        println!("{id}: {} ({moment}): {ticked} of {}", clean_line(&list.title), list.items.len());
        for (i, item) in list.items.iter().enumerate().map(|(i, item)| (i + 1, item)) {
            let it = stood(i);
            let optional = if item.required { "" } else { " (optional)" };
            let mark = match &it {
                it if it.done => 'x',
                it if it.without.is_some() => '-',
                it if it.running.is_some() => '>',
                _ => ' ',
            };
            println!("  [{mark}] {i}  {}{optional}", clean_line(&item.text));
            about(playbook, item, &it);
        }
    }
    exit::OK
}

/// What is known of an item, below it.
fn about(playbook: &Playbook, item: &Item, it: &Stood) {
    if let Some((who, since)) = &it.running {
        println!("         {who} has set it off, {}", stamp(since));
    }
    if let Some((who, reason)) = &it.without {
        println!("         gone on without it by {who}: {reason}");
    }
    let said = if it.detail.is_empty() { String::new() } else { format!(": {}", it.detail) };
    match (&it.who, &it.at) {
        (Some(who), Some(at)) if it.done => println!("         {who} {}{said}", stamp(at)),
        (Some(who), Some(at)) if it.failed => println!("         FAILED, {who} {}{said}", stamp(at)),
        (Some(_), Some(at)) if !it.detail.is_empty() => println!("         since {}{said}", stamp(at)),
        _ if it.unknown => println!("         UNKNOWN{said}"),
        _ => {}
    }
    if let Some((who, note)) = &it.note {
        println!("         note by {who}: {note}");
    }
    if it.done {
        return;
    }
    match &item.does {
        Some(ItemDoes::Judge(probe)) => {
            let rule = condition(playbook, probe).map_or_else(|| describe(probe), |c| clean_line(&c.text));
            println!("         ticks itself: {rule}");
        }
        Some(ItemDoes::Act { kind, .. }) => {
            let line = PlanStep::new(1, Step::new("", (**kind).clone())).line();
            println!("         --do does it: {line}");
        }
        Some(ItemDoes::Mark(name)) => {
            println!("         --do captures what is normal as {}", clean_line(name))
        }
        Some(ItemDoes::Ask(q, _)) => {
            println!("         asks: {} (answer with --note)", clean_line(&q.text.0))
        }
        None => {}
    }
    if !item.roles.is_empty() {
        let title = |r: &String| playbook.roles.get(r).map_or(r.clone(), |r| r.title.clone());
        let roles: Vec<String> = item.roles.iter().map(title).collect();
        println!("         by {}", clean_line(&roles.join(", ")));
    }
}
