//! From arguments to a playbook in one environment, checked, with the folder of its records.

use super::args::Target;
use crate::config::paths::{self, environment};
use crate::config::problem::Problem;
use crate::config::settings::{self, Settings};
use crate::config::{self, playbook::Loaded};
use crate::driver::Setup;
use crate::model::resolve::resolve;
use crate::supervisor::secrets::guard;
use indexmap::IndexMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What was opened.
pub struct Opened {
    /// The service, ready to be watched.
    pub setup: Setup,
    /// The configuration.
    pub settings: Settings,
}

/// Finds, reads and checks what the arguments name. Problems are printed to standard error.
///
/// # Errors
/// When something is wrong; it has been printed, the exit code is 2.
pub fn open(target: &Target) -> Result<Opened, ()> {
    let settings = settings_of(target.config.as_deref())?;
    let Some(name) = target.playbook.as_deref().or(settings.playbook.as_deref()) else {
        eprintln!(
            "error: no playbook is named\n  hint: ripcord PLAYBOOK, or `playbook = …` in config.toml; `ripcord demo` needs none"
        );
        return Err(());
    };
    let folder = settings.playbook_dir.clone().or_else(|| paths::playbook_dir(&environment));
    let file = paths::find_playbook(name, folder.as_deref());
    let loaded = config::playbook::load(&file).map_err(|p| print(&p))?;
    let setup = setup(loaded, target, &settings)?;
    Ok(Opened { setup, settings })
}

/// The configuration: the named file, or the usual one where it exists.
///
/// # Errors
/// When it is wrong; it has been printed.
pub fn settings_of(file: Option<&std::path::Path>) -> Result<Settings, ()> {
    if let Some(path) = file {
        settings::use_file(path);
    }
    let (path, required) = match file {
        Some(path) => (Some(path.to_path_buf()), true),
        None => (paths::config_file(&environment), false),
    };
    match path {
        Some(path) => settings::load(&path, required, &environment).map_err(|p| print(&p)),
        None => Ok(Settings::default()),
    }
}

/// The folder of all records.
///
/// # Errors
/// When there is none, not even a home; it has been printed.
pub fn state_root(given: Option<PathBuf>, settings: &Settings) -> Result<PathBuf, ()> {
    let root = given.or_else(|| settings.state_dir.clone()).or_else(|| paths::state_root(&environment));
    let root = root.ok_or_else(|| {
        eprintln!("error: there is no folder for records: HOME is not set\n  hint: --state-dir DIR");
    })?;
    std::path::absolute(&root).map_err(|e| eprintln!("error: {}: {e}", root.display()))
}

/// A loaded playbook, resolved for the environment of the arguments.
///
/// # Errors
/// When the environment or a variable is wrong; it has been printed.
pub fn setup(loaded: Loaded, target: &Target, settings: &Settings) -> Result<Setup, ()> {
    let known: Vec<&String> = loaded.playbook.environments.keys().collect();
    let environment = match (&target.env, known.as_slice()) {
        (Some(name), _) => name.clone(),
        (None, [only]) => (*only).clone(),
        (None, _) => {
            let names: Vec<&str> = known.iter().map(|n| n.as_str()).collect();
            eprintln!("error: which environment? there is {}\n  hint: --env {}", names.join(", "), names[0]);
            return Err(());
        }
    };
    let vars = pairs(&target.vars, "--var")?;
    let root = state_root(target.state_dir.clone(), settings)?;
    made(&loaded, &environment, &vars, &root).map_err(|e| eprintln!("error: {e}"))
}

/// A loaded playbook in one environment, with its records below a folder.
///
/// # Errors
/// In words, when the environment or a variable is wrong.
pub fn made(
    loaded: &Loaded,
    environment: &str,
    vars: &IndexMap<String, String>,
    root: &Path,
) -> Result<Setup, String> {
    let playbook = resolve(&loaded.playbook, environment, vars).map_err(|e| e.to_string())?;
    let folder = paths::service_dir(root, &playbook.service.name, environment);
    guard(&playbook.secrets);
    Ok(Setup {
        playbook,
        hash: loaded.hash.clone(),
        environment: environment.to_owned(),
        folder,
        watch: Vec::new(),
        demo: None,
        read_only: false,
    })
}

/// `NAME=VALUE` arguments as a table.
///
/// # Errors
/// When one has no `=`; it has been printed.
pub fn pairs(given: &[String], option: &str) -> Result<IndexMap<String, String>, ()> {
    given
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((name.to_string(), value.to_string())),
            None => {
                eprintln!("error: `{pair}` is not NAME=VALUE\n  hint: {option} url=http://localhost:8080");
                Err(())
            }
        })
        .collect()
}

/// Prints problems to standard error.
pub fn print(problems: &[Problem]) {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for problem in problems {
        eprintln!("{}", problem.render(color));
    }
}
