//! The stage of the traffic, and which cell of the condition × stage matrix is in force.

use super::Engine;
use super::eval::{Outcome, Worth};
use crate::model::condition::Expr;
use crate::model::playbook::{Cell, Trigger};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::fmt;

/// Where the traffic is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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

impl Stage {
    /// The lowest and the highest stage that count, percent; the same when it is on one. None when none does.
    pub fn range(&self) -> Option<(u32, u32)> {
        match self {
            Stage::At(s) => Some((*s, *s)),
            Stage::Between(a, b) => Some((*a, *b)),
            _ => None,
        }
    }

    /// The stage by name, percent: the smallest that is not below the traffic.
    pub fn percent(&self) -> Option<u32> {
        self.range().map(|(_, above)| above)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::None => f.write_str("no stages"),
            Stage::At(s) => write!(f, "{s} %"),
            Stage::Between(a, b) => write!(f, "between {a} and {b} %"),
            Stage::Off => f.write_str("no traffic"),
            Stage::Unknown(why) => write!(f, "unknown: {why}"),
        }
    }
}

/// How strict a cell is, the strictest greatest: it acts by itself, then the sooner clock, then the sooner default.
fn strictness(cell: Cell) -> (u8, Reverse<(u64, u64)>) {
    match cell {
        Cell::Auto => (3, Reverse((0, 0))),
        Cell::Decide { within, default_at } => (2, Reverse((within, default_at.unwrap_or(within)))),
        Cell::Ask => (1, Reverse((0, 0))),
        Cell::Watch => (0, Reverse((0, 0))),
    }
}

/// What a trigger asks for now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
        match self.playbook.triggers.get(trigger) {
            Some(t) if t.at.is_empty() => InForce { cell: t.act, stage: None, note: None },
            Some(t) => chosen(t, &self.stage(now)),
            None => InForce { cell: Cell::Watch, stage: None, note: Some("there is no such trigger".into()) },
        }
    }
}

