//! Appends and reads records durably: `Disk`, `Log`, locks. Knows nothing of what a record means.
