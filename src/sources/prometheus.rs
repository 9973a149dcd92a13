//! Signals read from a Prometheus server: like queries in one request, a bad one split out so that it blinds only
//! itself. A query that is still unanswered is not asked again; at most four connections are used. A signal's `fresh` is
//! a query like any other; what it answers decides whether the signal's value counts.

mod api;
mod fresh;
pub mod kept;
mod range;
#[cfg(test)]
mod tests;
mod union;

pub use range::range;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Point;
use super::answer::Shape;
use super::exposition::number;
use super::http::Target;
use super::names::Names;
use super::poller::{Outlet, Pace, Read};
use super::web::Web;
use crate::clock;
use crate::model::playbook::{ReadingKind, Signal};
use crate::model::template::Template;
use api::{Data, Element, Refusal, ask};
use fresh::Life;
use union::{LABEL, combinable, union};

/// Requests under way at most.
const CONNECTIONS: usize = 4;
/// Expressions in one request at most.
const TOGETHER: usize = 50;
/// History fetched at the start.
const HISTORY: Duration = Duration::from_secs(15 * 60);
/// The finest step of that history.
const STEP: Duration = Duration::from_secs(5);

/// One question to the server.
struct Query {
    expression: Template,
    asks: Asks,
    /// Asked by itself until it has answered by itself.
    alone: bool,
    /// It answers with a scalar or a text, which cannot stand in a union.
    scalar: bool,
    /// A request with it is under way.
    asked: bool,
}

/// What a question is for.
enum Asks {
    /// A signal's value.
    Value {
        signal: usize,
        series: Option<String>,
        shape: Shape,
        /// The question whether its target lives, by its place.
        fresh: Option<usize>,
    },
    /// Whether a target lives, and what is known of it.
    Life(Life),
}

/// A union that was refused and is being asked piece by piece.
struct Split {
    left: BTreeSet<usize>,
    explained: bool,
}

/// What came back for some queries (by their place).
type Flight = (Vec<usize>, Result<(Data, Option<String>), Refusal>);

struct Prometheus {
    target: Target,
    web: Arc<Web>,
    names: Arc<Names>,
    queries: Vec<Query>,
    lines: Arc<Semaphore>,
    flights: JoinSet<Flight>,
    /// Whether queries are combined; given up when a union is refused although each of its parts is answered.
    unions: bool,
    split: Option<Split>,
}

/// Reads the queries of one server until nobody listens.
pub(super) async fn poll(
    target: Target,
    web: Arc<Web>,
    names: Arc<Names>,
    signals: &[(usize, &Signal)],
    every: Duration,
    mut outlet: Outlet,
) {
    let queries = questions(signals);
    let mut server = Prometheus {
        target,
        web,
        names,
        queries,
        lines: Arc::new(Semaphore::new(CONNECTIONS)),
        flights: JoinSet::new(),
        unions: true,
        split: None,
    };
    let (past, note) = server.history(every.max(STEP)).await;
    if !past.is_empty() && outlet.send_history(past, note).await.is_err() {
        return;
    }
    server.run(every, outlet).await;
}

/// The queries of all signals, and before them each different `fresh` once.
fn questions(signals: &[(usize, &Signal)]) -> Vec<Query> {
    let query = |expression: &Template, asks| Query {
        expression: expression.clone(),
        asks,
        alone: false,
        scalar: false,
        asked: false,
    };
    let mut out: Vec<Query> = Vec::new();
    for fresh in signals.iter().filter_map(|(_, s)| s.fresh.as_ref()) {
        if !out.iter().any(|q| q.expression == *fresh) {
            out.push(query(fresh, Asks::Life(Life::default())));
        }
    }
    for (i, s) in signals {
        let ReadingKind::Query(expression) = &s.reading else { continue };
        let fresh = s
            .fresh
            .as_ref()
            .and_then(|f| out.iter().position(|q| q.expression == *f && matches!(q.asks, Asks::Life(_))));
        let asks = Asks::Value { signal: *i, series: s.series.clone(), shape: Shape::of(s), fresh };
        out.push(query(expression, asks));
    }
    out
}

