//! Prometheus' HTTP API as far as it is used: one question, its answer, and what refusals mean.

use std::collections::HashMap;

use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::sources::answer::short;
use crate::sources::http::status_words;
use crate::sources::web::{Call, Failure, Web};

/// What a query gave.
#[derive(Debug, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub(super) enum Data {
    Vector(Vec<Element>),
    Matrix(Vec<Range>),
    Scalar((f64, String)),
    String((f64, String)),
}

/// One series of an instant query.
#[derive(Debug, Deserialize)]
pub(super) struct Element {
    pub(super) metric: HashMap<String, String>,
    pub(super) value: Option<(f64, String)>,
    #[serde(default)]
    pub(super) histogram: Option<IgnoredAny>,
}

/// One series of a range query.
#[derive(Debug, Deserialize)]
pub(super) struct Range {
    pub(super) metric: HashMap<String, String>,
    #[serde(default)]
    pub(super) values: Vec<(f64, String)>,
}

#[derive(Debug, Deserialize)]
struct Envelope {
    status: String,
    data: Option<Data>,
    #[serde(default, rename = "errorType")]
    error_type: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
}

/// Why a query has no answer.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    /// The expression is wrong or cannot be evaluated; another may be answered.
    Expression(String),
    /// No answer in time.
    Late(String),
    /// The server cannot be asked.
    Server(String),
}

impl Refusal {
    pub(super) fn reason(&self) -> &str {
        match self {
            Refusal::Expression(why) | Refusal::Late(why) | Refusal::Server(why) => why,
        }
    }
}

/// Asks `endpoint` (`query` or `query_range`) by POST and gives its data and its warnings.
pub(super) async fn ask(
    web: &Web,
    mut call: Call,
    endpoint: &str,
    form: &[(&str, &str)],
) -> Result<(Data, Option<String>), Refusal> {
    match call.url.path_segments_mut() {
        Ok(mut path) => path.pop_if_empty().extend(["api", "v1", endpoint]),
        Err(()) => return Err(Refusal::Server("the URL has no path".into())),
    };
    call.body = Some(encode(form));
    call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let answer = web.fetch(call).await.map_err(|f| match f {
        Failure::Late(why) => Refusal::Late(why),
        Failure::Down(why) | Failure::Blind(why) => Refusal::Server(why),
    })?;
    let body = answer.body.as_ref().map_err(|why| Refusal::Server(why.clone()))?;
    let envelope: Envelope = match serde_json::from_slice(body) {
        Ok(envelope) => envelope,
        Err(_) if answer.status != 200 => return Err(Refusal::Server(status_words(&answer))),
        Err(e) => {
            return Err(Refusal::Server(format!("not an answer of Prometheus: {}", short(&e.to_string()))));
        }
    };
    match envelope.data {
        Some(data) if envelope.status == "success" => {
            let mut notes = envelope.warnings;
            notes.extend(envelope.infos);
            Ok((data, (!notes.is_empty()).then(|| notes.join("; "))))
        }
        _ => {
            let why = format!("{}: {}", envelope.error_type, short(&envelope.error));
            Err(match (answer.status, envelope.error_type.as_str()) {
                (_, "timeout" | "canceled") => Refusal::Late(why),
                (400 | 422, _) | (_, "bad_data" | "execution") => Refusal::Expression(why),
                _ => Refusal::Server(format!("status {}: {why}", answer.status)),
            })
        }
    }
}

/// `application/x-www-form-urlencoded`
fn encode(form: &[(&str, &str)]) -> String {
    let Ok(mut url) = Url::parse("http://form") else { return String::new() };
    url.query_pairs_mut().extend_pairs(form);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_every_character() {
        assert_eq!(
            encode(&[("query", "a{b=\"c d\"}+1 % 2&x=é\n"), ("t", "1")]),
            "query=a%7Bb%3D%22c+d%22%7D%2B1+%25+2%26x%3D%C3%A9%0A&t=1"
        );
    }
}
