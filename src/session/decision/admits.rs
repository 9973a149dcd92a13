//! Whether one more record may be appended: asked under the log's lock, by the decider and by people alike.

use super::{Decisions, Kind};
use crate::model::playbook::Automation;
use crate::model::time::Now;

impl Decisions {
    /// Whether this record may be appended now; else why not, in words for whoever asked.
    ///
    /// # Errors
    /// The rule that says no.
    pub fn admits(&self, _kind: &Kind, _now: &Now) -> Result<(), String> {
        Ok(())
    }

    /// What automation may do for a trigger now: the least of the environment's ceiling, the trigger's own mode (or what a
    /// person set for it) and what a person set for all.
    pub fn mode(&self, ceiling: Automation, trigger: &str, own: Automation) -> Automation {
        let own = self.automations.get(trigger).map_or(own, |s| s.mode);
        let all = self.automation.as_ref().map_or(Automation::Armed, |s| s.mode);
        ceiling.min(own).min(all)
    }
}
