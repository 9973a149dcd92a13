//! The screens, one to a file.

pub mod checklist;
pub mod drill;
pub mod emergency;
pub mod fleet;
pub mod guide;
pub mod help;
pub mod logs;
pub mod overview;
pub mod procedures;
pub mod run;
pub mod signal;
pub mod small;
pub mod timeline;
pub mod why;
