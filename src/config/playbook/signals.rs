//! `[signals.S]` and `[traffic]`: the numbers, how each is read, and what is normal.

use super::Keys;
use super::conditions::{comparison, expression, visit};
use super::templates::{Scope, template};
use super::words::{Style, id, pattern, pointer, screen_key};
use super::{looking, normal};
use crate::config::names::SHARE;
use crate::config::problem::Severity;
use crate::config::walk::{Node, Table, example};
use crate::model::condition::{Expr, describe, fits};
use crate::model::playbook::{
    Baseline, Better, HttpReading, LOG_EVERY, ProcessReading, ReadingKind, Signal, Source, SourceKind,
    Traffic,
};
use crate::model::unit::Unit;
use indexmap::IndexMap;

const READINGS: &[&str] =
    &["query", "metric", "json", "http", "process", "exit", "output", "expr", "flag", "count", "log"];
/// Milliseconds between reads of a signal without a source, for its staleness.
const EVERY: u64 = 10_000;
/// Milliseconds of history of a quantile when nothing is said.
const OVER: u64 = 60_000;

/// All signals.
pub fn signals(
    top: &Table<'_>,
    sources: &IndexMap<String, Source>,
    keys: &mut Keys,
) -> IndexMap<String, Signal> {
    let mut out = IndexMap::new();
    let Some(n) = top.opt("signals") else { return out };
    let mut panels: IndexMap<i64, String> = IndexMap::new();
    for (name, span, node) in n.keyed() {
        id(n.cx, span, name, Style::Snake);
        let Some(t) = node.table() else { continue };
        if let Some(p) = t.opt("panel")
            && let Some(place) = p.int(1..=9)
            && let Some(other) = panels.insert(place, name.to_string())
        {
            p.error(
                format!("panel {place} is taken by `{other}`"),
                "each panel shows one signal: choose a free place 1–9",
            );
        }
        if let Some(signal) = signal(name, &t, sources, keys) {
            out.insert(name.to_string(), signal);
        }
    }
    circles(&n, &out);
    out
}

/// Refuses signals that are computed from themselves, or that say themselves how much they rest on.
fn circles(n: &Node<'_>, signals: &IndexMap<String, Signal>) {
    let parts = |name: &str| {
        let mut found = Vec::new();
        let Some(signal) = signals.get(name) else { return found };
        found.extend(signal.min_samples.as_ref().map(|m| m.of.clone()));
        if let ReadingKind::Expr(e) = &signal.reading {
            visit(e, &mut |e| match e {
                Expr::Signal(s) | Expr::Window { signal: s, .. } | Expr::Absent(s) => found.push(s.clone()),
                Expr::Baseline(s) => {
                    if let Some(Baseline::Signal(of)) = signals.get(s).and_then(|s| s.baseline.as_ref()) {
                        found.push(of.clone());
                    }
                }
                _ => {}
            });
        }
        found
    };
    for (name, _, node) in n.keyed() {
        let (mut seen, mut open): (Vec<String>, Vec<String>) = (Vec::new(), parts(name));
        while let Some(next) = open.pop() {
            if !seen.contains(&next) {
                open.extend(parts(&next));
                seen.push(next);
            }
        }
        if seen.iter().any(|s| s == name) {
            let at = node.peek("expr").or_else(|| node.peek("min_samples"));
            n.cx.error(
                at.map_or(node.span, |n| n.span),
                format!("`{name}` is computed from itself"),
                "break the circle: read one of them from a source",
            );
            return;
        }
    }
}

