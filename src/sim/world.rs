//! What the service is made of: two arms, a share, and what has been counted.

use super::noise::{Noise, spread};
use super::trouble::{Trouble, Troubles};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Upper bounds of the latency histogram, in seconds.
pub const BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0];

/// Percent of traffic on the canary at the start.
const SHARE: u8 = 25;
/// Share of answers that are errors, of a good arm and of a bad one.
const ERRORS: (f64, f64) = (0.0005, 0.40);
/// Resident memory of an arm at rest, in bytes.
const REST: f64 = 180e6;
/// Bytes that the leaking canary keeps per request.
const LEAK: f64 = 900e3;
/// The most it can hold.
const FULL: f64 = 900e6;
/// What it gives back per second once it has no traffic.
const GIVES_BACK: f64 = 60e6;
/// How many messages are kept.
const INBOX: usize = 200;
/// How many requests for a change are remembered.
const REMEMBERED: usize = 64;

/// The world as the routes share it.
pub type Shared = Arc<Mutex<World>>;

/// Locks the world; what a panicking holder left is only counters, and still good.
pub fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of the two versions that serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    /// The version that was there before.
    Stable,
    /// The version on trial.
    Canary,
}

/// What an arm has counted.
#[derive(Debug, Clone)]
pub struct Counted {
    /// `stable` or `canary`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Answers with status 200.
    pub ok: u64,
    /// Answers with status 500.
    pub failed: u64,
    /// Answers per latency bucket, not cumulative; the last is beyond all bounds.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// Seconds taken by all answers.
    pub seconds: f64,
    /// Resident memory in bytes (modelled).
    pub memory: f64,
}

impl Counted {
    fn new(name: &'static str, version: &'static str) -> Counted {
        Counted {
            name,
            version,
            ok: 0,
            failed: 0,
            buckets: [0; BOUNDS.len() + 1],
            seconds: 0.0,
            memory: REST,
        }
    }
}

/// What is going to happen to a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fate {
    /// Who serves it.
    pub arm: Arm,
    /// Whether it ends with an error.
    pub fails: bool,
    /// How long the arm works on it.
    pub takes: Duration,
}

/// The service's state.
#[derive(Debug)]
pub struct World {
    seed: u64,
    next: u64,
    share: u8,
    troubles: Troubles,
    started: Instant,
    memory_at: Instant,
    arms: [Counted; 2],
    answered: VecDeque<(String, String)>,
    inbox: VecDeque<Taken>,
}

/// A message: its channel, its idempotency key, and what it says.
type Taken = (String, Option<String>, serde_json::Value);

impl World {
    /// A healthy service with 25 % of traffic on the canary.
    pub fn new(seed: u64) -> World {
        let now = Instant::now();
        World {
            seed,
            next: 0,
            share: SHARE,
            troubles: Troubles::default(),
            started: now,
            memory_at: now,
            arms: [Counted::new("stable", "2.4.1"), Counted::new("canary", "2.5.0")],
            answered: VecDeque::new(),
            inbox: VecDeque::new(),
        }
    }

    /// Makes the canary bad, at once: it fails, is slow, and leaks.
    pub fn go_bad(&mut self) {
        for trouble in [Trouble::Errors, Trouble::Slow, Trouble::Leak] {
            self.troubles.set(trouble, true, true, false);
        }
    }

    /// What goes wrong.
    pub fn troubles(&mut self) -> &mut Troubles {
        &mut self.troubles
    }

    /// Whether `/health` says no now.
    pub fn is_sick(&mut self) -> bool {
        // Two seconds of every five: never three bad reads in a row, one read a second.
        self.troubles.lasted(Trouble::Flaps).is_some_and(|on| on.as_millis() % 5_000 < 1_900)
    }

    /// Percent of traffic on the canary.
    pub fn share(&self) -> u8 {
        self.share
    }

    /// Sets the percent of traffic on the canary; returns what it was.
    pub fn set_share(&mut self, percent: u8) -> u8 {
        self.breathe();
        if self.troubles.size(Trouble::Ignored) > 0.0 {
            return self.share;
        }
        std::mem::replace(&mut self.share, percent)
    }

    /// Both arms, stable first, with memory as it is now.
    pub fn arms(&mut self) -> &[Counted; 2] {
        self.breathe();
        &self.arms
    }

    /// Time since the start.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Decides what happens to the next request.
    pub fn next(&mut self) -> Fate {
        let n = self.next;
        self.next += 1;
        let canary = spread(self.seed, n) < f64::from(self.share) / 100.0;
        let arm = if canary { Arm::Canary } else { Arm::Stable };
        let mut size = |trouble, of| if arm == of { self.troubles.size(trouble) } else { 0.0 };
        let errors = size(Trouble::Errors, Arm::Canary).max(size(Trouble::Both, Arm::Stable));
        let (slow, leaks) = (size(Trouble::Slow, Arm::Canary), size(Trouble::Leak, Arm::Canary) > 0.0);
        let mut noise = Noise::of(self.seed, n);
        let fails = noise.unit() < ERRORS.0 + (ERRORS.1 - ERRORS.0) * errors;
        let seconds = match slow > 0.0 {
            true => (0.55 + 0.6 * noise.unit()) * slow,
            false => 0.018 * (0.45 * noise.normal()).exp(),
        };
        if leaks {
            self.breathe();
            let memory = &mut self.arms[arm as usize].memory;
            *memory = (*memory + LEAK).min(FULL);
        }
        Fate { arm, fails, takes: Duration::from_secs_f64(seconds) }
    }

    /// Counts an answer that took `seconds`.
    pub fn count(&mut self, arm: Arm, failed: bool, seconds: f64) {
        let arm = &mut self.arms[arm as usize];
        *(if failed { &mut arm.failed } else { &mut arm.ok }) += 1;
        arm.buckets[BOUNDS.iter().position(|b| seconds <= *b).unwrap_or(BOUNDS.len())] += 1;
        arm.seconds += seconds;
    }

    /// Takes a message, once per idempotency key; how many there are now.
    pub fn take(&mut self, channel: String, key: Option<&str>, message: serde_json::Value) -> usize {
        let known = key.is_some_and(|key| self.inbox.iter().any(|(_, k, _)| k.as_deref() == Some(key)));
        if !known {
            self.inbox.push_back((channel, key.map(str::to_owned), message));
            let over = self.inbox.len().saturating_sub(INBOX);
            self.inbox.drain(..over);
        }
        self.inbox.len()
    }

    /// The messages, oldest first.
    pub fn inbox(&self) -> impl Iterator<Item = &Taken> {
        self.inbox.iter()
    }

    /// The answer that was given to this idempotency key before.
    pub fn answer_to(&self, key: &str) -> Option<String> {
        self.answered.iter().find(|(k, _)| k == key).map(|(_, answer)| answer.clone())
    }

    /// Keeps the answer given to an idempotency key.
    pub fn keep_answer(&mut self, key: String, answer: String) {
        self.answered.truncate(REMEMBERED - 1);
        self.answered.push_front((key, answer));
    }

    /// Brings the canary's memory up to now: without traffic it gives back what it held for requests.
    fn breathe(&mut self) {
        let now = Instant::now();
        let passed = now.duration_since(self.memory_at).as_secs_f64();
        self.memory_at = now;
        let canary = &mut self.arms[Arm::Canary as usize];
        if self.share == 0 {
            canary.memory = (canary.memory - GIVES_BACK * passed).max(REST);
        }
    }
}
