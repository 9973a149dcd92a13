//! From the session to the picture that screens draw, and from what the engine says to what is told.

use super::Session;
use super::deciding::seconds;
use super::view::{
    ChartColumn, Curve, Freshness, Gravity, GuideView, Happening, Level, LogView, ManualView, Output,
    ProcedureView, RunFacts, SeverityView, SignalView, TakeUp, Threshold, TriggerState, TriggerView, Verdict,
    View,
};
use crate::engine::eval::Truth;
use crate::engine::evidence::Part;
use crate::engine::hold;
use crate::engine::signal::SignalState;
use crate::engine::verdict::Standing;
use crate::engine::{Effect, TriggerStatus};
use crate::model::playbook::{Procedure, ReadingKind, Severity, Signal, SourceKind};
use crate::model::reading::Value;
use crate::model::text::clean_line;
use crate::model::time::Now;
use crate::run::plan::{Cause, Plan};
use crate::run::view::RunState;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Milliseconds without any answer after which the picture is not the present.
const LOST: u64 = 30_000;
/// The least age at which the whole picture is called late.
const LATE: u64 = 10_000;

impl Session {
    /// What is shown now.
    pub fn view(&self, now: &Now) -> View {
        let t = now.boot as i64;
        let (p, triggers) = (&self.playbook, self.engine.triggers(t));
        let environment = p.environments.get(&self.facts.environment);
        let signals = self.engine.signals(t);
        let verdict = self.verdict(t, &triggers);
        View {
            book: self.book(now, &verdict),
            service: p.service.name.clone(),
            environment: self.facts.environment.clone(),
            tone: environment.map(|e| e.tone).unwrap_or_default(),
            confirm: environment.map(|e| e.confirm).unwrap_or_default(),
            demo: self.facts.demo,
            troubles: Vec::new(),
            drill: None,
            score: None,
            drilled: None,
            fleet: None,
            automation: self.automation(),
            freshness: self.freshness(t),
            watch: self.watch(now),
            watcher_says: self
                .decider(now)
                .filter(|b| b.pid != self.facts.pid)
                .map(|b| (clean_line(&b.says), b.age(now))),
            here: vec![self.facts.user.clone()],
            now: now.clone(),
            verdict,
            signals: self.signals(&signals, t),
            severities: self.severities(t),
            decisions: self.asked(now),
            acts: self.acts(now, &triggers),
            notices: self.notices(now),
            reaction: self.reaction(),
            incident: self.incident(now),
            messages: if self.playbook.channels.is_empty() { Vec::new() } else { self.messages.clone() },
            channels: self
                .playbook
                .channels
                .iter()
                .map(|(id, c)| (id.clone(), clean_line(&c.title)))
                .collect(),
            letters: self.letters(now),
            composed: None,
            matrix: self.matrix(now),
            traffic: self.traffic(),
            detail: None,
            arming: self.arming(),
            ceiling: self.ceiling(),
            unseen: self.unseen(),
            marks: self.marks(),
            why: None,
            triggers: self.triggers(&triggers, now),
            timeline: self.timeline.iter().cloned().collect(),
            checklists: self.checklists(now),
            earlier: self.earlier(now),
            follow_ups: self.follow_ups(now),
            procedures: self.procedures(now, &triggers),
            scenarios: self.scenarios(now),
            tried: None,
            manual: self.manual(t),
            draft: None,
            run: self.run.as_ref().map(|r| {
                let mut run = r.view().clone();
                self.judge_goals(&run.id, &mut run.objectives);
                run
            }),
            run_facts: self.run.as_ref().map(|r| facts(r.plan())).unwrap_or_default(),
            output: Output::default(),
            progress: None,
            take_up: self.run.as_ref().filter(|r| r.is_orphan()).and_then(|r| {
                match (r.plan().who.uid == self.facts.uid, r.may_be_taken_up(self.facts.uid, now)) {
                    (_, true) => None,
                    (true, _) => Some(TakeUp::Resume),
                    (false, _) => Some(TakeUp::Succeed),
                }
            }),
            approver: None,
            guides: self.run.as_ref().map(|r| guides(r.plan())).unwrap_or_default(),
            replacing: None,
            read_only: self.facts.read_only,
            undriven: self.run.as_ref().filter(|r| r.is_orphan()).map(|r| {
                if r.may_be_taken_up(self.facts.uid, now) && !self.facts.read_only {
                    "its supervisor is gone: it is being taken up where it is".into()
                } else {
                    "nobody drives it, nothing runs: O takes it up, or `ripcord resume`".into()
                }
            }),
            alarm: self.alarm.clone(),
            state_dir: self.facts.folder.clone(),
            logs: self.logs(),
            exported: None,
            emergency: p.emergency.clone(),
            links: p.links.iter().map(|l| (l.title.clone(), l.url.clone())).collect(),
        }
    }

