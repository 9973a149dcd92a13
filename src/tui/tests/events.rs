//! The timeline and the logs.

use super::keys::Desk;
use super::*;
use crate::model::playbook::Mark;
use crate::session::Request;
use crate::session::view::logs::KEPT;
use crate::session::view::{Form, Happening, IncidentView, LogLine, LogSeen, LogView, OnRecord, Sort, View};
use crate::tui::dialog::Dialog;
use crate::tui::ui::{Intent, Screen};
use crossterm::event::KeyCode;
use std::sync::Arc;

/// The night of the picture.
fn night() -> View {
    let mut v = verifying();
    #[allow(clippy::type_complexity)]
    let rows: [(i64, Option<char>, Option<char>, &str, &str, &str); 16] = [
        (309, Some('D'), None, "deploy", "v1.2.4, rollout 25 % → 50 %", "ben"),
        (198, Some('F'), None, "firing", "High (P1): error rate 2.07 % > 2 %", ""),
        (198, None, None, "decision", "clock 15:00 opened, default escalate", ""),
        (197, None, None, "message", "PagerDuty: On-call lead, accepted 202", ""),
        (185, None, None, "tick", "Severity confirmed", "auto"),
        (84, Some('P'), None, "pending", "Automatic rollback: p95 2.03 s > 2 s", ""),
        (48, None, Some('~'), "stale", "Memory, Cache hits: no answer in 3 s", ""),
        (42, None, None, "decision", "roll back: Configuration rollback", "ana"),
        (38, None, Some('>'), "run", "1121-0314-c requested, 9 steps", "ana"),
        (37, None, None, "auto", "Automatic rollback held: a run is in progress", ""),
        (26, None, Some('!'), "step 1.3", "Mark in monitoring: timed out after 5 s, goes on", ""),
        (26, None, Some('+'), "step 4", "Reload: applied, exit 0", ""),
        (17, Some('o'), Some('*'), "step 4", "Reload: observed, CST off, share 0 %", ""),
        (15, None, Some('~'), "verify", "Memory silent: the stability clock starts again", ""),
        (10, None, Some('✓'), "verify", "No active alert: holds (0)", ""),
        (5, Some('n'), None, "note", "users report search is back", "ben"),
    ];
    v.timeline = rows
        .iter()
        .enumerate()
        .map(|(n, (ago, letter, mark, kind, text, who))| Happening {
            wall: WALL - ago * 1000,
            letter: *letter,
            mark: *mark,
            kind: (*kind).into(),
            text: (*text).into(),
            who: (!who.is_empty()).then(|| (*who).into()),
            measured: String::new(),
            record: (!matches!(*kind, "pending" | "stale" | "firing")).then(|| OnRecord {
                log: if kind.starts_with("step") || *kind == "verify" { "1121-0314-c" } else { "decisions" }
                    .into(),
                seq: 1_237 + n as u64,
                hash: format!("77ab{n:060}"),
            }),
        })
        .collect();
    v.timeline[14].measured = "0 (was 1), judged by supervisor pid 41120".into();
    v.incident = Some(IncidentView {
        id: "INC-2026-11-21-1".into(),
        name: "INC-2026-11-21-1".into(),
        reason: String::new(),
        for_ms: 198_000,
        ..Default::default()
    });
    v
}

fn desk(view: View) -> Desk {
    let mut d = Desk::new(view);
    d.ch('5');
    d
}

#[test]
fn the_timeline_as_drawn() {
    shot!("timeline-night-80x24", frame((80, 24), &after("5k", &night()), &night()));
    shot!("timeline-night-120x40", frame((120, 40), &after("5k", &night()), &night()));
    shot!("timeline-steps-80x24", frame((80, 24), &after("5FFF", &night()), &night()));
    shot!("timeline-find-80x24", frame((80, 24), &after("5/step\n", &night()), &night()));
    shot!("timeline-nothing-found-80x24", frame((80, 24), &after("5/zebra\n", &night()), &night()));
    let empty = View { timeline: Vec::new(), ..calm() };
    shot!("timeline-empty-80x24", frame((80, 24), &after("5", &empty), &empty));
    let mut wrote = night();
    wrote.exported = Some(
        "31 events: timeline-20261121T021407Z.csv in /var/lib/ripcord/lapce-ai-cst@production/exports".into(),
    );
    shot!("timeline-exported-80x24", frame((80, 24), &after("5", &wrote), &wrote));
    shot!("export-80x24", frame((80, 24), &after("5>", &night()), &night()));
    shot!("export-120x40", frame((120, 40), &after("5>", &night()), &night()));
    let mono = |size| {
        let theme = Theme::named("mono").unwrap();
        let view = night();
        frame_in(&theme, &Glyphs::Ascii, size, &after("5k", &view), &view, &|s, w, n| {
            columns_of(&view, s, w, n)
        })
    };
    shot!("timeline-mono-80x24", mono((80, 24)));
}

