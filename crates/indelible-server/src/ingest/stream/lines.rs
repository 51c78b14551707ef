//! The lines of a body, as they come in.

use tokio::task::yield_now;

use crate::ingest::body::{Pieces, in_time};
use crate::ingest::budget::Share;
use crate::limits::{
    BODY_TIME_MAX, LEISURE_PAUSE, LINE_BYTES_MAX, LINE_SKIPPED_BYTES_MAX, STREAM_BATCH_BYTES_MAX,
    STREAM_BATCH_EVENTS_MAX, STREAM_BATCH_LINES_MAX,
};
use crate::pause::pause;
use crate::problem::{Kind, Problem};

/// Whether a stream has more.
pub enum End {
    NotYet,
    Reached,
    Cut(Problem),
}

/// A line that came whole, with its number from 1, or why it is none.
pub type Line = (u64, Result<Vec<u8>, Problem>);

/// The lines of a body; blank ones are counted and passed over.
pub struct Lines {
    pub pieces: Pieces,
    /// What came in.
    held: Vec<u8>,
    share: Share,
    /// How much of `held` was given out.
    given: usize,
    /// How much of `held` holds no further line end.
    searched: usize,
    /// Whether the line that is coming in was too long already.
    skipping: bool,
    /// How much of it was passed over.
    skipped: usize,
    /// Lines that ended.
    pub number: u64,
    /// Whether nothing more comes in.
    has_ended: bool,
}

impl Lines {
    pub fn new(pieces: Pieces, share: Share) -> Self {
        Self {
            pieces,
            held: Vec::new(),
            share,
            given: 0,
            searched: 0,
            skipping: false,
            skipped: 0,
            number: 0,
            has_ended: false,
        }
    }

    /// The lines that have come in, at least one unless the stream ends: it waits for the first
    /// and takes what came with it.
    pub async fn batch(&mut self) -> (Vec<Line>, End) {
        while !self.has_ended {
            // A line that has begun must end in time, however steadily it drips in.
            match in_time(BODY_TIME_MAX, self.more()).await {
                // Blank lines wait for nothing either.
                Ok(Ok(lines)) if lines.is_empty() => yield_now().await,
                Ok(Ok(lines)) => return (lines, End::NotYet),
                Ok(Err(problem)) | Err(problem) => return (Vec::new(), End::Cut(problem)),
            }
        }
        self.rest()
    }

    /// Waits for a line to end, or the stream, and answers the lines that did; none of blank ones.
    async fn more(&mut self) -> Result<Vec<Line>, Problem> {
        let before = self.number;
        loop {
            let lines = self.ended();
            if self.number > before {
                return Ok(lines);
            }
            if self.skipped > LINE_BYTES_MAX + LINE_SKIPPED_BYTES_MAX {
                return Err(too_long());
            }
            // What is only passed over comes in at leisure.
            if self.skipping {
                pause(LEISURE_PAUSE).await;
            }
            self.held.drain(..self.given);
            self.searched -= std::mem::take(&mut self.given);
            let goes_on = self.pieces.next(&mut self.held).await?;
            self.share.fit(self.held.len())?;
            if !goes_on {
                self.has_ended = true;
                return Ok(Vec::new());
            }
        }
    }

    /// Reads more and keeps nothing of it; whether there may be more.
    pub async fn pass_over(&mut self) -> bool {
        self.clear();
        matches!(self.pieces.next(&mut self.held).await, Ok(true))
    }

    /// The lines that have ended.
    fn ended(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut bytes = 0;
        let last = self.number + STREAM_BATCH_LINES_MAX;
        while lines.len() < STREAM_BATCH_EVENTS_MAX
            && bytes < STREAM_BATCH_BYTES_MAX
            && self.number < last
        {
            let rest = &self.held[self.searched..];
            let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
                self.searched = self.held.len();
                break;
            };
            let end = self.searched + length;
            self.number += 1;
            let line = &self.held[self.given..end];
            self.skipped = 0;
            if std::mem::take(&mut self.skipping) || line.len() > LINE_BYTES_MAX {
                lines.push((self.number, Err(too_long())));
            } else if !line.trim_ascii().is_empty() {
                bytes += line.len();
                lines.push((self.number, Ok(line.to_vec())));
            }
            self.given = end + 1;
            self.searched = self.given;
        }
        let open = self.held.len() - self.given;
        if self.searched == self.held.len() && (self.skipping || open > LINE_BYTES_MAX) {
            self.skipping = true;
            self.skipped += open;
            self.clear();
        }
        lines
    }

    fn clear(&mut self) {
        self.held.clear();
        (self.given, self.searched) = (0, 0);
    }

    /// What is left when the stream has ended: as many lines as fit a batch, the last one at the
    /// end.
    fn rest(&mut self) -> (Vec<Line>, End) {
        let lines = self.ended();
        if !lines.is_empty() {
            return (lines, End::NotYet);
        }
        (self.last(), End::Reached)
    }

    /// The line that the end of the stream ends.
    fn last(&mut self) -> Vec<Line> {
        let line = self.held.split_off(self.given);
        self.clear();
        self.number += 1;
        if std::mem::take(&mut self.skipping) {
            return vec![(self.number, Err(too_long()))];
        }
        if line.trim_ascii().is_empty() {
            return Vec::new();
        }
        vec![(self.number, Ok(line))]
    }
}

fn too_long() -> Problem {
    let detail = format!("the line is longer than {LINE_BYTES_MAX} bytes; nothing was recorded");
    Problem::new(Kind::TooLarge, detail)
}
