//! The stage of the traffic, and which cell of the condition × stage matrix is in force.

use super::Engine;
use super::eval::{Outcome, Worth};
use crate::model::condition::Expr;
use crate::model::playbook::Cell;

/// Where the traffic is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Stage {
    /// No traffic split is declared.
    #[default]
    None,
    /// On one of the stages (percent).
    At(u32),
    /// Between two stages: the stricter of both counts.
    Between(u32, u32),
    /// No traffic on what may be rolled back.
    Off,
    /// It cannot be said, and why.
    Unknown(String),
}

/// What a trigger asks for now.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// The cell.
    pub cell: Cell,
    /// The stage whose cell it is, percent; none: the trigger asks for the same at all, or it cannot be said.
    pub stage: Option<u32>,
    /// What is to be said of that: between two stages, unknown.
    pub note: Option<String>,
}

impl Engine {
    /// Where the traffic is at `now` (boot milliseconds).
    pub fn stage(&self, now: i64) -> Stage {
        let Some(traffic) = &self.playbook.traffic else { return Stage::None };
        let share = match self.worth(&Expr::Signal(traffic.signal.clone()), now) {
            Outcome::One(Worth::Number(share)) => share * 100.0,
            Outcome::One(Worth::Unknown(why)) => return Stage::Unknown(why),
            _ => return Stage::Unknown(format!("{} is not one share", traffic.signal)),
        };
        if share <= 0.0 {
            return Stage::Off;
        }
        let above = traffic.stages.iter().position(|s| f64::from(*s) >= share - 1e-9);
        match above.map(|i| (traffic.stages[i], i.checked_sub(1).map(|i| traffic.stages[i]))) {
            Some((stage, Some(below))) if f64::from(stage) - share > 1e-9 => Stage::Between(below, stage),
            Some((stage, _)) => Stage::At(stage),
            None => traffic.stages.last().map_or(Stage::None, |s| Stage::At(*s)),
        }
    }

    /// What a trigger asks for at `now` (boot milliseconds).
    pub fn in_force(&self, trigger: &str, now: i64) -> InForce {
        let t = self.playbook.triggers.get(trigger);
        let _ = now;
        InForce { cell: t.map(|t| t.act).unwrap_or_default(), stage: None, note: None }
    }
}
