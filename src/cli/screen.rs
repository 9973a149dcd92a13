//! The screen: a playbook watched in a terminal.

use super::args::Screen;
use super::{exit, fleet, look, runtime, target, watch};
use crate::driver::Setup;
use crate::driver::fleet::Desk;
use crate::tui::app::{self, Look};
use std::io::IsTerminal;
use tokio::runtime::Handle;

/// Opens the screen of a playbook.
pub fn open(args: &Screen) -> u8 {
    let Ok(opened) = target::open(&args.target) else { return exit::USAGE };
    let Ok(look) = look::look(&args.look, &opened.settings) else { return exit::USAGE };
    let watch = watch::words(&args.target, &opened.setup);
    let setup = Setup { read_only: args.read_only, watch, ..opened.setup };
    let (sources, opener) = fleet::around(&args.target, &opened.settings, &setup);
    show(|world| Desk::new(Some(setup), sources, opener, world), look)
}

/// Shows a service, or the fleet, until a person leaves. The desk is made within a runtime, and told another on which
/// sources are read.
pub fn show(desk: impl FnOnce(Handle) -> Desk, look: Look) -> u8 {
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
    let shown = screen.block_on(async { app::run(desk(sources), look).await });
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
