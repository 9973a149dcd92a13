//! One confirmation for two things: a run is stopped, its processes are seen to be dead, and only then another one starts.

use super::after::{Before, pids};
use super::control::Asker;
use super::home::{alive, lock_path};
use super::launch::{Accepted, Refused, launch, resume};
use crate::clock;
use crate::journal::{is_held, real};
use crate::run::plan::After;
use crate::run::record::{Refusal, Wish};
use crate::run::state::Stand;
use crate::run::{Kind, Person, Plan};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the run before may take to end, in all.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long its processes may outlive it; a person says what comes then.
const GRACE: Duration = Duration::from_secs(3);

/// Time between two looks.
const GLANCE: Duration = Duration::from_millis(100);

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// The run before was asked to end.
    Asked,
    /// Its processes are waited for: pid and name.
    Stopping(Vec<(i32, String)>),
    /// It is over, and its processes are dead: the plan is handed over.
    Starting,
}

/// Why the plan was not started. The run before may have been stopped all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReplaced {
    /// Processes of the run before ignore KILL, or have left it: starting now would act beside them. With a reason in
    /// [`After::Replaces`] the plan starts all the same.
    #[error("NOT DEAD: {}. Starting now would act beside them", pids(.0))]
    NotDead(Vec<(i32, String)>),
    /// It was refused.
    #[error(transparent)]
    Refused(#[from] Refused),
}

fn refused(reason: Refusal, why: impl Into<String>) -> NotReplaced {
    NotReplaced::Refused(Refused { reason, why: why.into() })
}

/// Stops `old` and starts `plan` when its processes are dead. Blocks up to 65 s. A plan whose `after` says why it may start
/// beside processes of that run does not wait for them.
///
/// # Errors
/// [`NotReplaced`].
pub fn replace(
    home: &Path,
    plan: &Plan,
    old: &str,
    who: &Person,
    why: &str,
    mut progress: impl FnMut(Progress),
) -> Result<Accepted, NotReplaced> {
    let until = Instant::now() + PATIENCE;
    let beside = match &plan.after {
        Some(After::Replaces { run, beside }) if run == old => {
            beside.clone().filter(|reason| !reason.trim().is_empty())
        }
        _ => None,
    };
    end(home, plan, old, who, why, until, &mut progress)?;
    let over = Instant::now();
    loop {
        let living = Before::read(home, old).map(|b| b.living()).unwrap_or_default();
        let held = is_held(&lock_path(home)).map_err(Refused::from)?.is_some();
        if !held && (living.is_empty() || beside.is_some()) {
            break;
        }
        if !held && over.elapsed() >= GRACE {
            return Err(NotReplaced::NotDead(living));
        }
        if Instant::now() >= until {
            let why =
                format!("run {old} is over, and its supervisor holds the lock still; nothing was started");
            return Err(refused(Refusal::Locked, why));
        }
        progress(Progress::Stopping(living));
        std::thread::sleep(GLANCE);
    }
    progress(Progress::Starting);
    let after = Some(After::Replaces { run: old.to_owned(), beside });
    Ok(launch(home, &Plan { after, ..plan.clone() }.confirmed(&clock::now()))?)
}

/// Makes the run before end, by asking its supervisor; a lost one is started anew for it.
fn end(
    home: &Path,
    plan: &Plan,
    old: &str,
    who: &Person,
    why: &str,
    until: Instant,
    progress: &mut impl FnMut(Progress),
) -> Result<(), NotReplaced> {
    let mut asked: Option<(String, bool)> = None;
    loop {
        let before = Before::read(home, old).map_err(|e| refused(Refusal::Plan, e))?;
        if !before.is_open() {
            return Ok(());
        }
        let (driven, living) = (alive(&before.dir), before.living());
        if !driven && before.owner != who.uid && living.is_empty() {
            // Nobody can be asked, and nothing of it lives: the supervisor of the plan ends it.
            return Ok(());
        }
        let answer = asked.as_ref().and_then(|(id, gently)| {
            before.records.iter().find_map(|r| match Kind::read(r) {
                Ok(Kind::RequestHandled { request, accepted, why }) if request.id == *id => {
                    Some((accepted, *gently, why))
                }
                _ => None,
            })
        });
        let current = before.state.current(&before.plan);
        let under_way =
            current.is_some_and(|p| p.changes() && before.state.stand(&before.plan, p) == Stand::Running);
        let gently = match (&asked, &answer) {
            (None, _) => Some(!under_way),
            // A step began meanwhile.
            (Some(_), Some((false, true, _))) => Some(false),
            (Some(_), Some((false, false, why))) if before.state.aborting.is_none() => {
                return Err(refused(Refusal::Locked, format!("run {old} was not stopped: {why}")));
            }
            _ => None,
        };
        if let Some(gently) = gently {
            let reason = format!("so that run {} may start: {why}", plan.id);
            let wish = match gently {
                true => Wish::MakeWay { run: plan.id.clone(), reason },
                false => Wish::Abort { reason },
            };
            let attempt = current.map(|p| before.state.steps[p.number - 1].attempt);
            let id = Asker::open(real(), &before.dir, who.clone())
                .and_then(|mut asker| asker.ask(wish, current.map(|p| p.number), attempt, before.state.seq))
                .map_err(|e| refused(Refusal::Storage, e.to_string()))?;
            asked = Some((id, gently));
            progress(Progress::Asked);
        }
        if !driven && before.owner == who.uid {
            // Somebody else may have been quicker.
            match resume(&before.dir, who) {
                Err(e) if e.reason != Refusal::Locked => return Err(e.into()),
                _ => {}
            }
        }
        if Instant::now() >= until {
            return Err(match living.is_empty() {
                false => NotReplaced::NotDead(living),
                true => refused(
                    Refusal::Locked,
                    format!("run {old} did not end within 60 s; nothing was started"),
                ),
            });
        }
        progress(Progress::Stopping(living));
        std::thread::sleep(GLANCE);
    }
}
