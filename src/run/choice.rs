//! Parameters: what may be chosen, what stands when nobody chooses, and how a listing is read.

use super::given;
use super::plan::DataFrom;
use crate::model::condition::duration;
use crate::model::playbook::{Param, ParamKind, Pick, Rows};
use crate::model::text::clean_line;
use crate::model::unit::{self, quantity};
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use serde_json::Value;

/// The most rows of a listing that are looked at.
pub const MOST_ROWS: usize = 2_000;

/// One value that may be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// The value.
    pub value: String,
    /// What else is known of it: name and text, safe to show.
    pub columns: Vec<(String, String)>,
    /// Bytes, for a file.
    pub size: Option<u64>,
    /// When it was made, in milliseconds since the Unix epoch.
    pub age_wall: Option<i64>,
    /// Something to be said about it, safe to show.
    pub note: Option<String>,
}

/// What may be chosen for one parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParamChoices {
    /// The parameter.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// Where its values come from.
    pub kind: Source,
    /// The value that stands.
    pub chosen: Option<String>,
    /// Why none stands, or why the given one does not.
    pub why_not: Option<String>,
    /// What there is to choose from (nothing for a value that is typed).
    pub rows: Vec<Choice>,
}

/// How old what was chosen from listings is: the oldest of it.
pub fn data_from(choices: &[ParamChoices]) -> DataFrom {
    let listed = choices.iter().filter(|c| matches!(c.kind, Source::Listed | Source::Files));
    let times = listed.filter_map(|c| {
        let chosen = c.chosen.as_ref()?;
        Some(c.rows.iter().find(|r| r.value == *chosen).and_then(|r| r.age_wall))
    });
    let times: Vec<Option<i64>> = times.collect();
    match times.iter().copied().min() {
        None => DataFrom::Nothing,
        Some(None) => DataFrom::Unknown,
        Some(Some(at)) => DataFrom::At(at),
    }
}

/// Where a parameter's values come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Source {
    /// Named in the playbook.
    #[default]
    Named,
    /// Typed by a person.
    Typed,
    /// Yes or no.
    Switch,
    /// Read by a probe: there is no choice.
    Read,
    /// Listed by a command or a URL.
    Listed,
    /// Files that exist.
    Files,
    /// Follows from another parameter.
    Follows,
}

impl Source {
    /// Where a parameter's values come from.
    pub fn of(kind: &ParamKind) -> Source {
        match kind {
            ParamKind::Values(_) => Source::Named,
            ParamKind::Text { .. }
            | ParamKind::Number { .. }
            | ParamKind::Duration { .. }
            | ParamKind::Version { .. } => Source::Typed,
            ParamKind::Switch(_) => Source::Switch,
            ParamKind::Read { .. } => Source::Read,
            ParamKind::List { .. } => Source::Listed,
            ParamKind::Files { .. } => Source::Files,
            ParamKind::Map { .. } => Source::Follows,
        }
    }
}

/// Checks a value that was given, and answers it in its final form.
///
/// Whether a listed value exists is not known here: see [`among`].
///
/// # Errors
/// In words: what it must be.
pub fn check(name: &str, param: &Param, value: &str) -> Result<String, String> {
    if value.chars().any(char::is_control) {
        return Err(format!("`{name}` holds control characters"));
    }
    if value.contains("{{") {
        return Err(format!("the value of `{name}` holds `{{{{`"));
    }
    match &param.kind {
        ParamKind::Values(values) => match values.iter().any(|v| v == value) {
            true => Ok(value.to_owned()),
            false => Err(format!("`{name}` is one of {}", values.join(", "))),
        },
        ParamKind::Text { pattern, .. } => match regex::Regex::new(&format!("^(?:{pattern})$")) {
            Ok(r) if r.is_match(value) => Ok(value.to_owned()),
            Ok(_) => Err(format!("`{name}` must match {pattern}, and `{}` does not", clean_line(value))),
            Err(e) => Err(format!("`{name}`: {e}")),
        },
        ParamKind::Number { min, max, .. } => number(name, param, *min, *max, value),
        ParamKind::Duration { min, max, .. } => {
            let ms = unit::duration(value).map_err(|e| format!("`{name}`: {e}"))?;
            let under = min.is_some_and(|least| ms < least as f64);
            let over = max.is_some_and(|most| ms > most as f64);
            match under || over {
                false => Ok(value.trim().to_owned()),
                true => Err(format!("`{name}` is {}", span(min.map(duration), max.map(duration)))),
            }
        }
        ParamKind::Version { .. } => match is_version(value) {
            true => Ok(value.to_owned()),
            false => Err(format!("`{name}` is a version such as 1.2.3, v1.2.3 or 1.2.3-rc.1")),
        },
        ParamKind::Switch(_) => match value {
            "true" | "yes" => Ok("true".to_owned()),
            "false" | "no" => Ok("false".to_owned()),
            _ => Err(format!("`{name}` is true or false")),
        },
        ParamKind::Map { from, .. } => Err(format!("`{name}` follows from `{from}`, it is not given")),
        ParamKind::Read { .. } | ParamKind::List { .. } | ParamKind::Files { .. } => match value.is_empty() {
            false => Ok(value.to_owned()),
            true => Err(format!("`{name}` is empty")),
        },
    }
}

