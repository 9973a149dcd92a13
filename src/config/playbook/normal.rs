//! What is normal for a signal, how much a value must rest on, and whether its target still lives: `baseline`,
//! `min_samples`, `fresh`.

use super::templates::{Scope, template};
use super::words::{Style, id, pointer};
use crate::config::walk::{Node, Table, example};
use crate::model::condition::describe;
use crate::model::playbook::{Baseline, MinSamples};
use crate::model::template::Template;
use crate::model::unit::{Base, Dim, Unit};

/// Samples that an average must rest on when nothing is said.
const LEAST: u64 = 10;

/// Keys that stand beside one kind of baseline, and which.
const BESIDE: &[(&str, &str)] = &[("json", "file"), ("over", "mark"), ("least", "mark")];

/// `baseline` of the signal `own`, which is read every so many milliseconds (none: not by itself).
pub fn baseline(n: &Node<'_>, own: &str, unit: Option<Unit>, every: Option<u64>) -> Option<Baseline> {
    if n.table_quietly().is_none() {
        n.wrong_type("a table", "write baseline = { value = \"…\" }, or file, signal or mark");
        return None;
    }
    let t = n.table()?;
    let found = t.one_of(&["value", "file", "signal", "mark"]);
    let (json, over, least) = (t.opt("json"), t.opt("over"), t.opt("least"));
    let (kind, node) = found?;
    for (key, of) in BESIDE {
        if t.has(key) && !t.has(of) {
            let hint = format!("it belongs to `{of}`: leave it out");
            t.cx.error(t.key_span(key), format!("`{key}` has no meaning beside `{kind}`"), hint);
        }
    }
    let dim = unit?.dim();
    if matches!(dim.base, Base::Bool | Base::Text) {
        let what = if dim.base == Base::Bool { "yes or no" } else { "a text" };
        n.error(format!("`{own}` is {what}: there is no normal number of it"), "compare it in the rule");
        return None;
    }
    match kind {
        "value" => node.qty(dim).map(Baseline::Value),
        "file" => {
            let file = template(&node, &Scope::default().shown());
            let Some(json) = json else {
                t.req("json", "say where the number stands: json = \"/latency/p50\"");
                return None;
            };
            Some(Baseline::File { file: file?, json: pointer(&json)? })
        }
        "signal" => control(&node, own, dim).map(Baseline::Signal),
        _ => mark(&t, &node, over, least, every),
    }
}

/// The signal that another one is compared with.
fn control(n: &Node<'_>, own: &str, dim: Dim) -> Option<String> {
    let other = n.reference("signal", n.cx.known.of("signals"))?;
    let (declared, mine) = (n.cx.known.signals.get(&other)?, n.cx.known.signals.get(own)?);
    if other == own {
        n.error(format!("`{own}` cannot be its own baseline"), "name the control, or a mark");
    } else if declared.dim != dim {
        let (theirs, ours) = (describe(declared.dim), describe(dim));
        n.error(
            format!("`{other}` is {theirs}, and `{own}` is {ours}"),
            format!("both must measure the same: {}", example(dim)),
        );
    } else if declared.multi && !mine.multi {
        let hint = "name a signal that is one number: aggregate it in its query";
        n.error(format!("`{other}` has a value per series, and `{own}` has one"), hint);
    } else {
        return Some(other);
    }
    None
}

fn mark(
    t: &Table<'_>,
    n: &Node<'_>,
    over: Option<Node<'_>>,
    least: Option<Node<'_>>,
    every: Option<u64>,
) -> Option<Baseline> {
    let name = n.text()?;
    id(n.cx, n.span.clone(), &name, Style::Kebab);
    let Some(over_node) = over else {
        t.req("over", "say how long before the mark is averaged: over = \"1h\"");
        return None;
    };
    let over = over_node.dur_positive()?;
    let least = match least {
        None => LEAST,
        Some(n) => u64::try_from(n.int(1..=1_000_000)?).ok()?,
    };
    if let Some(every) = every.filter(|every| over / every < least) {
        let held = over / every;
        over_node.error(
            format!("{} holds {held} samples at most, and {least} are needed", span(over)),
            "make `over` longer, or `least` smaller: this baseline could never be known",
        );
        return None;
    }
    Some(Baseline::Mark { id: name, over, least })
}

fn span(ms: u64) -> String {
    crate::model::condition::duration(ms)
}

/// `min_samples` of the signal `own`.
pub fn min_samples(n: &Node<'_>, own: &str) -> Option<MinSamples> {
    if n.table_quietly().is_none() {
        let hint = "say of what, too: min_samples = { least = 50, of = \"requests\" }";
        n.wrong_type("a table", hint);
        return None;
    }
    let t = n.table()?;
    let least = t.req("least", "write how many: least = 50").and_then(|n| n.int(1..=1_000_000_000));
    let of = t.req("of", "write the signal that says how many there were: of = \"requests\"")?;
    let other = of.reference("signal", n.cx.known.of("signals"))?;
    let (declared, mine) = (n.cx.known.signals.get(&other)?, n.cx.known.signals.get(own)?);
    if other == own {
        of.error(format!("`{own}` cannot say how much it rests on itself"), "name the signal that counts");
        return None;
    }
    if declared.dim.base != Base::Number {
        of.error(
            format!("`{other}` is {}, not a number of samples", describe(declared.dim)),
            "name a signal with unit = \"count\"",
        );
        return None;
    }
    if declared.multi && !mine.multi {
        let hint = "name a signal that is one number: aggregate it in its query";
        of.error(format!("`{other}` has a value per series, and `{own}` has one"), hint);
        return None;
    }
    if declared.counter {
        of.warn(
            format!("`{other}` only grows: it is soon past {}, however few there were just now", least?),
            format!("count those of a window: expr = \"increase({other}[5m])\""),
        );
    }
    Some(MinSamples { least: u64::try_from(least?).ok()?, of: other })
}

/// `fresh` of a signal that is read in this way.
pub fn fresh(t: &Table<'_>, n: &Node<'_>, kind: Option<&str>) -> Option<Template> {
    let query = template(n, &Scope::default().shown())?;
    if kind.is_some_and(|k| k != "query") {
        t.cx.error(
            t.key_span("fresh"),
            "`fresh` is a question to Prometheus, and belongs to `query`",
            "leave it out: other readings fail when their target does",
        );
        return None;
    }
    if query.0.trim().is_empty() {
        n.error(
            format!("`{}` is empty", n.path),
            "ask whether the target lives: fresh = 'sum(up{job=\"shop\"})'",
        );
        return None;
    }
    Some(query)
}
