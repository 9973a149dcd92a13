//! Which rows are shown, and in which order. Rows do not jump under a person's cursor: the order changes when they move,
//! or when it has stood for a while.

use super::{FleetRow, FleetView, Grade, RowClock};
use crate::model::playbook::Tone;
use crate::model::time::{Millis, Now};
use std::sync::Arc;

/// Milliseconds for which an order stands while nobody moves.
const STANDS: Millis = 5_000;

/// Which rows are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those that are not quiet.
    NotQuiet,
    /// Those of danger environments.
    Danger,
    /// Those with a run that is not over.
    WithRun,
}

impl Filter {
    /// The next one.
    pub fn next(self) -> Filter {
        match self {
            Filter::All => Filter::NotQuiet,
            Filter::NotQuiet => Filter::Danger,
            Filter::Danger => Filter::WithRun,
            Filter::WithRun => Filter::All,
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Filter::All => "all",
            Filter::NotQuiet => "only what is not quiet",
            Filter::Danger => "only danger environments",
            Filter::WithRun => "only with a run",
        }
    }

    fn shows(self, row: &FleetRow, now: &Now) -> bool {
        match self {
            Filter::All => true,
            Filter::NotQuiet => row.state(now).grade != Grade::Quiet,
            Filter::Danger => row.tone == Tone::Danger && row.is_service(),
            Filter::WithRun => row.run.is_some(),
        }
    }
}

/// In which order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// The worst first, then the soonest clock.
    #[default]
    Worst,
    /// By service and environment.
    Name,
    /// The soonest clock first, then the worst.
    Clock,
}

impl Sort {
    /// The next one.
    pub fn next(self) -> Sort {
        match self {
            Sort::Worst => Sort::Name,
            Sort::Name => Sort::Clock,
            Sort::Clock => Sort::Worst,
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Worst => "Worst first, then soonest clock",
            Sort::Name => "By name",
            Sort::Clock => "Soonest clock first",
        }
    }
}

/// The rows as they are shown, by their ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Order {
    ids: Vec<usize>,
    /// By what they were put, and when, on the boot clock.
    made: Option<(Filter, Sort, Option<String>, Millis)>,
}

impl Order {
    /// The rows' ids, in order.
    pub fn ids(&self) -> &[usize] {
        &self.ids
    }

    /// Puts the rows in order where it is time to: what is wanted has changed, the person moves (`moves`), or the order has
    /// stood for 5 s. In between, new rows come last and those that are gone go.
    pub fn follow(&mut self, view: &FleetView, filter: Filter, sort: Sort, find: Option<&str>, moves: bool) {
        let at = view.now.boot;
        let stands = self.made.as_ref().is_some_and(|(f, s, text, made)| {
            *f == filter && *s == sort && text.as_deref() == find && at.saturating_sub(*made) < STANDS
        });
        let wanted = wanted(view, filter, sort, find);
        if moves || !stands || self.ids.is_empty() {
            self.ids = wanted;
            self.made = Some((filter, sort, find.map(str::to_owned), at));
            return;
        }
        self.ids.retain(|id| wanted.contains(id));
        let new: Vec<usize> = wanted.into_iter().filter(|id| !self.ids.contains(id)).collect();
        self.ids.extend(new);
    }
}

/// The ids of the rows that are shown, as they should be in order.
pub fn wanted(view: &FleetView, filter: Filter, sort: Sort, find: Option<&str>) -> Vec<usize> {
    let find = find.map(str::to_lowercase).unwrap_or_default();
    let found = |r: &FleetRow| {
        find.is_empty() || format!("{} {}", r.service, r.environment).to_lowercase().contains(&find)
    };
    let mut rows: Vec<(&Arc<FleetRow>, Grade, i64)> = view
        .rows
        .iter()
        .filter(|r| filter.shows(r, &view.now) && found(r))
        .map(|r| {
            let state = r.state(&view.now);
            let left = match state.clock {
                Some(RowClock::Left(ms)) => ms,
                _ => i64::MAX,
            };
            (r, state.grade, left)
        })
        .collect();
    rows.sort_by(|(a, grade_a, left_a), (b, grade_b, left_b)| {
        let names = || (&a.service, &a.environment, a.id).cmp(&(&b.service, &b.environment, b.id));
        match sort {
            Sort::Worst => grade_a.cmp(grade_b).then(left_a.cmp(left_b)).then_with(names),
            Sort::Name => names(),
            Sort::Clock => left_a.cmp(left_b).then(grade_a.cmp(grade_b)).then_with(names),
        }
    });
    rows.into_iter().map(|(r, ..)| r.id).collect()
}
