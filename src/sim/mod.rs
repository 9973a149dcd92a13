//! The simulated service of the demo: HTTP on loopback, real requests, real /metrics.
//!
//! A router with two arms, stable and canary, a share of traffic that can be set, and a load generator that sends
//! real requests through the router's port. At a set time the canary goes bad. All of it lives in a thread with a
//! runtime of its own, so that nothing else in the process can slow it down.

pub mod echo;
mod load;
mod noise;
mod page;
mod routes;
pub mod trouble;
mod world;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use trouble::Control;
use world::{Shared, World};

/// How the service behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seed of all noise: which arm a request meets, how it ends and how long it takes follow from it.
    pub seed: u64,
    /// When the canary goes bad, from the start; never by itself when `None`.
    pub bad_after: Option<Duration>,
    /// Requests a second that the load generator sends.
    pub rate: f64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { seed: 7, bad_after: Some(Duration::from_secs(12)), rate: 80.0 }
    }
}

/// A running service. It ends, with all its requests, when this is dropped.
#[derive(Debug)]
pub struct Service {
    url: String,
    world: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts the service of the demo on a free loopback port; the canary goes bad after 12 seconds.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn start(seed: u64) -> io::Result<Service> {
        Service::with(&Settings { seed, ..Settings::default() })
    }

    /// Starts a service with these settings.
    ///
    /// # Errors
    /// As [`Service::start`].
    pub fn with(settings: &Settings) -> io::Result<Service> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let world: Shared = Arc::new(Mutex::new(World::new(settings.seed)));
        let (stop, stopped) = oneshot::channel();
        let (shared, settings) = (Arc::clone(&world), settings.clone());
        let thread = std::thread::Builder::new().name("sim".into()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                let load = load::Load::new(address, settings.seed, settings.rate);
                tokio::select! {
                    _ = stopped => {}
                    _ = axum::serve(listener, routes::router(Arc::clone(&shared))) => {}
                    () = load.run() => {}
                    () = go_bad_later(&shared, settings.bad_after) => {}
                }
            });
        })?;
        Ok(Service { url: format!("http://{address}"), world, stop: Some(stop), thread: Some(thread) })
    }

    /// Its address, such as `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The hand on it, which outlives nothing: what it does after the service's end is not seen by anybody.
    pub fn control(&self) -> Control {
        Control(Arc::clone(&self.world))
    }

    /// Makes the canary bad from now on: 40 % of its answers are errors, all are slow, and its memory grows.
    pub fn go_bad(&self) {
        world::lock(&self.world).go_bad();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the service's thread has been printed; there is nothing to add to it here.
            let _ = thread.join();
        }
    }
}

/// Makes the canary bad at its time; never ends.
async fn go_bad_later(world: &Shared, after: Option<Duration>) {
    if let Some(after) = after {
        tokio::time::sleep(after).await;
        world::lock(world).go_bad();
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests;
