//! Packed bodies: gzip and zstd, unpacked in bounded room.

use std::io::{self, Write};

use axum::http::{HeaderMap, header};
use flate2::write::MultiGzDecoder;
use zstd::stream::raw;
use zstd::stream::zio;

use crate::limits::{
    UNPACKED_AT_ONCE_BYTES, UNPACKED_FREE_BYTES, UNPACKED_RATIO_MAX, ZSTD_WINDOW_LOG_MAX,
};
use crate::problem::{Kind, Problem};

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Plain,
    /// RFC 1952, one member or several.
    Gzip,
    /// RFC 8878, one frame or several.
    Zstd,
}

/// The most packed bytes that are unpacked before what came of them is looked at: by either
/// format they hold at most 8 MiB.
const STEP_BYTES: usize = 256;

impl Coding {
    /// How the body of these headers is packed.
    ///
    /// # Errors
    /// Another coding, or several.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut given = headers.get_all(header::CONTENT_ENCODING).iter();
        let coding = match given.next().map(|value| value.to_str()) {
            None => return Ok(Self::Plain),
            Some(coding) => coding.unwrap_or_default().trim().to_ascii_lowercase(),
        };
        match (coding.as_str(), given.next()) {
            ("" | "identity", None) => Ok(Self::Plain),
            ("gzip" | "x-gzip", None) => Ok(Self::Gzip),
            ("zstd", None) => Ok(Self::Zstd),
            _ => {
                let detail = "a body is plain, gzip or zstd, packed once";
                let field = header::CONTENT_ENCODING.as_str();
                Err(Problem::new(Kind::UnsupportedMediaType, detail).at(field))
            }
        }
    }
}

/// Unpacks a body piece by piece.
pub struct Unpacker {
    unpacking: Unpacking,
    packed: u64,
    unpacked: u64,
}

enum Unpacking {
    Plain,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zstd(Box<zio::Writer<Vec<u8>, raw::Decoder<'static>>>),
}

impl Unpacker {
    /// Begins.
    ///
    /// # Errors
    /// No room for the decoder.
    pub fn new(coding: Coding) -> Result<Self, Problem> {
        let unpacking = match coding {
            Coding::Plain => Unpacking::Plain,
            Coding::Gzip => Unpacking::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            Coding::Zstd => {
                let decoder = zstd_decoder().map_err(|error| {
                    Problem::new(Kind::Internal, "no decoder could begin").because(error)
                })?;
                Unpacking::Zstd(Box::new(zio::Writer::new(Vec::new(), decoder)))
            }
        };
        Ok(Self {
            unpacking,
            packed: 0,
            unpacked: 0,
        })
    }

    /// Whether so much came of it that others must have their turn before the next piece.
    pub fn is_large(&self) -> bool {
        self.unpacked > UNPACKED_AT_ONCE_BYTES
    }

    /// Unpacks from the beginning of `piece`, appends what came of it to `out`, and answers how
    /// much of the piece was taken.
    ///
    /// # Errors
    /// What is not packed as it was said to be, and what grows beyond all measure.
    pub fn unpack(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<usize, Problem> {
        let step = &piece[..piece.len().min(STEP_BYTES)];
        let before = out.len();
        let taken = match &mut self.unpacking {
            Unpacking::Plain => {
                out.extend_from_slice(piece);
                return Ok(piece.len());
            }
            Unpacking::Gzip(decoder) => {
                decoder.write_all(step).map_err(damaged)?;
                out.append(decoder.get_mut());
                step.len()
            }
            Unpacking::Zstd(decoder) => {
                decoder.write_all(step).map_err(damaged)?;
                out.append(decoder.writer_mut());
                step.len()
            }
        };
        self.packed += taken as u64;
        self.unpacked += (out.len() - before) as u64;
        if self.unpacked > UNPACKED_FREE_BYTES + self.packed.saturating_mul(UNPACKED_RATIO_MAX) {
            let detail = format!("the body grows more than {UNPACKED_RATIO_MAX} times unpacked");
            return Err(Problem::new(Kind::TooLarge, detail));
        }
        Ok(taken)
    }

    /// Appends what the decoder still holds.
    ///
    /// # Errors
    /// A packed body that ends before its end.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Problem> {
        match &mut self.unpacking {
            Unpacking::Plain => {}
            Unpacking::Gzip(decoder) => {
                decoder.try_finish().map_err(damaged)?;
                out.append(decoder.get_mut());
            }
            Unpacking::Zstd(decoder) => {
                decoder.finish().map_err(damaged)?;
                out.append(decoder.writer_mut());
            }
        }
        Ok(())
    }
}

fn zstd_decoder() -> io::Result<raw::Decoder<'static>> {
    let mut decoder = raw::Decoder::new()?;
    decoder.set_parameter(raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX))?;
    Ok(decoder)
}

fn damaged(error: io::Error) -> Problem {
    let detail = "the body is not packed as Content-Encoding says, or ends before its end";
    Problem::new(Kind::InvalidBody, detail).because(error)
}
