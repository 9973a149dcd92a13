#![doc = include_str!("ARCHITECTURE.md")]

pub mod cli;
pub mod clock;
pub mod config;
pub mod drill;
pub mod driver;
pub mod engine;
pub mod journal;
pub mod model;
pub mod report;
pub mod run;
pub mod session;
pub mod sim;
pub mod sources;
pub mod supervisor;
pub mod tui;
