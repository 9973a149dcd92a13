//! `ripcord decide`: a person's word on an open decision. Who says "roll back" starts the run, once all who must agree do.

use super::args::Target;
use super::say::{is_file, put, state, words};
use super::{exit, run, target};
use crate::clock;
use crate::driver::Setup;
use crate::model::text::clean_line;
use crate::model::unit;
use crate::report::{length, stamp};
use crate::run::fill::Filler;
use crate::run::freeze::names;
use crate::run::plan::{Cause, Person};
use crate::session::decision::{Choice, Clock, Closed, Decisions, EXTENSIONS, Kind};
use crate::supervisor::{self, person, person::roles_among};
use indexmap::IndexMap;

/// What a person chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Roll back.
    RollBack,
    /// Go on watching.
    Hold,
    /// More time.
    Extend,
}

/// What is said besides.
pub struct Word<'a> {
    /// The decision; the only open one when none is named.
    pub clock: Option<&'a str>,
    /// By how much its time is extended.
    pub more: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Another procedure than the recommended one.
    pub procedure: Option<&'a str>,
    /// Confirmed already; in a danger environment with the service's name.
    pub yes: Option<&'a str>,
}

impl Way {
    fn of(word: &str) -> Option<Way> {
        match word {
            "roll-back" | "rollback" => Some(Way::RollBack),
            "hold" => Some(Way::Hold),
            "extend" => Some(Way::Extend),
            _ => None,
        }
    }
}

/// Which of the words is the decision, which the choice, which the playbook.
///
/// # Errors
/// When there is no choice among them; it has been printed.
pub fn sort(first: String, second: Option<String>, target: &mut Target) -> Result<(Option<String>, Way), ()> {
    match (Way::of(&first), second) {
        (Some(way), None) => Ok((None, way)),
        (Some(way), Some(playbook)) if target.playbook.is_none() => {
            target.playbook = Some(playbook);
            Ok((None, way))
        }
        (None, Some(word)) if !is_file(&first) && Way::of(&word).is_some() => {
            Way::of(&word).map(|way| (Some(first), way)).ok_or(())
        }
        _ => {
            eprintln!(
                "error: what is decided?\n  hint: ripcord decide [CLOCK] roll-back|hold|extend [PLAYBOOK] --reason …"
            );
            Err(())
        }
    }
}

/// Puts a person's word on record, closes the decision when it was the last that was missing, and starts what was decided.
pub fn decide(of: &Target, way: Way, word: &Word<'_>) -> u8 {
    let Ok(opened) = target::open(of) else { return exit::USAGE };
    let setup = opened.setup;
    let Ok(reason) = words(word.reason, "--reason") else { return exit::USAGE };
    let state = match state(&setup.folder) {
        Ok(state) => state,
        Err(code) => return code,
    };
    let clock = match pick(&state, word.clock) {
        Ok(clock) => clock,
        Err(code) => return code,
    };
    let me = person();
    let roles = roles_among(&me, &clock.roles);
    if let Err(why) = clock.counts(&me, &roles) {
        eprintln!("REFUSED: {why}.");
        return exit::REFUSED;
    }
    let said = Said { clock, me, roles, reason };
    match way {
        Way::Hold => said.say(&setup, Choice::Hold),
        Way::Extend => {
            let ms = match unit::duration(word.more) {
                Ok(ms) => ms as u64,
                Err(why) => {
                    eprintln!("error: --for: {why}");
                    return exit::USAGE;
                }
            };
            if !EXTENSIONS.contains(&ms) {
                let all: Vec<String> = EXTENSIONS.iter().map(|ms| length(*ms)).collect();
                eprintln!("error: --for: a decision is extended by one of {}", all.join(", "));
                return exit::USAGE;
            }
            said.say(&setup, Choice::Extend(ms))
        }
        Way::RollBack => said.roll_back(&setup, &state, word),
    }
}

