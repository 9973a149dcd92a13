//! What can be made to go wrong in the service, really: its answers, its speed, its memory, its pages.

use super::world::{Shared, lock};
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// Something that can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The canary answers with errors.
    Errors,
    /// The canary is slow.
    Slow,
    /// The canary's memory grows with every request.
    Leak,
    /// `/health` says 503 every now and then.
    Flaps,
    /// `/metrics` does not answer.
    Silence,
    /// The router answers a change of the share, and does not make it.
    Ignored,
    /// The stable arm answers with errors, too: taking traffic off the canary is not enough.
    Both,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Trouble; 7] = [
        Trouble::Errors,
        Trouble::Slow,
        Trouble::Leak,
        Trouble::Flaps,
        Trouble::Silence,
        Trouble::Ignored,
        Trouble::Both,
    ];

    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Trouble::Errors => "errors",
            Trouble::Slow => "slow",
            Trouble::Leak => "leak",
            Trouble::Flaps => "flaps",
            Trouble::Silence => "silence",
            Trouble::Ignored => "ignored",
            Trouble::Both => "both",
        }
    }

    /// Its key.
    pub fn key(self) -> char {
        match self {
            Trouble::Errors => 'e',
            Trouble::Slow => 'l',
            Trouble::Leak => 'm',
            Trouble::Flaps => 'f',
            Trouble::Silence => 's',
            Trouble::Ignored => '1',
            Trouble::Both => '2',
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Trouble::Errors => "Canary fails",
            Trouble::Slow => "Canary is slow",
            Trouble::Leak => "Canary leaks memory",
            Trouble::Flaps => "Health flaps",
            Trouble::Silence => "Metrics page goes silent",
            Trouble::Ignored => "Router ignores changes",
            Trouble::Both => "Stable fails, too",
        }
    }

    /// What ought to come of it.
    pub fn expects(self) -> &'static str {
        match self {
            Trouble::Errors => "expects Errors to fire",
            Trouble::Slow => "expects Slow to fire",
            Trouble::Leak => "expects Memory grows to fire",
            Trouble::Flaps => "expects nothing to fire",
            Trouble::Silence => "expects UNKNOWN, nothing to fire",
            Trouble::Ignored => "expects a run that is not verified",
            Trouble::Both => "expects Errors, a rollback does not help",
        }
    }

    /// How long it takes to grow to its full size.
    pub fn rise(self) -> Duration {
        match self {
            Trouble::Errors | Trouble::Both => Duration::from_secs(5),
            Trouble::Slow => Duration::from_secs(10),
            _ => Duration::ZERO,
        }
    }

    /// How long it lasts when nobody ends it.
    pub fn lasts(self) -> Option<Duration> {
        match self {
            Trouble::Flaps => Some(Duration::from_secs(60)),
            Trouble::Silence => Some(Duration::from_secs(45)),
            _ => None,
        }
    }
}

/// A trouble as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub trouble: Trouble,
    /// How long it has been on; none: it is off.
    pub on: Option<Duration>,
}

/// A trouble began or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub trouble: Trouble,
    /// It began.
    pub on: bool,
    /// A person did it here; else it came, or went, by itself.
    pub by_person: bool,
}

/// Since when what is on.
#[derive(Debug, Default)]
pub struct Troubles {
    /// When it began, and whether at its full size at once.
    on: [Option<(Instant, bool)>; Trouble::ALL.len()],
    changes: Vec<Change>,
}

impl Troubles {
    /// Begins or ends one. One that is as wanted already stays.
    pub fn set(&mut self, trouble: Trouble, on: bool, at_once: bool, by_person: bool) {
        self.pass();
        let slot = &mut self.on[trouble as usize];
        if slot.is_some() != on {
            *slot = on.then(|| (Instant::now(), at_once));
            self.changes.push(Change { trouble, on, by_person });
        }
    }

