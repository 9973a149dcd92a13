//! Gets numbers from the world: Prometheus, HTTP, processes, commands.

pub mod exposition;
pub mod histogram;