fn signal(name: &str, t: &Table<'_>, sources: &IndexMap<String, Source>, keys: &mut Keys) -> Option<Signal> {
    let title = t.opt("title").and_then(|n| n.text()).unwrap_or_else(|| name.to_string());
    let source = t.opt("source").and_then(|n| n.reference("source", t.cx.known.of("sources")));
    let kind = t.one_of(READINGS);
    let quantile = t.opt("quantile");
    let labels = t.opt("labels").map(|n| n.string_map()).unwrap_or_default();
    let over = t.opt("over");
    let is = |k: &str| kind.as_ref().is_some_and(|(found, _)| *found == k);
    for key in ["quantile", "labels", "over"] {
        if t.has(key) && !is("metric") && kind.is_some() {
            t.cx.error(
                t.key_span(key),
                format!("`{key}` belongs to `metric`"),
                "leave it out, or read a `metric`",
            );
        }
    }
    let own = |fallback: Unit| (unit(t, Some(fallback)), t.opt("raw"));
    let (unit, raw) = if is("flag") {
        own(Unit::Bool)
    } else if is("count") || is("log") {
        own(Unit::Count)
    } else {
        (unit(t, None), t.opt("raw"))
    };
    let series = series(t);
    let counter = t.opt("counter").and_then(|n| n.bool());
    let better = [("lower", Better::Lower), ("higher", Better::Higher)];
    let better = t.opt("better").and_then(|n| n.choice(&better)).unwrap_or_default();
    let read_every = source.as_ref().and_then(|s| sources.get(s)).map(|s| s.every);
    let read_every = read_every.or(is("log").then_some(LOG_EVERY));
    let baseline = t.opt("baseline").and_then(|n| normal::baseline(&n, name, unit, read_every));
    let min_samples = t.opt("min_samples").and_then(|n| normal::min_samples(&n, name));
    let fresh = t.opt("fresh").and_then(|n| normal::fresh(t, &n, kind.as_ref().map(|(k, _)| *k)));
    let warn = t.opt("warn").and_then(|n| comparison(&n, name));
    let critical = t.opt("critical").and_then(|n| comparison(&n, name));
    let every = read_every.unwrap_or(EVERY);
    let stale_after = match t.opt("stale_after") {
        None if is("log") => 6 * every,
        None => 3 * every,
        Some(n) => {
            let ms = n.dur_positive()?;
            if ms < every {
                n.warn(
                    format!("`{name}` is stale after {ms} ms but read only every {every} ms: it would be stale most of the time"),
                    "make it at least twice as long as the source's `every`",
                );
            }
            ms
        }
    };
    let panel = t.opt("panel").and_then(|n| n.int(1..=9)).and_then(|p| u8::try_from(p).ok());
    let (kind, node) = kind?;
    sits_on(t, kind, source.as_deref(), sources);
    let reading = match kind {
        "metric" => metric(&node, labels, quantile, over)?,
        _ => reading(kind, &node, unit, keys)?,
    };
    let unit = unit?;
    let raw = match raw {
        Some(n) => raw_unit(&n, unit, &reading)?,
        None => natural(&reading).filter(|r| r.dim() == unit.dim()).unwrap_or(unit),
    };
    if let Some(natural) = natural(&reading).filter(|r| r.dim() != unit.dim()) {
        t.cx.error(
            t.key_span("unit"),
            format!("`{kind}` delivers {}, which cannot be shown in this unit", unit_name(natural)),
            format!("write unit = \"{}\"", shown(natural)),
        );
    }
    let counter = counter.unwrap_or(matches!(
        reading,
        ReadingKind::Count { .. }
            | ReadingKind::Process(ProcessReading::DiskRead | ProcessReading::DiskWrite)
    ));
    Some(Signal {
        title,
        source,
        reading,
        unit,
        raw,
        series,
        counter,
        better,
        baseline,
        min_samples,
        fresh,
        warn,
        critical,
        stale_after,
        panel,
    })
}

fn unit(t: &Table<'_>, fallback: Option<Unit>) -> Option<Unit> {
    let n = match fallback {
        Some(f) => match t.opt("unit") {
            Some(n) => n,
            None => return Some(f),
        },
        None => t.req(
            "unit",
            "write the unit it is shown in: percent, ms, s, bytes, count, score, bool, text or per_s",
        )?,
    };
    if n.str()? == "ratio" {
        n.error("`ratio` is only a `raw` unit", "write unit = \"percent\" and raw = \"ratio\"");
        return None;
    }
    let units = Unit::NAMES.map(|u| (u, Unit::parse(u).unwrap_or(Unit::Score)));
    n.choice(&units)
}

fn unit_name(unit: Unit) -> &'static str {
    Unit::NAMES.into_iter().find(|u| Unit::parse(u) == Some(unit)).unwrap_or("score")
}

fn shown(unit: Unit) -> &'static str {
    if unit == Unit::Ratio { "percent" } else { unit_name(unit) }
}

