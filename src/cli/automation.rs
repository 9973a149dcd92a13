//! `ripcord arm` and `ripcord disarm`: what automation may do.

use super::args::{Mode, Target};
use super::say::{append, one_of, put, state, words};
use super::{exit, run, target, watch};
use crate::config::paths;
use crate::driver::Setup;
use crate::driver::watch::start_detached;
use crate::model::playbook::{Automation, Confirm, Tone};
use crate::model::text::clean_line;
use crate::session::decision::{Kind, Rules};
use crate::supervisor::person;
use std::path::{Path, PathBuf};

/// Lets automation act, or say what it would do.
pub fn arm(of: &Target, trigger: Option<&str>, mode: Mode, reason: &str, yes: Option<&str>) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let setup = &opened.setup;
    let Ok(reason) = words(reason, "--reason") else { return exit::USAGE };
    if let Some(id) = trigger
        && one_of("trigger", id, setup.playbook.triggers.keys()).is_err()
    {
        return exit::USAGE;
    }
    let mode = match mode {
        Mode::Armed => Automation::Armed,
        Mode::Shadow => Automation::Shadow,
    };
    let environment = setup.playbook.environments.get(&setup.environment);
    let ceiling = environment.map(|e| e.automation).unwrap_or_default();
    if mode > ceiling {
        eprintln!(
            "REFUSED: {} allows automation no more than {}.\n  hint: `automation` of the environment in the playbook",
            setup.environment,
            word(ceiling)
        );
        return exit::REFUSED;
    }
    let asks = environment.is_some_and(|e| e.tone == Tone::Danger || e.confirm == Confirm::Type);
    if mode == Automation::Armed && asks {
        println!("{} ▸ {}", setup.playbook.service.name, setup.environment.to_uppercase());
        println!("  From now on these act by themselves, without a person:");
        for line in acting(setup, trigger) {
            println!("  {line}");
        }
        if !run::confirmed(setup, true, yes, "arm") {
            eprintln!("Not confirmed: nothing was armed.");
            return exit::REFUSED;
        }
    }
    let kind = Kind::AutomationSet { trigger: trigger.map(str::to_owned), mode, who: person(), reason };
    if let Err(code) = put(setup, &kind) {
        return code;
    }
    println!("{}: {}.", trigger.unwrap_or("all triggers"), word(mode).to_uppercase());
    let state = match state(&setup.folder) {
        Ok(state) => state,
        Err(code) => return code,
    };
    let named = setup.playbook.triggers.iter().filter(|(id, _)| trigger.is_none_or(|t| t == *id));
    for (id, t) in named {
        let may = state.mode(ceiling, id, t.mode);
        if may < mode {
            let all = state.automation.as_ref().filter(|s| s.mode == may && trigger.is_some());
            let why = all.map(|s| format!(": all are, by {} (`ripcord arm` without a name)", s.who.user));
            println!("  {id} stays {}{}", word(may), why.unwrap_or_default());
        }
    }
    match start_detached(&setup.folder, &watch::words(of, setup)) {
        Ok(()) => {
            println!("A watcher decides: `ripcord status` shows it.");
            exit::OK
        }
        Err(why) => {
            eprintln!("NOBODY WATCHES, so nothing acts: {}\n  hint: ripcord watch", clean_line(&why));
            exit::UNKNOWN
        }
    }
}

/// What would act by itself: trigger and procedure.
fn acting(setup: &Setup, trigger: Option<&str>) -> Vec<String> {
    let named = setup.playbook.triggers.iter().filter(|(id, _)| trigger.is_none_or(|t| t == *id));
    let named = named.filter_map(|(id, t)| {
        let procedure = setup.playbook.procedures.get(t.procedure.as_ref()?)?;
        Some(format!("  {id}: {} → {}", clean_line(&t.title), clean_line(&procedure.title)))
    });
    named.collect()
}

/// Stops automation. Nothing is asked, and a playbook that cannot be used any more does not stand in the way.
pub fn disarm(of: &Target, trigger: Option<&str>, reason: &str) -> u8 {
    let reason = match clean_line(reason).trim() {
        "" => "by hand".to_owned(),
        said => said.to_owned(),
    };
    let (home, rules) = match target::open(of) {
        Ok(opened) => {
            if let Some(id) = trigger
                && one_of("trigger", id, opened.setup.playbook.triggers.keys()).is_err()
            {
                return exit::USAGE;
            }
            let rules = Rules::of(&opened.setup.playbook, &opened.setup.environment);
            (opened.setup.folder, rules)
        }
        Err(()) => match folder(of) {
            Some(home) => {
                eprintln!("warning: the playbook cannot be used; disarmed by its folder {}", home.display());
                (home, Rules::default())
            }
            None => return exit::USAGE,
        },
    };
    let mode = Automation::Off;
    let kind = Kind::AutomationSet { trigger: trigger.map(str::to_owned), mode, who: person(), reason };
    match append(&home, &rules, &kind) {
        Ok(_) => {
            println!("{}: DISARMED.", trigger.unwrap_or("all triggers"));
            exit::OK
        }
        Err(code) => code,
    }
}

