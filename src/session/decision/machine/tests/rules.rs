//! What no log may show, whatever happened: read from its records and what really was, not from the fold.

use super::*;
use crate::session::decision::LATE;

/// What was counted on the way.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) fired: usize,
    pub(super) acted: usize,
    pub(super) defaults: usize,
    pub(super) closed: [usize; 5],
    pub(super) escalated: usize,
    pub(super) withheld: usize,
}

#[derive(Default)]
struct Seen {
    epoch: u64,
    acts: bool,
    all: Option<Automation>,
    own: BTreeMap<String, Automation>,
    /// By firing: its trigger, when it fired, and whether it is over.
    firings: BTreeMap<String, (String, Millis, bool)>,
    acted: BTreeMap<String, Vec<Millis>>,
    firings_acted: BTreeSet<String>,
    /// By clock: when its default is due, and how it ended.
    clocks: BTreeMap<String, (Option<Millis>, Option<Closed>)>,
    clocks_acted: BTreeSet<String>,
    runs: BTreeSet<String>,
}

impl World {
    /// Reads the whole log against the rules.
    pub(super) fn check(&self, counts: &mut Counts) {
        let mut seen = Seen::default();
        for (kind, fact) in self.kinds().iter().zip(&self.facts) {
            if let (Some(epoch), false) = (kind.epoch(), matches!(kind, Kind::EpochBegan { .. })) {
                assert_eq!(epoch, seen.epoch, "only the newest decider writes");
            }
            self.check_one(&mut seen, kind, fact, counts);
        }
        for (clock, (_, closed)) in &seen.clocks {
            assert!(closed.is_some(), "{clock} never ended");
        }
        for (firing, (.., over)) in &seen.firings {
            assert!(over, "{firing} never ended");
        }
    }

    fn check_one(&self, seen: &mut Seen, kind: &Kind, fact: &Fact, counts: &mut Counts) {
        match kind {
            Kind::EpochBegan { epoch, acts, .. } => {
                assert_eq!(*epoch, seen.epoch + 1);
                (seen.epoch, seen.acts) = (*epoch, *acts);
            }
            Kind::AutomationSet { trigger: None, mode, .. } => seen.all = Some(*mode),
            Kind::AutomationSet { trigger: Some(t), mode, .. } => {
                seen.own.insert(t.clone(), *mode);
            }
            Kind::Fired { firing, trigger, .. } => {
                counts.fired += 1;
                assert!(
                    !seen.firings.values().any(|(t, _, over)| t == trigger && !over),
                    "{trigger} fires twice"
                );
                assert_eq!(fact.heard[trigger].1, Truth::True, "missing data fires nothing");
                let before = seen.firings.insert(firing.clone(), (trigger.clone(), fact.real, false));
                assert!(before.is_none(), "{firing} is a name used twice");
            }
            Kind::Resolved { firing, .. } => {
                let (trigger, since, over) = seen.firings.get_mut(firing).unwrap();
                assert!(!*over);
                assert!(
                    fact.fell.get(trigger).is_some_and(|fell| *fell >= *since),
                    "missing data resolves nothing"
                );
                *over = true;
            }
            Kind::Acting { firing, clock, run, .. } => {
                counts.acted += 1;
                self.check_acting(seen, fact, firing, clock.as_ref(), run);
            }
            Kind::ClockOpened { clock, decide_by, default_at, .. } => {
                let length = default_at.as_ref().or(decide_by.as_ref()).map(|d| d.length);
                let before = seen.clocks.insert(clock.clone(), (length.map(|l| fact.real + l), None));
                assert!(before.is_none(), "{clock} is opened twice");
            }
            Kind::Said { clock, choice: Choice::Extend(more), .. } => {
                let due = &mut seen.clocks.get_mut(clock).unwrap().0;
                *due = due.map(|d| d + more);
            }
            Kind::ClockClosed { clock, how, .. } => {
                let (due, closed) = seen.clocks.get_mut(clock).unwrap();
                assert_eq!(closed.replace(*how), None, "{clock} is closed twice");
                counts.closed[*how as usize] += 1;
                counts.defaults += usize::from(*how == Closed::Default);
                if matches!(how, Closed::Default | Closed::Refused) {
                    assert!(due.is_some_and(|d| fact.real >= d), "{clock} ends before its time");
                }
            }
            Kind::Escalated { .. } => counts.escalated += 1,
            Kind::Withheld { .. } => counts.withheld += 1,
            _ => {}
        }
    }

    fn check_acting(&self, seen: &mut Seen, fact: &Fact, firing: &str, clock: Option<&String>, run: &str) {
        assert!(seen.acts, "a screen acts");
        let (trigger, _, over) = seen.firings[firing].clone();
        assert!(!over, "{firing} is over");
        assert!(seen.firings_acted.insert(firing.to_owned()), "twice for {firing}");
        assert!(seen.runs.insert(run.to_owned()), "twice by the name of {run}");
        let t = &self.playbook.triggers[&trigger];
        let own = seen.own.get(&trigger).copied().unwrap_or(t.mode);
        assert_eq!(
            own.min(seen.all.unwrap_or(Automation::Armed)),
            Automation::Armed,
            "{trigger} is not armed"
        );
        let (at, truth) = fact.heard.get(&trigger).copied().expect("nothing was judged since the host slept");
        assert!(
            truth == Truth::True && fact.real - at <= SILENT,
            "{trigger} is {truth:?}, {} ms ago",
            fact.real - at
        );
        let before = seen.acted.entry(trigger).or_default();
        assert!(before.last().is_none_or(|b| fact.real - b >= t.cooldown), "within the cooldown");
        let recent = before.iter().filter(|b| fact.real - **b < t.per).count();
        assert!(recent < t.max_attempts as usize, "more often than it may");
        before.push(fact.real);
        if let Some(clock) = clock {
            assert!(seen.clocks_acted.insert(clock.clone()), "twice for {clock}");
            let (due, closed) = &seen.clocks[clock];
            assert_eq!(*closed, None, "{clock} is closed");
            let due = due.unwrap();
            assert!(
                fact.real >= due && fact.real - due <= LATE,
                "{clock} acts {} ms after",
                fact.real as i64 - due as i64
            );
        }
    }
}
