//! Keys in, cells out. Draws snapshots, turns keys into actions; decides nothing.

pub mod app;
pub mod canvas;
pub mod dialog;
pub mod find;
pub mod format;
pub mod freeze;
pub mod glyphs;
pub mod keymap;
pub mod paint;
pub mod panels;
pub mod screens;
pub mod term;
pub mod theme;
pub mod ui;

#[cfg(test)]
mod tests;
