//! Results on their way to a client that may read them late.
//!
//! Many clients send all they have before they read anything. If their results waited for them in
//! the connection, neither side would go on. So what does not fit a little memory waits in a file
//! without a name, which goes away with the answer.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::Notify;

use crate::limits::{RESULTS_FILE_BYTES_MAX, RESULTS_HELD_BYTES};

/// The bytes of one piece that is read back from the file.
const PIECE_BYTES: usize = 64 << 10;

/// The two ends.
pub fn channel() -> (Sender, impl Stream<Item = io::Result<Bytes>>) {
    let shared = Arc::new(Shared::default());
    let receiver = Receiver(shared.clone());
    let pieces = stream::unfold(Some(receiver), async |receiver| {
        let receiver = receiver?;
        match receiver.next().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(receiver))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    });
    (Sender(shared), pieces)
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something came or went.
    changed: Notify,
}

#[derive(Default)]
struct State {
    held: VecDeque<Bytes>,
    held_bytes: usize,
    file: Option<File>,
    /// Where the unread bytes of the file begin and end.
    read: u64,
    written: u64,
    end: Option<End>,
    is_abandoned: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Cut,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic between lock and unlock would cut the answer off, which this state may say too.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where results go in. Dropped before [`Sender::end`], the answer is cut off.
pub struct Sender(Arc<Shared>);

impl Sender {
    /// Adds a piece. It waits only where the file is full; false where nobody will read it.
    ///
    /// # Errors
    /// Those of the file.
    pub async fn put(&self, piece: Bytes) -> io::Result<bool> {
        loop {
            let changed = self.0.changed.notified();
            {
                let mut state = self.0.state();
                if state.is_abandoned {
                    return Ok(false);
                }
                if state.written < RESULTS_FILE_BYTES_MAX {
                    state.put(piece)?;
                    self.0.changed.notify_waiters();
                    return Ok(true);
                }
            }
            changed.await;
        }
    }

    /// Says that this is all.
    pub fn end(self) {
        self.0.state().end = Some(End::Whole);
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.state().end.get_or_insert(End::Cut);
        self.0.changed.notify_waiters();
    }
}

struct Receiver(Arc<Shared>);

impl Receiver {
    async fn next(&self) -> io::Result<Option<Bytes>> {
        loop {
            let changed = self.0.changed.notified();
            {
                let mut state = self.0.state();
                if let Some(piece) = state.take()? {
                    self.0.changed.notify_waiters();
                    return Ok(Some(piece));
                }
                match state.end {
                    Some(End::Whole) => return Ok(None),
                    Some(End::Cut) => return Err(io::Error::other("recording was cut off")),
                    None => {}
                }
            }
            changed.await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.0.state().is_abandoned = true;
        self.0.changed.notify_waiters();
    }
}

impl State {
    fn put(&mut self, piece: Bytes) -> io::Result<()> {
        // In order: nothing passes what waits in the file.
        let is_file_read = self.read == self.written;
        if is_file_read && self.held_bytes + piece.len() <= RESULTS_HELD_BYTES {
            self.held_bytes += piece.len();
            self.held.push_back(piece);
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile()?),
        };
        file.seek(SeekFrom::Start(self.written))?;
        file.write_all(&piece)?;
        self.written += piece.len() as u64;
        Ok(())
    }

    fn take(&mut self) -> io::Result<Option<Bytes>> {
        if let Some(piece) = self.held.pop_front() {
            self.held_bytes -= piece.len();
            return Ok(Some(piece));
        }
        let Some(file) = self.file.as_mut().filter(|_| self.read < self.written) else {
            return Ok(None);
        };
        let left = usize::try_from(self.written - self.read).unwrap_or(PIECE_BYTES);
        let mut piece = vec![0; left.min(PIECE_BYTES)];
        file.seek(SeekFrom::Start(self.read))?;
        file.read_exact(&mut piece)?;
        self.read += piece.len() as u64;
        if self.read == self.written {
            file.set_len(0)?;
            (self.read, self.written) = (0, 0);
        }
        Ok(Some(piece.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    #[tokio::test]
    async fn all_comes_in_order_however_late_it_is_read() {
        let (sender, pieces) = channel();
        let mut pieces = Box::pin(pieces);
        let mut expected = Vec::new();
        let mut read = Vec::new();
        for round in 0..20_u32 {
            for n in 0..100_u32 {
                let piece = format!("{round}/{n}").repeat(100);
                expected.extend_from_slice(piece.as_bytes());
                assert!(sender.put(piece.into()).await.expect("room"));
            }
            for _ in 0..round {
                let piece = pieces.next().await.expect("more").expect("whole");
                read.extend_from_slice(&piece);
            }
        }
        sender.end();
        while let Some(piece) = pieces.next().await {
            read.extend_from_slice(&piece.expect("whole"));
        }
        assert!(read == expected);
    }

    #[tokio::test]
    async fn an_end_that_was_not_said_is_an_error_and_nobody_writes_for_no_one() {
        let (sender, pieces) = channel();
        let mut pieces = Box::pin(pieces);
        sender.put("x".into()).await.expect("room");
        drop(sender);
        assert_eq!(pieces.next().await.expect("more").expect("whole"), "x");
        assert!(pieces.next().await.expect("an end").is_err());
        let (sender, pieces) = channel();
        drop(pieces);
        assert!(!sender.put("x".into()).await.expect("no room needed"));
    }
}
