//! The plan that is killed: every kind of step, a line each. A new kind is one more line of [`STEPS`].

use std::path::Path;

/// What a step leaves behind, by which a person can see whether it was done, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing: it waits or looks.
    Nothing,
    /// A line with the attempt's token in a file of the step's name.
    Token,
    /// A letter in the outbox; a line with its name, for each delivery, in a file of the step's name.
    Letter,
    /// A line in a file of the step's name.
    Line,
    /// Another content of a file of the step's name: what it was, what it is then.
    Content(Option<&'static str>, &'static str),
}

/// A step: its name, its TOML, what it leaves.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub name: &'static str,
    pub toml: &'static str,
    pub leaves: Leaves,
}

const fn line(name: &'static str, leaves: Leaves, toml: &'static str) -> Line {
    Line { name, toml, leaves }
}

/// `WORK`: the folder of the marker files. `DESK`: the server's port. `NAP`: a few milliseconds, in seconds.
pub const STEPS: &[Line] = &[
    line("look", Leaves::Nothing, "check = { run = ['true'] }\ntimeout = '9s'"),
    line(
        "shift",
        Leaves::Token,
        "run = ['/bin/sh', '-c', 'sleep NAP; echo $RIPCORD_ATTEMPT >> WORK/shift; sleep NAP']\ntimeout = '40s'",
    ),
    line(
        "post",
        Leaves::Token,
        "http = { url = 'http://127.0.0.1:DESK/post', method = 'POST' }\ntimeout = '40s'",
    ),
    line("weight", Leaves::Line, "socket = { path = 'WORK/desk', send = 'weight' }\ntimeout = '40s'"),
    line("flags", Leaves::Content(None, "off\n"), "write = { file = 'WORK/flags', content = \"off\\n\" }"),
    line(
        "share",
        Leaves::Content(Some("{\"share\": 50}\n"), "{\"share\": 0}\n"),
        "edit = { file = 'WORK/share', format = 'json', set = { '/share' = '0' } }",
    ),
    line("asked", Leaves::Nothing, "ask = { text = 'Is it seen?', input = 'seen' }"),
    line("told", Leaves::Letter, "notify = { channels = ['file'], message = 'news' }"),
    line(
        "kept",
        Leaves::Nothing,
        "capture = { name = 'state', files = ['WORK/share'], commands = [['true']] }",
    ),
    line(
        "lower",
        Leaves::Token,
        "timeout = '40s'\nrepeatable = true\n[procedures.back.steps.ramp]\nvalues = [2, 1]\nhold = '10ms'\n\
         run = ['/bin/sh', '-c', 'echo $RIPCORD_ATTEMPT >> WORK/lower; sleep NAP', '{{ value }}']",
    ),
    line("rest", Leaves::Nothing, "wait = { for = '10ms' }"),
    line(
        "guarded",
        Leaves::Token,
        "run = ['/bin/sh', '-c', 'echo $RIPCORD_ATTEMPT >> WORK/guarded; sleep NAP']\ntimeout = '40s'\n\
         prove = { run = ['true'] }\ngoal = { run = ['test', '-s', 'WORK/guarded'], within = '9s' }",
    ),
    line("well", Leaves::Nothing, "verify = 'well'"),
];

/// What steps refer to.
const BESIDE: &str = "[channels.file]\nrun = ['/bin/sh', '-c', 'echo $RIPCORD_LETTER >> WORK/told']\ntimeout = '9s'\n\
                      [messages.news]\nsubject = 'News'\nbody = 'It goes on'\n";

impl Line {
    /// The line of a step of a plan: one line may be several steps, and a plan puts holds between them.
    pub fn of(name: &str) -> &'static Line {
        static HOLD: Line = line("hold", Leaves::Nothing, "");
        STEPS.iter().find(|l| name.starts_with(l.name)).unwrap_or(&HOLD)
    }

    /// What step `number` left in `work`, once for each time that it was done.
    pub fn left(&self, work: &Path, number: usize) -> Vec<String> {
        let text = std::fs::read_to_string(work.join(self.name)).unwrap_or_default();
        let of_step = |token: &str| token.split('.').nth(1).is_some_and(|n| n == number.to_string());
        match self.leaves {
            Leaves::Nothing => Vec::new(),
            Leaves::Token => text.lines().filter(|l| of_step(l)).map(str::to_owned).collect(),
            Leaves::Letter | Leaves::Line => text.lines().map(str::to_owned).collect(),
            Leaves::Content(_, after) => (text == after).then_some(text).into_iter().collect(),
        }
    }
}

/// Makes the files that are to be changed.
pub fn before(work: &Path) {
    for line in STEPS {
        if let Leaves::Content(Some(before), _) = line.leaves {
            std::fs::write(work.join(line.name), before).unwrap();
        }
    }
}

/// The steps as a playbook has them. What fails is put before a person.
pub fn toml(work: &str, desk: u16, mut nap: impl FnMut() -> u64) -> String {
    let mut out = String::new();
    for step in STEPS {
        let mut body = step.toml.replace("WORK", work).replace("DESK", &desk.to_string());
        while body.contains("NAP") {
            body = body.replacen("NAP", &format!("0.{:03}", nap()), 1);
        }
        out.push_str(&format!(
            "[[procedures.back.steps]]\nname = '{}'\non_failure = 'ask'\n{body}\n",
            step.name
        ));
    }
    out + &BESIDE.replace("WORK", work)
}
