//! The run that is followed: its plan, its records so far, and whether anybody drives it.

use super::timeline::RunTeller;
use super::view::Happening;
use crate::model::record::Record;
use crate::model::time::Now;
use crate::run::approval;
use crate::run::plan::Plan;
use crate::run::view::{RunState, RunView};

/// A run, as its journal tells it.
#[derive(Debug, Clone)]
pub struct Following {
    plan: Plan,
    records: Vec<Record>,
    view: RunView,
    driven: bool,
    teller: RunTeller,
    /// What its first records told, until it is taken.
    story: Vec<Happening>,
}

impl Following {
    /// Follows a run from the records there are.
    ///
    /// # Errors
    /// Names the first record that is not a run's.
    pub fn new(plan: Plan, records: Vec<Record>, driven: bool) -> Result<Following, String> {
        let view = RunView::fold(&plan, &records)?;
        let mut teller = RunTeller::default();
        let mut story = vec![RunTeller::requested(&plan)];
        for record in &records {
            story.extend(teller.tell(&plan, record)?);
        }
        Ok(Following { plan, records, view, driven, teller, story })
    }

    /// Takes in what the journal says now; the new records, in words.
    ///
    /// # Errors
    /// Names the first record that is not a run's; nothing is taken in.
    pub fn extend(&mut self, records: Vec<Record>, driven: bool) -> Result<Vec<Happening>, String> {
        let mut teller = self.teller.clone();
        let mut told = Vec::new();
        for record in &records {
            told.extend(teller.tell(&self.plan, record)?);
        }
        if !records.is_empty() {
            let before = self.records.len();
            self.records.extend(records);
            match RunView::fold(&self.plan, &self.records) {
                Ok(view) => self.view = view,
                Err(e) => {
                    self.records.truncate(before);
                    return Err(e);
                }
            }
        }
        (self.driven, self.teller) = (driven, teller);
        Ok(told)
    }

    /// What was told when it was found; once.
    pub fn story(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.story)
    }

    /// Its records so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Its plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What is shown of it.
    pub fn view(&self) -> &RunView {
        &self.view
    }

    /// The words that counted towards its approval.
    pub fn given(&self) -> Vec<approval::Given> {
        approval::given(&self.records)
    }

    /// Whether it is neither over nor refused.
    pub fn is_open(&self) -> bool {
        !matches!(self.view.state, RunState::Finished | RunState::Refused)
    }

    /// Whether it was accepted, is not over, and nobody drives it.
    pub fn is_orphan(&self) -> bool {
        self.is_open() && !self.driven && self.view.state != RunState::Requested
    }

    /// Whether a screen of account `uid` may take it up by itself: its own run, of this boot. What is unknown of it
    /// still waits for a person.
    pub fn may_be_taken_up(&self, uid: u32, now: &Now) -> bool {
        let this_boot = self.records.last().is_some_and(|r| r.at.boot_id == now.boot_id);
        self.is_orphan() && this_boot && self.plan.who.uid == uid
    }
}
