//! Procedures, what fits, plans, dry runs, texts, the run beside its signals; and that no dialog is answered by a slip.

use super::deciding::{burning, disarmed};
use super::keys::Desk;
use super::states::*;
use super::*;
use crate::engine::eval::Truth;
use crate::model::playbook::{Confirm, Moment};
use crate::run::record::{Answer, Wish};
use crate::run::state::Need;
use crate::session::Request;
use crate::session::view::*;
use crate::tui::dialog::Dialog;
use crate::tui::theme::ColorLevel;
use crate::tui::ui::{Intent, Screen};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn in_both(name: &str, keys: &str, view: &View) {
    for size in SIZES {
        shot!(format!("{name}-{}x{}", size.0, size.1), frame(size, &after(keys, view), view));
    }
}

fn mono(name: &str, keys: &str, view: &View) {
    let theme = Theme::dark().at(ColorLevel::None);
    let ui = after(keys, view);
    let drawn = frame_in(&theme, &Glyphs::Ascii, (80, 24), &ui, view, &|s, w, n| columns_of(view, s, w, n));
    shot!(format!("{name}-mono-80x24"), drawn);
}

fn scenario(
    id: &str,
    title: &str,
    symptoms: &str,
    truth: Truth,
    seen: &str,
    to: (&str, &str),
) -> ScenarioView {
    ScenarioView {
        id: id.into(),
        title: title.into(),
        symptoms: symptoms.into(),
        when: "error_rate > 5%".into(),
        truth,
        seen: seen.into(),
        procedure: (to.0.into(), to.1.into(), to.0.chars().next()),
        args: String::new(),
    }
}

/// Errors are up, of a leak nothing can be said, and what is corrupt only people see.
fn fitting() -> View {
    let mut v = fire();
    let (config, binary) = (("config", "Configuration rollback"), ("binary", "Binary rollback"));
    v.scenarios = vec![
        scenario("errors", "High error rate", "Errors to 5 %", Truth::True, "error rate 5.1 % > 5 %", config),
        scenario("leak", "Memory leak", "Memory grows", Truth::Unknown, "rss: timed out", binary),
        scenario(
            "corrupt",
            "Index corruption",
            "Results are mixed",
            Truth::Unknown,
            "",
            ("data", "Data rollback"),
        ),
        scenario(
            "slow",
            "Slow",
            "p95 from 200 ms to 1.5 s",
            Truth::False,
            "",
            ("gradual", "Gradual rollback"),
        ),
    ];
    v.scenarios[1].args = "heap_dump = true".into();
    v.scenarios[2].when.clear();
    v
}

fn planned() -> View {
    let mut d = draft(Confirm::Type);
    d.phases = vec![
        (0, "Preparation".into(), Some(60_000)),
        (1, "Execution".into(), Some(300_000)),
        (4, "Verify".into(), Some(120_000)),
        (6, "Monitor".into(), Some(300_000)),
    ];
    d.so = vec![("2".into(), Answer::Fails, "CST_PIPELINE_ENABLED is true".into())];
    d.diffs.insert(
        "2".into(),
        vec![
            "@@ -1,2 +1,2 @@".into(),
            "-CST_PIPELINE_ENABLED=true".into(),
            "+CST_PIPELINE_ENABLED=false".into(),
        ],
    );
    d.shell = "# Configuration rollback\nsystemctl reload lapce-ai-service\n".into();
    View { draft: Some(d), ..fitting() }
}

