//! What a decider's machine wants done that takes time: freezing a default's plan, starting a run, telling people. Each in
//! a task of its own, which answers by an event.

use crate::clock;
use crate::driver::Setup;
use crate::journal::access::Sharing;
use crate::journal::{LogError, atomic_write, real};
use crate::model::playbook::{Playbook, Trigger};
use crate::model::text::clean_line;
use crate::model::time::{Deadline, Millis};
use crate::run::fill::Filler;
use crate::run::freeze::names;
use crate::run::plan::{Automatic, Cause, Context, Plan};
use crate::run::record::Kind;
use crate::session::decision::Firing;
use crate::session::decision::machine::Event;
use crate::supervisor::{self, Draft, home};
use indexmap::IndexMap;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a task is about.
#[derive(Clone)]
pub(super) struct About {
    pub(super) setup: Arc<Setup>,
    pub(super) firing: Firing,
    /// The clock whose default it is.
    pub(super) clock: Option<String>,
    /// Milliseconds since the incident opened.
    pub(super) into_incident: Millis,
}

/// Where a default's plan is kept.
pub(super) fn plan_path(home: &Path, clock: &str) -> PathBuf {
    home.join("decisions").join(format!("{clock}.json"))
}

impl About {
    fn trigger(&self) -> Result<&Trigger, String> {
        let trigger = &self.firing.trigger;
        self.setup.playbook.triggers.get(trigger).ok_or_else(|| format!("there is no trigger `{trigger}`"))
    }

    fn context(&self, id: &str, automatic: Option<Automatic>) -> Result<Context, String> {
        let trigger = self.trigger()?;
        let cause = Cause {
            trigger: self.firing.trigger.clone(),
            title: trigger.title.clone(),
            firing_since: self.firing.at.clone(),
        };
        let reason = trigger.reason.clone().unwrap_or_else(|| trigger.title.clone());
        let context = supervisor::context("auto", &reason, Some(cause), &self.setup.hash, &self.setup.folder);
        Ok(Context { id: id.to_owned(), automatic, ..context })
    }

    /// What the trigger's procedure would do now, and the names it was made with.
    async fn draft(&self, run: &str) -> Result<(Draft, Context), String> {
        let automatic = Automatic { firing: self.firing.id.clone(), clock: self.clock.clone() };
        let context = self.context(run, Some(automatic))?;
        let trigger = self.trigger()?;
        let procedure = trigger.procedure.as_ref().ok_or("it names no procedure")?;
        let (playbook, environment) = (&self.setup.playbook, &self.setup.environment);
        let mut fill = Filler::new(playbook, names(playbook, environment, &context));
        let given: IndexMap<String, String> =
            trigger.args.iter().map(|(name, t)| (name.clone(), fill.text(t).0)).collect();
        match fill.problems() {
            problems if problems.is_empty() => {}
            problems => return Err(problems.join("; ")),
        }
        let draft = supervisor::resolve(playbook, environment, procedure, &given, &context).await;
        Ok((draft, context))
    }

    /// A plan that may start, the hash of what it does.
    async fn plan(&self, run: &str) -> Result<(Plan, String), String> {
        let (draft, context) = self.draft(run).await?;
        if !draft.is_ready() {
            let open = draft
                .choices
                .iter()
                .filter(|c| c.chosen.is_none())
                .map(|c| format!("{} must be chosen", c.name));
            let problems: Vec<String> = match draft.problems.is_empty() {
                true => open.collect(),
                false => draft.problems.clone(),
            };
            return Err(clean_line(&problems.join("; ")));
        }
        if draft.nothing_to_do {
            let seen: Vec<&str> = draft.already.iter().map(|(_, d)| d.as_str()).collect();
            return Err(clean_line(&format!("there is nothing to do: {}", seen.join("; "))));
        }
        let names = names(&self.setup.playbook, &self.setup.environment, &context);
        let hash = does(&draft, &names);
        draft.plan.map(|plan| (plan, hash)).ok_or_else(|| "there is no plan".to_owned())
    }

    /// Freezes what the clock's default would do, and keeps the plan beside the log.
    pub(super) async fn freeze(self) -> Event {
        let clock = self.clock.clone().unwrap_or_default();
        let made = match self.plan(&clock).await {
            Ok((plan, hash)) => {
                let title = clean_line(&plan.procedure.title);
                let (from, to) = (clean_line(&plan.from), clean_line(&plan.to));
                let to = if to.is_empty() { title } else { to };
                let (home, name) = (self.setup.folder.clone(), clock.clone());
                let kept =
                    tokio::task::spawn_blocking(move || keep(&home, &name, &plan).map_err(|e| e.to_string()));
                kept.await.unwrap_or_else(|e| Err(e.to_string())).map(|()| (from, to, hash))
            }
            Err(why) => Err(why),
        };
        Event::Frozen { clock, plan: made.map_err(|e| clean_line(&e)) }
    }

    /// Starts the run, once: when its folder is there, somebody has.
    pub(super) async fn start(self, run: String, hash: Option<String>, by: Deadline) -> Event {
        let accepted = self.started(&run, hash.as_deref(), &by).await;
        Event::Started { firing: self.firing.id, run, accepted: accepted.map_err(|e| clean_line(&e)) }
    }

