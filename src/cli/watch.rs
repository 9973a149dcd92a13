//! `ripcord watch`: the watcher in the foreground, as systemd starts it; and the words that start one in the background.

use super::args::Target;
use super::{exit, runtime, target};
use crate::config::paths::{self, environment};
use crate::driver::Setup;
use crate::driver::watch::{self, End, Options};
use std::ffi::OsString;

/// Watches until it is told to end.
pub fn watch(of: &Target, take_over: Option<String>, quiet: bool, detached: bool) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    if detached {
        // Fails only for a process that leads a group already, which then is its own session's business.
        let _ = rustix::process::setsid();
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("error: {e}");
            return exit::USAGE;
        }
    };
    let end = runtime.block_on(watch::run(opened.setup, Options { take_over, quiet }));
    // Hung endpoints must not hold the way out.
    runtime.shutdown_background();
    match end {
        End::Left => exit::OK,
        End::Superseded(why) => {
            eprintln!("ripcord watch: {why}");
            exit::LOCKED
        }
        End::Failed(why) => {
            eprintln!("error: {why}");
            exit::REFUSED
        }
    }
}

/// The arguments after which [`watch::start_detached`] watches what these name, from any folder.
pub fn words(of: &Target, setup: &Setup) -> Vec<OsString> {
    let absolute = |path: &std::path::Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut out: Vec<OsString> = Vec::new();
    if let Some(name) = &of.playbook {
        // A name is looked up as it was here, a file by its whole path.
        let settings = target::settings_of(of.config.as_deref()).unwrap_or_default();
        let folder = settings.playbook_dir.or_else(|| paths::playbook_dir(&environment));
        out.push(absolute(&paths::find_playbook(name, folder.as_deref())).into());
    }
    out.extend(["--env".into(), OsString::from(&setup.environment)]);
    out.extend(of.vars.iter().flat_map(|v| ["--var".into(), OsString::from(v)]));
    if let Some(root) = setup.folder.parent() {
        out.extend(["--state-dir".into(), root.into()]);
    }
    if let Some(config) = &of.config {
        out.extend(["--config".into(), absolute(config).into()]);
    }
    out
}
