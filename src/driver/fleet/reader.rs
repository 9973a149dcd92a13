//! All services of some playbooks, as their records tell. A sweep looks at every file's stamp, and reads what has changed.

use super::facts::Facts;
use super::site::{Site, Stamp};
use crate::config::paths;
use crate::config::playbook::load;
use crate::config::problem::{Problem, Severity};
use crate::driver::Setup;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::session::view::fleet::{Broken, FleetRow};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the fleet comes from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Playbook files, and folders of them.
    pub playbooks: Vec<PathBuf>,
    /// The folder of all records.
    pub state_root: PathBuf,
    /// Services that are open already.
    pub also: Vec<Setup>,
}

/// Where the row of a service comes from: enough to open it.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// An environment of a playbook file.
    File(PathBuf, String),
    /// A service that was open before.
    Given(Box<Setup>),
}

/// What a playbook file gave.
struct File {
    stamp: Option<Stamp>,
    rows: Vec<Row>,
}

enum Row {
    Site(Box<Site>, Origin),
    Broken(Arc<FleetRow>),
}

/// Reads the fleet.
pub(super) struct Reader {
    sources: Sources,
    /// Stamps of the folders, and the files in them.
    folders: BTreeMap<PathBuf, (Option<Stamp>, Vec<PathBuf>)>,
    files: BTreeMap<PathBuf, File>,
    given: Vec<Row>,
    next: usize,
}

/// What a sweep found.
pub(super) struct Swept {
    /// The rows, by ascending id.
    pub(super) rows: Vec<Arc<FleetRow>>,
    /// Playbook files there are.
    pub(super) playbooks: usize,
    /// Where the rows come from.
    pub(super) origins: BTreeMap<usize, Origin>,
}

impl Reader {
    pub(super) fn new(mut sources: Sources) -> Reader {
        sources.playbooks.iter_mut().for_each(|p| *p = whole(p));
        let mut reader =
            Reader { folders: BTreeMap::new(), files: BTreeMap::new(), given: Vec::new(), next: 0, sources };
        for setup in reader.sources.also.clone() {
            let facts = Facts::of(&setup.playbook, &setup.environment);
            let site = Site::new(reader.id(), &facts.service.clone(), facts, setup.folder.clone());
            reader.given.push(Row::Site(Box::new(site), Origin::Given(Box::new(setup))));
        }
        reader
    }

    fn id(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    /// Looks at everything; what was found, when any of it is new.
    pub(super) fn sweep(&mut self, now: &Now) -> Option<Swept> {
        let mut changed = self.look_at_files();
        for row in self.given.iter_mut().chain(self.files.values_mut().flat_map(|f| &mut f.rows)) {
            if let Row::Site(site, _) = row {
                changed |= site.look(now);
            }
        }
        changed.then(|| self.found())
    }

    fn found(&self) -> Swept {
        let (mut rows, mut origins) = (Vec::new(), BTreeMap::new());
        for row in self.given.iter().chain(self.files.values().flat_map(|f| &f.rows)) {
            match row {
                Row::Broken(row) => rows.push(row.clone()),
                Row::Site(site, origin) => {
                    let row = site.row();
                    origins.insert(row.id, origin.clone());
                    rows.push(row);
                }
            }
        }
        rows.sort_by_key(|r| r.id);
        Swept { rows, playbooks: self.files.len().max(usize::from(!self.given.is_empty())), origins }
    }

    /// Reads playbooks that are new or were changed, forgets those that are gone; whether there were any.
    fn look_at_files(&mut self) -> bool {
        let mut wanted: BTreeSet<PathBuf> = BTreeSet::new();
        for path in self.sources.playbooks.clone() {
            if !path.is_dir() {
                wanted.insert(path);
                continue;
            }
            let stamp = Stamp::of(&path);
            let known = self.folders.entry(path.clone()).or_default();
            if stamp != known.0 || stamp.is_none() {
                *known = (stamp, playbooks_in(&path));
            }
            wanted.extend(known.1.iter().cloned());
        }
        let before = self.files.len();
        self.files.retain(|path, _| wanted.contains(path));
        let mut changed = self.files.len() != before;
        for path in wanted {
            let stamp = Stamp::of(&path);
            if self.files.get(&path).is_none_or(|f| f.stamp != stamp) {
                let rows = self.open(&path);
                self.files.insert(path, File { stamp, rows });
                changed = true;
            }
        }
        changed
    }

    /// The rows of a playbook file.
    fn open(&mut self, path: &Path) -> Vec<Row> {
        let loaded = match load(path) {
            Ok(loaded) => loaded,
            Err(problems) => return vec![self.broken(path, "", first(&problems))],
        };
        let mut rows = Vec::new();
        for environment in loaded.playbook.environments.keys() {
            let service = &loaded.playbook.service.name;
            let home = paths::service_dir(&self.sources.state_root, service, environment);
            match self.home_of(&home) {
                Some(None) => continue, // it is open already: its own row is there
                Some(Some(other)) => {
                    let broken = Broken {
                        place: name_of(path),
                        what: format!("the same service and environment as in {other}"),
                        hint: "give one of them another name: they would share their records".into(),
                        more: 0,
                    };
                    rows.push(self.broken(path, environment, broken));
                }
                None => {
                    let facts = Facts::of(&loaded.playbook, environment);
                    let site = Site::new(self.id(), &path.display().to_string(), facts, home);
                    rows.push(Row::Site(Box::new(site), Origin::File(path.to_owned(), environment.clone())));
                }
            }
        }
        rows
    }

    /// Who has this folder already: a service that is open (`None`), or a file.
    fn home_of(&self, home: &Path) -> Option<Option<String>> {
        let has = |row: &Row| matches!(row, Row::Site(site, _) if site.home() == home);
        if self.given.iter().any(has) {
            return Some(None);
        }
        self.files.iter().find(|(_, f)| f.rows.iter().any(has)).map(|(path, _)| Some(name_of(path)))
    }

    fn broken(&mut self, path: &Path, environment: &str, broken: Broken) -> Row {
        let service = path.file_stem().map(|n| clean_line(&n.to_string_lossy())).unwrap_or_default();
        Row::Broken(Arc::new(FleetRow {
            id: self.id(),
            file: clean_line(&path.display().to_string()),
            service,
            environment: clean_line(environment),
            broken: Some(broken),
            ..FleetRow::default()
        }))
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| clean_line(&n.to_string_lossy())).unwrap_or_default()
}

/// The first error of a playbook, and how many more there are.
fn first(problems: &[Problem]) -> Broken {
    let errors = || problems.iter().filter(|p| p.severity == Severity::Error);
    let Some(p) = errors().next().or(problems.first()) else { return Broken::default() };
    Broken {
        place: format!("{}:{}", name_of(Path::new(&p.file)), p.line),
        what: clean_line(&p.message),
        hint: clean_line(&p.hint),
        more: errors().count().saturating_sub(1),
    }
}

/// The one path of a file, so that none is read twice.
fn whole(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// Playbooks of a folder, by name.
fn playbooks_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut out: Vec<PathBuf> = entries
        .filter(|p| p.extension().is_some_and(|e| e == "toml") && p.is_file())
        .map(|p| whole(&p))
        .collect();
    out.sort();
    out
}