#[test]
fn f_goes_through_the_kinds_of_which_something_happened() {
    let mut d = desk(night());
    let mut words = vec![];
    for _ in 0..8 {
        d.ch('F');
        words.push(d.ui.events.only.map(Sort::word));
    }
    let all = ["decisions", "triggers", "steps", "notes", "ticks", "messages", "signals"];
    assert_eq!(words, all.map(Some).into_iter().chain([None]).collect::<Vec<_>>());
    d.ch('F');
    assert!(d.ui.shown_events(&d.view).iter().all(|h| h.sort() == Sort::Decisions));
}

#[test]
fn the_cursor_stays_at_its_event_when_more_happens() {
    let mut d = desk(night());
    d.key(KeyCode::Up);
    d.key(KeyCode::Up);
    let at = |d: &Desk| {
        let shown = d.ui.shown_events(&d.view);
        shown[shown.len() - 1 - d.ui.back_in_time].text.clone()
    };
    let was = at(&d);
    let newest = Happening { wall: WALL, kind: "note".into(), text: "new".into(), ..Happening::default() };
    d.view.timeline.push(newest);
    d.ui.follow(&d.view);
    assert_eq!((at(&d), d.ui.back_in_time), (was, 3));
    d.key(KeyCode::End);
    d.view.timeline.push(Happening { wall: WALL + 1, text: "newer".into(), ..Happening::default() });
    d.ui.follow(&d.view);
    assert_eq!((at(&d).as_str(), d.ui.back_in_time), ("newer", 0), "at the end it goes along");
    d.key(KeyCode::Home);
    assert_eq!(d.ui.back_in_time, d.view.timeline.len() - 1);
}

#[test]
fn enter_shows_the_moment_on_the_charts_or_says_why_not() {
    let mut d = desk(night());
    d.key(KeyCode::Up);
    d.key(KeyCode::Enter);
    assert_eq!(d.ui.screen, Screen::Overview);
    let mut old = night();
    old.timeline[0].wall -= 3 * 86_400_000;
    let mut d = desk(old);
    d.key(KeyCode::Home);
    d.key(KeyCode::Enter);
    assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(r)) if r.title == "NOT ON THE CHARTS"));
    assert_eq!(d.ui.screen, Screen::Timeline);
}

#[test]
fn export_asks_for_the_form_and_a_screen_that_only_reads_does_not() {
    for (key, form) in [('j', Form::Json), ('c', Form::Csv), ('m', Form::Markdown)] {
        let mut d = desk(night());
        d.ch('>');
        assert!(matches!(d.ui.dialog(), Some(Dialog::Export)));
        d.seen(2_000);
        assert_eq!(d.ch(key), [Intent::Request(Request::Export(form))]);
        assert!(d.ui.dialog().is_none());
    }
    let mut d = desk(night());
    d.ch('>');
    d.seen(2_000);
    assert_eq!(d.key(KeyCode::Enter), []);
    assert!(d.ui.dialog().is_none());
    let mut d = desk(View { read_only: true, ..night() });
    d.ch('>');
    assert!(matches!(d.ui.dialog(), Some(Dialog::Refused(_))));
}

fn line(number: u64, text: &str) -> LogLine {
    let mark = match text {
        t if t.contains("ERROR") => Some(Mark::Critical),
        t if t.contains("WARN") => Some(Mark::Warn),
        _ => None,
    };
    LogLine { number, text: text.into(), mark }
}

fn log(id: &str, title: &str, seen: Option<LogSeen>) -> LogView {
    LogView {
        id: id.into(),
        title: title.into(),
        origin: format!("/var/log/lapce-ai/{id}.log"),
        marks: vec![("ERROR".into(), Mark::Critical), ("WARN".into(), Mark::Warn)],
        seen: seen.map(Arc::new),
    }
}

fn followed() -> LogSeen {
    let texts = [
        "03:14:0{} GET /search 200 14 ms",
        "03:14:0{} WARN cache miss, 41 ms",
        "03:14:0{} ERROR upstream timed out",
    ];
    let lines =
        (0..40).map(|n| line(n + 1, &texts[(n % 7 % 3) as usize].replace("{}", &(n % 10).to_string())));
    LogSeen {
        lines: lines.collect(),
        total: 40,
        minute: (4, 12),
        columns: (0..30).map(|n| [0, 0, 1, 5, 3][n % 5]).collect(),
        ..LogSeen::default()
    }
}

