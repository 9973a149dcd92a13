//! The guide: commands that only look, what there is to go back to, and people who are paged by hand. Each in a task of its
//! own; what it brings comes back as news.

use super::decide::{NotSaid, one};
use super::{Driver, News, Update};
use crate::clock;
use crate::driver::follow::Look;
use crate::model::text::clean_line;
use crate::report::stamp;
use crate::run::choice::Choice;
use crate::run::sheet::sheet;
use crate::session::decision::Kind;
use crate::session::view::ChoiceView;
use crate::session::view::guide::{BookView, ListState, ProbeState, ProbeView};
use crate::supervisor::guide::Looked;
use crate::supervisor::person::person;
use crate::supervisor::{self, guide, resolve};
use indexmap::IndexMap;
use std::sync::Arc;
use tokio::task::AbortHandle;

/// Commands whose outcome is kept.
const KEPT: usize = 20;
/// Rows of a listing that are kept.
const ROWS: usize = 200;

/// What was run, asked and told from here.
#[derive(Default)]
pub(super) struct Desk {
    /// Commands by guide and step, the last one first.
    probes: Vec<Probe>,
    /// Listings by procedure and parameter.
    lists: IndexMap<(String, String), List>,
    /// Roles that are being told.
    telling: Vec<String>,
    /// Number of the last command or listing.
    number: u64,
}

struct Probe {
    guide: String,
    step: usize,
    number: u64,
    began: u64,
    task: AbortHandle,
    ended: Option<(u64, Ended)>,
}

/// Exit code, milliseconds it took, lines and how many there were; or why not.
type Ended = Result<(i32, u64, Arc<Vec<String>>, usize), String>;

/// What exists, or why that cannot be said.
type Found = Result<Arc<Vec<ChoiceView>>, String>;

struct List {
    number: u64,
    began: u64,
    ended: Option<(u64, Found)>,
}

/// What a task of the guide brings.
pub(super) enum Brought {
    /// A command has ended, or could not be run.
    Looked(u64, Result<Looked, String>),
    /// A listing.
    Listed(u64, Result<Vec<Choice>, String>),
    /// A role was told (or not), and whether that is on record.
    Told(String, Result<(), String>),
}

impl Driver {
    /// Runs the command of a guide's step. One that runs already is left alone.
    pub(super) fn probe(&mut self, of: String, step: usize) {
        let desk = &mut self.desk;
        if desk.probes.iter().any(|p| p.guide == of && p.step == step && p.ended.is_none()) {
            return;
        }
        desk.probes.retain(|p| !(p.guide == of && p.step == step));
        desk.number += 1;
        let number = desk.number;
        let (playbook, environment) = (self.setup.playbook.clone(), self.setup.environment.clone());
        let context = resolve::context("guide", "", None, &self.setup.hash, &self.setup.folder);
        let (tell, name) = (self.tell.clone(), of.clone());
        let task = tokio::spawn(async move {
            let seen = guide::run(&playbook, &environment, &context, (&name, step), guide::LIMIT).await;
            let _ = tell.send(News::Guide(Brought::Looked(number, seen))).await;
        });
        let (began, task) = (clock::now().boot, task.abort_handle());
        desk.probes.insert(0, Probe { guide: of, step, number, began, task, ended: None });
        for old in desk.probes.drain(KEPT.min(desk.probes.len())..) {
            old.task.abort();
        }
    }

    /// Ends what runs of it: what a person does not wait for is not left behind.
    pub(super) fn stop_probes(&mut self) {
        let at = clock::now().boot;
        for p in self.desk.probes.iter_mut().filter(|p| p.ended.is_none()) {
            p.task.abort();
            p.ended = Some((at, Err("cancelled: it was ended".into())));
        }
    }

