//! From a procedure to a plan that can be confirmed: parameters are read, programs are found, guards are asked.
//! Nothing is changed.

use super::ask::{Told, World, ask};
use super::person::{allowed_env, person};
use super::secrets::Secrets;
use super::watch;
use crate::clock;
use crate::model::playbook::{ParamKind, Playbook, StepKind};
use crate::model::probe::{Ask, Expectation, Probe};
use crate::run::fill::Filler;
use crate::run::plan::{Cause, Frozen, describe};
use crate::run::{Answer, Context, Plan, freeze};
use indexmap::IndexMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// A plan that has been resolved and not started.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The plan, when it could be frozen.
    pub plan: Option<Plan>,
    /// What is asked to prove the environment, and what it answered; `None` when the playbook does not say how.
    pub proof: Option<(String, Told)>,
    /// Steps that are done already: number, and what was seen.
    pub already: Vec<(usize, String)>,
    /// Every step that changes something is done already.
    pub nothing_to_do: bool,
    /// Why it cannot be started.
    pub problems: Vec<String>,
}

impl Draft {
    /// Whether it may be confirmed.
    pub fn is_ready(&self) -> bool {
        self.plan.is_some() && self.problems.is_empty()
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
        reason: reason.to_owned(),
        cause,
        stage: None,
        playbook_hash: playbook_hash.to_owned(),
        env: allowed_env(),
        cwd: std::env::current_dir().map_or_else(|_| "/".to_owned(), |d| d.to_string_lossy().into_owned()),
        home: home.to_string_lossy().into_owned(),
    }
}

/// Resolves a procedure: all that needs a look at the world before a person is asked to confirm.
pub async fn resolve(
    playbook: &Playbook,
    environment: &str,
    procedure: &str,
    given: &IndexMap<String, String>,
    context: &Context,
) -> Draft {
    let mut draft =
        Draft { plan: None, proof: None, already: Vec::new(), nothing_to_do: false, problems: Vec::new() };
    let world = World {
        env: context.env.clone(),
        cwd: context.cwd.clone(),
        secrets: Secrets::new(playbook.secrets.clone()),
    };
    let mut params = given.clone();
    if let Some(p) = playbook.procedures.get(procedure) {
        let names = crate::run::freeze::names(playbook, environment, context);
        for (name, param) in &p.params {
            let ParamKind::Read { probe, pattern } = &param.kind else { continue };
            if given.contains_key(name) {
                draft.problems.push(format!("`{name}` is read, not given"));
                continue;
            }
            let mut fill = Filler::new(playbook, names.clone());
            let probe = fill.probe(probe);
            let problems = fill.problems();
            if !problems.is_empty() {
                draft.problems.extend(problems);
                continue;
            }
            match read(&world, &probe, pattern).await {
                Ok(value) => drop(params.insert(name.clone(), value)),
                Err(e) => draft.problems.push(format!("`{name}` cannot be read: {e}")),
            }
        }
    }
    if !draft.problems.is_empty() {
        return draft;
    }
    let mut plan = match freeze(playbook, environment, procedure, &params, context) {
        Ok(plan) => plan,
        Err(problems) => {
            draft.problems = problems;
            return draft;
        }
    };
    let world = World { cwd: plan.cwd.clone(), ..world };
    draft.problems = super::pin::pin(&world, &mut plan).await;
    draft.problems.extend(find_programs(&mut plan));
    if let Some(probe) = &plan.prove {
        let told = ask_any(&world, &plan.playbook, probe).await;
        if told.answer != Answer::Holds {
            draft.problems.push(format!("{environment} is not proved: {}", told.detail));
        }
        draft.proof = Some((describe(probe), told));
    }
    let changing = plan.steps.iter().filter(|s| s.changes()).count();
    for step in plan.steps.iter().filter(|s| s.changes()) {
        if let Some(probe) = &step.step.already {
            let told = ask_any(&world, &plan.playbook, probe).await;
            if told.answer == Answer::Holds {
                draft.already.push((step.number, told.detail));
            }
        }
    }
    draft.nothing_to_do = changing > 0 && draft.already.len() == changing;
    draft.plan = Some(plan);
    draft
}

/// Asks a probe once; a condition is judged on one round of fresh samples.
pub(super) async fn ask_any(world: &World, frozen: &Frozen, probe: &Probe) -> Told {
    match &probe.ask {
        Ask::When(c) => watch::once(world, frozen, c, probe.within).await,
        _ => ask(world, probe, probe.within.map(Duration::from_millis)).await,
    }
}

/// The value of a parameter: the group `value` of its pattern in what the probe answers.
async fn read(world: &World, probe: &Probe, pattern: &str) -> Result<String, String> {
    let regex = regex::Regex::new(pattern).map_err(|e| e.to_string())?;
    let mut probe = probe.clone();
    if matches!(probe.ask, Ask::Socket { .. }) && probe.expect == Expectation::default() {
        // A socket is good when it says nothing; here it is asked for what it says.
        probe.expect.stdout = Some(pattern.to_owned());
    }
    let told = ask(world, &probe, probe.within.map(Duration::from_millis)).await;
    if told.answer != Answer::Holds {
        return Err(told.detail);
    }
    let found = regex.captures(&told.raw).and_then(|c| c.name("value").map(|m| m.as_str().to_owned()));
    let value = found.ok_or_else(|| format!("nothing in the answer matches {pattern}"))?;
    match value.chars().any(char::is_control) {
        true => Err("the value holds control characters".to_owned()),
        false => Ok(value),
    }
}

/// Finds the program of every `run` step; answers those that are not to be found.
fn find_programs(plan: &mut Plan) -> Vec<String> {
    let mut problems = Vec::new();
    for s in &mut plan.steps {
        let StepKind::Run(c) = &s.step.kind else { continue };
        let cwd = Path::new(&plan.cwd).join(c.cwd.as_ref().map_or("", |t| &t.0));
        if !cwd.is_dir() {
            problems.push(format!("step {}: {} is not a folder", s.number, cwd.display()));
        }
        match c.argv.first().map(|name| program(&name.0, &plan.env, &cwd)) {
            Some(Ok(path)) => s.program = Some(path),
            Some(Err(e)) => problems.push(format!("step {}: {e}", s.number)),
            None => problems.push(format!("step {}: the command is empty", s.number)),
        }
    }
    problems
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
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixListener;

    #[tokio::test]
    async fn a_value_is_read_from_what_a_socket_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            stream.write_all(b"canary 25 (initial 25)\n").unwrap();
            line
        });
        let world = World { env: IndexMap::new(), cwd: "/".into(), secrets: Secrets::new(IndexMap::new()) };
        let probe = Probe {
            ask: Ask::Socket { path: path.to_string_lossy().as_ref().into(), send: "get weight".into() },
            expect: Expectation::default(),
            within: Some(5_000),
            every: 1_000,
        };
        assert_eq!(read(&world, &probe, r"canary (?<value>\d+)").await.as_deref(), Ok("25"));
        assert_eq!(server.join().unwrap(), "get weight\n");
    }

    #[test]
    fn a_program_is_found_on_the_path_and_a_missing_one_is_named() {
        let env = IndexMap::from([("PATH".to_owned(), "relative:/nonexistent:/bin:/usr/bin".to_owned())]);
        assert!(program("sh", &env, Path::new("/")).is_ok_and(|p| p.ends_with("/sh")));
        assert!(
            program("no-such-program", &env, Path::new("/")).is_err_and(|e| e.contains("no-such-program"))
        );
    }
}
