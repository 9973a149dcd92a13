//! `ripcord drill`: rehearsals without a screen, one or all, and the report of a month.

mod file;
mod month;
mod shipped;
mod show;
mod table;

pub use month::report;

use super::args::Drill;
use super::exit;
use super::target;
use crate::config::{self, playbook::Loaded};
use crate::drill::cases::{CALM, Case, Hope, Twist, by_hand, cases};
use crate::drill::robot::Goal;
use crate::driver::drill::{Played, Setting, Subject, Voice, play as rehearse};
use crate::journal::{atomic_write, real};
use crate::model::resolve::resolve;
use crate::model::unit::duration;
use crate::report::Form;
use crate::report::drill::one as one_of;
use crate::supervisor::drills;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The seed where none is given.
const SEED: u64 = 7;
/// Rehearsals at the same time.
const AT_ONCE: usize = 2;

/// Rehearses what was asked for.
pub fn play(asked: &Drill) -> u8 {
    if !asked.headless && !asked.all && !asked.json {
        return show::show(asked);
    }
    let Ok(todo) = todo(asked) else { return exit::USAGE };
    if todo.is_empty() {
        eprintln!("error: there is nothing to rehearse\n  hint: name a playbook with a [drill], or --all");
        return exit::USAGE;
    }
    let root = root(asked);
    let Ok(wall) = asked.at.as_deref().map(began).transpose() else { return exit::USAGE };
    let setting = Setting {
        wall,
        who: asked.by.clone(),
        report: root.is_some() || asked.report.is_some(),
        ..Setting::default()
    };
    let played = all(&todo, asked.seed, &setting);
    if let Some(root) = root
        && let Some(e) = played.iter().find_map(|p| keep(&root, p).err())
    {
        eprintln!("warning: the drills were not kept: {e}");
    }
    if let Some(folder) = &asked.report
        && let Err(e) = played.iter().try_for_each(|p| put(folder, p))
    {
        eprintln!("error: {}: {e}", folder.display());
        return exit::USAGE;
    }
    table::print(&played, asked);
    if played.iter().all(|p| p.drilled.ok) { exit::OK } else { exit::FAILED }
}

/// The folder below which drills are kept: the one that was named; without one only single drills are kept.
fn root(asked: &Drill) -> Option<PathBuf> {
    match (&asked.state_dir, asked.all) {
        (None, true) => None,
        (given, _) => {
            let settings = target::settings_of(None).ok()?;
            target::state_root(given.clone(), &settings).ok()
        }
    }
}

fn keep(root: &Path, p: &Played) -> io::Result<PathBuf> {
    let text = match &p.report {
        Some(Ok(doc)) => doc.print(Form::Markdown),
        _ => one_of(&p.drilled).print(Form::Markdown),
    };
    drills::keep(root, &p.drilled, &p.kept, &text)
}

/// Writes the report of a drill in every form, named by playbook and case.
fn put(folder: &Path, p: &Played) -> io::Result<()> {
    let doc = match &p.report {
        Some(Ok(doc)) => doc,
        Some(Err(e)) => return Err(io::Error::other(e.clone())),
        None => return Ok(()),
    };
    std::fs::create_dir_all(folder)?;
    // The name of a drill is its time and its case; here the time would only stand in the way of comparing two.
    let case = p.drilled.id.splitn(3, '-').nth(2).unwrap_or(&p.drilled.id);
    for form in [Form::Markdown, Form::Json, Form::Html] {
        let path = folder.join(format!("{}-{case}.{}", p.drilled.service, form.extension()));
        atomic_write(&*real(), &path, doc.print(form).as_bytes(), 0o644).map_err(io::Error::other)?;
        eprintln!("{}", path.display());
    }
    Ok(())
}

/// The moment at which a drill begins.
fn began(at: &str) -> Result<i64, ()> {
    let read = at.parse::<jiff::Timestamp>();
    read.map(|t| t.as_millisecond()).map_err(|e| {
        eprintln!("error: --at {at}: {e}\n  hint: --at 2026-11-21T02:00:00Z");
    })
}

/// A playbook, what is rehearsed of it, and the seed of a scenario.
struct Todo {
    subject: Subject,
    cases: Vec<Case>,
    seed: Option<u64>,
}

