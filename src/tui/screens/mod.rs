//! The screens, one to a file.

pub mod emergency;
pub mod help;
pub mod overview;
pub mod procedures;
pub mod run;
pub mod signal;
pub mod small;
pub mod timeline;
pub mod why;
