//! What would really be done, in words: a line that is read and never carried out.

use crate::model::playbook::{Capture, Playbook, Step, StepKind};
use crate::model::probe::Probe;
use crate::model::template::{Piece, Template};
use crate::run::PlanStep;
use crate::run::plan::describe;

/// The line of a step.
pub(super) fn of_step(kind: &StepKind) -> Template {
    let line = match kind {
        StepKind::Capture(Capture { name, signals, logs, files, commands, .. }) => {
            let parts = [("signals", signals.len()), ("logs", logs.len()), ("files", files.len())];
            let parts = parts.into_iter().chain([("commands", commands.len())]).filter(|(_, n)| *n > 0);
            let parts: Vec<String> = parts.map(|(what, n)| format!("{n} {what}")).collect();
            format!("capture {name}: {}", parts.join(", "))
        }
        kind => PlanStep::new(1, Step::new("", kind.clone())).line(),
    };
    masked(&Template(line))
}

/// The line of a probe; a named one is put in its place.
pub(super) fn of_probe(playbook: &Playbook, probe: &Probe) -> Template {
    use crate::model::probe::Ask;
    let named = match &probe.ask {
        Ask::Named(id) => playbook.probes.get(id).unwrap_or(probe),
        _ => probe,
    };
    masked(&Template(describe(named)))
}

/// A template in which a secret is told by its name only.
pub(super) fn masked(t: &Template) -> Template {
    let Ok(pieces) = t.pieces() else { return Template(t.0.replace("{{", "{ {")) };
    let put = |piece: Piece<'_>| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Name(name) => match name.strip_prefix("secret.") {
            Some(secret) => format!("‹{secret}›"),
            None => format!("{{{{ {name} }}}}"),
        },
    };
    Template(pieces.into_iter().map(put).collect())
}

/// The path and query of an address, its names left standing: what stands before the first `/` behind the host goes.
pub(super) fn path(url: &Template) -> Template {
    let masked = masked(url).0;
    let rest = masked.split_once("://").map_or(masked.as_str(), |(_, rest)| rest);
    let (mut depth, mut found) = (0, None);
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '/' | '?' if depth == 0 => {
                found = Some(at);
                break;
            }
            _ => {}
        }
    }
    let path = found.map_or("", |at| &rest[at..]);
    Template(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
}
