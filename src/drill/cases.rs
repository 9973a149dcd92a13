//! What is rehearsed of a playbook when all of it is: every procedure to its verified end and to its failures, every
//! chaos, every scenario; and what is to come of each.

mod fit;
mod judged;

pub use judged::judged;

use super::rehearsed::Rehearsed;
use super::robot::Goal;
use crate::model::drill::{Chaos, Ending};
use crate::model::playbook::{OnFailure, ParamKind, Playbook, Step, StepKind};
use crate::model::time::Millis;

/// Milliseconds of a sound service before anything goes wrong.
pub const CALM: Millis = 60_000;
/// Milliseconds from what goes wrong until somebody starts a procedure by hand.
const HAND: Millis = 5_000;

/// What is changed for a case, so that it ends badly.
#[derive(Debug, Clone, PartialEq)]
pub enum Twist {
    /// Nothing.
    None,
    /// Nothing cures what goes wrong.
    Incurable,
    /// These steps fail.
    Fails(Vec<String>),
    /// Every channel takes nothing.
    Deaf,
    /// Nothing is listed for this parameter of a procedure.
    Unlisted(String, String),
}

/// What is to come of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Hope {
    /// The run verifies; a procedure without a verification: every step is done.
    Verified,
    /// The run fails, or a fallback or a person's word carries it on to its verified end (`may`).
    Fails {
        /// The playbook has something in its place.
        may: bool,
    },
    /// The run ends, and is not called verified.
    NotVerified,
    /// The run verifies, and that people were not told is on record.
    Untold,
    /// Refused before the first change.
    Refused,
    /// A trigger fires, within so many milliseconds.
    Fires(String, Option<Millis>),
    /// Nothing fires.
    Quiet,
    /// It comes to an end.
    Ends,
    /// As a scenario says.
    Script(Ending),
}

/// One rehearsal.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// In words.
    pub name: String,
    /// What goes wrong, and after how many milliseconds.
    pub chaos: Vec<(String, Millis)>,
    /// What the operator is there for.
    pub goal: Goal,
    /// What is changed.
    pub twist: Twist,
    /// What is to come of it.
    pub hope: Hope,
}

/// All cases of a playbook.
pub fn cases(rehearsed: &Rehearsed) -> Vec<Case> {
    let (playbook, drill) = (rehearsed.playbook(), rehearsed.drill());
    let mut out = Vec::new();
    for (id, p) in &playbook.procedures {
        if p.hidden && is_part(playbook, id) {
            continue;
        }
        let fits = fit::chaos(playbook, &drill, id);
        let with = |name: String, twist, hope| by_hand(name, id, None, fits.as_deref(), twist, hope);
        let under = fits.as_ref().map_or(String::new(), |c| format!(" under {c}"));
        out.push(with(format!("{id}{under}"), Twist::None, Hope::Verified));
        let steps = flat(playbook, id, 0);
        if let Some((names, may)) = changing(playbook, id) {
            out.push(with(format!("{id}: {} fails", names[0]), Twist::Fails(names), Hope::Fails { may }));
        }
        if let Some(chaos) = fits.as_ref().filter(|c| fit::is_seen(playbook, &drill, id, c)) {
            let name = format!("{id}: {chaos} goes on");
            out.push(with(name, Twist::Incurable, Hope::NotVerified));
        }
        if verifies(&steps) && steps.iter().any(|(_, s)| matches!(s.kind, StepKind::Notify { .. })) {
            out.push(with(format!("{id}: nobody can be told"), Twist::Deaf, Hope::Untold));
        }
        for (name, param) in &p.params {
            if matches!(param.kind, ParamKind::Values(_)) && !param.rehearse.is_empty() {
                let twist = Twist::Unlisted(id.clone(), name.clone());
                out.push(with(format!("{id}: no {name} to choose from"), twist, Hope::Refused));
            }
        }
    }
    for (id, chaos) in &drill.chaos {
        out.push(of_chaos(playbook, &drill, id, chaos));
    }
    for (id, s) in &playbook.scenarios {
        let fits = fit::for_scenario(playbook, &drill, id, s);
        let under = fits.as_ref().map_or(String::new(), |c| format!(" under {c}"));
        let name = format!("scenario {id}{under}");
        out.push(by_hand(name, &s.procedure, Some(id), fits.as_deref(), Twist::None, Hope::Verified));
    }
    out
}

/// A procedure that is started by hand, while this goes wrong.
pub fn by_hand(
    name: String,
    id: &str,
    scenario: Option<&str>,
    chaos: Option<&str>,
    twist: Twist,
    hope: Hope,
) -> Case {
    let chaos: Vec<(String, Millis)> = chaos.map(|c| (c.to_owned(), CALM)).into_iter().collect();
    let after = if chaos.is_empty() { HAND } else { CALM + HAND };
    let goal = Goal::Procedure { id: id.to_owned(), scenario: scenario.map(str::to_owned), after };
    Case { name, chaos, goal, twist, hope }
}