    /// Asks what there is to go back to.
    pub(super) fn list(&mut self, procedure: String, param: String) {
        let key = (procedure, param);
        if self.desk.lists.get(&key).is_some_and(|l| l.ended.is_none()) {
            return;
        }
        self.desk.number += 1;
        let number = self.desk.number;
        self.desk.lists.insert(key.clone(), List { number, began: clock::now().boot, ended: None });
        let (playbook, environment) = (self.setup.playbook.clone(), self.setup.environment.clone());
        let context = resolve::context("guide", "", None, &self.setup.hash, &self.setup.folder);
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let found = resolve::listed(&playbook, &environment, (&key.0, &key.1), &context).await;
            let _ = tell.send(News::Guide(Brought::Listed(number, found))).await;
        });
    }

    /// Tells a role that it is needed, in these words, and puts on record what came of it.
    pub(super) fn page_role(&mut self, role: String, text: &str) {
        let Some(of) = self.setup.playbook.roles.get(&role) else { return };
        if self.desk.telling.contains(&role) {
            return;
        }
        self.desk.telling.push(role.clone());
        let (title, text) = (clean_line(&of.title), clean_line(text));
        let subject = self.session.view(&clock::now()).book.message.0;
        let (playbook, environment) = (self.setup.playbook.clone(), self.setup.environment.clone());
        let context = resolve::context("page", &text, None, &self.setup.hash, &self.setup.folder);
        let (folder, rules) = (self.setup.folder.clone(), self.rules());
        let (tell, turn) = (self.tell.clone(), self.turn.clone());
        tokio::spawn(async move {
            let to = (&*vec![role.clone()], &[][..]);
            let (detail, ok) =
                supervisor::page_by(&playbook, &environment, &context, to, (&subject, &text), Some(person()))
                    .await;
            let kind = Kind::Called {
                role: role.clone(),
                title: title.clone(),
                text,
                ok,
                detail: clean_line(&detail),
                who: person(),
            };
            let put = tokio::task::spawn_blocking(move || one(&folder, &rules, &kind)).await;
            let _ = turn.send(Look::Now);
            let put = put.map_err(|e| e.to_string()).and_then(|p| p.map_err(NotSaid::words));
            let outcome = match (ok, put) {
                (true, Ok(())) => Ok(()),
                (true, Err(why)) => Err(format!("{title} was told, and that is not on record: {why}")),
                (false, _) => Err(format!("{title} was NOT told: {}", clean_line(&detail))),
            };
            let _ = tell.send(News::Guide(Brought::Told(role, outcome))).await;
        });
    }

    /// Every procedure as commands for a bare shell.
    pub fn sheet(&self) -> String {
        sheet(&self.setup.playbook, &self.setup.environment, &stamp(&clock::now()))
    }

    /// Takes in what a task of the guide brought.
    pub(super) fn brought(&mut self, brought: Brought) -> Update {
        let at = clock::now().boot;
        match brought {
            Brought::Looked(number, seen) => {
                let of = self.desk.probes.iter_mut().find(|p| p.number == number && p.ended.is_none());
                if let Some(p) = of {
                    p.ended = Some((at, seen.map(|s| (s.exit, s.took, Arc::new(s.lines), s.total))));
                }
            }
            Brought::Listed(number, found) => {
                if let Some(l) = self.desk.lists.values_mut().find(|l| l.number == number) {
                    let wall = clock::now().wall;
                    let rows = |all: Vec<Choice>| all.into_iter().take(ROWS).map(|c| row(c, wall)).collect();
                    l.ended = Some((at, found.map(|all| Arc::new(rows(all)))));
                }
            }
            Brought::Told(role, outcome) => {
                self.desk.telling.retain(|r| *r != role);
                if let Err(why) = outcome {
                    return Update::Refused(why);
                }
            }
        }
        Update::Changed
    }

    /// What was run, asked and told from here, put into the picture.
    pub(super) fn put_on(&self, book: &mut BookView, now: u64) {
        let ago = |at: u64| now.saturating_sub(at);
        book.probes = self
            .desk
            .probes
            .iter()
            .map(|p| ProbeView {
                guide: p.guide.clone(),
                step: p.step,
                state: match &p.ended {
                    None => ProbeState::Running(ago(p.began)),
                    Some((at, Err(why))) => ProbeState::Failed { ago_ms: ago(*at), why: why.clone() },
                    Some((at, Ok((exit, took_ms, lines, total)))) => ProbeState::Ended {
                        ago_ms: ago(*at),
                        took_ms: *took_ms,
                        exit: *exit,
                        lines: lines.clone(),
                        total: *total,
                    },
                },
            })
            .collect();
        for list in &mut book.backups {
            let Some(l) = self.desk.lists.get(&(list.procedure.clone(), list.param.clone())) else {
                continue;
            };
            list.state = match &l.ended {
                None => ListState::Asking(ago(l.began)),
                Some((at, Ok(rows))) => ListState::Listed { ago_ms: ago(*at), rows: rows.clone() },
                Some((at, Err(why))) => ListState::Failed { ago_ms: ago(*at), why: why.clone() },
            };
        }
        for c in &mut book.contacts {
            c.telling = self.desk.telling.contains(&c.id);
        }
    }
}

fn row(choice: Choice, now: i64) -> ChoiceView {
    ChoiceView {
        value: clean_line(&choice.value),
        columns: choice.columns,
        size: choice.size,
        age_ms: choice.age_wall.map(|at| (now - at).max(0) as u64),
        note: choice.note.unwrap_or_default(),
    }
}