impl Prometheus {
    async fn run(&mut self, every: Duration, mut outlet: Outlet) {
        let mut pace = Pace::new(every);
        let mut begun = Instant::now();
        let mut next = begun;
        let mut answered = false;
        loop {
            let read = tokio::select! {
                () = tokio::time::sleep_until(next) => {
                    begun = Instant::now();
                    next = begun + every;
                    self.launch()
                }
                Some(flight) = self.flights.join_next(), if !self.flights.is_empty() => {
                    let Ok((members, result)) = flight else { continue };
                    answered |= matches!(result, Ok(_) | Err(Refusal::Expression(_)));
                    let read = self.land(members, result);
                    if self.flights.is_empty() {
                        next = next.max(begun + pace.after(std::mem::take(&mut answered)));
                    }
                    read
                }
            };
            if !read.points.is_empty() && outlet.send(read, begun.elapsed()).await.is_err() {
                return;
            }
        }
    }

    /// Asks everything that is not under way. What cannot even be asked is given back with its reason.
    fn launch(&mut self) -> Read {
        let mut read = Read::default();
        let mut together = Vec::new();
        for i in 0..self.queries.len() {
            if self.queries[i].asked {
                continue;
            }
            match self.expression(i) {
                Err(why) => read.points.extend(self.failed(i, &why)),
                Ok(e) if self.unions && !self.queries[i].alone && combinable(&e) => together.push((i, e)),
                Ok(e) => self.ask(vec![(i, e)]),
            }
        }
        while !together.is_empty() {
            let rest = together.split_off(together.len().min(TOGETHER));
            self.ask(std::mem::replace(&mut together, rest));
        }
        read
    }

    fn expression(&self, i: usize) -> Result<String, String> {
        self.names.fill(&self.queries[i].expression)
    }

    /// Sends one request for these queries.
    fn ask(&mut self, members: Vec<(usize, String)>) {
        let call = self.target.call(&self.names).map_err(Refusal::Server);
        let (web, lines) = (self.web.clone(), self.lines.clone());
        let query = text_of(&members);
        let members: Vec<usize> = members.into_iter().map(|(i, _)| i).collect();
        members.iter().for_each(|i| self.queries[*i].asked = true);
        self.flights.spawn(async move {
            let _line = lines.acquire().await;
            let result = match call {
                Ok(call) => ask(&web, call, "query", &[("query", &query)]).await,
                Err(refusal) => Err(refusal),
            };
            (members, result)
        });
    }

    /// Turns what came back into points, and decides who is asked with whom from now on.
    fn land(&mut self, members: Vec<usize>, result: Result<(Data, Option<String>), Refusal>) -> Read {
        members.iter().for_each(|i| self.queries[*i].asked = false);
        let single = members.len() == 1;
        if single {
            self.learn(members[0], &result);
        }
        let mut read = Read::default();
        match result {
            Ok((Data::Vector(elements), note)) => {
                read.note = note;
                for (i, elements) in sort_out(&members, elements) {
                    read.points.extend(self.answered(i, elements));
                }
            }
            Ok((Data::Scalar((_, value)) | Data::String((_, value)), note)) => {
                read.note = note;
                for &i in &members {
                    let only = Element {
                        metric: HashMap::new(),
                        value: Some((0.0, value.clone())),
                        histogram: None,
                    };
                    read.points.extend(self.answered(i, vec![only]));
                }
            }
            Ok((Data::Matrix(_), _)) => {
                let why = "the query gives a range; an instant value is needed";
                read.points = self.all(&members, why);
            }
            Err(Refusal::Expression(_)) if !single => {
                for &i in &members {
                    self.queries[i].alone = true;
                    if let Ok(e) = self.expression(i) {
                        self.ask(vec![(i, e)]);
                    }
                }
                self.split = Some(Split { left: members.into_iter().collect(), explained: false });
            }
            Err(refusal) => {
                if matches!(refusal, Refusal::Late(_)) {
                    members.iter().for_each(|i| self.queries[*i].alone = true);
                }
                read.points = self.all(&members, refusal.reason());
            }
        }
        read
    }

