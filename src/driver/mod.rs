//! Performs effects and delivers events; the same for the screen and headless commands.