    /// The logs of the playbook, not looked at.
    fn logs(&self) -> Vec<LogView> {
        let running = self.run.as_ref().filter(|r| r.is_open()).map(|r| r.plan().procedure.id.as_str());
        let followed = running.and_then(|id| self.playbook.procedures.get(id)).map(|p| p.follow.as_slice());
        let mut out: Vec<LogView> = self
            .playbook
            .logs
            .iter()
            .map(|(id, log)| LogView {
                id: id.clone(),
                title: log.title.clone(),
                origin: clean_line(&log.from.words()),
                marks: log.marks.iter().map(|(word, mark)| (clean_line(word), *mark)).collect(),
                seen: None,
            })
            .collect();
        out.sort_by_key(|log| !followed.is_some_and(|f| f.contains(&log.id)));
        out
    }

    /// Criteria of a plan that cannot be judged by what is known now.
    pub fn blind(&self, now: &Now, plan: Option<&Plan>) -> Vec<String> {
        let Some(plan) = plan else { return vec![] };
        let mut out = Vec::new();
        for v in plan.steps.iter().filter_map(|s| plan.verification(s)) {
            for c in &v.criteria {
                let crate::model::probe::Ask::When(when) = &c.probe.ask else { continue };
                if self.engine.judge(&when.expr, now.boot as i64, None).0 == Truth::Unknown {
                    out.push(c.text.clone());
                }
            }
        }
        out
    }

    /// What a run gives as its reason: that of the trigger that caused it.
    pub fn reason(&self, procedure: &str, cause: Option<&Cause>) -> String {
        let title = self.playbook.procedures.get(procedure).map_or(procedure, |p| p.title.as_str());
        match cause {
            Some(c) => {
                let t = self.playbook.triggers.get(&c.trigger);
                t.and_then(|t| t.reason.clone()).unwrap_or_else(|| c.title.clone())
            }
            None => format!("{title}: decided by {}", self.facts.user),
        }
    }

    fn heard_at(&self) -> Option<i64> {
        self.heard.map(|h| h as i64)
    }

    fn freshness(&self, t: i64) -> Freshness {
        let Some(heard) = self.heard_at() else { return Freshness::Starting };
        let sources = self.playbook.sources.values();
        let late = sources.map(|s| 3 * s.every + s.timeout).min().unwrap_or(LATE).max(LATE);
        match (t - heard).max(0) as u64 {
            age if age >= LOST.max(2 * late) => Freshness::Lost(age),
            age if age >= late => Freshness::Late(age),
            _ => Freshness::Live,
        }
    }

    fn verdict(&self, t: i64, triggers: &[TriggerStatus]) -> Verdict {
        let v = self.engine.verdict();
        let fresh = self.engine.answering();
        let mut out = Verdict {
            for_ms: (t - v.since).max(0) as u64,
            // "At once" is no clock: it would be overdue from its first moment.
            clock_ms: v.clock(t).filter(|_| v.respond_within != Some(0)),
            evidence: v.evidence.iter().filter(|p| p.truth != Truth::False).map(Part::line).collect(),
            fresh,
            ..Verdict::default()
        };
        match &v.standing {
            Standing::Unknown(why) => {
                out.word = "UNKNOWN".into();
                out.text = match self.heard {
                    None => "Nothing measured yet: this is not \"all quiet\"".into(),
                    Some(_) => why.clone(),
                };
            }
            Standing::Quiet => {
                out.gravity = Gravity::Ok;
                out.word = "ALL QUIET".into();
                out.text = "No trigger fires, nothing to decide".into();
            }
            Standing::Warn(what) => {
                out.gravity = Gravity::Warn;
                out.word = "LOOK".into();
                out.text = self.warning(what);
            }
            Standing::Row(id) => {
                let row = self.playbook.severities.get(id);
                let last = self.playbook.severities.keys().next_back() == Some(id);
                let acts = row.is_some_and(|r| r.respond_within.is_some()) || !last;
                out.gravity = if acts { Gravity::Critical } else { Gravity::Warn };
                out.word = format!("{id} {}", row.map(|r| r.title.to_uppercase()).unwrap_or_default());
                out.text = row.map(|r| r.text.clone()).unwrap_or_default();
            }
        }
        let firing = triggers.iter().filter(|s| matches!(s.state, hold::TriggerState::Firing { .. }));
        let suggested = firing
            .filter_map(|s| self.playbook.triggers.get(&s.id))
            .min_by_key(|t| {
                t.severity
                    .as_ref()
                    .and_then(|s| self.playbook.severities.get_index_of(s))
                    .unwrap_or(usize::MAX)
            })
            .and_then(|t| t.procedure.as_ref())
            .and_then(|id| self.playbook.procedures.get(id));
        out.suggests = suggested.and_then(|p| Some((p.key?, p.title.clone())));
        out
    }