    /// What the answer to one question gives. Those about life stand first, and are settled before their signals.
    fn answered(&mut self, i: usize, elements: Vec<Element>) -> Vec<(usize, Point)> {
        let query = &mut self.queries[i];
        match &mut query.asks {
            Asks::Life(life) => {
                life.answered(elements);
                Vec::new()
            }
            Asks::Value { signal, series, shape, fresh } => {
                let (signal, fresh) = (*signal, *fresh);
                let points = points(series.as_deref(), *shape, elements);
                let label = series.clone();
                let life = fresh.and_then(|f| match &self.queries[f] {
                    Query { asks: Asks::Life(life), expression, .. } => Some((life, expression)),
                    _ => None,
                });
                let judged = points.into_iter().map(|p| match life {
                    Some((life, asked)) => life.judge(p, label.as_deref(), asked),
                    None => p,
                });
                judged.map(|p| (signal, p)).collect()
            }
        }
    }

    /// What is said when a question has no answer.
    fn failed(&mut self, i: usize, why: &str) -> Option<(usize, Point)> {
        match &mut self.queries[i].asks {
            Asks::Life(life) => {
                life.failed(why);
                None
            }
            Asks::Value { signal, .. } => Some((*signal, Point::one(Err(why.to_owned())))),
        }
    }

    fn all(&mut self, members: &[usize], why: &str) -> Vec<(usize, Point)> {
        members.iter().filter_map(|i| self.failed(*i, why)).collect()
    }

    /// What a query that was asked by itself tells about its place among the others.
    fn learn(&mut self, i: usize, result: &Result<(Data, Option<String>), Refusal>) {
        let query = &mut self.queries[i];
        query.scalar = matches!(result, Ok((Data::Scalar(_) | Data::String(_), _)));
        query.alone = query.scalar || !matches!(result, Ok((Data::Vector(_), _)) | Err(Refusal::Server(_)));
        let explained = query.alone || result.is_err();
        if let Some(split) = &mut self.split {
            split.left.remove(&i);
            split.explained |= explained;
            if split.left.is_empty() {
                self.unions &= split.explained;
                self.split = None;
            }
        }
    }

    /// Whether the target of a query lived at a wall time in milliseconds; not when that cannot be said.
    fn lived(&self, i: usize, wall: i64, point: &Point, lives: &HashMap<usize, fresh::Past>) -> bool {
        match &self.queries[i].asks {
            Asks::Value { fresh: Some(f), series, .. } => {
                lives.get(f).is_some_and(|l| l.lived(wall, series.as_deref(), point.series.as_deref()))
            }
            _ => true,
        }
    }

    /// The last minutes of every query, for the charts; what cannot be had is left to the instant queries.
    async fn history(&mut self, step: Duration) -> (Vec<(i64, usize, Point)>, Option<String>) {
        let all: Vec<(usize, String)> =
            (0..self.queries.len()).filter_map(|i| Some((i, self.expression(i).ok()?))).collect();
        let (together, single): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, e)| combinable(e));
        let mut groups: Vec<Vec<(usize, String)>> = together.chunks(TOGETHER).map(<[_]>::to_vec).collect();
        groups.extend(single.into_iter().map(|one| vec![one]));
        let (mut past, mut notes) = (Vec::new(), None);
        let mut lives = HashMap::new();
        let end = clock::now().wall as f64 / 1e3;
        let (from, to) = (format!("{:.3}", end - HISTORY.as_secs_f64()), format!("{end:.3}"));
        let step = step.as_secs_f64().to_string();
        let mut flights = JoinSet::new();
        loop {
            for members in groups.drain(..) {
                let Ok(call) = self.target.call(&self.names) else { continue };
                let (web, lines, query) = (self.web.clone(), self.lines.clone(), text_of(&members));
                let (from, to, step) = (from.clone(), to.clone(), step.clone());
                flights.spawn(async move {
                    let _line = lines.acquire().await;
                    let form = [("query", &*query), ("start", &from), ("end", &to), ("step", &step)];
                    (members, ask(&web, call, "query_range", &form).await)
                });
            }
            match flights.join_next().await {
                None => {
                    past.retain(|(wall, i, point)| self.lived(*i, *wall, point, &lives));
                    let of_signals =
                        past.into_iter().filter_map(|(wall, i, point)| match self.queries[i].asks {
                            Asks::Value { signal, .. } => Some((wall, signal, point)),
                            Asks::Life(_) => None,
                        });
                    return (of_signals.collect(), notes);
                }
                Some(Ok((members, Err(Refusal::Expression(_))))) if members.len() > 1 => {
                    groups.extend(members.into_iter().map(|one| vec![one]));
                }
                Some(Ok((members, Ok((Data::Matrix(ranges), note))))) => {
                    let places: Vec<usize> = members.iter().map(|(i, _)| *i).collect();
                    notes = notes.or(note);
                    for (i, ranges) in by_query(&places, ranges, |r| &mut r.metric) {
                        match &self.queries[i].asks {
                            Asks::Life(_) => _ = lives.insert(i, fresh::Past::of(ranges)),
                            Asks::Value { series, shape, .. } => {
                                let found = past_of(series.as_deref(), *shape, ranges);
                                past.extend(found.into_iter().map(|(wall, point)| (wall, i, point)));
                            }
                        }
                    }
                }
                Some(_) => {}
            }
        }
    }
}

