//! `ripcord runs`: past and present runs and drills, of one service or of all.

use super::table::{Line, table};
use super::{json_of, more, state, took};
use crate::cli::args::Target;
use crate::cli::backtest::times;
use crate::cli::{exit, target};
use crate::clock;
use crate::model::rehearsal::Drilled;
use crate::model::text::clean_line;
use crate::model::unit;
use crate::report::timeline::rfc3339;
use crate::supervisor::audit::homes;
use crate::supervisor::{self, RunSummary, drills};
use clap::Args;
use jiff::tz::TimeZone;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What is listed, or what is shown of one.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Runs {
    /// Of which service; of all when no playbook is named.
    #[command(flatten)]
    pub target: Target,
    /// Which of them.
    #[command(flatten)]
    pub filter: Filter,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// One of them.
    #[command(subcommand)]
    pub what: Option<super::show::What>,
}

/// Which runs and drills are listed.
#[derive(Debug, Clone, Default, Args)]
pub struct Filter {
    /// Only of this service.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Only those that ended so, or stand so: verified, failed, refused, running, … (how the word begins).
    #[arg(long, value_name = "WORD")]
    pub verdict: Option<String>,
    /// Only this person's.
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Only from this time on: 7d, 2026-11-21, 2026-11-21T03:00:00Z.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<String>,
    /// Only up to this time.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<String>,
    /// Only drills.
    #[arg(long, conflicts_with = "no_drills")]
    pub drills: bool,
    /// No drills.
    #[arg(long)]
    pub no_drills: bool,
}

/// A run or a drill.
#[derive(Debug, Clone)]
pub enum Past {
    /// A run, with its service and environment.
    Run(String, String, Box<RunSummary>),
    /// A drill, with the file that keeps it.
    Drill(Box<Drilled>, PathBuf),
}

impl Past {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Past::Run(_, _, r) => &r.view.id,
            Past::Drill(d, _) => &d.id,
        }
    }

    /// Its service.
    pub fn service(&self) -> &str {
        match self {
            Past::Run(service, ..) => service,
            Past::Drill(d, _) => &d.service,
        }
    }

    fn environment(&self) -> &str {
        match self {
            Past::Run(_, environment, _) => environment,
            Past::Drill(d, _) => &d.environment,
        }
    }

    fn wall(&self) -> i64 {
        match self {
            Past::Run(_, _, r) => r.view.requested.wall,
            Past::Drill(d, _) => d.wall,
        }
    }

    fn by(&self) -> &str {
        match self {
            Past::Run(_, _, r) => &r.view.who,
            Past::Drill(d, _) => &d.who,
        }
    }

    fn state(&self) -> String {
        match self {
            Past::Run(_, _, r) => state(r),
            Past::Drill(d, _) if d.ok => "drill passed".into(),
            Past::Drill(..) => "drill FAILED".into(),
        }
    }

    /// A row of the table, and what is told below it.
    fn line(&self) -> Line {
        let (service, environment) = (clean_line(self.service()), clean_line(self.environment()));
        let (took, title, more) = match self {
            Past::Run(_, _, r) => {
                let report = r.dir.join("report.md");
                let report = report.is_file().then(|| format!("report {}", report.display()));
                (took(r), r.view.title.clone(), more(r).into_iter().chain(report).collect())
            }
            Past::Drill(d, _) => (Some(d.lasted), clean_line(&d.case), Vec::new()),
        };
        Line {
            id: clean_line(self.id()),
            wall: self.wall(),
            state: self.state(),
            took,
            by: clean_line(self.by()),
            what: format!("{service} ▸ {environment}  {title}"),
            more,
        }
    }

    /// The same for programs.
    pub fn json(&self) -> serde_json::Value {
        let mut out = match self {
            Past::Run(_, _, r) => json_of(r),
            Past::Drill(d, file) => json!({
                "id": d.id, "title": d.case, "requested": rfc3339(d.wall), "requested_ms": d.wall,
                "state": self.state(), "took_ms": d.lasted, "by": d.who, "procedure": d.procedure, "ok": d.ok,
                "verdict": d.score.verdict, "findings": d.findings, "points": d.score.points, "seed": d.seed,
                "file": file,
            }),
        };
        out["kind"] = json!(if matches!(self, Past::Drill(..)) { "drill" } else { "run" });
        out["service"] = json!(self.service());
        out["environment"] = json!(self.environment());
        out
    }
}

/// All runs and drills below a folder of records, newest first; what cannot be read is named in the second part.
///
/// # Errors
/// In words, when a folder cannot be listed.
pub fn all(root: &Path) -> Result<(Vec<Past>, Vec<String>), String> {
    let (mut out, mut broken) = (Vec::new(), Vec::new());
    for (service, environment, home) in homes(root).map_err(|e| e.to_string())? {
        let (runs, odd) = supervisor::list(&home).map_err(|e| format!("{}: {e}", home.display()))?;
        out.extend(runs.into_iter().map(|r| Past::Run(service.clone(), environment.clone(), Box::new(r))));
        broken.extend(odd);
    }
    for service in drills::services(root) {
        let folder = drills::folder(root, &service);
        out.extend(drills::all(root, &service).into_iter().map(|d| {
            let file = folder.join(format!("{}.json", d.id));
            Past::Drill(Box::new(d), file)
        }));
    }
    out.sort_by_key(|p| std::cmp::Reverse(p.wall()));
    Ok((out, broken))
}

