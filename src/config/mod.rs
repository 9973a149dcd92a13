//! Finding, reading and checking files: playbooks, settings, where state lies.

pub mod audit;
pub mod check;
pub mod drill_file;
pub mod keys;
mod names;
pub mod paths;
pub mod playbook;
pub mod problem;
pub mod settings;
mod syntax;
mod walk;
