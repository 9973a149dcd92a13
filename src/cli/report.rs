//! `ripcord report`: the report of a run, of a decision or of an incident, in three forms.

use super::args::Target;
use super::runs::past::{Past, all};
use super::runs::show::find;
use super::{exit, target};
use crate::driver::report::made;
use crate::journal::{atomic_write, real};
use crate::report::{Doc, Form};
use crate::supervisor::audit::homes;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `ripcord report`
#[derive(Debug, Clone, clap::Args)]
pub struct Report {
    /// A run (or how its id begins), a decision (the name of its clock) or an incident, of any service; the newest run where
    /// none is named.
    #[arg(value_name = "RUN|CLOCK|INCIDENT")]
    pub which: Option<String>,
    /// Of which service.
    #[command(flatten)]
    pub target: Target,
    /// In which form.
    #[arg(long, value_enum, default_value_t = Paper::Md)]
    pub format: Paper,
    /// Into a file instead of standard output; one that exists is replaced.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// In which form a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Paper {
    /// Markdown.
    Md,
    /// One JSON object: measured facts, and the sections.
    Json,
    /// One HTML file without scripts and without requests to anywhere.
    Html,
}

impl From<Paper> for Form {
    fn from(paper: Paper) -> Form {
        match paper {
            Paper::Md => Form::Markdown,
            Paper::Json => Form::Json,
            Paper::Html => Form::Html,
        }
    }
}

/// Which service, and what of it. One word alone is the playbook where it is a file, or where none is configured.
fn named(asked: &Report) -> Result<(Target, Option<String>), ()> {
    let (mut of, which) = (asked.target.clone(), asked.which.clone());
    if of.playbook.is_some() {
        return Ok((of, which));
    }
    let Some(word) = &which else { return Ok((of, None)) };
    let is_file = word.ends_with(".toml") || Path::new(word).is_file();
    if is_file || target::settings_of(of.config.as_deref())?.playbook.is_none() {
        of.playbook = Some(word.clone());
        return Ok((of, None));
    }
    Ok((of, which))
}

/// What is named of any service below the folder of all records, where no playbook says of which: the newest run where
/// nothing is named.
fn anywhere(asked: &Report) -> Result<Option<Doc>, ()> {
    if asked.target.playbook.is_some() {
        return Ok(None);
    }
    let settings = target::settings_of(asked.target.config.as_deref())?;
    let root = target::state_root(asked.target.state_dir.clone(), &settings)?;
    let run = match &asked.which {
        Some(word) => find(&root, word, None).ok(),
        None if settings.playbook.is_some() => None,
        None => all(&root).ok().and_then(|(runs, _)| runs.into_iter().find(|p| matches!(p, Past::Run(..)))),
    };
    if let Some(Past::Run(_, _, run)) = run {
        let home = run.dir.parent().and_then(Path::parent).unwrap_or(&root);
        return Ok(made(home, Some(&run.view.id), None).ok());
    }
    let Some(word) = &asked.which else { return Ok(None) };
    let homes = homes(&root).unwrap_or_default();
    Ok(homes.iter().find_map(|(_, _, home)| made(home, Some(word), None).ok()))
}

/// Prints it, or writes it to a file.
pub fn tell(asked: &Report) -> u8 {
    let doc = match anywhere(asked) {
        Ok(Some(doc)) => doc,
        Err(()) => return exit::USAGE,
        Ok(None) => {
            let Ok((of, which)) = named(asked) else { return exit::USAGE };
            let Ok(opened) = target::open(&of) else { return exit::USAGE };
            let setup = &opened.setup;
            match made(&setup.folder, which.as_deref(), Some(&setup.playbook)) {
                Ok(doc) => doc,
                Err(why) => {
                    eprintln!("error: {why}");
                    return exit::USAGE;
                }
            }
        }
    };
    let text = doc.print(asked.format.into());
    let Some(path) = &asked.output else {
        return match std::io::stdout().lock().write_all(text.as_bytes()) {
            // Whoever reads has enough.
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
                eprintln!("error: {e}");
                exit::REFUSED
            }
            _ => exit::OK,
        };
    };
    let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
    match atomic_write(&*real(), &path, text.as_bytes(), 0o600) {
        Ok(()) => {
            eprintln!("the report is in {}", path.display());
            exit::OK
        }
        Err(e) => {
            eprintln!("error: {e}");
            exit::REFUSED
        }
    }
}
