//! One task per source: reads at its own pace, backs off alone, stamps and cleans what it sends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::command::Command;
use super::http::{Http, Target};
use super::lines::Follow;
use super::names::Names;
use super::process::Process;
use super::prometheus;
use super::web::Web;
use super::{Point, log, source_of};
use crate::clock;
use crate::model::playbook::{Host, Playbook, ReadingKind, Signal, Source, SourceKind};
use crate::model::probe;
use crate::model::reading::{Reading, Value};
use crate::model::template::Template;
use crate::model::text::clean_line;
use crate::model::time::Now;

/// The most series of one signal that are followed.
const SERIES: usize = 1_000;
/// Reads in which a series may be missing before it is forgotten.
const FORGOTTEN: u32 = 60;

/// What one read of a source delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The source's id.
    pub source: String,
    /// The readings, each signal of the read at least once.
    pub readings: Vec<Reading>,
    /// What else the source said, such as lines of a page that cannot be read or a server's warnings.
    pub note: Option<String>,
    /// History fetched at the start: readings older than their receipt, oldest first.
    pub history: bool,
    /// Milliseconds from the question to the answer; none for history.
    pub took: Option<u64>,
}

/// The running pollers. Dropping it ends them, with the requests and commands under way.
#[derive(Debug)]
pub struct Pollers {
    tasks: JoinSet<()>,
}

impl Pollers {
    /// Number of sources still being read.
    pub fn running(&mut self) -> usize {
        while self.tasks.try_join_next().is_some() {}
        self.tasks.len()
    }
}

/// Starts reading every source of the playbook that a signal is read from, in the given environment.
///
/// Must be called within a tokio runtime. A poller ends when the channel is closed or the [`Pollers`] are dropped;
/// while the channel is full it waits and reads nothing.
pub fn start(playbook: &Playbook, environment: &str, tx: mpsc::Sender<Batch>) -> Pollers {
    let names = Arc::new(Names::of(playbook, environment));
    let web = Arc::new(Web::default());
    let cwd = playbook.environments.get(environment).and_then(|e| e.cwd.clone());
    let mut tasks = JoinSet::new();
    for (id, source) in &playbook.sources {
        let signals: Vec<(String, Signal)> = playbook
            .signals
            .iter()
            .filter(|(_, s)| s.source.as_ref() == Some(id))
            .map(|(id, s)| (id.clone(), s.clone()))
            .collect();
        if signals.is_empty() {
            continue;
        }
        let outlet = Outlet::new(id, &signals, names.clone(), tx.clone());
        let place = Place { cwd: cwd.clone(), host: host(source, playbook) };
        tasks.spawn(poll(source.clone(), signals, names.clone(), web.clone(), place, outlet));
    }
    for (id, signal) in &playbook.signals {
        let ReadingKind::Log { from, pattern } = &signal.reading else { continue };
        let name = source_of(id, signal).unwrap_or_default();
        let outlet = Outlet::new(&name, &[(id.clone(), signal.clone())], names.clone(), tx.clone());
        let follow = Follow::new(playbook, environment, from);
        tasks.spawn(log::poll(follow, pattern.clone(), outlet, log::LOOK, log::EVERY));
    }
    Pollers { tasks }
}

/// Where a command runs.
struct Place {
    /// Folder, when it names none itself.
    cwd: Option<Template>,
    /// Another host.
    host: Option<Host>,
}

fn host(source: &Source, playbook: &Playbook) -> Option<Host> {
    match &source.kind {
        SourceKind::Command { on: Some(on), .. } => playbook.hosts.get(on).cloned(),
        _ => None,
    }
}

async fn poll(
    source: Source,
    signals: Vec<(String, Signal)>,
    names: Arc<Names>,
    web: Arc<Web>,
    place: Place,
    mut outlet: Outlet,
) {
    let every = Duration::from_millis(source.every.max(1));
    let timeout = Duration::from_millis(source.timeout.max(1));
    let of: Vec<(usize, &Signal)> = signals.iter().enumerate().map(|(i, (_, s))| (i, s)).collect();
    let mut reader = match source.kind {
        SourceKind::Prometheus { url, headers } => {
            let target =
                Target { url, method: "POST".into(), headers, body: None, timeout, proxy: source.proxy };
            return prometheus::poll(target, web, names, &of, every, outlet).await;
        }
        SourceKind::Http { url, method, headers, body } => {
            let target = Target { url, method, headers, body, timeout, proxy: source.proxy };
            Reader::Http(Box::new(Http::new(web, names, target, &of)))
        }
        SourceKind::Process(found_by) => {
            Reader::Process(Box::new(Process::new(found_by, names, timeout, &of)))
        }
        SourceKind::Command { argv, on, cwd, env } => {
            let run = probe::Command { argv, on, cwd, env, ..probe::Command::default() };
            Reader::Command(Box::new(Command::new(run, place.host, place.cwd, names, timeout, &of)))
        }
    };
    let mut pace = Pace::new(every);
    loop {
        let begun = Instant::now();
        let read = match &mut reader {
            Reader::Http(http) => http.read().await,
            Reader::Process(process) => process.read().await,
            Reader::Command(command) => command.read().await,
        };
        let good = read.points.iter().any(|(_, p)| p.value.is_ok());
        if outlet.send(read, begun.elapsed()).await.is_err() {
            return;
        }
        tokio::time::sleep_until(begun + pace.after(good)).await;
    }
}

enum Reader {
    Http(Box<Http>),
    Process(Box<Process>),
    Command(Box<Command>),
}

/// What a read gave: points by the place of their signal among the source's.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) points: Vec<(usize, Point)>,
    pub(super) note: Option<String>,
}

