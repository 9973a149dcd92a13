//! The screen: a playbook watched in a terminal.

use super::args::Screen;
use super::{exit, look, runtime, target, watch};
use crate::driver::{Driver, Setup};
use crate::tui::app::{self, Look};
use std::io::IsTerminal;

/// Opens the screen of a playbook.
pub fn open(args: &Screen) -> u8 {
    let Ok(opened) = target::open(&args.target) else { return exit::USAGE };
    let Ok(look) = look::look(&args.look, &opened.settings) else { return exit::USAGE };
    let watch = watch::words(&args.target, &opened.setup);
    let setup = Setup { read_only: args.read_only, watch, ..opened.setup };
    show(setup, look)
}

/// Shows a service until a person leaves.
pub fn show(setup: Setup, look: Look) -> u8 {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        eprintln!(
            "error: the screen needs a terminal\n  hint: `ripcord run`, `ripcord runs` and `ripcord demo --headless` need none"
        );
        return exit::USAGE;
    }
    // The screen has a runtime of its own, which wakes for nothing but the screen.
    let own = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (world, screen) = match runtime().and_then(|world| Ok((world, own()?))) {
        Ok(both) => both,
        Err(e) => {
            eprintln!("error: {e}");
            return exit::USAGE;
        }
    };
    let sources = world.handle().clone();
    let shown = screen.block_on(async { app::run(Driver::reading_on(setup, sources), look).await });
    // Hung endpoints must not hold the way out.
    screen.shutdown_background();
    world.shutdown_background();
    match shown {
        Ok(()) => exit::OK,
        Err(e) => {
            eprintln!("error: the terminal: {e}");
            exit::USAGE
        }
    }
}
