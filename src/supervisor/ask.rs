//! Asking a probe: one question, one answer, in words that are safe to show.

use super::attempt::NEVER_PROMPT;
use super::expect::{Reply, judge, judge_socket};
use super::secrets::Secrets;
use super::{drills, http, socket};
use crate::clock;
use crate::model::condition::duration;
use crate::model::probe::{Ask, Command, Expectation, Probe};
use crate::model::rehearsal::Drilled;
use crate::model::time::{Millis, Now};
use crate::run::Answer;
use crate::run::fill::whole_secret;
use indexmap::IndexMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

/// The longest one question may take where nothing else is said.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a command's output that are read.
const MOST: u64 = 1024 * 1024;

/// Where a probe's commands run.
#[derive(Debug)]
pub struct World {
    /// Variables of commands.
    pub env: IndexMap<String, String>,
    /// Absolute working folder.
    pub cwd: String,
    /// Secrets.
    pub secrets: Secrets,
    /// Folder of the service's records, where what people raise and count stands.
    pub home: PathBuf,
    /// When the run began, where there is one.
    pub run: Option<Now>,
    /// Held by whoever queues what people are told, in the order of what happened.
    pub telling: tokio::sync::Mutex<()>,
}

/// What a probe answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The answer.
    pub answer: Answer,
    /// In words, safe to show.
    pub detail: String,
    /// All that came back, as it came.
    pub raw: String,
}

/// Whether a procedure of the service whose records are here was rehearsed to its verified end lately. The second part is
/// what came back: nothing.
fn rehearsed(home: &Path, procedure: &str, newer_than: Millis) -> (Result<String, String>, String) {
    let name = home.file_name().unwrap_or_default().to_string_lossy();
    let service = name.split_once('@').map_or(&*name, |(service, _)| service);
    let all = drills::all(home.parent().unwrap_or(home), service);
    let verified = |d: &&Drilled| d.procedure.as_deref() == Some(procedure) && d.score.verified.is_some();
    let told = match all.iter().filter(verified).map(|d| d.wall).max() {
        None => Err(format!("a drill of {procedure}: none was ever verified here")),
        Some(at) => {
            let age = clock::now().wall.saturating_sub(at).max(0) as Millis;
            let text = format!("a drill of {procedure} was verified {} ago", duration(age));
            if age <= newer_than {
                Ok(text)
            } else {
                Err(format!("{text}, and is to be newer than {}", duration(newer_than)))
            }
        }
    };
    (told, String::new())
}

/// Asks once. A condition is not asked here: it needs samples (`watch`).
pub async fn ask(world: &World, probe: &Probe, limit: Option<Duration>) -> Told {
    let limit = limit.unwrap_or(PATIENCE).min(PATIENCE).max(Duration::from_millis(100));
    let seen = match &probe.ask {
        Ask::Run(c) => match command(world, c, limit, Keep::First).await {
            Ok(reply) => Ok((judge(&reply, &probe.expect), reply.out)),
            Err(e) => Err(e),
        },
        Ask::Http(h) => match http::call(h, &world.secrets, None, limit).await {
            Ok(reply) => Ok((judge(&reply, &probe.expect), reply.out)),
            // A health endpoint that refuses or says nothing is an answer.
            Err(http::Trouble::NotSent(e)) => Err(e),
            Err(e) => Ok((Err(e.text().to_owned()), String::new())),
        },
        Ask::Socket { path, send } => match (world.secrets.fill(path), world.secrets.fill(send)) {
            (Ok(path), Ok(send)) => match socket::call(Path::new(&path), &send, limit).await {
                Ok(answer) => Ok((judge_socket(&answer, &probe.expect), answer)),
                Err(socket::Trouble::Refused(e) | socket::Trouble::NoAnswer(e)) => Err(e),
            },
            (Err(e), _) | (_, Err(e)) => Err(e),
        },
        Ask::File(path) => match world.secrets.fill(path) {
            Ok(path) => file(&Path::new(&world.cwd).join(path), &probe.expect),
            Err(e) => Err(e),
        },
        Ask::When(c) => Err(format!("{}: a condition needs samples", c.text)),
        Ask::Given(text) => Err(format!("{text}: was not filled in")),
        Ask::Named(id) => Err(format!("probe {id} was not put in its place")),
        Ask::Drill { procedure, newer_than } => Ok(rehearsed(&world.home, procedure, *newer_than)),
        Ask::Simulated { line, .. } => Err(format!("{line}: it belongs to a rehearsal")),
    };
    let told = |answer, detail: &str, raw| Told { answer, detail: world.secrets.safe(detail), raw };
    match seen {
        Ok((Ok(detail), raw)) => told(Answer::Holds, &detail, raw),
        Ok((Err(detail), raw)) => told(Answer::Fails, &detail, raw),
        Err(why) => told(Answer::Blind, &why, String::new()),
    }
}

