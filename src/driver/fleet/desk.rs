//! What one screen looks at: a service, the fleet, or a service with the fleet behind it.

use super::{Fleet, Origin, Sources};
use crate::clock;
use crate::driver::{Driver, Rehearsal, Request, Setup, Update};
use crate::model::time::Now;
use crate::session::view::{ChartColumn, Curve, SignalDetail, View};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// How long what was left may take when the screen closes.
const LEAVE: Duration = Duration::from_secs(1);

/// Opens an environment of a playbook file.
///
/// # Errors
/// In words, when it cannot be used.
pub type Open = Box<dyn Fn(&Path, &str) -> Result<Setup, String> + Send>;

/// One service: a real one, or one that is simulated.
enum Service {
    Real(Box<Driver>),
    Drill(Box<Rehearsal>),
}

impl Service {
    async fn next(&mut self) -> Update {
        match self {
            Service::Real(driver) => driver.next().await,
            Service::Drill(drill) => drill.next().await,
        }
    }

    fn view(&self) -> View {
        match self {
            Service::Real(driver) => driver.view(),
            Service::Drill(drill) => drill.view(),
        }
    }

    fn columns(&self, now: &Now, curve: Curve<'_>, window: u64, columns: usize) -> Vec<Option<ChartColumn>> {
        match self {
            Service::Real(driver) => driver.columns(now, curve, window, columns),
            Service::Drill(drill) => drill.columns(now, curve, window, columns),
        }
    }

    fn detail(&self, end: &Now, signal: &str, window: u64) -> SignalDetail {
        match self {
            Service::Real(driver) => driver.detail(end, signal, window),
            Service::Drill(drill) => drill.detail(end, signal, window),
        }
    }

    fn sheet(&self) -> String {
        match self {
            Service::Real(driver) => driver.sheet(),
            Service::Drill(drill) => drill.sheet(),
        }
    }

    fn ask(&mut self, request: Request) {
        match self {
            Service::Real(driver) => driver.ask(request),
            Service::Drill(drill) => drill.ask(request),
        }
    }

    /// A drill ends with its screen.
    async fn leave(&mut self) {
        match self {
            Service::Real(driver) => driver.leave().await,
            Service::Drill(drill) => drill.leave(),
        }
    }

    fn real(&self) -> Option<&Driver> {
        match self {
            Service::Real(driver) => Some(driver),
            Service::Drill(_) => None,
        }
    }
}

/// What one screen looks at.
pub struct Desk {
    service: Option<Service>,
    fleet: Option<Fleet>,
    sources: Sources,
    open: Open,
    /// The runtime on which sources are read.
    world: Handle,
    /// Services that were left for another one, until they have left in order.
    left: Vec<JoinHandle<()>>,
}

impl Desk {
    /// A service, and the fleet where it is asked for; or the fleet alone. What is read is read on `world`.
    pub fn new(service: Option<Setup>, sources: Sources, open: Open, world: Handle) -> Desk {
        let service = service.map(|setup| Service::Real(Box::new(Driver::reading_on(setup, world.clone()))));
        Desk { service, fleet: None, sources, open, world, left: Vec::new() }
    }

    /// A drill alone. There is no fleet behind it: what is simulated must not stand beside what is real.
    pub fn drill(rehearsal: Rehearsal, world: Handle) -> Desk {
        let open: Open = Box::new(|_, _| Err("no service is opened from a drill".into()));
        let service = Some(Service::Drill(Box::new(rehearsal)));
        Desk { service, fleet: None, sources: Sources::default(), open, world, left: Vec::new() }
    }