fn logs() -> View {
    let quiet = LogSeen { columns: vec![0; 3], ..LogSeen::default() };
    let gone = LogSeen { trouble: Some("/var/log/lapce-ai/gone.log does not exist".into()), ..quiet.clone() };
    let logs = vec![
        log("alerts", "Alerts", Some(followed())),
        log("rollback", "Rollback", Some(quiet)),
        log("gone", "Indexer", Some(gone)),
        log("opening", "Search", None),
    ];
    View { logs, ..fire() }
}

#[test]
fn the_logs_as_drawn() {
    let v = logs();
    shot!("logs-80x24", frame((80, 24), &after("9", &v), &v));
    shot!("logs-120x40", frame((120, 40), &after("9", &v), &v));
    shot!("logs-still-80x24", frame((80, 24), &after("9⇞", &v), &v));
    shot!("logs-marked-80x24", frame((80, 24), &after("9F", &v), &v));
    shot!("logs-find-80x24", frame((80, 24), &after("9/timed\n", &v), &v));
    shot!("logs-quiet-80x24", frame((80, 24), &after("9→", &v), &v));
    shot!("logs-gone-80x24", frame((80, 24), &after("9→→", &v), &v));
    shot!("logs-opening-80x24", frame((80, 24), &after("9→→→", &v), &v));
    shot!("logs-none-80x24", frame((80, 24), &after("9", &fire()), &fire()));
    let mut fast = logs();
    let seen = LogSeen { total: 1_204_331, dropped: 1_190_021, ..followed() };
    fast.logs[0].seen = Some(Arc::new(seen));
    shot!("logs-fast-80x24", frame((80, 24), &after("9", &fast), &fast));
    let theme = Theme::named("mono").unwrap();
    let mono =
        frame_in(&theme, &Glyphs::Ascii, (80, 24), &after("9", &v), &v, &|s, w, n| columns_of(&v, s, w, n));
    shot!("logs-mono-80x24", mono);
}

#[test]
fn logs_are_followed_while_they_are_looked_at_and_no_longer() {
    let mut d = Desk::new(logs());
    let all = ["alerts", "rollback", "gone", "opening"].map(String::from).to_vec();
    assert_eq!(d.ch('9'), [Intent::Request(Request::Logs(all))]);
    assert_eq!(d.key(KeyCode::Down), []);
    assert_eq!(d.ch('1'), [Intent::Request(Request::Logs(Vec::new()))]);
    assert_eq!(d.ch('2'), []);
}

#[test]
fn up_stops_following_and_the_end_follows_again() {
    let mut d = Desk::new(logs());
    d.ch('9');
    d.key(KeyCode::Up);
    assert_eq!(d.ui.logs.upto, Some(39));
    d.key(KeyCode::PageUp);
    assert_eq!(d.ui.logs.upto, Some(29));
    let mut more = followed();
    more.lines.extend((41..=60).map(|n| line(n, "x")));
    d.view.logs[0].seen = Some(Arc::new(more));
    d.key(KeyCode::Up);
    assert_eq!(d.ui.logs.upto, Some(28), "it stands where it is");
    d.key(KeyCode::Enter);
    assert_eq!(d.ui.logs.upto, None);
    d.ch('F');
    d.key(KeyCode::Up);
    let (_, log) = d.ui.log(&d.view).unwrap();
    let shown = d.ui.shown_lines(log);
    assert!(shown.iter().all(|l| l.mark.is_some()));
    assert_eq!(d.ui.logs.upto, Some(shown[shown.len() - 2].number));
    d.key(KeyCode::Right);
    assert_eq!((d.ui.log(&d.view).unwrap().0, d.ui.logs.upto), (1, None));
    d.key(KeyCode::Left);
    d.key(KeyCode::Left);
    assert_eq!(d.ui.log(&d.view).unwrap().0, 0);
}

#[test]
fn a_full_log_of_long_lines_is_drawn_within_its_area() {
    let mut v = logs();
    let lines = (0..KEPT as u64).map(|n| line(n + 1, &"ERROR 日本 ".repeat(200))).collect();
    v.logs[0].seen = Some(Arc::new(LogSeen { lines, total: 9_999_999, ..followed() }));
    for size in [(60, 16), (80, 24), (200, 60)] {
        let text = text(&frame(size, &after("9", &v), &v));
        assert!(text.lines().count() == size.1 as usize);
    }
}
