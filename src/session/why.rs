//! Why something is as it is: the parts of a rule with their values and ages, since when, and who said what.

use super::Session;
use super::deciding::{mode_word, seconds};
use super::view::{WhyOf, WhyRow, WhyView};
use crate::engine::evidence::Part;
use crate::engine::hold::TriggerState;
use crate::engine::why::{Branch, Rests};
use crate::model::text::clean_line;
use crate::model::time::Now;

impl Session {
    /// The evidence of something.
    pub fn why(&self, now: &Now, of: &WhyOf) -> WhyView {
        let (title, facts, rows) = match of {
            WhyOf::Verdict => self.why_verdict(now),
            WhyOf::Matrix => ("Stage matrix".into(), Vec::new(), Vec::new()),
            WhyOf::Trigger(id) => self.why_trigger(id, now),
            WhyOf::Decision(clock) => self.why_decision(clock, now),
        };
        WhyView { of: of.clone(), title, facts, rows }
    }

    fn why_verdict(&self, now: &Now) -> (String, Vec<(String, String)>, Vec<WhyRow>) {
        let t = now.boot as i64;
        let v = self.engine.verdict();
        let (fresh, of) = self.engine.answering();
        let mut facts = vec![
            fact("Since", seconds(((t - v.since).max(0) as u64) / 1000 * 1000) + " ago"),
            fact("Signals", format!("{fresh} of {of} answer")),
        ];
        if let Some(i) = &self.decisions.incident {
            facts.push(fact("Incident", format!("{}: {}", i.id, i.reason)));
        }
        if let Some(b) = self.decider(now) {
            let who = if b.acts { "the watcher" } else { "a screen" };
            facts.push(fact("Decider", format!("{who} on {} says {}", b.host, b.says)));
        }
        (String::new(), facts, v.evidence.iter().map(|p| row(p, 0)).collect())
    }

    fn why_trigger(&self, id: &str, now: &Now) -> (String, Vec<(String, String)>, Vec<WhyRow>) {
        let t = now.boot as i64;
        let (Some(spec), Some(why)) = (self.playbook.triggers.get(id), self.engine.why(id, t)) else {
            return Default::default();
        };
        let ago = |since: i64| format!("{} ago", seconds(((t - since).max(0) as u64) / 1000 * 1000));
        let state = |s: &TriggerState| match *s {
            TriggerState::Inactive => "quiet".to_owned(),
            TriggerState::Pending { held, need, .. } => {
                format!("pending: {} of {}", seconds(held / 1000 * 1000), seconds(need))
            }
            TriggerState::Firing { since } => format!("fires since {}", ago(since)),
        };
        let mut facts = vec![
            fact("Rule", clean_line(&spec.when.text)),
            fact("Counts", clean_line(&why.rule)),
            fact("Ends", clean_line(&why.ends)),
            fact("State", state(&why.state)),
        ];
        for (label, s) in why.clocks.iter().take(4) {
            facts.push(fact("", clean_line(&format!("{label}: {}", state(s)))));
        }
        let in_force = self.engine.in_force(id, t);
        let mut asks = super::matrix::word(&in_force.cell);
        if let Some(stage) = in_force.stage {
            asks.push_str(&format!(" at {stage} %"));
        }
        if let Some(note) = &in_force.note {
            asks.push_str(&format!(" ({})", clean_line(note)));
        }
        if self.could_act().any(|x| x == id) {
            asks.push_str(&format!("; automation: {}", mode_word(self.mode(id))));
        }
        facts.push(fact("Asks", asks));
        if let Some((_, why)) = self.decisions.firing_of(id).and_then(|f| f.withheld.as_ref()) {
            facts.push(fact("Held", clean_line(why)));
        }
        facts.extend(self.acted(id));
        let mut rows = branches(&why.when, t);
        if let Some(clear) = &why.clear {
            rows.push(WhyRow { text: "what ends it:".into(), ..WhyRow::default() });
            rows.extend(branches(clear, t));
        }
        rows.extend(why.signals.iter().flat_map(rests));
        (self.name_of(id), facts, rows)
    }

