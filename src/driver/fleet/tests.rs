//! The fleet read from folders as watchers and supervisors leave them.

use super::reader::Reader;
use super::*;
use crate::engine::eval::Truth;
use crate::engine::hold::TriggerState;
use crate::engine::stage::{InForce, Stage};
use crate::engine::verdict::Standing;
use crate::journal::{Hold, Log, real};
use crate::model::playbook::{Automation, Cell, Tone};
use crate::run::plan::{PLAN_SCHEMA, Person, Plan, ProcedureFacts};
use crate::run::record::{Kind as RunKind, Verdict};
use crate::session::decision::{Kind, Rules};
use crate::session::view::fleet::{Grade, RowClock};
use crate::supervisor::decisions::{Beat, BeatTrigger, append, host, make_home};
use crate::supervisor::home::{self, LockNote};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const BOOK: &str = r#"
schema = 1
[service]
name = "NAME"
owner = "x"
[environments.production]
tone = "danger"
automation = "armed"
prove = { run = ["/bin/true"] }
[environments.staging]
tone = "calm"
automation = "shadow"
[sources.page]
http = { url = "http://127.0.0.1:9/metrics" }
[signals.p95]
title = "Latency p95"
source = "page"
metric = "p95"
unit = "s"
critical = "> 2s"
panel = 1
[severities.P1]
title = "High"
text = "Roll back within 15 min"
respond_within = "15m"
[triggers.slow]
title = "Slow"
severity = "P1"
when = "p95 > 2s"
for = "1m"
act = "auto"
mode = "armed"
procedure = "config"
[procedures.config]
title = "Configuration rollback"
key = "c"
expect = { duration = "3m", downtime = "none", data_loss = "none" }
[[procedures.config.steps]]
name = "Back"
run = ["/bin/true"]
timeout = "5s"
"#;

/// A folder of playbooks and one of records.
struct World {
    root: TempDir,
}

impl World {
    fn new(names: &[&str]) -> World {
        let world = World { root: tempfile::tempdir().unwrap() };
        std::fs::create_dir(world.books()).unwrap();
        names.iter().for_each(|n| world.put(n, &BOOK.replace("NAME", n)));
        world
    }

    fn books(&self) -> PathBuf {
        self.root.path().join("books")
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.books().join(format!("{name}.toml")), text).unwrap();
    }

    fn home(&self, service: &str) -> PathBuf {
        let home = self.root.path().join(format!("{service}@production"));
        make_home(&home).unwrap();
        home
    }

    fn reader(&self) -> Reader {
        let state_root = self.root.path().to_owned();
        Reader::new(Sources { playbooks: vec![self.books()], state_root, also: Vec::new() })
    }
}

fn beat(standing: Standing, at: Now) -> Beat {
    Beat {
        epoch: 1,
        acts: true,
        host: host(),
        pid: std::process::id(),
        watching_since: at.clone(),
        standing_since: at.wall,
        at,
        trouble: None,
        standing,
        text: "as it is".into(),
        evidence: vec!["p95 2.18 s > 2 s\u{1b}[31m".into()],
        answering: (1, 1),
        stage: Stage::None,
        signals: Vec::new(),
        triggers: Vec::new(),
        kept: Vec::new(),
    }
}

fn names(swept: &Swept) -> Vec<String> {
    let mut out: Vec<String> =
        swept.rows.iter().map(|r| format!("{} {}", r.service, r.environment).trim().to_owned()).collect();
    out.sort();
    out
}

fn row(swept: &Swept, service: &str) -> FleetRow {
    let mine = |r: &&Arc<FleetRow>| r.service == service && r.environment != "staging";
    FleetRow::clone(swept.rows.iter().find(mine).unwrap())
}

/// A run's folder with a plan and a journal that is held as its supervisor would.
fn begin_run(home: &Path, id: &str, now: &Now) -> Log {
    let dir = home::run_dir(home, id);
    std::fs::create_dir_all(&dir).unwrap();
    let plan = Plan {
        schema: PLAN_SCHEMA,
        id: id.into(),
        procedure: ProcedureFacts { title: "Configuration rollback".into(), ..ProcedureFacts::default() },
        who: Person { user: "ana".into(), ..Person::default() },
        confirmed_at: now.clone(),
        ..Plan::default()
    };
    std::fs::write(dir.join("plan.json"), serde_json::to_vec(&plan).unwrap()).unwrap();
    let (mut log, _) = Log::open(real(), &home::journal_path(&dir), now, Duration::from_secs(2)).unwrap();
    let started = RunKind::RunStarted {
        plan: String::new(),
        pid: std::process::id(),
        start: 1,
        uid: 0,
        host: host(),
        version: "0".into(),
        proof: None,
    };
    write(&mut log, now, started);
    log
}

fn write(log: &mut Log, now: &Now, kind: RunKind) {
    let (name, body) = kind.parts();
    log.append(now, &name, &body).unwrap();
}

