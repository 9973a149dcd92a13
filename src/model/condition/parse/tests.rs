//! What conditions may say, and how mistakes are told.

use super::*;
use crate::model::condition::fits;
use crate::model::unit::Unit;
use proptest::prelude::*;

struct Few;

const SIGNALS: [(&str, Unit, bool, bool, bool); 11] = [
    // id, unit, counter, multi, baseline
    ("error_rate", Unit::Percent, false, false, true),
    ("p95", Unit::Ms, false, false, true),
    ("rss", Unit::Bytes, false, false, false),
    ("failures", Unit::Count, true, false, false),
    ("requests", Unit::Count, true, false, false),
    ("sent", Unit::Bytes, true, false, false),
    ("service_up", Unit::Bool, false, false, false),
    ("version", Unit::Text, false, false, false),
    ("shard_cpu", Unit::Percent, false, true, false),
    ("ndcg", Unit::Score, false, false, true),
    ("throughput", Unit::PerS, false, false, false),
];

impl Names for Few {
    fn signal(&self, id: &str) -> Option<Declared> {
        let (_, unit, counter, multi, baseline) = SIGNALS.iter().find(|s| s.0 == id)?;
        Some(Declared { dim: unit.dim(), counter: *counter, multi: *multi, baseline: *baseline })
    }
    fn signals(&self) -> Vec<String> {
        SIGNALS.iter().map(|s| s.0.to_string()).collect()
    }
    fn trigger(&self, id: &str) -> bool {
        id == "high-p1"
    }
    fn triggers(&self) -> Vec<String> {
        vec!["high-p1".into()]
    }
}

fn parse(text: &str) -> Expr {
    parse_condition(text, &Few).unwrap_or_else(|e| panic!("{text}: {e:?}")).expr
}

fn same(a: &str, b: &str) {
    assert_eq!(parse(a), parse(b), "{a} is not {b}");
}

#[test]
fn precedence_is_promqls_and_not_binds_looser_than_a_comparison() {
    same("service_up or service_up and p95 > 1s", "service_up or (service_up and (p95 > 1s))");
    same("not p95 > 1s and service_up", "(not (p95 > 1s)) and service_up");
    same("p95 + p95 * 2 > 1s", "(p95 + (p95 * 2)) > 1s");
    same("p95 - 1ms - 1ms > 0s", "((p95 - 1ms) - 1ms) > 0s");
    same("p95 / 2 / 2 > 0s", "((p95 / 2) / 2) > 0s");
    same("-p95 * 2 < 0s", "((-p95) * 2) < 0s");
    same("not not service_up", "service_up");
}

#[test]
fn numbers_carry_their_units_in_base_units() {
    for (text, value) in [
        ("error_rate > 2%", 0.02),
        ("error_rate > 2 %", 0.02),
        ("p95 > 2 s", 2.0),
        ("p95 > 1m30s", 90.0),
        ("p95 > 1500ms", 1.5),
        ("rss > 3GB", 3e9),
        ("rss > 1.5e3 MB", 1.5e9),
        ("deriv(rss[1m]) > 60MB/min", 1e6),
        ("ndcg > 1e-3", 1e-3),
        ("ndcg > -5", -5.0),
        ("throughput < 90/min", 1.5),
    ] {
        let Expr::Compare(_, _, right) = parse(text) else { panic!("{text}") };
        let Expr::Number(q) = *right else { panic!("{text}") };
        assert!((q.value - value).abs() <= 1e-12 * value.abs(), "{text}: {}", q.value);
    }
}

#[test]
fn every_condition_of_the_drafts_kind_is_read() {
    for text in [
        "error_rate > 5% or p95 > 2s or deriv(rss[1m]) > 50MB/min",
        "rss < 3GB and abs(deriv(rss[5m])) < 5MB/min",
        "p95 > 1.02 * baseline(p95) and p95 <= 1.1 * baseline(p95)",
        "ndcg < baseline(ndcg) - 0.005",
        "consecutive(not service_up) >= 3",
        "error_rate < 0.1% and not firing()",
        "firing(high-p1)",
        "firing( high-p1 ) or absent(error_rate)",
        "any(shard_cpu > 95%)",
        "all(shard_cpu < 85%) and not any(shard_cpu > baseline(error_rate))",
        "increase(failures[10m]) > 5",
        "quantile_over_time(0.95, p95[5m]) > 1s",
        "rate(failures[5m]) / rate(requests[5m]) > 2%",
        "rate(failures[5m]) / rate(requests[5m]) > 0.02",
        "p95 / baseline(p95) > 1.15",
        "version == \"1.2.3\" and service_up == true",
        "version != 'x'",
        "service_up",
        "false",
        "rss / rate(sent[5m]) > 10s",
        "throughput * 10s > 5",
        "avg_over_time(service_up[5m]) < 99%",
        "changes(service_up[5m]) > 3",
        "1.15 * baseline(p95) < p95",
        "50% * rss > 1GB",
        "p95 - (1ms - 2ms) > 0s and (service_up or not (service_up and p95 > 1s))",
        "avg_over_time(p95[1500ms]) > -(p95 + 90s)",
        "increase(failures[incident]) > 5 or max_over_time(error_rate[run]) > 2%",
        "stddev_over_time(p95[5m]) > 10ms and resets(failures[1h]) == 0",
        "any(consecutive(shard_cpu > 95%) >= 3)",
    ] {
        let shown = parse(text).to_string();
        assert_eq!(parse(&shown).to_string(), shown, "{text}");
        let spaceless = |t: &str| t.replace([' ', '('], "").replace(')', "").replace('\'', "\"");
        if !text.contains(['/', '-']) {
            assert_eq!(spaceless(&shown), spaceless(text), "nothing is lost");
        }
    }
}

