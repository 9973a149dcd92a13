//! Charts held still: the columns as they were when they were first drawn after the key.

use super::paint::Charts;
use crate::model::time::Now;
use crate::session::view::{ChartColumn, Curve};
use std::cell::RefCell;
use std::collections::HashMap;

/// Signal id, series, window in milliseconds, number of columns.
type Chart = (String, Option<String>, u64, usize);

/// What was drawn since the charts were held.
#[derive(Debug, Clone)]
pub struct Freeze {
    /// When they were held.
    pub at: Now,
    kept: RefCell<HashMap<Chart, Vec<Option<ChartColumn>>>>,
}

impl Freeze {
    /// Held now.
    pub fn at(now: &Now) -> Freeze {
        Freeze { at: now.clone(), kept: RefCell::default() }
    }

    /// The columns of a chart, asked for once.
    pub fn columns(
        &self,
        curve: Curve<'_>,
        window: u64,
        columns: usize,
        charts: Charts<'_>,
    ) -> Vec<Option<ChartColumn>> {
        let mut kept = self.kept.borrow_mut();
        let of = (curve.signal.to_string(), curve.series.map(String::from), window, columns);
        kept.entry(of).or_insert_with(|| charts(curve, window, columns)).clone()
    }
}
