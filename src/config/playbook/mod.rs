//! From a file to a [`Playbook`], or to everything that is wrong with it.

mod deciding;
mod later;
mod lints;
mod probes;
mod procedures;
mod service;
mod signals;
mod sources;
mod steps;
mod words;

use super::names::Known;
use super::problem::{Problem, Severity};
use super::syntax;
use super::walk::{Cx, Node, Table};
use crate::model::playbook::{FORMAT, Playbook};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
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
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|e| {
        vec![Problem::of_file(
            &name,
            format!("cannot be read: {e}"),
            "is the path right, and may you read it?",
        )]
    })?;
    let src = String::from_utf8(bytes).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        let mut p = Problem::of_file(&name, "is not UTF-8 text", "save it as UTF-8");
        p.line = line;
        vec![p]
    })?;
    parse(&src, &name)
}

/// Checks the text of a playbook; `name` stands in the problems.
///
/// # Errors
/// As [`load`].
pub fn parse(src: &str, name: &str) -> Result<Loaded, Vec<Problem>> {
    let (tree, mut problems) = syntax::tree(name, src);
    let playbook = tree.map(|tree| {
        let cx = Cx::new(name, src, Known::read(tree.get_ref()));
        let playbook = walk(&cx, &Table::new(&cx, tree.get_ref(), 0..0, String::new()));
        lints::lint(&cx, tree.get_ref(), &playbook);
        problems.extend(cx.into_problems());
        playbook
    });
    problems.sort_by_key(|p| (p.line, p.column));
    match playbook {
        Some(playbook) if problems.iter().all(|p| p.severity == Severity::Warning) => {
            let hash = Sha256::digest(src.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
            Ok(Loaded { playbook, warnings: problems, hash })
        }
        _ => Err(problems),
    }
}

fn walk(_cx: &Cx<'_>, top: &Table<'_>) -> Playbook {
    if let Some(n) = top.req("schema", "write schema = 1 at the top") {
        if let Some(v) = n.int(i64::MIN..=i64::MAX).filter(|v| *v != FORMAT) {
            n.error(format!("format {v} is not known"), format!("this version reads schema = {FORMAT}"));
        }
    }
    let mut keys = Keys::default();
    let sources = sources::sources(top);
    let signals = signals::signals(top, &sources, &mut keys);
    let traffic = signals::traffic(top);
    let verifications = deciding::verifications(top);
    let procedures = procedures::procedures(top, &verifications, &mut keys);
    let steps = procedures::all_step_ids(top);
    let playbook = Playbook {
        service: service::service(top),
        vars: service::top_vars(top),
        environments: service::environments(top),
        secrets: service::secrets(top),
        roles: deciding::roles(top),
        severities: deciding::severities(top),
        triggers: deciding::triggers(top, traffic.as_ref()),
        objectives: deciding::objectives(top, &steps),
        probes: procedures::probes(top),
        links: service::links(top),
        emergency: service::emergency(top),
        sources,
        signals,
        traffic,
        verifications,
        procedures,
    };
    later::top(top);
    playbook
}

#[cfg(test)]
mod tests;
