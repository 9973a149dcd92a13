//! Keys in, cells out. Draws snapshots, turns keys into actions; decides nothing.

pub mod glyphs;
pub mod theme;
