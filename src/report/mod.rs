//! Records in, a document out: Markdown, JSON, HTML. Nothing is invented: what is not known is said to be unknown.

mod before;
mod changes;
pub mod chart;
mod counted;
mod decided;
pub mod doc;
pub mod drill;
mod impact;
mod known;
mod lists;
mod metrics;
mod review;
mod run;
mod stream;
pub mod timeline;
mod told;

pub use doc::{Doc, Form};
pub use known::{AROUND, Known, Subject, window};

use crate::model::record::Record;
use crate::model::samples::Samples;
use crate::model::time::Now;
use crate::run::plan::Plan;
use crate::session::outbox::Outbox;
use doc::{Cell, Section};
use known::{Ran, Story};
use serde_json::{Value, json};

/// The report of a run in Markdown, by its plan and journal alone: nothing else is on record.
///
/// # Errors
/// Names the first record that is not a run's.
pub fn markdown(plan: &Plan, records: &[Record]) -> Result<String, String> {
    let (samples, outbox) = (Samples::default(), Outbox::default());
    let known = Known {
        service: &plan.service,
        environment: &plan.environment,
        runs: vec![(plan, records)],
        outbox: Some(&outbox),
        samples: Some(&samples),
        ..Known::default()
    };
    Ok(document(Subject::Run(&plan.id), &known)?.print(Form::Markdown))
}

/// The report of a run, of a decision or of an incident.
///
/// # Errors
/// When the subject is not on record, or a record is none of its log's; in words.
pub fn document(subject: Subject<'_>, known: &Known<'_>) -> Result<Doc, String> {
    let story = Story::new(subject, known)?;
    let mut doc = Doc::default();
    doc.data.insert("schema".into(), json!(1));
    match (subject, story.runs.first()) {
        (Subject::Run(_), Some(run)) => of_run(&mut doc, &story, run),
        (Subject::Clock(id), _) => of_clock(&mut doc, &story, id),
        _ => of_incident(&mut doc, &story),
    }
    common(&mut doc, &story)?;
    if let Some(drill) = known.drill {
        drill::say_so(&mut doc, drill);
    }
    Ok(doc)
}

fn of_run(doc: &mut Doc, story: &Story<'_>, run: &Ran<'_>) {
    doc.title = doc::safe(&format!("{}: {}", run.plan.procedure.title, run::verdict(run)));
    if run.view.ended.is_none() && run.state.refused.is_none() {
        doc.lead.push(format!("As of {}; it is not over.", moment(story.span.1)));
    } else if let Some(open) = story.incident.as_ref().filter(|i| i.closed.is_none()) {
        doc.lead.push(format!("The run is over; as far as is on record, {} is not.", open.id));
    }
    doc.data.insert("run".into(), run::data(run));
    doc.add(run::summary(story, run));
    doc.add(changes::left(run));
}

fn of_clock(doc: &mut Doc, story: &Story<'_>, id: &str) {
    let Some(clock) = story.clocks.iter().find(|c| c.id == id) else { return };
    let held = decided::is_held(clock);
    let word = match (held, &clock.closed) {
        (true, _) => "not rolled back",
        (false, Some(_)) => "rolled back",
        (false, None) => "not decided",
    };
    doc.title = doc::safe(&format!("Decision {id}: {word}"));
    doc.data.insert(
        "decision".into(),
        json!({
            "id": id,
            "trigger": clock.trigger,
            "opened_ms": clock.at.wall,
            "closed_ms": clock.closed.as_ref().map(|c| c.2.wall),
            "rolled_back": clock.closed.as_ref().map(|_| !held),
            "how": clock.closed.as_ref().map(|c| c.0.word()),
        }),
    );
    let mut out = Section::new("Summary");
    out.facts(vec![
        ("Service", format!("{} ▸ {}", story.known.service, story.known.environment).into()),
        ("Decision", Cell::code(id)),
        ("Because of", story.trigger(&clock.trigger).into()),
        ("Incident", story.incident.as_ref().map_or("none on record".into(), |i| i.id.clone()).into()),
        ("Opened", stamp(&clock.at).into()),
        ("How it ended", decided::ended(clock).into()),
        ("Runs that followed", runs_of(story).into()),
    ]);
    doc.add(out);
}

fn runs_of(story: &Story<'_>) -> String {
    let all: Vec<&str> = story.runs.iter().map(|r| r.plan.id.as_str()).collect();
    if all.is_empty() { "none".into() } else { all.join(", ") }
}

