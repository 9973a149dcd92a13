//! `ripcord fleet`: every environment of every playbook, worst first; as a screen, or once as JSON.

mod json;

use super::args::{Fleet, Target};
use super::{exit, look, screen, target, watch};
use crate::config::paths::{self, environment};
use crate::config::playbook::load;
use crate::config::settings::Settings;
use crate::driver::Setup;
use crate::driver::fleet::{Desk, Open, Sources, once};
use crate::session::view::Gravity;
use std::path::{Path, PathBuf};

/// Shows the fleet.
pub fn fleet(asked: &Fleet) -> u8 {
    let Ok(settings) = target::settings_of(asked.records.config.as_deref()) else { return exit::USAGE };
    let Ok(state_root) = target::state_root(asked.records.state_dir.clone(), &settings) else {
        return exit::USAGE;
    };
    let playbooks = match named(&asked.playbooks, &settings) {
        Ok(playbooks) => playbooks,
        Err(why) => {
            eprintln!("error: {why}\n  hint: ripcord fleet DIR, or `playbook_dir = …` in config.toml");
            return exit::USAGE;
        }
    };
    let sources = Sources { playbooks, state_root: state_root.clone(), also: Vec::new() };
    if asked.json {
        let fleet = once(sources);
        println!("{:#}", json::document(&fleet));
        return match fleet.worst() {
            Gravity::Ok => exit::OK,
            Gravity::Warn => exit::STATUS_WARN,
            Gravity::Critical => exit::STATUS_CRITICAL,
            Gravity::Unknown => exit::STATUS_UNKNOWN,
        };
    }
    let Ok(look) = look::look(&asked.look, &settings) else { return exit::USAGE };
    let open = opener(state_root, asked.records.config.clone(), asked.read_only);
    screen::show(|world| Desk::new(None, sources, open, world), look)
}

/// The paths of playbooks that are named; the folder of playbooks when none is.
fn named(names: &[String], settings: &Settings) -> Result<Vec<PathBuf>, String> {
    let folder = settings.playbook_dir.clone().or_else(|| paths::playbook_dir(&environment));
    if names.is_empty() {
        let folder = folder.ok_or("there is no folder of playbooks: HOME is not set")?;
        return match folder.is_dir() {
            true => Ok(vec![folder]),
            false => Err(format!("there is no folder of playbooks: {}", folder.display())),
        };
    }
    let found = names.iter().map(|n| paths::find_playbook(n, folder.as_deref()));
    found
        .map(|p| if p.exists() { Ok(p) } else { Err(format!("{}: no such file or folder", p.display())) })
        .collect()
}

/// The fleet behind a service that was opened alone: the folder of playbooks, and its own file.
pub fn around(of: &Target, settings: &Settings, setup: &Setup) -> (Sources, Open) {
    let folder = settings.playbook_dir.clone().or_else(|| paths::playbook_dir(&environment));
    let name = of.playbook.as_deref().or(settings.playbook.as_deref());
    let file = name.map(|name| paths::find_playbook(name, folder.as_deref()));
    let playbooks = folder.filter(|f| f.is_dir()).into_iter().chain(file).collect();
    let state_root = setup.folder.parent().map(Path::to_path_buf).unwrap_or_default();
    let open = opener(state_root.clone(), of.config.clone(), setup.read_only);
    (Sources { playbooks, state_root, also: Vec::new() }, open)
}

/// Nothing can be opened.
pub fn none() -> Open {
    Box::new(|_, _| Err("there is no other service here".into()))
}

/// Opens an environment of a playbook as `ripcord PLAYBOOK --env NAME` would.
fn opener(state_root: PathBuf, config: Option<PathBuf>, read_only: bool) -> Open {
    Box::new(move |file, environment| {
        let loaded = load(file).map_err(|problems| match problems.first() {
            Some(p) => format!("{}:{}: {}. {}", p.file, p.line, p.message, p.hint),
            None => format!("{}: it cannot be used", file.display()),
        })?;
        let setup = target::made(&loaded, environment, &Default::default(), &state_root)?;
        let of = Target {
            playbook: Some(file.display().to_string()),
            env: Some(environment.to_owned()),
            vars: Vec::new(),
            state_dir: None,
            config: config.clone(),
        };
        let watch = watch::words(&of, &setup);
        Ok(Setup { watch, read_only, ..setup })
    })
}
