//! Logs that are looked at: followed while somebody does, and no longer.

use super::{Driver, News};
use crate::model::playbook::Mark;
use crate::session::view::logs::{COLUMN, COLUMNS, KEPT, LogLine, LogSeen};
use crate::sources::lines::{Came, Cleaner, Follow};
use indexmap::IndexMap;
use memchr::memmem::Finder;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Bytes of what is there already that are shown.
const BACK: u64 = 128 << 10;
/// Between two looks at a file.
const LOOK: Duration = Duration::from_millis(400);
/// Between two pictures of a log: what comes faster than this shows is counted and passed over.
const PICTURE: Duration = Duration::from_millis(250);
/// New lines of one picture.
const BURST: usize = 500;
/// After which time without lines the counts are looked at again.
const AGE: Duration = Duration::from_secs(5);
/// Bytes of a line that are shown.
const LONGEST: usize = 2_000;

/// The logs that are followed now, and what was read of them.
#[derive(Default)]
pub(super) struct Logs {
    followed: IndexMap<String, (JoinSet<()>, Arc<LogSeen>)>,
}

impl Logs {
    /// What was read of a log; none: it is not looked at.
    pub(super) fn seen(&self, id: &str) -> Option<Arc<LogSeen>> {
        self.followed.get(id).map(|(_, seen)| seen.clone())
    }

    /// Takes in what was read.
    pub(super) fn take(&mut self, id: &str, seen: Arc<LogSeen>) {
        if let Some(log) = self.followed.get_mut(id) {
            log.1 = seen;
        }
    }
}

impl Driver {
    /// Follows these logs and no others: their tasks end with what they started.
    pub(super) fn look_at_logs(&mut self, logs: Vec<String>) {
        self.logs.followed.retain(|id, _| logs.contains(id));
        for id in logs {
            let Some(log) = self.setup.playbook.logs.get(&id) else { continue };
            if self.logs.followed.contains_key(&id) {
                continue;
            }
            let follow = Follow::new(&self.setup.playbook, &self.setup.environment, &log.from);
            let marks = log.marks.iter().map(|(word, mark)| (word.clone(), *mark)).collect();
            let mut task = JoinSet::new();
            task.spawn(watch(id.clone(), follow, marks, self.tell.clone()));
            self.logs.followed.insert(id, (task, Arc::default()));
        }
    }
}

/// Reads a log and sends pictures of it, no faster than they can be looked at.
async fn watch(id: String, follow: Follow, marks: Vec<(String, Mark)>, to: mpsc::Sender<News>) {
    let gathered = Mutex::new(Gathered::new(follow.cleaner(), &marks));
    let news = Notify::new();
    let read = async {
        let each = |came: Came<'_>| {
            if lock(&gathered).take(came, Instant::now()) {
                news.notify_one();
            }
        };
        follow.run(LOOK, BACK, each).await;
        std::future::pending().await
    };
    let tell = async {
        loop {
            // Counts of a minute get smaller by themselves.
            let _quiet = tokio::time::timeout(AGE, news.notified()).await;
            let seen = lock(&gathered).picture(Instant::now());
            if let Some(seen) = seen
                && to.send(News::Logged(id.clone(), Arc::new(seen))).await.is_err()
            {
                return;
            }
            tokio::time::sleep(PICTURE).await;
        }
    };
    tokio::select! {
        () = read => {}
        () = tell => {}
    }
}

fn lock(gathered: &Mutex<Gathered>) -> MutexGuard<'_, Gathered> {
    gathered.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of a log.
