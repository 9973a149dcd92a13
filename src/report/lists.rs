//! Checklists with who and when, and follow-ups.

use super::doc::{Section, row};
use super::known::Story;
use super::{moment, stamp};
use crate::model::playbook::Moment;
use crate::session::decision::story::tell;

/// What people did with the checklists and what items said of themselves.
pub(super) fn worked(story: &Story<'_>) -> Section {
    let mut out = Section::new("Checklists since then");
    let about = |kind: &str| kind == "Ticked" || kind.starts_with("Item");
    let since = story.runs.first().map_or(story.span.0, |r| r.plan.confirmed_at.wall);
    let mine = story.decided.iter().filter(|d| about(&d.record.kind) && d.record.at.wall >= since);
    let rows = mine.filter_map(|d| {
        let told = tell(story.known.playbook, d.record)?;
        Some(row([stamp(&d.record.at), told.text, told.who.unwrap_or_else(|| "auto".into())]))
    });
    out.table(["time", "what", "by"], rows.collect());
    out
}

/// Items after the run, with their deadlines, as they stand now.
pub(super) fn follow_ups(story: &Story<'_>) -> Section {
    let mut out = Section::new("Follow-ups");
    let (Some(playbook), Some((over, procedure, ended))) = (story.known.playbook, &story.state.run_over)
    else {
        return out;
    };
    // Ticks of lists after a run count for the last run.
    if !story.runs.iter().any(|r| r.plan.id == *over) {
        return out;
    }
    let named = playbook.procedures.get(procedure).map(|p| p.checklists.as_slice()).unwrap_or_default();
    let after = |id: &str| playbook.checklists.get(id).is_some_and(|c| c.moment == Moment::After);
    let named: Vec<&String> = named.iter().filter(|id| after(id)).collect();
    let now = story.state.last.as_ref().map(|(_, at)| at.clone()).unwrap_or_default();
    for (id, list) in playbook.checklists.iter().filter(|(_, c)| c.moment == Moment::After) {
        if !named.is_empty() && !named.contains(&id) {
            continue;
        }
        let due =
            list.due.map_or("no deadline".to_owned(), |due| moment(ended.wall.saturating_add(due as i64)));
        let facts = story.state.facts(playbook, id, &now);
        let owners = |i: usize| {
            let roles = list.items.get(i).map(|item| item.roles.as_slice()).unwrap_or_default();
            let title = |r: &String| playbook.roles.get(r).map_or(r.clone(), |r| r.title.clone());
            match roles.iter().map(title).collect::<Vec<_>>() {
                all if all.is_empty() => "nobody is named".to_owned(),
                all => all.join(", "),
            }
        };
        let rows = facts.items.iter().enumerate().map(|(i, item)| {
            let state = match (&item.without, item.done) {
                (_, true) => "done".to_owned(),
                (Some((who, why)), false) => format!("gone on without it, {who}: {why}"),
                (None, false) => "OPEN".into(),
            };
            let done = item.at.filter(|_| item.done).map(moment).unwrap_or_default();
            let who = item.who.clone().filter(|_| item.done).unwrap_or_default();
            row([item.text.clone(), owners(i), due.clone(), state, who, done])
        });
        out.sub(&facts.title).table(["item", "owner", "due", "state", "by", "when"], rows.collect());
    }
    out
}
