//! A file that describes one drill: which playbook, what goes wrong and when, who starts what, what is to come of it.

use crate::drill::cases::{Case, Hope, Twist};
use crate::drill::robot::Goal;
use crate::model::unit::duration;
use serde::Deserialize;
use std::path::Path;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Name for people.
    title: String,
    /// The playbook: a shipped one's name, or a file beside this one.
    playbook: String,
    /// What goes wrong.
    #[serde(default)]
    chaos: Vec<Wrong>,
    /// The procedure that is started by hand.
    procedure: Option<String>,
    /// The scenario that gives its values and reason.
    scenario: Option<String>,
    /// When it is started by hand.
    after: Option<String>,
    /// `verified` (default), `failed`, `not-verified`, `refused`, `quiet`, `ends`, or `fires TRIGGER`.
    expect: Option<String>,
    /// Within what time the trigger fires.
    within: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrong {
    name: String,
    at: String,
}

/// Reads a file, when it describes a drill: the playbook, and the case. Problems are printed.
///
/// # Errors
/// When it does and is wrong.
pub fn read(path: &Path) -> Result<Option<(String, Case)>, ()> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(_) => return Ok(None),
    };
    // A playbook says its schema, and describes the service itself.
    if table.contains_key("schema") || !table.contains_key("playbook") {
        return Ok(None);
    }
    let (playbook, case) = parse(&path.display().to_string(), &text)?;
    let beside = path.parent().map(|p| p.join(&playbook)).filter(|p| p.is_file());
    Ok(Some((beside.map_or(playbook, |p| p.display().to_string()), case)))
}

/// Reads the text of a file.
///
/// # Errors
/// When it is wrong; it has been printed.
pub fn parse(name: &str, text: &str) -> Result<(String, Case), ()> {
    let wrong = |e: String| eprintln!("error: {name}: {e}");
    let file: File = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
    let ms = |text: &str| duration(text).map(|ms| ms as u64).map_err(wrong);
    let mut chaos = Vec::new();
    for w in &file.chaos {
        chaos.push((w.name.clone(), ms(&w.at)?));
    }
    let goal = match &file.procedure {
        Some(id) => Goal::Procedure {
            id: id.clone(),
            scenario: file.scenario.clone(),
            after: file.after.as_deref().map_or(Ok(5_000), ms)?,
        },
        None => Goal::Watch,
    };
    let expect = file.expect.as_deref().unwrap_or(if file.procedure.is_some() { "verified" } else { "ends" });
    let hope = match expect.split_once(' ') {
        Some(("fires", trigger)) => {
            Hope::Fires(trigger.trim().to_owned(), file.within.as_deref().map(ms).transpose()?)
        }
        _ => match expect {
            "verified" => Hope::Verified,
            "failed" => Hope::Fails { may: false },
            "not-verified" => Hope::NotVerified,
            "refused" => Hope::Refused,
            "quiet" => Hope::Quiet,
            "ends" => Hope::Ends,
            other => return Err(wrong(format!("`expect = \"{other}\"` is not known"))),
        },
    };
    Ok((file.playbook, Case { name: file.title, chaos, goal, twist: Twist::None, hope }))
}