#[test]
fn every_environment_of_every_playbook_is_a_row_and_a_broken_one_says_where() {
    let world = World::new(&["shop", "search"]);
    world.put("odd", "schema = 1\n[service]\nname = 7\n");
    let mut reader = world.reader();
    let now = clock::now();
    let swept = reader.sweep(&now).unwrap();
    assert_eq!(swept.playbooks, 3);
    assert_eq!(
        names(&swept),
        ["odd", "search production", "search staging", "shop production", "shop staging"]
    );
    let odd = row(&swept, "odd");
    let broken = odd.broken.as_ref().unwrap();
    assert!(
        broken.place.starts_with("odd.toml:") && !broken.what.is_empty() && !broken.hint.is_empty(),
        "{broken:?}"
    );
    assert_eq!(odd.state(&now).grade, Grade::Unknown);
    assert!(!swept.origins.contains_key(&odd.id), "it cannot be opened");
    assert_eq!((row(&swept, "shop").tone, row(&swept, "shop").mode), (Tone::Danger, None));
    assert!(reader.sweep(&now).is_none(), "nothing has changed");
    // It is mended, another one goes, and one says that it is another.
    world.put("odd", &BOOK.replace("NAME", "odd"));
    std::fs::remove_file(world.books().join("search.toml")).unwrap();
    world.put("twin", &BOOK.replace("NAME", "shop"));
    let swept = reader.sweep(&now).unwrap();
    assert_eq!(
        names(&swept),
        [
            "odd production",
            "odd staging",
            "shop production",
            "shop staging",
            "twin production",
            "twin staging"
        ]
    );
    assert!(row(&swept, "twin").broken.unwrap().what.contains("as in shop.toml"));
}

#[test]
fn a_heartbeat_is_read_and_its_silence_is_seen() {
    let world = World::new(&["shop"]);
    let home = world.home("shop");
    let mut reader = world.reader();
    let now = clock::now();
    assert_eq!(row(&reader.sweep(&now).unwrap(), "shop").state(&now).text, "UNKNOWN: nobody watches");
    beat(Standing::Quiet, now.clone()).write(&home).unwrap();
    let shop = row(&reader.sweep(&now).unwrap(), "shop");
    assert_eq!((shop.state(&now).grade, shop.state(&now).text.as_str()), (Grade::Quiet, "quiet"));
    assert!(shop.watched(&now) && shop.mode == Some(Automation::Armed));
    let firing = BeatTrigger {
        id: "slow".into(),
        state: TriggerState::Firing { since: 0 },
        since: Some(now.wall - 60_000),
        truth: Truth::True,
        cell: InForce { cell: Cell::Ask, stage: None, note: None },
    };
    Beat { triggers: vec![firing], ..beat(Standing::Row("P1".into()), now.clone()) }.write(&home).unwrap();
    let shop = row(&reader.sweep(&now).unwrap(), "shop");
    let state = shop.state(&now);
    assert_eq!((state.grade, state.text.as_str()), (Grade::Critical, "P1 roll back in 15 min"));
    assert_eq!(state.clock, Some(RowClock::Left(14 * 60_000)), "to respond: a minute is over");
    assert_eq!(shop.says.unwrap().evidence, ["p95 2.18 s > 2 s"], "nothing that could move the cursor");
    let later = now.plus(40_000);
    let swept = reader.sweep(&later);
    assert!(swept.is_none(), "that it is silent follows from the time, not from the files");
}

#[test]
fn what_is_armed_and_pending_acts_by_itself_and_a_process_that_is_gone_does_not() {
    let world = World::new(&["shop"]);
    let home = world.home("shop");
    let mut reader = world.reader();
    let now = clock::now();
    let pending = BeatTrigger {
        id: "slow".into(),
        state: TriggerState::Pending { since: 0, held: 24_000, need: 60_000 },
        since: Some(now.wall),
        truth: Truth::True,
        cell: InForce { cell: Cell::Auto, stage: None, note: None },
    };
    let beat = Beat { triggers: vec![pending], ..beat(Standing::Quiet, now.clone()) };
    beat.write(&home).unwrap();
    let shop = row(&reader.sweep(&now).unwrap(), "shop");
    let (due, left) = shop.acts_next(&now).unwrap();
    assert_eq!(
        (due.title.as_str(), due.then.as_str(), left),
        ("Configuration rollback", "3m, no downtime", 36_000)
    );
    assert_eq!(shop.state(&now).clock, Some(RowClock::Left(36_000)));
    // A person sets it off.
    let who = Person { user: "ana".into(), ..Person::default() };
    let off = Kind::AutomationSet { trigger: None, mode: Automation::Off, who, reason: "odd".into() };
    append(&home, &Rules::default(), &off).unwrap().unwrap();
    let shop = row(&reader.sweep(&now).unwrap(), "shop");
    assert_eq!((shop.mode, shop.acts_next(&now)), (Some(Automation::Off), None));
    // No pid is as large as that.
    Beat { pid: 4_194_305, ..beat }.write(&home).unwrap();
    let shop = row(&reader.sweep(&now).unwrap(), "shop");
    assert_eq!(shop.state(&now).text, "UNKNOWN: nobody watches");
}

