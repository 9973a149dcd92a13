//! One execution of a procedure: the frozen plan, its records, the state they fold to, and the machine that decides
//! what comes next. Pure: the supervisor performs what is decided here and writes what is recorded here.

pub mod approval;
pub mod choice;
pub mod expand;
pub mod fill;
pub mod freeze;
pub mod given;
pub mod known;
pub mod machine;
pub mod plan;
pub mod progress;
pub mod record;
pub mod sheet;
pub mod spell;
pub mod state;
pub mod story;
pub mod telling;
pub mod view;

pub use freeze::freeze;
pub use machine::{Asked, Effect, Event, Machine};
pub use plan::{Context, Person, Plan, PlanStep};
pub use record::{Answer, Kind, Outcome, Request, Verdict};
pub use state::State;
pub use view::RunView;
