//! An open source: counted, unpacked, without a byte order mark, and looked at.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

use super::{Place, Source};
use crate::error::ImportError;

/// How much is read at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// How far the first character that is no white space is looked for.
const LOOK_BYTES: u64 = 64 * 1024;

/// A source as it is to be read.
pub(crate) enum Opened {
    /// The text, and whether it is unpacked from gzip.
    Text {
        reader: Box<dyn BufRead + Send>,
        gzip: bool,
    },
    /// Nothing to read, for this reason.
    PassedOver(&'static str),
}

/// What an error while reading means.
pub(crate) enum Fault {
    /// The content is damaged; the text says how.
    Content(String),
    /// The operating system refused.
    System(io::Error),
}

impl Fault {
    pub(crate) fn of(error: io::Error, gzip: bool) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error.kind() {
            UnexpectedEof if gzip => Self::Content("the gzip stream ends too early".to_owned()),
            InvalidData | InvalidInput if gzip => {
                Self::Content(format!("the gzip stream: {error}"))
            }
            _ => Self::System(error),
        }
    }
}

/// Opens a source; what is read of it is added to `count`, in bytes as they come from it.
///
/// A file that nobody named and whose text does not begin like JSON, or where it need not be JSON
/// like text, is passed over.
pub(crate) fn open(
    source: Source,
    is_json: bool,
    count: &Arc<AtomicU64>,
) -> Result<Opened, ImportError> {
    let Source {
        place, name, named, ..
    } = source;
    let unreadable = |source| ImportError::Read {
        file: name.to_string(),
        source,
    };
    let raw: Box<dyn Read + Send> = match place {
        Place::File(path) => Box::new(File::open(path).map_err(unreadable)?),
        Place::StandardInput => Box::new(io::stdin()),
        Place::Reader(reader) => reader,
        Place::Nothing(reason) => return Ok(Opened::PassedOver(reason)),
    };
    let counted = Counted {
        inner: raw,
        count: Arc::clone(count),
    };
    let mut packed = BufReader::with_capacity(BUFFER_BYTES, counted);
    let magic = first_bytes(&mut packed, 2).map_err(unreadable)?;
    let gzip = magic == [0x1F, 0x8B];
    let whole = Cursor::new(magic).chain(packed);
    let mut reader: Box<dyn BufRead + Send> = if gzip {
        Box::new(BufReader::with_capacity(
            BUFFER_BYTES,
            MultiGzDecoder::new(whole),
        ))
    } else {
        Box::new(whole)
    };
    let mut look = Look {
        begins_like: Likeness::Json,
        seen: Vec::new(),
    };
    if let Err(error) = look.at(&mut reader) {
        match Fault::of(error, gzip) {
            // Reported by whoever reads on, who gets the same error at the same place.
            Fault::Content(reason) => reader = Box::new(BufReader::new(Damaged(Some(reason)))),
            Fault::System(source) => return Err(unreadable(source)),
        }
    }
    let reason = match look.begins_like {
        Likeness::Json => None,
        Likeness::Text => is_json.then_some("not JSON"),
        Likeness::Other if is_json => Some("not JSON"),
        Likeness::Other => Some("not text"),
        Likeness::Utf16 => Some("UTF-16 text; convert it to UTF-8"),
        Likeness::Nothing => Some("empty"),
    };
    if let Some(reason) = reason.filter(|_| !named) {
        return Ok(Opened::PassedOver(reason));
    }
    Ok(Opened::Text {
        reader: Box::new(Cursor::new(look.seen).chain(reader)),
        gzip,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Json,
    Text,
    Utf16,
    Nothing,
    Other,
}

struct Look {
    begins_like: Likeness,
    /// What was read to see it, without a byte order mark.
    seen: Vec<u8>,
}

impl Look {
    fn at(&mut self, reader: &mut impl Read) -> io::Result<()> {
        let blank = |byte: &u8| byte.is_ascii_whitespace();
        let mut limited = reader.take(LOOK_BYTES);
        while self.seen.len() < 3 || self.seen.iter().all(blank) {
            if first_byte(&mut limited, &mut self.seen)?.is_none() {
                break;
            }
            if self.seen == "\u{FEFF}".as_bytes() {
                self.seen.clear();
            }
        }
        self.begins_like = match self.seen.iter().find(|byte| !blank(byte)) {
            _ if self.seen.starts_with(&[0xFE, 0xFF]) => Likeness::Utf16,
            _ if self.seen.starts_with(&[0xFF, 0xFE]) => Likeness::Utf16,
            Some(b'{' | b'[') => Likeness::Json,
            Some(byte) if !byte.is_ascii_control() => Likeness::Text,
            None if limited.limit() > 0 => Likeness::Nothing,
            _ => Likeness::Other,
        };
        Ok(())
    }
}

/// The rest of a damaged gzip stream: what is wrong with it.
struct Damaged(Option<String>);

impl Read for Damaged {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0.take() {
            Some(reason) => Err(io::Error::new(io::ErrorKind::InvalidData, reason)),
            None => Ok(0),
        }
    }
}

fn first_byte(reader: &mut impl Read, seen: &mut Vec<u8>) -> io::Result<Option<u8>> {
    let mut byte = [0];
    loop {
        match reader.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => {
                seen.push(byte[0]);
                return Ok(Some(byte[0]));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Up to `count` bytes, fewer only at the end of the input.
fn first_bytes(reader: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}

struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.inner.read(buffer)?;
        self.count.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}
