//! The plan that is killed: every kind of step, a line each. A new kind is one more line of [`STEPS`].

/// What a step leaves behind, by which a person can see whether it was done, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing: it waits or looks.
    Nothing,
    /// A line with the attempt's token in a file of the step's name.
    Token,
    /// A line in a file of the step's name.
    Line,
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
    line("rest", Leaves::Nothing, "wait = { for = '10ms' }"),
    line(
        "guarded",
        Leaves::Token,
        "run = ['/bin/sh', '-c', 'echo $RIPCORD_ATTEMPT >> WORK/guarded; sleep NAP']\ntimeout = '40s'\n\
         prove = { run = ['true'] }\ngoal = { run = ['test', '-s', 'WORK/guarded'], within = '9s' }",
    ),
    line("well", Leaves::Nothing, "verify = 'well'"),
];

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
    out
}
