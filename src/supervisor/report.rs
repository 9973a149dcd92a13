//! The records of a report, read from a service's folder, and `report.md` in the folder of a run.

use super::home::{read_run, run_dir, runs_dir};
use super::{decisions, outbox};
use crate::journal::access::Sharing;
use crate::journal::{Disk, atomic_write};
use crate::model::playbook::Playbook;
use crate::model::reading::Spooled;
use crate::model::record::Record;
use crate::model::samples::Samples;
use crate::report::{AROUND, Doc, Form, Known, Subject, document, window};
use crate::run::plan::Plan;
use crate::session::outbox::Outbox;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of samples that are read for one report; of more only the newest.
const BYTES: u64 = 48 * 1024 * 1024;

/// What was measured from one moment to another (wall milliseconds), as the watcher's spool has it; empty where nobody watched.
/// What cannot be read is left out.
pub fn samples(home: &Path, from: i64, to: i64) -> Samples {
    let hour = |wall: i64| {
        let at = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
        at.strftime("%Y%m%d-%H.jsonl").to_string()
    };
    // What was read late stands in the file of a later hour.
    let (first, last) = (hour(from), hour(to.saturating_add(AROUND)));
    let entries = std::fs::read_dir(folder(home)).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|e| e.path()).collect();
    files.retain(|p| {
        let name = p.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".jsonl") && *name >= *first && *name <= *last
    });
    files.sort();
    let mut left = BYTES;
    let size = |p: &PathBuf| p.metadata().map_or(0, |m| m.len());
    let read: Vec<&PathBuf> = files
        .iter()
        .rev()
        .take_while(|p| {
            let enough = size(p) <= left;
            left = left.saturating_sub(size(p));
            enough
        })
        .collect();
    let mut out = Samples::default();
    for path in read.into_iter().rev() {
        let Ok(file) = File::open(path) else { continue };
        // The last line may be under way.
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            let Ok(sample) = serde_json::from_str::<Spooled>(&line) else { continue };
            if (from..=to).contains(&sample.at) {
                out.spooled(sample);
            }
        }
    }
    out
}

fn folder(home: &Path) -> PathBuf {
    home.join("samples")
}

/// What a report may be about, and what is on record besides.
#[derive(Debug)]
pub struct Shelf {
    home: PathBuf,
    runs: Vec<(Plan, Vec<Record>)>,
    decided: Vec<Record>,
    outbox: Option<Outbox>,
}

impl Shelf {
    /// Reads the records of a service and environment: those of one run, or of all runs. A run of several that cannot be read
    /// is left out.
    ///
    /// # Errors
    /// When the run, or the log of decisions, cannot be read; in words.
    pub fn read(home: &Path, run: Option<&str>) -> Result<Shelf, String> {
        let runs = match run {
            Some(id) => vec![read_run(&run_dir(home, id)).map_err(|e| e.to_string())?],
            None => ids(home).iter().filter_map(|id| read_run(&run_dir(home, id)).ok()).collect(),
        };
        let decided = decisions::tail(home).poll().map_err(|e| e.to_string())?;
        // Without what was told the rest of the report is as true, and it says so.
        let outbox = outbox::load(home).ok();
        Ok(Shelf { home: home.to_owned(), runs, decided, outbox })
    }

    /// The report about a subject, with what was measured.
    ///
    /// # Errors
    /// When the subject is not on record, or a record is none of its log's; in words.
    pub fn document(&self, subject: Subject<'_>, playbook: Option<&Playbook>) -> Result<Doc, String> {
        let first = self.runs.first().map(|(p, _)| (p.service.as_str(), p.environment.as_str()));
        let (service, environment) = match playbook {
            Some(p) => (p.service.name.as_str(), self.environment()),
            None => first.unwrap_or_else(|| (self.service(), self.environment())),
        };
        let mut known = Known {
            playbook,
            service,
            environment,
            runs: self.runs.iter().map(|(plan, records)| (plan, records.as_slice())).collect(),
            decided: &self.decided,
            outbox: self.outbox.as_ref(),
            ..Known::default()
        };
        let (from, to) = window(subject, &known)?;
        let samples = samples(&self.home, from, to);
        known.samples = Some(&samples);
        document(subject, &known)
    }

