//! Reads the time: the one place that asks the kernel for boot time, boot id and wall time.
