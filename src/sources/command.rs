//! A command's exit status and output. It runs in its own process group; a timeout ends its whole tree.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal as Kill, kill_process, kill_process_group};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::Point;
use super::answer::{Reader, short};
use super::names::Names;
use super::poller::Read;
use crate::clock;
use crate::model::playbook::{Host, ReadingKind, Signal};
use crate::model::probe;
use crate::model::reading::Value;
use crate::model::template::Template;
use crate::run::spell::spell;

/// Bytes of standard output that are read at most.
const OUTPUT: usize = 4 << 20;
/// Bytes of standard error that are kept.
const COMPLAINT: usize = 16 << 10;

/// Reads the signals of one command.
pub(super) struct Command {
    run: probe::Command,
    /// The host that it runs on.
    host: Option<Host>,
    /// The folder it is started in here, when it names none itself.
    cwd: Option<Template>,
    names: Arc<Names>,
    timeout: Duration,
    exits: Vec<usize>,
    output: Reader,
}

impl Command {
    pub(super) fn new(
        run: probe::Command,
        host: Option<Host>,
        cwd: Option<Template>,
        names: Arc<Names>,
        timeout: Duration,
        signals: &[(usize, &Signal)],
    ) -> Command {
        let exits = signals.iter().filter(|(_, s)| s.reading == ReadingKind::ExitCode).map(|(i, _)| *i);
        let (exits, output) = (exits.collect(), Reader::new(signals));
        Command { run, host, cwd, names, timeout, exits, output }
    }

    pub(super) async fn read(&mut self) -> Read {
        let ended = match self.filled() {
            Ok(command) => run(command, self.timeout).await,
            Err(why) => Err(why),
        };
        let mut read = Read::default();
        for &i in &self.exits {
            let code = ended.as_ref().map_err(Clone::clone).and_then(|e| exit_code(e.status));
            read.points.push((i, Point::one(code.map(|c| Value::Number(f64::from(c))))));
        }
        match ended.and_then(Ended::good) {
            Ok(output) => {
                let (found, note) = self.output.read(&output, false, &clock::now());
                read.points.extend(found);
                read.note = note;
            }
            Err(why) => read.points.extend(self.output.all(&why)),
        }
        read
    }

    /// The command as it is run here: filled in, and spelled out for its host.
    pub(super) fn filled(&self) -> Result<tokio::process::Command, String> {
        let spelled = match &self.run.on {
            None => spell(self.run.clone(), None)?,
            Some(on) => {
                self.spelled(self.host.as_ref().ok_or_else(|| format!("there is no host `{on}`"))?)?
            }
        };
        let mut argv = spelled.argv.iter().map(|a| self.names.fill(a));
        let mut command = tokio::process::Command::new(argv.next().ok_or("the command is empty")??);
        for arg in argv {
            command.arg(arg?);
        }
        for (name, value) in &spelled.env {
            command.env(name, self.names.fill(value)?);
        }
        if let Some(cwd) = spelled.cwd.as_ref().or(self.cwd.as_ref()) {
            command.current_dir(self.names.fill(cwd)?);
        }
        Ok(command)
    }

    /// The command for another host. Secrets stay standing, and are refused where they would be seen.
    fn spelled(&self, host: &Host) -> Result<probe::Command, String> {
        let fill = |t: &Template| match t.names().iter().any(|n| n.starts_with("secret.")) {
            true => Ok(t.clone()),
            false => self.names.fill(t).map(Template),
        };
        let all = |list: &[Template]| list.iter().map(fill).collect::<Result<Vec<_>, _>>();
        let host = match host {
            Host::Ssh { name, options } => Host::Ssh { name: fill(name)?, options: all(options)? },
            Host::Prefix(words) => Host::Prefix(all(words)?),
        };
        let env = self.run.env.iter().map(|(k, v)| Ok::<_, String>((k.clone(), fill(v)?)));
        let run = probe::Command {
            argv: all(&self.run.argv)?,
            env: env.collect::<Result<_, _>>()?,
            cwd: self.run.cwd.as_ref().map(fill).transpose()?,
            ..self.run.clone()
        };
        spell(run, Some(&host))
    }
}

