//! The arguments, as clap reads them.

use crate::config::settings::{COLORS, GLYPHS, NOTIFY};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Rollback command center for the terminal.
#[derive(Debug, Parser)]
#[command(version, about, long_about = None, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What is to be done; the screen of a playbook when nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The screen.
    #[command(flatten)]
    pub screen: Screen,
}

/// A playbook and where it runs.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The playbook: a file, or the name of one in the playbook folder.
    #[arg(value_name = "PLAYBOOK")]
    pub playbook: Option<String>,
    /// Environment of the playbook (its only one when it has one).
    #[arg(short, long, value_name = "NAME", env = "RIPCORD_ENV")]
    pub env: Option<String>,
    /// A variable of the playbook, for this start only.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub vars: Vec<String>,
    /// Folder of all records.
    #[arg(long, value_name = "DIR", env = "RIPCORD_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
    /// Configuration file.
    #[arg(long, value_name = "FILE", env = "RIPCORD_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Arguments of the screen.
#[derive(Debug, Clone, Args)]
pub struct Screen {
    /// What is watched.
    #[command(flatten)]
    pub target: Target,
    /// How it looks.
    #[command(flatten)]
    pub look: Look,
    /// Look only: nothing can be started or asked from this screen.
    #[arg(long)]
    pub read_only: bool,
}

/// Which services, and how they are told.
#[derive(Debug, Clone, Args)]
pub struct Fleet {
    /// Playbooks: files, names, or folders of them (the folder of playbooks).
    #[arg(value_name = "PLAYBOOK|DIR")]
    pub playbooks: Vec<String>,
    /// As JSON; the exit code is that of the worst service, as `status` has it.
    #[arg(long)]
    pub json: bool,
    /// Where records are.
    #[command(flatten)]
    pub records: Records,
    /// How it looks.
    #[command(flatten)]
    pub look: Look,
    /// Look only: nothing can be started or asked from this screen, nor from a service opened from it.
    #[arg(long)]
    pub read_only: bool,
}