/// Time between two reads: the interval, and after failures at least 2, 4, 8, 16, 30 s.
pub(super) struct Pace {
    every: Duration,
    failures: u32,
}

impl Pace {
    pub(super) fn new(every: Duration) -> Pace {
        Pace { every, failures: 0 }
    }

    /// The time from the beginning of a read to the next.
    pub(super) fn after(&mut self, good: bool) -> Duration {
        self.failures = if good { 0 } else { (self.failures + 1).min(5) };
        match self.failures {
            0 => self.every,
            n => self.every.max(Duration::from_secs((1 << n).min(30))),
        }
    }
}

/// The way out of a source: settles which series are missing, cleans and masks text, stamps and sends.
pub(super) struct Outlet {
    source: String,
    /// Id of each signal, and whether it has series.
    signals: Vec<(String, bool)>,
    names: Arc<Names>,
    /// Per signal: series seen so far and in how many reads each has been missing since.
    seen: Vec<BTreeMap<String, u32>>,
    tx: mpsc::Sender<Batch>,
}

impl Outlet {
    pub(super) fn new(
        source: &str,
        signals: &[(String, Signal)],
        names: Arc<Names>,
        tx: mpsc::Sender<Batch>,
    ) -> Outlet {
        Outlet {
            source: source.to_owned(),
            signals: signals.iter().map(|(id, s)| (id.clone(), s.series.is_some())).collect(),
            seen: vec![BTreeMap::new(); signals.len()],
            names,
            tx,
        }
    }

    /// Sends what was read now, and how long that took. An error means that nobody listens any more.
    pub(super) async fn send(
        &mut self,
        read: Read,
        took: Duration,
    ) -> Result<(), mpsc::error::SendError<Batch>> {
        let now = clock::now();
        let mut of_signal: BTreeMap<usize, Vec<Point>> = BTreeMap::new();
        for (i, point) in read.points {
            of_signal.entry(i).or_default().push(point);
        }
        let mut readings = Vec::new();
        for (i, points) in of_signal {
            for point in self.settle(i, points) {
                readings.push(self.reading(i, point, now.clone()));
            }
        }
        self.deliver(readings, read.note, Some(took.as_millis() as u64)).await
    }

    /// Sends points of the past, each with its wall time in milliseconds, oldest first.
    pub(super) async fn send_history(
        &mut self,
        mut past: Vec<(i64, usize, Point)>,
        note: Option<String>,
    ) -> Result<(), mpsc::error::SendError<Batch>> {
        let now = clock::now();
        past.sort_by_key(|(wall, ..)| *wall);
        let readings = past.into_iter().filter_map(|(wall, i, point)| {
            let ago = u64::try_from(now.wall - wall).ok()?;
            // what lies before this boot has no place on its clock
            let at = Now { boot: now.boot.checked_sub(ago)?, boot_id: now.boot_id.clone(), wall };
            Some(self.reading(i, point, at))
        });
        let readings = readings.collect();
        self.deliver(readings, note, None).await
    }

    async fn deliver(
        &mut self,
        readings: Vec<Reading>,
        note: Option<String>,
        took: Option<u64>,
    ) -> Result<(), mpsc::error::SendError<Batch>> {
        let note = note.map(|n| self.clean(n));
        self.tx
            .send(Batch { source: self.source.clone(), readings, note, history: took.is_none(), took })
            .await
    }

    /// Makes series that were there before and are not now say so, and a failure of all of them the failure of each.
    fn settle(&mut self, i: usize, points: Vec<Point>) -> Vec<Point> {
        if !self.signals[i].1 {
            return points;
        }
        let seen = &mut self.seen[i];
        if let [Point { series: None, value: Err(why), .. }] = &points[..]
            && !seen.is_empty()
        {
            let each = |s: &String| Point { series: Some(s.clone()), age: 0, value: Err(why.clone()) };
            return seen.keys().map(each).collect();
        }
        let mut out = Vec::with_capacity(points.len());
        seen.values_mut().for_each(|missed| *missed += 1);
        let mut dropped = 0;
        for mut point in points {
            if let Some(series) = point.series.take() {
                let series = clean_line(&series);
                if seen.len() >= SERIES && !seen.contains_key(&series) {
                    dropped += 1;
                    continue;
                }
                if seen.insert(series.clone(), 0) == Some(0) {
                    let twin = out.iter_mut().find(|p: &&mut Point| p.series.as_ref() == Some(&series));
                    twin.into_iter().for_each(|p| p.value = Err("two series have this label value".into()));
                    continue;
                }
                point.series = Some(series);
            }
            out.push(point);
        }
        if dropped > 0 {
            out.push(Point::one(Err(format!("{dropped} series too many; {SERIES} are followed"))));
        }
        seen.retain(|_, missed| *missed <= FORGOTTEN);
        for (series, _) in seen.iter().filter(|(_, missed)| **missed > 0) {
            let value = Err("no data: this series is no longer there".into());
            out.push(Point { series: Some(series.clone()), age: 0, value });
        }
        out
    }

    fn reading(&self, i: usize, point: Point, at: Now) -> Reading {
        let value = match point.value {
            Ok(Value::Text(text)) => Ok(Value::Text(self.clean(text))),
            Ok(Value::Number(n)) if n.is_nan() => Err("the value is NaN".into()),
            Ok(number) => Ok(number),
            Err(why) => Err(self.clean(why)),
        };
        let series = point.series.map(|s| clean_line(&s));
        Reading { signal: self.signals[i].0.clone(), series, at, age: point.age, value }
    }

    /// Text that may be shown: no secret, no control character, not endless.
    fn clean(&self, text: String) -> String {
        const LONGEST: usize = 300;
        let text = clean_line(&self.names.mask(text));
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}
