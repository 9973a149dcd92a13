//! Baselines in plans.

use super::*;
use crate::model::playbook::{Better, MinSamples, Signal};
use crate::model::template::Template;
use crate::model::unit::Unit;

fn signal(baseline: Option<Baseline>) -> Signal {
    Signal {
        title: String::new(),
        source: None,
        reading: ReadingKind::Query(Template("q".into())),
        unit: Unit::S,
        raw: Unit::Ms,
        series: None,
        counter: false,
        better: Better::Lower,
        baseline,
        min_samples: None,
        fresh: None,
        warn: None,
        critical: None,
        stale_after: 1,
        panel: None,
    }
}

#[test]
fn what_is_normal_is_frozen_with_the_signals_that_say_so() {
    let mark = || Baseline::Mark { id: "deploy".into(), over: 1, least: 1 };
    let few = MinSamples { least: 5, of: "requests".into() };
    let signals = [
        ("known", signal(Some(mark()))),
        ("unknown", signal(Some(mark()))),
        ("treated", Signal { min_samples: Some(few), ..signal(Some(Baseline::Signal("control".into()))) }),
        ("control", signal(None)),
        ("requests", signal(None)),
        ("other", signal(None)),
    ];
    let signals = signals.into_iter().map(|(id, s)| (id.to_owned(), s)).collect();
    let playbook = Playbook { signals, ..Playbook::default() };
    let baselines = [("known".to_owned(), 0.25)].into_iter().collect();
    let mut fill = Filler::new(&playbook, IndexMap::new());
    let mut out = Frozen::default();
    let wanted = ["known", "unknown", "treated"].map(str::to_owned).to_vec();
    measured(&playbook, wanted, &baselines, &mut out, &mut fill);
    let mut ids: Vec<&str> = out.signals.keys().map(String::as_str).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["control", "known", "requests", "treated", "unknown"]);
    let fixed = Baseline::Value(Quantity { value: 0.25, dim: Unit::S.dim() });
    assert_eq!(out.signals["known"].baseline, Some(fixed));
    assert_eq!(out.signals["unknown"].baseline, Some(mark()), "it stays, and cannot be judged");
    assert_eq!(out.signals["treated"].baseline, Some(Baseline::Signal("control".into())), "live");
}