/// The text of one request for these queries.
fn text_of(members: &[(usize, String)]) -> String {
    match members {
        [(_, one)] => one.clone(),
        many => union(many),
    }
}

fn sort_out(members: &[usize], elements: Vec<Element>) -> Vec<(usize, Vec<Element>)> {
    by_query(members, elements, |e| &mut e.metric)
}

/// Which series answer which query; each query is named, also one that nothing answers.
fn by_query<T>(
    members: &[usize],
    answers: Vec<T>,
    metric: impl Fn(&mut T) -> &mut HashMap<String, String>,
) -> Vec<(usize, Vec<T>)> {
    let mut out: Vec<(usize, Vec<T>)> = members.iter().map(|i| (*i, Vec::new())).collect();
    for mut answer in answers {
        let place = match members {
            [_] => Some(0),
            _ => metric(&mut answer)
                .remove(LABEL)
                .and_then(|label| label.parse().ok())
                .and_then(|i: usize| members.iter().position(|m| *m == i)),
        };
        if let Some(place) = place {
            out[place].1.push(answer);
        }
    }
    out
}

fn value(shape: Shape, text: &str) -> Result<crate::model::reading::Value, String> {
    let value = number(text).ok_or_else(|| format!("`{}` is not a number", super::answer::short(text)))?;
    shape.number(value)
}

/// What an answer says of a signal.
fn points(series: Option<&str>, shape: Shape, elements: Vec<Element>) -> Vec<Point> {
    if elements.is_empty() {
        return vec![Point::one(Err("no data: the query matches nothing".into()))];
    }
    if series.is_none() && elements.len() > 1 {
        let why = format!("{} series answer; aggregate the query or name a `series`", elements.len());
        return vec![Point::one(Err(why))];
    }
    let each = elements.into_iter().map(|element| {
        let value = match (&element.value, &element.histogram) {
            (Some((_, text)), _) => value(shape, text),
            (None, Some(_)) => Err("a native histogram; ask for a number with histogram_quantile".into()),
            (None, None) => Err("an answer without a value".into()),
        };
        match series {
            None => Point::one(value),
            Some(label) => match element.metric.get(label) {
                Some(series) => Point { series: Some(series.clone()), age: 0, value },
                None => Point::one(Err(format!("a series without the label `{label}`"))),
            },
        }
    });
    each.collect()
}

/// The numbers of the past with their wall times in milliseconds; what is no number stays a gap.
fn past_of(series: Option<&str>, shape: Shape, ranges: Vec<api::Range>) -> Vec<(i64, Point)> {
    if series.is_none() && ranges.len() > 1 {
        return Vec::new();
    }
    let mut out = Vec::new();
    for mut range in ranges {
        let series = match series {
            None => None,
            Some(label) => match range.metric.remove(label) {
                Some(series) => Some(series),
                None => continue,
            },
        };
        for (time, text) in range.values {
            if let Ok(value) = value(shape, &text) {
                let point = Point { series: series.clone(), age: 0, value: Ok(value) };
                out.push((milliseconds(time), point));
            }
        }
    }
    out
}

fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1e3).round() as i64
}