/// The cell of a trigger that has one per stage.
fn chosen(t: &Trigger, stage: &Stage) -> InForce {
    if *stage == Stage::Off {
        return InForce { cell: Cell::Watch, stage: None, note: Some("no traffic on it".into()) };
    }
    let Some((low, high)) = stage.range() else {
        let mut cells = t.at.values();
        let first = cells.next().copied().unwrap_or_default();
        return match cells.all(|c| *c == first) {
            true => InForce {
                cell: first,
                stage: None,
                note: Some(format!("stage {stage}; every one says the same")),
            },
            false => InForce { cell: Cell::Ask, stage: None, note: Some(format!("stage {stage}")) },
        };
    };
    let below = t.at.keys().filter(|s| **s <= low).max();
    let above = t.at.keys().filter(|s| **s >= high).min();
    let cell = |s: &u32| t.at.get(s).copied().unwrap_or_default();
    let stricter = [below, above].into_iter().flatten().max_by_key(|s| strictness(cell(s)));
    let note = match (below, above) {
        (Some(a), Some(b)) if a == b => None,
        (Some(a), Some(b)) => Some(format!("between {a} and {b} %: the stricter")),
        (Some(s), None) | (None, Some(s)) => Some(format!("{stage} has no column: that of {s} %")),
        (None, None) => None,
    };
    InForce { cell: stricter.map(cell).unwrap_or_default(), stage: stricter.copied(), note }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::{Sim, playbook, with_trigger};
    use crate::model::playbook::Traffic;

    fn decide(within: u64, default_at: Option<u64>) -> Cell {
        Cell::Decide { within, default_at }
    }

    fn sim(cells: &[(u32, Cell)]) -> Sim {
        let mut p = with_trigger(playbook(), "t", "y > 2%", 0, 0, None);
        p.traffic = Some(Traffic { signal: "x".into(), stages: vec![5, 25, 50, 100] });
        p.triggers["t"].at = cells.iter().copied().collect();
        p.triggers["t"].act = Cell::Ask;
        Sim::new(&p)
    }

    fn at(cells: &[(u32, Cell)], share: f64) -> (Cell, Option<u32>, Option<String>) {
        let mut s = sim(cells);
        s.x(0, share);
        let f = s.engine.in_force("t", s.at);
        (f.cell, f.stage, f.note)
    }

    #[test]
    fn on_a_stage_its_own_cell_counts_and_between_two_the_stricter() {
        let ten = decide(600, Some(1800));
        let cells = [(5, Cell::Auto), (25, ten), (50, decide(300, None)), (100, Cell::Watch)];
        let between = |a, b| Some(format!("between {a} and {b} %: the stricter"));
        assert_eq!(at(&cells, 0.05), (Cell::Auto, Some(5), None));
        assert_eq!(at(&cells, 0.25), (ten, Some(25), None));
        assert_eq!(at(&cells, 0.10), (Cell::Auto, Some(5), between(5, 25)));
        assert_eq!(at(&cells, 0.30), (decide(300, None), Some(50), between(25, 50)));
        assert_eq!(at(&cells, 0.51), (decide(300, None), Some(50), between(50, 100)));
        assert_eq!(at(&cells, 1.0), (Cell::Watch, Some(100), None));
        assert_eq!(at(&cells, 1.2), (Cell::Watch, Some(100), None), "more than all is all");
        assert_eq!(at(&cells, 0.01), (Cell::Auto, Some(5), None), "below the first stage");
    }

    #[test]
    fn of_two_clocks_the_sooner_is_stricter_then_the_sooner_default_then_ask_then_watch() {
        let order = [
            Cell::Watch,
            Cell::Ask,
            decide(600, Some(1800)),
            decide(600, Some(900)),
            decide(600, None),
            decide(300, Some(9000)),
            decide(300, None),
            Cell::Auto,
        ];
        for (i, a) in order.into_iter().enumerate() {
            for b in &order[i + 1..] {
                assert_eq!(at(&[(5, a), (25, *b)], 0.1).0, *b);
                assert_eq!(at(&[(5, *b), (25, a)], 0.1).0, *b);
            }
        }
    }

    #[test]
    fn a_stage_without_a_column_takes_the_stricter_neighbour_and_says_so() {
        let cells = [(5, Cell::Watch), (50, Cell::Auto)];
        assert_eq!(at(&cells, 0.25), (Cell::Auto, Some(50), Some("between 5 and 50 %: the stricter".into())));
        assert_eq!(at(&cells, 1.0), (Cell::Auto, Some(50), Some("100 % has no column: that of 50 %".into())));
        assert_eq!(
            at(&cells[1..], 0.02),
            (Cell::Auto, Some(50), Some("5 % has no column: that of 50 %".into()))
        );
    }

    #[test]
    fn without_traffic_there_is_nothing_to_roll_back_and_an_unknown_stage_asks() {
        let cells = [(5, Cell::Auto), (100, decide(600, None))];
        assert_eq!(at(&cells, 0.0), (Cell::Watch, None, Some("no traffic on it".into())));
        let mut s = sim(&cells);
        let f = s.engine.in_force("t", s.at);
        assert_eq!((f.cell, f.stage), (Cell::Ask, None));
        assert!(f.note.as_deref().is_some_and(|n| n.contains("nothing measured yet")), "{f:?}");
        s.x(0, 0.5);
        s.to(31_000);
        assert!(matches!(s.engine.stage(s.at), Stage::Unknown(why) if why.contains("stale")));
        assert_eq!(s.engine.in_force("t", s.at).cell, Cell::Ask);
        let same = [(5, Cell::Auto), (100, Cell::Auto)];
        let s = sim(&same);
        assert_eq!(s.engine.in_force("t", s.at).cell, Cell::Auto);
    }

    #[test]
    fn a_trigger_without_stages_asks_for_the_same_at_all() {
        assert_eq!(at(&[], 0.1), (Cell::Ask, None, None));
    }

    #[test]
    fn the_stage_is_the_smallest_that_is_not_below_the_traffic() {
        let mut s = sim(&[]);
        for (i, (share, stage)) in
            [(0.05, Stage::At(5)), (0.051, Stage::Between(5, 25)), (0.25, Stage::At(25)), (0.0, Stage::Off)]
                .into_iter()
                .enumerate()
        {
            s.x(i as i64 * 1000, share);
            assert_eq!(s.engine.stage(s.at), stage);
        }
        assert_eq!(Stage::Between(5, 25).percent(), Some(25));
        assert_eq!(Stage::Between(5, 25).to_string(), "between 5 and 25 %");
    }
}
