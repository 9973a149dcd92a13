//! The stage matrix: what each trigger asks for at each stage of the traffic, and who decides there.

use super::Session;
use super::view::{MatrixRow, MatrixView};
use crate::engine::stage::Stage;
use crate::model::playbook::{Cell, Playbook, Trigger};
use crate::model::time::Now;
use std::collections::BTreeSet;

impl Session {
    pub(super) fn matrix(&self, now: &Now) -> Option<MatrixView> {
        let traffic = self.playbook.traffic.as_ref()?;
        let staged = |t: &&Trigger| !t.at.is_empty();
        if !self.playbook.triggers.values().any(|t| staged(&t)) {
            return None;
        }
        let t = now.boot as i64;
        let stage = self.engine.stage(t);
        let staged_at = self.playbook.triggers.values().flat_map(|t| t.at.keys());
        let stages: BTreeSet<u32> = traffic.stages.iter().chain(staged_at).copied().collect();
        let stages: Vec<u32> = stages.into_iter().collect();
        let column = |percent: u32| stages.iter().position(|s| *s == percent);
        let (words, at) = match &stage {
            Stage::None => (String::new(), None),
            Stage::At(s) => (format!("traffic at {s} %"), column(*s)),
            Stage::Between(a, b) => (format!("traffic between {a} and {b} %: the stricter counts"), None),
            Stage::Off => ("no traffic on it".into(), None),
            Stage::Unknown(why) => (format!("stage unknown: {why}"), None),
        };
        let rows = self.playbook.triggers.iter().filter(|(_, t)| staged(t)).map(|(id, spec)| {
            let in_force = self.engine.in_force(id, t);
            MatrixRow {
                trigger: id.clone(),
                title: self.name_of(id),
                cells: stages.iter().map(|s| spec.at.get(s).map(word).unwrap_or_default()).collect(),
                in_force: in_force.stage.and_then(column),
                asks: word(&in_force.cell),
            }
        });
        let rows = rows.collect();
        let unknown = matches!(stage, Stage::Unknown(_));
        Some(MatrixView { stage: at, now: words, unknown, rows, who: self.deciders(now), stages })
    }

    /// Who decides now: titles of roles, and what they decide.
    fn deciders(&self, now: &Now) -> Vec<(String, Vec<String>)> {
        let mut out: Vec<(String, Vec<String>)> = Vec::new();
        for (id, t) in &self.playbook.triggers {
            let in_force = self.engine.in_force(id, now.boot as i64);
            if !matches!(in_force.cell, Cell::Decide { .. } | Cell::Ask) {
                continue;
            }
            let roles = deciders(&self.playbook, t, in_force.stage);
            let title = |id: &String| self.playbook.roles.get(id).map_or(id.clone(), |r| r.title.clone());
            let titles: Vec<String> = roles.iter().map(title).collect();
            let who = if titles.is_empty() { "anybody".to_owned() } else { titles.join(" + ") };
            match out.iter_mut().find(|(w, _)| *w == who) {
                Some((_, what)) => what.push(t.title.clone()),
                None => out.push((who, vec![t.title.clone()])),
            }
        }
        out
    }
}

/// Ids of the roles that decide about a trigger at a stage.
fn deciders(playbook: &Playbook, t: &Trigger, stage: Option<u32>) -> Vec<String> {
    if let Some(a) = t.authority.as_ref().and_then(|a| playbook.authority.get(a)) {
        let at = stage.and_then(|s| a.at.get(&s));
        return at.or(a.at.values().next_back().filter(|_| a.all.is_empty())).unwrap_or(&a.all).clone();
    }
    if !t.approval.is_empty() {
        return t.approval.clone();
    }
    let severity = t.severity.as_ref().and_then(|s| playbook.severities.get(s));
    severity.map(|s| s.approval.clone()).unwrap_or_default()
}

/// A cell as a word: `auto`, `decide 5m`, `decide 10m/30m`, `ask`, `watch`.
pub(super) fn word(cell: &Cell) -> String {
    match cell {
        Cell::Auto => "auto".into(),
        Cell::Decide { within, default_at: None } => format!("decide {}", short(*within)),
        Cell::Decide { within, default_at: Some(at) }
            if within.is_multiple_of(60_000) && at.is_multiple_of(60_000) =>
        {
            format!("decide {}/{}m", within / 60_000, at / 60_000)
        }
        Cell::Decide { within, default_at: Some(at) } => format!("decide {}/{}", short(*within), short(*at)),
        Cell::Ask => "ask".into(),
        Cell::Watch => "watch".into(),
    }
}

fn short(ms: u64) -> String {
    match ms {
        _ if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ => format!("{}s", ms.div_ceil(1000)),
    }
}
