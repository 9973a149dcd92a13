//! The decider's rules, one by one, in simulated time.
