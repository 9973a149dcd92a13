//! What the operators are in: engine, runs and decisions; events in, effects out. Pure.

pub mod view;
