//! The simulated service of the demo and of drills: HTTP on loopback, real requests, real /metrics.
