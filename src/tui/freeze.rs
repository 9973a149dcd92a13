//! Charts held still: the columns as they were when they were first drawn after the key.

use super::paint::Charts;
use crate::session::view::ChartColumn;
use std::cell::RefCell;
use std::collections::HashMap;

/// Signal id, window in milliseconds, number of columns.
type Chart = (String, u64, usize);

/// What was drawn since the charts were held.
#[derive(Debug, Clone, Default)]
pub struct Freeze {
    /// Wall time at which they were held, milliseconds since the Unix epoch.
    pub wall: i64,
    kept: RefCell<HashMap<Chart, Vec<Option<ChartColumn>>>>,
}

impl Freeze {
    /// Held now.
    pub fn at(wall: i64) -> Freeze {
        Freeze { wall, ..Freeze::default() }
    }

    /// The columns of a chart, asked for once.
    pub fn columns(
        &self,
        signal: &str,
        window: u64,
        columns: usize,
        charts: Charts<'_>,
    ) -> Vec<Option<ChartColumn>> {
        let mut kept = self.kept.borrow_mut();
        kept.entry((signal.to_string(), window, columns))
            .or_insert_with(|| charts(signal, window, columns))
            .clone()
    }
}