/// The decision that is meant.
fn pick<'a>(state: &'a Decisions, named: Option<&str>) -> Result<&'a Clock, u8> {
    let open: Vec<&Clock> = state.open_clocks().collect();
    let ids = || open.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ");
    match (named, open.as_slice()) {
        (Some(id), _) => match state.clocks.get(id) {
            Some(clock) => match &clock.closed {
                None => Ok(clock),
                Some((how, detail, at)) => {
                    eprintln!("REFUSED: {id} was closed {}: {how:?}: {}.", stamp(at), clean_line(detail));
                    Err(exit::REFUSED)
                }
            },
            None => {
                let hint = if open.is_empty() { "nothing is to be decided".into() } else { ids() };
                eprintln!("error: no decision is named `{}`\n  hint: {hint}", clean_line(id));
                Err(exit::USAGE)
            }
        },
        (None, [one]) => Ok(one),
        (None, []) => {
            eprintln!("REFUSED: nothing is to be decided.");
            Err(exit::REFUSED)
        }
        (None, _) => {
            eprintln!("error: which decision? there is {}", ids());
            Err(exit::USAGE)
        }
    }
}

/// A word that counts.
struct Said<'a> {
    clock: &'a Clock,
    me: Person,
    roles: Vec<String>,
    reason: String,
}

impl Said<'_> {
    /// Whose word is missing yet when this one is said.
    fn lacking(&self, choice: &Choice) -> Vec<String> {
        let mut clock = self.clock.clone();
        clock.said.push(crate::session::decision::Word {
            choice: choice.clone(),
            who: self.me.clone(),
            roles: self.roles.clone(),
            reason: self.reason.clone(),
            at: clock::now(),
        });
        clock.lacking(choice)
    }

    /// Puts it on record and closes the decision when nobody is missing any more: whose word is missing.
    fn put(&self, setup: &Setup, choice: Choice) -> Result<Vec<String>, u8> {
        let extends = matches!(choice, Choice::Extend(_));
        let clock = self.clock.id.clone();
        let (who, roles, reason) = (self.me.clone(), self.roles.clone(), self.reason.clone());
        put(setup, &Kind::Said { clock: clock.clone(), choice: choice.clone(), who, roles, reason })?;
        if extends {
            return Ok(Vec::new());
        }
        // What others said meanwhile counts.
        let now = state(&setup.folder)?;
        let Some(said) = now.clocks.get(&clock).filter(|c| c.closed.is_none()) else { return Ok(Vec::new()) };
        let lacking = said.lacking(&choice);
        if lacking.is_empty() {
            let detail = format!("{}: {}", words_of(&choice), self.reason);
            let closed =
                Kind::ClockClosed { epoch: None, clock: clock.clone(), how: Closed::Decided, detail };
            let rules = crate::session::decision::Rules::of(&setup.playbook, &setup.environment);
            // The decider may have been quicker: then it is closed already.
            if let Err(e) = supervisor::decisions::append(&setup.folder, &rules, &closed) {
                eprintln!("warning: {e}");
            }
        }
        Ok(lacking)
    }

    fn say(&self, setup: &Setup, choice: Choice) -> u8 {
        let said = words_of(&choice);
        let extended = matches!(choice, Choice::Extend(_));
        match self.put(setup, choice) {
            Ok(_) if extended => {
                println!("{}: {said}.", self.clock.id);
                exit::OK
            }
            Ok(lacking) => self.close(&said, &lacking),
            Err(code) => code,
        }
    }

    fn close(&self, said: &str, lacking: &[String]) -> u8 {
        match lacking {
            [] => println!("{}: DECIDED: {said}.", self.clock.id),
            more => println!("{}: {said}. Still missing: {}.", self.clock.id, more.join(", ")),
        }
        exit::OK
    }

    /// Shows what would be done, says so, and does it when nobody's word is missing.
    fn roll_back(&self, setup: &Setup, state: &Decisions, word: &Word<'_>) -> u8 {
        let trigger = setup.playbook.triggers.get(&self.clock.trigger);
        let recommended = self.clock.procedure.as_deref().or_else(|| trigger?.procedure.as_deref());
        let Some(procedure) = word.procedure.or(recommended) else {
            eprintln!("error: {} recommends nothing\n  hint: --procedure", self.clock.trigger);
            return exit::USAGE;
        };
        let Some(procedure) = run::procedure(setup, procedure) else { return exit::USAGE };
        let choice = |run: Option<String>| Choice::RollBack { procedure: procedure.clone(), run };
        if !self.lacking(&choice(None)).is_empty() {
            // Others must say the same; the last of them starts it.
            return self.say(setup, choice(None));
        }
        let cause = trigger.map(|t| Cause {
            trigger: self.clock.trigger.clone(),
            title: t.title.clone(),
            firing_since: state
                .firings
                .get(&self.clock.firing)
                .map_or(self.clock.at.clone(), |f| f.at.clone()),
        });
        let given = trigger.filter(|t| t.procedure.as_deref() == Some(&procedure)).map(|t| &t.args);
        let context = supervisor::context("decide", &self.reason, cause.clone(), &setup.hash, &setup.folder);
        let mut fill = Filler::new(&setup.playbook, names(&setup.playbook, &setup.environment, &context));
        let filled = |(name, t): (&String, &_)| (name.clone(), fill.text(t).0);
        let params: IndexMap<String, String> = given.into_iter().flatten().map(filled).collect();
        let ask = run::Ask {
            procedure: &procedure,
            params: &[],
            reason: &self.reason,
            yes: word.yes,
            dry_run: false,
            go_on: None,
            replace: None,
            beside: None,
        };
        run::start(setup, cause, params, &ask, |plan| {
            let lacking = self.put(setup, choice(Some(plan.id.clone())))?;
            match lacking.as_slice() {
                [] => {
                    self.close(&words_of(&choice(None)), &[]);
                    Ok(())
                }
                more => {
                    eprintln!("REFUSED: somebody changed their mind; still missing: {}.", more.join(", "));
                    Err(exit::REFUSED)
                }
            }
        })
    }
}