#[test]
fn a_comparison_has_its_signal_on_the_left() {
    let c = parse_comparison(" > 1.15 * baseline ", "p95", &Few).unwrap();
    assert_eq!((c.text.as_str(), c.op), ("> 1.15 * baseline", Cmp::Gt));
    assert!(matches!(c.right, Expr::Arith(Arith::Mul, _, b) if *b == Expr::Baseline("p95".into())));
    assert!(parse_comparison("< baseline - 0.005", "ndcg", &Few).is_ok());
    assert!(parse_comparison("== false", "service_up", &Few).is_ok());
    assert!(parse_comparison("> 95%", "shard_cpu", &Few).is_ok());
    for (text, own, message) in [
        ("2%", "error_rate", "begins with"),
        ("> 2", "error_rate", "cannot be compared"),
        ("> baseline", "rss", "has no baseline"),
        ("> 2% and true", "error_rate", "nothing may follow"),
        ("> true", "service_up", "no order"),
        ("> 2%", "error_rat", "no signal"),
        (">", "error_rate", "missing"),
    ] {
        let e = parse_comparison(text, own, &Few).unwrap_err();
        assert!(e.message.contains(message), "{text}: {e:?}");
    }
}

#[test]
fn a_computed_signal_has_a_dimension() {
    let dim = |t: &str| parse_expr(t, &Few).map(|(_, d)| d).unwrap();
    assert_eq!(dim("p95 * 2"), Unit::Ms.dim());
    assert_eq!(dim("error_rate * 2"), Unit::Percent.dim());
    assert_eq!(dim("rate(failures[5m])"), Unit::PerS.dim());
    assert_eq!(dim("shard_cpu > 95%"), Unit::Bool.dim());
    let ratio = dim("increase(failures[5m]) / increase(requests[5m])");
    assert!(fits(ratio, Unit::Percent.dim()) && fits(ratio, Unit::Score.dim()));
    assert!(!fits(dim("ndcg"), Unit::Percent.dim()));
}

