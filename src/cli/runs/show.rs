//! `ripcord runs show`: the timeline of one run, found by the beginning of its id.

use super::past::{Past, all};
use super::{more, state, took};
use crate::cli::args::Records;
use crate::cli::{exit, target};
use crate::model::text::clean_line;
use crate::report::timeline::{Of, table, written};
use crate::report::{length, stamp};
use crate::session::timeline::RunTeller;
use crate::session::view::{Form, Happening};
use crate::supervisor::{RunSummary, read_run};
use clap::{Args, Subcommand};
use std::path::Path;

/// What is done with one run.
#[derive(Debug, Clone, Subcommand)]
pub enum What {
    /// Show the timeline of a run, or the report of a drill.
    Show(Show),
}

/// Which run.
#[derive(Debug, Clone, Args)]
pub struct Show {
    /// Its id, or how it begins.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Only of this service.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Where it is recorded.
    #[command(flatten)]
    pub records: Records,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// Shows it.
pub fn show(asked: &Show) -> u8 {
    let Ok(settings) = target::settings_of(asked.records.config.as_deref()) else { return exit::USAGE };
    let Ok(root) = target::state_root(asked.records.state_dir.clone(), &settings) else { return exit::USAGE };
    let told = find(&root, &asked.run, asked.service.as_deref()).and_then(|p| match &p {
        Past::Run(service, environment, run) => {
            let of = Of { service, environment };
            of_run(run, of, asked.json)
        }
        Past::Drill(drilled, file) => match asked.json {
            true => serde_json::to_string_pretty(drilled).map(|t| t + "\n").map_err(|e| e.to_string()),
            false => {
                let report = file.with_extension("md");
                std::fs::read_to_string(&report).map_err(|e| format!("{}: {e}", report.display()))
            }
        },
    });
    match told {
        Ok(text) => {
            print!("{text}");
            exit::OK
        }
        Err(why) => {
            eprintln!("error: {why}");
            exit::USAGE
        }
    }
}

/// The one run or drill whose id is this, or begins so.
///
/// # Errors
/// In words with a hint, when there is none or more than one.
pub fn find(root: &Path, id: &str, service: Option<&str>) -> Result<Past, String> {
    let (found, broken) = all(root)?;
    let mut found: Vec<Past> =
        found.into_iter().filter(|p| service.is_none_or(|s| s == p.service())).collect();
    if let Some(at) = found.iter().position(|p| p.id() == id) {
        return Ok(found.swap_remove(at));
    }
    let begins: Vec<usize> = (0..found.len()).filter(|i| found[*i].id().starts_with(id)).collect();
    match begins.as_slice() {
        [one] => Ok(found.swap_remove(*one)),
        [] => {
            let odd = broken
                .iter()
                .find(|b| b.contains(id))
                .map(|b| format!("\n  it cannot be read: {}", clean_line(b)));
            let near = near(id, found.iter().map(Past::id));
            Err(format!("no run is named `{}`\n  hint: {near}{}", clean_line(id), odd.unwrap_or_default()))
        }
        several => {
            let ids: Vec<&str> = several.iter().take(5).map(|i| found[*i].id()).collect();
            let more = if several.len() > 5 { ", …" } else { "" };
            Err(format!(
                "{} runs begin with `{}`\n  hint: {}{more}",
                several.len(),
                clean_line(id),
                ids.join(", ")
            ))
        }
    }
}

/// The nearest names, or where to find them.
fn near<'a>(id: &str, ids: impl Iterator<Item = &'a str>) -> String {
    let mut by: Vec<(f64, &str)> = ids.map(|other| (strsim::jaro_winkler(id, other), other)).collect();
    by.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = by.iter().filter(|(how, _)| *how > 0.75).take(3).map(|(_, id)| *id).collect();
    match near.is_empty() {
        true => "`ripcord runs` lists them".to_owned(),
        false => format!("did you mean {}?", near.join(", ")),
    }
}

/// What happened in a run, in order.
pub fn stream(dir: &Path) -> Result<Vec<Happening>, String> {
    let (plan, records) = read_run(dir).map_err(|e| e.to_string())?;
    let mut out = vec![RunTeller::requested(&plan)];
    let mut teller = RunTeller::default();
    for record in &records {
        out.extend(teller.tell(&plan, record)?);
    }
    Ok(out)
}

fn of_run(r: &RunSummary, of: Of<'_>, json: bool) -> Result<String, String> {
    let stream = stream(&r.dir)?;
    if json {
        return Ok(written(Form::Json, of, &stream));
    }
    let took = took(r).map_or_else(String::new, |ms| format!(", took {}", length(ms)));
    let mut out = format!("{}  {}\n", r.view.id, r.view.title);
    out += &format!("{} ▸ {}, by {}: {}\n", of.service, of.environment, r.view.who, r.view.reason);
    out += &format!("{}, requested {}{took}\n", state(r), stamp(&r.view.requested));
    for line in more(r) {
        out += &format!("{line}\n");
    }
    let report = r.dir.join("report.md");
    if report.is_file() {
        out += &format!("report {}\n", report.display());
    }
    Ok(out + "\n" + &table(&stream))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rehearsal::Drilled;
    use crate::supervisor::drills;

    #[test]
    fn a_run_is_found_by_a_beginning_that_no_other_has() {
        let root = tempfile::tempdir().unwrap();
        for id in ["1121-0314-c-77ab", "1121-0314-d-12cd", "1122-0001-c-0001"] {
            let d = Drilled { id: id.into(), service: "shop".into(), ..Drilled::default() };
            drills::keep(root.path(), &d, &[], "").unwrap();
        }
        let find = |id: &str| find(root.path(), id, None).map(|p| p.id().to_owned());
        assert_eq!(find("1122").unwrap(), "1122-0001-c-0001");
        assert_eq!(find("1121-0314-d-12cd").unwrap(), "1121-0314-d-12cd");
        assert!(find("1121").unwrap_err().starts_with("2 runs begin with"));
        let e = find("1121-0314-c-77ba").unwrap_err();
        assert!(e.contains("did you mean 1121-0314-c-77ab"), "{e}");
        assert!(find("zzz").unwrap_err().contains("`ripcord runs` lists them"));
        assert!(super::find(root.path(), "1122", Some("api")).is_err());
    }
}
