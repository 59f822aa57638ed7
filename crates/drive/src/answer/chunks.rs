//! A body in chunks (RFC 9112, section 7.1): sizes and trailers are read, data is counted, extensions are skipped.

use super::Malformed;
use crate::bounds::{CHUNK_LINE_BYTES_MAX, HEAD_BYTES_MAX};

/// Where in a chunked body we are.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    place: Place,
    /// Size of the chunk, while it is read and while its data is.
    left: u64,
    /// Bytes of the line under way; those of all trailers together.
    line: usize,
    /// The trailer under way has a name.
    named: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Size,
    Extension,
    SizeEnd,
    Data,
    DataEnd,
    DataEndFeed,
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastFeed,
    End,
}

impl Chunks {
    /// How many of the bytes were used, how many of these were data, and whether the body is whole.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, usize, bool), Malformed> {
        let (mut used, mut data) = (0, 0);
        while used < bytes.len() && self.place != Place::End {
            if self.place == Place::Data {
                let taken = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len() - used);
                self.left -= taken as u64;
                (used, data) = (used + taken, data + taken);
                if self.left == 0 {
                    self.place = Place::DataEnd;
                }
            } else {
                self.place = self.step(bytes[used])?;
                used += 1;
            }
        }
        Ok((used, data, self.place == Place::End))
    }

    /// Takes one byte of what is not data.
    fn step(&mut self, byte: u8) -> Result<Place, Malformed> {
        match (self.place, byte) {
            (Place::Size, _) => self.size(byte),
            (Place::Extension, b'\r') => Ok(Place::SizeEnd),
            (Place::Extension, b'\n') => Err(Malformed::Chunk),
            (Place::Extension, _) => self.count(CHUNK_LINE_BYTES_MAX).map(|()| Place::Extension),
            (Place::SizeEnd, b'\n') => Ok(self.data_or_trailers()),
            (Place::DataEnd, b'\r') => Ok(Place::DataEndFeed),
            (Place::DataEndFeed, b'\n') => Ok(Place::Size),
            (Place::TrailerStart, b'\r') => Ok(Place::LastFeed),
            (Place::LastFeed, b'\n') => Ok(Place::End),
            (Place::TrailerEnd, b'\n') if self.named => {
                self.named = false;
                Ok(Place::TrailerStart)
            }
            (Place::Trailer, b'\r') => Ok(Place::TrailerEnd),
            (Place::TrailerStart | Place::Trailer, _) if byte != b'\n' => {
                // The first byte of a line is part of its name.
                self.named |= byte == b':' && self.place == Place::Trailer;
                self.count(HEAD_BYTES_MAX).map(|()| Place::Trailer)
            }
            _ => Err(Malformed::Chunk),
        }
    }

    fn size(&mut self, byte: u8) -> Result<Place, Malformed> {
        let has_digits = self.line > 0;
        if let Some(digit) = char::from(byte).to_digit(16) {
            let shifted = self.left.checked_mul(16).ok_or(Malformed::Chunk)?;
            self.left = shifted + u64::from(digit);
            return self.count(CHUNK_LINE_BYTES_MAX).map(|()| Place::Size);
        }
        match byte {
            b'\r' if has_digits => Ok(Place::SizeEnd),
            b';' | b' ' | b'\t' if has_digits => Ok(Place::Extension),
            _ => Err(Malformed::Chunk),
        }
    }

    const fn data_or_trailers(&mut self) -> Place {
        self.line = 0;
        if self.left == 0 { Place::TrailerStart } else { Place::Data }
    }

    const fn count(&mut self, bytes_max: usize) -> Result<(), Malformed> {
        self.line += 1;
        if self.line > bytes_max { Err(Malformed::ChunkTooLong) } else { Ok(()) }
    }
}
