//! A network that fails at the worst moment: a proxy that knows where a commit is.

mod frames;
mod link;
mod orders;

use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use crate::cluster::{Cluster, url};
pub use orders::{Answer, Counts};
use orders::{Orders, Plan};

/// A TCP proxy in front of a cluster. It reads the messages of clients, so it offers no TLS.
///
/// A `COMMIT` is one as a simple query or as a prepared statement with this text, in any case and
/// with or without a semicolon. Several statements in one query are not looked into, and a
/// statement outside of a transaction has no `COMMIT` that could be seen.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    orders: Arc<Orders>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy that passes everything on; it ends, with all connections, when dropped. The
    /// cluster may be killed and come back meanwhile.
    ///
    /// # Panics
    /// No port is to be had.
    pub fn start(cluster: &Cluster) -> Self {
        Self::try_start(cluster.port()).unwrap_or_else(|error| panic!("{error:#}"))
    }

    fn try_start(server: u16) -> Result<Self> {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a port to listen")?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let orders = Arc::new(Orders::default());
        let theirs = Arc::clone(&orders);
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("it does not block");
                tokio::select! {
                    () = serve(listener, server, theirs) => {}
                    _ = ended => {}
                }
            });
        });
        Ok(Self {
            port,
            orders,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// The URL of a database for a role, through the proxy.
    pub fn url(&self, database: &str, user: &str) -> String {
        url(self.port, database, user)
    }

    /// The next `COMMIT` does not reach the server, and both connections end. Counted in
    /// [`Counts::cut`].
    pub fn cut_before_commit(&self) {
        self.orders.plan(Plan::CutBefore);
    }

    /// The next `COMMIT` is carried out by the server, whose answer the client never gets; then
    /// both connections end. Counted in [`Counts::cut`].
    pub fn cut_after_commit(&self) {
        self.orders.plan(Plan::CutAfter);
    }

    /// At the next `COMMIT` the client's connection ends, and the server gets the message only at
    /// [`Proxy::release`]: a write that arrives after its writer has given up. Counted in
    /// [`Counts::held`] before the client can see it.
    pub fn hold_commit(&self) {
        self.orders.plan(Plan::Hold);
    }

    /// Gives the `COMMIT` that has been held for the longest time to the server, and returns its
    /// answer.
    ///
    /// # Panics
    /// None is held.
    pub fn release(&self) -> Answer {
        self.orders.release()
    }

    /// From now on nothing comes through in either direction, and nothing ends: connections, new
    /// ones too, are taken and what they send is lost. Returns at once.
    pub fn black_hole(&self) {
        self.orders.hole.send_replace(true);
    }

    /// Ends what [`Proxy::black_hole`] began: connections that were open meanwhile are cut, new
    /// ones come through.
    pub fn restore(&self) {
        self.orders.hole.send_replace(false);
    }

    /// Cuts every connection, but for the servers' sides that wait for [`Proxy::release`].
    pub fn cut_all(&self) {
        self.orders.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        *self.orders.counts.borrow()
    }

    /// Blocks until the counts are as wanted. Where the client runs on the caller's own runtime
    /// use [`Proxy::watch`], which does not block it.
    pub fn wait_until(&self, wanted: impl FnMut(&Counts) -> bool + Send) {
        let mut counts = self.watch();
        // The sender lives as long as the proxy.
        crate::session::blocking(async { counts.wait_for(wanted).await.map(|_| ()) })
            .expect("the proxy is there");
    }

    /// The counts as they change, for async tests: `proxy.watch().wait_for(…).await`.
    pub fn watch(&self) -> watch::Receiver<Counts> {
        self.orders.counts.subscribe()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

async fn serve(listener: TcpListener, server: u16, orders: Arc<Orders>) {
    while let Ok((client, _)) = listener.accept().await {
        let link = serve_one(client, server, Arc::clone(&orders));
        tokio::spawn(link);
    }
}

async fn serve_one(client: TcpStream, server: u16, orders: Arc<Orders>) {
    orders.count(|counts| counts.connections += 1);
    let mut cuts = orders.cuts.subscribe();
    if *orders.hole.borrow() {
        link::lose(client, None, &orders, &mut cuts).await;
        return;
    }
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, server));
    // A server that is down: the client sees its connection end.
    if let Ok(server) = TcpStream::connect(server).await {
        client.set_nodelay(true).ok();
        server.set_nodelay(true).ok();
        link::carry(client, server, &orders, &mut cuts).await;
    }
}