    /// The last automatic runs of a trigger, and how fast they were.
    fn acted(&self, id: &str) -> Vec<(String, String)> {
        let attempts = self.decisions.attempts.get(id).into_iter().flatten().rev().take(2);
        let told = |a: &super::decision::Attempt| {
            let mut text = format!("run {}", a.run);
            if let Some(r) = a.reaction {
                text.push_str(&format!(", first command {} after firing", seconds(r.from_firing)));
                if let Some(ms) = r.to_effect {
                    text.push_str(&format!(", effect after {}", seconds(ms)));
                }
                if let Some(ms) = r.target {
                    text.push_str(&format!(", target {}", seconds(ms)));
                }
            }
            if let Some((_, detail, _)) = &a.ended {
                text.push_str(&format!(": {detail}"));
            }
            fact("Acted", clean_line(&text))
        };
        attempts.map(told).collect()
    }

    fn why_decision(&self, clock: &str, now: &Now) -> (String, Vec<(String, String)>, Vec<WhyRow>) {
        let Some(c) = self.decisions.clocks.get(clock) else { return Default::default() };
        let Some(firing) = self.decisions.firings.get(&c.firing) else { return Default::default() };
        let mut facts = Vec::new();
        if let Some(t) = self.playbook.triggers.get(&c.trigger) {
            facts.push(fact("Rule", clean_line(&t.when.text)));
        }
        let roles: Vec<&str> = c.roles.iter().map(|r| r.title.as_str()).collect();
        facts.push(fact("Who", if roles.is_empty() { "anybody".into() } else { roles.join(" + ") }));
        for d in [&c.decide_by, &c.default_at].into_iter().flatten() {
            facts.push(fact(
                "Clock",
                format!("{}, {} left", seconds(d.length), seconds(d.left(now) / 1000 * 1000)),
            ));
        }
        for w in &c.said {
            let text = format!("{}: {}", super::asked::choice(self, &w.choice), w.reason);
            facts.push(fact("Said", clean_line(&format!("{} {text}", w.who.user))));
        }
        facts.push(fact("Then", "the parts below are as they were when it fired".into()));
        (self.name_of(&c.trigger), facts, firing.evidence.iter().map(|p| row(p, 0)).collect())
    }
}

fn fact(label: &str, text: String) -> (String, String) {
    (label.into(), text)
}

/// A condition with everything in it, each part with its value, its age and since when it has been so.
fn branches(b: &Branch, t: i64) -> Vec<WhyRow> {
    let mut out = Vec::new();
    for (depth, b) in b.lines() {
        let since = b.since.map(|s| format!("so for {}", seconds(((t - s).max(0) as u64) / 1000 * 1000)));
        match b.parts.as_slice() {
            [] => out.push(WhyRow {
                depth,
                text: clean_line(&b.text),
                truth: Some(b.truth),
                since: since.unwrap_or_default(),
                ..WhyRow::default()
            }),
            parts => out.extend(
                parts.iter().map(|p| WhyRow { since: since.clone().unwrap_or_default(), ..row(p, depth) }),
            ),
        }
    }
    out
}

/// A signal that a condition rests on: its newest samples, and what is normal for it.
fn rests(r: &Rests) -> Vec<WhyRow> {
    let normal = r.baseline.as_ref().map(|b| format!("normal: {}", clean_line(&b.line())));
    let mut out = Vec::new();
    for s in &r.series {
        let label = s.label.as_ref().map(|l| format!(" [{l}]")).unwrap_or_default();
        let samples: Vec<&str> = s.samples.iter().map(|x| x.value.as_str()).collect();
        out.push(WhyRow {
            text: clean_line(&format!("{}{label}, newest first: {}", r.title, samples.join(", "))),
            age_ms: s.samples.first().map(|x| x.age),
            note: s.reason.as_deref().map(clean_line).or(normal.clone()).unwrap_or_default(),
            ..WhyRow::default()
        });
    }
    out
}

fn row(p: &Part, depth: usize) -> WhyRow {
    let series = p.series.as_ref().map(|s| format!(" [{s}]")).unwrap_or_default();
    let right = p.right.as_ref().map(|r| format!(" against {r}")).unwrap_or_default();
    WhyRow {
        depth,
        text: clean_line(&format!("{}{series}", p.text)),
        value: clean_line(&format!("{}{right}", p.left.as_deref().unwrap_or_default())),
        truth: Some(p.truth),
        age_ms: p.age,
        since: String::new(),
        note: p.reason.as_deref().map(clean_line).unwrap_or_default(),
    }
}