/// Over what a backtest looks, and how it is told.
#[derive(Debug, Clone, Args)]
pub struct Past {
    /// From when: 2026-11-21T03:00:00Z, "2026-11-21 03:00", -7d (the first recorded sample, with --from-file).
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Until when (now, or the last recorded sample).
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Time between two samples of Prometheus [default: 15s, less where a signal is stale sooner].
    #[arg(long, value_name = "DURATION")]
    pub step: Option<String>,
    /// Samples recorded by the watcher instead of Prometheus: files, or folders of them.
    #[arg(long = "from-file", value_name = "FILE", num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// Tell only of this trigger; all are judged.
    #[arg(long = "trigger", value_name = "ID")]
    pub triggers: Vec<String>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// What a first playbook is made of; what is not given is asked.
#[derive(Debug, Clone, Args)]
pub struct Init {
    /// Name of the service.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Environment it runs in.
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Where its metrics are: a Prometheus server, or a /metrics page.
    #[arg(long, value_name = "URL")]
    pub metrics: Option<String>,
    /// Error rate from which it is to be rolled back.
    #[arg(long, value_name = "SHARE")]
    pub threshold: Option<String>,
    /// Command that rolls it back.
    #[arg(long, value_name = "COMMAND")]
    pub rollback: Option<String>,
    /// What says that it is healthy: a URL, or a command that exits with 0.
    #[arg(long, value_name = "URL|COMMAND")]
    pub health: Option<String>,
    /// The new file (NAME.toml); one that exists is never overwritten.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// What of a timeline is shown, and how.
#[derive(Debug, Clone, Args)]
pub struct Events {
    /// In which form.
    #[arg(long, value_enum, default_value_t = Shape::Table)]
    pub format: Shape,
    /// Only what happened in this time up to now: 2h, 30m, 7d.
    #[arg(long, value_name = "DURATION")]
    pub since: Option<String>,
    /// Only what is about this (decisions, triggers, steps, notes, ticks, messages, signals, trouble), or of this kind.
    #[arg(long = "kind", value_name = "KIND")]
    pub kinds: Vec<String>,
    /// Into a new file instead of standard output; one that exists is replaced.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// In which form a timeline is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shape {
    /// A line an event.
    Table,
    /// An array of objects.
    Json,
    /// RFC 4180, with a header.
    Csv,
    /// A Markdown document.
    Md,
}

/// Where runs are recorded.
#[derive(Debug, Clone, Args)]
pub struct Records {
    /// Folder of all records.
    #[arg(long, value_name = "DIR", env = "RIPCORD_STATE_DIR", global = true)]
    pub state_dir: Option<PathBuf>,
    /// Configuration file.
    #[arg(long, value_name = "FILE", env = "RIPCORD_CONFIG", global = true)]
    pub config: Option<PathBuf>,
}

/// How the screen looks.
#[derive(Debug, Clone, Args)]
pub struct Look {
    /// Theme: dark, light, high-contrast, colour-blind-safe, 16-colour, mono, or a file.
    #[arg(long, value_name = "THEME")]
    pub theme: Option<String>,
    /// How many colours: auto, truecolor, 256, 16, never. It overrides NO_COLOR.
    #[arg(long, value_name = "COLORS", value_parser = COLORS.map(|(word, _)| word))]
    pub color: Option<String>,
    /// Which characters: auto, unicode, console, ascii.
    #[arg(long, value_name = "SET", value_parser = GLYPHS.map(|(word, _)| word))]
    pub glyphs: Option<String>,
    /// How the terminal calls when the verdict gets worse: off, bell, desktop.
    #[arg(long, value_name = "HOW", value_parser = NOTIFY.map(|(word, _)| word))]
    pub notify: Option<String>,
    /// Draw with ASCII only.
    #[arg(long)]
    pub ascii: bool,
    /// The terminal's background is light.
    #[arg(long)]
    pub light: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check playbooks, scenarios of drills, configurations and themes; exit 2 when one has a problem.
    Check {
        /// Files to check.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// How the problems are printed.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Write a first playbook by six questions: it passes `check` and can be rehearsed at once.
    Init(Init),
    /// Print what every key does, with your own keys in it.
    Keys {
        /// Configuration file.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Show the configuration.
    Config {
        /// What is shown.
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Many services in one list, worst first: every environment of every playbook, from what is on record.
    Fleet(Fleet),
    /// Watch and roll back an embedded service: nothing to configure, nothing to install.
    Demo {
        /// Play the story without a terminal; exit 0 only if the rollback verified.
        #[arg(long)]
        headless: bool,
        /// Seed of the service's noise.
        #[arg(long, default_value_t = 7)]
        seed: u64,
        /// Folder of all records.
        #[arg(long, value_name = "DIR", env = "RIPCORD_STATE_DIR")]
        state_dir: Option<PathBuf>,
        /// How it looks.
        #[command(flatten)]
        look: Look,
    },
    /// Rehearse a playbook on a simulated service: nothing outside is touched. With --all every procedure to its verified
    /// end and to its failures, every chaos and every scenario; exit 0 only if all went as expected.
    #[command(args_conflicts_with_subcommands = true)]
    Drill {
        /// What is rehearsed, and how.
        #[command(flatten)]
        asked: Drill,
        /// What else is done with drills.
        #[command(subcommand)]
        what: Option<DrillCommand>,
    },
    /// Run a procedure without a screen and follow it to its verified end.
    Run {
        /// Id or key of the procedure.
        procedure: String,
        /// What is rolled back.
        #[command(flatten)]
        target: Target,
        /// A parameter of the procedure.
        #[arg(long = "param", value_name = "NAME=VALUE")]
        params: Vec<String>,
        /// Why.
        #[arg(long, default_value = "started by hand")]
        reason: String,
        /// Confirm without being asked; in a danger environment give the service's name.
        #[arg(long, value_name = "SERVICE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
        yes: Option<String>,
        /// Resolve everything, ask the probes, run each step's own dry run, change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Go on although a check before the start does not hold, and say why; it goes on record.
        #[arg(long = "override", value_name = "REASON")]
        go_on: Option<String>,
        /// Stop a run first (the one in the way when none is named), and start when its processes are dead.
        #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
        replace: Option<String>,
        /// Start although processes of that run are alive, and say why.
        #[arg(long, value_name = "REASON", requires = "replace")]
        beside: Option<String>,
    },
    /// Watch without a screen: decide, and act where the environment lets automation act. For systemd.
    Watch {
        /// What is watched.
        #[command(flatten)]
        target: Target,
        /// Take over from a watcher that holds the lock and has been silent for 10 s, and say why.
        #[arg(long, value_name = "REASON")]
        take_over: Option<String>,
        /// Print nothing but errors; else a JSON object per event.
        #[arg(long)]
        quiet: bool,
        /// Leave the terminal and its session.
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// Print every procedure as commands for paper or a bare shell: for the day ripcord itself is the problem.
    PanicSheet {
        /// What is printed.
        #[command(flatten)]
        target: Target,
    },
    /// Replay triggers and matrix over what Prometheus has kept, or over recorded samples: would this rule have fired?
    Backtest {
        /// What is judged.
        #[command(flatten)]
        target: Target,
        /// Over what, and how it is told.
        #[command(flatten)]
        asked: Past,
    },
    /// Write the report of a run, of a decision (also one not to roll back), or of an incident.
    Report(super::report::Report),
    /// Pack the evidence of a run into one file with a manifest of hashes: records, plan, playbook, outputs, captures, logs,
    /// metrics.
    Bundle(super::bundle::Bundle),
    /// Check that the records are whole, or print all of them.
    Audit {
        /// What is done.
        #[command(subcommand)]
        what: super::audit::Audit,
    },
    /// List runs and drills of one service or of all, newest first, or show one.
    Runs(super::runs::past::Runs),
    /// Go on with a run that nobody drives, or say what an unknown step did.
    Resume {
        /// Id of the run (the newest unfinished one when none is named).
        #[arg(long, value_name = "ID")]
        run: Option<String>,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// The unknown step was done.
        #[arg(long, conflicts_with = "not_done")]
        done: bool,
        /// The unknown step was not done.
        #[arg(long)]
        not_done: bool,
        /// Accept what was applied although it is not verified.
        #[arg(long, conflicts_with_all = ["done", "not_done"])]
        accept: bool,
        /// End the run where it is.
        #[arg(long, conflicts_with_all = ["done", "not_done", "accept"])]
        abandon: bool,
        /// Go on with the steps of another account's lost run, as a run of your own.
        #[arg(long, conflicts_with_all = ["done", "not_done", "accept", "abandon"])]
        successor: bool,
        /// Do not ask whether the successor is to start.
        #[arg(long, requires = "successor")]
        yes: bool,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Agree to a run before its first step, or refuse it.
    Approve {
        /// Id of the run (the newest that waits when none is named).
        #[arg(value_name = "RUN")]
        run: Option<String>,
        /// Where it is recorded.
        #[command(flatten)]
        records: Records,
        /// Do not agree, and say why: the run ends, nothing was changed.
        #[arg(long, value_name = "REASON")]
        refuse: Option<String>,
        /// On a shared account: who you are. It is taken as said, and shown so.
        #[arg(long = "as", value_name = "NAME")]
        name: Option<String>,
        /// Agree without being asked.
        #[arg(long, conflicts_with = "refuse")]
        yes: bool,
    },
    /// Ask something of a run that goes on: pause, stop, settle, answer, page.
    Ask {
        /// Id of the run.
        #[arg(value_name = "RUN")]
        run: String,
        /// Where it is recorded.
        #[command(flatten)]
        records: Records,
        /// What is asked.
        #[command(subcommand)]
        wish: Wished,
    },
    /// What is to be done after runs and incidents: list it, add to it, say who does it and that it is done. Exit 10 when
    /// something is overdue.
    Followups(super::followups::FollowUps),
    /// What people see and say.
    #[command(flatten)]
    People(People),
}

/// What people see and say without a screen.
#[derive(Debug, Subcommand)]
pub enum People {
    /// Show the verdict, what fires, what is to be decided and who decides; exit 0 ok, 10 warn, 11 critical, 12 unknown.
    Status {
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// As one JSON document.
        #[arg(long)]
        json: bool,
    },
    /// Say what is to be done about an open decision: roll back, hold, or extend its time.
    #[command(
        override_usage = "ripcord decide [CLOCK] <roll-back|hold|extend> [PLAYBOOK] --reason <REASON> [OPTIONS]"
    )]
    Decide {
        /// `roll-back`, `hold` or `extend`; before it the decision, when more than one is open.
        #[arg(value_name = "CLOCK|CHOICE")]
        first: String,
        /// See above.
        #[arg(value_name = "CHOICE|PLAYBOOK")]
        second: Option<String>,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// By how much its time is extended.
        #[arg(long = "for", value_name = "DURATION", default_value = "10m")]
        more: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Roll back by this procedure instead of the recommended one.
        #[arg(long)]
        procedure: Option<String>,
        /// Confirm the rollback without being asked; in a danger environment give the service's name.
        #[arg(long, value_name = "SERVICE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
        yes: Option<String>,
    },
    /// Let automation act, or say what it would do, for one trigger or for all.
    Arm {
        /// The trigger; all when none is named.
        #[arg(value_name = "TRIGGER")]
        trigger: Option<String>,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// What it may do.
        #[arg(long, value_enum, default_value_t = Mode::Armed)]
        mode: Mode,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Confirm without being asked; in a danger environment give the service's name.
        #[arg(long, value_name = "SERVICE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
        yes: Option<String>,
    },
    /// Stop automation at once, for one trigger or for all. Nothing is asked.
    Disarm {
        /// The trigger; all when none is named.
        #[arg(value_name = "TRIGGER")]
        trigger: Option<String>,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// Why.
        #[arg(long, default_value = "by hand")]
        reason: String,
    },
    /// Say that a firing was seen: it rings no more, and what a failure stopped may act again. Or take the incident: its
    /// ladder waits for 30 minutes, or until something graver fires.
    Ack {
        /// The firing, or the incident (its name, or the word); the only one that nobody has seen when none is named.
        #[arg(value_name = "FIRING")]
        firing: Option<String>,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// In your words.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// What people are told: send it, try a channel, see what came of it.
    Notify {
        /// What is to be done.
        #[command(subcommand)]
        what: super::notify::Notify,
    },
    /// Put a note on record.
    Note {
        /// In your words.
        text: String,
        /// Of which service.
        #[command(flatten)]
        target: Target,
    },
    /// Tick an item of a checklist; without one, show the checklists.
    Tick {
        /// The checklist.
        #[arg(value_name = "CHECKLIST")]
        checklist: Option<String>,
        /// The item: its number, or how its text begins.
        #[arg(value_name = "ITEM")]
        item: Option<String>,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// Take the tick back.
        #[arg(long)]
        undo: bool,
        /// Do what the item does itself; it is ticked when that succeeds.
        #[arg(long = "do", conflicts_with = "undo")]
        does: bool,
        /// Go on without the item, for this reason.
        #[arg(long, value_name = "REASON", conflicts_with_all = ["undo", "does"])]
        without: Option<String>,
        /// In your words.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Raise a flag.
    Flag {
        /// The signal.
        signal: String,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// Lower it.
        #[arg(long)]
        lower: bool,
        /// In your words.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Count one.
    Count {
        /// The signal.
        signal: String,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// Take one back.
        #[arg(long)]
        back: bool,
    },
    /// Show the incident, or say something of it: how grave it is, who leads, that it is over.
    Incident(super::incident::Asked),
    /// Mark a moment: what the signals were before it is what is normal for them.
    Mark {
        /// Name of the mark.
        name: String,
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// The moment: a time (`2026-11-21T10:00:00Z`), or how long ago it was (`10m`).
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Show what happened, as it is on record: decisions, triggers, runs and their steps, notes, ticks, messages.
    Timeline {
        /// Of which service.
        #[command(flatten)]
        target: Target,
        /// What of it, and how.
        #[command(flatten)]
        asked: Events,
    },
    /// Show what a verdict, a trigger, a firing or a decision rests on.
    Why {
        /// `verdict`, or the id of a trigger, a firing or a decision.
        #[arg(value_name = "WHAT")]
        what: String,
        /// Of which service.
        #[command(flatten)]
        target: Target,
    },
}

/// What automation may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Act.
    Armed,
    /// Say what it would have done.
    Shadow,
}

/// What can be asked of a run.
#[derive(Debug, Clone, Subcommand)]
pub enum Wished {
    /// Start no further step.
    Pause {
        /// Why.
        #[arg(long, default_value = "asked by hand")]
        reason: String,
    },
    /// Go on after a pause.
    Continue,
    /// Stop what runs (TERM, grace, KILL) and end the run.
    Stop {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// The step that waits was done: go on after it.
    Done {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// The step that waits was not done: try it again.
    #[command(alias = "not-done")]
    Retry {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Leave the step that waits and go on behind it.
    Skip {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Do the step whose condition cannot be judged.
    DoIt {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Ask again what an unknown step did.
    Probe,
    /// Answer the question of a step.
    Answer {
        /// The chosen answer, where there is a choice.
        label: Option<String>,
        /// The text that is asked for.
        #[arg(long, value_name = "TEXT")]
        input: Option<String>,
    },
    /// Tell the next people that it is not verified.
    Page,
    /// Accept what was applied although it is not verified.
    Accept {
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// End the run where it is; nothing is stopped.
    Abandon {
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

/// What `config` shows.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print an example with every key explained.
    Example,
}

/// How problems are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_playbook_alone_opens_the_screen_and_a_subcommand_does_not() {
        let cli = Cli::parse_from(["ripcord", "x.toml", "--env", "production"]);
        assert!(cli.command.is_none() && cli.screen.target.playbook.as_deref() == Some("x.toml"));
        let cli = Cli::parse_from(["ripcord", "run", "config", "--yes", "x.toml"]);
        assert!(matches!(cli.command, Some(Command::Run { yes: Some(y), .. }) if y.is_empty()));
    }
}

/// `ripcord drill`
#[derive(Debug, Clone, clap::Args)]
#[group(id = "rehearsed")]
pub struct Drill {
    /// Playbooks (files, folders, or names of shipped ones), or files that describe one drill. With --all and none: all
    /// that are shipped.
    pub what: Vec<String>,
    /// Rehearse everything of each playbook.
    #[arg(long)]
    pub all: bool,
    /// Rehearse this scenario.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Start this procedure by hand.
    #[arg(long, value_name = "NAME")]
    pub procedure: Option<String>,
    /// What goes wrong, and after what time: `errors`, `errors:30s`. May be given again.
    #[arg(long, value_name = "NAME[:AT]")]
    pub chaos: Vec<String>,
    /// Only cases whose name holds this (with --all).
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Seed of the service's noise: the same seed, the same stream of events. A scenario has its own.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How much faster than life it goes on a screen. Without one nothing is waited for.
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub speed: f64,
    /// Without a screen: a robot plays the operator.
    #[arg(long)]
    pub headless: bool,
    /// Say what came of it as JSON.
    #[arg(long)]
    pub json: bool,
    /// Write the report of each drill into this folder: Markdown, JSON and HTML. Without a screen.
    #[arg(long, value_name = "DIR", requires = "headless")]
    pub report: Option<PathBuf>,
    /// When it begins, on its own clock: with it, the same seed and the same --by two drills have the same report.
    #[arg(long, value_name = "TIME", requires = "headless")]
    pub at: Option<String>,
    /// Who rehearses, by name.
    #[arg(long, value_name = "NAME", requires = "headless")]
    pub by: Option<String>,
    /// How it is drawn.
    #[command(flatten)]
    pub look: Look,
    /// Tell everything that happened.
    #[arg(long, short)]
    pub verbose: bool,
    /// Give a variable another value; may be given again.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub vars: Vec<String>,
    /// Folder of all records; drills have one of their own in it.
    #[arg(long, value_name = "DIR", env = "RIPCORD_STATE_DIR")]
    pub state_dir: Option<PathBuf>,
}

/// `ripcord drill report`
#[derive(Debug, Clone, clap::Subcommand)]
pub enum DrillCommand {
    /// The report of a month: drills, trend of each time, findings. Written where the playbook says, and printed.
    Report {
        /// Playbook (file or name); none: every service of which drills are kept.
        playbook: Option<String>,
        /// The month, `YYYY-MM`; this one when not written.
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
        /// Only print it.
        #[arg(long)]
        print: bool,
        /// Folder of all records.
        #[arg(long, value_name = "DIR", env = "RIPCORD_STATE_DIR")]
        state_dir: Option<PathBuf>,
    },
}
