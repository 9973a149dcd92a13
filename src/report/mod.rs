//! Records in, Markdown out.
