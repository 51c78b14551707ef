//! Going on with what another process was cut short in, beside everything else.

use std::sync::{Arc, OnceLock};

use tokio::sync::watch;

use super::Retained;
use super::carry_out::carry_out;
use super::row::KIND;
use crate::engine::erasure::Purging;
use crate::engine::queue::End;
use crate::engine::{Engine, Shared};
use crate::error::AuditError;
use crate::store::StoreError;
use crate::trail::TrailName;

/// The task that goes on.
#[derive(Default)]
pub(in crate::engine) struct Resumption {
    is_stopped: watch::Sender<bool>,
    end: OnceLock<End>,
}

/// Begins to go on with it. It ends with the last of the engine's handles, when it is closed or when
/// all is done; what is left then is found by the next start.
pub(in crate::engine) fn resume(shared: &Arc<Shared>, mut handles: watch::Receiver<()>) {
    let (ending, end) = End::awaited();
    if shared.resumption.end.set(end).is_err() {
        return;
    }
    let mut is_stopped = shared.resumption.is_stopped.subscribe();
    let engine = Engine::of(shared);
    shared.thread.spawn(async move {
        tokio::select! {
            biased;
            _ = async { is_stopped.wait_for(|it| *it).await.is_ok() } => {}
            // Nothing is ever sent: the handles are gone.
            _ = handles.changed() => {}
            () = go_on(&engine) => {}
        }
        drop((engine, ending));
    });
}

impl Resumption {
    /// Cuts it short, as a run is that its caller gives up, and waits for its end.
    pub async fn stop(&self) {
        self.is_stopped.send_replace(true);
        self.over().await;
    }

    async fn over(&self) {
        if let Some(end) = self.end.get() {
            end.clone().reached().await;
        }
    }
}

impl Engine {
    /// Waits until what retention had recorded as removed before a long-lived process was opened is
    /// gone, or is left to the next run or start: it goes beside all else, and may take long.
    pub async fn retention_resumed(&self) {
        self.shared.resumption.over().await;
    }
}

async fn go_on(engine: &Engine) {
    let rows = match engine.shared.ground.registry.list(KIND).await {
        Ok(rows) => rows,
        Err(error) => {
            return tracing::warn!(%error, "it is not known what retention was cut short in");
        }
    };
    // Of one that was noted as done an entry may have come meanwhile.
    let trails = rows.iter().filter_map(|(trail, _)| trail.parse().ok());
    for trail in trails.collect::<Vec<TrailName>>() {
        match in_between(engine, &trail).await {
            Ok(Retained { entries, parts, .. }) if entries + parts > 0 => {
                tracing::info!(%trail, entries, parts, "retention went on with what was cut short");
            }
            Ok(_) => {}
            // Another process, whose role may, will be about it.
            Err(AuditError::Store(error)) if matches!(*error, StoreError::Unsupported(_)) => {}
            Err(error) => {
                tracing::warn!(%trail, %error, "what retention has recorded as removed is not all gone");
            }
        }
    }
}

/// Carries out what is left of a trail while nobody asks for a run, which does it first.
async fn in_between(engine: &Engine, trail: &TrailName) -> Result<Retained, AuditError> {
    let audit = engine.trail(trail.clone());
    let turn = engine.shared.turns.of(trail);
    loop {
        let _taken = turn.take_free().await;
        let progress = &mut |_| {};
        tokio::select! {
            biased;
            () = turn.wanted() => {}
            done = carry_out(&audit, Purging::WhenDue, progress) => return done,
        }
    }
}