fn number(
    name: &str,
    param: &Param,
    min: Option<f64>,
    max: Option<f64>,
    value: &str,
) -> Result<String, String> {
    let wrong = || format!("`{name}` is a number{}", param.unit.map_or("", |_| " of its unit"));
    let n = match (value.trim().parse::<f64>(), param.unit) {
        (Ok(n), _) => n,
        (Err(_), None) => return Err(wrong()),
        (Err(_), Some(unit)) => match quantity(value) {
            Ok(q) if q.dim == unit.dim() => q.value / unit.factor(),
            _ => return Err(wrong()),
        },
    };
    if !n.is_finite() {
        return Err(wrong());
    }
    // 0.5 / 0.01 is not 50 to the last bit.
    let n = (n * 1e9).round() / 1e9;
    if min.is_some_and(|least| n < least) || max.is_some_and(|most| n > most) {
        let said = |bound: Option<f64>| bound.map(|b| given::shown(&b.to_string(), param.unit));
        return Err(format!("`{name}` is {}", span(said(min), said(max))));
    }
    Ok(n.to_string())
}

fn span(min: Option<String>, max: Option<String>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("between {min} and {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "free".to_owned(),
    }
}

/// What stands when nobody chooses, where no look at the world is needed to say so.
pub fn default(param: &Param) -> Option<String> {
    match &param.kind {
        ParamKind::Values(values) => match param.pick {
            Pick::First => values.first().cloned(),
            Pick::Last => values.last().cloned(),
            Pick::None => None,
        },
        ParamKind::Text { prefill, .. }
        | ParamKind::Duration { prefill, .. }
        | ParamKind::Version { prefill } => prefill.clone(),
        ParamKind::Number { prefill, .. } => prefill.map(|n| n.to_string()),
        ParamKind::Switch(on) => Some(on.to_string()),
        ParamKind::Read { .. } | ParamKind::List { .. } | ParamKind::Files { .. } | ParamKind::Map { .. } => {
            None
        }
    }
}

/// The value that a listing gives: the one that was asked for, which must be in it, or the one that stands by itself.
///
/// # Errors
/// In words: nothing is listed, it is not listed, or a person must choose.
pub fn among(name: &str, param: &Param, given: Option<&str>, rows: &[Choice]) -> Result<String, String> {
    if rows.is_empty() {
        return Err(format!("`{name}`: there is none to choose from"));
    }
    if let Some(value) = given {
        let found = rows.iter().any(|r| r.value == value);
        let first: Vec<&str> = rows.iter().take(5).map(|r| r.value.as_str()).collect();
        let more = if rows.len() > first.len() { ", …" } else { "" };
        return match found {
            true => Ok(value.to_owned()),
            false => Err(format!(
                "`{name}`: there is no {}; there is {}{more}",
                clean_line(value),
                clean_line(&first.join(", "))
            )),
        };
    }
    let picked = match param.pick {
        Pick::First => rows.first(),
        Pick::Last => rows.last(),
        Pick::None => None,
    };
    let picked =
        picked.ok_or_else(|| format!("choose `{name}` ({}): {} to choose from", param.title, rows.len()))?;
    check(name, param, &picked.value)
}

