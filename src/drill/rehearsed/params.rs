//! Parameters that need a look at the world: what a rehearsal finds instead.

use crate::model::playbook::{Param, ParamKind, Pick, Rows};
use crate::run::choice;
use jiff::tz::TimeZone;

/// A parameter whose values stand in the playbook.
pub(super) fn param(p: &Param) -> Param {
    let (kind, pick) = match &p.kind {
        ParamKind::Read { pattern, .. } => {
            (ParamKind::Values(found(&p.rehearse, &Rows::Pattern(pattern.clone()))), Pick::First)
        }
        ParamKind::List { rows, .. } => (ParamKind::Values(found(&p.rehearse, rows)), p.pick),
        ParamKind::Files { pattern, .. } => {
            let rows = pattern.clone().map(Rows::Pattern);
            let values = rows.map_or_else(|| p.rehearse.clone(), |rows| found(&p.rehearse, &rows));
            (ParamKind::Values(values), p.pick)
        }
        kind @ (ParamKind::Values(_)
        | ParamKind::Text { .. }
        | ParamKind::Number { .. }
        | ParamKind::Duration { .. }
        | ParamKind::Version { .. }
        | ParamKind::Switch(_)
        | ParamKind::Map { .. }) => (kind.clone(), p.pick),
    };
    Param { kind, pick, ..p.clone() }
}

/// What is read of these lines; lines that do not look like an answer are values themselves.
fn found(lines: &[String], rows: &Rows) -> Vec<String> {
    let listed = choice::rows(&lines.join("\n"), rows, &TimeZone::UTC).unwrap_or_default();
    match listed.is_empty() {
        true => lines.to_vec(),
        false => listed.into_iter().map(|c| c.value).collect(),
    }
}