fn tried(running: bool) -> View {
    let step = |label: &str, name: &str, line: &str, tried: Option<Tried>, note: &str| TriedStep {
        label: label.into(),
        name: name.into(),
        line: line.into(),
        tried,
        note: note.into(),
    };
    let done = |line: &str, good: bool, said: &str| Tried {
        line: line.into(),
        ended: if good { "exit 0" } else { "exit 3" }.into(),
        good,
        lines: vec![said.into()],
    };
    let mut v = fitting();
    let mut t = TriedView {
        procedure: "config".into(),
        title: "Configuration rollback".into(),
        running,
        ..TriedView::default()
    };
    if !running {
        t.asked = vec![
            (Answer::Holds, "hostname: lapce-prod-02".into()),
            (Answer::Blind, "Disk: df did not answer in 3 s".into()),
        ];
        t.steps = vec![
            step("1", "Capture the state", "capture before", None, ""),
            step("2", "Switch the flags", "edit lapce-ai.env", None, "done already: both are off"),
            step(
                "3",
                "Set the share to 0 %",
                "./set.sh 0",
                Some(done("./set.sh --dry-run 0", true, "would set 50 → 0")),
                "",
            ),
            step(
                "4",
                "Reload",
                "systemctl reload lapce-ai-service",
                Some(done("systemctl --dry-run reload x", false, "no such unit")),
                "",
            ),
            step("4b", "Restart instead", "systemctl restart lapce-ai-service", None, "only if step 4 fails"),
        ];
    }
    v.tried = Some(t);
    v
}

/// A run that verifies, with two lists for afterwards.
fn with_after() -> View {
    let mut v = verifying();
    let list = |id: &str, title: &str, done: usize| ChecklistView {
        id: id.into(),
        title: title.into(),
        moment: Some(Moment::After),
        items: (0..4).map(|n| ItemView { done: n < done, required: true, ..ItemView::default() }).collect(),
        ..ChecklistView::default()
    };
    v.checklists = vec![list("hour", "Within one hour", 1), list("day", "Within 24 hours", 0)];
    v
}

#[test]
fn procedures_what_fits_and_the_plan() {
    in_both("plans-fits", "3", &fitting());
    in_both("plans-fits-chosen", "3\t↓", &fitting());
    in_both("plans-plan", "3\n", &planned());
    in_both("plans-whole", "3\n\n", &planned());
    in_both("plans-whole-end", "3\n\n⇟⇟⇟", &planned());
    in_both("plans-dry-run", "3V", &tried(false));
    in_both("plans-dry-running", "3V", &tried(true));
    in_both("plans-diff", "c␄", &planned());
    in_both("plans-nothing-to-copy", "3Y", &fitting());
    let mut loading = planned();
    loading.draft.as_mut().unwrap().resolving = true;
    in_both("plans-resolving", "3\n", &loading);
    let mut none = calm();
    none.procedures.clear();
    in_both("plans-none", "3", &none);
    mono("plans-fits", "3\t", &fitting());
    mono("plans-plan", "3\n", &planned());
    mono("plans-dry-run", "3V", &tried(false));
}

#[test]
fn texts_and_messages() {
    in_both("text-note", "Nthe deploy was at noon\nben did it", &fire());
    in_both("text-empty", "N", &fire());
    in_both("text-ready", "Nit was me\t", &fire());
    in_both("text-message", "bmtake your hands off", &running());
    mono("text-note", "Nthe deploy was at noon\nben did it", &fire());
    let mut told = running();
    told.notices = vec![Notice::Message { from: "lea".into(), wall: WALL, text: "I need the lock".into() }];
    in_both("message-shown", "", &told);
}

#[test]
fn the_run_beside_what_it_is_judged_by() {
    in_both("run-after", "4", &with_after());
    let mut split = running();
    let id = split.signals[3].id.clone();
    let wanted = Wanted { share: 0.0, below: false, step: "3".into() };
    split.traffic = Some(TrafficView { signal: id, wanted: Some(wanted) });
    in_both("run-traffic", "4", &split);
    mono("run-after", "4", &with_after());
    mono("run-running", "4", &running());
    let mut emergency = with_after();
    emergency.run.as_mut().unwrap().skips = vec!["agreement of Engineering lead".into()];
    in_both("run-emergency", "4", &emergency);
    shot!("overview-fits-120x40", frame((120, 40), &ui(), &fitting()));
    let mut v = all_kinds();
    v.output = Output {
        step: 6,
        attempt: 1,
        before: 0,
        total: 40,
        lines: (0..40)
            .map(|i| format!("03:14:21  line {i}: {}", if i % 7 == 0 { "ERROR" } else { "ok" }))
            .collect(),
        found: Some(Found { sought: "error".into(), line: Some(28), nth: 5, of: 6 }),
    };
    in_both("output-found", "4L/error\n", &v);
    v.output.found = Some(Found { sought: "error".into(), ..Found::default() });
    in_both("output-not-found", "4L/error\n", &v);
}