    fn warning(&self, what: &str) -> String {
        match (self.playbook.signals.get(what), self.playbook.triggers.get(what)) {
            (Some(s), _) => format!("{} is past its threshold; nothing of the matrix fires", s.title),
            (_, Some(t)) => format!("{} fires; it has no row in the matrix", t.title),
            _ => what.to_string(),
        }
    }

    fn signals(&self, states: &[SignalState], t: i64) -> Vec<SignalView> {
        let charted: BTreeSet<&str> = self.charted();
        let mut out: Vec<(u8, SignalView)> = states
            .iter()
            .filter_map(|s| {
                let spec = self.playbook.signals.get(&s.id)?;
                // Raw counters are there for expressions, flags and counts have their own place.
                let shown = !spec.counter
                    && !matches!(spec.reading, ReadingKind::Flag { .. } | ReadingKind::Count { .. });
                shown.then(|| {
                    let panel = charted.contains(s.id.as_str());
                    (spec.panel.unwrap_or(u8::MAX), self.signal(s, spec, panel, t))
                })
            })
            .collect();
        out.sort_by_key(|(panel, _)| *panel);
        out.into_iter().map(|(_, s)| s).collect()
    }

    /// Signals with a panel of their own: those with a number, or the first four that can be drawn.
    fn charted(&self) -> BTreeSet<&str> {
        let numbered = self.playbook.signals.iter().filter(|(_, s)| s.panel.is_some());
        let out: BTreeSet<&str> = numbered.map(|(id, _)| id.as_str()).collect();
        if !out.is_empty() {
            return out;
        }
        let drawable = self.playbook.signals.iter().filter(|(_, s)| {
            !s.counter
                && !matches!(s.unit, crate::model::unit::Unit::Bool | crate::model::unit::Unit::Text)
                && !matches!(s.reading, ReadingKind::Flag { .. } | ReadingKind::Count { .. })
        });
        drawable.take(4).map(|(id, _)| id.as_str()).collect()
    }

    fn signal(&self, s: &SignalState, spec: &Signal, panel: bool, t: i64) -> SignalView {
        let (value, text) = match &s.value {
            Some(Value::Number(n)) => (Some(*n), None),
            Some(Value::Text(text)) => (None, Some(text.clone())),
            None => (None, None),
        };
        let threshold = |c: &Option<crate::model::condition::Comparison>, at: Option<f64>| {
            c.as_ref().map(|c| Threshold { at, text: c.text.clone() })
        };
        SignalView {
            id: s.id.clone(),
            title: spec.title.clone(),
            unit: spec.unit,
            value,
            text,
            level: s.level,
            level_for_ms: (t - s.since).max(0) as u64,
            trend: s.trend,
            age_ms: s.age,
            stale_after_ms: spec.stale_after,
            note: s.reason.clone().unwrap_or_default(),
            warn: threshold(&spec.warn, s.thresholds[0]),
            critical: threshold(&spec.critical, s.thresholds[1]),
            baseline: s.baseline.as_ref().and_then(|b| b.value.clone().ok()),
            normal: s.normal(spec.unit.dim()).map(|n| clean_line(&n)),
            better: spec.better,
            panel,
            traffic: self.playbook.traffic.as_ref().is_some_and(|t| t.signal == s.id),
            series: s
                .series
                .iter()
                .filter_map(|x| {
                    let value = match &x.value {
                        Some(Value::Number(n)) => Some(*n),
                        _ => None,
                    };
                    Some((clean_line(x.label.as_deref()?), value, x.level))
                })
                .collect(),
            origin: self.origin(spec),
            stats: s.stats,
        }
    }

