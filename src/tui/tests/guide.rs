//! The guide and the emergency help, page by page, and what their keys do.

use super::*;
use crate::engine::eval::Truth;
use crate::session::Request;
use crate::session::view::guide::*;
use crate::session::view::{ChoiceView, GuideView};
use crate::tui::ui::{Intent, Screen};
use crossterm::event::{KeyCode, KeyEvent};
use std::sync::Arc;

fn contact(
    id: &str,
    title: &str,
    when: &str,
    hours: HoursView,
    reach: &[(&'static str, &str)],
) -> ContactView {
    ContactView {
        id: id.into(),
        title: title.into(),
        when: when.into(),
        hours,
        reach: reach.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(),
        ..ContactView::default()
    }
}

fn rung(after: u64, who: &str, how: &str, state: RungState) -> RungView {
    RungView { after_ms: after, who: who.into(), how: how.into(), only_if: None, state }
}

fn guide(title: &str, symptom: &str, steps: &[(&str, Option<&str>)]) -> GuideView {
    GuideView {
        title: title.into(),
        symptom: symptom.into(),
        steps: steps.iter().map(|(t, c)| ((*t).to_owned(), c.map(str::to_owned))).collect(),
    }
}

/// The incident of the pictures, with everything that the guide can show.
pub(crate) fn book(mut view: View) -> View {
    let told =
        ToldView { wall: WALL - 197_000, ok: true, detail: "PagerDuty: accepted 202".into(), who: None };
    let mut oncall = contact(
        "oncall",
        "On-call engineer",
        "at once",
        HoursView::Now(None),
        &[("slack", "#oncall"), ("phone", "pager")],
    );
    (oncall.groups, oncall.channels) = (vec!["oncall".into()], vec!["PagerDuty".into()]);
    let until = WALL + 3 * 3_600_000;
    let from = WALL + 55 * 3_600_000;
    let mut lead = contact(
        "eng-lead",
        "Engineering lead",
        "open > 15 min",
        HoursView::Now(Some(until)),
        &[("slack", "@engineering-lead")],
    );
    lead.users = vec!["lea".into()];
    let director = contact(
        "director",
        "Engineering director",
        "open > 1 h",
        HoursView::From(from),
        &[("slack", "@director-eng")],
    );
    let cto =
        contact("cto", "CTO", "down > 2 h", HoursView::Written("office hours".into()), &[("mail", "cto@x")]);
    let mut on_call_lead = contact("lead", "On-call lead", "decides P1", HoursView::Now(None), &[]);
    (on_call_lead.includes, on_call_lead.channels) =
        (vec!["Engineering lead".into(), "On-call engineer".into()], vec!["PagerDuty".into()]);
    let team = contact("team", "Team", "", HoursView::Unknown, &[("slack", "#team")]);
    let guides = [
        (
            "reload",
            guide(
                "Reload fails",
                "reload exits with an error, or CST stays on",
                &[
                    ("What systemd says", Some("systemctl status --no-pager lapce-ai-service")),
                    ("Last lines of its log", Some("journalctl -u lapce-ai-service -n 50 --no-pager")),
                    ("The fallback restarts the service: 30 s of downtime.", None),
                ],
            ),
        ),
        (
            "start",
            guide(
                "The service does not start",
                "no 200 from /health within 60 s",
                &[("Its ports", Some("ss -ltnp"))],
            ),
        ),
        ("restore", guide("Restore fails", "restore_from_backup.sh exits with an error", &[])),
        ("errors", guide("Errors stay with CST off", "error rate over 0.1 % after the rollback", &[])),
    ];
    view.links.push((
        "Runbook".into(),
        "https://wiki.example/operations/runbooks/lapce-ai-cst/rollback-of-the-semantic-search-pipeline#emergency"
            .into(),
    ));
    view.links.push(("Old wiki".into(), "wiki/cst/rollback".into()));
    view.incident = Some(crate::session::view::IncidentView {
        id: "INC-2026-11-21-1".into(),
        name: "INC-2026-11-21-1".into(),
        reason: "High".into(),
        for_ms: 198_000,
        ..Default::default()
    });
    let list = |procedure: &str, of: &str, param: &str, title: &str, source: &str| ListView {
        procedure: procedure.into(),
        of: of.into(),
        param: param.into(),
        title: title.into(),
        source: source.into(),
        state: ListState::NotAsked,
    };
    view.book = BookView {
        taken: None,
        call: None,
        service: "CST pipeline & semantic search".into(),
        owner: "search team".into(),
        incident: Some(WALL - 198_000),
        ladder: vec![
            rung(0, "On-call engineer", "PagerDuty", RungState::Told(told)),
            rung(900_000, "Engineering lead", "#incidents", RungState::Ahead(702_000)),
            rung(3_600_000, "Engineering director", "#incidents", RungState::Ahead(3_402_000)),
            RungView {
                only_if: Some(("health_down for 2 h".into(), Truth::False)),
                ..rung(7_200_000, "CTO", "#incidents", RungState::Ahead(7_002_000))
            },
        ],
        contacts: vec![oncall, on_call_lead, lead, director, cto, team],
        message: (
            "CST pipeline & semantic search production: ana asks for you".into(),
            "CST pipeline & semantic search production: INC-2026-11-21-1 open for 3m. P1 HIGH, Roll back within 15 min. ana asks for you.".into(),
        ),
        guides: Arc::new(guides.into_iter().map(|(k, g)| (k.to_owned(), g)).collect()),
        probes: Vec::new(),
        backups: vec![
            list("data", "Data rollback", "backup", "Backup", "files /var/backups/cst/*.tar.zst"),
            list("binary", "Binary rollback", "version", "Previous binary", "ls -1 /opt/cst/releases"),
        ],
        objectives: vec![
            GoalView {
                title: "RTO".into(),
                within_ms: 600_000,
                span: "from firing to recovered".into(),
                procedures: vec!["Configuration rollback".into(), "Binary rollback".into()],
                stand: None,
                found: None,
            },
            GoalView {
                title: "Effect".into(),
                within_ms: 60_000,
                span: "from the confirmation to the effect".into(),
                ..GoalView::default()
            },
        ],
        judged: None,
    };
    view
}

fn probed(state: ProbeState) -> View {
    let mut view = book(fire());
    view.book.probes = vec![ProbeView { guide: "reload".into(), step: 1, state }];
    view
}

fn said(lines: &[&str], exit: i32) -> ProbeState {
    let lines: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
    ProbeState::Ended { ago_ms: 6_000, took_ms: 231, exit, total: lines.len(), lines: Arc::new(lines) }
}

/// The page so many to the right of the contacts.
fn page(view: &View, n: usize, keys: &str) -> Ui {
    after(&format!("C{}{keys}", "→".repeat(n)), view)
}

fn both(name: &str, ui: &Ui, view: &View) {
    shot!(format!("guide-{name}-80x24"), frame((80, 24), ui, view));
    shot!(format!("guide-{name}-120x40"), frame((120, 40), ui, view));
}

#[test]
fn the_contacts_and_the_ladder() {
    let view = book(fire());
    both("contacts", &page(&view, 0, ""), &view);
    shot!("guide-contacts-cto-80x24", frame((80, 24), &page(&view, 0, "↓↓↓↓"), &view));
    shot!("guide-page-them-80x24", frame((80, 24), &page(&view, 0, "\n"), &view));
    shot!("guide-no-channel-80x24", frame((80, 24), &page(&view, 0, "↓↓↓\n"), &view));
    let mut late = view.clone();
    late.book.ladder[0].state = RungState::Told(ToldView {
        wall: WALL - 60_000,
        ok: false,
        detail: "PagerDuty failed: no answer in 10 s".into(),
        who: Some("ana".into()),
    });
    late.book.ladder[1].state = RungState::Reached(130_000);
    late.book.contacts[0].telling = true;
    late.book.ladder[3] = RungView {
        only_if: Some(("health_down for 2 h".into(), Truth::True)),
        ..rung(7_200_000, "CTO", "#incidents", RungState::Ahead(2_000))
    };
    shot!("guide-contacts-late-80x24", frame((80, 24), &page(&late, 0, ""), &late));
    let mono = frame_in(&Theme::plain(), &Glyphs::Ascii, (80, 24), &page(&view, 0, ""), &view, &|_, _, n| {
        vec![None; n]
    });
    shot!("guide-contacts-mono-80x24", mono);
    let mut calm = book(calm());
    calm.incident = None;
    calm.book.incident = None;
    calm.book.ladder.iter_mut().for_each(|r| r.state = RungState::Idle);
    shot!("guide-contacts-calm-80x24", frame((80, 24), &page(&calm, 0, ""), &calm));
}

#[test]
fn trouble_and_what_its_commands_said() {
    let view = book(fire());
    both("trouble", &page(&view, 1, ""), &view);
    let ran = probed(said(
        &[
            "● lapce-ai-service.service - CST pipeline & semantic search",
            "     Active: active (running) since Fri 2026-11-20 22:41:07 UTC; 4h 33min ago",
            "    Process: 40911 ExecReload=/bin/kill -HUP $MAINPID (code=exited, status=0)",
            "    CST: config reload rejected: rollout 0 needs pipeline flag restart",
        ],
        0,
    ));
    both("trouble-ran", &page(&ran, 1, "\n"), &ran);
    let failed =
        probed(ProbeState::Failed { ago_ms: 1_000, why: "/usr/bin/systemctl: no answer in 30 s".into() });
    shot!("guide-trouble-failed-80x24", frame((80, 24), &page(&failed, 1, "\n"), &failed));
    let running = probed(ProbeState::Running(4_200));
    shot!("guide-trouble-running-80x24", frame((80, 24), &page(&running, 1, "\n"), &running));
    let long: Vec<String> = (1..=200).map(|n| format!("line {n} of the log")).collect();
    let state = ProbeState::Ended { ago_ms: 0, took_ms: 2_050, exit: 1, total: 240, lines: Arc::new(long) };
    let long = probed(state);
    shot!("guide-trouble-long-80x24", frame((80, 24), &page(&long, 1, "\n\t↑↑"), &long));
    let mono = frame_in(&Theme::plain(), &Glyphs::Ascii, (80, 24), &page(&ran, 1, "\n"), &ran, &|_, _, n| {
        vec![None; n]
    });
    shot!("guide-trouble-mono-80x24", mono);
}

#[test]
fn the_guide_opens_at_what_fits_a_failed_step() {
    let mut view = book(unknown_step());
    let run = view.run.as_mut().unwrap();
    let at = run.current.unwrap() - 1;
    run.steps[at].guide = Some("start".into());
    view.guides.insert("start".into(), view.book.guides["start"].clone());
    let ui = after("6", &view);
    assert_eq!((ui.screen, ui.guide.page), (Screen::Guide, crate::tui::ui::guide::Page::Trouble));
    shot!("guide-trouble-fits-80x24", frame((80, 24), &ui, &view));
    // Nothing went wrong: it opens where it was left.
    let calm = book(fire());
    assert_eq!(after("6", &calm).guide.page, crate::tui::ui::guide::Page::Contacts);
}

#[test]
fn who_is_to_be_called_now_and_who_has_taken_it() {
    let mut view = book(fire());
    view.book.call = Some(CallView { contact: 2, rung: 2, due_ms: Some(190_000), outside: true });
    view.book.ladder[1].state = RungState::Reached(190_000);
    let ui = page(&view, 0, "");
    assert_eq!(crate::tui::ui::guide::row(&ui, &view), Some(2), "the cursor is at whoever is to be called");
    both("call", &ui, &view);
    view.book.ladder[1].state = RungState::Held(1_500_000);
    view.book.taken = Some(TakenView {
        who: "ana".into(),
        note: "looking".into(),
        wall: view.now.wall - 60_000,
        left_ms: 1_500_000,
    });
    both("taken", &ui, &view);
}

#[test]
fn whoever_is_on_it_says_so_from_any_screen() {
    use crate::tui::dialog::{Asked, Dialog};
    let view = book(fire());
    for screen in ["", "4", "5"] {
        let ui = after(&format!("{screen}K"), &view);
        assert!(matches!(ui.dialog(), Some(Dialog::Question(q)) if q.asked == Asked::Take), "{screen:?}");
    }
    let calm = View { incident: None, ..view };
    let ui = after("K", &calm);
    assert!(ui.dialog().is_none());
    assert_eq!(ui.said.as_deref(), Some("no incident is open"));
}

#[test]
fn dashboards_backups_objectives() {
    let view = book(fire());
    both("dashboards", &page(&view, 2, "↓"), &view);
    both("backups", &page(&view, 3, ""), &view);
    let row = |value: &str, size, days: u64| ChoiceView {
        value: value.into(),
        columns: vec![("by".into(), "nightly".into())],
        size: Some(size),
        age_ms: Some(days * 86_400_000 + 4_000_000),
        note: String::new(),
    };
    let mut listed = view.clone();
    let rows = vec![row("cst-2026-11-21", 4_210_000_000, 0), row("cst-2026-11-20", 4_190_000_000, 1)];
    listed.book.backups[0].state = ListState::Listed { ago_ms: 12_000, rows: Arc::new(rows) };
    listed.book.backups[1].state = ListState::Asking(2_300);
    both("backups-listed", &page(&listed, 3, ""), &listed);
    let mut failed = view.clone();
    failed.book.backups[0].state = ListState::Failed {
        ago_ms: 7_000,
        why: "`backup`: no file matches /var/backups/cst/*.tar.zst".into(),
    };
    failed.book.backups[1].state = ListState::Listed { ago_ms: 0, rows: Arc::default() };
    shot!("guide-backups-failed-80x24", frame((80, 24), &page(&failed, 3, ""), &failed));
    shot!("guide-backups-none-80x24", frame((80, 24), &page(&failed, 3, "↓"), &failed));
    both("objectives", &page(&view, 4, ""), &view);
    let mut judged = view.clone();
    judged.book.judged = Some(("Configuration rollback".into(), true));
    let stand = |took, kept, provisional| Some(Stand { took_ms: Some(took), kept, provisional });
    judged.book.objectives[0].stand = stand(309_000, None, false);
    judged.book.objectives[1].stand = stand(83_000, Some(false), false);
    shot!("guide-objectives-run-80x24", frame((80, 24), &page(&judged, 4, ""), &judged));
}

#[test]
fn a_playbook_without_a_book_says_what_to_write() {
    let mut view = calm();
    (view.links, view.emergency) = (Vec::new(), None);
    for (n, name) in
        ["contacts", "trouble", "dashboards", "backups", "objectives", "emergency"].iter().enumerate()
    {
        shot!(format!("guide-{name}-empty-80x24"), frame((80, 24), &page(&view, n, ""), &view));
    }
}

#[test]
fn the_emergency_help() {
    let view = book(fire());
    shot!("emergency-120x40", frame((120, 40), &after("E", &view), &view));
    shot!("emergency-book-80x24", frame((80, 24), &after("E", &view), &view));
    shot!("emergency-60x16", frame((60, 16), &after("E", &view), &view));
    let run = book(running());
    shot!("emergency-running-80x24", frame((80, 24), &after("E", &run), &run));
    let mono = frame_in(&Theme::plain(), &Glyphs::Ascii, (80, 24), &after("E", &view), &view, &|_, _, n| {
        vec![None; n]
    });
    shot!("emergency-mono-80x24", mono);
}

/// What the last of these keys asks for, each screen settled.
fn asked(ui: &mut Ui, view: &View, code: KeyCode) -> Vec<Intent> {
    let out = ui.key(&KeyEvent::from(code), view, 900_000);
    ui.follow(view);
    out
}

#[test]
fn the_emergency_help_opens_by_one_key_from_every_screen() {
    let view = book(fire());
    // Where letters are typed (the keys, dialogs) they are letters; the fleet asks for the service at its cursor.
    for keys in ["1", "2", "3", "4", "5", "6", "8", "9", "W", "\n", "C→→"] {
        let mut ui = after(keys, &view);
        if ui.dialog().is_none() {
            asked(&mut ui, &view, KeyCode::Char('E'));
            assert_eq!(ui.screen, Screen::Emergency, "{keys}");
        }
    }
}

#[test]
fn commands_run_when_they_are_asked_to_and_end_when_one_leaves() {
    let view = book(fire());
    let mut ui = page(&view, 1, "\n");
    assert_eq!(
        asked(&mut ui, &view, KeyCode::Enter),
        [Intent::Request(Request::Probe { guide: "reload".into(), step: 1 })]
    );
    let mut ui = page(&view, 1, "\n↓↓");
    assert!(asked(&mut ui, &view, KeyCode::Enter).is_empty(), "there is nothing to run in the third");
    let mut ui = page(&view, 1, "\n↓");
    let again = asked(&mut ui, &view, KeyCode::Char('R'));
    assert_eq!(again, [Intent::Request(Request::Probe { guide: "reload".into(), step: 2 })]);
    let running = probed(ProbeState::Running(4_000));
    for leaves in [KeyCode::Esc, KeyCode::Left, KeyCode::Char('1'), KeyCode::Char('E'), KeyCode::Char('4')] {
        let mut ui = page(&running, 1, "\n");
        assert_eq!(asked(&mut ui, &running, leaves), [Intent::Request(Request::StopProbes)], "{leaves:?}");
    }
    let mut ui = page(&running, 1, "\n");
    assert!(asked(&mut ui, &running, KeyCode::Down).is_empty(), "looking at the next ends nothing");
    let read_only = View { read_only: true, ..book(fire()) };
    let mut ui = page(&read_only, 1, "\n");
    assert!(asked(&mut ui, &read_only, KeyCode::Enter).is_empty());
    assert!(ui.dialog().is_some(), "and it says why");
}

#[test]
fn people_are_paged_only_by_a_question() {
    let view = book(fire());
    let text = view.book.message.1.clone();
    let mut ui = page(&view, 0, "\n");
    assert!(asked(&mut ui, &view, KeyCode::Enter).is_empty(), "the focus is on Cancel");
    assert!(ui.dialog().is_none());
    let mut ui = page(&view, 0, "\nplease\t");
    let out = asked(&mut ui, &view, KeyCode::Enter);
    assert_eq!(
        out,
        [Intent::Request(Request::PageRole { role: "oncall".into(), text: format!("{text} please") })]
    );
}

#[test]
fn each_screen_copies_what_its_cursor_is_at() {
    let view = book(fire());
    let copied = |keys: &str, view: &View| asked(&mut after(keys, view), view, KeyCode::Char('Y'));
    let text = |text: &str| vec![Intent::Copy { text: text.into() }];
    assert_eq!(copied("C", &view), text("On-call engineer: #oncall, pager"));
    assert_eq!(copied("C→\n↓", &view), text("journalctl -u lapce-ai-service -n 50 --no-pager"));
    let ran = probed(said(&["one", "two"], 0));
    assert_eq!(copied("C→\n\t", &ran), text("one\ntwo"));
    assert_eq!(copied("C→→", &view), text("https://grafana/d/cst"));
    assert_eq!(copied("\n", &view), text(&view.signals[0].origin));
    assert_eq!(copied("E", &view), [Intent::CopySheet]);
    let mut ui = page(&view, 1, "↓↓\n");
    assert!(asked(&mut ui, &view, KeyCode::Char('Y')).is_empty());
    assert_eq!(ui.said.as_deref(), Some("nothing to copy here"));
    ui.copied("\n  ls -l\nmore", None);
    assert_eq!(ui.said.as_deref(), Some("copied: ls -l …"));
    shot!("guide-copied-80x24", frame((80, 24), &ui, &view));
    asked(&mut ui, &view, KeyCode::Down);
    assert_eq!(ui.said, None, "until the next key");
    ui.copied("", Some(80_000));
    assert_eq!(ui.said.as_deref(), Some("not copied: 80000 bytes, at most 74994"));
}

#[test]
fn a_page_shows_only_what_is_looked_for() {
    let view = book(fire());
    let mut ui = page(&view, 0, "");
    ui.find = Some("LEAD".into());
    shot!("guide-contacts-found-80x24", frame((80, 24), &ui, &view));
    ui.find = Some("nobody".into());
    assert!(asked(&mut ui, &view, KeyCode::Enter).is_empty());
    shot!("guide-contacts-not-found-80x24", frame((80, 24), &ui, &view));
}

#[test]
fn only_addresses_of_the_web_are_marked_as_links() {
    let view = book(fire());
    let buffer = frame((80, 24), &page(&view, 2, ""), &view);
    let mut linked = std::collections::BTreeSet::new();
    for y in 0..24 {
        for x in 0..80 {
            if buffer[(x, y)].underline_color != ratatui::style::Color::Reset {
                linked.insert(y);
            }
        }
    }
    // Two of three links in the list, and the one at the cursor in full.
    assert_eq!(linked.len(), 3, "{linked:?}");
}

#[test]
fn every_page_survives_every_size() {
    let long = |text: &str| text.repeat(30);
    let mut odd = probed(said(&[&long("output "), "\u{202e}x"], 2));
    odd.book.contacts[0].title = long("Someone ");
    odd.book.contacts[0].reach = vec![("phone", long("+49 "))];
    odd.book.ladder[0].who = long("All of them ");
    odd.book.backups[0].source = long("a very long listing ");
    odd.book.objectives[0].title = long("Objective ");
    odd.links[0] = (long("Link "), format!("https://{}", long("a")));
    for view in [&book(fire()), &odd, &View::default()] {
        for n in 0..6 {
            let mut ui = page(view, n, "\n");
            for width in (60..=130).step_by(7) {
                for height in (16..=50).step_by(5) {
                    for section in 0..3 {
                        ui.section = section;
                        let drawn = text(&frame((width, height), &ui, view));
                        assert!(!drawn.replace('\n', "").chars().any(char::is_control));
                    }
                }
            }
        }
    }
}
