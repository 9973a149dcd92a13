//! `ripcord watch`: the same engine without a screen, which decides and acts.

mod deciding;
mod detached;
mod ladder;
mod lines;
mod lock;
mod log;
mod notices;
mod perform;
mod runs;
mod spool;
mod systemd;
mod wants;
mod watcher;
pub(super) mod words;

pub use deciding::{Deciding, Told};
pub use detached::start_detached;
pub(super) use spool::{folder as spool_folder, since as spooled_since};

use super::Setup;
use crate::clock;
use crate::model::text::clean_line;
use crate::supervisor::decisions::Beat;
use lines::Lines;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use systemd::Systemd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use watcher::Watcher;

/// Between two tries for the lock.
const TRY: Duration = Duration::from_millis(250);
/// How long leaving may take.
const LEAVE: Duration = Duration::from_millis(700);

/// How a watcher watches.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Take over from a decider that holds the lock and is silent, and why.
    pub take_over: Option<String>,
    /// Print nothing but errors.
    pub quiet: bool,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It was asked to end, and left in order.
    Left,
    /// Somebody else decides from here; in words.
    Superseded(String),
    /// It could not begin; in words.
    Failed(String),
}

/// Watches until it is told to end, or somebody takes over.
pub async fn run(setup: Setup, options: Options) -> End {
    let env = |name: &str| std::env::var(name).ok();
    let (mut stop, systemd) = match Stop::new() {
        Ok(stop) => (stop, Systemd::of(&env, std::process::id())),
        Err(e) => return End::Failed(e.to_string()),
    };
    let setup = Arc::new(setup);
    let mut lines = Lines::start(options.quiet);
    let deciding = match &options.take_over {
        Some(reason) => {
            let (setup, reason) = (setup.clone(), reason.clone());
            let taken = tokio::task::spawn_blocking(move || Deciding::take_over(&setup, &reason)).await;
            match taken.map_err(|e| e.to_string()).and_then(|t| t) {
                Ok(deciding) => deciding,
                Err(why) => return End::Failed(why),
            }
        }
        None => match stand_by(&setup, &systemd, &mut lines, &mut stop).await {
            Some(deciding) => deciding,
            None => {
                systemd.tell("STOPPING=1");
                lines.end();
                return End::Left;
            }
        },
    };
    let mut watcher = Watcher::new(setup, deciding, systemd, lines).await;
    watcher.systemd.tell("READY=1");
    let end = watcher.watch(&mut stop).await;
    watcher.systemd.tell("STOPPING=1");
    if end == End::Left {
        watcher.deciding.leave(LEAVE).await;
    }
    watcher.lines.end();
    end
}

/// Waits until nobody else decides; none when it is told to end before.
async fn stand_by(
    setup: &Arc<Setup>,
    systemd: &Systemd,
    lines: &mut Lines,
    stop: &mut Stop,
) -> Option<Deciding> {
    let mut said = None;
    let mut ready = false;
    loop {
        let (of, now) = (setup.clone(), clock::now());
        let begun = tokio::task::spawn_blocking(move || {
            let (begun, beat) = (Deciding::begin(&of, true), Beat::read(&of.folder));
            if matches!(begun, Ok(None)) && beat.as_ref().is_some_and(|b| !b.acts) {
                wants::say(&of.folder, &clock::now());
            }
            (begun, beat)
        });
        let why = match begun.await {
            Ok((Ok(Some(deciding)), _)) => return Some(deciding),
            Ok((Ok(None), beat)) => match beat {
                Some(b) => format!("standing by: pid {} on {} decides", b.pid, b.host),
                None => "standing by: another program decides".to_owned(),
            },
            Ok((Err(why), _)) => clean_line(&format!("cannot begin: {why}")),
            Err(e) => e.to_string(),
        };
        if said.as_ref() != Some(&why) {
            systemd.status(&why);
            lines.say(now.wall, "standby", &why, json!({}));
            if why.starts_with("cannot") {
                eprintln!("ripcord watch: {why}");
            }
            said = Some(why);
        }
        if !std::mem::replace(&mut ready, true) {
            systemd.tell("READY=1");
        }
        systemd.every().inspect(|_| systemd.tell("WATCHDOG=1"));
        tokio::select! {
            () = stop.asked() => return None,
            () = tokio::time::sleep(TRY) => {}
        }
    }
}

/// The signals that ask it to end.
struct Stop([Signal; 3]);

impl Stop {
    fn new() -> std::io::Result<Stop> {
        let [a, b, c] = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        Ok(Stop([a?, b?, c?]))
    }

    async fn asked(&mut self) {
        let [a, b, c] = &mut self.0;
        tokio::select! {
            _ = a.recv() => {}
            _ = b.recv() => {}
            _ = c.recv() => {}
        }
    }
}
