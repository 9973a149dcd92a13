//! Conditions judged on samples of real sources: at once, at the end of a hold, and after the host slept.

use super::*;
use crate::config::playbook::parse;
use crate::session::decision::{Kind, Rules};
use crate::supervisor::secrets::Secrets;
use std::path::Path;

/// A world whose one source reads the file `share`, and the playbook that says so, with these conditions.
fn lab(dir: &Path, conditions: &[(&str, &str)]) -> (Arc<World>, Frozen, Vec<Condition>) {
    let triggers = conditions.iter().map(|(id, when)| {
        format!("[triggers.{id}]\nwhen = '{when}'\ntitle = 'x'\nact = 'watch'\nmode = 'disarmed'\n")
    });
    let text = format!(
        "schema = 1\n[service]\nname = 'x'\ntitle = 'X'\nowner = 'me'\n[environments.local]\ntone = 'calm'\n\
         [sources.file]\nevery = '100ms'\ntimeout = '2s'\ncommand = {{ run = ['cat', '{}'] }}\n\
         [signals.share]\nsource = 'file'\noutput = '(?<value>[0-9.]+)'\nunit = 'percent'\nraw = 'percent'\nstale_after = '20s'\n\
         [signals.half]\nexpr = 'share / 2'\nunit = 'percent'\n{}",
        dir.join("share").display(),
        triggers.collect::<String>(),
    );
    let playbook = parse(&text, &dir.to_string_lossy()).unwrap_or_else(|e| panic!("{e:?}")).playbook;
    let frozen =
        Frozen { sources: playbook.sources.clone(), signals: playbook.signals.clone(), ..Frozen::default() };
    let world = World {
        env: [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into_iter().collect(),
        cwd: dir.to_string_lossy().into_owned(),
        secrets: Secrets::new(Default::default()),
        home: dir.join("records"),
        run: None,
        telling: Default::default(),
    };
    let conditions = conditions.iter().map(|(id, _)| playbook.triggers[*id].when.clone()).collect();
    (Arc::new(world), frozen, conditions)
}

fn write(dir: &Path, value: &str) {
    let temp = dir.join("new");
    std::fs::write(&temp, value).unwrap();
    std::fs::rename(temp, dir.join("share")).unwrap();
}

#[tokio::test]
async fn the_end_of_a_hold_is_judged_on_what_is_true_then() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "50");
    let (world, frozen, c) = lab(dir.path(), &[("stop", "share <= 25%"), ("next", "share < 60%")]);
    let hold =
        Hold { lasts: 0, stop_when: Some(c[0].clone()), next_when: Some(c[1].clone()), value: "50".into() };
    let holding = Holding::begin(world, frozen, hold);
    // Measured before the end, and not true any more at it.
    tokio::time::sleep(Duration::from_millis(400)).await;
    write(dir.path(), "25");
    let (stop, next) = holding.judge().await;
    let (stop, next) = (stop.unwrap(), next.unwrap());
    assert_eq!((stop.0, next.0), (Answer::Holds, Answer::Holds), "{stop:?} {next:?}");
    assert!(stop.1.contains("25"), "{stop:?}");
}

#[tokio::test]
async fn a_hold_can_look_back_over_itself() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "50");
    let (world, frozen, c) = lab(dir.path(), &[("next", "max_over_time(share[1s]) < 60%")]);
    let hold = Hold { lasts: 0, stop_when: None, next_when: Some(c[0].clone()), value: "50".into() };
    let holding = Holding::begin(world, frozen, hold);
    tokio::time::sleep(Duration::from_millis(1_800)).await;
    let (stop, next) = holding.judge().await;
    assert_eq!((stop, next.as_ref().map(|n| n.0)), (None, Some(Answer::Holds)), "{next:?}");
}

