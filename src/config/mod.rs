//! Finding, reading and checking files: playbooks, settings, where state lies.

mod names;
pub mod playbook;
pub mod problem;
mod syntax;
mod walk;
