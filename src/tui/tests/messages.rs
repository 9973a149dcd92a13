//! Messages to people: which one, to whom, written, sent, and what became of them.

use super::keys::Desk;
use super::*;
use crate::session::Request;
use crate::session::outbox::Fate;
use crate::session::view::{ComposedView, LetterView, MessageView};
use crate::tui::dialog::Dialog;
use crate::tui::dialog::text::About;
use crate::tui::theme::ColorLevel;
use crate::tui::ui::Intent;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

fn letter(channel: &str, about: &str, fate: Fate, detail: &str) -> LetterView {
    LetterView {
        id: format!("{about}: {channel}"),
        channel: channel.into(),
        about: about.into(),
        fate,
        detail: detail.into(),
        wall: WALL - 30_000,
        attempts: 1,
        pointed_out: fate == Fate::GivenUp,
        ..LetterView::default()
    }
}

pub(super) fn telling() -> View {
    let mut v = incident::open();
    v.channels = [("chat", "#incidents"), ("pager", "PagerDuty"), ("status", "Status page")]
        .map(|(id, title)| (id.to_owned(), title.to_owned()))
        .into();
    let message = |id: &str, subject: &str, usual: [bool; 3]| MessageView {
        id: id.into(),
        subject: subject.into(),
        usual: usual.into(),
    };
    v.messages = vec![
        message("started", "{{ service.title }}: {{ procedure.title }} started", [true, true, false]),
        message("resolved", "{{ service.title }} is well again", [true, false, true]),
        message("", "", [false; 3]),
    ];
    v.letters = vec![
        letter("#incidents", "run started", Fate::Delivered, "200"),
        letter("PagerDuty", "On-call lead", Fate::Delivered, "202"),
        letter("Status page", "run started", Fate::GivenUp, "503 for 15m"),
        LetterView {
            attempts: 3,
            next_ms: Some(20_000),
            ..letter("Grafana", "run started", Fate::Waiting, "timed out after 5 s")
        },
        LetterView { attempts: 0, ..letter("#incidents", "resolved", Fate::Waiting, "") },
        letter("#incidents", "High (P1) fires", Fate::HeldBack, "told of in: 12 more"),
    ];
    v
}

fn composed(number: u64, message: &str, text: Result<(&str, &str), &str>) -> ComposedView {
    let text = text.map(|(s, b)| (s.to_owned(), b.to_owned())).map_err(str::to_owned);
    ComposedView { number, message: message.into(), text }
}

fn filled() -> ComposedView {
    let body = "Incident OPS-417, started by ana at 03:14.\nBetween 03:11 and - search was below its target.";
    composed(1, "started", Ok(("lapce-ai-cst: Configuration rollback started", body)))
}

#[test]
fn messages_in_their_states() {
    let view = telling();
    for (name, keys) in [("", "@"), ("-channels", "@\t↓↓ "), ("-letters", "@\t\t↓↓↓"), ("-untold", "@↓↓\n")]
    {
        shot!(format!("messages{name}-80x24"), frame((80, 24), &after(keys, &view), &view));
    }
    shot!("messages-120x40", frame((120, 40), &after("@", &view), &view));
    let none = View { channels: vec![], messages: vec![], letters: vec![], ..fire() };
    shot!("messages-none-80x24", frame((80, 24), &after("@", &none), &none));
    shot!("messages-none-120x40", frame((120, 40), &after("@", &none), &none));
    let written = View { composed: Some(filled()), ..telling() };
    let mut opened = after("@\n", &view);
    opened.follow(&written);
    shot!("messages-text-80x24", frame((80, 24), &opened, &written));
    shot!("messages-text-120x40", frame((120, 40), &opened, &written));
    let failed =
        View { composed: Some(composed(1, "started", Err("no value for `signal.p95`"))), ..telling() };
    let mut refused = after("@\n", &view);
    refused.follow(&failed);
    shot!("messages-failed-80x24", frame((80, 24), &refused, &failed));
    let theme = Theme::dark().at(ColorLevel::None);
    let plain = frame_in(&theme, &Glyphs::Ascii, (80, 24), &after("@\t\t", &view), &view, &|s, w, n| {
        columns_of(&view, s, w, n)
    });
    shot!("messages-ascii-80x24", plain);
    let drilled = View { channels: view.channels.clone(), messages: view.messages.clone(), ..fleet::drill() };
    shot!("messages-drill-80x24", frame((80, 24), &after("@", &drilled), &drilled));
}

fn request(out: &[Intent]) -> Option<&Request> {
    match out {
        [Intent::Request(r)] => Some(r),
        _ => None,
    }
}

/// The dialog with the text of the first message in it.
fn written() -> Desk {
    let mut d = Desk::new(telling());
    d.ch('@');
    d.seen(600);
    let asked = d.key(KeyCode::Enter);
    assert_eq!(request(&asked), Some(&Request::Compose { message: "started".into() }));
    assert!(matches!(d.ui.dialog(), Some(Dialog::Messages(_))), "it waits for the text");
    d.drawn(|v| v.composed = Some(filled()));
    d.seen(600);
    d
}

