//! Blocks: sorted terms, or the first terms of the blocks below, in few bytes and under a checksum.
//!
//! A key is the number of a field and a value; a term is a key and a seq. Neighbours share what
//! their keys have in common, and seqs of one key are differences.

use std::ops::Range;

use siphasher::sip::SipHasher13;

use super::Fault;

/// A block is cut before it takes more: with its checksum and its row it fills one page of 4,096.
pub(super) const BLOCK_BYTES: usize = 3_960;
const SUM_BYTES: usize = 8;

/// A block as it is stored: the checksum binds it to its file and its place, so that one that was
/// altered, or is another one's, is known.
pub(super) fn sealed(epoch: u64, id: u64, body: &[u8]) -> Vec<u8> {
    let sum = SipHasher13::new_with_keys(epoch, id).hash(body);
    let mut sealed = Vec::with_capacity(SUM_BYTES + body.len());
    sealed.extend_from_slice(&sum.to_le_bytes());
    sealed.extend_from_slice(body);
    sealed
}

/// What a stored block holds.
pub(super) fn opened(epoch: u64, id: u64, sealed: &[u8]) -> Result<&[u8], Fault> {
    let (sum, body) = sealed
        .split_first_chunk::<SUM_BYTES>()
        .ok_or_else(|| Fault::damage("a block is cut short"))?;
    if SipHasher13::new_with_keys(epoch, id).hash(body) != u64::from_le_bytes(*sum) {
        return Err(Fault::damage(format!("block {id:x} is altered")));
    }
    Ok(body)
}

/// Writes terms, or children, one after another.
#[derive(Default)]
pub(super) struct Packer {
    bytes: Vec<u8>,
    key: Vec<u8>,
    seq: u64,
    /// Whether seqs of the last key may follow.
    is_open: bool,
}

impl Packer {
    /// Bytes so far, and what a further key of this length may take.
    pub fn would_take(&self, key: &[u8]) -> usize {
        self.bytes.len() + key.len() + 24
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether terms of this key were added last, and more may follow.
    pub fn goes_on_with(&self, key: &[u8]) -> bool {
        self.is_open && self.key == key
    }

    /// Adds the first term of a key behind those before.
    pub fn term(&mut self, key: &[u8], seq: u64) {
        self.end_key();
        self.key(key);
        number(&mut self.bytes, seq);
        (self.is_open, self.seq) = (true, seq);
    }

    /// Adds a further term of the same key, of a higher seq.
    pub fn more(&mut self, seq: u64) {
        number(&mut self.bytes, seq - self.seq);
        self.seq = seq;
    }

    /// Adds a block below, by its first term.
    pub fn child(&mut self, key: &[u8], seq: u64, child: u32) {
        self.key(key);
        number(&mut self.bytes, seq);
        number(&mut self.bytes, child.into());
    }

    /// The body of the block; the next one begins.
    pub fn take(&mut self) -> Vec<u8> {
        self.end_key();
        self.key.clear();
        std::mem::take(&mut self.bytes)
    }

    fn key(&mut self, key: &[u8]) {
        let pairs = self.key.iter().zip(key);
        let shared = pairs.take_while(|(one, other)| one == other).count();
        number(&mut self.bytes, shared as u64);
        number(&mut self.bytes, (key.len() - shared) as u64);
        self.bytes.extend_from_slice(&key[shared..]);
        self.key.truncate(shared);
        self.key.extend_from_slice(&key[shared..]);
    }

    fn end_key(&mut self) {
        if self.is_open {
            // Seqs rise, so that no difference is 0.
            self.bytes.push(0);
            self.is_open = false;
        }
    }
}

/// The terms of a block.
#[derive(Default)]
pub(super) struct Leaf {
    keys: Vec<u8>,
    seqs: Vec<u64>,
    /// Of each key: where it stands in `keys`, and its seqs in `seqs`.
    groups: Vec<(Range<usize>, Range<usize>)>,
}

impl Leaf {
    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::of(body);
        let mut leaf = Self::default();
        while reader.is_left() {
            let key = reader.key(&mut leaf.keys)?;
            let begin = leaf.seqs.len();
            let mut seq = reader.number()?;
            leaf.seqs.push(seq);
            loop {
                let more = reader.number()?;
                if more == 0 {
                    break;
                }
                seq = seq.checked_add(more).ok_or_else(Reader::unreadable)?;
                leaf.seqs.push(seq);
            }
            leaf.groups.push((key, begin..leaf.seqs.len()));
        }
        Ok(leaf)
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// A key and its seqs, rising.
    pub fn group(&self, place: usize) -> Option<(&[u8], &[u64])> {
        let (key, seqs) = self.groups.get(place)?;
        Some((&self.keys[key.clone()], &self.seqs[seqs.clone()]))
    }

    /// The place of a key: where it stands, or would.
    pub fn find(&self, key: &[u8]) -> Result<usize, usize> {
        self.groups
            .binary_search_by(|(there, _)| self.keys[there.clone()].cmp(key))
    }
}

/// The blocks below a block, by their first terms.
#[derive(Default)]
pub(super) struct Fence {
    keys: Vec<u8>,
    children: Vec<(Range<usize>, u64, u32)>,
}

impl Fence {
    pub fn read(body: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::of(body);
        let mut fence = Self::default();
        while reader.is_left() {
            let key = reader.key(&mut fence.keys)?;
            let seq = reader.number()?;
            let child = u32::try_from(reader.number()?).map_err(|_| Reader::unreadable())?;
            fence.children.push((key, seq, child));
        }
        match fence.children.is_empty() {
            true => Err(Reader::unreadable()),
            false => Ok(fence),
        }
    }

    /// The place of the last child that begins at a term or before it, else of the first.
    pub fn find(&self, key: &[u8], seq: u64) -> usize {
        let is_up_to = |(there, first, _): &(Range<usize>, u64, u32)| {
            (&self.keys[there.clone()], *first) <= (key, seq)
        };
        self.children.partition_point(is_up_to).saturating_sub(1)
    }

    pub fn child(&self, place: usize) -> Option<u32> {
        self.children.get(place).map(|(_, _, child)| *child)
    }

    pub fn last(&self) -> usize {
        self.children.len() - 1
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    /// Where the key before stands.
    before: Range<usize>,
}

impl<'b> Reader<'b> {
    fn of(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            before: 0..0,
        }
    }

    fn is_left(&self) -> bool {
        !self.bytes.is_empty()
    }

    fn unreadable() -> Fault {
        Fault::damage("a block is not as blocks are written")
    }

    /// Reads a key behind those in `keys`.
    fn key(&mut self, keys: &mut Vec<u8>) -> Result<Range<usize>, Fault> {
        let (shared, more) = (self.number()?, self.number()?);
        let (shared, more) = (shared as usize, more as usize);
        if shared > self.before.len() || more > self.bytes.len() {
            return Err(Self::unreadable());
        }
        let begin = keys.len();
        keys.extend_from_within(self.before.start..self.before.start + shared);
        let (suffix, rest) = self.bytes.split_at(more);
        keys.extend_from_slice(suffix);
        self.bytes = rest;
        self.before = begin..keys.len();
        Ok(self.before.clone())
    }

    fn number(&mut self) -> Result<u64, Fault> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.bytes.split_first().ok_or_else(Self::unreadable)?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Self::unreadable())
    }
}

/// An integer in as few bytes as it needs, seven bits in each (LEB128).
fn number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