    async fn started(&self, run: &str, hash: Option<&str>, by: &Deadline) -> Result<(), String> {
        let dir = home::run_dir(&self.setup.folder, run);
        if let Some(answer) = begun(&dir) {
            return answer;
        }
        let (plan, does) = self.plan(run).await?;
        if hash.is_some_and(|wanted| wanted != does) {
            return Err(format!(
                "the target has changed since its plan was shown: it would go from {} to {} now",
                plan.from, plan.to
            ));
        }
        let now = clock::now();
        if by.is_due(&now) {
            return Err("it could not be started in time: nothing is done late".into());
        }
        let mut plan = plan.confirmed(&now);
        if by.left(&now) < plan.expires.left(&now) {
            plan.expires = by.clone();
        }
        let folder = self.setup.folder.clone();
        let launched = tokio::task::spawn_blocking(move || supervisor::launch(&folder, &plan)).await;
        match launched.map_err(|e| e.to_string())? {
            Ok(_) => Ok(()),
            // Somebody else was quicker with this very run.
            Err(refused) => begun(&dir).unwrap_or(Err(refused.why)),
        }
    }

    /// Tells people: the highest rung of the ladder that the incident has reached, else those who decide on the trigger.
    /// `at`, wall milliseconds, tells this escalation of the firing from others.
    pub(super) async fn page(self, text: String, at: i64) -> Event {
        let firing = self.firing.id.clone();
        let (detail, ok) = match (self.context(&format!("{firing} {at}"), None), self.trigger()) {
            (Ok(context), Ok(trigger)) => {
                let setup = &self.setup;
                let subject =
                    format!("{} {}: {}", setup.playbook.service.title, setup.environment, trigger.title);
                let ladder = &setup.playbook.escalation;
                let reached = ladder.iter().filter(|r| r.after <= self.into_incident).max_by_key(|r| r.after);
                let rung = reached.or_else(|| ladder.iter().min_by_key(|r| r.after));
                let (roles, channels) = match rung {
                    Some(rung) => (rung.roles.clone(), rung.channels.clone()),
                    None => (deciders(&setup.playbook, trigger, self.firing.stage), Vec::new()),
                };
                let (to, told) = ((&*roles, &*channels), (&*subject, &*text));
                supervisor::page(&setup.playbook, &setup.environment, &context, to, told).await
            }
            (Err(why), _) | (_, Err(why)) => (why, false),
        };
        Event::Paged { firing, ok, detail: clean_line(&detail) }
    }
}

/// What became of a run whose folder is there: it was refused, or it is on its way.
fn begun(dir: &Path) -> Option<Result<(), String>> {
    if !dir.exists() {
        return None;
    }
    let records = home::read_run(dir).map(|(_, records)| records).unwrap_or_default();
    let refused = records.iter().find_map(|r| match Kind::read(r) {
        Ok(Kind::RunRefused { why, .. }) => Some(why),
        _ => None,
    });
    Some(refused.map_or(Ok(()), Err))
}

/// Roles that decide on a trigger where the traffic is.
fn deciders(playbook: &Playbook, trigger: &Trigger, stage: Option<u32>) -> Vec<String> {
    let authority = trigger.authority.as_ref().and_then(|a| playbook.authority.get(a));
    let severity = trigger.severity.as_ref().and_then(|s| playbook.severities.get(s));
    match (authority, severity) {
        (Some(a), _) => match (a.at.is_empty(), stage) {
            (true, _) => a.all.clone(),
            (false, Some(stage)) => a.at.get(&stage).unwrap_or(&a.all).clone(),
            (false, None) => a.all.iter().chain(a.at.values().flatten()).cloned().collect(),
        },
        (None, _) if !trigger.approval.is_empty() => trigger.approval.clone(),
        (None, severity) => severity.map(|s| s.approval.clone()).unwrap_or_default(),
    }
}

/// The hash of what a draft does: its steps, parameters, files, from where to where; not who, when and under which id.
fn does(draft: &Draft, names: &IndexMap<String, String>) -> String {
    let Some(plan) = &draft.plan else { return String::new() };
    let files: Vec<_> =
        draft.files.iter().map(|(n, f)| (n, &f.change.path, &f.change.before, &f.change.after)).collect();
    let what = serde_json::json!({
        "steps": plan.steps, "params": plan.params, "from": plan.from, "to": plan.to, "files": files,
        "procedure": plan.procedure.id, "playbook": plan.playbook_hash,
    });
    let mut text = what.to_string();
    // Another id or hour is not another deed. The longest first: they stand in one another.
    const OWN: [&str; 7] =
        ["run.report", "run.dir", "run.id", "run.started", "run.stamp", "incident.id", "date"];
    for name in OWN {
        if let Some(value) = names.get(name).filter(|v| !v.is_empty()) {
            text = text.replace(value.as_str(), name);
        }
    }
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

fn keep(home: &Path, clock: &str, plan: &Plan) -> Result<(), LogError> {
    let path = plan_path(home, clock);
    let folder = path.parent().unwrap_or(home);
    let sharing = Sharing::of(home).map_err(LogError::io(home, "stat"))?;
    match real().create_dir(folder, sharing.dir_mode()) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(LogError::io(folder, "make")(e));
        }
        _ => {}
    }
    let bytes = serde_json::to_vec_pretty(plan).unwrap_or_default();
    atomic_write(&*real(), &path, &bytes, sharing.own_mode())
}
