//! A rehearsal: the same run, decider and session, on a simulated service. Pure: time is an argument, nothing is reached.

mod asking;
pub mod cases;
pub mod draft;
pub mod ledger;
pub mod play;
pub mod rehearsed;
pub mod robot;
pub mod score;
pub mod stage;
mod words;
pub mod world;

pub use play::Play;
pub use rehearsed::{Rehearsed, rehearsed};