    fn origin(&self, spec: &Signal) -> String {
        let source = spec.source.as_ref().and_then(|id| self.playbook.sources.get(id));
        let at = match source.map(|s| &s.kind) {
            Some(SourceKind::Prometheus { url, .. } | SourceKind::Http { url, .. }) => format!(" ({url})"),
            Some(SourceKind::Command { argv, .. }) => {
                format!(" ({})", shell_words::join(argv.iter().map(|a| a.0.as_str())))
            }
            _ => String::new(),
        };
        let how = match &spec.reading {
            ReadingKind::Query(q) => q.0.clone(),
            ReadingKind::Metric { name, quantile: Some(q), .. } => format!("quantile {q} of {name}"),
            ReadingKind::Metric { name, .. } => name.clone(),
            ReadingKind::Json(pointer) => pointer.clone(),
            ReadingKind::Http(_) => "the answer itself".into(),
            ReadingKind::Process(_) => "the process itself".into(),
            ReadingKind::ExitCode => "exit code".into(),
            ReadingKind::Output(pattern) => pattern.clone(),
            ReadingKind::Expr(e) => e.to_string(),
            ReadingKind::Flag { .. } => "raised by people".into(),
            ReadingKind::Count { .. } => "counted by people".into(),
            ReadingKind::Log { from, pattern } => format!("lines a minute with {pattern} ({})", from.words()),
        };
        clean_line(&format!("{how}{at}"))
    }

    fn severities(&self, t: i64) -> Vec<SeverityView> {
        let rows = self.engine.rows();
        let highest = rows.iter().position(|r| r.in_force);
        rows.iter()
            .enumerate()
            .map(|(i, r)| SeverityView {
                id: r.id.clone(),
                title: r.title.clone(),
                text: r.text.clone(),
                respond: respond(self.playbook.severities.get(&r.id)),
                authority: self.authority(&r.approval),
                in_force: highest == Some(i),
                firing: r.in_force,
                unknown: r.truth == Truth::Unknown,
                for_ms: r.since.map(|s| (t - s).max(0) as u64),
                clock_ms: r.since.zip(r.respond_within.filter(|w| *w > 0)).map(|(s, w)| s + w as i64 - t),
            })
            .collect()
    }

    fn authority(&self, roles: &[String]) -> String {
        if roles.is_empty() {
            return "nobody asked".into();
        }
        let titles =
            roles.iter().map(|id| self.playbook.roles.get(id).map_or(id.as_str(), |r| r.title.as_str()));
        titles.collect::<Vec<_>>().join(" + ")
    }

    fn triggers(&self, states: &[TriggerStatus], now: &Now) -> Vec<TriggerView> {
        let t = now.boot as i64;
        let mut out: Vec<TriggerView> = states
            .iter()
            .filter_map(|s| {
                let spec = self.playbook.triggers.get(&s.id)?;
                let state = match s.state {
                    hold::TriggerState::Pending { held, need, .. } => TriggerState::Pending { held, need },
                    hold::TriggerState::Firing { since } => {
                        TriggerState::Firing { since: (t - since).max(0) as u64 }
                    }
                    hold::TriggerState::Inactive if s.truth == Truth::Unknown => TriggerState::Unknown,
                    hold::TriggerState::Inactive => TriggerState::Inactive,
                };
                let (mode, held) = self.mode_now(&s.id, state, now);
                Some(TriggerView {
                    id: s.id.clone(),
                    title: spec.title.clone(),
                    severity: spec.severity.clone(),
                    blind: matches!(state, TriggerState::Firing { .. }) && s.truth == Truth::Unknown,
                    state,
                    mode,
                    held,
                    parts: s
                        .evidence
                        .iter()
                        .map(|p| {
                            let value = p.left.clone().or_else(|| p.reason.clone()).unwrap_or_default();
                            (p.text.clone(), value, truth(p.truth).into())
                        })
                        .collect(),
                })
            })
            .collect();
        out.sort_by_key(|t| match t.state {
            TriggerState::Pending { .. } => 0,
            TriggerState::Firing { .. } => 1,
            TriggerState::Unknown => 2,
            TriggerState::Inactive => 3,
        });
        out
    }

