//! What keys make of the guide, and what is copied on every screen.

use super::{Intent, Screen, Ui, guide_of, step_of};
use crate::run::state::Need;
use crate::run::view::StepState;
use crate::session::Request;
use crate::session::view::View;
use crate::session::view::guide::ProbeState;
use crate::tui::dialog::{Dialog, Refused, page};
use crate::tui::keymap::Action;
use crate::tui::panels::run_line::is_live;
use crate::tui::term::osc;
use crossterm::event::KeyCode;

/// A page of the guide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Page {
    /// Who is called, and when.
    #[default]
    Contacts,
    /// Symptoms, and what to look at.
    Trouble,
    /// Where else to look.
    Dashboards,
    /// What there is to go back to.
    Backups,
    /// What runs are judged by.
    Objectives,
    /// What to do when all else fails.
    Emergency,
}

impl Page {
    /// All of them, in order, with their names.
    pub const ALL: [(Page, &'static str); 6] = [
        (Page::Contacts, "Contacts"),
        (Page::Trouble, "Trouble"),
        (Page::Dashboards, "Dashboards"),
        (Page::Backups, "Backups"),
        (Page::Objectives, "Objectives"),
        (Page::Emergency, "Emergency"),
    ];
}

/// Section of the page Trouble: the symptoms.
pub const SYMPTOMS: usize = 0;
/// Its steps; the listing of the page Backups.
pub const STEPS: usize = 1;
/// What a step said.
pub const OUTPUT: usize = 2;

/// Where one is in the guide. Cursors count what is found, while something is looked for.
#[derive(Debug, Clone, Default)]
pub struct GuideUi {
    /// The page.
    pub page: Page,
    /// Cursor of each page, in their order.
    pub at: [usize; 6],
    /// Cursor among the steps of the guide, from 0.
    pub step: usize,
    /// Lines that the output, or rows that the listing, is scrolled.
    pub from: usize,
}

impl GuideUi {
    /// The cursor of the page that is shown, of so many rows.
    pub fn at(&self, rows: usize) -> usize {
        self.at[self.page as usize].min(rows.saturating_sub(1))
    }
}

/// Places of what is found among what there is.
fn found<'a>(ui: &Ui, texts: impl Iterator<Item = [&'a str; 2]>) -> Vec<usize> {
    let Some(wanted) = ui.find.as_ref().map(|t| t.to_lowercase()).filter(|t| !t.is_empty()) else {
        return (0..texts.count()).collect();
    };
    let has = |text: &[&str; 2]| text.iter().any(|t| t.to_lowercase().contains(&wanted));
    texts.enumerate().filter(|(_, text)| has(text)).map(|(at, _)| at).collect()
}

/// Places of the rows that the page shows, in their list.
pub fn rows(ui: &Ui, view: &View) -> Vec<usize> {
    let book = &view.book;
    match ui.guide.page {
        Page::Contacts => found(ui, book.contacts.iter().map(|c| [c.title.as_str(), c.when.as_str()])),
        Page::Trouble => found(ui, book.guides.values().map(|g| [g.title.as_str(), g.symptom.as_str()])),
        Page::Dashboards => found(ui, view.links.iter().map(|(title, url)| [title.as_str(), url.as_str()])),
        Page::Backups => found(ui, book.backups.iter().map(|b| [b.title.as_str(), b.of.as_str()])),
        Page::Objectives => found(ui, book.objectives.iter().map(|o| [o.title.as_str(), o.span.as_str()])),
        Page::Emergency => Vec::new(),
    }
}

/// What the cursor is at: its place in its list.
pub fn row(ui: &Ui, view: &View) -> Option<usize> {
    let rows = rows(ui, view);
    rows.get(ui.guide.at(rows.len())).copied()
}

