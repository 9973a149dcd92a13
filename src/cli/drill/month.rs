//! `ripcord drill report`: the report of a month.

use crate::cli::{exit, target};
use crate::config;
use crate::journal::{atomic_write, real};
use crate::model::rehearsal::Drilled;
use crate::model::template::Template;
use crate::report::drill::month as written;
use crate::supervisor::drills;
use std::path::{Path, PathBuf};

/// Writes the report of a month, and prints it.
pub fn report(playbook: Option<&str>, month: Option<&str>, print: bool, state_dir: Option<PathBuf>) -> u8 {
    let this = jiff::Zoned::now().strftime("%Y-%m").to_string();
    let month = month.unwrap_or(&this);
    let Some((year, number)) = month.split_once('-').filter(|(y, m)| y.len() == 4 && m.len() == 2) else {
        eprintln!("error: `{month}` is no month\n  hint: --month 2026-11");
        return exit::USAGE;
    };
    let Ok(settings) = target::settings_of(None) else { return exit::USAGE };
    let Ok(root) = target::state_root(state_dir, &settings) else { return exit::USAGE };
    let (mut services, mut own) = (drills::services(&root), None);
    if let Some(name) = playbook {
        let file = config::paths::find_playbook(name, settings.playbook_dir.as_deref());
        let Ok(loaded) = config::playbook::load(&file).map_err(|p| target::print(&p)) else {
            return exit::USAGE;
        };
        services = vec![loaded.playbook.service.name.clone()];
        own = loaded.playbook.drill.and_then(|d| d.report);
    }
    let in_month = |d: &Drilled| {
        jiff::Timestamp::from_millisecond(d.wall).is_ok_and(|t| t.strftime("%Y-%m").to_string() == month)
    };
    let all: Vec<Drilled> = services.iter().flat_map(|s| drills::all(&root, s)).filter(in_month).collect();
    let text = written(month, &all);
    let path = match own.map(|t: Template| {
        t.fill(&|name| match name {
            "year" => Some(year.to_owned()),
            "month" => Some(number.to_owned()),
            "service.name" => services.first().cloned(),
            _ => None,
        })
    }) {
        Some(Ok(path)) => root.join("drills").join(path),
        Some(Err(e)) => {
            eprintln!("error: [drill] report: {e}");
            return exit::USAGE;
        }
        None => root.join("drills/reports").join(format!("drill-{year}{number}.md")),
    };
    println!("{text}");
    if print {
        return exit::OK;
    }
    match write(&path, &text) {
        Ok(()) => {
            eprintln!("written to {}", path.display());
            exit::OK
        }
        Err(e) => {
            eprintln!("error: {}: {e}", path.display());
            exit::USAGE
        }
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    atomic_write(&*real(), path, text.as_bytes(), 0o644).map_err(std::io::Error::other)
}
