//! The detached process that drives one run, and the stub that holds one attempt.
//!
//! [`resolve()`] makes a plan, [`launch`] hands it to a supervisor of its own, [`control::Asker`] asks things of it, and
//! everything that is known of a run is read back from its folder ([`home`]).

mod after;
pub mod ask;
pub mod attempt;
pub mod audit;
pub mod baseline;
mod begin;
pub mod capture;
pub mod control;
pub mod decisions;
pub mod deed;
pub mod drills;
mod drive;
mod expect;
pub mod file_change;
mod follow;
pub mod guide;
pub mod headless;
pub mod home;
mod http;
mod late;
mod launch;
pub mod logout;
mod look;
pub mod outbox;
mod page;
mod perform;
pub mod person;
mod pin;
pub mod raised;
mod replace;
pub mod report;
pub mod resolve;
mod room;
pub mod secrets;
mod socket;
mod telling;
pub mod ticket;
mod watch;

pub use after::succeed;
pub use control::Asker;
pub use drive::main;
pub use home::{Holder, RunSummary, Unfinished, alive, holder, list, orphan, read_run, run_dir};
pub use launch::{Accepted, Refused, detached, launch, resume};
pub use page::{page, page_by};
pub use person::person;
pub use replace::{NotReplaced, Progress, replace};
pub use resolve::{Draft, context, resolve};
