//! Something that happened: what is told of it, of which sort it is, and where it is on record.

/// Something that happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Happening {
    /// When: wall milliseconds since the Unix epoch.
    pub wall: i64,
    /// Letter on the chart axis (`F` firing, `R` run, …).
    pub letter: Option<char>,
    /// How it stands, where that is more than the letter says: `>` requested, `+` applied, `*` observed, `✓` verified,
    /// `?` unknown, `!` failed, `-` skipped, `~` stale.
    pub mark: Option<char>,
    /// One word: `firing`, `pending`, `stale`, `run`, `step`, `flag`.
    pub kind: String,
    /// What.
    pub text: String,
    /// By whom.
    pub who: Option<String>,
    /// What was measured, and who judged it, where that is known.
    pub measured: String,
    /// Where it is on record; none: only this screen saw it.
    pub record: Option<OnRecord>,
}

/// A record of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnRecord {
    /// `decisions`, or the id of the run.
    pub log: String,
    /// Its sequence there, from 1.
    pub seq: u64,
    /// SHA-256 of its line, in hex: what the next record names as the line before.
    pub hash: String,
}

/// What a happening is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// What was decided, asked, agreed to, armed.
    Decisions,
    /// What fires, is about to, or does no more.
    Triggers,
    /// Runs, their steps, their verification.
    Steps,
    /// What people noted, raised, counted, marked.
    Notes,
    /// Items of checklists.
    Ticks,
    /// Who was told.
    Messages,
    /// Signals that fell silent or came back.
    Signals,
    /// What was made to go wrong.
    Trouble,
    /// The rest: deciders, hosts, clocks, journals.
    Rest,
}

impl Sort {
    /// All of them, in the order in which they are gone through.
    pub const ALL: [Sort; 9] = [
        Sort::Decisions,
        Sort::Triggers,
        Sort::Steps,
        Sort::Notes,
        Sort::Ticks,
        Sort::Messages,
        Sort::Signals,
        Sort::Trouble,
        Sort::Rest,
    ];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Decisions => "decisions",
            Sort::Triggers => "triggers",
            Sort::Steps => "steps",
            Sort::Notes => "notes",
            Sort::Ticks => "ticks",
            Sort::Messages => "messages",
            Sort::Signals => "signals",
            Sort::Trouble => "trouble",
            Sort::Rest => "the rest",
        }
    }
}

impl Happening {
    /// What it is about.
    pub fn sort(&self) -> Sort {
        match self.kind.as_str() {
            "decision" | "auto" | "approval" | "incident" | "person" | "verdict" => Sort::Decisions,
            "trigger" | "firing" | "pending" | "cleared" => Sort::Triggers,
            "run" | "verify" | "refused" | "deploy" => Sort::Steps,
            "note" | "flag" | "count" | "mark" => Sort::Notes,
            "tick" => Sort::Ticks,
            "page" | "message" => Sort::Messages,
            "stale" | "silent" | "back" => Sort::Signals,
            "trouble" => Sort::Trouble,
            kind if kind.starts_with("step ") => Sort::Steps,
            _ => Sort::Rest,
        }
    }

    /// The one character before its kind.
    pub fn sign(&self) -> Option<char> {
        self.mark.or(self.letter)
    }
}