/// A moment as people give it; a length of time is one ago.
fn moment(option: &str, text: Option<&str>) -> Result<Option<i64>, u8> {
    let Some(text) = text else { return Ok(None) };
    let now = clock::now().wall;
    let ago = || unit::duration(text).map(|ms| now - ms.round() as i64);
    match ago().or_else(|_| times::parse(text, now, &TimeZone::system())) {
        Ok(at) => Ok(Some(at)),
        Err(e) => {
            eprintln!("error: {option}: {e}\n  hint: 7d, or {}", times::HINT);
            Err(exit::USAGE)
        }
    }
}

impl Filter {
    fn takes(&self, p: &Past, env: Option<&str>, (since, until): (Option<i64>, Option<i64>)) -> bool {
        let drill = matches!(p, Past::Drill(..));
        let same = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        // Words of a state may be pressed together, and its case is for the eye.
        let folded = |s: &str| s.to_lowercase().replace(['-', '_'], " ");
        let worded = |word: &str| {
            let state = folded(&p.state());
            let wanted = folded(word);
            state.starts_with(&wanted) || state.strip_prefix("drill ").is_some_and(|s| s.starts_with(&wanted))
        };
        (!self.drills || drill)
            && (!self.no_drills || !drill)
            && self.service.as_deref().is_none_or(|s| s == p.service())
            && env.is_none_or(|e| e == p.environment())
            && self.by.as_deref().is_none_or(|by| same(by, p.by()))
            && self.verdict.as_deref().is_none_or(worded)
            && since.is_none_or(|at| p.wall() >= at)
            && until.is_none_or(|at| p.wall() <= at)
    }
}

/// Lists them, newest first.
pub fn list(asked: &Runs) -> u8 {
    match told(asked) {
        Ok(code) | Err(code) => code,
    }
}

fn told(asked: &Runs) -> Result<u8, u8> {
    // A playbook names one home; without one it is all of them.
    let (root, home) = match asked.target.playbook {
        Some(_) => {
            let opened = target::open(&asked.target).map_err(|()| exit::USAGE)?;
            let home = opened.setup.folder;
            (
                home.parent().unwrap_or(Path::new("/")).to_owned(),
                Some((home.clone(), opened.setup.playbook.service.name, opened.setup.environment)),
            )
        }
        None => {
            let settings = target::settings_of(asked.target.config.as_deref()).map_err(|()| exit::USAGE)?;
            let root = target::state_root(asked.target.state_dir.clone(), &settings);
            (root.map_err(|()| exit::USAGE)?, None)
        }
    };
    let span = (
        moment("--since", asked.filter.since.as_deref())?,
        moment("--until", asked.filter.until.as_deref())?,
    );
    let (mut found, broken) = all(&root).map_err(|e| {
        eprintln!("error: {e}");
        exit::USAGE
    })?;
    if let Some(service) = &asked.filter.service
        && !found.is_empty()
        && !found.iter().any(|p| p.service() == service)
    {
        let mut names: Vec<&str> = found.iter().map(Past::service).collect();
        names.sort_unstable();
        names.dedup();
        eprintln!(
            "error: nothing is on record of `{}`\n  hint: there is {}",
            clean_line(service),
            names.join(", ")
        );
        return Err(exit::USAGE);
    }
    let env = match &home {
        Some((_, service, environment)) => {
            found.retain(|p| p.service() == service);
            Some(environment.as_str())
        }
        None => asked.target.env.as_deref(),
    };
    found.retain(|p| asked.filter.takes(p, env, span));
    let place = home.as_ref().map_or(&root, |(home, ..)| home);
    if asked.json {
        let all: Vec<_> = found.iter().map(Past::json).collect();
        println!("{:#}", serde_json::Value::Array(all));
    } else if found.is_empty() {
        println!("No run yet in {}, or none that was asked for.", place.display());
    } else {
        print!("{}", table(&found.iter().map(Past::line).collect::<Vec<_>>()));
    }
    let of_it =
        |e: &&String| home.as_ref().is_none_or(|(home, ..)| e.starts_with(&home.display().to_string()));
    for e in broken.iter().filter(of_it) {
        eprintln!("warning: {}", clean_line(e));
    }
    Ok(exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drill(id: &str, who: &str, wall: i64, ok: bool) -> Past {
        let (id, who, service) = (id.into(), who.into(), "shop".into());
        let d = Drilled { id, who, service, environment: "live".into(), wall, ok, ..Drilled::default() };
        Past::Drill(Box::new(d), PathBuf::new())
    }

    #[test]
    fn each_filter_takes_what_it_says() {
        let (good, bad) = (drill("a", "ana", 1_000, true), drill("b", "Ben", 2_000, false));
        let takes = |f: &Filter, env: Option<&str>, span| [&good, &bad].map(|p| f.takes(p, env, span));
        let none = (None, None);
        let of = |f: Filter| takes(&f, None, none);
        assert_eq!(of(Filter::default()), [true, true]);
        assert_eq!(of(Filter { verdict: Some("PASS".into()), ..Filter::default() }), [true, false]);
        assert_eq!(of(Filter { verdict: Some("drill-failed".into()), ..Filter::default() }), [false, true]);
        assert_eq!(of(Filter { by: Some("ben".into()), ..Filter::default() }), [false, true]);
        assert_eq!(of(Filter { service: Some("api".into()), ..Filter::default() }), [false, false]);
        assert_eq!(of(Filter { no_drills: true, ..Filter::default() }), [false, false]);
        assert_eq!(of(Filter { drills: true, ..Filter::default() }), [true, true]);
        let any = Filter::default();
        assert_eq!(takes(&any, Some("test"), none), [false, false]);
        assert_eq!(takes(&any, Some("live"), (Some(1_500), None)), [false, true]);
        assert_eq!(takes(&any, None, (Some(1_000), Some(1_999))), [true, false]);
    }
}
