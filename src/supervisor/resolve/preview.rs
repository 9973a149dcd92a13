//! A preview: what every step would do, by its own `dry_run` variant where it has one. Nothing is changed.

use super::super::ask::World;
use crate::model::playbook::StepKind;
use crate::model::probe::Command;
use crate::model::text::clean;
use crate::run::Plan;
use crate::run::fill::whole_secret;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of output that are kept.
const MOST: u64 = 256 * 1024;

/// Lines of output that are shown.
const LINES: usize = 12;

/// How long a variant may take where its step says nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a step's `dry_run` variant said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// Step number, from 1.
    pub step: usize,
    /// What was run, quoted.
    pub line: String,
    /// How it ended: `exit 0`, or why it did not.
    pub ended: String,
    /// Whether it ended with 0.
    pub good: bool,
    /// Its last lines, safe to show.
    pub lines: Vec<String>,
}

/// Runs the `dry_run` variant of every step that has one, in order.
pub async fn preview(plan: &Plan) -> Vec<Tried> {
    let world = World {
        env: plan.env.clone(),
        cwd: plan.cwd.clone(),
        secrets: super::super::secrets::Secrets::new(plan.playbook.secrets.clone()),
        home: plan.home.clone().into(),
        run: None,
        telling: Default::default(),
    };
    let mut out = Vec::new();
    for s in &plan.steps {
        let Some(argv) = &s.step.dry_run else { continue };
        let like = match &s.step.kind {
            StepKind::Run(c) => Command { argv: argv.clone(), stdin: None, ..c.clone() },
            _ => Command { argv: argv.clone(), ..Command::default() },
        };
        let limit = Duration::from_millis(s.step.timeout);
        let limit = if limit.is_zero() { PATIENCE } else { limit };
        let line = shell_words::join(argv.iter().map(|a| a.0.as_str()));
        let late = like.argv.iter().chain(&like.cwd).any(|t| !t.names().is_empty());
        let (ended, good, text) = match late {
            true => ("it needs what only a run knows".to_owned(), false, String::new()),
            false => match run(&world, &like, limit).await {
                Ok((code, text)) => (format!("exit {code}"), code == 0, text),
                Err(e) => (e, false, String::new()),
            },
        };
        let text = clean(&text);
        let all: Vec<&str> = text.lines().collect();
        let lines = all[all.len().saturating_sub(LINES)..].iter().map(|l| world.secrets.safe(l)).collect();
        let (line, ended) = (world.secrets.safe(&line), world.secrets.safe(&ended));
        out.push(Tried { step: s.number, line, ended, good, lines });
    }
    out
}

/// Exit code and both outputs; its process group ends with it.
async fn run(world: &World, c: &Command, limit: Duration) -> Result<(i32, String), String> {
    let cwd = Path::new(&world.cwd).join(c.cwd.as_ref().map_or("", |t| &t.0));
    let (name, arguments) = c.argv.split_first().ok_or("the command is empty")?;
    let program = super::program(&name.0, &world.env, &cwd)?;
    let mut command = tokio::process::Command::new(&program);
    command.args(arguments.iter().map(|a| &a.0)).env_clear().envs(&world.env).current_dir(&cwd);
    for (name, value) in &c.env {
        let value = match whole_secret(value) {
            Some(secret) => world.secrets.read(secret)?,
            None => value.0.clone(),
        };
        command.env(name, value);
    }
    command.env("GIT_TERMINAL_PROMPT", "0").process_group(0).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
    let group = child.id().and_then(|id| rustix::process::Pid::from_raw(id as i32));
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let talk = async { tokio::join!(child.wait(), text(out), text(err)) };
    let done = tokio::time::timeout(limit, talk).await;
    // Not reaped yet when its time is over, so the group is surely its own.
    if let (Err(_), Some(group)) = (&done, group) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let (status, out, err) = done.map_err(|_| format!("no end in {} s", limit.as_secs_f64()))?;
    let status = status.map_err(|e| format!("{program}: {e}"))?;
    let code = status.code().ok_or_else(|| "ended by a signal".to_owned())?;
    Ok((code, out + &err))
}

/// What is read to the end, so that the command is not stopped by a full pipe; the beginning of it is kept.
async fn text(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        let mut pipe = pipe;
        let _ = (&mut pipe).take(MOST).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
