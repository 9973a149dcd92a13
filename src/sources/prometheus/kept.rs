//! What a server has kept of a span of time, for judging it afterwards: every query at every step, in pieces that the
//! server answers.

use super::api::{Data, Range, Refusal, ask};
use super::{Asks, CONNECTIONS, Query, fresh, milliseconds, questions, value};
use crate::model::playbook::{Playbook, ReadingKind, Signal, SourceKind};
use crate::model::reading::Value;
use crate::model::text::clean_line;
use crate::sources::answer::Shape;
use crate::sources::http::Target;
use crate::sources::names::Names;
use crate::sources::web::Web;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Points of one series in one answer; Prometheus refuses more than 11,000.
const POINTS: i64 = 10_000;
/// How long one piece may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Steps after which a series that is missing is forgotten.
const FORGOTTEN: i64 = 60;

/// A span of time, in wall milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: i64,
    /// The last.
    pub to: i64,
    /// Between two.
    pub step: i64,
}

/// One series of a signal as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// The signal's id.
    pub signal: String,
    /// Value of its `series` label.
    pub series: Option<String>,
    /// Wall milliseconds and value in base units, oldest first. A failure stands once, where it begins.
    pub points: Vec<(i64, Result<Value, String>)>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    /// What there is.
    pub past: Vec<Past>,
    /// Signals whose query was refused, and why.
    pub refused: Vec<(String, String)>,
    /// What the servers said beside.
    pub notes: Vec<String>,
}

/// A server that cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// The source's id.
    pub source: String,
    /// Why, in words.
    pub why: String,
    /// It did not answer in time.
    pub late: bool,
}

/// What came back for a piece of a query (by its place).
type Piece = (usize, Result<(Data, Option<String>), Refusal>);
/// One series under way.
type Points = BTreeMap<i64, Result<Value, String>>;

