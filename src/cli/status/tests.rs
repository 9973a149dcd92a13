//! What is told of a watcher, of automatic runs and of clocks.

use super::*;
use crate::config::playbook::parse;
use crate::engine::eval::Truth;
use crate::engine::signal::Level;
use crate::engine::stage::{InForce, Stage};
use crate::model::time::Deadline;
use crate::run::plan::{Person, RoleFacts};
use crate::session::decision::{Decider, Reaction};
use crate::supervisor::decisions::BeatSignal;

const BOOK: &str = "schema = 1\n[service]\nname = 'shop'\ntitle = 'X'\nowner = 'me'\n\
    [environments.production]\ntone = 'danger'\nautomation = 'armed'\nprove = { run = ['true'] }\n\
    [signals.odd]\nflag = { key = 'x', text = 'Odd' }\n\
    [severities.P1]\ntitle = 'Bad'\ntext = 'Roll back'\nrespond_within = '15m'\n\
    [triggers.odd]\nwhen = 'odd'\ntitle = 'Odd results'\nseverity = 'P1'\nact = 'ask'\nmode = 'armed'\n";

fn now() -> Now {
    Now { boot: 10_000_000, boot_id: "a".into(), wall: 1_763_726_400_000 }
}

fn ago(ms: u64) -> Now {
    let n = now();
    Now { boot: n.boot - ms, boot_id: n.boot_id, wall: n.wall - ms as i64 }
}

/// `odd` has fired for a minute; a watcher has been there for an hour.
fn known(watched: bool) -> Known {
    let beat = Beat {
        epoch: 3,
        acts: true,
        host: "web-1".into(),
        pid: 4711,
        at: ago(500),
        watching_since: ago(3_600_000),
        trouble: None,
        standing: Standing::Row("P1".into()),
        text: "P1 BAD: odd".into(),
        standing_since: ago(60_000).wall,
        evidence: vec!["odd: yes".into()],
        answering: (1, 1),
        stage: Stage::Between(5, 25),
        signals: vec![BeatSignal {
            id: "odd".into(),
            title: "Odd".into(),
            value: Some("yes".into()),
            level: Level::Ok,
            age: Some(500),
            reason: None,
        }],
        triggers: vec![BeatTrigger {
            id: "odd".into(),
            state: TriggerState::Firing { since: 0 },
            since: Some(ago(60_000).wall),
            truth: Truth::Unknown,
            cell: InForce {
                cell: Cell::Ask,
                stage: Some(25),
                note: Some("between 5 and 25 %: the stricter".into()),
            },
        }],
        kept: Vec::new(),
    };
    let who = Person { user: "ana".into(), uid: 1000, ..Person::default() };
    let decider = Decider { epoch: 3, acts: true, who, ..Decider::default() };
    let playbook = parse(BOOK, "x.toml").unwrap_or_else(|e| panic!("{e:?}")).playbook;
    let setup = Setup {
        playbook,
        hash: String::new(),
        environment: "production".into(),
        folder: "/nonexistent".into(),
        watch: Vec::new(),
        demo: None,
        read_only: false,
    };
    Known {
        setup,
        now: now(),
        silent: (!watched).then(|| beat.clone()),
        beat,
        watched,
        state: Decisions { decider: Some(decider), ..Decisions::default() },
        holder: None,
        orphan: None,
    }
}

/// One line, whatever was wrapped.
fn flat(k: &Known) -> String {
    text::page(k).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn clock() -> Clock {
    let users = vec!["ana".to_owned(), "a-person-with-a-very-long-name".to_owned()];
    let role = RoleFacts { id: "dri".into(), title: "Sprint DRI".into(), users, ..RoleFacts::default() };
    Clock {
        id: "odd-1-d1".into(),
        firing: "odd-1".into(),
        trigger: "odd".into(),
        at: ago(240_000),
        decide_by: Some(Deadline::after(&ago(240_000), 600_000)),
        default_at: Some(Deadline::after(&ago(240_000), 1_800_000)),
        default: DefaultAction::Act,
        procedure: Some("back".into()),
        roles: vec![role],
        plan: Some((Ok(("canary 25 %".into(), "canary 0 %".into())), Some("ab".into()))),
        ..Clock::default()
    }
}

#[test]
fn a_watcher_is_named_and_a_silent_one_is_said_to_be_so() {
    let k = known(true);
    let said = flat(&k);
    assert!(said.contains("decided by the watcher of ana on web-1 (pid 4711), alive for 1h"), "{said}");
    assert!(said.contains("P1 Bad: in force (for 1m), respond within 15m: 14m left"), "{said}");
    assert!(
        said.contains("FIRING odd armed a person decides at 25 % (between 5 and 25 %: the stricter)"),
        "{said}"
    );
    assert!(
        said.contains("for 1m (cannot be judged now)") && said.contains("traffic: between 5 and 25 %"),
        "{said}"
    );
    assert_eq!(k.level(), ("critical", 11));
    let mut k = known(true);
    k.beat.trouble = Some("the disk is full".into());
    k.beat.acts = false;
    let said = flat(&k);
    assert!(
        said.contains("NOTHING IS DECIDED: the disk is full") && said.contains("never acts by itself"),
        "{said}"
    );
    let said = flat(&known(false));
    assert!(
        said.contains("NOBODY WATCHES: the watcher of ana on web-1 (pid 4711) was heard last 500ms ago"),
        "{said}"
    );
    assert_eq!(json::document(&known(false))["decider"]["alive"], false);
}

#[test]
fn both_clocks_count_down_and_say_what_comes_then() {
    let mut k = known(true);
    k.state.clocks.insert("odd-1-d1".into(), clock());
    let said = flat(&k);
    assert!(said.contains("to decide: 6m left; to the default: 26m left; then: roll back"), "{said}");
    assert!(said.contains("recommended back: canary 25 % → canary 0 %"), "{said}");
    assert!(said.contains("Sprint DRI (ana, a-person-with-a-very-long-name)"), "{said}");
    let json = json::document(&k);
    assert_eq!(json["decisions"][0]["decide_left_ms"], 360_000);
    assert_eq!(json["decisions"][0]["default_left_ms"], 1_560_000);
    assert_eq!(json["decisions"][0]["plan"]["to"], "canary 0 %");
    k.now = now().plus(400_000);
    assert!(flat(&k).contains("to decide: OVER; to the default: 19m20s left"), "{}", flat(&k));
    let page = text::page(&k);
    assert!(page.lines().all(|l| unicode_width::UnicodeWidthStr::width(l) < 80), "{page}");
}

#[test]
fn how_fast_an_automatic_run_was_stands_against_its_target() {
    let mut k = known(true);
    let attempt = Attempt {
        firing: "odd-1".into(),
        run: "1121-120000-auto-odd-1".into(),
        procedure: "back".into(),
        at: ago(30_000),
        reaction: Some(Reaction {
            from_true: 4_200,
            from_firing: 1_250,
            to_effect: Some(31_000),
            target: Some(30_000),
        }),
        ..Attempt::default()
    };
    k.state.attempts.insert("odd".into(), vec![attempt]);
    let said = flat(&k);
    assert!(said.contains("AUTOMATIC 1121-120000-auto-odd-1: back for odd: in progress for 30s"), "{said}");
    assert!(
        said.contains("first command 1.2s after firing, 4.2s after the condition was true; effect after 31s: LATE, target 30s"),
        "{said}"
    );
    let json = json::document(&k);
    assert_eq!(json["automatic"][0]["reaction"]["to_effect_ms"], 31_000);
}
