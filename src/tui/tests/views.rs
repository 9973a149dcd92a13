//! The views of the pictures: calm, on fire, before data has come, lost.

use crate::model::playbook::{Better, Confirm, Tone};
use crate::model::time::{Deadline, Now};
use crate::model::unit::Unit;
use crate::run::record::{Answer, Verdict as Ending};
use crate::run::state::Need;
use crate::run::view::*;
use crate::session::view::*;

/// 2026-11-21 02:14:07 UTC.
pub(crate) const WALL: i64 = 1_795_227_247_000;

pub(crate) fn signal(title: &str, unit: Unit, limits: Option<(f64, f64)>) -> SignalView {
    let at = |v: f64| {
        Some(Threshold { at: Some(v), text: format!("> {}", crate::tui::format::value(Some(v), unit)) })
    };
    SignalView {
        id: title.to_lowercase().replace(' ', "_"),
        title: title.into(),
        unit,
        value: None,
        text: None,
        level: Level::Unknown,
        level_for_ms: 0,
        trend: Trend::Flat,
        age_ms: None,
        stale_after_ms: 30_000,
        note: String::new(),
        warn: limits.and_then(|l| at(l.0)),
        critical: limits.and_then(|l| at(l.1)),
        baseline: None,
        normal: None,
        better: Better::Lower,
        panel: true,
        traffic: false,
        series: Vec::new(),
        origin: "sum(rate(cst_errors_total[2m])) / sum(rate(cst_requests_total[2m]))".into(),
        stats: None,
    }
}

fn shows(mut s: SignalView, value: f64, level: Level, for_s: u64) -> SignalView {
    (s.value, s.level, s.level_for_ms, s.age_ms) = (Some(value), level, for_s * 1000, Some(4_000));
    s
}

fn happened(ago_s: i64, letter: Option<char>, kind: &str, text: &str, who: Option<&str>) -> Happening {
    Happening {
        wall: WALL - ago_s * 1000,
        letter,
        kind: kind.into(),
        text: text.into(),
        who: who.map(Into::into),
        ..Happening::default()
    }
}

fn severity(id: &str, title: &str, respond: &str, authority: &str) -> SeverityView {
    SeverityView {
        id: id.into(),
        title: title.into(),
        respond: respond.into(),
        authority: authority.into(),
        ..SeverityView::default()
    }
}

fn trigger(title: &str, severity: Option<&str>, mode: &str) -> TriggerView {
    TriggerView {
        id: title.to_lowercase(),
        title: title.into(),
        severity: severity.map(Into::into),
        state: TriggerState::Inactive,
        mode: mode.into(),
        ..TriggerView::default()
    }
}

fn procedure(id: &str, title: &str, minutes: u64, downtime: &str, loss: &str) -> ProcedureView {
    ProcedureView {
        id: id.into(),
        key: id.chars().next(),
        title: title.into(),
        use_when: "Errors or latency rise after a rollout".into(),
        duration_ms: minutes * 60_000,
        downtime: downtime.into(),
        data_loss: loss.into(),
        emergency: false,
        asks: "On-call lead".into(),
        suggested: false,
        last: None,
    }
}