/// Asks every Prometheus of a playbook for all of its queries; `told` hears how many pieces of how many are there.
///
/// # Errors
/// When a server cannot be asked at all. A query that it refuses is named in the answer instead.
pub async fn kept(
    playbook: &Playbook,
    environment: &str,
    span: Span,
    told: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Kept, Unanswered> {
    let names = Arc::new(Names::of(playbook, environment));
    let web = Arc::new(Web::default());
    let mut servers = Vec::new();
    for (id, source) in &playbook.sources {
        let SourceKind::Prometheus { url, headers } = &source.kind else { continue };
        let signals: Vec<(&String, &Signal)> = (playbook.signals.iter())
            .filter(|(_, s)| s.source.as_ref() == Some(id) && matches!(s.reading, ReadingKind::Query(_)))
            .collect();
        let target = Target {
            url: url.clone(),
            method: "POST".into(),
            headers: headers.clone(),
            body: None,
            timeout: PATIENCE.max(Duration::from_millis(source.timeout)),
            proxy: source.proxy,
        };
        if !signals.is_empty() {
            servers.push((id, target, signals));
        }
    }
    let pieces = pieces(span);
    let of = |signals: &[(&String, &Signal)]| -> Vec<Query> {
        questions(&signals.iter().enumerate().map(|(i, (_, s))| (i, *s)).collect::<Vec<_>>())
    };
    let all: usize = servers.iter().map(|(.., signals)| of(signals).len() * pieces.len()).sum();
    let (mut out, mut done) = (Kept::default(), 0);
    for (id, target, signals) in servers {
        let queries = of(&signals);
        let unanswered = |why: &str, late| Unanswered {
            source: id.clone(),
            why: clean_line(&names.mask(why.into())),
            late,
        };
        let mut server = Server::new(queries.len());
        let lines = Arc::new(Semaphore::new(CONNECTIONS));
        let mut flights: JoinSet<Piece> = JoinSet::new();
        for (i, query) in queries.iter().enumerate() {
            let text = match names.fill(&query.expression) {
                Ok(text) => text,
                Err(why) => {
                    server.refused[i] = Some(why);
                    done += pieces.len();
                    continue;
                }
            };
            for piece in &pieces {
                let call = target.call(&names).map_err(|why| unanswered(&why, false))?;
                let (web, lines, text, piece) = (web.clone(), lines.clone(), text.clone(), *piece);
                flights.spawn(async move {
                    let _line = lines.acquire().await;
                    let seconds = |ms: i64| format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
                    let (from, to, step) = (seconds(piece.from), seconds(piece.to), seconds(piece.step));
                    let form = [("query", &*text), ("start", &*from), ("end", &*to), ("step", &*step)];
                    (i, ask(&web, call, "query_range", &form).await)
                });
            }
        }
        told(done, all);
        while let Some(flight) = flights.join_next().await {
            let Ok((i, result)) = flight else { continue };
            done += 1;
            told(done, all);
            match result {
                Ok((data, note)) => {
                    let note = note.map(|n| clean_line(&names.mask(n)));
                    out.notes.extend(note.filter(|n| !out.notes.contains(n)));
                    server.answered(i, &queries[i], data);
                }
                Err(Refusal::Expression(why)) => server.refused[i] = Some(why),
                Err(Refusal::Late(why)) => return Err(unanswered(&why, true)),
                Err(Refusal::Server(why)) => return Err(unanswered(&why, false)),
            }
        }
        server.deliver(&queries, &signals, span, &names, &mut out);
    }
    Ok(out)
}

/// A span in pieces of so many points as a server gives.
fn pieces(span: Span) -> Vec<Span> {
    let step = span.step.max(1);
    let length = (POINTS - 1) * step;
    let mut out = Vec::new();
    let mut from = span.from;
    while from <= span.to {
        out.push(Span { from, to: span.to.min(from + length), step });
        from += length + step;
    }
    out
}

/// What one server has given so far, by the place of the query.
struct Server {
    refused: Vec<Option<String>>,
    values: Vec<HashMap<Option<String>, Points>>,
    lives: Vec<Vec<Range>>,
}

impl Server {
    fn new(queries: usize) -> Server {
        Server {
            refused: vec![None; queries],
            values: vec![HashMap::new(); queries],
            lives: (0..queries).map(|_| Vec::new()).collect(),
        }
    }

    fn answered(&mut self, i: usize, query: &Query, data: Data) {
        let Data::Matrix(mut ranges) = data else {
            self.refused[i] = Some("the answer is no range of numbers".into());
            return;
        };
        match &query.asks {
            Asks::Life(_) => self.lives[i].append(&mut ranges),
            Asks::Value { series: None, .. } if ranges.len() > 1 => {
                let why = format!("{} series answer; aggregate the query or name a `series`", ranges.len());
                self.refused[i] = Some(why);
            }
            Asks::Value { series, shape, .. } => {
                for range in ranges {
                    self.take(i, series.as_deref(), *shape, range);
                }
            }
        }
    }

    fn take(&mut self, i: usize, label: Option<&str>, shape: Shape, mut range: Range) {
        let series = match label {
            None => None,
            Some(label) => match range.metric.remove(label) {
                Some(series) => Some(clean_line(&series)),
                None => {
                    self.refused[i] = Some(format!("a series without the label `{label}`"));
                    return;
                }
            },
        };
        let points = self.values[i].entry(series).or_default();
        points.extend(range.values.iter().map(|(time, text)| (milliseconds(*time), value(shape, text))));
    }

    /// Puts what every signal was into `out`.
    fn deliver(
        mut self,
        queries: &[Query],
        signals: &[(&String, &Signal)],
        span: Span,
        names: &Names,
        out: &mut Kept,
    ) {
        let lives: HashMap<usize, fresh::Past> = (queries.iter().enumerate())
            .filter(|(_, q)| matches!(q.asks, Asks::Life(_)))
            .map(|(i, _)| (i, fresh::Past::of(std::mem::take(&mut self.lives[i]))))
            .collect();
        for (i, query) in queries.iter().enumerate() {
            let Asks::Value { signal, series: label, fresh, .. } = &query.asks else { continue };
            let id = signals[*signal].0;
            let of_life = fresh.and_then(|f| self.refused[f].as_ref());
            if let Some(why) = self.refused[i].as_ref().or(of_life) {
                out.refused.push((id.clone(), clean_line(&names.mask(why.clone()))));
                continue;
            }
            let mut all: Vec<(Option<String>, Points)> = self.values[i].drain().collect();
            all.sort_by(|a, b| a.0.cmp(&b.0));
            if all.is_empty() {
                all.push((None, Points::new()));
            }
            for (series, points) in all {
                let lived = |at: i64| {
                    let life = fresh.and_then(|f| lives.get(&f));
                    life.is_none_or(|l| l.lived(at, label.as_deref(), series.as_deref()))
                };
                let points = at_each_step(&points, span, label.is_some(), lived);
                out.past.push(Past { signal: id.clone(), series, points });
            }
        }
    }
}

/// A value where there is one, and where a failure begins its reason, as the poller says it.
fn at_each_step(
    points: &Points,
    span: Span,
    labelled: bool,
    lived: impl Fn(i64) -> bool,
) -> Vec<(i64, Result<Value, String>)> {
    let mut out: Vec<(i64, Result<Value, String>)> = Vec::with_capacity(points.len());
    let mut missing = if labelled && !points.is_empty() { FORGOTTEN + 1 } else { 0 };
    let mut at = span.from;
    while at <= span.to {
        let found = match points.get(&at) {
            Some(Ok(_)) if !lived(at) => Some(Err("its target is silent (fresh)".into())),
            Some(found) => Some(found.clone()),
            // A series that is not there yet, or long gone, is not missed.
            None if labelled && missing > FORGOTTEN => None,
            None if labelled => Some(Err("no data: this series is no longer there".into())),
            None => Some(Err("no data: the query matches nothing".into())),
        };
        missing = if points.contains_key(&at) { 0 } else { missing + 1 };
        match found {
            Some(Err(why)) if matches!(out.last(), Some((_, Err(before))) if *before == why) => {}
            Some(found) => out.push((at, found)),
            None => {}
        }
        at += span.step.max(1);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_meet_without_a_point_twice_or_too_many() {
        let week = Span { from: 7, to: 7 + 7 * 86_400_000, step: 15_000 };
        let all = pieces(week);
        let points: Vec<i64> = all.iter().flat_map(|p| (p.from..=p.to).step_by(15_000)).collect();
        assert_eq!(points, (7..=week.to).step_by(15_000).collect::<Vec<_>>());
        assert!(all.iter().all(|p| (p.to - p.from) / p.step < 11_000) && all.len() == 5);
        assert_eq!(pieces(Span { from: 5, to: 5, step: 15_000 }).len(), 1);
    }

    #[test]
    fn a_failure_stands_where_it_begins_and_a_series_is_not_missed_before_it_is_there() {
        let span = Span { from: 0, to: 100, step: 10 };
        let points: Points = [
            (20, Ok(Value::Number(1.0))),
            (30, Err("the value is NaN".into())),
            (60, Ok(Value::Number(2.0))),
        ]
        .into();
        let told = |labelled| -> Vec<(i64, String)> {
            let each = at_each_step(&points, span, labelled, |at| at != 60).into_iter();
            each.map(|(at, v)| (at, v.map_or_else(|why| why, |v| format!("{v:?}")))).collect()
        };
        let gone = |at, why: &str| (at, why.to_string());
        let same = [
            gone(20, "Number(1.0)"),
            gone(30, "the value is NaN"),
            gone(40, "no data: the query matches nothing"),
            gone(60, "its target is silent (fresh)"),
            gone(70, "no data: the query matches nothing"),
        ];
        assert_eq!(told(false)[0], gone(0, "no data: the query matches nothing"));
        assert_eq!(told(false)[1..], same);
        assert_eq!(told(true)[0], gone(20, "Number(1.0)"));
        assert_eq!(told(true)[2], gone(40, "no data: this series is no longer there"));
    }
}