#[test]
fn a_message_is_filled_in_edited_and_sent_to_who_is_ticked() {
    let mut d = written();
    let Some(Dialog::Text(t)) = d.ui.dialog() else { panic!() };
    assert!(t.text().starts_with("lapce-ai-cst: Configuration rollback started\nIncident OPS-417"));
    d.type_in(" We watch.");
    let mut send = KeyEvent::from(KeyCode::Char('s'));
    send.modifiers = KeyModifiers::CONTROL;
    let out = d.event(send);
    let Some(Request::Post { message, channels, subject, body }) = request(&out) else { panic!("{out:?}") };
    assert_eq!((message.as_str(), channels.as_slice()), ("started", &["chat".into(), "pager".into()][..]));
    assert_eq!(subject, "lapce-ai-cst: Configuration rollback started");
    assert!(body.starts_with("Incident OPS-417") && body.ends_with("target. We watch."), "{body}");
    assert!(d.ui.dialog().is_none());
}

#[test]
fn enter_held_in_the_list_opens_a_text_and_sends_nothing() {
    let mut d = Desk::new(telling());
    d.ch('@');
    d.seen(600);
    let mut sent = d.key(KeyCode::Enter);
    d.drawn(|v| v.composed = Some(filled()));
    d.seen(600);
    for _ in 0..50 {
        sent.extend(d.event(KeyEvent { kind: KeyEventKind::Repeat, ..KeyEvent::from(KeyCode::Enter) }));
    }
    assert!(sent.iter().all(|i| matches!(i, Intent::Request(Request::Compose { .. }))), "{sent:?}");
    assert!(matches!(d.ui.dialog(), Some(Dialog::Text(_))));
}

#[test]
fn a_draft_is_kept_when_it_is_closed_and_for_other_channels_too() {
    let mut d = written();
    d.type_in(" We watch.");
    d.key(KeyCode::Esc);
    assert!(d.ui.dialog().is_none());
    d.now += 600;
    d.ch('@');
    d.seen(600);
    d.key(KeyCode::Tab);
    d.ch(' ');
    d.now += 2_000;
    assert_eq!(d.key(KeyCode::Enter), [], "what was written is not filled in anew");
    let Some(Dialog::Text(t)) = d.ui.dialog() else { panic!("{:?}", d.ui.dialog()) };
    assert!(t.text().ends_with("We watch."));
    assert_eq!(t.about, About::Letter { message: "started".into(), channels: vec!["pager".into()] });
}

#[test]
fn without_a_channel_nothing_is_written_and_one_can_write_ones_own() {
    let mut d = Desk::new(telling());
    d.ch('@');
    d.seen(600);
    d.key(KeyCode::Down);
    d.now += 200;
    d.key(KeyCode::Down);
    d.now += 200;
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Messages(m)) if m.problem.is_some()));
    d.key(KeyCode::Tab);
    d.now += 200;
    d.ch(' ');
    d.now += 2_000;
    d.key(KeyCode::Enter);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Text(t)) if t.text().is_empty()));
}

#[test]
fn what_was_not_delivered_is_seen_everywhere_and_sent_again_by_one_key() {
    let foot = |keys: &str, view: &View| {
        let drawn = text(&frame((80, 24), &after(keys, view), view));
        drawn.lines().last().unwrap().to_owned()
    };
    for keys in ["", "2", "3", "5", "6"] {
        let row = foot(keys, &telling());
        assert!(row.contains("@ 1 message NOT delivered"), "{keys}: {row}");
    }
    let well = View { letters: Vec::new(), ..telling() };
    assert!(!foot("", &well).contains("NOT delivered"));
    let mut d = Desk::new(telling());
    d.ch('@');
    d.seen(600);
    d.key(KeyCode::BackTab);
    d.now += 200;
    assert_eq!(d.ch('r'), [], "the newest was not given up");
    for _ in 0..3 {
        d.now += 200;
        d.key(KeyCode::Down);
    }
    d.now += 2_000;
    let out = d.ch('r');
    assert_eq!(request(&out), Some(&Request::PostAgain { letter: "run started: Status page".into() }));
}

#[test]
fn a_screen_that_only_reads_sends_nothing_and_a_drill_says_that_nothing_is_sent() {
    let mut d = Desk::new(View { read_only: true, ..telling() });
    d.ch('@');
    d.seen(600);
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(r)) if r.title == "READ ONLY"));
    let view = telling();
    let drilled = View { channels: view.channels, messages: view.messages, ..fleet::drill() };
    let mut d = Desk::new(drilled);
    d.ch('@');
    d.seen(600);
    d.key(KeyCode::Enter);
    d.drawn(|v| v.composed = Some(filled()));
    d.seen(600);
    d.key(KeyCode::Tab);
    d.now += 2_000;
    let out = d.key(KeyCode::Enter);
    assert!(matches!(request(&out), Some(Request::Post { .. })), "{out:?}");
    assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(r)) if r.title.starts_with("SIMULATED")));
}