/// The guide that fits what went wrong with the run: its id, and the number of the step. None while nothing did.
pub fn fitting(view: &View) -> Option<(&str, &str)> {
    let run = view.run.as_ref().filter(|r| is_live(r))?;
    let asks = matches!(run.needs, Some(Need::Settle { .. } | Need::Decide { .. } | Need::Choose { .. }));
    let failed = |s: &StepState| matches!(s, StepState::Failed | StepState::Unknown);
    let step = step_of(run).filter(|s| asks || failed(&s.state))?;
    let id = guide_of(view).filter(|id| view.book.guides.contains_key(*id))?;
    Some((id, step.label.as_str()))
}

impl Ui {
    /// The guide; where a step has failed, at what fits it.
    pub(super) fn open_guide(&mut self, view: &View) {
        if self.screen == Screen::Guide {
            return;
        }
        self.go(Screen::Guide);
        let Some((id, _)) = fitting(view) else { return };
        let Some((at, _, guide)) = view.book.guides.get_full(id) else { return };
        self.guide.page = Page::Trouble;
        self.guide.at[Page::Trouble as usize] = at;
        self.guide.step = guide.steps.iter().position(|(_, command)| command.is_some()).unwrap_or(0);
        (self.section, self.guide.from) = (STEPS, 0);
    }

    /// Who is called: the contacts, from wherever one is.
    pub(super) fn open_contacts(&mut self, view: &View) -> Vec<Intent> {
        self.go(Screen::Guide);
        self.turn_to(Page::Contacts);
        // At whoever is to be called now.
        if let Some(call) = view.book.call.filter(|_| view.incident.is_some()) {
            self.guide.at[Page::Contacts as usize] = call.contact;
        }
        Vec::new()
    }

    pub(super) fn turn_to(&mut self, page: Page) {
        self.guide.page = page;
        (self.section, self.find, self.scroll, self.guide.from) = (0, None, 0, 0);
    }