#[test]
fn a_scenario_opens_the_confirmation_with_what_it_gives() {
    let mut d = Desk::new(fitting());
    d.ch('3');
    d.key(KeyCode::Tab);
    d.key(KeyCode::Down);
    let prepared = d.key(KeyCode::Enter);
    let expected = Intent::Request(Request::Prepare {
        procedure: "binary".into(),
        given: Default::default(),
        stops: None,
        scenario: Some("leak".into()),
    });
    assert_eq!(prepared, [expected]);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(c)) if c.procedure == "binary"));
    let mut locked = fitting();
    locked.run = running().run;
    let mut d = Desk::new(locked);
    d.ch('3');
    d.key(KeyCode::Tab);
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Locked(_))), "one run at a time");
    let mut reads = fitting();
    reads.read_only = true;
    let mut d = Desk::new(reads);
    d.ch('3');
    assert_eq!(d.ch('V'), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(_))));
}

#[test]
fn the_plan_is_read_copied_tried_and_confirmed_only_by_its_own_dialog() {
    let mut d = Desk::new(planned());
    d.ch('3');
    assert_eq!(d.key(KeyCode::Enter), [super::keys::prepare("config")]);
    d.now += 2_000;
    assert_eq!(d.ch('Y'), [Intent::Copy { text: d.view.draft.as_ref().unwrap().shell.clone() }]);
    d.now += 2_000;
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Read(_))));
    d.seen(1_200);
    for key in ['y', 'c'] {
        assert_eq!(d.ch(key), [], "{key}");
        d.now += 300;
    }
    assert!(matches!(d.ui.dialog(), Some(Dialog::Confirm(_))), "c opens the confirmation, no more");
    d.key(KeyCode::Esc);
    d.now += 2_000;
    assert_eq!(d.ch('V'), [Intent::Request(Request::DryRun { procedure: "config".into() })]);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Read(_))));
    assert_eq!(d.ui.screen, Screen::Procedures);
}

#[test]
fn a_text_is_kept_when_it_is_closed_and_gone_when_it_is_sent() {
    let mut d = Desk::new(fire());
    d.ch('N');
    d.seen(1_200);
    d.type_in("half");
    assert_eq!(d.key(KeyCode::Enter), [], "a new line");
    d.type_in("a note");
    d.key(KeyCode::Esc);
    assert!(d.ui.dialog().is_none());
    d.now += 2_000;
    d.ch('N');
    d.seen(1_200);
    let done = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
    assert_eq!(d.event(done), [Intent::Request(Request::Note { text: "half\na note".into(), to: None })]);
    d.now += 2_000;
    d.ch('N');
    d.seen(1_200);
    assert_eq!(d.event(done), [], "there is nothing to write any more");
    assert!(matches!(d.ui.dialog(), Some(Dialog::Text(t)) if !t.is_ready()));
    let mut d = Desk::new(running());
    d.ch('b');
    d.seen(1_200);
    assert_eq!(d.ch('m'), []);
    d.seen(1_200);
    d.type_in("stop");
    d.key(KeyCode::Tab);
    d.now += 600;
    let sent = d.key(KeyCode::Enter);
    assert_eq!(sent, [Intent::Request(Request::Note { text: "stop".into(), to: Some("ana".into()) })]);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Locked(_))), "the dialog below is still there");
}

#[test]
fn a_paste_goes_into_the_text_and_nowhere_else() {
    let mut d = Desk::new(fire());
    d.ch('N');
    d.ui.paste("too early", d.now);
    d.seen(1_200);
    d.ui.paste("one\ntwo\n\u{13}y", d.now);
    let Some(Dialog::Text(t)) = d.ui.dialog() else { panic!() };
    assert_eq!(t.text(), "one\ntwo\ny");
}

/// Whether something comes of an intent beyond looking.
fn acts(i: &Intent) -> bool {
    use Request::*;
    !matches!(
        i,
        Intent::Request(
            Prepare { .. }
                | CancelDraft
                | Why(_)
                | Output { .. }
                | FindOutput { .. }
                | Logs(_)
                | AskAgain
                | Compose { .. }
                | Beside { reason: None }
        ) | Intent::Quit
            | Intent::Suspend
            | Intent::Repaint
    )
}

