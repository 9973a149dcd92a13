//! Records in, Markdown out. Nothing is invented: what is not known is said to be unknown.

mod before;
mod changes;
pub mod drill;
pub mod timeline;

use crate::model::record::Record;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::plan::Plan;
use crate::run::state::State;
use crate::run::story::{Told, tell};
use crate::run::view::{RunView, between};
use std::fmt::Write as _;

/// The report of a run, folded from its plan and journal.
///
/// # Errors
/// Names the first record that is not a run's.
pub fn markdown(plan: &Plan, records: &[Record]) -> Result<String, String> {
    let state = State::fold(plan, records)?;
    let view = RunView::of(plan, &state);
    let told: Vec<(Now, Told)> = records
        .iter()
        .filter_map(|r| tell(plan, r).transpose().map(|t| t.map(|t| (r.at.clone(), t))))
        .collect::<Result<_, _>>()?;
    let mut out = String::new();
    summary(&mut out, plan, &state, &view);
    changes::left(&mut out, &state, &view);
    objectives(&mut out, &view);
    before::preflight(&mut out, &view);
    before::checklists(&mut out, plan);
    before::approval(&mut out, plan, &state);
    steps(&mut out, &view);
    changes::files(&mut out, plan, records);
    changes::ramps(&mut out, plan, &view, records);
    changes::people(&mut out, plan, &state);
    verification(&mut out, &view);
    timeline(&mut out, &told);
    Ok(out)
}

/// What people did with the checklists and what items said of themselves, from the plan on: by records of
/// `decisions.jsonl`, appended to the report of a run. Empty when there was nothing.
pub fn worked(plan: &Plan, decided: &[Record]) -> String {
    let since = plan.confirmed_at.wall;
    let about = |r: &&Record| r.at.wall >= since && (r.kind == "Ticked" || r.kind.starts_with("Item"));
    let told: Vec<(Now, Told)> = decided
        .iter()
        .filter(about)
        .filter_map(|r| Some((r.at.clone(), crate::session::decision::story::tell(None, r)?)))
        .collect();
    let mut out = String::new();
    if told.is_empty() {
        return out;
    }
    let _ = writeln!(out, "\n## Checklists since then\n\n| time | what | by |\n|---|---|---|");
    for (at, t) in &told {
        let who = t.who.as_deref().unwrap_or("auto");
        let _ = writeln!(out, "| {} | {} | {} |", stamp(at), cell(&t.text), cell(who));
    }
    out
}

/// A wall time in words, UTC.
pub fn stamp(now: &Now) -> String {
    jiff::Timestamp::from_millisecond(now.wall)
        .map_or_else(|_| "unknown".into(), |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}

/// A length of time in words: `48s`, `3m18s`, `2h05m`.
pub fn length(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0 if ms > 0 => format!("{ms}ms"),
        0..60 => format!("{s}s"),
        60..3600 => format!("{}m{:02}s", s / 60, s % 60),
        _ => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
    }
}

fn cell(text: &str) -> String {
    clean_line(text).replace('|', "\\|")
}

fn summary(out: &mut String, plan: &Plan, state: &State, view: &RunView) {
    let verdict = view.verdict.map_or("not over", |v| v.word());
    let _ = writeln!(out, "# {}: {verdict}\n", cell(&plan.procedure.title));
    let cause = plan.cause.as_ref().map_or_else(
        || "no trigger was firing".to_string(),
        |c| format!("{}, firing since {}", cell(&c.title), stamp(&c.firing_since)),
    );
    let known = |at: &Option<Now>| at.as_ref().map_or_else(|| "never".to_string(), stamp);
    let target = state.target.as_ref().map_or_else(
        || "never asked".to_string(),
        |(answer, detail, at)| format!("{}: {}, {}", answer.word(), cell(detail), stamp(at)),
    );
    let rows = [
        ("Service", format!("{} ▸ {}", cell(&plan.service), cell(&plan.environment))),
        ("Run", plan.id.clone()),
        ("By", format!("{} (uid {})", cell(&view.who), plan.who.uid)),
        ("Reason", cell(&plan.reason)),
        ("Cause", cause),
        ("From → to", format!("{} → {}", cell(&plan.from), cell(&plan.to))),
        ("Right target", target),
        ("Requested", stamp(&view.requested)),
        ("Applied", known(&view.applied)),
        ("Observed", known(&view.observed)),
        ("Verified", known(&view.verified)),
        ("Ended", known(&view.ended)),
        ("How it ended", if view.why.is_empty() { verdict.into() } else { cell(&view.why) }),
        ("Host", if view.host.is_empty() { "unknown".into() } else { cell(&view.host) }),
        ("Playbook", format!("sha256 {}", plan.playbook_hash)),
    ];
    let _ = writeln!(out, "| | |\n|---|---|");
    for (name, value) in rows {
        let _ = writeln!(out, "| {name} | {value} |");
    }
    if let Some(after) = &view.after {
        let _ = writeln!(out, "\nThis run comes after another one: {}.", cell(after));
    }
    if view.adopted > 0 {
        let _ = writeln!(
            out,
            "\nIts supervisor was lost and replaced {} time(s); nothing was done twice.",
            view.adopted
        );
    }
}

