//! From a procedure to a plan that can be confirmed: parameters are read or chosen, programs are found, guards are asked.
//! Nothing is changed.

mod checklists;
mod params;
mod preflight;
mod preview;

pub use preview::{Tried, preview};

use super::ask::{Told, World, ask};
use super::file_change::Planned;
use super::person::{allowed_env, person, roles_of};
use super::secrets::{Secrets, hidden};
use super::watch;
use crate::clock;
use crate::model::condition::{Cmp, Condition, Expr};
use crate::model::playbook::Playbook;
use crate::model::probe::{Ask, Probe};
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::model::unit::{Base, Dim, Quantity};
use crate::run::choice::{Choice, ParamChoices};
use crate::run::fill::Filler;
use crate::run::freeze::draw;
use crate::run::plan::{Cause, Frozen, Preflight, describe};
use crate::run::{Answer, Context, Plan};
use indexmap::IndexMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A plan that has been resolved and not started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Draft {
    /// The plan, when it could be frozen. What its preflight answered stands in it.
    pub plan: Option<Plan>,
    /// What is asked to prove the environment, and what it answered; `None` when the playbook does not say how.
    pub proof: Option<(String, Told)>,
    /// What is asked of the target's compatibility, and what it answered.
    pub compatible: Option<(String, Told)>,
    /// Steps that are done already: number, and what was seen.
    pub already: Vec<(usize, String)>,
    /// Steps that are not done already, or of which that cannot be said: number, answer, what was seen.
    pub open: Vec<(usize, Answer, String)>,
    /// Every step that changes something is done already.
    pub nothing_to_do: bool,
    /// Since when it is so, and by whom, where a run of ours made it so.
    pub already_since: Option<(Now, String)>,
    /// What each step that changes a file would change, by number.
    pub files: Vec<(usize, Planned)>,
    /// Steps that would be left out (`when`) or of which that cannot be said: number, answer, what was seen.
    pub when: Vec<(usize, Answer, String)>,
    /// What may be chosen, for every parameter.
    pub choices: Vec<ParamChoices>,
    /// Checks before the start that do not hold, in words. A person may go on with a reason: [`Draft::go_on`].
    pub blocked: Vec<String>,
    /// Why it cannot be started; what is in `blocked` too.
    pub problems: Vec<String>,
}

impl Draft {
    /// Whether it may be confirmed.
    pub fn is_ready(&self) -> bool {
        self.plan.is_some() && self.problems.is_empty()
    }

    /// Whether nothing but a reason is missing ([`Draft::go_on`]).
    pub fn wants_reason(&self) -> bool {
        self.plan.is_some() && !self.blocked.is_empty() && self.problems.len() == self.blocked.len()
    }

    /// A person goes on although checks before the start do not hold; the reason goes on record with the plan. What
    /// proves the target and its compatibility is not overridden.
    pub fn go_on(&mut self, reason: &str) {
        let reason = hidden(&clean_line(reason)).trim().to_owned();
        if let Some(plan) = self.plan.as_mut().filter(|_| !self.blocked.is_empty() && !reason.is_empty()) {
            plan.override_reason = Some(reason);
            self.problems.retain(|p| !self.blocked.contains(p));
            self.blocked.clear();
        }
    }
}