/// Every dialog there is: what is known, and the keys that open it.
fn every_dialog() -> Vec<(&'static str, View, &'static str)> {
    let with = |confirm| View { draft: Some(draft(confirm)), ..fire() };
    let mut paused = all_kinds();
    paused.run.as_mut().unwrap().paused = Some("disk".into());
    let mut failed = unknown_step();
    failed.run.as_mut().unwrap().needs = Some(Need::Decide { step: 4, detail: "exit 1".into() });
    let mut blocked = with(Confirm::Key);
    blocked.draft.as_mut().unwrap().preflight = vec![("Disk".into(), Answer::Blind, "no answer".into())];
    let mut silent = fire();
    silent.watch = Watch::Silent { host: "bastion-1".into(), for_ms: 12_000 };
    let mut beside = running();
    beside.replacing = Some(Replacing {
        run: "1121-0314-c".into(),
        title: "Binary rollback".into(),
        alive: vec![(4120, "sh".into())],
    });
    let mut lost = all_kinds();
    (lost.undriven, lost.take_up) = (Some("nobody drives it".into()), Some(TakeUp::Resume));
    let kind = crate::model::playbook::ParamKind::Text { pattern: ".*".into(), prefill: None };
    let choices = to_choose(vec![param("to", kind, Vec::new(), None)]);
    let listed =
        to_choose(vec![param("to", crate::model::playbook::ParamKind::Values(Vec::new()), versions(), None)]);
    vec![
        ("typed", with(Confirm::Type), "c"),
        ("key", with(Confirm::Key), "c"),
        ("blocked", blocked.clone(), "c"),
        ("override", blocked, "cO"),
        ("resolving", fire(), "c"),
        ("changes", planned(), "c␄"),
        ("plan", planned(), "3\n\n"),
        ("dry run", tried(false), "3V"),
        ("scenario", fitting(), "3\t\n"),
        ("note", fire(), "N"),
        ("flag", fire(), "x"),
        ("incident", incident::open(), "J"),
        ("severity", incident::open(), "Js"),
        ("it is over", incident::open(), "Je"),
        ("message", messages::telling(), "@"),
        ("written", messages::telling(), "@↓↓\t \n"),
        ("stop", running(), "4S"),
        ("pause", all_kinds(), "4P"),
        ("go on", paused, "4P"),
        ("settle", unknown_step(), "4O"),
        ("not done", unknown_step(), "4On"),
        ("failed", failed.clone(), "4O"),
        ("retry", failed, "4R"),
        ("choose", choosing(), "4O"),
        ("not verified", unverified(), "4O"),
        ("accept", unverified(), "4Oa"),
        ("page", unverified(), "4Op"),
        ("asks", asking(&[("yes", true), ("no", false)], None, false), "4O"),
        ("asks text", asking(&[], Some("who"), true), "4O"),
        ("approve", approving(true), "A"),
        ("agree", approving(true), "Aa"),
        ("refuse", approving(true), "Ax"),
        ("locked", running(), "b"),
        ("message", running(), "bm"),
        ("replace", running(), "bs"),
        ("decide", burning(), "D"),
        ("hold", burning(), "Dw"),
        ("extend", burning(), "De"),
        ("other", burning(), "Do"),
        ("arm", disarmed(), "X"),
        ("mark", burning(), "M"),
        ("take over", silent, "I"),
        ("beside", beside, ""),
        ("take up", lost, "4O"),
        ("text value", choices, "b"),
        ("listed value", listed, "b"),
        ("nothing to decide", calm(), "D"),
        ("find", running(), "4L/"),
    ]
}

/// The dialog opened, its last frame not acknowledged yet.
fn opened(name: &str, view: &View, keys: &str) -> Desk {
    let mut d = Desk::new(view.clone());
    d.drawn(|_| {});
    for c in keys.chars() {
        d.seen(2_000);
        let out = match c {
            '\n' => d.key(KeyCode::Enter),
            '\t' => d.key(KeyCode::Tab),
            '↓' => d.key(KeyCode::Down),
            '␄' => d.event(KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL)),
            c => d.ch(c),
        };
        // A dry run is asked for by its key, and changes nothing.
        assert!(
            out.iter().all(|i| !acts(i) || matches!(i, Intent::Request(Request::DryRun { .. }))),
            "{name}: {c} {out:?}"
        );
    }
    assert!(d.ui.dialog().is_some(), "{name} opens");
    d
}