fn raw_unit(n: &Node<'_>, unit: Unit, reading: &ReadingKind) -> Option<Unit> {
    let units = Unit::NAMES.map(|u| (u, Unit::parse(u).unwrap_or(Unit::Score)));
    let raw = n.choice(&units)?;
    if raw.dim() != unit.dim() {
        n.error(
            format!("what is read in `{}` cannot be shown in `{}`", unit_name(raw), unit_name(unit)),
            format!("both must measure the same: {}", example(unit.dim())),
        );
        return None;
    }
    if let Some(fixed) = natural(reading).filter(|f| f.factor() != raw.factor()) {
        n.error(format!("this reading is always delivered in `{}`", unit_name(fixed)), "leave `raw` out");
        return None;
    }
    Some(raw)
}

/// The unit that a reading delivers by its nature.
fn natural(reading: &ReadingKind) -> Option<Unit> {
    Some(match reading {
        ReadingKind::Http(HttpReading::Up) | ReadingKind::Flag { .. } => Unit::Bool,
        ReadingKind::Http(HttpReading::Status)
        | ReadingKind::ExitCode
        | ReadingKind::Count { .. }
        | ReadingKind::Log { .. } => Unit::Count,
        ReadingKind::Http(HttpReading::Latency) | ReadingKind::Process(ProcessReading::Uptime) => Unit::S,
        ReadingKind::Process(ProcessReading::Cpu) => Unit::Ratio,
        ReadingKind::Process(ProcessReading::Threads | ProcessReading::Fds) => Unit::Count,
        ReadingKind::Process(ProcessReading::Rss | ProcessReading::DiskRead | ProcessReading::DiskWrite) => {
            Unit::Bytes
        }
        _ => return None,
    })
}

fn series(t: &Table<'_>) -> Option<String> {
    let n = t.opt("series")?;
    let labels = n.strings();
    if labels.len() > 1 {
        n.cx.not_yet(
            n.span.clone(),
            Severity::Error,
            "a signal with more than one `series` label",
            "keep one label",
        );
    }
    labels.into_iter().next()
}

fn metric(
    n: &Node<'_>,
    labels: IndexMap<String, String>,
    quantile: Option<Node<'_>>,
    over: Option<Node<'_>>,
) -> Option<ReadingKind> {
    let name = n.text()?;
    let quantile = match quantile {
        None => None,
        Some(q) => match q.float()? {
            f if (0.0..=1.0).contains(&f) => Some(f),
            _ => {
                q.error("a quantile lies between 0 and 1", "write 0.95 for p95");
                return None;
            }
        },
    };
    let name = match (quantile, name.strip_suffix("_bucket")) {
        (Some(_), Some(base)) => base.to_string(),
        _ => name,
    };
    let over = over.map_or(Some(OVER), |o| o.dur_positive())?;
    Some(ReadingKind::Metric { name, labels, quantile, over })
}

fn reading(kind: &str, n: &Node<'_>, unit: Option<Unit>, keys: &mut Keys) -> Option<ReadingKind> {
    Some(match kind {
        "query" => {
            let query = template(n, &Scope::default())?;
            lint_query(n, &query.0);
            ReadingKind::Query(query)
        }
        "json" => ReadingKind::Json(pointer(n)?),
        "http" => ReadingKind::Http(n.choice(&[
            ("up", HttpReading::Up),
            ("status", HttpReading::Status),
            ("latency", HttpReading::Latency),
        ])?),
        "process" => ReadingKind::Process(n.choice(&[
            ("rss", ProcessReading::Rss),
            ("cpu", ProcessReading::Cpu),
            ("threads", ProcessReading::Threads),
            ("fds", ProcessReading::Fds),
            ("uptime", ProcessReading::Uptime),
            ("disk_read", ProcessReading::DiskRead),
            ("disk_write", ProcessReading::DiskWrite),
        ])?),
        "exit" => n.choice(&[("code", ())]).map(|()| ReadingKind::ExitCode)?,
        "output" => ReadingKind::Output(pattern(n, Some("value"))?),
        "expr" => {
            let (e, found) = expression(n)?;
            if let Some(unit) = unit.filter(|u| !(fits(found, u.dim()) || fits(u.dim(), found))) {
                n.error(
                    format!("this gives {}, which cannot be shown in `{}`", describe(found), unit_name(unit)),
                    format!("the signal's unit must measure the same: {}", example(found)),
                );
            }
            ReadingKind::Expr(e)
        }
        "log" => {
            let t = n.table()?;
            let hint = "write what a line must contain: pattern = 'ERROR'";
            let pattern = t.req("pattern", hint).and_then(|p| pattern(&p, None));
            let from = looking::log_source(&t);
            ReadingKind::Log { from: from?, pattern: pattern? }
        }
        _ => {
            let t = n.table()?;
            let key = t.req("key", "write one letter").and_then(|k| Some((screen_key(&k)?, k)));
            let text = t.req("text", "write what a person says by pressing it").and_then(|n| n.text());
            if kind == "flag"
                && let Some(r) = t.opt("roles")
            {
                r.references("role", n.cx.known.of("roles"));
                n.cx.not_yet(
                    r.span.clone(),
                    Severity::Warning,
                    "`roles` of a flag",
                    "anyone at the screen may raise it",
                );
            }
            let (key, node) = key?;
            keys.take(key, &node, format!("the {kind} `{}`", n.path));
            let text = text?;
            if kind == "flag" { ReadingKind::Flag { key, text } } else { ReadingKind::Count { key, text } }
        }
    })
}

