//! What the rules of the log need to know of a playbook in its environment.

use super::ATTEMPTS;
use crate::model::playbook::{Automation, Checklist, Item, ItemDoes, Playbook};
use crate::model::time::Millis;
use indexmap::IndexMap;

/// What automation may do in an environment, and each trigger's limits. The default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The most that the environment allows.
    pub ceiling: Automation,
    /// By trigger.
    pub triggers: IndexMap<String, Limits>,
    /// By checklist, of each item: how it comes to be done.
    pub checklists: IndexMap<String, Vec<How>>,
    /// Ids of the severities, the gravest first.
    pub severities: Vec<String>,
}

/// How an item of a checklist comes to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// A person ticks it.
    ByHand,
    /// It judges itself: nobody ticks it.
    Judges,
    /// A person sets it off; who did it another way ticks it.
    Does,
}

/// How often a trigger may act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Its own mode.
    pub mode: Automation,
    /// Milliseconds after an automatic run in which it does not act.
    pub cooldown: Millis,
    /// Automatic runs in `per`, at most [`ATTEMPTS`].
    pub max_attempts: usize,
    /// Milliseconds.
    pub per: Millis,
}

impl Rules {
    /// Those of a playbook in one of its environments; one that does not exist allows nothing.
    pub fn of(playbook: &Playbook, environment: &str) -> Rules {
        let limits = |t: &crate::model::playbook::Trigger| Limits {
            mode: t.mode,
            cooldown: t.cooldown,
            max_attempts: (t.max_attempts as usize).min(ATTEMPTS),
            per: t.per,
        };
        let how = |i: &Item| match &i.does {
            None | Some(ItemDoes::Ask(..)) => How::ByHand,
            Some(ItemDoes::Judge(_)) => How::Judges,
            Some(ItemDoes::Act { .. } | ItemDoes::Mark(_)) => How::Does,
        };
        let items = |c: &Checklist| c.items.iter().map(how).collect();
        Rules {
            checklists: playbook.checklists.iter().map(|(id, c)| (id.clone(), items(c))).collect(),
            severities: playbook.severities.keys().cloned().collect(),
            ceiling: playbook.environments.get(environment).map(|e| e.automation).unwrap_or_default(),
            triggers: playbook.triggers.iter().map(|(id, t)| (id.clone(), limits(t))).collect(),
        }
    }
}
