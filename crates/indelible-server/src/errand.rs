//! Answering a request whose client may hang up.
//!
//! HTTP/1 drops what answers a request when its client hangs up, often before it was begun. Then
//! a refusal would be recorded and counted nowhere, and what is done in several steps would be
//! left between two of them. So the rest of it is done all the same.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use crate::app::App;

/// The answering of a request, which goes on in a task of its own where it is dropped. An orderly
/// stop waits for it.
pub struct Errand<F: Future<Output: Send> + Send + 'static> {
    answering: Option<Pin<Box<F>>>,
    app: App,
    /// The place of its connection, which is taken until it is done: so there are never more of
    /// them than there may be connections.
    place: Arc<OwnedSemaphorePermit>,
}

impl<F: Future<Output: Send> + Send + 'static> Errand<F> {
    /// Answers a request that came over the connection which has this place.
    pub fn new(answering: F, app: App, place: Arc<OwnedSemaphorePermit>) -> Self {
        let answering = Some(Box::pin(answering));
        Self {
            answering,
            app,
            place,
        }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for Errand<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(answering) = &mut self.answering else {
            return Poll::Pending;
        };
        let answered = answering.as_mut().poll(context);
        if answered.is_ready() {
            self.answering = None;
        }
        answered
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Errand<F> {
    fn drop(&mut self) {
        let (Some(answering), Ok(runtime)) = (self.answering.take(), Handle::try_current()) else {
            return;
        };
        let held = (self.app.work(), self.place.clone());
        runtime.spawn(async move {
            drop(answering.await);
            drop(held);
        });
    }
}
