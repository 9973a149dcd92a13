//! `[scenarios]`: what a trouble looks like, and the procedure that fits it.

use super::across::hands;
use super::conditions::standing;
use super::triggers::args;
use super::words::{Style, id};
use crate::config::walk::Table;
use crate::model::playbook::{Playbook, Scenario};
use indexmap::IndexMap;

/// `[scenarios.S]`
pub fn scenarios(top: &Table<'_>) -> IndexMap<String, Scenario> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("scenarios") else { return out };
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Kebab);
        if let Some(s) = node.table().and_then(|t| scenario(&t)) {
            out.insert(name.to_string(), s);
        }
    }
    out
}

fn scenario(t: &Table<'_>) -> Option<Scenario> {
    let procedures = t.cx.known.of("procedures");
    let title = t.req("title", "name it for people").and_then(|n| n.text());
    let symptoms = t.opt("symptoms").and_then(|n| n.text()).unwrap_or_default();
    let when = t.opt("when").map(|n| standing(&n));
    let procedure = t.req("procedure", "write procedure = \"…\"");
    let procedure = procedure.and_then(|n| n.reference("procedure", procedures));
    let args = args(t);
    let reason = t.opt("reason").and_then(|n| n.text());
    let when = match when {
        Some(None) => return None,
        found => found.flatten(),
    };
    Some(Scenario { title: title?, symptoms, when, procedure: procedure?, args, reason })
}

/// What a scenario hands over must be parameters of its procedure.
pub fn check(top: &Table<'_>, playbook: &Playbook) {
    let Some(all) = top.opt("scenarios") else { return };
    for (name, node) in all.table_quietly().unwrap_or_default() {
        let Some(s) = playbook.scenarios.get(name) else { continue };
        let Some(procedure) = playbook.procedures.get(&s.procedure) else { continue };
        let given = node.peek("args").filter(|a| a.table_quietly().is_some()).map(|a| a.keyed());
        for (param_name, span, value) in &given.unwrap_or_default() {
            hands(procedure, &s.procedure, param_name, span, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{GOOD, told};
    use super::super::{Loaded, parse};
    use crate::config::problem::Problem;

    fn with(more: &str) -> Result<Loaded, Vec<Problem>> {
        parse(&format!("{GOOD}{more}"), "x.toml")
    }

    #[test]
    fn a_scenario_is_read_with_its_condition() {
        let more = "[scenarios.errors]\ntitle = \"Errors\"\nsymptoms = \"Users call\"\n\
                    when = \"error_rate > 5%\"\nprocedure = \"revert\"\nreason = \"spike\"\n";
        let loaded = with(more).unwrap_or_else(|p| panic!("{}", told(&p)));
        let s = &loaded.playbook.scenarios["errors"];
        assert_eq!((s.title.as_str(), s.symptoms.as_str()), ("Errors", "Users call"));
        assert_eq!(s.when.as_ref().map(|c| c.text.as_str()), Some("error_rate > 5%"));
        assert_eq!((s.procedure.as_str(), s.reason.as_deref()), ("revert", Some("spike")));
    }

    #[test]
    fn what_is_wrong_with_one_is_told_where_it_stands() {
        for (more, wrong) in [
            ("[scenarios.e]\nprocedure = \"revert\"\n", "title"),
            ("[scenarios.e]\ntitle = \"E\"\n", "procedure"),
            ("[scenarios.e]\ntitle = \"E\"\nprocedure = \"revret\"\n", "revret"),
            (
                "[scenarios.e]\ntitle = \"E\"\nprocedure = \"revert\"\nwhen = \"eror_rate > 5%\"\n",
                "eror_rate",
            ),
            ("[scenarios.e]\ntitle = \"E\"\nprocedure = \"revert\"\nargs = { nothing = 1 }\n", "nothing"),
        ] {
            let problems = with(more).expect_err(wrong);
            assert!(told(&problems).contains(wrong), "{wrong}: {}", told(&problems));
        }
    }
}