/// What a plan is made with, read from this process: who, when, environment, folder. `key` names the procedure in the
/// run's id.
pub fn context(key: &str, reason: &str, cause: Option<Cause>, playbook_hash: &str, home: &Path) -> Context {
    let now = clock::now();
    let at = jiff::Timestamp::from_millisecond(now.wall).unwrap_or_default();
    // Tells two runs of one second apart; a run's folder must not exist, so it need not be secret.
    let noise = u64::from(std::process::id()) << 32
        | u64::from(rustix::time::clock_gettime(rustix::time::ClockId::Monotonic).tv_nsec as u32);
    let noise = (noise ^ (noise >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 48;
    Context {
        id: format!("{}-{key}-{noise:04x}", at.strftime("%m%d-%H%M%S")),
        now,
        who: person(),
        reason: hidden(reason),
        cause,
        incident: None,
        automatic: None,
        stage: None,
        baselines: IndexMap::new(),
        playbook_hash: playbook_hash.to_owned(),
        env: allowed_env(),
        cwd: std::env::current_dir().map_or_else(|_| "/".to_owned(), |d| d.to_string_lossy().into_owned()),
        home: home.to_string_lossy().into_owned(),
    }
}

/// Resolves a procedure: all that needs a look at the world before a person is asked to confirm.
///
/// `given` are parameters by name, those of a procedure within as `ID.NAME`. When one must be chosen, the draft has no
/// plan, but all there is to choose from.
pub async fn resolve(
    playbook: &Playbook,
    environment: &str,
    procedure: &str,
    given: &IndexMap<String, String>,
    context: &Context,
) -> Draft {
    let mut draft = Draft::default();
    let mut context = context.clone();
    let names = crate::run::freeze::names(playbook, environment, &context);
    let world = World {
        env: context.env.clone(),
        cwd: folder(playbook, environment, &context, &names),
        secrets: Secrets::new(playbook.secrets.clone()),
        home: context.home.clone().into(),
        run: None,
        telling: Default::default(),
    };
    context.incident = incident_of(&context.home).await.or(context.incident);
    context.stage = stage(&world, playbook, procedure, &names).await;
    context.baselines = captured(playbook, &context.home).await;
    let params = params::params(&world, playbook, procedure, given, &names).await;
    draft.choices = params.choices;
    draft.problems = params.problems;
    if !draft.problems.is_empty() {
        return draft;
    }
    let (gate, with) = checklists::Gate::before(playbook, procedure);
    let asking = with.as_ref().unwrap_or(playbook);
    let mut drawn = match draw(asking, environment, procedure, &params.values, &context) {
        Ok(drawn) => drawn,
        Err(problems) => {
            draft.problems = problems;
            return draft;
        }
    };
    drawn.plan.data = crate::run::choice::data_from(&draft.choices);
    let world = Arc::new(World { cwd: drawn.plan.cwd.clone(), ..world });
    draft.problems = super::pin::pin(&world, &mut drawn.plan).await;
    draft.problems.extend(preflight::find(&mut drawn.plan));
    let (files, missing) = preflight::changes(&drawn.plan);
    draft.problems.extend(missing);
    let mut answers = preflight::ask_all(world, &drawn).await;
    let items = gate.answers(&mut answers.preflight);
    (draft.already, draft.nothing_to_do) = preflight::done(&drawn, &answers, &files);
    draft.open = preflight::open(&answers, &draft.already);
    draft.files = files;
    let mut plan = drawn.plan;
    let (who, roles) = (plan.who.clone(), playbook.roles.clone());
    // Asks the host's directory of accounts, which may hang.
    plan.who_roles = tokio::task::spawn_blocking(move || roles_of(&who, &roles)).await.unwrap_or_default();
    if draft.nothing_to_do {
        draft.already_since = preflight::since(&plan);
    }
    let blind = || Told { answer: Answer::Blind, detail: "it was not answered".into(), raw: String::new() };
    if let Some(probe) = &plan.prove {
        let told = answers.prove.unwrap_or_else(blind);
        if told.answer != Answer::Holds {
            draft.problems.push(format!("{environment} is not proved: {}", told.detail));
        }
        draft.proof = Some((describe(probe), told));
    }
    if let Some(probe) = &plan.compatible_with {
        let told = answers.compatible.unwrap_or_else(blind);
        if told.answer != Answer::Holds {
            let why =
                if told.answer == Answer::Fails { "is not compatible" } else { "may not be compatible" };
            draft.problems.push(format!("the target {why}: {}", told.detail));
        }
        draft.compatible = Some((describe(probe), told));
    }
    for (asked, told) in answers.preflight {
        let (text, answer, detail) = (clean_line(&asked.text), told.answer, told.detail);
        if answer != Answer::Holds {
            let how = if answer == Answer::Fails { "does not hold" } else { "cannot be said" };
            draft.blocked.push(format!("before the start: {text}: {how}: {detail}"));
        }
        plan.preflight.push(Preflight { text, answer, detail });
    }
    // Reads the log.
    let (list, mut frozen) = (playbook.clone(), plan);
    let closed = tokio::task::spawn_blocking(move || {
        let open = gate.close(&list, &mut frozen, &items);
        (frozen, open)
    });
    let (plan, open) = match closed.await {
        Ok(closed) => closed,
        Err(e) => {
            draft.problems.push(format!("the checklists cannot be looked at: {e}"));
            return draft;
        }
    };
    draft.blocked.extend(open);
    draft.problems.extend(draft.blocked.clone());
    draft.when = answers
        .when
        .into_iter()
        .filter(|(_, told)| told.answer != Answer::Holds)
        .map(|(n, told)| (n, told.answer, told.detail))
        .collect();
    draft.plan = Some(plan);
    draft
}

/// What there is to choose from for one parameter: the backups, versions, revisions that exist now.
///
/// # Errors
/// Why that cannot be said, safe to show.
pub async fn listed(
    playbook: &Playbook,
    environment: &str,
    of: (&str, &str),
    context: &Context,
) -> Result<Vec<Choice>, String> {
    let names = crate::run::freeze::names(playbook, environment, context);
    let world = World {
        env: context.env.clone(),
        cwd: folder(playbook, environment, context, &names),
        secrets: Secrets::new(playbook.secrets.clone()),
        home: context.home.clone().into(),
        run: None,
        telling: Default::default(),
    };
    let found = params::listed(&world, playbook, of, &names).await;
    found.map_err(|why| world.secrets.safe(&why))
}

async fn incident_of(home: &str) -> Option<(String, Now)> {
    let home = home.to_owned();
    // Reads the log.
    tokio::task::spawn_blocking(move || incident(&home)).await.ok().flatten()
}

/// The open incident on record: its name, and when it opened.
pub(super) fn incident(home: &str) -> Option<(String, Now)> {
    let state = super::decisions::load(Path::new(home)).ok()?;
    state.incident.map(|i| (i.name().to_owned(), i.since))
}

/// What letters about the open incident belong to at their receivers: the name that it was opened under, which stays when a
/// ticket gives it another one. It reads the log.
pub(super) fn thread(home: &str) -> Option<String> {
    super::decisions::load(Path::new(home)).ok()?.incident.map(|i| i.id)
}

/// The baselines that are known now, base units.
async fn captured(playbook: &Playbook, home: &str) -> IndexMap<String, f64> {
    let (playbook, home) = (playbook.clone(), home.to_owned());
    let known = move || super::baseline::known(&playbook, Path::new(&home));
    // Reads the log and files.
    let all = tokio::task::spawn_blocking(known).await.unwrap_or_default();
    all.into_iter().filter_map(|(id, known)| Some((id, known.ok()?.value))).collect()
}

/// The working folder of the environment's commands.
pub(super) fn folder(
    playbook: &Playbook,
    environment: &str,
    context: &Context,
    names: &IndexMap<String, String>,
) -> String {
    let cwd = playbook.environments.get(environment).and_then(|e| e.cwd.as_ref());
    let cwd = cwd.map_or_else(String::new, |t| Filler::new(playbook, names.clone()).text(t).0);
    Path::new(&context.cwd).join(cwd).to_string_lossy().into_owned()
}

/// The stage of the traffic, where it matters for who must agree and can be measured.
async fn stage(
    world: &World,
    playbook: &Playbook,
    procedure: &str,
    names: &IndexMap<String, String>,
) -> Option<u32> {
    let authority = playbook.procedures.get(procedure)?.authority.as_ref()?;
    let traffic = playbook.traffic.as_ref()?;
    if playbook.authority.get(authority)?.at.is_empty() {
        return None;
    }
    let dim = Dim { base: Base::Fraction, per_time: 0 };
    let signal = Box::new(Expr::Signal(traffic.signal.clone()));
    let mut fill = Filler::new(playbook, names.clone());
    let mut frozen = Frozen { secrets: playbook.secrets.clone(), ..Frozen::default() };
    crate::run::freeze::measured(
        playbook,
        vec![traffic.signal.clone()],
        &IndexMap::new(),
        &mut frozen,
        &mut fill,
    );
    for stage in &traffic.stages {
        let share = Box::new(Expr::Number(Quantity { value: f64::from(*stage) / 100.0, dim }));
        let text = format!("{} <= {stage}%", traffic.signal);
        let condition = Condition { text, expr: Expr::Compare(Cmp::Le, signal.clone(), share) };
        match watch::once(world, &frozen, &condition, None).await.answer {
            Answer::Holds => return Some(*stage),
            Answer::Fails => {}
            Answer::Blind => return None,
        }
    }
    None
}

/// Asks a probe once; a condition is judged on one round of fresh samples.
pub(super) async fn ask_any(world: &World, frozen: &Frozen, probe: &Probe) -> Told {
    match &probe.ask {
        Ask::When(c) => watch::once(world, frozen, c, probe.within).await,
        _ => ask(world, probe, probe.within.map(Duration::from_millis)).await,
    }
}

/// The absolute path of a program: as given, or the first one on the path.
pub(super) fn program(name: &str, env: &IndexMap<String, String>, cwd: &Path) -> Result<String, String> {
    let usable =
        |path: &Path| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    let candidates: Vec<_> = match name.contains('/') {
        true => vec![cwd.join(name)],
        false => {
            let path = env.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
            path.split(':').filter(|d| d.starts_with('/')).map(|d| Path::new(d).join(name)).collect()
        }
    };
    let found = candidates.iter().find(|p| usable(p));
    found.map(|p| p.to_string_lossy().into_owned()).ok_or_else(|| format!("there is no program {name}"))
}

#[cfg(test)]
mod tests;
