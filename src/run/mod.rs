//! One execution as a state machine, and its records. Pure.