/// A command that ended by itself.
#[derive(Debug)]
pub(super) struct Ended {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Ended {
    /// Its output if it exited with 0, else what it said.
    pub(super) fn good(self) -> Result<Vec<u8>, String> {
        if self.status.success() {
            return Ok(self.stdout);
        }
        let code = exit_code(self.status)?;
        let said = String::from_utf8_lossy(&self.stderr);
        Err(match said.lines().map(str::trim).rfind(|l| !l.is_empty()) {
            Some(line) => format!("exit code {code}: {}", short(line)),
            None => format!("exit code {code}"),
        })
    }
}

pub(super) fn exit_code(status: ExitStatus) -> Result<i32, String> {
    use std::os::unix::process::ExitStatusExt;
    status.code().ok_or_else(|| match status.signal() {
        Some(signal) => format!("killed by signal {signal}"),
        None => "ended without an exit code".into(),
    })
}

/// Runs a command to its end, within a time and a size.
pub(super) async fn run(mut command: tokio::process::Command, timeout: Duration) -> Result<Ended, String> {
    let program = short(&command.as_std().get_program().to_string_lossy());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| format!("`{program}` cannot be run: {e}"))?;
    let mut tree = Tree(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let all = async {
        let end = async { child.wait().await.map_err(|e| format!("`{program}`: {e}")) };
        let (stdout, stderr, status) =
            tokio::try_join!(read_up_to(stdout, OUTPUT, true), read_up_to(stderr, COMPLAINT, false), end)?;
        Ok::<_, String>(Ended { status, stdout, stderr })
    };
    let ended = tokio::time::timeout(timeout, all).await;
    match ended {
        Ok(Ok(ended)) => {
            tree.0 = None;
            Ok(ended)
        }
        Ok(Err(why)) => Err(why),
        Err(_) => Err(format!("`{program}` did not end within {timeout:?}; it was killed")),
    }
}

/// Reads a pipe to its end and keeps what fits; more is an error if it is `refused`, else passed over.
async fn read_up_to(
    pipe: Option<impl AsyncRead + Unpin>,
    cap: usize,
    refused: bool,
) -> Result<Vec<u8>, String> {
    let Some(mut pipe) = pipe else { return Ok(Vec::new()) };
    let mut kept = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    loop {
        match pipe.read(&mut buffer).await {
            Ok(0) => return Ok(kept),
            Ok(n) if kept.len() + n <= cap => kept.extend_from_slice(&buffer[..n]),
            Ok(_) if refused => return Err(format!("more than {} MiB of output; it was killed", cap >> 20)),
            Ok(n) => kept.extend_from_slice(&buffer[..n.min(cap - kept.len())]),
            Err(e) => return Err(format!("the output cannot be read: {e}")),
        }
    }
}

/// A process group that dies when this is dropped, with every descendant that left the group.
pub(super) struct Tree(pub(super) Option<Pid>);

impl Drop for Tree {
    fn drop(&mut self) {
        let Some(leader) = self.0 else { return };
        let strays = descendants(leader);
        let _gone_already = kill_process_group(leader, Kill::KILL);
        for pid in strays {
            let _gone_already = kill_process(pid, Kill::KILL);
        }
    }
}

/// Every living descendant of a process, by parent pid.
fn descendants(leader: Pid) -> Vec<Pid> {
    let Ok(mut system) = System::new() else { return Vec::new() };
    system.refresh_processes_specifics(
        ProcessesToUpdate::All,
        true,
        ProcessRefreshKind::nothing().without_tasks(),
    );
    let parents: Vec<(u32, u32)> =
        system.processes().iter().filter_map(|(pid, p)| Some((pid.as_u32(), p.parent()?.as_u32()))).collect();
    let mut tree = vec![leader.as_raw_nonzero().get().cast_unsigned()];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        tree.extend(parents.iter().filter(|(_, p)| *p == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    tree.into_iter().skip(1).filter_map(|pid| Pid::from_raw(pid.cast_signed())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::playbook::Playbook;
    use crate::sources::fixture::signal;
    use indexmap::IndexMap;

    fn sh(script: &str) -> Vec<Template> {
        ["sh", "-c", script].map(Template::from).to_vec()
    }

    async fn read(
        argv: Vec<Template>,
        timeout: Duration,
        readings: &[ReadingKind],
    ) -> Vec<Result<Value, String>> {
        let names = Arc::new(Names::of(&Playbook::default(), "test"));
        let signals: Vec<Signal> = readings.iter().map(|r| signal(r.clone())).collect();
        let of: Vec<(usize, &Signal)> = signals.iter().enumerate().collect();
        let env = [("GREETING".to_string(), Template::from("hello"))].into_iter().collect();
        let run = probe::Command { argv, env, ..probe::Command::default() };
        let mut command = Command::new(run, None, Some("/".into()), names, timeout, &of);
        let mut points = command.read().await.points;
        points.sort_by_key(|(i, _)| *i);
        points.into_iter().map(|(_, p)| p.value).collect()
    }

    const LONG: Duration = Duration::from_secs(60);

    fn output(pattern: &str) -> ReadingKind {
        ReadingKind::Output(pattern.into())
    }

    fn metric(name: &str) -> ReadingKind {
        ReadingKind::Metric { name: name.into(), labels: IndexMap::new(), quantile: None, over: 60_000 }
    }

    #[tokio::test]
    async fn exit_code_patterns_json_and_metrics() {
        let got = read(
            sh("echo up{a=\\\"b\\\"} 5; pwd; echo $GREETING 7 >&2; exit 0"),
            LONG,
            &[ReadingKind::ExitCode, metric("up"), output(r"(?P<value>\d)")],
        )
        .await;
        assert_eq!(got, [Ok(Value::Number(0.0)), Ok(Value::Number(5.0)), Ok(Value::Number(5.0))]);
        let got = read(sh(r#"echo '{"a":[3]}'"#), LONG, &[ReadingKind::Json("/a/0".into())]).await;
        assert_eq!(got, [Ok(Value::Number(3.0))]);
    }

    #[tokio::test]
    async fn a_failing_command_is_a_measured_code_and_otherwise_a_reason() {
        let got = read(sh("echo $GREETING >&2; exit 3"), LONG, &[ReadingKind::ExitCode, output("x")]).await;
        assert_eq!(got, [Ok(Value::Number(3.0)), Err("exit code 3: hello".into())]);
        let got = read(sh("kill -9 $$"), LONG, &[ReadingKind::ExitCode]).await;
        assert_eq!(got, [Err("killed by signal 9".into())]);
        let got = read(vec!["/no/such/program".into()], LONG, &[ReadingKind::ExitCode]).await;
        assert!(got[0].as_ref().unwrap_err().contains("cannot be run"), "{got:?}");
        let got = read(vec!["x{{ nobody }}".into()], LONG, &[ReadingKind::ExitCode]).await;
        assert!(got[0].as_ref().unwrap_err().contains("nobody"), "{got:?}");
    }

    /// `ssh` and its arguments, as a far shell would get them.
    #[tokio::test]
    async fn a_command_on_another_host_is_spelled_out_for_it() {
        let mut playbook = Playbook::default();
        playbook.vars.insert("greeting".into(), "it's; $HOME".into());
        let names = Arc::new(Names::of(&playbook, "test"));
        let s = signal(output(r"(?P<value>\d+)"));
        let far = |env: &str| probe::Command {
            argv: ["echo", "7", "{{ greeting }}"].map(Template::from).to_vec(),
            on: Some("far".into()),
            env: [("A".to_string(), Template::from(env))].into_iter().collect(),
            cwd: Some("/srv".into()),
            ..probe::Command::default()
        };
        let ssh = Host::Ssh { name: "lb-1".into(), options: Vec::new() };
        let at = |run, host| Command::new(run, host, None, names.clone(), LONG, &[(0, &s)]);
        let command = at(far("b c"), Some(ssh.clone())).filled().unwrap();
        let args: Vec<_> = command.as_std().get_args().map(|a| a.to_string_lossy().into_owned()).collect();
        let words = shell_words::split(args.last().unwrap()).unwrap();
        assert_eq!(command.as_std().get_program(), "ssh");
        assert_eq!(words[4..], ["/srv", "env", "A=b c", "echo", "7", "it's; $HOME"]);
        assert_eq!(command.as_std().get_envs().count(), 0);
        let refused = at(far("{{ secret.x }}"), Some(ssh)).filled().unwrap_err();
        assert!(refused.contains("would stand in the arguments"), "{refused}");
        assert!(at(far("b"), None).filled().unwrap_err().contains("no host `far`"));
        let mut run = far("b");
        run.cwd = Some("/".into());
        let near = Host::Prefix(["env", "B=1"].map(Template::from).to_vec());
        assert_eq!(at(run, Some(near)).read().await.points[0].1.value, Ok(Value::Number(7.0)));
    }

    #[tokio::test]
    async fn endless_output_is_refused_and_ended() {
        let got = read(vec!["yes".into()], LONG, &[output("y"), ReadingKind::ExitCode]).await;
        assert!(got[0].as_ref().unwrap_err().contains("more than 4 MiB"), "{got:?}");
        assert_eq!(got[0], got[1]);
    }

    /// Waits until the process is gone or a zombie.
    async fn gone(pid: u32) -> bool {
        for _ in 0..3_000 {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.rsplit(')').next().is_some_and(|s| s.trim_start().starts_with('Z')) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    async fn written_pid(path: &std::path::Path) -> u32 {
        for _ in 0..3_000 {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if let Some(pid) = text.strip_suffix('\n').and_then(|t| t.parse().ok()) {
                return pid;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no pid was written");
    }

    #[tokio::test]
    async fn a_timeout_ends_the_whole_tree_also_what_left_the_group() {
        let dir = tempfile::tempdir().unwrap();
        let (child, stray) = (dir.path().join("child"), dir.path().join("stray"));
        let script = format!(
            "sleep 600 & echo $! > {}; setsid sh -c 'echo $$ > {}; exec sleep 600' & wait",
            child.display(),
            stray.display()
        );
        // long enough to be under way on a busy machine; the pids are on disk before the clock below matters
        let got = read(sh(&script), Duration::from_secs(3), &[ReadingKind::ExitCode]).await;
        assert!(got[0].as_ref().unwrap_err().contains("did not end within 3s"), "{got:?}");
        assert!(gone(written_pid(&child).await).await);
        assert!(gone(written_pid(&stray).await).await);
    }

    #[tokio::test]
    async fn dropping_the_read_ends_the_command() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let argv = sh(&format!("sleep 600 & echo $! > {}; wait", file.display()));
        let task = tokio::spawn(async move { read(argv, LONG, &[ReadingKind::ExitCode]).await });
        let pid = written_pid(&file).await;
        task.abort();
        assert!(gone(pid).await);
    }
}