    /// How much of a trouble there is now, from 0 to 1.
    pub fn size(&mut self, trouble: Trouble) -> f64 {
        self.pass();
        let Some((since, at_once)) = self.on[trouble as usize] else { return 0.0 };
        match trouble.rise() {
            rise if at_once || rise.is_zero() => 1.0,
            rise => (since.elapsed().as_secs_f64() / rise.as_secs_f64()).min(1.0),
        }
    }

    /// How long it has been on.
    pub fn lasted(&mut self, trouble: Trouble) -> Option<Duration> {
        self.pass();
        self.on[trouble as usize].map(|(since, _)| since.elapsed())
    }

    /// Ends what does not last any longer.
    fn pass(&mut self) {
        for trouble in Trouble::ALL {
            let slot = &mut self.on[trouble as usize];
            let over = |(since, _): &mut (Instant, bool)| {
                trouble.lasts().is_some_and(|lasts| since.elapsed() >= lasts)
            };
            if slot.take_if(over).is_some() {
                self.changes.push(Change { trouble, on: false, by_person: false });
            }
        }
    }
}

/// The hand on a running service.
#[derive(Debug, Clone)]
pub struct Control(pub(super) Shared);

impl Control {
    /// All that can go wrong, as it is now.
    pub fn standing(&self) -> Vec<Standing> {
        let mut world = lock(&self.0);
        let troubles = world.troubles();
        Trouble::ALL.map(|trouble| Standing { trouble, on: troubles.lasted(trouble) }).to_vec()
    }

    /// Begins or ends a trouble, by its id; nothing happens when there is none of that name.
    pub fn set(&self, id: &str, on: bool) {
        if let Some(trouble) = Trouble::ALL.into_iter().find(|t| t.id() == id) {
            lock(&self.0).troubles().set(trouble, on, false, true);
        }
    }

    /// What began or ended since this was asked last, oldest first.
    pub fn changes(&self) -> Vec<Change> {
        let mut world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let troubles = world.troubles();
        troubles.pass();
        std::mem::take(&mut troubles.changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_is_on_once_and_every_change_is_told_once() {
        let mut t = Troubles::default();
        t.set(Trouble::Errors, true, true, true);
        t.set(Trouble::Errors, true, false, true);
        assert_eq!((t.size(Trouble::Errors), t.size(Trouble::Slow)), (1.0, 0.0));
        t.set(Trouble::Errors, false, false, false);
        assert_eq!(t.lasted(Trouble::Errors), None);
        let told: Vec<(bool, bool)> = t.changes.iter().map(|c| (c.on, c.by_person)).collect();
        assert_eq!(told, [(true, true), (false, false)]);
    }

    #[test]
    fn one_that_does_not_last_goes_by_itself_and_one_that_rises_is_small_at_first() {
        let ago = |secs| Instant::now().checked_sub(Duration::from_secs(secs)).unwrap();
        let mut t = Troubles::default();
        t.on[Trouble::Silence as usize] = Some((ago(44), false));
        t.on[Trouble::Slow as usize] = Some((ago(5), false));
        assert_eq!(t.size(Trouble::Silence), 1.0);
        let half = t.size(Trouble::Slow);
        assert!((0.5..0.6).contains(&half), "{half}");
        t.on[Trouble::Silence as usize] = Some((ago(45), false));
        assert_eq!(t.size(Trouble::Silence), 0.0);
        assert_eq!(t.changes, [Change { trouble: Trouble::Silence, on: false, by_person: false }]);
    }

    #[test]
    fn keys_and_ids_are_their_own() {
        for t in Trouble::ALL {
            let same = |o: &&Trouble| o.key() == t.key() || o.id() == t.id() || **o as usize == t as usize;
            assert_eq!(Trouble::ALL.iter().filter(same).count(), 1, "{t:?}");
            assert!(t.key().is_ascii_lowercase() || ('1'..='9').contains(&t.key()));
        }
    }
}