fn every_key() -> Vec<KeyEvent> {
    let mut out: Vec<KeyEvent> = (' '..='~').map(|c| KeyEvent::from(KeyCode::Char(c))).collect();
    out.extend(
        ('a'..='y').filter(|c| *c != 'z').map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)),
    );
    use KeyCode::{
        BackTab, Backspace, Delete, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up,
    };
    let named =
        [BackTab, Backspace, Delete, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up];
    out.extend(named.map(KeyEvent::from));
    out
}

#[test]
fn every_kind_of_dialog_is_among_them() {
    let seen: std::collections::HashSet<_> =
        every_dialog().iter().map(|(n, v, k)| opened(n, v, k).ui.context()).collect();
    for context in crate::tui::keymap::Context::ALL.into_iter().filter(|c| c.is_dialog()) {
        use crate::tui::keymap::Context::{Chaos, Export, Help, Palette};
        // These are other people's, with tests of their own.
        if !matches!(context, Chaos | Export | Help | Palette) {
            assert!(seen.contains(&context), "{context:?}");
        }
    }
}

#[test]
fn enter_held_down_acts_in_no_dialog() {
    for (name, view, keys) in every_dialog() {
        for repeats in [KeyEventKind::Press, KeyEventKind::Repeat] {
            let mut d = opened(name, &view, keys);
            for n in 0..200 {
                let mut event = KeyEvent::from(KeyCode::Enter);
                event.kind = if n == 0 { KeyEventKind::Press } else { repeats };
                let out = d.event(event);
                assert!(!out.iter().any(acts), "{name}: {out:?}");
                d.seen(8);
            }
        }
    }
}

#[test]
fn no_key_acts_within_half_a_second() {
    for (name, view, keys) in every_dialog() {
        let unseen = opened(name, &view, keys);
        let mut seen = opened(name, &view, keys);
        seen.seen(0);
        for event in every_key() {
            for (d, wait) in [(&unseen, 10_000), (&seen, 0), (&seen, 250), (&seen, 474)] {
                let out = d.ui.clone().key(&event, &d.view, d.now + wait);
                assert!(!out.iter().any(acts), "{name}: {event:?} {out:?}");
            }
        }
    }
}

#[test]
fn a_paste_acts_in_no_dialog_marked_as_one_or_not() {
    const TEXT: &str = "\n\ny\nlapce-ai-cst\n\t\n\ny\u{13}\n1\t\na\no\ns\n";
    for (name, view, keys) in every_dialog() {
        for waits in [0, 250, 600, 5_000] {
            let mut d = opened(name, &view, keys);
            d.seen(waits);
            d.ui.paste(TEXT, d.now);
            let mut d = opened(name, &view, keys);
            d.seen(waits);
            for (n, c) in TEXT.chars().enumerate() {
                let event = match c {
                    '\n' => KeyEvent::from(KeyCode::Enter),
                    '\t' => KeyEvent::from(KeyCode::Tab),
                    '\u{13}' => KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL),
                    c => KeyEvent::from(KeyCode::Char(c)),
                };
                if d.ui.dialog().is_none() {
                    break;
                }
                let out = d.ui.key(&event, &d.view, d.now + n as u64 / 4);
                d.drawn(|_| {});
                assert!(!out.iter().any(acts), "{name}: {n} {c:?} {out:?}");
            }
        }
    }
}

#[test]
fn a_wish_with_a_reason_needs_its_own_enter_on_its_own_button() {
    // The other side of the same: what a person means goes through.
    let mut d = opened("stop", &running(), "4S");
    d.seen(1_200);
    d.type_in("wrong target");
    d.key(KeyCode::Tab);
    d.now += 600;
    let out = d.key(KeyCode::Enter);
    assert!(
        matches!(&out[..], [Intent::Request(Request::Run { wish: Wish::Abort { reason }, .. })] if reason == "wrong target")
    );
}
