//! Arguments, subcommands, exit codes.

mod ack;
mod approve;
pub mod args;
mod ask;
mod audit;
mod automation;
mod backtest;
mod bundle;
mod count;
mod decide;
mod demo;
mod drill;
pub mod exit;
mod fleet;
mod followups;
mod incident;
mod init;
mod look;
mod mark;
mod note;
mod notify;
pub mod report;
mod run;
mod runs;
mod say;
mod screen;
mod sheet;
mod shown;
mod status;
mod target;
mod tick;
mod timeline;
mod watch;
mod why;

use crate::config;
use crate::config::check::Others;
use crate::config::keys::Keys;
use crate::config::problem::{Problem, Severity};
use crate::run::record::Wish;
use crate::tui::keymap::{self, Keymap};
use crate::tui::theme::Theme;
use args::{Cli, Command, ConfigCommand, Format};
use clap::Parser;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Entry point of the program: parses the arguments and runs one subcommand.
pub fn main() -> ExitCode {
    // Our own re-executions come first: they must not depend on anything a person can misspell.
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().as_ref().and_then(|a| a.to_str()) {
        Some("__stub") => return crate::supervisor::attempt::stub::main(arguments),
        Some("__supervise") => return crate::supervisor::main(arguments),
        _ => {}
    }
    let cli = Cli::parse();
    if let Err(e) = color_eyre::install() {
        eprintln!("warning: {e}");
    }
    ExitCode::from(match cli.command {
        None => screen::open(&cli.screen),
        Some(Command::Check { files, format }) => check(&files, format),
        Some(Command::Config { what: ConfigCommand::Example }) => {
            print!("{}", config::settings::EXAMPLE);
            exit::OK
        }
        Some(Command::Keys { config }) => keys(config.as_deref()),
        Some(Command::Init(asked)) => init::init(&asked),
        Some(Command::Fleet(asked)) => fleet::fleet(&asked),
        Some(Command::Demo { headless, seed, state_dir, look }) => {
            demo::play(headless, seed, state_dir, &look)
        }
        Some(Command::Drill { asked, what: None }) => drill::play(&asked),
        Some(Command::Drill {
            what: Some(args::DrillCommand::Report { playbook, month, print, state_dir }),
            ..
        }) => drill::report(playbook.as_deref(), month.as_deref(), print, state_dir),
        Some(Command::Run { procedure, target, params, reason, yes, dry_run, go_on, replace, beside }) => {
            let ask = run::Ask {
                procedure: &procedure,
                params: &params,
                reason: &reason,
                yes: yes.as_deref(),
                dry_run,
                go_on: go_on.as_deref(),
                replace: replace.as_deref(),
                beside: beside.as_deref(),
            };
            run::run(&target, &ask)
        }
        Some(Command::Watch { target, take_over, quiet, detached }) => {
            watch::watch(&target, take_over, quiet, detached)
        }
        Some(Command::PanicSheet { target }) => sheet::print(&target),
        Some(Command::Backtest { target, asked }) => backtest::play(&target, &asked),
        Some(Command::Report(asked)) => report::tell(&asked),
        Some(Command::Audit { what }) => audit::act(&what),
        Some(Command::Bundle(asked)) => bundle::make(&asked),
        Some(Command::Runs(runs::past::Runs { what: Some(runs::show::What::Show(one)), .. })) => {
            runs::show::show(&one)
        }
        Some(Command::Runs(asked)) => runs::past::list(&asked),
        Some(Command::Resume { run, target, successor: true, yes, reason, .. }) => runs::succeed(
            &target,
            run.as_deref(),
            reason.as_deref().unwrap_or("its supervisor was lost"),
            yes,
        ),
        Some(Command::Resume { run, target, done, not_done, accept, abandon, reason, .. }) => {
            let reason = reason.unwrap_or_else(|| "said by hand".into());
            let wish = match (done, not_done, accept, abandon) {
                (true, ..) => Some(Wish::Settle { done: true, reason }),
                (_, true, ..) => Some(Wish::Settle { done: false, reason }),
                (_, _, true, _) => Some(Wish::Accept { reason }),
                (.., true) => Some(Wish::Abandon { reason }),
                _ => None,
            };
            runs::resume(&target, run.as_deref(), wish)
        }
        Some(Command::Approve { run, records, refuse, name, yes }) => {
            approve::approve(&records, approve::Word { run: run.as_deref(), refuse, name, yes })
        }
        Some(Command::Ask { run, records, wish }) => ask::ask(&records, &run, wish),
        Some(Command::Followups(asked)) => followups::act(asked),
        Some(Command::People(said)) => say::act(said),
    })
}

/// The runtime of everything that waits: small, for two things at once are enough on a bastion.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

/// Prints the table of keys, with the person's own in it.
fn keys(config: Option<&std::path::Path>) -> u8 {
    let map = target::settings_of(config)
        .and_then(|settings| Keymap::with(&settings.keys).map_err(|problems| target::print(&problems)));
    let Ok(map) = map else { return exit::USAGE };
    print!("{}", keymap::paper::markdown(&map));
    exit::OK
}

fn check(files: &[std::path::PathBuf], format: Format) -> u8 {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let format = match format {
        Format::Text => config::check::Format::Text,
        Format::Json => config::check::Format::Json,
    };
    let keys = |keys: &Keys| Keymap::with(keys).err().unwrap_or_default();
    let others = Others { theme: &theme, keys: &keys };
    let code = config::check::run(files, format, color, &others, &mut std::io::stdout().lock());
    code as u8
}

/// The problems of a theme file.
fn theme(file: &str, text: &str) -> Vec<Problem> {
    let errors = Theme::parse(text).err().unwrap_or_default();
    errors.into_iter().map(|e| Problem::at(file, text, e.span, Severity::Error, e.message, e.hint)).collect()
}
