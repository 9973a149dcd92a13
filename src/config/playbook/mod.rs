//! From a file to a [`Playbook`], or to everything that is wrong with it.

mod across;
mod acting;
mod calls;
pub(super) mod chaos;
mod checklists;
mod conditions;
mod deciding;
mod drill;
mod kinds;
mod later;
mod lints;
mod looking;
mod normal;
mod params;
mod people;
mod probes;
mod procedures;
mod rehearse;
mod scenarios;
mod service;
mod signals;
mod sources;
mod steps;
mod telling;
mod templates;
pub mod texts;
mod triggers;
mod words;

use super::names::Known;
use super::problem::{Problem, Severity};
use super::syntax;
use super::walk::{Cx, Node, Table};
use crate::model::playbook::{FORMAT, Playbook};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::io::Read as _;
use std::path::Path;

/// A playbook that may be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What it says.
    pub playbook: Playbook,
    /// What is doubtful, or known but not used.
    pub warnings: Vec<Problem>,
    /// SHA-256 of the file, in hex.
    pub hash: String,
}

/// Keys of the main screens and who has them.
#[derive(Default)]
pub struct Keys(IndexMap<char, String>);

impl Keys {
    fn take(&mut self, key: char, n: &Node<'_>, owner: String) {
        if let Some(other) = self.0.get(&key) {
            n.error(
                format!("the key `{key}` belongs to {other} already"),
                "choose another letter: all keys share one screen",
            );
            return;
        }
        self.0.insert(key, owner);
    }
}

/// Reads and checks a playbook.
///
/// # Errors
/// Every problem of the file, warnings included, when at least one of them is an error.
pub fn load(path: &Path) -> Result<Loaded, Vec<Problem>> {
    let src = read(path).map_err(|p| vec![*p])?;
    parse(&src, &path.display().to_string())
}

/// Most bytes that a file may have: a playbook is written by people.
const MOST: u64 = 4 << 20;

/// The text of a file.
///
/// # Errors
/// When it cannot be read, is too large, or is not UTF-8.
pub(super) fn read(path: &Path) -> Result<String, Box<Problem>> {
    let name = path.display().to_string();
    let failed = |e: std::io::Error| {
        let hint = "is the path right, and may you read it?";
        Box::new(Problem::of_file(&name, format!("cannot be read: {e}"), hint))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST {
        return Err(Box::new(Problem::of_file(&name, "is larger than 4 MiB", "is it the right file?")));
    }
    String::from_utf8(bytes).map_err(|e| {
        let valid = String::from_utf8_lossy(&e.as_bytes()[..e.utf8_error().valid_up_to()]).into_owned();
        let (end, what, hint) =
            (valid.len(), "is not UTF-8 text".to_string(), "save it as UTF-8".to_string());
        Box::new(Problem::at(&name, &valid, end..end, Severity::Error, what, hint))
    })
}

/// Checks the text of a playbook; `name` stands in the problems.
///
/// # Errors
/// As [`load`].
pub fn parse(src: &str, name: &str) -> Result<Loaded, Vec<Problem>> {
    let syntax::Parsed { tree, mut problems, whole } = syntax::parse(name, src);
    let playbook = tree.map(|tree| {
        let cx = Cx::new(name, src, Known::read(tree.get_ref()));
        let playbook = walk(&Table::new(&cx, tree.get_ref(), 0..0, String::new()));
        let broken: Vec<usize> = problems.iter().map(|p| p.line).collect();
        problems.extend(cx.into_problems(whole).into_iter().filter(|p| !broken.contains(&p.line)));
        playbook
    });
    problems.sort_by_key(|p| (p.line, p.column));
    match playbook {
        Some(playbook) if problems.iter().all(|p| p.severity == Severity::Warning) => {
            let hash: String = Sha256::digest(src.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
            texts::remember(&hash, src);
            Ok(Loaded { playbook, warnings: problems, hash })
        }
        _ => Err(problems),
    }
}

fn walk(top: &Table<'_>) -> Playbook {
    if let Some(n) = top.req("schema", "write schema = 1 at the top")
        && let Some(v) = n.int(i64::MIN..=i64::MAX).filter(|v| *v != FORMAT)
    {
        n.error(format!("format {v} is not known"), format!("this version reads schema = {FORMAT}"));
    }
    let mut keys = Keys::default();
    let sources = sources::sources(top);
    let signals = signals::signals(top, &sources, &mut keys);
    let traffic = signals::traffic(top);
    let roles = people::roles(top);
    let verifications = deciding::verifications(top);
    let around = procedures::Around { verifications: &verifications, roles: &roles };
    let procedures = procedures::procedures(top, &around, &mut keys);
    let steps = procedures::all_step_ids(top);
    let messages = telling::messages(top, &procedures::Left::by_all(top));
    let (incident, ticket) = checklists::incident(top);
    let playbook = Playbook {
        service: service::service(top),
        vars: service::top_vars(top),
        environments: service::environments(top),
        secrets: service::secrets(top),
        authority: people::authority(top, &roles, traffic.as_ref()),
        hosts: looking::hosts(top),
        channels: telling::channels(top),
        notices: telling::notices(top, &messages),
        escalation: telling::escalation(top, &messages),
        messages,
        logs: looking::logs(top),
        guides: looking::guides(top),
        severities: deciding::severities(top, &roles),
        triggers: triggers::triggers(top, traffic.as_ref(), &roles),
        incident,
        ticket,
        checklists: checklists::checklists(top, &verifications),
        objectives: deciding::objectives(top, &steps),
        probes: procedures::probes(top),
        scenarios: scenarios::scenarios(top),
        links: service::links(top),
        emergency: service::emergency(top),
        sources,
        signals,
        traffic,
        roles,
        verifications,
        procedures,
        drill: drill::drill(top),
    };
    across::check(top, &playbook);
    acting::check(top, &playbook);
    scenarios::check(top, &playbook);
    drill::doubts(top, &playbook.signals);
    playbook
}

#[cfg(test)]
mod tests;
