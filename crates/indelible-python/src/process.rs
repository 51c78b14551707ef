//! Threads that belong to this process, not to the one it was forked from.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::thread::JoinHandle;

use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::failing::Failing;
use crate::living::Living;
use crate::port::{Errand, Port, carry};

/// Threads that wait for databases and servers.
const THREADS: usize = 2;

/// The runtime of one process and what is bound to it.
pub(crate) struct Process {
    pub pid: u32,
    pub runtime: Runtime,
    /// To the thread that wakes event loops.
    pub courier: mpsc::Sender<Errand>,
    thread: Mutex<Option<JoinHandle<()>>>,
    is_ending: AtomicBool,
    /// The port of each event loop, by the loop's address; the port keeps the loop alive.
    ports: Mutex<HashMap<usize, Arc<Port>>>,
    livings: Mutex<Vec<Weak<Living>>>,
}

/// Taken only with the interpreter held, and let go before it is.
static PROCESS: Mutex<Option<Arc<Process>>> = Mutex::new(None);

impl Process {
    /// What belongs to this process; made at its first use.
    pub fn current(_: Python<'_>) -> Result<Arc<Self>, Failing> {
        let mut process = lock(&PROCESS);
        if let Some(current) = &*process
            && current.pid == std::process::id()
        {
            return Ok(Arc::clone(current));
        }
        let fresh = Arc::new(Self::start()?);
        // Its threads stayed with the process that was forked: nothing may wait for them.
        std::mem::forget(process.replace(Arc::clone(&fresh)));
        Ok(fresh)
    }

    /// What belongs to this process, where there is something already.
    pub fn existing(_: Python<'_>) -> Option<Arc<Self>> {
        let process = lock(&PROCESS);
        let current = process.as_ref()?;
        (current.pid == std::process::id()).then(|| Arc::clone(current))
    }

    fn start() -> Result<Self, Failing> {
        let none =
            |error: std::io::Error| Failing::new("unavailable", format!("no thread: {error}"));
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(THREADS)
            .thread_name("indelible-python");
        let runtime = builder.enable_all().build().map_err(none)?;
        let (courier, errands) = mpsc::channel();
        let thread = std::thread::Builder::new().name("indelible-courier".to_owned());
        let thread = thread.spawn(move || carry(&errands)).map_err(none)?;
        Ok(Self {
            pid: std::process::id(),
            runtime,
            courier,
            thread: Mutex::new(Some(thread)),
            is_ending: AtomicBool::new(false),
            ports: Mutex::new(HashMap::new()),
            livings: Mutex::new(Vec::new()),
        })
    }

    /// Whether nobody wakes event loops any more.
    pub fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }

    /// Ends the courier, with the interpreter let go of. A thread that wants the interpreter back
    /// when it is gone is ended by force, and the process with it.
    pub fn dismiss_courier(&self) {
        self.is_ending.store(true, Ordering::Release);
        // Where it has ended already nobody listens.
        let _ = self.courier.send(Errand::End);
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    /// The port of the event loop.
    pub fn port(&self, event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Port>> {
        let address = event_loop.as_ptr().addr();
        if let Some(port) = lock(&self.ports).get(&address) {
            return Ok(Arc::clone(port));
        }
        let port = Arc::new(Port::new(event_loop)?);
        let py = event_loop.py();
        // Loops that are closed will never be asked for again.
        let known: Vec<_> = lock(&self.ports)
            .iter()
            .map(|(address, port)| (*address, Arc::clone(port)))
            .collect();
        let closed = known.into_iter().filter(|(_, port)| port.is_closed(py));
        let closed: Vec<_> = closed.collect();
        let mut ports = lock(&self.ports);
        for (address, _) in &closed {
            ports.remove(address);
        }
        ports.insert(address, Arc::clone(&port));
        drop(ports);
        Ok(port)
    }

    /// Starts what loops were asked for and have not started.
    pub fn hand_over(&self) {
        let ports: Vec<_> = lock(&self.ports).values().map(Arc::clone).collect();
        for port in ports {
            port.hand_over(self);
        }
    }

    /// Remembers a handle, for forks and for the end.
    pub fn remember(&self, living: &Arc<Living>) {
        let mut livings = lock(&self.livings);
        livings.retain(|known| known.strong_count() > 0);
        livings.push(Arc::downgrade(living));
    }

    /// The handles that are alive.
    pub fn livings(&self) -> Vec<Arc<Living>> {
        lock(&self.livings)
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