    fn procedures(&self, now: &Now, triggers: &[TriggerStatus]) -> Vec<ProcedureView> {
        let named: BTreeSet<&str> = triggers
            .iter()
            .filter(|s| matches!(s.state, hold::TriggerState::Firing { .. }))
            .filter_map(|s| self.playbook.triggers.get(&s.id)?.procedure.as_deref())
            .collect();
        let offered = self.playbook.procedures.iter().filter(|(_, p)| !p.hidden);
        offered
            .map(|(id, p)| ProcedureView {
                id: id.clone(),
                key: p.key,
                title: p.title.clone(),
                use_when: p.use_when.clone().unwrap_or_default(),
                duration_ms: p.expect.duration,
                downtime: p.expect.downtime.clone(),
                data_loss: p.expect.data_loss.clone(),
                suggested: named.contains(id.as_str()),
                emergency: p.emergency,
                asks: self.asks(p),
                last: self.past.get(id).map(|(v, wall)| (v.clone(), (now.wall - wall).max(0) as u64)),
            })
            .collect()
    }

    /// Who is asked before a procedure starts.
    fn asks(&self, p: &Procedure) -> String {
        if p.emergency {
            return String::new();
        }
        match (&p.authority, p.approval.is_empty(), p.approvals) {
            (Some(id), ..) => self.playbook.authority.get(id).map_or_else(|| id.clone(), |a| a.title.clone()),
            (None, false, _) => self.authority(&p.approval),
            (None, true, 0) => String::new(),
            (None, true, n) => format!("{n} more"),
        }
    }

    fn manual(&self, t: i64) -> Vec<ManualView> {
        let signals = self.playbook.signals.iter();
        signals
            .filter_map(|(id, s)| {
                let (key, text, counter) = match &s.reading {
                    ReadingKind::Flag { key, text } => (*key, text.clone(), false),
                    ReadingKind::Count { key, text } => (*key, text.clone(), true),
                    _ => return None,
                };
                let value = match self.engine.signal(id, t).and_then(|s| s.value) {
                    Some(Value::Number(n)) => n,
                    _ => 0.0,
                };
                Some(ManualView {
                    id: id.clone(),
                    key,
                    title: s.title.clone(),
                    text,
                    counter,
                    raised: !counter && value != 0.0,
                    count: if counter { value as u64 } else { 0 },
                })
            })
            .collect()
    }
}

/// What a run of a procedure would name as its cause: the gravest firing trigger that recommends it.
pub fn cause(session: &Session, procedure: &str, now: &Now) -> Option<Cause> {
    let t = now.boot as i64;
    let rank = |id: &str| {
        let severity = session.playbook.triggers.get(id).and_then(|t| t.severity.as_ref());
        severity.and_then(|s| session.playbook.severities.get_index_of(s)).unwrap_or(usize::MAX)
    };
    let mut firing: Vec<(TriggerStatus, i64)> = session
        .engine
        .triggers(t)
        .into_iter()
        .filter_map(|s| match s.state {
            hold::TriggerState::Firing { since } => Some((s, since)),
            _ => None,
        })
        .collect();
    // The gravest that recommends it, else the gravest of all: that is what it answers to.
    firing.sort_by_key(|(s, since)| {
        let names =
            session.playbook.triggers.get(&s.id).and_then(|t| t.procedure.as_deref()) == Some(procedure);
        (!names, rank(&s.id), *since)
    });
    let (status, since) = firing.into_iter().next()?;
    let ago = t - since;
    let spec = session.playbook.triggers.get(&status.id)?;
    Some(Cause {
        trigger: status.id.clone(),
        title: spec.title.clone(),
        firing_since: Now { boot: since.max(0) as u64, boot_id: now.boot_id.clone(), wall: now.wall - ago },
    })
}

/// What a plan says of its run.
fn facts(plan: &Plan) -> RunFacts {
    RunFacts {
        procedure: plan.procedure.id.clone(),
        from: clean_line(&plan.from),
        to: clean_line(&plan.to),
        duration_ms: plan.procedure.expect.duration,
        downtime: plan.procedure.expect.downtime.clone(),
        data_loss: plan.procedure.expect.data_loss.clone(),
        guard_ms: plan.procedure.guard.as_ref().map(|g| g.lasts),
    }
}

