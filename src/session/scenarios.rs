//! Which scenario fits what is measured now.

use super::Session;
use super::view::ScenarioView;
use crate::engine::eval::Truth;
use crate::model::playbook::Scenario;
use crate::model::text::clean_line;
use crate::model::time::Now;

impl Session {
    /// All of them: what is so now first, then what cannot be said, then the rest.
    pub(super) fn scenarios(&self, now: &Now) -> Vec<ScenarioView> {
        let all = self.playbook.scenarios.iter();
        let mut out: Vec<ScenarioView> = all.filter_map(|(id, s)| self.scenario(id, s, now)).collect();
        out.sort_by_key(|s| match (s.truth, s.when.is_empty()) {
            (Truth::True, _) => 0,
            (Truth::Unknown, false) => 1,
            (Truth::Unknown, true) => 2,
            (Truth::False, _) => 3,
        });
        out
    }

    fn scenario(&self, id: &str, s: &Scenario, now: &Now) -> Option<ScenarioView> {
        let p = self.playbook.procedures.get(&s.procedure)?;
        let (truth, parts) = match &s.when {
            Some(when) => self.engine.judge(&when.expr, now.boot as i64, None),
            None => (Truth::Unknown, Vec::new()),
        };
        let seen: Vec<String> = parts.iter().filter(|p| p.truth == truth).map(|p| p.line()).collect();
        let args: Vec<String> = s.args.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        Some(ScenarioView {
            id: id.to_owned(),
            title: clean_line(&s.title),
            symptoms: clean_line(&s.symptoms),
            when: s.when.as_ref().map(|c| clean_line(&c.text)).unwrap_or_default(),
            truth,
            seen: clean_line(&seen.join(" · ")),
            procedure: (s.procedure.clone(), p.title.clone(), p.key),
            args: clean_line(&args.join(", ")),
        })
    }

    /// What a run gives as its reason when a person picked this scenario.
    pub fn reason_of(&self, scenario: &str) -> Option<String> {
        let s = self.playbook.scenarios.get(scenario)?;
        Some(clean_line(s.reason.as_ref().unwrap_or(&s.title)))
    }
}