fn of_incident(doc: &mut Doc, story: &Story<'_>) {
    let Some(incident) = &story.incident else { return };
    let word = match (&incident.closed, story.runs.is_empty()) {
        (None, _) => "not over",
        (Some(_), true) => "over, nothing was rolled back",
        (Some(_), false) => "over",
    };
    doc.title = doc::safe(&format!("Incident {}: {word}", incident.id));
    doc.data.insert(
        "incident".into(),
        json!({
            "id": incident.id,
            "opened_ms": incident.since.wall,
            "closed_ms": incident.closed.as_ref().map(|c| c.0.wall),
            "runs": story.runs.iter().map(|r| r.plan.id.as_str()).collect::<Vec<_>>(),
        }),
    );
    doc.data.insert("runs".into(), story.runs.iter().map(run::data).collect::<Vec<Value>>().into());
    let closed = incident.closed.as_ref().map_or("not over".into(), |(at, who, why)| {
        let by = who.as_ref().map_or("by itself".to_owned(), |w| format!("by {}", w.user));
        format!("{}, {by}: {why}", stamp(at))
    });
    let mut out = Section::new("Summary");
    out.facts(vec![
        ("Service", format!("{} ▸ {}", story.known.service, story.known.environment).into()),
        ("Incident", Cell::code(&incident.id)),
        ("Opened", stamp(&incident.since).into()),
        ("Because of", incident.reason.as_str().into()),
        ("Over", closed.into()),
        ("Runs", runs_of(story).into()),
    ]);
    doc.add(out);
}

/// What every report has, whatever it is about.
fn common(doc: &mut Doc, story: &Story<'_>) -> Result<(), String> {
    let impact = impact::section(story, &mut doc.data);
    doc.add(impact);
    doc.add(metrics::section(story));
    let mut objectives = Section::new("Objectives");
    let rows = story.runs.iter().flat_map(run::objectives).chain(decided::responses(story));
    objectives.table(["objective", "allowed", "took", "judged"], rows.collect());
    doc.add(objectives);
    doc.add(decided::clocks(story));
    match story.runs.as_slice() {
        [run] => {
            doc.add(before::preflight(run));
            doc.add(before::checklists(run));
            doc.add(before::approval(run));
            doc.add(run::steps(story, run, "Steps"));
            doc.add(changes::files(run));
            doc.add(changes::ramps(run));
            doc.add(changes::people(run));
            doc.add(run::verification(run));
        }
        several => several.iter().for_each(|run| doc.add(brief(story, run))),
    }
    doc.add(decided::overrides(story));
    doc.add(told::messages(story));
    doc.add(told::escalation(story));
    doc.add(lists::worked(story));
    doc.add(lists::follow_ups(story));
    doc.add(review::section(story));
    doc.add(stream::section(story)?);
    doc.add(sources(story));
    Ok(())
}

/// One run of several, in brief; `ripcord report RUN` has all of it.
fn brief(story: &Story<'_>, run: &Ran<'_>) -> Section {
    let mut out =
        Section::new(format!("Run {}: {}, {}", run.plan.id, run.plan.procedure.title, run::verdict(run)));
    out.text(format!("`ripcord report {}` has all of it.", run.plan.id));
    out.blocks.extend(run::summary(story, run).blocks);
    out.blocks.extend(changes::left(run).blocks);
    out.blocks.extend(run::steps(story, run, "Steps").blocks);
    out.blocks.extend(run::verification(run).blocks);
    out
}

/// What it was made of.
fn sources(story: &Story<'_>) -> Section {
    let mut out = Section::new("What this is made of");
    let mut facts: Vec<(&str, Cell)> = Vec::new();
    for run in &story.runs {
        let last = run.records.last().map_or(0, |r| r.seq);
        facts.push(("Journal", format!("run {}, records 1 to {last}", run.plan.id).into()));
    }
    let decided = story.decided.first().zip(story.decided.last());
    facts.push((
        "Decisions",
        match decided {
            Some((a, b)) => {
                format!("{} of records {} to {}", story.decided.len(), a.record.seq, b.record.seq).into()
            }
            None => "no record of that time".into(),
        },
    ));
    facts.push((
        "Samples",
        match story.known.samples.map(Samples::count) {
            None => "not looked up".into(),
            Some((0, _)) => "none is kept of that time".into(),
            Some((n, failed)) => format!("{n} reads, {failed} of them failed").into(),
        },
    ));
    facts.push((
        "Messages",
        match story.known.outbox {
            None => "not looked up".into(),
            Some(_) => format!("{} about it", story.letters().len()).into(),
        },
    ));
    facts.push(("Times", "UTC, by the wall clock of the host; lengths by its boot clock".into()));
    out.facts(facts);
    out
}

/// A wall time (milliseconds) in words, UTC.
pub(crate) fn moment(wall: i64) -> String {
    stamp(&Now { wall, ..Now::default() })
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

#[cfg(test)]
mod tests;