fn base() -> View {
    let mut rollout = shows(signal("CST rollout", Unit::Percent, None), 0.5, Level::Ok, 600);
    rollout.traffic = true;
    let mut memory = shows(signal("Memory", Unit::Bytes, None), 1.38e9, Level::Ok, 9000);
    memory.warn = Some(Threshold { at: Some(3e9), text: "> 3GB".into() });
    let mut p95 = shows(signal("Latency p95", Unit::S, Some((1.0, 2.0))), 0.203, Level::Ok, 9000);
    p95.baseline = Some(0.2);
    let mut health = shows(signal("/health", Unit::Bool, None), 1.0, Level::Ok, 9000);
    (health.panel, health.text, health.note) = (false, Some("up".into()), "200 in 14 ms".into());
    let mut alerts = shows(signal("Alerts", Unit::Count, Some((0.0, 5.0))), 0.0, Level::Ok, 9000);
    alerts.panel = false;
    let mut cache = shows(signal("Cache hits", Unit::Percent, None), 0.91, Level::Ok, 9000);
    cache.panel = false;
    View {
        service: "lapce-ai-cst".into(),
        environment: "production".into(),
        tone: Tone::Danger,
        automation: "ARMED",
        freshness: Freshness::Live,
        watch: Watch::Ok { host: "bastion-1".into() },
        here: vec!["ana".into(), "ben".into()],
        now: Now { boot: 5_000_000, boot_id: "b".into(), wall: WALL },
        verdict: Verdict {
            gravity: Gravity::Ok,
            word: "ALL QUIET".into(),
            text: "No trigger fires, nothing to decide".into(),
            for_ms: 16_020_000,
            fresh: (7, 7),
            ..Verdict::default()
        },
        signals: vec![
            shows(signal("Error rate", Unit::Percent, Some((0.005, 0.02))), 0.0005, Level::Ok, 9000),
            p95,
            memory,
            rollout,
            health,
            alerts,
            cache,
        ],
        severities: vec![
            severity("P0", "Critical", "at once", "nobody asked"),
            severity("P1", "High", "in 15 min", "On-call lead"),
            severity("P2", "Medium", "in 30 min", "Engineering lead"),
            severity("P3", "Low", "monitor", "Team"),
        ],
        triggers: vec![
            trigger("Automatic", None, "ARMED"),
            trigger("Service down", None, "ARMED"),
            trigger("High", Some("P1"), "asks"),
            trigger("Medium", Some("P2"), "asks"),
            trigger("Corruption", Some("P0"), "asks"),
            trigger("Degraded", Some("P3"), "watch"),
        ],
        timeline: vec![
            happened(12_000, Some('D'), "deploy", "v1.2.4, rollout 25 % → 50 %", Some("ben")),
            happened(9_000, None, "verify", "canary watched for 5 min, nothing fired", None),
            happened(8_000, None, "cleared", "Medium (P2): error rate 0.08 %, held 6m, nobody acted", None),
        ],
        procedures: vec![
            procedure("config", "Configuration rollback", 2, "none", "none"),
            procedure("binary", "Binary rollback", 5, "30 s", "in-flight"),
            procedure("gradual", "Gradual rollback", 20, "none", "none"),
            procedure("data", "Data rollback", 60, "15 min", "since backup"),
        ],
        manual: vec![ManualView {
            id: "corruption".into(),
            key: 'x',
            title: "Corruption".into(),
            text: "What is corrupt, and how was it seen?".into(),
            ..ManualView::default()
        }],
        state_dir: "/var/lib/ripcord/lapce-ai-cst@production".into(),
        emergency: Some(
            "Still down after the binary rollback? Call the on-call lead.\nRunbook: wiki/cst/rollback".into(),
        ),
        links: vec![("Dashboard".into(), "https://grafana/d/cst".into())],
        ..View::default()
    }
}

pub(crate) fn calm() -> View {
    base()
}

pub(crate) fn fire() -> View {
    let mut v = base();
    v.verdict = Verdict {
        gravity: Gravity::Critical,
        word: "P1 HIGH".into(),
        text: "Roll back within 15 min".into(),
        for_ms: 198_000,
        clock_ms: Some(702_000),
        evidence: vec!["p95 2.18 s > 2 s for 1m24s".into(), "error rate 3.42 % > 2 % for 3m18s".into()],
        fresh: (5, 7),
        suggests: Some(('c', "Configuration rollback".into())),
    };
    v.signals[0] = shows(v.signals[0].clone(), 0.0342, Level::Critical, 198);
    v.signals[1] = shows(v.signals[1].clone(), 2.18, Level::Critical, 84);
    (v.signals[0].trend, v.signals[1].trend) = (Trend::Up, Trend::Up);
    for i in [2, 6] {
        let s = &mut v.signals[i];
        (s.level, s.age_ms, s.note) = (Level::Stale, Some(48_000), "timed out".into());
    }
    (v.signals[2].value, v.signals[6].value) = (Some(1.42e9), Some(0.88));
    v.signals[6].series = ["s2", "s0", "s3", "s1"]
        .into_iter()
        .zip([0.58, 0.61, 0.88, 0.9])
        .map(|(l, x)| (l.into(), Some(x), Level::Ok))
        .collect();
    v.signals[5] = shows(v.signals[5].clone(), 1.0, Level::Warn, 180);
    let row = |s: &mut SeverityView, held: u64| (s.firing, s.for_ms) = (true, Some(held));
    row(&mut v.severities[1], 198_000);
    row(&mut v.severities[2], 198_000);
    (v.severities[1].in_force, v.severities[1].clock_ms) = (true, Some(702_000));
    v.triggers[0].state = TriggerState::Pending { held: 84_000, need: 120_000 };
    v.triggers[0].parts = vec![
        ("p95 > 2s".into(), "2.18 s".into(), "true".into()),
        ("error_rate > 5%".into(), "3.42 %".into(), "false".into()),
        ("rss +50MB/min".into(), "STALE".into(), "unknown".into()),
    ];
    v.triggers[2].state = TriggerState::Firing { since: 198_000 };
    v.triggers[3].state = TriggerState::Firing { since: 198_000 };
    v.triggers.swap(1, 2);
    v.triggers.swap(2, 3);
    v.procedures[0].suggested = true;
    v.timeline = vec![
        happened(309, Some('D'), "deploy", "v1.2.4, rollout 25 % → 50 %", Some("ben")),
        happened(198, Some('F'), "firing", "High (P1): error rate 2.07 % > 2 %", None),
        happened(84, Some('P'), "pending", "Automatic rollback: p95 2.03 s > 2 s", None),
        happened(48, None, "stale", "Memory, Cache hits: lapce-ai-service did not answer in 3 s", None),
    ];
    v
}