fn of_chaos(playbook: &Playbook, drill: &crate::model::drill::Drill, id: &str, chaos: &Chaos) -> Case {
    let own = (id.to_owned(), CALM);
    let name = format!("chaos {id}");
    let watch = |hope| Case {
        name: name.clone(),
        chaos: vec![own.clone()],
        goal: Goal::Watch,
        twist: Twist::None,
        hope,
    };
    match &chaos.expect {
        Some(e) => match &e.trigger {
            Some(trigger) => return watch(Hope::Fires(trigger.clone(), e.within)),
            None if chaos.fail_steps.is_empty() && chaos.fail_channels.is_empty() => {
                return watch(Hope::Quiet);
            }
            None => {}
        },
        None if chaos.fail_steps.is_empty() && chaos.fail_channels.is_empty() => return watch(Hope::Ends),
        None => {}
    }
    // It shows only where something is done meanwhile.
    let fails = |(of, s): &(&str, &Step)| {
        let named = s
            .id
            .as_ref()
            .is_some_and(|s| chaos.fail_steps.contains(s) || chaos.fail_steps.contains(&format!("{of}.{s}")));
        let told = match &s.kind {
            StepKind::Notify { channels, .. } => channels.iter().any(|c| chaos.fail_channels.contains(c)),
            _ => false,
        };
        named || told
    };
    let whole = playbook.procedures.iter().filter(|(id, p)| !(p.hidden && is_part(playbook, id)));
    let found = whole.filter_map(|(id, _)| {
        let step = flat(playbook, id, 0).into_iter().find(fails)?.1.clone();
        Some((id.clone(), step))
    });
    // The one that fits something that goes wrong comes first.
    let found: Vec<(String, Step)> = found.collect();
    let best = found.iter().find(|(p, _)| fit::chaos(playbook, drill, p).is_some()).or(found.first());
    let Some((procedure, step)) = best.cloned() else { return watch(Hope::Ends) };
    let fits = fit::chaos(playbook, drill, &procedure).filter(|c| c != id);
    let hope = match chaos.fail_steps.is_empty() {
        true => Hope::Untold,
        false => Hope::Fails { may: has_another_way(&step) },
    };
    let mut case = by_hand(name.clone(), &procedure, None, fits.as_deref(), Twist::None, hope);
    case.name = format!("{name} during {procedure}");
    case.chaos.push((id.to_owned(), 0));
    case
}

/// The steps of a procedure with those of procedures within, each with the procedure it stands in.
fn flat<'p>(playbook: &'p Playbook, id: &str, depth: usize) -> Vec<(&'p str, &'p Step)> {
    let mut out = Vec::new();
    let Some((id, p)) = playbook.procedures.get_key_value(id) else { return out };
    for s in &p.steps {
        match &s.kind {
            StepKind::Procedure { id, .. } if depth < 8 => out.extend(flat(playbook, id, depth + 1)),
            _ => out.push((id.as_str(), s)),
        }
        out.extend(s.fallback.iter().map(|f| (id.as_str(), f)));
    }
    out
}

/// Whether a procedure is a step of another one, with which it is rehearsed.
fn is_part(playbook: &Playbook, id: &str) -> bool {
    let steps = playbook.procedures.values().flat_map(|p| &p.steps);
    let mut steps = steps.flat_map(|s| std::iter::once(s).chain(&s.fallback));
    steps.any(|s| matches!(&s.kind, StepKind::Procedure { id: inner, .. } if inner == id))
}

fn verifies(steps: &[(&str, &Step)]) -> bool {
    steps.iter().any(|(_, s)| matches!(s.kind, StepKind::Verify(_)))
}

fn has_another_way(s: &Step) -> bool {
    !s.fallback.is_empty() || s.on_failure != OnFailure::Stop || s.always
}

/// The step by which a procedure takes effect, by the names that make it fail, and whether there is another way.
fn changing(playbook: &Playbook, id: &str) -> Option<(Vec<String>, bool)> {
    let p = playbook.procedures.get(id)?;
    let wanted = p.takes_effect.as_ref()?;
    let own = p.steps.iter().find(|s| s.id.as_ref() == Some(wanted));
    match own {
        Some(s) => match &s.kind {
            StepKind::Procedure { id, .. } => {
                let (names, may) = changing(playbook, id)?;
                Some((names, may || s.on_failure != OnFailure::Stop))
            }
            _ => Some((vec![format!("{id}.{wanted}")], has_another_way(s) || s.already.is_some())),
        },
        None => flat(playbook, id, 0)
            .into_iter()
            .find(|(_, s)| s.id.as_ref() == Some(wanted))
            .map(|(_, s)| (vec![wanted.clone()], has_another_way(s) || s.already.is_some())),
    }
}
