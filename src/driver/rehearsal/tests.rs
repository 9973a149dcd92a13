//! A drill as a screen has it: asked by requests, in real time that goes sixty times faster.

use super::*;
use crate::config::playbook::parse;
use crate::model::resolve::resolve;
use crate::session::view::View;
use indexmap::IndexMap;
use std::time::Instant;

fn start(root: &std::path::Path) -> Rehearsal {
    let text = include_str!("../../../tests/fixtures/drill/shop.toml");
    let loaded = parse(text, "shop.toml").unwrap();
    let playbook = resolve(&loaded.playbook, "staging", &IndexMap::new()).unwrap();
    let subject = Subject::new(&playbook, &loaded.hash, "staging");
    Rehearsal::start(subject, 7, 60.0, &[], root.to_owned()).unwrap()
}

/// Goes on until the view is as it is to be.
async fn until(it: &mut Rehearsal, what: &str, is: impl Fn(&View) -> bool) -> View {
    let begun = Instant::now();
    loop {
        let view = it.view();
        if is(&view) {
            return view;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {:?} {:?}", view.verdict, view.drill);
        if let Update::Refused(why) = it.next().await {
            panic!("{what}: {why}");
        }
    }
}

fn took(view: &View, what: &str) -> Option<u64> {
    view.score.as_ref().unwrap().rows.iter().find(|r| r.what == what).unwrap().took_ms
}

#[tokio::test]
async fn automation_acts_in_a_drill_and_its_score_grows_and_is_kept() {
    let root = tempfile::tempdir().unwrap();
    let mut it = start(root.path());
    let view = it.view();
    assert_eq!((view.environment.as_str(), view.simulated()), ("simulated", Some("DRILL")));
    assert!(took(&view, "Fired").is_none() && view.score.as_ref().unwrap().points.is_none());
    it.ask(Request::Trouble { trouble: "errors".into(), on: true });
    let view = until(&mut it, "verified", |v| took(v, "Stable").is_some()).await;
    assert!(
        took(&view, "Seen") <= took(&view, "Fired") && took(&view, "Took effect") <= took(&view, "Stable")
    );
    let errors = view.troubles.iter().find(|t| t.id == "errors").unwrap();
    assert!(errors.key == 'e' && errors.cured && errors.expects.contains("Errors in 1m"), "{errors:?}");
    assert!(view.run.is_some() && view.output.lines.iter().all(|l| !l.contains('\n')));

    it.ask(Request::EndDrill);
    let kept = drills::all(root.path(), "shop");
    assert!(kept.len() == 1 && kept[0].ok && kept[0].chaos == ["errors"], "{kept:?}");
    let view = it.view();
    assert!(view.run.is_none() && took(&view, "Fired").is_none(), "it begins anew");
    it.leave();
    assert_eq!(drills::all(root.path(), "shop").len(), 1, "nothing happened since");
}

#[tokio::test]
async fn a_person_reads_in_real_time_and_starts_what_was_read() {
    let root = tempfile::tempdir().unwrap();
    let mut it = start(root.path());
    let fast = it.pace.speed();
    it.ask(Request::Tick { checklist: "before".into(), item: 1, done: true, note: String::new() });
    it.ask(Request::DoItem { checklist: "before".into(), item: 2 });
    until(&mut it, "the list", |v| v.checklists.iter().all(|l| l.open().count() == 0)).await;
    let (procedure, given) = ("back".to_owned(), IndexMap::new());
    it.ask(Request::Prepare {
        procedure: procedure.clone(),
        given: given.clone(),
        stops: None,
        scenario: None,
    });
    let draft = it.view().draft.unwrap();
    assert!(draft.refused.is_none() && draft.steps.len() == 4, "{draft:?}");
    assert_eq!((it.pace.speed(), fast), (1, 60), "what may be confirmed is read in real time");
    it.ask(Request::CancelDraft);
    assert_eq!(it.pace.speed(), 60);
    it.ask(Request::Confirm { draft: draft.id, decides: None });
    assert!(it.view().run.is_none(), "what was taken back is not started");
    it.ask(Request::Prepare { procedure, given, stops: None, scenario: None });
    let draft = it.view().draft.unwrap().id;
    it.ask(Request::Confirm { draft, decides: None });
    let view = until(&mut it, "verified", |v| took(v, "Stable").is_some()).await;
    assert_eq!(view.run.unwrap().title, "Back to stable");
    it.ask(Request::Probe { guide: "g".into(), step: 1 });
    let refused = loop {
        if let Update::Refused(why) = it.next().await {
            break why;
        }
    };
    assert!(refused.contains("nothing real"), "{refused}");
}
