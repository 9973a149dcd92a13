//! A rehearsal, as it is shown: what can go wrong, and how it goes so far.

/// Something that can be made to go wrong in the embedded service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TroubleView {
    /// Its id.
    pub id: String,
    /// Its key, behind `!`.
    pub key: char,
    /// Name for people.
    pub title: String,
    /// What ought to come of it.
    pub expects: String,
    /// Milliseconds that it has been on; none: it is off.
    pub on_ms: Option<u64>,
    /// Milliseconds until it ends by itself, while it is on and does.
    pub left_ms: Option<u64>,
    /// It does no harm any more, although its time is not over.
    pub cured: bool,
}

/// A drill under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DrillView {
    /// How many times faster than the clock on the wall time goes.
    pub speed: u32,
}

/// How a rehearsal goes so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScoreView {
    /// Milliseconds of its own time since it began.
    pub elapsed_ms: u64,
    /// What is measured.
    pub rows: Vec<ScoreRow>,
    /// Points of 100 that are sure; none before anything ran.
    pub points: Option<u32>,
    /// What automation did.
    pub automation: String,
    /// What should not have been done, in words.
    pub wrong: Vec<String>,
}

/// The last drill of a real service, as far as is known here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LastDrill {
    /// Milliseconds ago, and its points of 100; none: there never was one.
    pub last: Option<(u64, u32)>,
    /// Milliseconds until the next one is due (below 0: it is overdue), where the playbook says how often.
    pub due_ms: Option<i64>,
}

/// One thing that is measured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScoreRow {
    /// What, in a word or two.
    pub what: String,
    /// Simulated milliseconds it took; none: it has not come yet.
    pub took_ms: Option<u64>,
    /// Milliseconds it may take, where something says so.
    pub target_ms: Option<u64>,
}

impl super::View {
    /// What nothing here being real is called; none: it is real.
    pub fn simulated(&self) -> Option<&'static str> {
        match (&self.drill, self.demo) {
            (Some(_), _) => Some("DRILL"),
            (None, true) => Some("DEMO"),
            (None, false) => None,
        }
    }
}
