//! `ripcord mark`: a moment, and what the signals were before it.

use super::args::Target;
use super::say::put;
use super::{exit, runtime, target};
use crate::clock;
use crate::model::playbook::{Baseline, Playbook};
use crate::model::text::clean_line;
use crate::model::unit::{Quantity, duration};
use crate::report::length;
use crate::session::decision::Kind;
use crate::supervisor::{baseline, person};

/// Marks a moment, now when none is given, and captures the baselines that it stands for.
pub fn mark(of: &Target, name: &str, at: Option<&str>) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let setup = &opened.setup;
    let known = marks(&setup.playbook);
    if !known.contains(&name) {
        let hint = match known.is_empty() {
            true => "no signal of this playbook has `baseline = { mark = … }`".to_owned(),
            false => format!("there is {}", known.join(", ")),
        };
        eprintln!("error: no mark is named `{}`\n  hint: {hint}", clean_line(name));
        return exit::USAGE;
    }
    let now = clock::now().wall;
    let at = match at.map_or(Ok(now), |text| moment(text, now)) {
        Ok(at) => at,
        Err(why) => {
            eprintln!("error: {why}");
            return exit::USAGE;
        }
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("error: {e}");
            return exit::USAGE;
        }
    };
    let capture = baseline::capture(&setup.playbook, &setup.environment, &setup.folder, name, at);
    let values = runtime.block_on(capture);
    let kind = Kind::Marked { mark: name.to_owned(), at, values: values.clone(), who: person() };
    if let Err(code) = put(setup, &kind) {
        return code;
    }
    let time = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    println!("MARKED {name} at {}.", time.strftime("%Y-%m-%d %H:%M:%S UTC"));
    for (id, found) in &values {
        println!("  {}", line(&setup.playbook, id, found));
    }
    if matches!(crate::supervisor::decisions::load(&setup.folder), Ok(state) if state.incident.is_some()) {
        println!("An incident is open: this mark counts when it is over.");
    }
    exit::OK
}

/// The marks that signals have as their baseline.
fn marks(playbook: &Playbook) -> Vec<&str> {
    let mut out = Vec::new();
    for signal in playbook.signals.values() {
        if let Some(Baseline::Mark { id, .. }) = &signal.baseline
            && !out.contains(&id.as_str())
        {
            out.push(id);
        }
    }
    out
}

/// A moment as people write it: a time, or how long ago it was. Never later than now.
fn moment(text: &str, now: i64) -> Result<i64, String> {
    let at = match (text.parse::<jiff::Timestamp>(), duration(text)) {
        (Ok(at), _) => at.as_millisecond(),
        (_, Ok(ago)) => now - ago as i64,
        _ => {
            return Err(format!(
                "`{}` is no moment\n  hint: write 2026-11-21T10:00:00Z, or 10m for ten minutes ago",
                clean_line(text)
            ));
        }
    };
    match at > now {
        true => Err(format!("{text} is still to come")),
        false => Ok(at),
    }
}

fn line(playbook: &Playbook, id: &str, found: &Result<(f64, u64), String>) -> String {
    let Some(signal) = playbook.signals.get(id) else { return id.to_owned() };
    let Some(Baseline::Mark { over, least, .. }) = &signal.baseline else { return id.to_owned() };
    match found {
        Ok((value, n)) => {
            let value = Quantity { value: *value, dim: signal.unit.dim() }.show(3);
            let few = if n < least { format!(": TOO FEW, {least} are needed") } else { String::new() };
            format!("{id}: {value}, the average of {n} samples in {}{few}", length(*over))
        }
        Err(why) => format!("{id}: NOTHING, {}", clean_line(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_how_long_ago_it_was() {
        let noon = 1_763_726_400_000;
        assert_eq!(moment("2025-11-21T12:00:00Z", noon), Ok(noon));
        assert_eq!(moment("10m", noon), Ok(noon - 600_000));
        assert!(moment("2025-11-21T12:00:01Z", noon).unwrap_err().contains("still to come"));
        assert!(moment("noon", noon).is_err());
    }
}