    /// What a name stands for: a run, a decision, an incident; the newest run where none is given.
    ///
    /// # Errors
    /// When nothing is called so; in words, with a hint on a line of its own.
    pub fn find<'w>(&'w self, which: Option<&'w str>) -> Result<Subject<'w>, String> {
        let Some(which) = which else {
            let newest = self.runs.last().map(|(p, _)| Subject::Run(&p.id));
            let none = "there is no run yet\n  hint: name a decision or an incident; `ripcord timeline` tells of them";
            return newest.ok_or_else(|| none.to_owned());
        };
        if self.runs.iter().any(|(p, _)| p.id == which) {
            return Ok(Subject::Run(which));
        }
        let named = |kind: &str, field: &str| {
            self.decided.iter().any(|r| r.kind == kind && r.body[field].as_str() == Some(which))
        };
        if named("ClockOpened", "clock") {
            return Ok(Subject::Clock(which));
        }
        if named("IncidentOpened", "incident") {
            return Ok(Subject::Incident(which));
        }
        let hint = "`ripcord runs` lists runs, `ripcord timeline` tells of decisions and incidents";
        Err(format!("no run, decision or incident is named `{which}`\n  hint: {hint}"))
    }

    /// Name of the service, by that of the folder.
    fn service(&self) -> &str {
        self.name().split_once('@').map_or("unknown", |(service, _)| service)
    }

    fn environment(&self) -> &str {
        self.name().split_once('@').map_or("unknown", |(_, environment)| environment)
    }

    fn name(&self) -> &str {
        self.home.file_name().and_then(|n| n.to_str()).unwrap_or_default()
    }
}

/// Ids of all runs, oldest first.
fn ids(home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(runs_dir(home)).into_iter().flatten().flatten();
    let names = entries.filter_map(|e| e.file_name().into_string().ok());
    let mut out: Vec<String> = names.filter(|n| !n.starts_with('.')).collect();
    out.sort();
    out
}

/// The report of a run as it is written into its folder. It can be made again from the records, so a failure is only noted.
#[derive(Debug, Clone, Default)]
pub(super) struct Writer {
    /// Records of the last report that was written, and whether samples were in it: an older one never replaces it.
    last: Arc<Mutex<(usize, bool)>>,
}

impl Writer {
    /// Writes it without samples, which may be many: the run's lock is held.
    pub(super) fn at_once(&self, disk: &dyn Disk, run: &Path, plan: &Plan, records: &[Record]) {
        let none = Samples::default();
        let none = (!folder(Path::new(&plan.home)).is_dir()).then_some(&none);
        self.write(disk, run, plan, records, none);
    }

    /// Writes it with what was measured. It takes a while, so nothing waits for it and no lock of the service is held.
    pub(super) fn with_samples(&self, disk: &dyn Disk, run: &Path, plan: &Plan, records: &[Record]) {
        let home = Path::new(&plan.home);
        if !folder(home).is_dir() {
            return;
        }
        let known = Known { runs: vec![(plan, records)], ..Known::default() };
        let Ok((from, to)) = window(Subject::Run(&plan.id), &known) else { return };
        self.write(disk, run, plan, records, Some(&samples(home, from - AROUND, to)));
    }

    fn write(&self, disk: &dyn Disk, run: &Path, plan: &Plan, records: &[Record], samples: Option<&Samples>) {
        let home = Path::new(&plan.home);
        let mode = Sharing::of(run).map_or(0o600, Sharing::own_mode);
        // What was decided and told meanwhile stands in other logs; without them the report is as true.
        let decided = decisions::tail(home).poll().unwrap_or_default();
        let outbox = outbox::load(home).ok();
        let known = Known {
            service: &plan.service,
            environment: &plan.environment,
            runs: vec![(plan, records)],
            decided: &decided,
            outbox: outbox.as_ref(),
            samples,
            ..Known::default()
        };
        // A log of another version must not cost the report of the run.
        let alone = Known { decided: &[], ..known.clone() };
        let subject = Subject::Run(&plan.id);
        let doc = document(subject, &known).or_else(|_| document(subject, &alone));
        let written = doc.and_then(|doc| {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let this = (records.len(), samples.is_some());
            if *last > this {
                return Ok(());
            }
            *last = this;
            let text = doc.print(Form::Markdown);
            atomic_write(disk, &run.join("report.md"), text.as_bytes(), mode).map_err(|e| e.to_string())
        });
        if let Err(e) = written {
            eprintln!("the report was not written: {e}");
        }
    }
}

/// Writes the report of a run that nobody drives any more.
pub(super) fn write_report(disk: &dyn Disk, run: &Path, plan: &Plan, records: &[Record]) {
    Writer::default().at_once(disk, run, plan, records);
}
