//! `ripcord tick`: the checklists, and who has done what.

use super::args::Target;
use super::say::{one_of, put_and_say, state};
use super::{exit, target};
use crate::model::playbook::{Checklist, Moment, Playbook};
use crate::model::text::clean_line;
use crate::report::stamp;
use crate::session::decision::{Decisions, Kind};
use crate::supervisor::person;

/// Ticks an item, takes its tick back, or shows the checklists.
pub fn tick(of: &Target, checklist: Option<&str>, item: Option<&str>, undo: bool, note: &str) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let (home, playbook) = (&opened.setup.folder, &opened.setup.playbook);
    if let Some(id) = checklist
        && one_of("checklist", id, playbook.checklists.keys()).is_err()
    {
        return exit::USAGE;
    }
    let (Some(id), Some(item)) = (checklist, item) else {
        return match state(home) {
            Ok(state) => show(playbook, checklist, &state),
            Err(code) => code,
        };
    };
    let list = &playbook.checklists[id];
    let Ok(number) = find(list, item) else { return exit::USAGE };
    let text = clean_line(&list.items[number - 1].text);
    let said = format!("[{}] {id} {number}: {text}", if undo { ' ' } else { 'x' });
    let kind = Kind::Ticked {
        checklist: id.to_owned(),
        item: number,
        text,
        done: !undo,
        note: clean_line(note).trim().to_owned(),
        who: person(),
    };
    put_and_say(&opened.setup, &kind, &said)
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
        let done = |i: usize| state.ticks.get(&(id.clone(), i)).filter(|t| t.done);
        let ticked = (1..=list.items.len()).filter(|i| done(*i).is_some()).count();
        println!("{id}: {} ({moment}): {ticked} of {}", clean_line(&list.title), list.items.len());
        for (i, item) in list.items.iter().enumerate().map(|(i, item)| (i + 1, item)) {
            let tick = done(i);
            let optional = if item.required { "" } else { " (optional)" };
            println!(
                "  [{}] {i}  {}{optional}",
                if tick.is_some() { 'x' } else { ' ' },
                clean_line(&item.text)
            );
            let title = |r: &String| playbook.roles.get(r).map_or(r.clone(), |r| r.title.clone());
            match tick {
                Some(t) => {
                    let note =
                        if t.note.is_empty() { String::new() } else { format!(": {}", clean_line(&t.note)) };
                    println!("         {} {}{note}", clean_line(&t.who.user), stamp(&t.at));
                }
                None if !item.roles.is_empty() => {
                    let roles: Vec<String> = item.roles.iter().map(title).collect();
                    println!("         by {}", clean_line(&roles.join(", ")));
                }
                None => {}
            }
        }
    }
    exit::OK
}