    /// Waits for what comes next. Cancel-safe.
    pub async fn next(&mut self) -> Update {
        let Desk { service, fleet, .. } = self;
        let of_service = async {
            match service {
                Some(driver) => driver.next().await,
                None => std::future::pending().await,
            }
        };
        let of_fleet = async {
            match fleet {
                Some(fleet) if fleet.looks => fleet.changed().await,
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            update = of_service => update,
            () = of_fleet => Update::Changed,
        }
    }

    /// Reads the fleet while it is looked at, and rests when it is not.
    pub fn look_at_fleet(&mut self, looks: bool) {
        match &mut self.fleet {
            Some(fleet) => fleet.look(looks),
            None if looks => {
                let mut sources = self.sources.clone();
                let real = self.service.as_ref().and_then(Service::real);
                sources.also.extend(real.map(|d| d.setup().clone()));
                self.fleet = Some(Fleet::start(sources));
            }
            None => {}
        }
    }

    /// Whether a service is open.
    pub fn has_service(&self) -> bool {
        self.service.is_some()
    }

    /// What is shown now.
    pub fn view(&self) -> View {
        let now = clock::now();
        let mut view = match &self.service {
            Some(driver) => driver.view(),
            None => View { now: now.clone(), ..View::default() },
        };
        if let Some(fleet) = self.fleet.as_ref().filter(|f| f.looks) {
            let mut shown = fleet.view(&now);
            shown.open = self.row();
            view.fleet = Some(shown);
        }
        view
    }

    /// The row of the service that is open.
    fn row(&self) -> Option<usize> {
        let driver = self.service.as_ref()?.real()?;
        let (service, environment) = (&driver.setup().playbook.service.name, &driver.setup().environment);
        let found = self.fleet.as_ref()?.found.borrow();
        let row = found.rows.iter().find(|r| r.service == *service && r.environment == *environment);
        row.filter(|r| r.is_service()).map(|r| r.id)
    }

    /// Opens the service of a row, in place of the one that is open.
    ///
    /// # Errors
    /// In words, when its playbook cannot be used; what is open stays open.
    pub fn open(&mut self, row: usize) -> Result<(), String> {
        if self.row() == Some(row) {
            return Ok(());
        }
        let fleet = self.fleet.as_ref().ok_or("the fleet is not open")?;
        let origins = fleet.found.borrow().origins.clone();
        let setup = match origins.get(&row) {
            Some(Origin::File(file, environment)) => (self.open)(file, environment)?,
            Some(Origin::Given(setup)) => Setup::clone(setup),
            None => return Err("its playbook cannot be used: see below the list".into()),
        };
        if let Some(mut before) =
            self.service.replace(Service::Real(Box::new(Driver::reading_on(setup, self.world.clone()))))
        {
            self.left.retain(|l| !l.is_finished());
            self.left.push(tokio::spawn(async move { before.leave().await }));
        }
        Ok(())
    }

    /// Columns of a curve that ends `now`, oldest first.
    pub fn columns(
        &self,
        now: &Now,
        curve: Curve<'_>,
        window: u64,
        columns: usize,
    ) -> Vec<Option<ChartColumn>> {
        self.service.as_ref().map(|d| d.columns(now, curve, window, columns)).unwrap_or_default()
    }

    /// A signal in full, over a window that ends `end`.
    pub fn detail(&self, end: &Now, signal: &str, window: u64) -> Option<SignalDetail> {
        self.service.as_ref().map(|d| d.detail(end, signal, window))
    }

    /// Every procedure of the service that is open, as commands for a bare shell.
    pub fn sheet(&self) -> String {
        self.service.as_ref().map(Service::sheet).unwrap_or_default()
    }

    /// Does what a person asks of the service that is open. Never waits.
    pub fn ask(&mut self, request: Request) {
        if let Some(driver) = &mut self.service {
            driver.ask(request);
        }
    }

    /// Leaves in order; waits a moment at most.
    pub async fn leave(&mut self) {
        if let Some(driver) = &mut self.service {
            driver.leave().await;
        }
        for left in self.left.drain(..) {
            let _ = tokio::time::timeout(LEAVE, left).await;
        }
    }

    /// Name of the run of the open service that goes on without this screen.
    pub fn goes_on(&self) -> Option<&str> {
        let run = self.service.as_ref()?.real()?.session().run().filter(|r| r.is_open())?;
        Some(&run.plan().procedure.title)
    }
}
