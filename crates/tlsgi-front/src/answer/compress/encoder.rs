//! One body on its way through a compressor, in pieces that hold nobody up. So many run at once on a thread; what is more goes out as it is.

use std::cell::Cell;
use std::io::{self, Write};

use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use flate2::write::GzEncoder;
use tlsgi_config::config::Coding;
use zstd::stream::write::Encoder as ZstdEncoder;
use zstd::zstd_safe::CParameter;

/// Encoders at once on one thread. Each takes up to about a mebibyte while its response lasts.
const MOST: usize = 128;

/// Most bytes that are compressed before other connections get their turn: under a millisecond.
const PIECE: usize = 16 << 10;

/// Largest window, as a power of two: 256 KiB. More costs memory on both sides and gains little on pages.
const LARGEST_WINDOW: u32 = 18;

/// Smallest window that every format has.
const SMALLEST_WINDOW: u32 = 10;

thread_local! {
    static RUNNING: Cell<usize> = const { Cell::new(0) };
}

/// See the module.
pub(in super::super) struct Encoder {
    kind: Kind,
    _place: Place,
}

/// One of the encoders that a thread may have.
struct Place;

enum Kind {
    Gzip(GzEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstandard(ZstdEncoder<'static, Vec<u8>>),
}

impl Encoder {
    /// For a body whose length may be known. None where too many run, or the library has no memory for it.
    pub(in super::super) fn new(coding: Coding, level: u8, length: Option<u64>) -> Option<Self> {
        let place = Place::take()?;
        Some(Self { kind: Kind::new(coding, level, length).ok()?, _place: place })
    }

    /// Takes bytes.
    pub(in super::super) async fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut pieces = bytes.chunks(PIECE).peekable();
        while let Some(piece) = pieces.next() {
            self.kind.writer().write_all(piece)?;
            if pieces.peek().is_some() {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Everything that was taken comes out.
    pub(in super::super) fn flush(&mut self) -> io::Result<()> {
        self.kind.writer().flush()
    }

    /// What has come out since the last time.
    pub(in super::super) fn take(&mut self) -> Vec<u8> {
        match &mut self.kind {
            Kind::Gzip(gzip) => std::mem::take(gzip.get_mut()),
            Kind::Brotli(brotli) => std::mem::take(brotli.get_mut()),
            Kind::Zstandard(zstd) => std::mem::take(zstd.get_mut()),
        }
    }

    /// Ends the body: all that was not taken yet.
    pub(in super::super) fn finish(self) -> io::Result<Vec<u8>> {
        match self.kind {
            Kind::Gzip(gzip) => gzip.finish(),
            // It writes its end before it gives the vector.
            Kind::Brotli(brotli) => Ok(brotli.into_inner()),
            Kind::Zstandard(zstd) => zstd.finish(),
        }
    }
}

impl Place {
    fn take() -> Option<Self> {
        let is_free = RUNNING.get() < MOST;
        is_free.then(|| {
            RUNNING.set(RUNNING.get() + 1);
            Self
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        RUNNING.set(RUNNING.get().saturating_sub(1));
    }
}

impl Kind {
    fn new(coding: Coding, level: u8, length: Option<u64>) -> io::Result<Self> {
        let window = length.map_or(LARGEST_WINDOW, |length| {
            // The power of two that holds all of it.
            (u64::BITS - length.leading_zeros()).clamp(SMALLEST_WINDOW, LARGEST_WINDOW)
        });
        Ok(match coding {
            Coding::Gzip => Self::Gzip(GzEncoder::new(Vec::new(), flate2::Compression::new(level.into()))),
            Coding::Brotli => {
                let params = BrotliEncoderParams {
                    quality: level.into(),
                    lgwin: window.cast_signed(),
                    size_hint: length.and_then(|length| usize::try_from(length).ok()).unwrap_or_default(),
                    ..BrotliEncoderParams::default()
                };
                Self::Brotli(Box::new(CompressorWriter::with_params(Vec::new(), 4096, &params)))
            }
            Coding::Zstandard => {
                let mut zstd = ZstdEncoder::new(Vec::new(), level.into())?;
                zstd.set_parameter(CParameter::WindowLog(window))?;
                zstd.set_pledged_src_size(length)?;
                Self::Zstandard(zstd)
            }
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Gzip(gzip) => gzip,
            Self::Brotli(brotli) => &mut **brotli,
            Self::Zstandard(zstd) => zstd,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    const ALL: [Coding; 3] = [Coding::Brotli, Coding::Zstandard, Coding::Gzip];

    fn unpacked(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            Coding::Gzip => flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut plain),
            Coding::Brotli => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut plain),
            Coding::Zstandard => {
                zstd::stream::read::Decoder::new(bytes).and_then(|mut zstd| zstd.read_to_end(&mut plain))
            }
        }
        .expect("it unpacks");
        plain
    }

    /// What a client can read before the end has come.
    fn unpacked_so_far(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        let mut plain = vec![0; 1 << 20];
        let mut length = 0;
        let mut reader: Box<dyn io::Read> = match coding {
            Coding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
            Coding::Brotli => Box::new(brotli::Decompressor::new(bytes, 4096)),
            Coding::Zstandard => Box::new(zstd::stream::read::Decoder::new(bytes).expect("a decoder")),
        };
        while let Ok(count @ 1..) = reader.read(plain.get_mut(length..).unwrap_or_default()) {
            length += count;
        }
        plain.truncate(length);
        plain
    }

    fn text(length: usize) -> Vec<u8> {
        (0..length).map(|at| b'a' + ((at * at) >> 7) as u8 % 16).collect()
    }

    #[tokio::test]
    async fn bodies_of_every_size_come_out_as_they_went_in() {
        for coding in ALL {
            for level in 1..=9 {
                for length in [0, 1, 1000, 16 << 10, 70_000, 600_000] {
                    let body = text(length);
                    for known in [None, Some(length as u64)] {
                        let mut encoder = Encoder::new(coding, level, known).expect("an encoder");
                        encoder.push(&body).await.expect("taken");
                        let packed = encoder.finish().expect("ended");
                        assert!(unpacked(coding, &packed) == body, "{coding:?} {level} {length} {known:?}");
                        assert!(length < 16 << 10 || packed.len() < length, "{coding:?} {level} {length}");
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn what_was_flushed_can_be_read_before_the_end() {
        for coding in ALL {
            let mut encoder = Encoder::new(coding, 4, None).expect("an encoder");
            let mut packed = Vec::new();
            let mut plain = Vec::new();
            for piece in [&b"one"[..], b" and two", &text(40_000)] {
                encoder.push(piece).await.expect("taken");
                encoder.flush().expect("flushed");
                packed.extend(encoder.take());
                plain.extend_from_slice(piece);
                assert!(unpacked_so_far(coding, &packed) == plain, "{coding:?} {}", plain.len());
            }
            packed.extend(encoder.finish().expect("ended"));
            assert!(unpacked(coding, &packed) == plain, "{coding:?}");
        }
    }

    #[test]
    fn more_than_so_many_are_not_begun() {
        std::thread::spawn(|| {
            let mut running: Vec<_> = (0..MOST).filter_map(|_| Encoder::new(Coding::Gzip, 1, None)).collect();
            assert_eq!(running.len(), MOST);
            assert!(Encoder::new(Coding::Gzip, 1, None).is_none());
            running.pop();
            assert!(Encoder::new(Coding::Gzip, 1, None).is_some());
        })
        .join()
        .expect("a thread");
    }
}
