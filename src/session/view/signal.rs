//! What a screen may know of one signal that is looked at, and of the traffic.

pub use crate::engine::statistics::Statistics;
use crate::model::reading::Value;

/// One signal in full.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SignalDetail {
    /// Its id.
    pub id: String,
    /// The worst series over the window that is shown, in numbers; none without a sample.
    pub statistics: Option<Statistics>,
    /// Its newest reads, newest first (of many series the worst of each read). None for what is computed or set by people.
    pub reads: Vec<ReadView>,
    /// What rests on it, in words: severity rows, triggers, criteria.
    pub used_by: Vec<String>,
}

/// One read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadView {
    /// When it came, wall milliseconds.
    pub wall: i64,
    /// Its series.
    pub series: Option<String>,
    /// The value in base units, or why there is none.
    pub value: Result<Value, String>,
    /// Milliseconds it took, where that is known.
    pub took_ms: Option<u64>,
    /// Id of the source.
    pub source: String,
}

/// The share of traffic on what may be rolled back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrafficView {
    /// Id of its signal.
    pub signal: String,
    /// What the newest step of the run that sets it was to bring about; none: no record says it.
    pub wanted: Option<Wanted>,
}

/// What a step is to bring about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// The share, base units.
    pub share: f64,
    /// Anything below is right too.
    pub below: bool,
    /// Number of the step, as it is shown.
    pub step: String,
}