#[test]
fn a_run_is_followed_from_its_lock_to_its_end() {
    let world = World::new(&["shop"]);
    let home = world.home("shop");
    let mut reader = world.reader();
    let now = clock::now();
    beat(Standing::Quiet, now.clone()).write(&home).unwrap();
    reader.sweep(&now);
    let mut journal = begin_run(&home, "1121-0312-a", &now);
    let note = LockNote {
        run: "1121-0312-a".into(),
        title: "Configuration rollback".into(),
        user: "ana".into(),
        host: host(),
        pid: std::process::id(),
        since: now.clone(),
    };
    let lock = Hold::take(&*real(), &home::lock_path(&home), 0o600, Duration::from_secs(2)).unwrap();
    std::fs::write(home::lock_path(&home), serde_json::to_vec(&note).unwrap()).unwrap();
    let shop = row(&reader.sweep(&now).unwrap(), "shop");
    let run = shop.run.clone().unwrap();
    assert_eq!((run.title.as_str(), run.who.as_str(), run.driven), ("Configuration rollback", "ana", true));
    assert_eq!((shop.state(&now).grade, shop.here), (Grade::Running, vec!["ana".to_owned()]));
    // Its supervisor dies.
    drop((journal, lock));
    let shop = row(&reader.sweep(&now).unwrap(), "shop");
    assert!(!shop.run.as_ref().unwrap().driven && shop.state(&now).grade == Grade::Critical, "{shop:?}");
    // Somebody takes it up, and it ends.
    let end = now.plus(422_000);
    (journal, _) = Log::open(
        real(),
        &home::journal_path(&home::run_dir(&home, "1121-0312-a")),
        &now,
        Duration::from_secs(2),
    )
    .unwrap();
    write(&mut journal, &end, RunKind::RunFinished { verdict: Verdict::Verified, why: "all held".into() });
    drop(journal);
    let shop = row(&reader.sweep(&now).unwrap(), "shop");
    let last = shop.last.clone().unwrap();
    assert_eq!((shop.run, last.word.as_str(), last.took_ms), (None, "verified", 422_000));
    assert!(reader.sweep(&now).is_none());
    // What is on record is there for a reader that begins now, too.
    assert_eq!(row(&world.reader().sweep(&now).unwrap(), "shop").last, Some(last));
}

#[test]
fn a_damaged_log_is_said_and_stops_nothing_else() {
    let world = World::new(&["shop", "search"]);
    let home = world.home("shop");
    std::fs::write(home.join("decisions.jsonl"), "{\"v\":1,\"odd\":true}\n").unwrap();
    let now = clock::now();
    beat(Standing::Quiet, now.clone()).write(&world.home("search")).unwrap();
    let swept = world.reader().sweep(&now).unwrap();
    let shop = row(&swept, "shop");
    assert!(shop.unread.as_ref().unwrap().contains("decisions.jsonl"), "{:?}", shop.unread);
    assert_eq!(row(&swept, "search").state(&now).grade, Grade::Quiet);
}

#[test]
fn of_two_hundred_services_only_those_that_changed_are_made_anew() {
    let all: Vec<String> = (0..200).map(|i| format!("service-{i:03}")).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    let world = World::new(&names);
    let now = clock::now();
    all.iter().for_each(|n| beat(Standing::Quiet, now.clone()).write(&world.home(n)).unwrap());
    let mut reader = world.reader();
    let first = reader.sweep(&now).unwrap();
    assert_eq!(first.rows.len(), 400);
    assert!(reader.sweep(&now).is_none());
    let next = now.plus(1_000);
    for n in all.iter().take(3) {
        beat(Standing::Unknown("no answer".into()), next.clone()).write(&world.home(n)).unwrap();
    }
    let second = reader.sweep(&next).unwrap();
    let same = first.rows.iter().zip(&second.rows).filter(|(a, b)| Arc::ptr_eq(a, b)).count();
    assert_eq!(same, 397, "the others are the very same rows");
}

#[tokio::test]
async fn the_thread_tells_what_is_new_and_rests_while_nobody_looks() {
    let world = World::new(&["shop"]);
    let home = world.home("shop");
    let sources = Sources {
        playbooks: vec![world.books()],
        state_root: world.root.path().to_owned(),
        also: Vec::new(),
    };
    let mut fleet = Fleet::start(sources);
    let now = clock::now();
    fleet.changed().await;
    assert!(!fleet.view(&now).starting && fleet.view(&now).rows.len() == 2);
    beat(Standing::Quiet, clock::now()).write(&home).unwrap();
    fleet.changed().await;
    let quiet = |f: &Fleet| f.view(&clock::now()).rows.iter().any(|r| r.says.is_some());
    assert!(quiet(&fleet));
    fleet.look(false);
    std::fs::remove_file(home.join("decider.json")).unwrap();
    fleet.look(true);
    while quiet(&fleet) {
        fleet.changed().await;
    }
}
