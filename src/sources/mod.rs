//! Gets numbers from the world: Prometheus, HTTP, processes, commands.