/// The guides that a plan's steps name, in words and commands.
fn guides(plan: &Plan) -> IndexMap<String, GuideView> {
    plan.playbook.guides.iter().map(|(id, g)| (id.clone(), super::book::guide(g))).collect()
}

/// Columns of a curve.
pub fn columns(
    session: &Session,
    now: &Now,
    curve: Curve<'_>,
    window: u64,
    n: usize,
) -> Vec<Option<ChartColumn>> {
    let (t, id) = (now.boot as i64, curve.signal);
    let worst =
        || session.engine.signal(id, t).and_then(|s| s.series.into_iter().next()).and_then(|s| s.label);
    let series = curve.series.map(String::from).or_else(worst);
    let columns = session.engine.columns(id, series.as_deref(), t, window, n);
    columns.into_iter().map(|c| c.map(|c| ChartColumn { min: c.min, max: c.max, mean: c.mean })).collect()
}

/// What an effect of the engine tells, and whether it is worth a bell.
pub fn told(session: &Session, now: &Now, effect: &Effect) -> Option<(Happening, bool)> {
    let happening = |letter, kind: &str, text| {
        let mark = match kind {
            "stale" => Some('~'),
            "silent" => Some('?'),
            _ => None,
        };
        Happening { wall: now.wall, letter, mark, kind: kind.into(), text, ..Happening::default() }
    };
    match effect {
        Effect::TriggerChanged { id, from, to, evidence } => {
            let title = session.playbook.triggers.get(id).map_or(id.as_str(), |t| t.title.as_str());
            let because: Vec<String> =
                evidence.iter().filter(|p| p.truth == Truth::True).map(Part::line).collect();
            let text = format!("{title}: {}", because.join(" · "));
            let measured = evidence.iter().map(aged).collect::<Vec<_>>().join("; ");
            let happening = |letter, kind, text| Happening {
                measured: measured.clone(),
                ..happening(letter, kind, text)
            };
            match (from, to) {
                (_, hold::TriggerState::Firing { .. }) => Some((happening(Some('F'), "firing", text), true)),
                (_, hold::TriggerState::Pending { .. }) => {
                    Some((happening(Some('P'), "pending", text), false))
                }
                (hold::TriggerState::Firing { .. }, _) => {
                    Some((happening(None, "cleared", format!("{title}: no longer so")), false))
                }
                _ => None,
            }
        }
        Effect::SignalLevelChanged { id, from, to, reason, .. } => {
            use Level::{Stale, Unknown};
            let spec = session.playbook.signals.get(id)?;
            // The first answer is no news, and what an expression lacks is told by what it is made of.
            if matches!(spec.reading, ReadingKind::Expr(_)) {
                return None;
            }
            let title = &spec.title;
            let why = reason.as_ref().map(|r| format!(": {}", clean_line(r))).unwrap_or_default();
            match (from, to) {
                (Stale | Unknown, Stale | Unknown) => None,
                (_, Stale) => Some((happening(None, "stale", format!("{title}{why}")), false)),
                (_, Unknown) => Some((happening(None, "silent", format!("{title}{why}")), false)),
                (Stale, _) => Some((happening(None, "back", format!("{title} answers again")), false)),
                _ => None,
            }
        }
        Effect::VerdictChanged { .. } => None,
    }
}

/// A part of evidence with the age of what it rests on.
fn aged(part: &Part) -> String {
    match part.age {
        Some(age) => format!("{}, {} old", part.line(), seconds(age)),
        None => part.line(),
    }
}

fn truth(truth: Truth) -> &'static str {
    match truth {
        Truth::True => "true",
        Truth::False => "false",
        Truth::Unknown => "unknown",
    }
}

fn respond(row: Option<&Severity>) -> String {
    match row.and_then(|r| r.respond_within) {
        None => "monitor".into(),
        Some(0) => "at once".into(),
        Some(ms) if ms.is_multiple_of(3_600_000) => format!("in {} h", ms / 3_600_000),
        Some(ms) if ms.is_multiple_of(60_000) => format!("in {} min", ms / 60_000),
        Some(ms) => format!("in {} s", ms.div_ceil(1000)),
    }
}

/// Whether a run asks for a bell when it comes to this state.
pub fn rings(state: RunState) -> bool {
    matches!(state, RunState::Refused | RunState::NotVerified | RunState::Waiting | RunState::Finished)
}
