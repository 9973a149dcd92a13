//! The fleet: where a row stands, in which order rows stand, what a filter leaves.

use super::*;
use crate::model::time::Now;

fn now(boot: u64) -> Now {
    Now { boot, boot_id: "b".into(), wall: 1_000_000 + boot as i64 }
}

fn says(gravity: Gravity, text: &str) -> Says {
    Says {
        at: now(100_000),
        acts: true,
        host: "bastion-1".into(),
        gravity,
        text: text.into(),
        ..Says::default()
    }
}

fn row(id: usize, service: &str, says: Option<Says>) -> FleetRow {
    FleetRow { id, service: service.into(), environment: "production".into(), says, ..FleetRow::default() }
}

fn quiet(id: usize, service: &str) -> FleetRow {
    row(id, service, Some(says(Gravity::Ok, "quiet")))
}

fn due(at: &Now, ms: u64) -> Due {
    Due { title: "Configuration".into(), then: "3 min".into(), at: Some(Deadline::after(at, ms)) }
}

fn run(driven: bool, needs: Option<&str>) -> FleetRun {
    FleetRun {
        title: "Gradual rollback".into(),
        place: "step 3 of 9".into(),
        since: now(40_000),
        driven,
        needs: needs.map(Into::into),
        ..FleetRun::default()
    }
}

fn fleet(at: u64, rows: Vec<FleetRow>) -> FleetView {
    FleetView {
        now: now(at),
        rows: Arc::new(rows.into_iter().map(Arc::new).collect()),
        ..FleetView::default()
    }
}

#[test]
fn silence_and_absence_are_unknown_and_never_quiet() {
    let row = quiet(1, "a");
    assert_eq!(row.state(&now(110_000)).grade, Grade::Quiet);
    let late = row.state(&now(140_000));
    assert_eq!(
        (late.grade, late.text.as_str(), late.age_ms),
        (Grade::Unknown, "UNKNOWN: watcher silent", Some(40_000))
    );
    assert!(!late.watched);
    let mut left = row.clone();
    left.says.as_mut().unwrap().gone = true;
    assert_eq!(left.state(&now(101_000)).text, "UNKNOWN: nobody watches");
    assert_eq!(super::FleetRow::default().state(&now(0)).text, "UNKNOWN: nobody watches");
    // After a reboot an old heartbeat says nothing, however young it looks.
    let rebooted = Now { boot_id: "c".into(), ..now(101_000) };
    assert_eq!(row.state(&rebooted).grade, Grade::Unknown);
}

#[test]
fn a_screen_says_how_it_is_but_nothing_acts() {
    let mut r = quiet(1, "a");
    r.mode = Some(Automation::Armed);
    r.acts = vec![due(&now(100_000), 30_000)];
    assert_eq!(r.state(&now(101_000)).clock, Some(RowClock::Left(29_000)));
    r.says.as_mut().unwrap().acts = false;
    let state = r.state(&now(101_000));
    assert_eq!((state.text.as_str(), state.clock, state.watched), ("quiet, NO WATCH", None, false));
    r.says.as_mut().unwrap().acts = true;
    r.says.as_mut().unwrap().trouble = Some("disk full".into());
    assert_eq!(r.acts_next(&now(101_000)), None, "who cannot record does not act");
}

#[test]
fn stage_and_mode_stand_beside_quiet() {
    let mut r = quiet(1, "a");
    r.says.as_mut().unwrap().stage = Some("canary 25 %".into());
    r.mode = Some(Automation::Shadow);
    assert_eq!(r.state(&now(101_000)).text, "quiet, canary 25 %, shadow");
}

#[test]
fn a_run_is_named_and_one_that_waits_for_people_is_critical() {
    let of = |driven, needs, gravity, text: &str| {
        let r = FleetRow { run: Some(run(driven, needs)), ..row(1, "a", Some(says(gravity, text))) };
        let s = r.state(&now(100_000));
        (s.grade, s.text, s.clock)
    };
    let elapsed = Some(RowClock::Elapsed(60_000));
    assert_eq!(
        of(true, None, Gravity::Ok, ""),
        (Grade::Running, "run: Gradual, step 3 of 9".into(), elapsed)
    );
    assert_eq!(
        of(true, None, Gravity::Critical, "P1 roll back"),
        (Grade::Critical, "P1 run: Gradual, step 3 of 9".into(), elapsed)
    );
    let stuck = of(true, Some("NOT VERIFIED"), Gravity::Ok, "");
    assert_eq!((stuck.0, stuck.1.as_str()), (Grade::Critical, "NOT VERIFIED: Gradual rollback"));
    let lost = of(false, None, Gravity::Ok, "");
    assert_eq!((lost.0, lost.1.as_str()), (Grade::Critical, "NOBODY DRIVES Gradual rollback"));
    // Verified and only watched: the service speaks for itself again.
    let guarded = FleetRun { guarding: true, ..run(true, None) };
    let r = FleetRow { run: Some(guarded), ..quiet(1, "a") };
    assert_eq!(r.state(&now(101_000)).grade, Grade::Quiet);
}

#[test]
fn the_soonest_clock_is_the_rows_and_an_overdue_one_is_negative() {
    let mut r = row(1, "a", Some(says(Gravity::Critical, "P1 roll back")));
    r.says.as_mut().unwrap().respond_by = Some(now(500_000).wall);
    assert_eq!(r.state(&now(100_000)).clock, Some(RowClock::Left(400_000)));
    r.decisions = vec![due(&now(90_000), 300_000)];
    assert_eq!(r.state(&now(100_000)).clock, Some(RowClock::Left(290_000)));
    r.acts = vec![due(&now(100_000), 36_000)];
    assert_eq!(r.state(&now(100_000)).clock, Some(RowClock::Left(36_000)));
    r.acts.clear();
    r.decisions = vec![due(&now(90_000), 5_000)];
    assert_eq!(r.state(&now(100_000)).clock, Some(RowClock::Left(-5_000)));
}