/// The values of all parameters: those in `given` checked, the others by default or from another one.
///
/// # Errors
/// Every parameter that has no value, or a wrong one.
pub fn settle(
    params: &IndexMap<String, Param>,
    given: &IndexMap<String, String>,
) -> Result<IndexMap<String, String>, Vec<String>> {
    let mut problems: Vec<String> = Vec::new();
    for name in given.keys().filter(|n| !params.contains_key(*n)) {
        problems.push(format!("the procedure has no parameter `{name}`"));
    }
    let mut out: IndexMap<String, String> = IndexMap::new();
    for (name, param) in params {
        let value = match (&param.kind, given.get(name)) {
            (_, Some(value)) => check(name, param, value),
            (ParamKind::Map { .. }, None) => continue,
            (ParamKind::Read { .. }, None) => Err(format!("`{name}` was not read")),
            (_, None) => match default(param) {
                Some(value) => check(name, param, &value),
                None => Err(format!("choose `{name}` ({})", param.title)),
            },
        };
        match value {
            Ok(value) => drop(out.insert(name.clone(), value)),
            Err(e) => problems.push(e),
        }
    }
    // Another one may follow from one that follows.
    let mut left: Vec<(&String, &String, &IndexMap<String, String>)> = params
        .iter()
        .filter_map(|(name, p)| match &p.kind {
            ParamKind::Map { from, to } => Some((name, from, to)),
            _ => None,
        })
        .collect();
    while let Some(at) = left.iter().position(|(_, from, _)| out.contains_key(*from)) {
        let (name, from, to) = left.remove(at);
        match to.get(&out[from]) {
            Some(value) => drop(out.insert(name.clone(), value.clone())),
            None => problems.push(format!("`{name}`: nothing follows from `{from}` = {}", out[from])),
        }
    }
    if problems.is_empty() {
        problems.extend(left.iter().map(|(name, from, _)| format!("`{name}`: `{from}` has no value")));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // In the order of the file.
    Ok(params.keys().filter_map(|n| Some((n.clone(), out.get(n)?.clone()))).collect())
}

/// A version by semantic versioning's rules; a leading `v` is allowed.
pub fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (rest, build) = match text.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (text, None),
    };
    let (core, pre) = match rest.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (rest, None),
    };
    let digits = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit());
    let number = |p: &str| digits(p) && (p == "0" || !p.starts_with('0'));
    let word = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let core: Vec<&str> = core.split('.').collect();
    core.len() == 3
        && core.iter().all(|p| number(p))
        && pre.is_none_or(|pre| pre.split('.').all(|p| word(p) && (!digits(p) || number(p))))
        && build.is_none_or(|build| build.split('.').all(word))
}

