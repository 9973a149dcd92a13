//! Delivering what is queued: one courier at a time in a folder, one letter at a time in a channel, channels beside each
//! other. Each try is on record before it is made and after; what a crash leaves open is tried again under the same name.

use super::attempt::{Came, attempt, lacking};
use super::{append, tail};
use crate::clock;
use crate::journal::access::Sharing;
use crate::journal::{Hold, Tail, real};
use crate::session::outbox::due::{Failure, Next, failed, next, wake};
use crate::session::outbox::shape::{reference, shaped};
use crate::session::outbox::{Fate, Kind, Letter, Outbox, Posted};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// The same, while nothing is to be done and somebody says when there is.
const SELDOM: Duration = Duration::from_secs(30);
/// How long the courier's lock is waited for.
const HOLD: Duration = Duration::from_millis(100);
/// After which a courier that lacks a secret looks for it again.
const AGAIN: Duration = Duration::from_secs(30);

/// Delivers the letters of one folder, one courier at a time (`outbox.lock`, held only while there is something to do).
#[derive(Debug)]
pub struct Courier {
    home: PathBuf,
    tail: Tail,
    outbox: Outbox,
    /// Why the log cannot be read.
    trouble: Option<String>,
    lock: Option<Hold>,
    tasks: JoinSet<Result<Came, Failure>>,
    /// What the tasks try.
    under_way: HashMap<Id, Letter>,
    /// Records that could not be written yet: nothing is tried before they are.
    unwritten: Vec<Kind>,
    /// Channels whose next letter needs a secret that this process cannot read: why, and since when.
    lacking: HashMap<String, (String, Instant)>,
    /// Nothing more is begun.
    leaving: bool,
    /// Says that the log has something new.
    news: Option<Arc<Notify>>,
}

impl Courier {
    /// A courier that has delivered nothing yet.
    pub fn new(home: &Path) -> Courier {
        Courier {
            home: home.to_owned(),
            tail: tail(home),
            outbox: Outbox::default(),
            trouble: None,
            lock: None,
            tasks: JoinSet::new(),
            under_way: HashMap::new(),
            unwritten: Vec::new(),
            lacking: HashMap::new(),
            leaving: false,
            news: None,
        }
    }

    /// Delivers for as long as it is polled; `news` says that the log has something new.
    pub async fn run(mut self, news: Arc<Notify>) {
        self.news = Some(news);
        loop {
            self.turn().await;
        }
    }

    /// Delivers until this is said to be over; then it can go on.
    pub async fn until(mut self, over: Arc<AtomicBool>) -> Courier {
        while !over.load(Ordering::Relaxed) {
            self.turn().await;
        }
        self
    }

    /// Delivers until each of these letters is settled, or the time is over; what is under way then is waited for. Answers
    /// what is on record then.
    pub async fn settle(&mut self, which: impl Fn(&Posted) -> bool, limit: Duration) -> Outbox {
        let since = Instant::now();
        self.look();
        while since.elapsed() < limit && self.open(&which) {
            self.turn().await;
        }
        self.leaving = true;
        while !self.tasks.is_empty() {
            self.turn().await;
        }
        self.write_down().await;
        self.look();
        (self.leaving, self.lock) = (false, None);
        self.outbox.clone()
    }

    /// Why these letters wait, where it is this process that cannot deliver them: a secret it lacks, a log it cannot read.
    pub fn trouble(&self, channel: &str) -> Option<&str> {
        self.trouble.as_deref().or_else(|| self.lacking.get(channel).map(|(why, _)| why.as_str()))
    }

    fn open(&self, which: &impl Fn(&Posted) -> bool) -> bool {
        self.outbox.letters.values().any(|p| p.fate == Fate::Waiting && which(p))
    }

    /// Takes in what is new on record.
    fn look(&mut self) {
        let read = self.tail.poll().map_err(|e| e.to_string());
        let taken = read.and_then(|records| records.iter().try_for_each(|r| self.outbox.take(r)));
        self.trouble = taken.err();
    }

    fn busy(&self) -> BTreeSet<String> {
        let lacking = self.lacking.iter().filter(|(_, (_, since))| since.elapsed() < AGAIN).map(|(c, _)| c);
        self.under_way.values().map(|l| &l.channel).chain(lacking).cloned().collect()
    }

