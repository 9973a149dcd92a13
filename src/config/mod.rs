//! Finds, reads and checks files: playbooks, the configuration, themes; every problem with its place and a hint.
