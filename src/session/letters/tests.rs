//! Letters as they are shown.

use super::*;
use crate::model::playbook::{Limit, Preset};
use crate::run::plan::Person;
use crate::session::outbox::{Letter, Phase};
use crate::session::{Event, Facts};
use indexmap::IndexMap;

fn letter(id: &str) -> Letter {
    Letter {
        id: id.into(),
        channel: "pager".into(),
        title: "PagerDuty".into(),
        about: "On-call lead".into(),
        subject: "s".into(),
        body: "b".into(),
        phase: Phase::Open,
        thread: "t".into(),
        incident: None,
        run: None,
        by: Some(Person { user: "ana".into(), ..Person::default() }),
        preset: None::<Preset>,
        secrets: IndexMap::new(),
        call: StepKind::Run(Default::default()),
        env: IndexMap::new(),
        cwd: String::new(),
        timeout: 1_000,
        limit: Limit { max: 1, per: 1_000 },
    }
}

/// A session that takes in records, a second apart.
struct Desk {
    session: Session,
    now: Now,
    seq: u64,
}

impl Desk {
    fn new() -> Desk {
        let now = Now { boot: 1_000, boot_id: "a".into(), wall: 1_795_262_400_000 };
        Desk { session: Session::new(Playbook::default(), Facts::default(), &now), now, seq: 0 }
    }

    fn take(&mut self, kind: Kind) {
        self.now = self.now.plus(1_000);
        self.seq += 1;
        let (kind, body) = kind.parts();
        let record = Record { v: 1, seq: self.seq, at: self.now.clone(), kind, body, prev: String::new() };
        let effects = self.session.handle(&self.now, Event::Posted(vec![record]));
        assert!(effects.is_empty(), "no message rings");
    }

    fn rows(&self) -> Vec<(char, String)> {
        self.session.timeline().map(|h| (h.mark.unwrap(), h.text.clone())).collect()
    }
}

fn given_up(id: &str) -> Kind {
    Kind::GivenUp { id: id.into(), detail: "503 for an hour".into() }
}

#[test]
fn a_letter_is_told_when_it_is_queued_first_fails_and_is_settled_and_not_at_every_try() {
    let mut d = Desk::new();
    d.take(Kind::Queued(letter("m")));
    for attempt in 1..4 {
        d.take(Kind::Trying { id: "m".into(), attempt });
        d.take(Kind::Tried { id: "m".into(), attempt, detail: "503".into(), next: d.now.wall + 9_000 });
    }
    let waiting = &d.session.view(&d.now).letters[0];
    assert_eq!((waiting.fate, waiting.attempts, waiting.next_ms), (Fate::Waiting, 3, Some(8_000)));
    d.take(Kind::Delivered { id: "m".into(), attempt: 4, detail: "202".into(), reference: None });
    let rows = d.rows();
    let told: Vec<(char, &str)> = rows.iter().map(|(m, t)| (*m, t.as_str())).collect();
    assert_eq!(
        told,
        [
            ('>', "PagerDuty: On-call lead   queued"),
            ('~', "PagerDuty: On-call lead   is tried again: 503"),
            ('+', "PagerDuty: On-call lead   accepted 202"),
        ]
    );
}

#[test]
fn what_was_not_delivered_is_pointed_out_until_it_is_sent_again_or_a_day_is_over() {
    let mut d = Desk::new();
    d.take(Kind::Queued(letter("m")));
    d.take(given_up("m"));
    assert!(d.session.view(&d.now).letters[0].pointed_out);
    let tomorrow = d.now.plus(25 * 3_600_000);
    assert!(!d.session.view(&tomorrow).letters[0].pointed_out);
    let first = name_again(&d.session.outbox, "m");
    d.take(Kind::Queued(letter(&first)));
    let view = d.session.view(&d.now);
    assert!(view.letters[0].again && !view.letters[0].pointed_out);
    d.take(given_up(&first));
    assert!(d.session.view(&d.now).letters[1].pointed_out, "the one that was sent again is too");
    let second = name_again(&d.session.outbox, &first);
    assert!(second != first && second.starts_with("m"), "{second}");
}

#[test]
fn a_message_usually_goes_where_the_playbook_sends_it() {
    let text = "schema = 1\n[service]\nname = \"shop\"\nowner = \"@a\"\n[environments.live]\ntone = \"calm\"\n\
        [channels.chat]\nrun = [\"true\"]\n[channels.pager]\nrun = [\"true\"]\n\
        [messages.started]\nsubject = \"begun\"\nbody = \"b\"\n[messages.other]\nsubject = \"o\"\nbody = \"b\"\n\
        [[notify]]\non = [\"fired\"]\nchannels = [\"pager\"]\nmessage = \"started\"\n";
    let p = crate::config::playbook::parse(text, "x.toml").unwrap().playbook;
    let usual: Vec<(String, Vec<bool>)> = messages(&p).into_iter().map(|m| (m.id, m.usual)).collect();
    let none = vec![false, false];
    assert_eq!(
        usual,
        [("started".into(), vec![false, true]), ("other".into(), none.clone()), (String::new(), none)]
    );
}