fn file(path: &Path, expect: &Expectation) -> Result<(Result<String, String>, String), String> {
    let shown = path.display();
    let meta = match path.metadata() {
        Ok(meta) => Some(meta),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(format!("{shown}: {e}")),
    };
    let wanted = expect.exists.unwrap_or(true);
    let Some(meta) = meta else {
        let said = format!("{shown} does not exist");
        return Ok((if wanted { Err(said) } else { Ok(said) }, String::new()));
    };
    if !wanted {
        return Ok((Err(format!("{shown} exists")), String::new()));
    }
    let executable = meta.is_file() && meta.permissions().mode() & 0o111 != 0;
    if expect.executable.is_some_and(|e| e != executable) {
        let not = if executable { "" } else { "not " };
        return Ok((Err(format!("{shown} is {not}executable")), String::new()));
    }
    if expect.body.is_none() && expect.stdout.is_none() && expect.json.is_none() {
        return Ok((Ok(format!("{shown} exists")), String::new()));
    }
    let text = std::fs::read(path).map_err(|e| format!("{shown}: {e}"))?;
    let out = String::from_utf8_lossy(&text[..text.len().min(MOST as usize)]).into_owned();
    let reply = Reply { out: out.clone(), ..Reply::default() };
    Ok((judge(&reply, expect), out))
}

/// Which part of a long output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    First,
    Last,
}

/// Runs a command that only looks, in a process group of its own, which ends with it.
pub(super) async fn command(
    world: &World,
    c: &Command,
    limit: Duration,
    keep: Keep,
) -> Result<Reply, String> {
    let (program, arguments) = c.argv.split_first().ok_or("the command is empty")?;
    let program = super::resolve::program(&program.0, &world.env, Path::new(&world.cwd))?;
    let mut command = tokio::process::Command::new(&program);
    command.args(arguments.iter().map(|a| &a.0)).env_clear().envs(&world.env).envs(NEVER_PROMPT);
    for (name, value) in &c.env {
        let value = match whole_secret(value) {
            Some(secret) => world.secrets.read(secret)?,
            None => value.0.clone(),
        };
        command.env(name, value);
    }
    let cwd = Path::new(&world.cwd).join(c.cwd.as_ref().map_or("", |t| &t.0));
    command.current_dir(&cwd).process_group(0).kill_on_drop(true);
    command.stdin(if c.stdin.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
    let mut group = Group(child.id().and_then(|id| rustix::process::Pid::from_raw(id as i32)));
    let input = (child.stdin.take(), c.stdin.clone());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let talk = async {
        let write = async {
            if let (Some(mut pipe), Some(text)) = input {
                // A command that does not read its input to the end is no error.
                let _ = pipe.write_all(text.0.as_bytes()).await;
            }
        };
        let ((), out, err, status) = tokio::join!(write, text(out, keep), text(err, keep), child.wait());
        (status, out, err)
    };
    let done = tokio::time::timeout(limit, talk).await;
    if done.is_ok() {
        // Reaped: its number may be another's now.
        group.0 = None;
    }
    drop(group);
    let (status, out, err) =
        done.map_err(|_| format!("{program}: no answer in {} s", limit.as_secs_f64()))?;
    let status = status.map_err(|e| format!("{program}: {e}"))?;
    let exit = status.code().ok_or_else(|| format!("{program}: ended by a signal"))?;
    Ok(Reply { exit: Some(exit), status: None, out, err })
}

/// The process group of a command that goes on: it dies when its time is over, and when nobody waits for it any more.
struct Group(Option<rustix::process::Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        // Not reaped yet, so the group is surely its own.
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

/// What comes over a pipe, to its end, so that its writer is never held up; of more than [`MOST`] bytes one part.
async fn text(pipe: Option<impl AsyncRead + Unpin>, keep: Keep) -> String {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    let most = MOST as usize;
    if let Some(mut pipe) = pipe {
        while let Ok(n @ 1..) = pipe.read(&mut piece).await {
            match keep {
                Keep::First => bytes.extend_from_slice(&piece[..n.min(most - bytes.len())]),
                Keep::Last => bytes.extend_from_slice(&piece[..n]),
            }
            if bytes.len() > 2 * most {
                bytes.drain(..bytes.len() - most);
            }
        }
    }
    if bytes.len() > most {
        bytes.drain(..bytes.len() - most);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