pub(crate) fn before_data() -> View {
    let mut v = base();
    v.freshness = Freshness::Starting;
    v.verdict = Verdict {
        gravity: Gravity::Unknown,
        word: "UNKNOWN".into(),
        text: "Nothing measured yet: this is not \"all quiet\"".into(),
        for_ms: 2_000,
        fresh: (0, 7),
        ..Verdict::default()
    };
    for s in &mut v.signals {
        (s.value, s.text, s.level, s.age_ms, s.level_for_ms) = (None, None, Level::Unknown, None, 2_000);
        s.note = "asked prom 2s ago, limit 3s".into();
    }
    for s in &mut v.severities {
        s.unknown = true;
    }
    for t in &mut v.triggers {
        t.state = TriggerState::Unknown;
    }
    v.timeline.clear();
    v
}

pub(crate) fn lost() -> View {
    let mut v = fire();
    v.freshness = Freshness::Lost(42_000);
    v.alarm = Some(
        "DISK FULL: /var/lib/ripcord has 0 B left. No new step starts unrecorded. Free space, then R.".into(),
    );
    for s in &mut v.signals {
        (s.level, s.age_ms, s.note) = (Level::Stale, Some(64_000), "prom: no route to host".into());
    }
    for t in &mut v.triggers {
        t.blind = true;
    }
    v
}

/// A rollback of one signal that goes bad 3 minutes before `WALL`.
pub(crate) fn columns_of(
    view: &View,
    curve: Curve<'_>,
    window: u64,
    columns: usize,
) -> Vec<Option<ChartColumn>> {
    let Some(s) = view.signals.iter().find(|s| s.id == curve.signal) else { return vec![None; columns] };
    let Some(now) = s.value else { return vec![None; columns] };
    let column = window as f64 / columns as f64;
    let at = |i: usize| {
        let ago = (columns - 1 - i) as f64 * column / 1000.0;
        let wave = 1.0 + 0.06 * ((i * 7 % 5) as f64 - 2.0) / 2.0;
        let v = match s.level {
            Level::Stale if ago * 1000.0 < s.age_ms.unwrap_or(0) as f64 - 30_000.0 => return None,
            Level::Critical if ago > 250.0 => now / 12.0 * wave,
            Level::Critical => now * (1.0 - ago / 280.0) * wave,
            _ if s.traffic && ago > 309.0 => now / 2.0,
            _ if s.traffic => now,
            _ => now * wave,
        };
        Some(ChartColumn { min: v * 0.98, max: v, mean: v * 0.99 })
    };
    (0..columns).map(at).collect()
}

