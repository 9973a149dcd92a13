//! What a watcher prints: a JSON object a line. A reader that does not read costs lines, never the loop.

use serde_json::{Value, json};
use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Lines that may wait for a slow reader.
const WAITING: usize = 1024;

/// Prints from a thread of its own.
#[derive(Debug)]
pub struct Lines {
    to: Option<SyncSender<String>>,
    over: Option<Receiver<()>>,
    lost: u64,
}

impl Lines {
    /// To standard output; `quiet` prints nothing.
    pub fn start(quiet: bool) -> Lines {
        if quiet {
            return Lines { to: None, over: None, lost: 0 };
        }
        let (to, lines) = sync_channel::<String>(WAITING);
        let (done, over) = sync_channel(0);
        let print = move || {
            let _done = done;
            for line in lines {
                let mut out = std::io::stdout().lock();
                if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        };
        let started = std::thread::Builder::new().name("print".into()).spawn(print).is_ok();
        Lines { to: started.then_some(to), over: Some(over), lost: 0 }
    }

    /// Prints what happened at a wall time; `text` is safe to show.
    pub fn say(&mut self, wall: i64, kind: &str, text: &str, body: Value) {
        let Some(to) = &self.to else { return };
        let at = jiff::Timestamp::from_millisecond(wall).unwrap_or_default();
        let at = at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let mut line = json!({ "at": at, "kind": kind, "text": text, "body": body });
        if self.lost > 0 {
            line["lost"] = json!(self.lost);
        }
        match to.try_send(line.to_string()) {
            Ok(()) => self.lost = 0,
            Err(_) => self.lost += 1,
        }
    }

    /// Waits a moment until all is printed.
    pub fn end(mut self) {
        self.to = None;
        if let Some(over) = self.over.take() {
            let _ = over.recv_timeout(Duration::from_millis(200));
        }
    }
}
