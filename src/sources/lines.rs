//! A log, line by line: the end of a file, through rotation and truncation; what a command prints, started again when
//! it ends. Nothing here judges; a log that cannot be read says why.

mod file;
mod split;

use file::Tail;
use split::Splitter;

use super::command::{Command, Tree, exit_code};
use super::names::Names;
use crate::model::playbook::{Host, LogSource, Playbook};
use crate::model::text::clean_bytes;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

/// A command that has printed nothing is taken to work when it has lived so long.
const SETTLED: Duration = Duration::from_secs(2);
/// A command that lived so long is started again at once; else it waits longer each time.
const LONG: Duration = Duration::from_secs(60);
/// The longest wait.
const WAIT: Duration = Duration::from_secs(30);
/// How long what was printed before a command ended is waited for.
const REST: Duration = Duration::from_millis(500);

/// What comes of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came<'a> {
    /// A line, without its end, as it was written; cut when it is very long.
    Line(&'a [u8]),
    /// All that there is was read.
    Pause,
    /// It cannot be read now; in words, safe to show.
    Trouble(&'a str),
}

/// A log that can be followed.
#[derive(Debug, Clone)]
pub struct Follow {
    from: LogSource,
    host: Option<Host>,
    cwd: Option<crate::model::template::Template>,
    names: Arc<Names>,
}

/// Makes lines safe to show.
#[derive(Debug, Clone)]
pub struct Cleaner(Arc<Names>);

impl Cleaner {
    /// A line without control characters and secrets.
    pub fn line(&self, line: &[u8]) -> String {
        self.0.mask(clean_bytes(line).replace(['\n', '\r'], " "))
    }
}

impl Follow {
    /// A log of the playbook in this environment.
    pub fn new(playbook: &Playbook, environment: &str, from: &LogSource) -> Follow {
        let host = match from {
            LogSource::Run(c) => c.on.as_ref().and_then(|on| playbook.hosts.get(on)).cloned(),
            LogSource::File(_) => None,
        };
        Follow {
            from: from.clone(),
            host,
            cwd: playbook.environments.get(environment).and_then(|e| e.cwd.clone()),
            names: Arc::new(Names::of(playbook, environment)),
        }
    }

    /// What makes its lines safe to show.
    pub fn cleaner(&self) -> Cleaner {
        Cleaner(self.names.clone())
    }

    /// Follows it until this is dropped; a command's processes end then. A file is looked at every so often; `back` bytes
    /// of what stands in it already are read, too.
    pub async fn run(self, every: Duration, back: u64, mut each: impl FnMut(Came<'_>) + Send) {
        match &self.from {
            LogSource::File(path) => match self.names.fill(path) {
                Ok(path) => file(Tail::new(PathBuf::from(path), back), every, &mut each).await,
                Err(why) => each(Came::Trouble(&self.safe(&why))),
            },
            LogSource::Run(run) => {
                let (host, cwd) = (self.host.clone(), self.cwd.clone());
                let command = Command::new(run.clone(), host, cwd, self.names.clone(), SETTLED, &[]);
                self.command(&command, &mut each).await;
            }
        }
    }

    fn safe(&self, why: &str) -> String {
        Cleaner(self.names.clone()).line(why.as_bytes())
    }

    async fn command(&self, command: &Command, each: &mut (impl FnMut(Came<'_>) + Send)) {
        let mut short = 0_u32;
        loop {
            let began = Instant::now();
            let (program, why) = match command.filled() {
                Ok(filled) => {
                    let program = filled.as_std().get_program().to_string_lossy().into_owned();
                    (program, once(filled, each).await)
                }
                Err(why) => (String::new(), why),
            };
            short = if began.elapsed() >= LONG { 0 } else { (short + 1).min(5) };
            let wait = Duration::from_secs(1 << short).min(WAIT);
            let why = format!("`{program}` {why}; it is started again in {} s", wait.as_secs());
            each(Came::Trouble(&self.safe(why.strip_prefix("`` ").unwrap_or(&why))));
            tokio::time::sleep(wait).await;
        }
    }
}

/// Looks at a file again and again.
async fn file(mut tail: Tail, every: Duration, each: &mut (impl FnMut(Came<'_>) + Send)) {
    let mut lines = Splitter::default();
    loop {
        // A disk, or a share over the network, may take its time.
        let Ok((back, chunk)) = tokio::task::spawn_blocking(move || {
            let chunk = tail.poll();
            (tail, chunk)
        })
        .await
        else {
            return;
        };
        tail = back;
        if chunk.torn {
            lines.end(&mut |line| each(Came::Line(line)));
        }
        if chunk.inside {
            lines.pass_over();
        }
        lines.feed(&chunk.bytes, &mut |line| each(Came::Line(line)));
        if chunk.more {
            continue;
        }
        match chunk.trouble {
            None => each(Came::Pause),
            Some(why) => each(Came::Trouble(&why)),
        }
        tokio::time::sleep(every).await;
    }
}

/// Runs a command to its end; why it ended, in words.
async fn once(mut command: tokio::process::Command, each: &mut (impl FnMut(Came<'_>) + Send)) -> String {
    let spawned = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(e) => return format!("cannot be run: {e}"),
    };
    // Whatever it started ends with it.
    let _tree = Tree(child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())));
    let (Some(mut stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return "has no output".into();
    };
    let (mut out, mut err) = (Pipe::new(), Pipe::new());
    let settled = tokio::time::sleep(SETTLED);
    tokio::pin!(settled);
    let (mut is_settled, mut last) = (false, Vec::new());
    let status = loop {
        let came = tokio::select! {
            biased;
            n = out.read(&mut stdout), if out.open => { out.feed(n, each, None); n > 0 }
            n = err.read(&mut stderr), if err.open => { err.feed(n, each, Some(&mut last)); n > 0 }
            status = child.wait() => break status,
            () = &mut settled, if !is_settled => true,
        };
        if came {
            is_settled = true;
            each(Came::Pause);
        }
    };
    // What it printed last may still be in the pipes; a process that it left behind may hold them open.
    let rest = async {
        while out.open {
            let n = out.read(&mut stdout).await;
            out.feed(n, each, None);
        }
        while err.open {
            let n = err.read(&mut stderr).await;
            err.feed(n, each, Some(&mut last));
        }
    };
    let _held_open = tokio::time::timeout(REST, rest).await;
    match status.map_err(|e| e.to_string()).and_then(exit_code) {
        Err(why) => format!("ended: {why}"),
        Ok(0) => "ended by itself; a log's command goes on printing (tail -F, journalctl -f)".into(),
        Ok(code) if last.is_empty() => format!("ended with exit code {code}"),
        Ok(code) => format!("ended with exit code {code}: {}", String::from_utf8_lossy(&last)),
    }
}

/// One of a command's two outputs.
struct Pipe {
    open: bool,
    buffer: Vec<u8>,
    lines: Splitter,
}

impl Pipe {
    fn new() -> Pipe {
        Pipe { open: true, buffer: vec![0; 64 << 10], lines: Splitter::default() }
    }

    /// Bytes that were read; 0 at its end. Cancel-safe.
    async fn read(&mut self, from: &mut (impl AsyncRead + Unpin)) -> usize {
        from.read(&mut self.buffer).await.unwrap_or(0)
    }

    fn feed(&mut self, n: usize, each: &mut (impl FnMut(Came<'_>) + Send), mut last: Option<&mut Vec<u8>>) {
        let mut line = |line: &[u8]| {
            if let Some(last) = last.as_deref_mut() {
                last.clear();
                last.extend_from_slice(&line[..line.len().min(200)]);
            }
            each(Came::Line(line));
        };
        if n == 0 {
            self.open = false;
            self.lines.end(&mut line);
        }
        self.lines.feed(&self.buffer[..n], &mut line);
    }
}

#[cfg(test)]
mod tests;