#[test]
fn a_decision_that_is_open_is_worth_a_look_though_all_is_quiet() {
    let r = FleetRow { decisions: vec![Due::default()], ..quiet(1, "a") };
    assert_eq!(r.state(&now(101_000)).grade, Grade::Warn);
}

#[test]
fn a_log_that_cannot_be_read_hides_nothing_that_is_graver() {
    let unread = Some("decisions.jsonl:3: the chain is broken".to_owned());
    let of = |gravity| {
        FleetRow { unread: unread.clone(), ..row(1, "a", Some(says(gravity, "P1"))) }.state(&now(101_000))
    };
    assert_eq!(of(Gravity::Ok).grade, Grade::Unknown);
    assert_eq!(of(Gravity::Critical).grade, Grade::Critical);
    assert!(of(Gravity::Ok).text.contains("chain is broken"));
}

/// One of each: critical with a late clock, critical with a soon one, running, warns, unknown, broken, quiet.
fn mixed() -> Vec<FleetRow> {
    let mut soon = row(2, "soon", Some(says(Gravity::Critical, "P1")));
    soon.decisions = vec![due(&now(100_000), 10_000)];
    let mut late = row(1, "late", Some(says(Gravity::Critical, "P1")));
    late.decisions = vec![due(&now(100_000), 90_000)];
    let running = FleetRow { run: Some(run(true, None)), tone: Tone::Danger, ..quiet(3, "running") };
    let broken = FleetRow { broken: Some(Broken::default()), tone: Tone::Danger, ..row(6, "broken", None) };
    vec![
        late,
        soon,
        running,
        row(4, "warns", Some(says(Gravity::Warn, "warn: p99"))),
        row(5, "unknown", None),
        broken,
        quiet(7, "quiet"),
    ]
}

fn names(view: &FleetView, order: &Order) -> Vec<String> {
    order.ids().iter().map(|id| view.row(*id).unwrap().service.clone()).collect()
}

#[test]
fn the_worst_come_first_then_the_soonest_clock_and_filters_leave_the_rest_out() {
    let view = fleet(101_000, mixed());
    let shown = |filter, sort, find| {
        let mut order = Order::default();
        order.follow(&view, filter, sort, find, false);
        names(&view, &order).join(" ")
    };
    assert_eq!(shown(Filter::All, Sort::Worst, None), "soon late running warns broken unknown quiet");
    assert_eq!(shown(Filter::All, Sort::Name, None), "broken late quiet running soon unknown warns");
    assert_eq!(shown(Filter::All, Sort::Clock, None), "soon late running warns broken unknown quiet");
    assert_eq!(shown(Filter::NotQuiet, Sort::Worst, None), "soon late running warns broken unknown");
    assert_eq!(shown(Filter::Danger, Sort::Worst, None), "running");
    assert_eq!(shown(Filter::WithRun, Sort::Worst, None), "running");
    assert_eq!(shown(Filter::All, Sort::Worst, Some("ARN")), "warns");
    assert_eq!(view.counts(), [2, 1, 1, 2, 1]);
    assert_eq!(view.soonest().map(|(r, ms)| (r.service.as_str(), ms)), Some(("soon", 9_000)));
}

#[test]
fn rows_do_not_jump_until_one_moves_or_five_seconds_are_over() {
    let mut rows = vec![quiet(1, "a"), quiet(2, "b")];
    let mut order = Order::default();
    let mut follow = |rows: &[FleetRow], at: u64, moves: bool| {
        let mut rows = rows.to_vec();
        // Heartbeats go on.
        rows.iter_mut().filter_map(|r| r.says.as_mut()).for_each(|s| s.at = now(at));
        let view = fleet(at, rows);
        order.follow(&view, Filter::All, Sort::Worst, None, moves);
        names(&view, &order).join("")
    };
    assert_eq!(follow(&rows, 100_000, false), "ab");
    rows[1].says = Some(says(Gravity::Critical, "P1"));
    assert_eq!(follow(&rows, 104_999, false), "ab", "it stands under the cursor");
    assert_eq!(follow(&rows, 105_000, false), "ba");
    rows[0].says = Some(says(Gravity::Critical, "P1"));
    assert_eq!(follow(&rows, 105_100, true), "ab", "a person who moves sees it as it is");
    // In between a new row comes last, and one that is gone goes.
    rows[0].says = Some(says(Gravity::Ok, "quiet"));
    rows.push(row(3, "c", Some(says(Gravity::Critical, "P0"))));
    assert_eq!(follow(&rows, 105_200, false), "abc");
    rows.remove(0);
    assert_eq!(follow(&rows, 105_300, false), "bc");
}

#[test]
fn the_worst_of_the_fleet_counts_a_run_by_its_service() {
    let worst = |rows| fleet(101_000, rows).worst();
    assert_eq!(worst(mixed()), Gravity::Critical);
    let running = FleetRow { run: Some(run(true, None)), ..quiet(1, "a") };
    assert_eq!(worst(vec![running.clone()]), Gravity::Ok);
    assert_eq!(worst(vec![running, row(2, "b", None)]), Gravity::Unknown);
    assert_eq!(worst(vec![]), Gravity::Unknown, "no service is no good news");
}
