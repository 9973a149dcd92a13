//! A signal that is counted in a log: how many lines of the last minute match.

use super::Point;
use super::lines::{Came, Follow};
use super::poller::{Outlet, Read};
use crate::model::playbook::LOG_EVERY;
use crate::model::reading::Value;
use crate::model::text::clean_line;
use regex::bytes::Regex;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Over what is counted.
const MINUTE: Duration = Duration::from_secs(60);
/// Between two looks at a file.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// Between two samples.
pub(super) const EVERY: Duration = Duration::from_millis(LOG_EVERY);

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    /// Matches of the last minute, a second each.
    matches: VecDeque<(Instant, u64)>,
    /// Whether it can be read now, once that is known.
    reads: Option<Result<(), String>>,
}

impl Found {
    fn one(&mut self, now: Instant) {
        match self.matches.back_mut() {
            Some((at, n)) if now.duration_since(*at) < Duration::from_secs(1) => *n += 1,
            _ => self.matches.push_back((now, 1)),
        }
    }

    fn sample(&mut self, now: Instant) -> Result<Value, String> {
        while self.matches.front().is_some_and(|(at, _)| now.duration_since(*at) >= MINUTE) {
            self.matches.pop_front();
        }
        match &self.reads {
            Some(Ok(())) => Ok(Value::Number(self.matches.iter().map(|(_, n)| *n).sum::<u64>() as f64)),
            Some(Err(why)) => Err(why.clone()),
            None => Err("nothing is known of the log yet".into()),
        }
    }
}

/// Counts until nobody listens any more. What cannot be read is a failed sample with its reason, never 0.
pub(super) async fn poll(
    follow: Follow,
    pattern: String,
    mut outlet: Outlet,
    look: Duration,
    every: Duration,
) {
    let regex = Regex::new(&pattern).map_err(|e| clean_line(&e.to_string()));
    let found = Arc::new(Mutex::new(Found::default()));
    let known = Notify::new();
    let count = async {
        let regex = match regex {
            Ok(regex) => regex,
            Err(why) => {
                lock(&found).reads = Some(Err(why));
                known.notify_one();
                return std::future::pending().await;
            }
        };
        let each = |came: Came<'_>| match came {
            Came::Line(line) => {
                if regex.is_match(line) {
                    lock(&found).one(Instant::now());
                }
            }
            Came::Pause => {
                lock(&found).reads = Some(Ok(()));
                known.notify_one();
            }
            Came::Trouble(why) => {
                lock(&found).reads = Some(Err(why.to_owned()));
                known.notify_one();
            }
        };
        follow.run(look, 0, each).await;
        // It will never be read.
        std::future::pending().await
    };
    let tell = async {
        known.notified().await;
        loop {
            let value = lock(&found).sample(Instant::now());
            let read = Read { points: vec![(0, Point::one(value))], note: None };
            if outlet.send(read, Duration::ZERO).await.is_err() {
                return;
            }
            tokio::time::sleep(every).await;
        }
    };
    tokio::select! {
        () = count => {}
        () = tell => {}
    }
}

fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