/// The rows of what a command or URL answered. Rows whose value is empty or unsafe are left out.
///
/// # Errors
/// When it cannot be read at all.
pub fn rows(text: &str, how: &Rows, zone: &TimeZone) -> Result<Vec<Choice>, String> {
    let mut out: Vec<Choice> = Vec::new();
    match how {
        Rows::Pattern(pattern) => {
            let regex = regex::Regex::new(pattern).map_err(|e| e.to_string())?;
            for line in text.lines() {
                let Some(found) = regex.captures(line) else { continue };
                out.extend(of_match(&regex, &found, None, None, zone));
            }
        }
        Rows::Json { pointer, value } => {
            let json: Value =
                serde_json::from_str(text).map_err(|e| format!("the answer is no JSON: {e}"))?;
            let list = json.pointer(pointer).ok_or_else(|| format!("nothing stands at {pointer}"))?;
            let list = list.as_array().ok_or_else(|| format!("what stands at {pointer} is no list"))?;
            out.extend(list.iter().filter_map(|item| of_json(item, value.as_deref(), zone)));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    out.retain(|c| seen.insert(c.value.clone()));
    out.truncate(MOST_ROWS);
    Ok(out)
}

/// A row from what a pattern found; a whole text when it has no group `value`.
fn of_match(
    regex: &regex::Regex,
    found: &regex::Captures<'_>,
    whole: Option<&str>,
    format: Option<&str>,
    zone: &TimeZone,
) -> Option<Choice> {
    let value = match found.name("value") {
        Some(value) => value.as_str(),
        None => whole.or_else(|| found.get(0).map(|m| m.as_str()))?,
    };
    if value.is_empty() || value.chars().any(char::is_control) {
        return None;
    }
    let named = regex.capture_names().flatten().filter(|n| *n != "value" && *n != "time");
    let columns = named.filter_map(|n| Some((n.to_owned(), clean_line(found.name(n)?.as_str()))));
    let age_wall = found.name("time").and_then(|t| moment(t.as_str(), format, zone));
    Some(Choice { value: value.to_owned(), columns: columns.collect(), age_wall, ..Choice::default() })
}

fn of_json(item: &Value, value: Option<&str>, zone: &TimeZone) -> Option<Choice> {
    let plain = |v: &Value| match v {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        _ => None,
    };
    let text = plain(value.map_or(Some(item), |name| item.get(name))?)?;
    if text.is_empty() || text.chars().any(char::is_control) {
        return None;
    }
    let members = item.as_object().into_iter().flatten();
    let others = members.filter(|(k, _)| Some(k.as_str()) != value && k.as_str() != "time");
    let columns = others.filter_map(|(k, v)| Some((clean_line(k), clean_line(&plain(v)?)))).collect();
    let age_wall = item.get("time").and_then(plain).and_then(|t| moment(&t, None, zone));
    Some(Choice { value: text, columns, age_wall, ..Choice::default() })
}

/// A row for a file that exists; none when its path does not match.
///
/// `modified` is its time in milliseconds since the Unix epoch; the pattern's group `time` says more.
///
/// # Errors
/// A pattern that is none.
pub fn file_row(
    path: &str,
    size: u64,
    modified: Option<i64>,
    pattern: Option<&str>,
    format: Option<&str>,
    zone: &TimeZone,
) -> Result<Option<Choice>, String> {
    let Some(pattern) = pattern else {
        let safe = !path.chars().any(char::is_control);
        let row =
            Choice { value: path.to_owned(), size: Some(size), age_wall: modified, ..Choice::default() };
        return Ok(safe.then_some(row));
    };
    let regex = regex::Regex::new(pattern).map_err(|e| e.to_string())?;
    let Some(found) = regex.captures(path) else { return Ok(None) };
    let Some(mut row) = of_match(&regex, &found, Some(path), format, zone) else { return Ok(None) };
    if let (Some(time), None) = (found.name("time"), row.age_wall) {
        row.note = Some(format!("`{}` is no time of this format", clean_line(time.as_str())));
    }
    row.size = Some(size);
    row.age_wall = row.age_wall.or(modified);
    Ok(Some(row))
}

/// Newest first; what has no time comes last. Else by value.
pub fn sort(rows: &mut [Choice], newest: bool) {
    match newest {
        true => rows.sort_by(|a, b| b.age_wall.cmp(&a.age_wall).then_with(|| b.value.cmp(&a.value))),
        false => rows.sort_by(|a, b| a.value.cmp(&b.value)),
    }
}

/// A time as it is written: by the format, else as a timestamp, a date with or without a time, or seconds since the
/// epoch. What names no zone is local.
fn moment(text: &str, format: Option<&str>, zone: &TimeZone) -> Option<i64> {
    use jiff::civil::{Date, DateTime};
    use jiff::fmt::strtime::BrokenDownTime;
    let local = |at: DateTime| Some(at.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond());
    if let Some(format) = format {
        let parsed = BrokenDownTime::parse(format, text).ok()?;
        if let Ok(at) = parsed.to_timestamp() {
            return Some(at.as_millisecond());
        }
        let date = parsed.to_date().ok()?;
        return local(date.to_datetime(parsed.to_time().unwrap_or(jiff::civil::Time::midnight())));
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(at.as_millisecond());
    }
    if let Ok(at) = text.parse::<DateTime>() {
        return local(at);
    }
    if let Ok(date) = text.parse::<Date>() {
        return local(date.to_datetime(jiff::civil::Time::midnight()));
    }
    let seconds: f64 = text.parse().ok().filter(|s| (1e8..1e11).contains(s))?;
    Some((seconds * 1000.0) as i64)
}

#[cfg(test)]
mod tests;