fn all(todo: &[Todo], seed: Option<u64>, setting: &Setting) -> Vec<Played> {
    let list = todo.iter().flat_map(|t| t.cases.iter().map(move |c| (&t.subject, c, seed.or(t.seed))));
    let list: Vec<(&Subject, &Case, Option<u64>)> = list.collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(list.len()) {
            scope.spawn(|| {
                // Without a service the requests are not sent, which the summary would not tell: that is an error.
                let voice = match Voice::start() {
                    Ok(voice) => voice,
                    Err(e) => return eprintln!("error: the embedded service: {e}"),
                };
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some((subject, case, seed)) = list.get(i) else { return };
                    let setting = Setting { seed: seed.unwrap_or(SEED), ..setting.clone() };
                    let played = rehearse(subject, case, &setting, Some(&voice));
                    done.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((i, played));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, p)| p).collect()
}

fn todo(asked: &Drill) -> Result<Vec<Todo>, ()> {
    let mut out = Vec::new();
    for name in names(asked)? {
        if let Some(scenario) = file::read(&name, asked)? {
            out.push(scenario);
            continue;
        }
        let Some(subject) = subject(&name, asked)? else {
            if !asked.all {
                eprintln!("error: {name} has no [drill]: it cannot be rehearsed");
                return Err(());
            }
            continue;
        };
        let cases = match asked.all {
            true => cases(&subject.rehearsed),
            false => vec![one(&subject, asked)?],
        };
        out.push(Todo { subject, cases, seed: None });
    }
    if asked.all && asked.what.is_empty() {
        for (name, text) in shipped::DRILLS {
            out.push(file::shipped(name, text, asked)?);
        }
    }
    let wanted = |c: &Case| asked.only.as_ref().is_none_or(|o| c.name.contains(o.as_str()));
    out.iter_mut().for_each(|t| t.cases.retain(wanted));
    out.retain(|t| !t.cases.is_empty());
    Ok(out)
}

/// What was named: files, folders of playbooks, names; all that are shipped where nothing was.
fn names(asked: &Drill) -> Result<Vec<String>, ()> {
    if asked.what.is_empty() {
        return Ok(shipped::PLAYBOOKS.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
    let mut out = Vec::new();
    for name in &asked.what {
        if !Path::new(name).is_dir() {
            out.push(name.clone());
            continue;
        }
        let entries = std::fs::read_dir(name).map_err(|e| eprintln!("error: {name}: {e}"))?;
        let files = entries.flatten().map(|e| e.path());
        let toml = files.filter(|p| p.extension().is_some_and(|e| e == "toml"));
        let mut files: Vec<String> = toml.map(|p| p.display().to_string()).collect();
        files.sort();
        out.extend(files);
    }
    Ok(out)
}

/// A playbook by file or name, ready to be rehearsed; none when it has no `[drill]`.
fn subject(name: &str, asked: &Drill) -> Result<Option<Subject>, ()> {
    let loaded: Loaded = match shipped::PLAYBOOKS.iter().find(|(n, _)| *n == name && !Path::new(n).exists()) {
        Some((name, text)) => config::playbook::parse(text, name).map_err(|p| target::print(&p))?,
        None => {
            let settings = target::settings_of(None)?;
            let folder = settings.playbook_dir.clone();
            let file = config::paths::find_playbook(name, folder.as_deref());
            config::playbook::load(&file).map_err(|p| target::print(&p))?
        }
    };
    let Some(drill) = &loaded.playbook.drill else { return Ok(None) };
    let environment = drill.environment.clone();
    let vars = target::pairs(&asked.vars, "--var")?;
    let playbook =
        resolve(&loaded.playbook, &environment, &vars).map_err(|e| eprintln!("error: {name}: {e}"))?;
    Ok(Some(Subject::new(&playbook, &loaded.hash, &environment)))
}

/// What `--chaos` names, and after how many milliseconds it begins.
fn gone_wrong(subject: &Subject, asked: &Drill) -> Result<Vec<(String, u64)>, ()> {
    let drill = subject.rehearsed.drill();
    let mut chaos = Vec::new();
    for given in &asked.chaos {
        let (id, at) = match given.split_once(':') {
            Some((id, at)) => {
                (id, duration(at).map_err(|e| eprintln!("error: --chaos {given}: {e}"))? as u64)
            }
            None => (given.as_str(), CALM),
        };
        if !drill.chaos.contains_key(id) {
            let known: Vec<&str> = drill.chaos.keys().map(String::as_str).collect();
            eprintln!("error: there is no chaos `{id}`; there is {}", known.join(", "));
            return Err(());
        }
        chaos.push((id.to_owned(), at));
    }
    Ok(chaos)
}

/// The one case that the arguments describe.
fn one(subject: &Subject, asked: &Drill) -> Result<Case, ()> {
    let playbook = subject.rehearsed.playbook();
    let chaos = gone_wrong(subject, asked)?;
    let scenario = asked.scenario.as_deref();
    let of = scenario.map(|s| match playbook.scenarios.get(s) {
        Some(found) => Ok(found.procedure.clone()),
        None => {
            eprintln!("error: there is no scenario `{s}`");
            Err(())
        }
    });
    let procedure = asked.procedure.clone().or(of.transpose()?);
    if let Some(p) = procedure.as_ref().filter(|p| !playbook.procedures.contains_key(*p)) {
        eprintln!("error: there is no procedure `{p}`");
        return Err(());
    }
    let known = |name: &str| cases(&subject.rehearsed).into_iter().find(|c| c.name.starts_with(name));
    let names: Vec<&str> = chaos.iter().map(|(id, _)| id.as_str()).collect();
    Ok(match procedure {
        Some(p) => {
            let name = scenario.map_or_else(|| p.clone(), |s| format!("scenario {s}"));
            let fits = known(&name).filter(|_| chaos.is_empty()).map(|c| c.chaos);
            let case = by_hand(name, &p, scenario, None, Twist::None, Hope::Verified);
            let chaos = fits.unwrap_or(chaos);
            let first = chaos.iter().map(|(_, at)| *at).min();
            let after = first.map_or(5_000, |at| at + 5_000);
            let goal = Goal::Procedure { id: p, scenario: scenario.map(str::to_owned), after };
            Case { chaos, goal, ..case }
        }
        None if chaos.len() == 1 => {
            let found = known(&format!("chaos {}", names[0]));
            let case =
                found.unwrap_or_else(|| by_hand(names.join(", "), "", None, None, Twist::None, Hope::Ends));
            let goal = if case.goal == Goal::Watch { Goal::Watch } else { case.goal };
            Case { chaos, goal, ..case }
        }
        None if chaos.is_empty() => {
            eprintln!("error: what is to be rehearsed?\n  hint: --procedure, --scenario, --chaos, or --all");
            return Err(());
        }
        None => {
            let name = format!("chaos {}", names.join(", "));
            Case { name, chaos, goal: Goal::Watch, twist: Twist::None, hope: Hope::Ends }
        }
    })
}