/// A ratio of errors without `or vector(0)` has no value while there are no errors.
fn lint_query(n: &Node<'_>, query: &str) {
    let lower = query.to_lowercase();
    let errors = lower.contains("rate(") && ["err", "fail", "5.."].iter().any(|w| lower.contains(w));
    if errors && lower.contains("sum") && !lower.contains("vector(0)") {
        n.warn(
            "no data while there are no errors: `sum(rate(…))` of a series that does not exist yet is empty",
            "write (sum(rate(…)) or vector(0)) above the division",
        );
    }
}

/// Checks that a reading stands on a source that can deliver it.
fn sits_on(t: &Table<'_>, kind: &str, source: Option<&str>, sources: &IndexMap<String, Source>) {
    let fits: &[&str] = match kind {
        "query" => &["prometheus"],
        "metric" | "json" => &["http", "command"],
        "http" => &["http"],
        "process" => &["process"],
        "exit" | "output" => &["command"],
        _ => {
            if t.has("source") {
                t.cx.error(t.key_span("source"), format!("`{kind}` needs no source"), "leave `source` out");
            }
            return;
        }
    };
    let Some(name) = source else {
        if !t.has("source") {
            t.req(
                "source",
                &format!("say where it is read: a source of kind {}", crate::config::walk::list(fits)),
            );
        }
        return;
    };
    let Some(source) = sources.get(name) else { return };
    let is = match source.kind {
        SourceKind::Prometheus { .. } => "prometheus",
        SourceKind::Http { .. } => "http",
        SourceKind::Process(_) => "process",
        SourceKind::Command { .. } => "command",
    };
    if !fits.contains(&is) {
        t.cx.error(
            t.key_span(READINGS.iter().find(|k| **k == kind).copied().unwrap_or("source")),
            format!("`{kind}` cannot be read from `{name}`, a {is} source"),
            format!("it needs a source of kind {}", crate::config::walk::list(fits)),
        );
    }
}

/// `[traffic]`
pub fn traffic(top: &Table<'_>) -> Option<Traffic> {
    let t = top.opt("traffic")?.table()?;
    let node = t.req("signal", "write the signal that is the share of traffic");
    let stages = t.req("stages", "write the stages in percent: stages = [5, 25, 50, 100]");
    let signal = node.as_ref().and_then(|n| n.reference("signal", t.cx.known.of("signals")));
    if let (Some(n), Some(id)) = (&node, &signal)
        && t.cx.known.signals.get(id).is_some_and(|d| d.dim != SHARE)
    {
        n.error(format!("`{id}` is not a share of traffic"), "its unit must be percent");
    }
    let stages = stages?;
    let values: Vec<u32> =
        stages.array().iter().filter_map(|n| n.int(1..=100)).filter_map(|v| u32::try_from(v).ok()).collect();
    if values.is_empty() || values.windows(2).any(|w| w[0] >= w[1]) {
        stages.error("stages must rise", "write them from small to large: [5, 25, 50, 100]");
        return None;
    }
    Some(Traffic { signal: signal?, stages: values })
}
