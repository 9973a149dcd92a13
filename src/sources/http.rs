//! A URL: whether it answers, how, how fast, and what stands in its body.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};

use super::Point;
use super::answer::Reader;
use super::names::Names;
use super::poller::Read;
use super::web::{Answer, Call, Failure, Web, headers, url};
use crate::clock;
use crate::model::playbook::{HttpReading, ReadingKind, Signal};
use crate::model::reading::Value;
use crate::model::template::Template;

/// What is asked of a /metrics page unless the playbook says otherwise.
const PAGE: HeaderValue = HeaderValue::from_static(
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
);

/// A URL as the playbook writes it.
pub(super) struct Target {
    pub(super) url: Template,
    pub(super) method: String,
    pub(super) headers: IndexMap<String, Template>,
    pub(super) body: Option<Template>,
    pub(super) timeout: Duration,
    pub(super) proxy: bool,
}

impl Target {
    /// The request with every name filled.
    pub(super) fn call(&self, names: &Names) -> Result<Call, String> {
        let mut pairs = Vec::new();
        for (name, value) in &self.headers {
            pairs.push((name.as_str(), names.fill(value)?));
        }
        Ok(Call {
            url: url(&names.fill(&self.url)?)?,
            method: Method::from_bytes(self.method.as_bytes())
                .map_err(|_| format!("no method {}", self.method))?,
            headers: headers(pairs.into_iter())?,
            body: self.body.as_ref().map(|b| names.fill(b)).transpose()?,
            timeout: self.timeout,
            proxy: self.proxy,
        })
    }
}

/// Reads the signals of one URL.
pub(super) struct Http {
    pub(super) web: Arc<Web>,
    pub(super) names: Arc<Names>,
    pub(super) target: Target,
    readings: Vec<(usize, HttpReading)>,
    body: Reader,
}

impl Http {
    pub(super) fn new(
        web: Arc<Web>,
        names: Arc<Names>,
        target: Target,
        signals: &[(usize, &Signal)],
    ) -> Http {
        let readings = signals.iter().filter_map(|(i, s)| match s.reading {
            ReadingKind::Http(reading) => Some((*i, reading)),
            _ => None,
        });
        Http { web, names, target, readings: readings.collect(), body: Reader::new(signals) }
    }

    pub(super) async fn read(&mut self) -> Read {
        let answer = match self.target.call(&self.names) {
            Ok(mut call) => {
                if self.body.wants_page() {
                    call.headers.entry(ACCEPT).or_insert(PAGE);
                }
                self.web.fetch(call).await
            }
            Err(why) => Err(Failure::Blind(why)),
        };
        let mut points: Vec<(usize, Point)> =
            self.readings.iter().map(|&(i, reading)| (i, Point::one(measure(reading, &answer)))).collect();
        let body = answer.as_ref().map_err(|f| f.reason().to_owned()).and_then(|a| match &a.body {
            _ if !(200..300).contains(&a.status) => Err(status_words(a)),
            Ok(bytes) => Ok((bytes, a.openmetrics)),
            Err(why) => Err(why.clone()),
        });
        let note = match body {
            Ok((bytes, openmetrics)) => {
                let (found, note) = self.body.read(bytes, openmetrics, &clock::now());
                points.extend(found);
                note
            }
            Err(why) => {
                points.extend(self.body.all(&why));
                None
            }
        };
        Read { points, note }
    }
}

fn measure(reading: HttpReading, answer: &Result<Answer, Failure>) -> Result<Value, String> {
    let number = match (reading, answer) {
        (HttpReading::Up, Ok(a)) => f64::from(u8::from((200..300).contains(&a.status))),
        (HttpReading::Up, Err(Failure::Down(_) | Failure::Late(_))) => 0.0,
        (HttpReading::Status, Ok(a)) => f64::from(a.status),
        (HttpReading::Latency, Ok(a)) => {
            a.body.as_ref().map_err(Clone::clone)?;
            a.took.as_secs_f64()
        }
        (_, Err(failure)) => return Err(failure.reason().to_owned()),
    };
    Ok(Value::Number(number))
}

/// A status that carries no data, in words.
pub(super) fn status_words(answer: &Answer) -> String {
    match &answer.location {
        Some(to) if (300..400).contains(&answer.status) => {
            format!("status {}, a redirect to {to}; redirects are not followed", answer.status)
        }
        _ => format!("status {}", answer.status),
    }
}