struct Gathered {
    cleaner: Cleaner,
    finders: Vec<(Finder<'static>, Mark)>,
    began: Instant,
    /// Lines since the last picture, as they were written.
    fresh: VecDeque<(u64, Vec<u8>, Option<Mark>)>,
    lines: VecDeque<LogLine>,
    /// Critical and warning lines per second since it began, oldest first.
    seconds: VecDeque<(u64, u64, u64)>,
    trouble: Option<String>,
    /// Whether it is known if it can be read.
    known: bool,
    total: u64,
    dropped: u64,
    last: Option<LogSeen>,
}

impl Gathered {
    fn new(cleaner: Cleaner, marks: &[(String, Mark)]) -> Gathered {
        Gathered {
            cleaner,
            finders: marks.iter().map(|(w, m)| (Finder::new(w.as_bytes()).into_owned(), *m)).collect(),
            began: Instant::now(),
            fresh: VecDeque::new(),
            lines: VecDeque::new(),
            seconds: VecDeque::new(),
            trouble: None,
            known: false,
            total: 0,
            dropped: 0,
            last: None,
        }
    }

    /// Takes in what came; whether there is something to be shown.
    fn take(&mut self, came: Came<'_>, now: Instant) -> bool {
        match came {
            Came::Line(line) => {
                self.line(line, now);
                true
            }
            Came::Pause => {
                let was = (std::mem::replace(&mut self.known, true), self.trouble.take());
                was != (true, None)
            }
            Came::Trouble(why) => {
                self.known = true;
                self.trouble.replace(why.to_owned()).as_deref() != Some(why)
            }
        }
    }

    fn line(&mut self, line: &[u8], now: Instant) {
        self.total += 1;
        let mark = self.mark(line);
        if let Some(mark) = mark {
            let second = now.duration_since(self.began).as_secs();
            if self.seconds.back().is_none_or(|(s, ..)| *s != second) {
                self.seconds.push_back((second, 0, 0));
            }
            if let Some((_, critical, warn)) = self.seconds.back_mut() {
                match mark {
                    Mark::Critical => *critical += 1,
                    Mark::Warn => *warn += 1,
                }
            }
        }
        if self.fresh.len() == BURST {
            self.fresh.pop_front();
            self.dropped += 1;
        }
        self.fresh.push_back((self.total, line[..line.len().min(LONGEST)].to_vec(), mark));
    }

    /// The gravest word in a line.
    fn mark(&self, line: &[u8]) -> Option<Mark> {
        let mut found = None;
        for (finder, mark) in &self.finders {
            if (found.is_none() || *mark == Mark::Critical) && finder.find(line).is_some() {
                found = Some(*mark);
                if *mark == Mark::Critical {
                    break;
                }
            }
        }
        found
    }

    /// The picture of it now; none when it is the last one still.
    fn picture(&mut self, now: Instant) -> Option<LogSeen> {
        if !self.known && self.total == 0 {
            return None;
        }
        for (number, line, mark) in self.fresh.drain(..) {
            let mut text = self.cleaner.line(&line);
            if line.len() == LONGEST {
                text.push('…');
            }
            self.lines.push_back(LogLine { number, text: text.into(), mark });
        }
        while self.lines.len() > KEPT {
            self.lines.pop_front();
        }
        let second = now.duration_since(self.began).as_secs();
        let column = COLUMN / 1000;
        let oldest = (second / column + 1).saturating_sub(COLUMNS as u64) * column;
        while self.seconds.front().is_some_and(|(s, ..)| *s < oldest) {
            self.seconds.pop_front();
        }
        let mut columns = vec![0; COLUMNS.min((second / column + 1) as usize)];
        let mut minute = (0, 0);
        for (s, critical, warn) in &self.seconds {
            if let Some(at) = columns.get_mut(((s - oldest) / column) as usize) {
                *at += critical + warn;
            }
            if s + 60 > second {
                minute = (minute.0 + critical, minute.1 + warn);
            }
        }
        let seen = LogSeen {
            trouble: self.trouble.clone(),
            lines: self.lines.iter().cloned().collect(),
            total: self.total,
            dropped: self.dropped,
            minute,
            columns,
        };
        if self.last.as_ref() == Some(&seen) {
            return None;
        }
        self.last = Some(seen.clone());
        Some(seen)
    }
}

#[cfg(test)]
mod tests;
