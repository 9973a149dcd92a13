//! The playbook and its words, as plain data. No behaviour beyond units and time arithmetic.

pub mod condition;
pub mod drill;
pub mod hours;
pub mod playbook;
pub mod probe;
pub mod reading;
pub mod record;
pub mod rehearsal;
pub mod resolve;
pub mod samples;
pub mod telling;
pub mod template;
pub mod text;
pub mod time;
pub mod unit;