    /// Does what is due, then waits a moment, or for the end of a try.
    async fn turn(&mut self) {
        self.look();
        self.write_down().await;
        let may = !self.leaving && self.trouble.is_none() && self.unwritten.is_empty();
        let mut wait = if may && self.news.is_some() { SELDOM } else { LOOK };
        let due = if may { wake(&self.outbox, &clock::now(), &self.busy()) } else { None };
        if due == Some(0) {
            wait = LOOK;
            if self.hold().await {
                // Another courier may have done it meanwhile.
                self.look();
                for next in next(&self.outbox, &clock::now(), &self.busy()) {
                    self.begin(next).await;
                }
                wait = Duration::from_millis(1);
            }
        } else if let Some(ms) = due {
            wait = wait.min(Duration::from_millis(ms));
        }
        if self.tasks.is_empty() {
            if wait >= LOOK {
                self.lock = None;
            }
            let news = self.news.clone();
            let news = async {
                match &news {
                    Some(news) => news.notified().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = news => {}
            }
            return;
        }
        tokio::select! {
            Some(done) = self.tasks.join_next_with_id() => {
                let (id, came) = match done {
                    Ok(done) => done,
                    Err(e) => (e.id(), Err(Failure { detail: "the try broke off".into(), ..Failure::default() })),
                };
                if let Some(letter) = self.under_way.remove(&id) {
                    self.ended(letter, came).await;
                }
            }
            () = tokio::time::sleep(wait.min(LOOK)) => {}
        }
    }

    /// Takes the lock; whether it is ours.
    async fn hold(&mut self) -> bool {
        if self.lock.is_none() {
            let path = self.home.join("outbox.lock");
            let home = self.home.clone();
            let taken = tokio::task::spawn_blocking(move || {
                let mode = Sharing::of(&home).ok()?.log_mode();
                Hold::take(&*real(), &path, mode, HOLD).ok()
            });
            self.lock = taken.await.ok().flatten();
        }
        self.lock.is_some()
    }

    async fn begin(&mut self, next: Next) {
        match next {
            Next::GiveUp { id, why } => {
                let channel =
                    self.outbox.letters.get(&id).map(|p| p.letter.channel.clone()).unwrap_or_default();
                let lacks =
                    self.lacking.get(&channel).map(|(lacks, _)| format!("{lacks}; ")).unwrap_or_default();
                self.record(Kind::GivenUp { id, detail: format!("{lacks}{why}") }).await;
            }
            Next::HoldBack { ids, summary } => {
                let name = summary.as_ref().map(|s| s.id.clone()).unwrap_or_default();
                if let Some(summary) = summary {
                    self.record(Kind::Queued(*summary)).await;
                }
                if self.unwritten.is_empty() {
                    self.record(Kind::HeldBack { ids, summary: name }).await;
                }
            }
            Next::Try(id) => self.attempt(&id).await,
        }
    }

    async fn attempt(&mut self, id: &str) {
        let Some(posted) = self.outbox.letters.get(id).cloned() else { return };
        let letter = &posted.letter;
        if let Some(why) = lacking(letter) {
            self.lacking.insert(letter.channel.clone(), (why, Instant::now()));
            return;
        }
        self.lacking.remove(&letter.channel);
        let call = match shaped(&posted, &self.outbox) {
            Ok(call) => call,
            Err(why) => return self.record(Kind::GivenUp { id: id.to_owned(), detail: why }).await,
        };
        self.record(Kind::Trying { id: id.to_owned(), attempt: posted.attempts + 1 }).await;
        let tried =
            self.outbox.letters.get(id).is_some_and(|p| p.trying && p.attempts == posted.attempts + 1);
        // Not on record, so not made.
        if tried && self.unwritten.is_empty() {
            let task = self.tasks.spawn(attempt(letter.clone(), call));
            self.under_way.insert(task.id(), posted.letter);
        }
    }

    async fn ended(&mut self, letter: Letter, came: Result<Came, Failure>) {
        let Some(posted) = self.outbox.letters.get(&letter.id) else { return };
        let kind = match came {
            Ok(came) => Kind::Delivered {
                id: letter.id.clone(),
                attempt: posted.attempts,
                detail: came.detail,
                reference: reference(&letter, &came.answer),
            },
            Err(failure) => failed(posted, &failure, &clock::now()),
        };
        self.record(kind).await;
    }

    /// Puts a record on disk, now or as soon as that can be done.
    async fn record(&mut self, kind: Kind) {
        self.unwritten.push(kind);
        self.write_down().await;
    }

    async fn write_down(&mut self) {
        while let Some(kind) = self.unwritten.first().cloned() {
            let home = self.home.clone();
            let written =
                tokio::task::spawn_blocking(move || append(&home, &kind, |o| admits(o, &kind))).await;
            if !matches!(written, Ok(Ok(_))) {
                return;
            }
            self.unwritten.remove(0);
            self.look();
        }
    }
}

/// Whether a record goes on with what is on record.
fn admits(outbox: &Outbox, kind: &Kind) -> bool {
    let waits = |id: &String| outbox.letters.get(id).is_some_and(|p| p.fate == Fate::Waiting);
    let at = |id: &String, attempt: u32, trying: bool| {
        let is = |p: &Posted| p.fate == Fate::Waiting && (p.attempts, p.trying) == (attempt, trying);
        outbox.letters.get(id).is_some_and(is)
    };
    match kind {
        Kind::Queued(letter) => !outbox.letters.contains_key(&letter.id),
        Kind::Trying { id, attempt } => {
            outbox.letters.get(id).is_some_and(|p| p.fate == Fate::Waiting && p.attempts + 1 == *attempt)
        }
        Kind::Tried { id, attempt, .. } | Kind::Delivered { id, attempt, .. } => at(id, *attempt, true),
        Kind::GivenUp { id, .. } => waits(id),
        Kind::HeldBack { ids, .. } => ids.iter().all(waits),
        Kind::TornTail(_) => false,
    }
}
