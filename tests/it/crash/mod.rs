//! The crash harness: runs with every kind of step are killed with `kill -9` — the supervisor, the stub, both, the command,
//! all of them, the launcher and a screen that looks on — right after every record and at random moments, and are taken up again each time.
//! At the end no step is lost, none is done twice, no outcome is false and the report's timeline is whole; what was done
//! is counted by marker files that the steps themselves append to.
//!
//! One summary line is printed. `RIPCORD_CRASH_KILLS=100000` makes it long (the normal number is 1,100),
//! `RIPCORD_CRASH_SEED` repeats the choices of an earlier time, `RIPCORD_CRASH_GAME` plays one game of them alone.

mod desk;
mod game;
mod judge;
mod steps;
mod tally;
mod watch;

use game::{Game, Plot};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;
use tally::Tally;

/// Kills without a wish for more.
const KILLS: u64 = 1_100;
/// Games after the sweep, at least: launched, looked at, stopped.
const OTHERS: u64 = 40;
/// Games at a time: most of each is waiting.
const AT_ONCE: u64 = 7;

/// Who dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whom {
    Supervisor,
    Stub,
    Both,
    Command,
    All,
}

impl Whom {
    const ALL: [Whom; 5] = [Whom::Supervisor, Whom::Stub, Whom::Both, Whom::Command, Whom::All];

    fn word(self) -> &'static str {
        match self {
            Whom::Supervisor => "supervisor",
            Whom::Stub => "stub",
            Whom::Both => "supervisor and stub",
            Whom::Command => "command",
            Whom::All => "all at once",
        }
    }

    fn has_supervisor(self) -> bool {
        matches!(self, Whom::Supervisor | Whom::Both | Whom::All)
    }

    fn has_stub(self) -> bool {
        matches!(self, Whom::Stub | Whom::Both | Whom::All)
    }

    fn has_command(self) -> bool {
        matches!(self, Whom::Command | Whom::All)
    }

    /// Has to be looked for, for it may not be there.
    fn is_sought(self) -> bool {
        matches!(self, Whom::Stub | Whom::Command)
    }
}

/// SplitMix64: choices that can be repeated.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// 0 to `n` - 1.
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
}

fn wished(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|v| v.parse().unwrap_or_else(|e| panic!("{name}: {e}")))
}

/// Boundaries that one game of the sweep takes.
const TARGETS: u64 = 3;

/// Games until everyone has been killed after every record.
fn sweep(records: u64) -> u64 {
    records.div_ceil(TARGETS) * Whom::ALL.len() as u64
}

/// How game `number` is played: first every record's boundary for everyone, then whatever comes.
fn plot(number: u64, seed: u64, records: u64) -> Plot {
    let mut random = Random::new(seed.wrapping_add(number));
    let stride = records.div_ceil(TARGETS);
    let (whom, record) = (Whom::ALL[(number % 5) as usize], 1 + number / 5);
    let boundaries: [u64; TARGETS as usize] = std::array::from_fn(|i| record + i as u64 * stride);
    let target = (number < sweep(records)).then_some((whom, boundaries));
    let kind = if target.is_none() { random.below(8) } else { u64::MAX };
    Plot {
        number,
        sweep: target,
        kills: TARGETS + 4 + random.below(8),
        launched: kind < 3,
        aborted: (kind == 3).then(|| 3 + random.below(2 * records)),
        screen: (kind == 4).then(|| 1 + random.below(2 * records)),
    }
}

#[test]
fn whoever_is_killed_whenever_no_step_is_lost_or_done_twice() {
    let seed = wished("RIPCORD_CRASH_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let wanted = wished("RIPCORD_CRASH_KILLS").unwrap_or(KILLS);
    let alone = wished("RIPCORD_CRASH_GAME");
    let began = Instant::now();
    let tally = Tally::default();
    let undisturbed =
        Plot { number: u64::MAX, sweep: None, kills: 0, launched: false, aborted: None, screen: None };
    let records = Game::play(undisturbed, seed, &tally);
    let (number, failed) = (AtomicU64::new(alone.unwrap_or(0)), AtomicBool::new(false));
    let play = || {
        loop {
            let n = number.fetch_add(1, Ordering::Relaxed);
            let enough = tally.kills.load(Ordering::Relaxed) >= wanted && n >= sweep(records) + OTHERS;
            if failed.load(Ordering::Relaxed) || alone.map_or(enough, |a| n > a) {
                return;
            }
            let game = std::panic::AssertUnwindSafe(|| Game::play(plot(n, seed, records), seed, &tally));
            if let Err(why) = std::panic::catch_unwind(game) {
                failed.store(true, Ordering::Relaxed);
                say(&format!("crash: game {n} failed: RIPCORD_CRASH_SEED={seed} RIPCORD_CRASH_GAME={n}"));
                std::panic::resume_unwind(why);
            }
        }
    };
    std::thread::scope(|scope| {
        (0..AT_ONCE).for_each(|_| drop(scope.spawn(play)));
    });
    let seconds = began.elapsed().as_secs_f64();
    say(&format!("crash: {}; {records} records undisturbed; {seconds:.1} s; seed {seed}", tally.words()));
    assert!(alone.is_some() || tally.kills.load(Ordering::Relaxed) >= wanted.max(1_000));
}

/// Past the capture of the test harness: a passing test's own prints are not shown.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