fn objectives(out: &mut String, view: &RunView) {
    if view.objectives.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## Objectives\n\n| objective | allowed | took | judged |\n|---|---|---|---|");
    for o in &view.objectives {
        if let Some(other) = &o.other {
            let judged = match other.kept {
                Some(true) => "kept",
                Some(false) => "MISSED",
                None => "unknown",
            };
            let (asks, found) = (cell(&other.asks), cell(&other.found));
            let _ = writeln!(out, "| {} | {asks} | {found} | {judged} |", cell(&o.title));
            continue;
        }
        let took = match (&o.from, &o.to) {
            (Some(from), Some(to)) => Some(between(from, to)),
            _ => None,
        };
        let judged = match took {
            Some(t) if !o.provisional => {
                if t <= o.within_ms {
                    "kept"
                } else {
                    "MISSED"
                }
            }
            _ => "unknown: it never got there",
        };
        let took = took.map_or_else(|| "unknown".into(), length);
        let _ = writeln!(out, "| {} | {} | {took} | {judged} |", cell(&o.title), length(o.within_ms));
    }
}

fn steps(out: &mut String, view: &RunView) {
    let _ = writeln!(
        out,
        "\n## Steps\n\n| # | step | state | took | what was done | detail |\n|---|---|---|---|---|---|"
    );
    for s in &view.steps {
        let state = s.state.word();
        let took = s.took_ms.map_or_else(|| "-".into(), length);
        let line = cell(&s.line).replace('`', "'");
        let _ = writeln!(
            out,
            "| {} | {} | {state} | {took} | `{line}` | {} |",
            cell(&s.label),
            cell(&s.name),
            cell(&s.detail)
        );
    }
}

fn verification(out: &mut String, view: &RunView) {
    let Some(v) = &view.verification else {
        let _ = writeln!(out, "\n## Verification\n\nThis procedure verified nothing.");
        return;
    };
    let _ = writeln!(
        out,
        "\n## Verification: {}\n\nAll criteria had to hold for {} without a break. {}\n",
        cell(&v.title),
        length(v.stable_ms),
        match (v.verified, &v.stable_since) {
            (true, Some(since)) => format!("They did, from {} on.", stamp(since)),
            (true, None) => "They did.".into(),
            (false, _) => "They did not.".into(),
        }
    );
    let _ = writeln!(out, "| criterion | at the end | value | since |\n|---|---|---|---|");
    for c in &v.criteria {
        let since = c.since.as_ref().map_or_else(|| "unknown".into(), stamp);
        let _ = writeln!(out, "| {} | {} | {} | {since} |", cell(&c.text), c.truth.word(), cell(&c.value));
    }
    for (at, why) in &v.restarts {
        let _ = writeln!(out, "\nThe stability clock started again at {}: {}", stamp(at), cell(why));
    }
}

fn timeline(out: &mut String, told: &[(Now, Told)]) {
    let _ = writeln!(out, "\n## Timeline\n\n| time | what | | by |\n|---|---|---|---|");
    for (at, t) in told {
        let who = t.who.as_deref().unwrap_or_default();
        let _ = writeln!(out, "| {} | {} | {} | {} |", stamp(at), cell(&t.kind), cell(&t.text), cell(who));
    }
}

#[cfg(test)]
mod tests;
