//! The playbook and its words, as plain data. No behaviour beyond units and time arithmetic.

pub mod record;
pub mod text;
pub mod time;