    pub(super) fn on_guide(&mut self, action: Action, view: &View) -> Option<Vec<Intent>> {
        if self.screen != Screen::Guide {
            return None;
        }
        let page = self.guide.page;
        let turn = |by: isize| {
            let to = (page as usize).saturating_add_signed(by).min(Page::ALL.len() - 1);
            Page::ALL[to].0
        };
        match action {
            Action::Left | Action::Right => {
                let to = turn(if action == Action::Left { -1 } else { 1 });
                let left = self.stop_probe(view);
                if to != page {
                    self.turn_to(to);
                }
                return Some(left);
            }
            Action::NextSection | Action::PreviousSection => {
                let sections = match page {
                    Page::Trouble => 3,
                    Page::Backups => 2,
                    _ => 1,
                };
                let by = if action == Action::NextSection { 1 } else { sections - 1 };
                self.section = (self.section + by) % sections;
            }
            Action::Back if page == Page::Trouble && self.section > SYMPTOMS => {
                let stopped = self.stop_probe(view);
                if stopped.is_empty() {
                    (self.section, self.guide.from) = (self.section - 1, 0);
                }
                return Some(stopped);
            }
            Action::Up => self.move_in_guide(view, -1),
            Action::Down => self.move_in_guide(view, 1),
            Action::PageUp => self.move_in_guide(view, -10),
            Action::PageDown => self.move_in_guide(view, 10),
            Action::First => self.move_in_guide(view, isize::MIN / 2),
            Action::Last => self.move_in_guide(view, isize::MAX / 2),
            Action::Open => return Some(self.open_in_guide(view)),
            Action::Retry => {
                return Some(match page {
                    Page::Trouble => self.look(view),
                    Page::Backups => self.list_backups(view),
                    _ => Vec::new(),
                });
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    fn move_in_guide(&mut self, view: &View, by: isize) {
        let to = |at: usize, rows: usize| at.saturating_add_signed(by).min(rows.saturating_sub(1));
        let all = rows(self, view).len();
        let row = row(self, view);
        let guide = row.and_then(|at| view.book.guides.get_index(at));
        match (self.guide.page, self.section) {
            (Page::Emergency, _) => self.scroll = to(self.scroll, crate::tui::paint::LONGEST_TEXT),
            (Page::Trouble, STEPS) => {
                let steps = guide.map_or(0, |(_, g)| g.steps.len());
                (self.guide.step, self.guide.from) = (to(self.guide.step.min(steps), steps), 0);
            }
            // What was said last stands at the end.
            (Page::Trouble, OUTPUT) => {
                self.guide.from = self.guide.from.saturating_add_signed(by.saturating_neg()).min(LONGEST);
            }
            (Page::Backups, STEPS) => self.guide.from = to(self.guide.from, LONGEST),
            (page, _) => {
                self.guide.at[page as usize] = to(self.guide.at(all), all);
                (self.guide.step, self.guide.from) = (0, 0);
            }
        }
    }

    fn open_in_guide(&mut self, view: &View) -> Vec<Intent> {
        let Some(at) = row(self, view) else { return Vec::new() };
        match self.guide.page {
            Page::Contacts => self.page_them(view, at),
            Page::Trouble if self.section == SYMPTOMS => {
                (self.section, self.guide.step, self.guide.from) = (STEPS, 0, 0);
                Vec::new()
            }
            Page::Trouble => self.look(view),
            Page::Dashboards => self.copy(view),
            Page::Backups => self.list_backups(view),
            Page::Objectives | Page::Emergency => Vec::new(),
        }
    }

    /// Asks whether the person here takes the incident.
    pub(super) fn take_incident(&mut self, view: &View) -> Vec<Intent> {
        if view.read_only {
            return self.only_reads();
        }
        match &view.incident {
            Some(incident) => {
                self.open(Dialog::Question(page::take(&incident.id)), Some(KeyCode::Char('K')));
            }
            None => self.said = Some("no incident is open".into()),
        }
        Vec::new()
    }

    /// Asks whether a role is to be told that it is needed.
    fn page_them(&mut self, view: &View, at: usize) -> Vec<Intent> {
        let Some(contact) = view.book.contacts.get(at) else { return Vec::new() };
        if view.read_only {
            return self.only_reads();
        }
        if contact.channels.is_empty() {
            let reach: Vec<String> = contact.reach.iter().map(|(k, v)| format!("{k} {v}")).collect();
            let how = match reach.is_empty() {
                true => "The playbook does not say how they are reached.".to_owned(),
                false => format!("Reach them yourself: {}.", reach.join(", ")),
            };
            self.refused(Refused {
                title: "NO CHANNEL".into(),
                what: format!("{} has no channel by which ripcord could tell them.", contact.title),
                means: how,
                press: format!("Enter closes this. [roles.{}] channels = […] names one.", contact.id),
            });
            return Vec::new();
        }
        if !contact.telling {
            let question = page::about(contact, &view.book.message.1);
            self.open(Dialog::Question(question), Some(KeyCode::Enter));
        }
        Vec::new()
    }

    /// Runs the command at the cursor.
    fn look(&mut self, view: &View) -> Vec<Intent> {
        let Some((id, guide)) = row(self, view).and_then(|at| view.book.guides.get_index(at)) else {
            return Vec::new();
        };
        let at = self.guide.step.min(guide.steps.len().saturating_sub(1));
        if guide.steps.get(at).is_none_or(|(_, command)| command.is_none()) {
            return Vec::new();
        }
        if view.read_only {
            return self.only_reads();
        }
        self.guide.from = 0;
        vec![Intent::Request(Request::Probe { guide: id.clone(), step: at + 1 })]
    }

    /// Asks for the listing at the cursor.
    fn list_backups(&mut self, view: &View) -> Vec<Intent> {
        let Some(list) = row(self, view).and_then(|at| view.book.backups.get(at)) else { return Vec::new() };
        if view.read_only {
            return self.only_reads();
        }
        self.guide.from = 0;
        vec![Intent::Request(Request::List { procedure: list.procedure.clone(), param: list.param.clone() })]
    }

    /// Whether a command runs whose output is looked at, so that it ends when one leaves.
    fn stop_probe(&self, view: &View) -> Vec<Intent> {
        let runs = view.book.probes.iter().any(|p| matches!(p.state, ProbeState::Running(_)));
        if runs && self.guide.page == Page::Trouble {
            vec![Intent::Request(Request::StopProbes)]
        } else {
            Vec::new()
        }
    }

    /// What a key brought, and what leaving the guide by it ends.
    pub(super) fn left_guide(&self, was: Screen, view: &View, mut out: Vec<Intent>) -> Vec<Intent> {
        if was == Screen::Guide && self.screen != Screen::Guide {
            out.extend(self.stop_probe(view));
        }
        out
    }

    /// Copies what the cursor is at, in the words of this screen.
    pub(super) fn copy(&mut self, view: &View) -> Vec<Intent> {
        if self.screen == Screen::Emergency
            || (self.screen == Screen::Guide && self.guide.page == Page::Emergency)
        {
            return vec![Intent::CopySheet];
        }
        match self.copied_here(view).filter(|t| !t.trim().is_empty()) {
            Some(text) => vec![Intent::Copy { text }],
            None => {
                self.said = Some("nothing to copy here".into());
                Vec::new()
            }
        }
    }

    fn copied_here(&self, view: &View) -> Option<String> {
        match self.screen {
            Screen::Guide => self.copied_in_guide(view),
            Screen::Signal => view.signals.get(self.signal).map(|s| s.origin.clone()),
            Screen::Run => view.run.as_ref().and_then(step_of).map(|s| s.line.clone()),
            Screen::Timeline => {
                let at = view.timeline.len().checked_sub(1 + self.back_in_time)?;
                let h = view.timeline.get(at)?;
                Some(format!("{} {} {}", crate::tui::format::clock(h.wall, &self.zone), h.kind, h.text))
            }
            Screen::Overview | Screen::Why => {
                let v = &view.verdict;
                Some(format!("{} {}: {}. {}", v.word, v.text, view.service, v.evidence.join(" · ")))
            }
            _ => None,
        }
    }

    fn copied_in_guide(&self, view: &View) -> Option<String> {
        let (book, at) = (&view.book, row(self, view)?);
        match self.guide.page {
            Page::Contacts => {
                let c = book.contacts.get(at)?;
                let reach: Vec<&str> = c.reach.iter().map(|(_, v)| v.as_str()).collect();
                Some(format!("{}: {}", c.title, reach.join(", ")))
            }
            Page::Trouble => {
                let (id, guide) = book.guides.get_index(at)?;
                let step = self.guide.step.min(guide.steps.len().saturating_sub(1));
                if self.section == OUTPUT {
                    let of = book.probes.iter().find(|p| p.guide == *id && p.step == step + 1)?;
                    let ProbeState::Ended { lines, .. } = &of.state else { return None };
                    return Some(lines.join("\n"));
                }
                guide.steps.get(step)?.1.clone()
            }
            Page::Dashboards => view.links.get(at).map(|(_, url)| url.clone()),
            Page::Backups => {
                use crate::session::view::guide::ListState::Listed;
                let Listed { rows, .. } = &book.backups.get(at)?.state else { return None };
                rows.get(self.guide.from.min(rows.len().saturating_sub(1))).map(|r| r.value.clone())
            }
            Page::Objectives => {
                let o = book.objectives.get(at)?;
                Some(format!("{}: {}, {}", o.title, crate::tui::format::length(o.within_ms), o.span))
            }
            Page::Emergency => None,
        }
    }

    /// Says what was sent to the clipboard, or that it was more than terminals take: so many bytes.
    pub fn copied(&mut self, text: &str, too_long: Option<usize>) {
        let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().trim();
        let more = if text.trim().lines().count() > 1 { " …" } else { "" };
        self.said = Some(match too_long {
            None => format!("copied: {first}{more}"),
            Some(bytes) => format!("not copied: {bytes} bytes, at most {}", osc::MOST),
        });
    }
}

/// No output and no listing is scrolled further.
const LONGEST: usize = 1_000;