/// A resolved draft of the first procedure.
pub(crate) fn draft(confirm: Confirm) -> DraftView {
    let step = |n: usize, name: &str, line: &str| (n.to_string(), name.to_string(), line.to_string());
    DraftView {
        id: "d1".into(),
        procedure: "config".into(),
        title: "Configuration rollback".into(),
        key: Some('c'),
        proof: "hostname = lapce-prod-02, matches PRODUCTION".into(),
        proved: true,
        from: "CST on, share 50 %".into(),
        to: "CST off, share 0 %".into(),
        duration_ms: 120_000,
        downtime: "none".into(),
        data_loss: "none".into(),
        who: "ana (On-call lead: may decide)".into(),
        reason: "P1".into(),
        steps: vec![
            step(1, "Capture the state", "curl -s http://localhost:8080/metrics"),
            step(
                2,
                "Switch the flags",
                "sed -i s/CST_PIPELINE_ENABLED=true/CST_PIPELINE_ENABLED=false/ /etc/lapce-ai/lapce-ai.env",
            ),
            step(3, "Set the share to 0 %", "./scripts/set_cst_percentage.sh 0"),
            step(4, "Reload", "systemctl reload lapce-ai-service"),
            step(5, "Off and healthy", "/health is 200, cst_enabled is false"),
            step(6, "Verification suite", "./scripts/verify_rollback.sh --full"),
            step(7, "Five stable minutes", "7 criteria, within 15 min"),
        ],
        notes: vec![
            (
                Gravity::Warn,
                "Blind: Memory is stale. Its criterion cannot be judged until it answers.".into(),
            ),
            (Gravity::Ok, "Goes on if you log out (linger is on). No run holds the lock.".into()),
        ],
        confirm,
        name: "lapce-ai-cst".into(),
        expires_ms: 27_000,
        ..DraftView::default()
    }
}

pub(crate) fn ago(s: u64) -> Now {
    Now { boot: 5_000_000 - s * 1000, boot_id: "b".into(), wall: WALL - s as i64 * 1000 }
}

pub(crate) fn step(index: usize, name: &str, phase: &str, state: StepState, detail: &str) -> StepView {
    StepView {
        index,
        name: name.into(),
        phase: Some(phase.into()),
        line: format!("./scripts/step_{index}.sh --now"),
        state,
        started: (state != StepState::Waiting).then(|| ago(60 - index as u64 * 8)),
        took_ms: match state {
            StepState::Waiting | StepState::Running | StepState::Unknown => None,
            _ => Some(index as u64 * 1_300),
        },
        limit_ms: Some(30_000),
        detail: detail.into(),
        attempt: u32::from(state != StepState::Waiting),
        label: index.to_string(),
        ..StepView::default()
    }
}

fn criterion(text: &str, truth: Answer, value: &str, since: u64) -> CriterionView {
    CriterionView { text: text.into(), truth, value: value.into(), since: Some(ago(since)) }
}

/// A run on its fourth step.
pub(crate) fn running() -> View {
    let mut v = fire();
    let phase = |id: &str, title: &str, budget, began: Option<u64>, ended: Option<u64>| PhaseView {
        id: id.into(),
        title: title.into(),
        budget_ms: Some(budget),
        started: began.map(ago),
        ended: ended.map(ago),
    };
    v.run = Some(RunView {
        id: "1121-0314-c".into(),
        title: "Configuration rollback".into(),
        who: "ana".into(),
        reason: "P1".into(),
        host: "bastion-1".into(),
        supervisor: Some(41120),
        state: RunState::Running,
        verdict: None,
        why: String::new(),
        steps: vec![
            step(1, "Capture the state", "prepare", StepState::Applied, "5 signals, 2 logs"),
            step(2, "Switch the flags", "execute", StepState::Observed, "2 keys, old kept"),
            step(3, "Set the share to 0 %", "execute", StepState::Failed, "exit 1, goes on"),
            step(4, "Reload", "execute", StepState::Running, "looks for CST off"),
            step(5, "Off and healthy", "verify", StepState::Waiting, ""),
            step(6, "Verification suite", "verify", StepState::Waiting, ""),
            step(7, "Five stable minutes", "monitor", StepState::Waiting, ""),
        ],
        current: Some(4),
        phases: vec![
            phase("prepare", "Prepare", 60_000, Some(60), Some(48)),
            phase("execute", "Execute", 300_000, Some(48), None),
            phase("verify", "Verify", 120_000, None, None),
            phase("monitor", "Monitor", 300_000, None, None),
        ],
        verification: None,
        requested: ago(61),
        applied: None,
        observed: None,
        verified: None,
        ended: None,
        objectives: vec![ObjectiveView {
            other: None,
            title: "RTO".into(),
            within_ms: 600_000,
            from: Some(ago(221)),
            to: None,
            provisional: false,
        }],
        report: None,
        needs: None,
        adopted: 0,
        seq: 17,
        ..RunView::default()
    });
    v.run_facts = RunFacts { procedure: "config".into(), ..RunFacts::default() };
    v.output = Output {
        found: None,
        step: 4,
        attempt: 1,
        before: 0,
        total: 2,
        lines: vec![
            "03:14:21.2  systemctl reload lapce-ai-service".into(),
            "03:14:21.6  exit 0: applied. Not yet seen.".into(),
        ],
    };
    v
}

