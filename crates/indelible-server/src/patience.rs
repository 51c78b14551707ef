//! How long a connection waits for a client that asks and does not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::pause::pause;

/// A stream that fails with [`io::ErrorKind::TimedOut`] once bytes wait to be written and for as
/// long as `patience` none was taken and none came in. It is counted once.
///
/// A client that sends for long before it reads anything is no such client: it is heard of.
pub struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Runs while bytes wait.
    waiting: Option<Pin<Box<Sleep>>>,
    ended: Arc<AtomicU64>,
}

impl<S> Patient<S> {
    /// The same stream; `ended` counts those that ended so.
    pub fn new(stream: S, patience: Duration, ended: Arc<AtomicU64>) -> Self {
        Self {
            stream,
            patience,
            waiting: None,
            ended,
        }
    }

    /// What a write came to, or the end of the patience.
    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(pause(self.patience)));
        if waiting.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        // Whoever asks again is told again, after as long a time.
        self.waiting = None;
        self.ended.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.waiting = None;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    const PATIENCE: Duration = Duration::from_secs(30);

    fn pair() -> (Patient<DuplexStream>, DuplexStream, Arc<AtomicU64>) {
        let (near, far) = duplex(8);
        let ended = Arc::new(AtomicU64::new(0));
        (Patient::new(near, PATIENCE, ended.clone()), far, ended)
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_nothing_is_given_up_and_counted() {
        let (mut near, far, ended) = pair();
        near.write_all(b"12345678").await.expect("room");
        let error = near.write_all(b"9").await.expect_err("no room");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(ended.load(Ordering::Relaxed), 1);
        drop(far);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_a_little_or_sends_a_little_is_waited_for() {
        let (mut near, mut far, ended) = pair();
        near.write_all(b"12345678").await.expect("room");
        for round in 0..10 {
            assert!(near.write_u8(9).now_or_never().is_none());
            tokio::time::advance(PATIENCE - Duration::from_millis(1)).await;
            if round % 2 == 0 {
                far.write_u8(1).await.expect("room");
                assert_eq!(near.read_u8().await.expect("it came"), 1);
            } else {
                far.read_u8().await.expect("it came");
                near.write_u8(9).await.expect("room");
            }
        }
        assert_eq!(ended.load(Ordering::Relaxed), 0);
        let error = near.write_u8(9).await.expect_err("no room");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
