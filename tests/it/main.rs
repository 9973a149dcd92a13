//! Integration tests: the whole program, real processes, real terminals.

mod attempt;
mod layers;