pub(crate) fn run_in(state: RunState) -> View {
    let mut v = running();
    if let Some(run) = &mut v.run {
        run.state = state;
    }
    v
}

/// All steps done; the criteria are watched.
pub(crate) fn verifying() -> View {
    let mut v = running();
    let run = v.run.as_mut().unwrap();
    run.state = RunState::Verifying;
    for s in &mut run.steps[3..6] {
        (s.state, s.took_ms, s.detail) = (StepState::Observed, Some(12_000), "CST off".into());
    }
    run.steps[6] = step(7, "Five stable minutes", "monitor", StepState::Running, "5 of 7 criteria hold");
    run.current = Some(7);
    (run.applied, run.observed) = (Some(ago(40)), Some(ago(30)));
    run.verification = Some(VerificationView {
        title: "Recovered".into(),
        step: 7,
        criteria: vec![
            criterion("/health is 200", Answer::Holds, "up", 40),
            criterion("CST off", Answer::Holds, "false", 40),
            criterion("Error rate < 0.1 %", Answer::Fails, "0.84 %", 20),
            criterion("p95 < 1 s", Answer::Holds, "212 ms", 35),
            criterion("No active alert", Answer::Holds, "0", 21),
            criterion("Cache hit rate > 70 %", Answer::Holds, "89 %", 38),
            criterion("Memory < 3 GB and stable", Answer::Blind, "STALE", 37),
        ],
        stable_ms: 300_000,
        stable_since: Some(ago(130)),
        deadline: Deadline::after(&ago(0), 658_000),
        restarts: vec![(ago(140), "Memory silent for 40 s (lapce-ai-service timed out)".into())],
        verified: false,
        missed: false,
    });
    run.objectives[0].to = Some(ago(130));
    run.objectives[0].provisional = true;
    v
}

pub(crate) fn all_hold(v: &mut View) {
    for c in &mut v.run.as_mut().unwrap().verification.as_mut().unwrap().criteria {
        c.truth = Answer::Holds;
        c.value = c.value.replace("0.84 %", "0.04 %").replace("STALE", "1.36 GB");
    }
}

pub(crate) fn not_verified() -> View {
    let mut v = verifying();
    let run = v.run.as_mut().unwrap();
    run.state = RunState::NotVerified;
    let verification = run.verification.as_mut().unwrap();
    (verification.missed, verification.stable_since) = (true, None);
    run.needs = Some(Need::Accept { why: "Error rate < 0.1 % fails; Memory < 3 GB is blind".into() });
    v
}

pub(crate) fn unknown_step() -> View {
    let mut v = running();
    let run = v.run.as_mut().unwrap();
    run.state = RunState::Waiting;
    run.steps[3].state = StepState::Unknown;
    let evidence = "claim was written, no exit.json, boot changed, no process carries it";
    run.needs = Some(Need::Settle { step: 4, evidence: evidence.into() });
    v
}

pub(crate) fn ended(verdict: Ending) -> View {
    let mut v = verifying();
    all_hold(&mut v);
    let run = v.run.as_mut().unwrap();
    (run.state, run.verdict, run.ended, run.report) =
        (RunState::Finished, Some(verdict), Some(ago(2)), Some("report.md"));
    run.current = None;
    if verdict == Ending::Verified {
        run.verified = Some(ago(2));
        run.objectives[0].provisional = false;
        run.verification.as_mut().unwrap().verified = true;
        run.steps[6].state = StepState::Verified;
    } else {
        run.verification = None;
        run.why = "step 4 Reload exited with 1".into();
        run.steps[3].state = StepState::Failed;
        (run.applied, run.observed) = (None, None);
        (run.objectives[0].to, run.objectives[0].provisional) = (None, false);
    }
    v
}