/// The folder of a service whose playbook cannot be used: by the names that stand in its file, line by line, or by the
/// folder's own name.
fn folder(of: &Target) -> Option<PathBuf> {
    let settings = target::settings_of(of.config.as_deref()).unwrap_or_default();
    let root = target::state_root(of.state_dir.clone(), &settings).ok()?;
    let name = of.playbook.clone().or(settings.playbook)?;
    let playbooks = settings.playbook_dir.or_else(|| paths::playbook_dir(&paths::environment));
    let file = paths::find_playbook(&name, playbooks.as_deref());
    let service = std::fs::read(&file)
        .ok()
        .and_then(|bytes| service(&String::from_utf8_lossy(&bytes)))
        .unwrap_or_else(|| name.trim_end_matches(".toml").to_owned());
    let found = homes(&root, &service);
    let wanted = of.env.as_ref().map(|env| paths::service_dir(&root, &service, env));
    match (wanted, found.as_slice()) {
        (Some(home), _) if found.contains(&home) => Some(home),
        (None, [only]) => Some(only.clone()),
        (wanted, _) => {
            let names: Vec<String> =
                found.iter().filter_map(|p| Some(p.file_name()?.to_string_lossy().into_owned())).collect();
            match (wanted, names.is_empty()) {
                (None, false) => eprintln!("error: which of {}?\n  hint: --env", names.join(", ")),
                _ => {
                    eprintln!("error: nothing of {} is recorded in {}", clean_line(&service), root.display())
                }
            }
            None
        }
    }
}

/// The folders of a service in all its environments.
fn homes(root: &Path, service: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    let of_it = |name: &str| name.split_once('@').is_some_and(|(s, _)| s == service) || name == service;
    let named = entries.filter(|e| of_it(&e.file_name().to_string_lossy()));
    let mut out: Vec<PathBuf> = named.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    out.sort();
    out
}

/// `name` of `[service]`, of a file that need not be whole.
fn service(text: &str) -> Option<String> {
    let mut section = "";
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        let value = line.strip_prefix("name").map(str::trim_start).and_then(|rest| rest.strip_prefix('='));
        if let (true, Some(value)) = (section.starts_with("[service]"), value) {
            let value = value.trim().trim_start_matches(['"', '\'']);
            let name = value.split(['"', '\'']).next().unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            return Some(name.to_owned())
                .filter(|n| !n.is_empty() && n.chars().all(plain) && !n.contains(".."));
        }
    }
    None
}

/// A mode in one word.
pub fn word(mode: Automation) -> &'static str {
    match mode {
        Automation::Off => "disarmed",
        Automation::Shadow => "shadow",
        Automation::Armed => "armed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_found_in_a_file_that_is_broken() {
        let text = "schema = 1\n[environments.x]\nname = 'no'\n[service]\n# name = 'c'\nname = \"shop\" # it\n[signals\n";
        assert_eq!(service(text).as_deref(), Some("shop"));
        assert_eq!(service("[service]\nname = '../etc'"), None);
        assert_eq!(service("[[["), None);
    }

    #[test]
    fn a_folder_is_found_by_the_service_in_the_file_and_the_environment() {
        let root = tempfile::tempdir().unwrap();
        for name in ["shop@here", "shop@there", "shopping@here"] {
            std::fs::create_dir(root.path().join(name)).unwrap();
        }
        let file = root.path().join("broken.toml");
        std::fs::write(&file, "[service]\nname = 'shop'\n[[[").unwrap();
        let mut of = Target {
            playbook: Some(file.display().to_string()),
            env: Some("there".into()),
            vars: Vec::new(),
            state_dir: Some(root.path().to_owned()),
            config: None,
        };
        assert_eq!(folder(&of), Some(root.path().join("shop@there")));
        of.env = None;
        assert_eq!(folder(&of), None, "one of two");
        std::fs::remove_dir(root.path().join("shop@there")).unwrap();
        assert_eq!(folder(&of), Some(root.path().join("shop@here")));
        of.env = Some("nowhere".into());
        assert_eq!(folder(&of), None);
    }
}
