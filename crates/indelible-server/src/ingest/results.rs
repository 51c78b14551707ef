//! Results on their way to a client that may read them late.
//!
//! Many clients send all they have before they read anything. If their results waited for them in
//! the connection, neither side would go on. So what does not fit a little memory waits in a file
//! without a name, which goes away with the answer. The files of a stream, of a key and of all
//! streams together have bounds; where one is reached, or the disk is full, results that are there
//! are kept in memory and the stream is told to take no more.

mod room;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::sync::Notify;

use crate::limits::{
    RESULTS_FILE_BYTES_MAX, RESULTS_FREE_BYTES, RESULTS_HELD_BYTES, RESULTS_PAUSE_MAX,
    RESULTS_RATIO_MAX,
};
use crate::pause::pause;
pub use room::{KeyRoom, Room};

/// The bytes of one piece that is read back from the file.
const PIECE_BYTES: usize = 64 << 10;

/// The two ends.
pub fn channel(room: KeyRoom) -> (Sender, impl Stream<Item = io::Result<Bytes>>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State::new(room)),
        changed: Notify::new(),
    });
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

struct Shared {
    state: Mutex<State>,
    /// Something came or went.
    changed: Notify,
}

struct State {
    held: VecDeque<Bytes>,
    held_bytes: usize,
    room: KeyRoom,
    file: Option<File>,
    /// Where the unread bytes of the file begin and end.
    read: u64,
    written: u64,
    /// What comes after the file, once there is no room.
    rest: VecDeque<Bytes>,
    /// How often something was taken.
    takes: u64,
    end: Option<End>,
    is_abandoned: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    Cut,
}

/// What became of a piece.
#[derive(Debug)]
pub enum Put {
    /// It waits for its reader, and others may follow.
    Kept,
    /// It waits for its reader in memory, for want of room; nothing large may follow.
    Last(Full),
    /// Nobody will read it.
    Unread,
}

/// Why there is no room.
#[derive(Debug, thiserror::Error)]
pub enum Full {
    /// The files of this stream, its key, or all streams have reached their bound.
    #[error("results that wait to be read have reached their bound; read them while you send")]
    Bound,
    /// The disk takes no more.
    #[error("the disk takes no more of the results that wait to be read")]
    Disk(#[source] io::Error),
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
    /// Adds a piece, which is kept whatever is full. `received` are the bytes that its client has
    /// sent so far.
    pub fn put(&self, piece: Bytes, received: u64) -> Put {
        let mut state = self.0.state();
        if state.is_abandoned {
            return Put::Unread;
        }
        let put = state.put(piece, bound(received));
        self.0.changed.notify_waiters();
        put.map_or_else(Put::Last, |()| Put::Kept)
    }

    /// Ready once results have waited in the file for [`RESULTS_PAUSE_MAX`] and none was taken.
    /// None is kept from then on.
    pub fn forgotten(&self) -> impl Future<Output = ()> + use<> {
        let shared = self.0.clone();
        async move {
            loop {
                let before = shared.state().takes;
                pause(RESULTS_PAUSE_MAX).await;
                let mut state = shared.state();
                if state.takes == before && state.read < state.written {
                    state.is_abandoned = true;
                    return state.clear();
                }
            }
        }
    }

    /// Whether nobody will read what is put.
    pub fn is_unread(&self) -> bool {
        self.0.state().is_abandoned
    }

    /// Says that this is all.
    pub fn end(self) {
        self.0.state().end = Some(End::Whole);
    }
}

/// The most bytes that wait in a stream's file, once its client has sent so many.
fn bound(received: u64) -> u64 {
    let grown = received.saturating_mul(RESULTS_RATIO_MAX);
    RESULTS_FREE_BYTES
        .saturating_add(grown)
        .min(RESULTS_FILE_BYTES_MAX)
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
        let mut state = self.0.state();
        state.is_abandoned = true;
        // At once: the sender may be busy for long.
        state.clear();
        self.0.changed.notify_waiters();
    }
}

impl State {
    fn new(room: KeyRoom) -> Self {
        Self {
            held: VecDeque::new(),
            held_bytes: 0,
            room,
            file: None,
            read: 0,
            written: 0,
            rest: VecDeque::new(),
            takes: 0,
            end: None,
            is_abandoned: false,
        }
    }

    /// Keeps a piece; answers why it is not where it should be.
    fn put(&mut self, piece: Bytes, bound: u64) -> Result<(), Full> {
        // In order: nothing passes what waits in the file, or after it.
        let is_first = self.read == self.written && self.rest.is_empty();
        if is_first && self.held_bytes + piece.len() <= RESULTS_HELD_BYTES {
            self.held_bytes += piece.len();
            self.held.push_back(piece);
            return Ok(());
        }
        let written = if self.rest.is_empty() && self.written < bound {
            self.write(&piece)
        } else {
            Err(Full::Bound)
        };
        if written.is_err() {
            self.rest.push_back(piece);
        }
        written
    }

    fn write(&mut self, piece: &[u8]) -> Result<(), Full> {
        let bytes = piece.len() as u64;
        if !self.room.take(bytes) {
            return Err(Full::Bound);
        }
        let written = self.write_at_end(piece);
        match written {
            // What was written of it in part is written over.
            Err(_) => self.room.give_back(bytes),
            Ok(()) => self.written += bytes,
        }
        written.map_err(Full::Disk)
    }

    fn write_at_end(&mut self, piece: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(self.room.file()?),
        };
        file.seek(SeekFrom::Start(self.written))?;
        file.write_all(piece)
    }

    fn take(&mut self) -> io::Result<Option<Bytes>> {
        self.takes += 1;
        if let Some(piece) = self.held.pop_front() {
            self.held_bytes -= piece.len();
            return Ok(Some(piece));
        }
        let Some(file) = self.file.as_mut().filter(|_| self.read < self.written) else {
            return Ok(self.rest.pop_front());
        };
        let left = usize::try_from(self.written - self.read).unwrap_or(PIECE_BYTES);
        let mut piece = vec![0; left.min(PIECE_BYTES)];
        file.seek(SeekFrom::Start(self.read))?;
        file.read_exact(&mut piece)?;
        self.read += piece.len() as u64;
        if self.read == self.written {
            file.set_len(0)?;
            self.give_back();
        }
        Ok(Some(piece.into()))
    }

    /// Nothing of the file is waited for any more.
    fn give_back(&mut self) {
        self.room.give_back(self.written);
        (self.read, self.written) = (0, 0);
    }

    /// Nothing is waited for any more.
    fn clear(&mut self) {
        self.file = None;
        self.give_back();
        self.held.clear();
        self.held_bytes = 0;
        self.rest.clear();
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.clear();
    }
}
