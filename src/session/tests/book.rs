//! The guide's book in simulated time: the ladder, the hours, what people had others told.

use super::*;
use crate::engine::eval::Truth;
use crate::model::playbook::{Automation, Cell};
use crate::session::view::guide::{BookView, HoursView, RungState, ToldView};

const BOOK: &str = r#"
[channels.pager]
title = "Pager"
run = ["true"]
[messages.open]
subject = "Shop"
body = "It goes on"
[roles.oncall]
title = "On-call engineer"
users = ["ana"]
slack = "@oncall"
available = "24/7"
channels = ["pager"]
[roles.lead]
title = "Lead"
users = ["lea"]
available = "Mon-Fri 09:00-17:00 Europe/Berlin"
[roles.board]
title = "Board"
includes = ["oncall"]
available = "when it suits"
notify_when = "business impact"
[roles.gate]
title = "Gatekeeper"
users = ["gus"]
[authority.release]
title = "Release"
all = ["gate"]
[[escalation]]
after = "0s"
roles = ["oncall"]
message = "open"
[[escalation]]
after = "15m"
roles = ["lead"]
channels = ["pager"]
message = "open"
[[escalation]]
after = "30m"
roles = ["board"]
message = "open"
when = "errors > 5%"
[guides.stuck]
title = "It is stuck"
symptom = "nothing moves"
steps = [{ text = "Look", run = ["ls", "-l", "a b"] }, { text = "Think" }]
[objectives.rto]
title = "RTO"
from = "firing"
to = "verified"
within = "10m"
procedures = ["off"]
"#;

fn booked() -> Session {
    let loaded = crate::config::playbook::parse(&format!("{PLAYBOOK}{BOOK}"), "shop.toml")
        .unwrap_or_else(|p| panic!("{}", p.iter().map(|p| p.render(false)).collect::<String>()));
    let playbook = resolve(&loaded.playbook, "lab", &IndexMap::new()).unwrap();
    let facts = Facts { environment: "lab".into(), user: "ana".into(), uid: 7, ..Facts::default() };
    let mut s = Session::new(playbook, facts, &at(0));
    s.handle(&at(0), Event::Decided(Vec::new()));
    s
}

fn book(s: &Session, ms: u64) -> BookView {
    s.view(&at(ms)).book
}

fn called(ok: bool) -> Kind {
    Kind::Called {
        role: "lead".into(),
        title: "Lead".into(),
        text: "come".into(),
        ok,
        detail: "Pager: exit 0".into(),
        who: who("ana", 7),
    }
}

#[test]
fn contacts_say_when_they_come_in_and_whether_they_are_reached_now() {
    // 2023-11-14, a Tuesday, 23:13 in Berlin.
    let b = book(&booked(), 0);
    let when: Vec<&str> = b.contacts.iter().map(|c| c.when.as_str()).collect();
    assert_eq!(when, ["at once", "open > 15m", "business impact", "decides: Release"]);
    assert_eq!(b.contacts[0].hours, HoursView::Now(None));
    assert_eq!(b.contacts[1].hours, HoursView::From(1_700_035_200_000), "09:00 on the next morning");
    assert_eq!(b.contacts[2].hours, HoursView::Written("when it suits".into()));
    assert_eq!(b.contacts[3].hours, HoursView::Unknown);
    assert_eq!(b.contacts[2].channels, ["Pager"], "by those it includes");
    assert_eq!(b.contacts[2].includes, ["On-call engineer"]);
    let mut morning = at(0);
    morning.wall = 1_700_035_200_000;
    assert_eq!(
        booked().view(&morning).book.contacts[1].hours,
        HoursView::Now(Some(1_700_064_000_000)),
        "until 17:00"
    );
}

#[test]
fn the_ladder_runs_from_the_incidents_start_and_shows_who_was_told() {
    let (mut s, mut log) = (booked(), Log::default());
    assert!(book(&s, 0).ladder.iter().all(|r| r.state == RungState::Idle));
    log.say(&mut s, 500, called(true));
    let open = Kind::IncidentOpened { incident: "INC-1".into(), reason: "r".into(), run: None, who: None };
    log.say(&mut s, 1_000, open);
    read(&mut s, 2_000, 0.001);
    let b = book(&s, 61_000);
    assert_eq!(b.incident, Some(at(1_000).wall));
    let states: Vec<&RungState> = b.ladder.iter().map(|r| &r.state).collect();
    assert_eq!(
        states,
        [&RungState::Reached(60_000), &RungState::Ahead(840_000), &RungState::Ahead(1_740_000)],
        "what was told before the incident does not count"
    );
    assert_eq!(b.ladder[1].how, "Pager");
    assert_eq!(b.ladder[2].only_if, Some(("errors > 5%".into(), Truth::Unknown)), "the reading is old");
    read(&mut s, 61_000, 0.2);
    assert_eq!(book(&s, 61_000).ladder[2].only_if.as_ref().map(|o| o.1), Some(Truth::True));
    let v = s.view(&at(61_000)).verdict;
    let wanted = format!("Shop lab: INC-1 open for 1m. {}, {}. ana asks for you.", v.word, v.text);
    assert_eq!(book(&s, 61_000).message.1, wanted);
    // By hand.
    log.say(&mut s, 70_000, called(false));
    let b = book(&s, 71_000);
    let told = ToldView {
        wall: at(70_000).wall,
        ok: false,
        detail: "Pager: exit 0".into(),
        who: Some("ana".into()),
    };
    assert_eq!(b.ladder[1].state, RungState::Told(told.clone()));
    assert_eq!(b.contacts[1].told, Some(told));
    assert!(s.view(&at(71_000)).timeline.iter().any(|h| h.text.contains("Lead was NOT told by hand")));
    // By itself: the rung whose people these are.
    let firing = || "high-1".to_owned();
    let fired = Kind::Fired {
        epoch: 1,
        firing: firing(),
        trigger: "high".into(),
        true_since: at(72_000),
        cell: Cell::Ask,
        stage: None,
        note: None,
        mode: Automation::Shadow,
        evidence: Vec::new(),
    };
    log.say(&mut s, 72_000, fired);
    let to = vec!["On-call engineer".to_owned()];
    log.say(&mut s, 73_000, Kind::Escalated { epoch: 1, firing: firing(), clock: None, why: "w".into(), to });
    assert_eq!(book(&s, 73_500).ladder[0].state, RungState::Reached(72_500), "it is not known yet");
    log.say(&mut s, 74_000, Kind::Paged { epoch: 1, firing: firing(), ok: true, detail: "202".into() });
    let told = ToldView { wall: at(74_000).wall, ok: true, detail: "202".into(), who: None };
    assert_eq!(book(&s, 75_000).ladder[0].state, RungState::Told(told));
}

#[test]
fn guides_and_objectives_of_the_whole_playbook_are_there() {
    let b = book(&booked(), 0);
    assert_eq!(
        b.guides["stuck"].steps,
        [("Look".to_owned(), Some("ls -l 'a b'".to_owned())), ("Think".to_owned(), None)]
    );
    assert_eq!(b.objectives[0].span, "from firing to verified");
    assert_eq!((b.objectives[0].procedures[0].as_str(), b.objectives[0].stand), ("Canary off", None));
}
