//! What people raise and count, from the log of decisions to an engine: what they said before it began as its past, what
//! they say then as it comes.

use super::decisions;
use crate::clock;
use crate::engine::Event;
use crate::journal::Tail;
use crate::model::playbook::{ReadingKind, Signal};
use crate::model::reading::{Reading, Value};
use crate::model::text::clean_line;
use crate::session::decision::Kind;
use indexmap::IndexMap;
use std::path::Path;

/// Follows what people say of a playbook's flags and counts.
#[derive(Debug)]
pub struct Raised {
    tail: Tail,
    /// What stands now: 1 for a flag that is up.
    values: IndexMap<String, f64>,
    begun: bool,
    /// The log cannot be read: nothing is known of what people say.
    blind: bool,
}

impl Raised {
    /// Of the flags and counts among these signals; none where there is no such signal.
    pub fn of(home: &Path, signals: &IndexMap<String, Signal>) -> Option<Raised> {
        let people = |s: &Signal| matches!(s.reading, ReadingKind::Flag { .. } | ReadingKind::Count { .. });
        let values: IndexMap<String, f64> =
            signals.iter().filter(|(_, s)| people(s)).map(|(id, _)| (id.clone(), 0.0)).collect();
        let tail = decisions::tail(home);
        (!values.is_empty()).then_some(Raised { tail, values, begun: false, blind: false })
    }

    /// What an engine is to be told: at first all that was said before, which must be told before it judges; then what is
    /// new. While the log cannot be read, none of it is known.
    pub fn poll(&mut self) -> Vec<Event> {
        let records = self.tail.poll().map_err(|e| e.to_string());
        let kinds: Result<Vec<_>, String> =
            records.and_then(|all| all.iter().map(|r| Ok((r.at.wall, Kind::read(r)?))).collect());
        match kinds {
            Ok(said) => {
                let mut out = self.tell(said);
                if std::mem::take(&mut self.blind) {
                    out.extend(self.values.iter().map(|(id, v)| reading(id, Ok(Value::Number(*v)))));
                }
                out
            }
            Err(why) if !self.blind => {
                self.blind = true;
                let why = clean_line(&why);
                self.values.keys().map(|id| reading(id, Err(why.clone()))).collect()
            }
            Err(_) => Vec::new(),
        }
    }

    fn tell(&mut self, said: Vec<(i64, Kind)>) -> Vec<Event> {
        let first = !std::mem::replace(&mut self.begun, true);
        let mut past: IndexMap<String, Vec<(i64, f64)>> = IndexMap::new();
        let mut out = Vec::new();
        for (wall, kind) in said {
            let (signal, event) = match kind {
                Kind::Flagged { signal, raised, .. } => (signal.clone(), Event::Flag { signal, raised }),
                Kind::Counted { signal, delta, .. } => (signal.clone(), Event::Count { signal, delta }),
                _ => continue,
            };
            let Some(value) = self.values.get_mut(&signal) else { continue };
            *value = match &event {
                Event::Count { delta, .. } => (*value + f64::from(*delta)).max(0.0),
                Event::Flag { raised, .. } => f64::from(u8::from(*raised)),
                _ => *value,
            };
            match first {
                true => past.entry(signal).or_default().push((wall, *value)),
                false => out.push(event),
            }
        }
        let past = past.into_iter();
        past.map(|(signal, points)| Event::Backfill { signal, series: None, points }).chain(out).collect()
    }
}

fn reading(id: &str, value: Result<Value, String>) -> Event {
    let reading = Reading { signal: id.to_owned(), series: None, at: clock::now(), age: 0, value };
    Event::Readings(vec![reading])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::playbook::parse;
    use crate::engine::Engine;
    use crate::engine::eval::Truth;
    use crate::run::Person;
    use crate::session::decision::Rules;

    const BOOK: &str = "schema = 1\n[service]\nname = 'x'\ntitle = 'X'\nowner = 'me'\n[environments.local]\ntone = 'calm'\n\
        [signals.odd]\nflag = { key = 'x', text = 'Odd' }\n[signals.complaints]\ncount = { key = 'n', text = 'One more' }\n\
        [triggers.odd]\nwhen = 'odd'\ntitle = 'x'\nact = 'watch'\nmode = 'disarmed'\n\
        [triggers.two]\nwhen = 'complaints >= 2'\ntitle = 'x'\nact = 'watch'\nmode = 'disarmed'\n\
        [triggers.now]\nwhen = 'increase(complaints[10m]) >= 2'\ntitle = 'x'\nact = 'watch'\nmode = 'disarmed'\n";

    fn put(home: &Path, kind: &Kind) {
        decisions::append(home, &Rules::default(), kind).unwrap().unwrap();
    }

    fn flag(home: &Path, raised: bool) {
        put(
            home,
            &Kind::Flagged { signal: "odd".into(), raised, note: String::new(), who: Person::default() },
        );
    }

    fn count(home: &Path, delta: i32) {
        put(home, &Kind::Counted { signal: "complaints".into(), delta, who: Person::default() });
    }

    #[test]
    fn an_engine_hears_what_was_said_before_it_began_and_after() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let playbook = parse(BOOK, "x.toml").unwrap_or_else(|e| panic!("{e:?}")).playbook;
        flag(home, true);
        count(home, 1);
        count(home, 1);
        let mut raised = Raised::of(home, &playbook.signals).unwrap();
        let mut engine = Engine::new(&playbook, &clock::now());
        let judge = |engine: &mut Engine, raised: &mut Raised| -> Vec<Truth> {
            let now = clock::now().plus(10);
            raised.poll().into_iter().for_each(|e| drop(engine.handle(&now, e)));
            let rules = ["odd", "two", "now"].map(|t| &playbook.triggers[t].when.expr);
            rules.iter().map(|r| engine.judge(r, now.boot as i64, Some(now.boot as i64 - 5)).0).collect()
        };
        use Truth::{False, True, Unknown};
        assert_eq!(judge(&mut engine, &mut raised), [True, True, True]);
        flag(home, false);
        count(home, -1);
        let after = judge(&mut engine, &mut raised);
        assert_eq!(after[..2], [False, False]);
        std::fs::write(decisions::path(home), "not a log\n").unwrap();
        assert_eq!(
            judge(&mut engine, &mut raised)[..2],
            [Unknown, Unknown],
            "what cannot be read is not down"
        );
        assert!(raised.poll().is_empty(), "said once");
    }
}
