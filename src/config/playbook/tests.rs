//! Whole playbooks, good and bad.

use super::*;
use crate::model::playbook::*;
use crate::model::probe::Ask;

const GOOD: &str = include_str!("../../../tests/fixtures/canary.toml");

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|p| p.render(false)).collect::<Vec<_>>().join("\n")
}

fn good() -> Playbook {
    let loaded = parse(GOOD, "canary.toml").unwrap_or_else(|p| panic!("{}", told(&p)));
    assert!(loaded.warnings.is_empty(), "{}", told(&loaded.warnings));
    loaded.playbook
}

#[test]
fn a_whole_playbook_becomes_the_model() {
    let p = good();
    assert_eq!(p.service.review_by.as_deref(), Some("2026-03-02"), "updated + review_every");
    assert_eq!(p.environments["production"].confirm, Confirm::Type, "danger asks for the name");
    assert_eq!(p.sources.len(), 5);
    assert!(!p.sources["health"].proxy);
    assert_eq!(p.signals["rss"].raw, crate::model::unit::Unit::Bytes);
    assert_eq!(p.signals["error_rate"].stale_after, 20_000);
    assert_eq!(p.signals["p95"].stale_after, 30_000, "three reads");
    assert_eq!(p.triggers["errors"].at[&25], Cell::Decide { within: 600_000, default_at: Some(1_800_000) });
    let r = &p.procedures["revert"];
    assert_eq!(r.steps.len(), 7);
    assert!(matches!(r.steps[0].kind, StepKind::Socket(_)));
    assert!(matches!(r.steps[0].already.as_ref().map(|p| &p.ask), Some(Ask::When(_))));
    assert_eq!(r.steps[0].attempts, 2);
    assert_eq!(r.steps[6].timeout, 300_000, "a verification brings its own bound");
    assert_eq!(r.steps[3].timeout, 10_000);
}