#[tokio::test]
async fn a_quantile_over_the_hold_is_known_at_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let script = "n=$(cat n 2>/dev/null || echo 0); n=$((n+1)); echo $n > n; \
                  printf 'h_bucket{le=\"1\"} %s\\nh_bucket{le=\"+Inf\"} %s\\nh_count %s\\nh_sum 0\\n' $n $n $n";
    std::fs::write(dir.path().join("page.sh"), script).unwrap();
    let text = format!(
        "schema = 1\n[service]\nname = 'x'\ntitle = 'X'\nowner = 'me'\n[environments.local]\ntone = 'calm'\n\
         [sources.page]\nevery = '100ms'\ntimeout = '2s'\ncommand = {{ run = ['sh', 'page.sh'], cwd = '{}' }}\n\
         [signals.p95]\nsource = 'page'\nmetric = 'h'\nquantile = 0.95\nover = '20s'\nunit = 's'\nstale_after = '20s'\n\
         [triggers.stop]\nwhen = 'p95 < 2s'\ntitle = 'x'\nact = 'watch'\nmode = 'disarmed'\n",
        dir.path().display()
    );
    let playbook = parse(&text, "page.toml").unwrap_or_else(|e| panic!("{e:?}")).playbook;
    let frozen =
        Frozen { sources: playbook.sources.clone(), signals: playbook.signals.clone(), ..Frozen::default() };
    let (world, ..) = lab(dir.path(), &[]);
    let stop_when = Some(playbook.triggers["stop"].when.clone());
    let hold = Hold { lasts: 0, stop_when, next_when: None, value: "50".into() };
    let holding = Holding::begin(world, frozen, hold);
    tokio::time::sleep(Duration::from_millis(400)).await;
    let (stop, _) = holding.judge().await;
    assert_eq!(stop.as_ref().unwrap().0, Answer::Holds, "{stop:?}");
}

#[tokio::test]
async fn a_hold_whose_source_is_gone_is_not_judged() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "50");
    let (world, frozen, c) = lab(dir.path(), &[("stop", "share <= 60%")]);
    let hold = Hold { lasts: 0, stop_when: Some(c[0].clone()), next_when: None, value: "50".into() };
    let holding = Holding::begin(world, frozen, hold);
    tokio::time::sleep(Duration::from_millis(400)).await;
    std::fs::remove_file(dir.path().join("share")).unwrap();
    let (stop, _) = holding.judge().await;
    assert_eq!(stop.as_ref().unwrap().0, Answer::Blind, "{stop:?}");
}

#[tokio::test]
async fn signals_are_read_in_words_with_what_they_are_computed_from() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "50");
    let (world, frozen, _) = lab(dir.path(), &[]);
    let ids = ["half", "share", "nothing"].map(str::to_owned);
    let read = values(&world, &frozen, &ids, 5_000).await;
    assert_eq!(read["share"].as_deref(), Ok("50 %"));
    assert_eq!(read["half"].as_deref(), Ok("25 %"));
    assert!(read["nothing"].as_ref().unwrap_err().contains("no signal"));
    std::fs::remove_file(dir.path().join("share")).unwrap();
    assert!(values(&world, &frozen, &ids, 5_000).await["share"].is_err());
}

#[tokio::test]
async fn a_window_since_the_runs_start_reaches_back_to_it_and_without_a_run_it_is_not_judged() {
    let home = tempfile::tempdir().unwrap();
    let text = "schema = 1\n[service]\nname = 'x'\ntitle = 'X'\nowner = 'me'\n[environments.local]\ntone = 'calm'\n\
        [signals.complaints]\ncount = { key = 'n', text = 'One more' }\n\
        [verifications.v]\ntitle = 'V'\nwithin = '1m'\ncriteria = [{ text = 'few', when = 'increase(complaints[run]) >= 2' }]\n";
    let playbook = parse(text, "x.toml").unwrap_or_else(|e| panic!("{e:?}")).playbook;
    let who = crate::run::Person::default();
    for _ in 0..2 {
        let counted = Kind::Counted { signal: "complaints".into(), delta: 1, who: who.clone() };
        decisions::append(home.path(), &Rules::default(), &counted).unwrap().unwrap();
    }
    let Ask::When(rule) = playbook.verifications["v"].criteria[0].probe.ask.clone() else { panic!() };
    let frozen = Frozen { signals: playbook.signals.clone(), ..Frozen::default() };
    let now = clock::now();
    let began = Now { boot: now.boot - 60_000, wall: now.wall - 60_000, ..now };
    for (run, expected) in [(Some(began), Answer::Holds), (None, Answer::Blind)] {
        let world = World {
            env: IndexMap::new(),
            cwd: "/".into(),
            secrets: Secrets::new(Default::default()),
            home: home.path().to_owned(),
            run,
            telling: Default::default(),
        };
        let told = once(&world, &frozen, &rule, Some(300)).await;
        assert_eq!(told.answer, expected, "{told:?}");
    }
}
