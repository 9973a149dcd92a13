//! A scenario file as a case: what goes wrong when, and how it is to end.

use super::Todo;
use super::{subject, target};
use crate::cli::args::Drill;
use crate::config::drill_file;
use crate::config::paths;
use crate::drill::cases::{Case, Hope, Twist};
use crate::drill::robot::Goal;
use crate::model::drill::{Outcome, Script};
use crate::model::time::Millis;
use std::path::Path;

/// Milliseconds after the last thing went wrong, after which a person does what nobody did.
const PATIENCE: Millis = 10 * 60_000;

/// Reads a file, when it is a scenario and no playbook. Problems are printed.
///
/// # Errors
/// When it is one and is wrong.
pub fn read(name: &str, asked: &Drill) -> Result<Option<Todo>, ()> {
    let path = Path::new(name);
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    let Ok(table) = text.parse::<toml::Table>() else { return Ok(None) };
    // A playbook says its schema.
    if table.contains_key("schema") || !table.contains_key("playbook") {
        return Ok(None);
    }
    let settings = target::settings_of(None)?;
    let folder = settings.playbook_dir.clone().or_else(|| paths::playbook_dir(&paths::environment));
    let script = drill_file::load(path, folder.as_deref()).map_err(|p| target::print(&p))?;
    let here = path.parent().unwrap_or(Path::new(""));
    let id = format!("{}.toml", script.playbook);
    let places = [here.join(&id), here.join("../playbooks").join(&id)];
    let found = places.iter().find(|p| p.is_file()).map(|p| p.display().to_string());
    let playbook = found.unwrap_or_else(|| script.playbook.clone());
    todo(script, &playbook, asked).map(Some)
}

/// A scenario that comes with the program.
///
/// # Errors
/// When it is wrong; it has been printed.
pub fn shipped(name: &str, text: &str, asked: &Drill) -> Result<Todo, ()> {
    let of = text.lines().find_map(|l| l.strip_prefix("playbook = "));
    let of = of.map(|v| v.trim().trim_matches('"')).unwrap_or_default();
    let known = super::shipped::PLAYBOOKS.iter().find(|(n, _)| *n == of);
    let (of, playbook) = known.ok_or_else(|| eprintln!("error: {name}: there is no playbook `{of}`"))?;
    let script = drill_file::parse(text, name, playbook).map_err(|p| target::print(&p))?;
    todo(script, of, asked)
}

fn todo(script: Script, playbook: &str, asked: &Drill) -> Result<Todo, ()> {
    let Some(mut subject) = subject(playbook, asked)? else {
        eprintln!("error: {playbook} has no [drill]: it cannot be rehearsed");
        return Err(());
    };
    let known = subject.rehearsed.drill().chaos;
    let mut chaos = Vec::new();
    for (i, (at, c)) in script.chaos.iter().enumerate() {
        let own = known.iter().find(|(_, k)| *k == c).map(|(id, _)| id.clone());
        let id = own.unwrap_or_else(|| format!("scripted-{}", i + 1));
        subject.rehearsed = subject.rehearsed.with(&id, c.clone());
        chaos.push((id, *at));
    }
    let last = chaos.iter().map(|(_, at)| *at).max().unwrap_or(0);
    let goal = match script.expect.as_ref().filter(|e| e.verdict != Outcome::None) {
        Some(e) => Goal::Await { id: e.procedure.clone().unwrap_or_default(), after: last + PATIENCE },
        None => Goal::Watch,
    };
    let hope = script.expect.map_or(Hope::Ends, Hope::Script);
    let case = Case { name: script.title, chaos, goal, twist: Twist::None, hope };
    Ok(Todo { subject, cases: vec![case], seed: Some(script.seed) })
}
