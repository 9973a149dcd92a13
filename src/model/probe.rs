//! Questions about the world: asked at that moment, not read from a signal.

use super::condition::Condition;
use super::drill::Speaks;
use super::template::Template;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// A question and what its answer must be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// What is asked.
    pub ask: Ask,
    /// What the answer must be.
    pub expect: Expectation,
    /// Milliseconds until it must hold (asked again meanwhile); `None`: the step's own timeout.
    pub within: Option<u64>,
    /// Milliseconds between two questions.
    pub every: u64,
    /// What a rehearsal asks of the simulated service's state instead.
    #[serde(default)]
    pub rehearse: Option<Condition>,
}

impl Probe {
    /// A condition, asked each second.
    pub fn when(condition: &Condition) -> Probe {
        let ask = Ask::When(condition.clone());
        Probe { ask, expect: Expectation::default(), within: None, every: 1_000, rehearse: None }
    }
}

/// What a probe asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// A condition over signals. As an after-check only samples fetched after the step ended count.
    When(Condition),
    /// A condition with `$names` (a parameter, a ramp's `$value`); a plan has it filled in and parsed.
    Given(String),
    /// A command.
    Run(Command),
    /// A URL.
    Http(HttpCall),
    /// A unix socket.
    Socket {
        /// Path of the socket.
        path: Template,
        /// What is sent; a newline is added.
        send: Template,
    },
    /// A file.
    File(Template),
    /// A named probe of the playbook.
    Named(String),
    /// Whether a procedure was rehearsed to its verified end within so many milliseconds.
    Drill {
        /// Which.
        procedure: String,
        /// Milliseconds.
        newer_than: u64,
    },
    /// What a rehearsal asks in the place of anything that reaches out. Only in a rehearsed playbook.
    Simulated {
        /// What would be asked, for people to read.
        line: Template,
        /// What must hold of the simulated service's state; none: it is taken to hold.
        holds: Option<Condition>,
        /// A request that is really sent, to the embedded service on loopback; it answers well while the above holds.
        #[serde(default)]
        speaks: Option<Speaks>,
    },
}

/// A command without a shell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Program and arguments; the text of a script when `shell`.
    pub argv: Vec<Template>,
    /// Host it runs on (here when none). A plan's commands are spelled out for it already.
    pub on: Option<String>,
    /// Run by `sh -c`.
    pub shell: bool,
    /// Working folder (the environment's when none).
    pub cwd: Option<Template>,
    /// Further environment variables.
    pub env: IndexMap<String, Template>,
    /// Text on standard input.
    pub stdin: Option<Template>,
    /// What its result must be (steps; a probe has its own).
    pub expect: Expectation,
}

/// An HTTP request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HttpCall {
    /// Method, `GET` unless stated.
    pub method: String,
    /// The URL.
    pub url: Template,
    /// Headers.
    pub headers: IndexMap<String, Template>,
    /// JSON body; its strings are templates.
    pub json: Option<serde_json::Value>,
    /// Text body.
    pub text: Option<Template>,
    /// What the answer must be (steps; a probe has its own).
    pub expect: Expectation,
}

/// What an answer must be. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// Exit codes that are good (0 when empty).
    pub exit: Vec<i32>,
    /// HTTP statuses that are good (2xx when empty).
    pub status: Vec<u16>,
    /// Pattern that standard output (or a socket's answer) must contain.
    pub stdout: Option<String>,
    /// Pattern that standard error must contain.
    pub stderr: Option<String>,
    /// Pattern that the body must contain.
    pub body: Option<String>,
    /// JSON pointer into the body or output, and what must stand there.
    pub json: Option<(String, serde_json::Value)>,
    /// The file must exist (or must not).
    pub exists: Option<bool>,
    /// The file must be executable (or must not).
    pub executable: Option<bool>,
}
