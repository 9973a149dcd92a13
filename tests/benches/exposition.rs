//! Exposition parser throughput.
fn main() {}