#[test]
fn mistakes_are_marked_where_they_stand_and_say_what_would_be_right() {
    for (text, marked, message, hint) in [
        ("error_rate > 2", "2", "cannot be compared", "write 2%"),
        ("2 < error_rate", "2 < error_rate", "cannot be compared", "write 2%"),
        ("error_rate > 200ms", "error_rate > 200ms", "cannot be compared", ""),
        ("rate(sent[5m]) > 5MB", "rate(sent[5m]) > 5MB", "bytes per time", ""),
        ("deriv(rss[1m]) > 50", "50", "bytes per time", "50MB/min"),
        ("service_up == 0", "0", "cannot be compared", "true or false"),
        ("error_rte > 2%", "error_rte", "no signal `error_rte`", "did you mean error_rate?"),
        ("high-p1", "high", "no signal", ""),
        ("rate(rss[5m]) > 5MB/s", "rate(rss[5m])", "not a counter", "deriv(rss"),
        ("deriv(failures[5m]) > 5/s", "deriv(failures[5m])", "is a counter", "rate(failures"),
        ("avg_over_tme(p95[5m]) > 1s", "avg_over_tme", "no function", "avg_over_time()?"),
        ("avg_over_time(p95) > 1s", "p95", "looks at a window", "avg_over_time(p95[5m])"),
        ("p95[5m] > 1s", "p95", "needs a function", "avg_over_time(p95"),
        ("avg_over_time(p95[5]) > 1s", "5", "not a duration", ""),
        ("avg_over_time(p95[0s]) > 1s", "0s", "longer than nothing", ""),
        ("quantile_over_time(95, p95[5m]) > 1s", "95", "from 0 to 1", ""),
        ("p95", "p95", "a condition is expected", "compare it: p95 > …"),
        ("p95 and service_up", "p95", "a condition is expected", ""),
        ("shard_cpu > 95%", "shard_cpu > 95%", "one answer per series", "any(shard_cpu > 95%)"),
        ("1s < p95 < 2s", "<", "cannot be compared again", "a < b and b < c"),
        ("p95 = 2s", "=", "not expected", "=="),
        ("service_up && service_up", "&", "not expected", "write and"),
        ("p95 > 2 furlongs", "2 furlongs", "not a unit", ""),
        ("p95 > ", "", "missing at the end", ""),
        ("(p95 > 2s", "", "`)` expected", ""),
        ("p95 + error_rate > 2s", "p95 + error_rate", "cannot be added", ""),
        ("1 - error_rate > 2%", "1 - error_rate", "cannot be subtracted", "100%"),
        ("rss * p95 > 2s", "rss * p95", "cannot be multiplied", ""),
        ("version > \"a\"", "version > \"a\"", "no order", "=="),
        ("version == \"a", "\"a", "never closed", ""),
        ("avg_over_time(version[5m]) > 1", "avg_over_time(version[5m])", "no window", ""),
        ("p95 > baseline(rss)", "rss", "has no baseline", "[signals.rss]"),
        ("p95 > baseline", "baseline", "of which signal", "baseline(x)"),
        ("firing(low-p3)", "low-p3", "no trigger", ""),
        ("firing(hgh-p1)", "hgh-p1", "no trigger", "did you mean high-p1?"),
        ("firing(service_up)", "service_up", "no trigger", "write service_up alone"),
        ("avg_overtime(p95[5m]) > 1s", "avg_overtime", "no function", "did you mean avg_over_time()?"),
        ("avg(p95[5m]) > 1s", "avg", "no function", "avg_over_time(x[5m])"),
        ("increase(failures[incidnt]) > 5", "incidnt", "not a duration", "did you mean [incident]?"),
        ("increase(failures[10]) > 5", "10", "not a duration", ""),
        ("absent(error_rat)", "error_rat", "no signal", "did you mean error_rate?"),
        ("consecutive(p95) > 3", "p95", "a condition is expected", "compare it"),
        ("consecutive(service_up) >= 3s", "consecutive(service_up) >= 3s", "cannot be compared", ""),
        ("any(p95) ", "p95", "a condition is expected", ""),
        ("-service_up", "-service_up", "no sign", "not"),
        ("abs(service_up)", "service_up", "needs a number", ""),
        ("rollout == $value", "rollout", "no signal", ""),
        ("p95 > $value", "$value", "parameters", ""),
        ("p95 > 2s p95", "p95", "not expected", ""),
    ] {
        let e = parse_condition(text, &Few).expect_err(text);
        let found = text.get(e.start..e.end).unwrap_or_else(|| panic!("{text}: columns {e:?}"));
        assert_eq!(found, marked, "{text}: {e:?}");
        assert!(e.message.contains(message), "{text}: {e:?}");
        assert!(e.hint.clone().unwrap_or_default().contains(hint), "{text}: {e:?}");
    }
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    let text = format!("{}service_up{}", "(".repeat(2_000), ")".repeat(2_000));
    assert!(parse_condition(&text, &Few).unwrap_err().message.contains("deeply"));
    let text = format!("{}service_up", "not ".repeat(1_000));
    assert_eq!(parse(&text), parse("service_up"));
    let text = format!("{}p95 > 1s", "-".repeat(4_000));
    assert_eq!(parse(&text), parse("p95 > 1s"));
    let text = format!("p95{} > 1s", " + p95".repeat(1_000));
    assert!(parse_condition(&text, &Few).unwrap_err().message.contains("longer"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_every_mistake_lies_on_characters(text in "\\PC{0,60}") {
        if let Err(e) = parse_condition(&text, &Few) {
            prop_assert!(text.get(e.start..e.end).is_some(), "{e:?}");
        }
    }

    #[test]
    fn no_soup_of_its_own_words_makes_it_panic(words in proptest::collection::vec(
        prop::sample::select(vec!["p95", "error_rate", ">", "<", "==", "(", ")", "[5m]", "rate(", "2%", "2", "s",
            "and", "or", "not", "any(", "firing(", "-", "+", "*", "/", "1m30s", "baseline(", "é", "\"", "consecutive("]), 0..14)) {
        let text = words.join(" ");
        if let Err(e) = parse_condition(&text, &Few) {
            prop_assert!(text.get(e.start..e.end).is_some(), "{text}: {e:?}");
        }
    }
}