fn words_of(choice: &Choice) -> String {
    match choice {
        Choice::RollBack { procedure, .. } => format!("roll back by {procedure}"),
        Choice::Hold => "hold".into(),
        Choice::Extend(ms) => format!("{} more", length(*ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(
        first: &str,
        second: Option<&str>,
        third: Option<&str>,
    ) -> Option<(Option<String>, Way, Option<String>)> {
        let mut target = Target {
            playbook: third.map(str::to_owned),
            env: None,
            vars: Vec::new(),
            state_dir: None,
            config: None,
        };
        let (clock, way) = sort(first.into(), second.map(str::to_owned), &mut target).ok()?;
        Some((clock, way, target.playbook))
    }

    #[test]
    fn the_clock_the_choice_and_the_playbook_are_told_apart() {
        assert_eq!(sorted("hold", None, None), Some((None, Way::Hold, None)));
        assert_eq!(sorted("extend", Some("x.toml"), None), Some((None, Way::Extend, Some("x.toml".into()))));
        let all = sorted("gate-1-d1", Some("roll-back"), Some("x.toml"));
        assert_eq!(all, Some((Some("gate-1-d1".into()), Way::RollBack, Some("x.toml".into()))));
        assert_eq!(sorted("hold", Some("hold"), None), Some((None, Way::Hold, Some("hold".into()))));
        for (first, second, third) in [
            ("gate-1-d1", None, None),
            ("x.toml", Some("hold"), None),
            ("gate-1-d1", Some("x.toml"), None),
            ("hold", Some("a.toml"), Some("b.toml")),
        ] {
            assert_eq!(sorted(first, second, third), None, "{first}");
        }
    }
}
