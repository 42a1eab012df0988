//! Bytes in any of our encodings to UTF-8, as a stream.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::Encoding;

/// Stands for bytes that are no character in the file's encoding: it occurs in no UTF-8, so that the row it stands in is
/// refused as invalid, whatever the encoding was.
const BROKEN: u8 = 0xff;

/// Byte order marks as they look in UTF-8: the true one, and that of a UTF-8 file read as Windows-1252.
const MARKS: [&[u8]; 2] = ["\u{feff}".as_bytes(), "ï»¿".as_bytes()];

/// Most bytes transcoded at once.
const RAW_BYTES: usize = 64 << 10;

/// A reader's bytes as UTF-8, without byte order mark. Bytes of a UTF-8 file pass unchecked.
pub(super) struct Text<R> {
    reader: R,
    transcoder: Option<Transcoder>,
    begun: bool,
    ended: bool,
}

/// Turns another encoding into UTF-8.
struct Transcoder {
    decoder: Decoder,
    raw: Vec<u8>,
}

impl<R: Read> Text<R> {
    /// Reads from the file's first byte.
    pub(super) fn new(reader: R, encoding: Encoding) -> Self {
        let transcoder = match encoding {
            Encoding::Utf8 => None,
            Encoding::Utf16Le => Some(UTF_16LE),
            Encoding::Utf16Be => Some(UTF_16BE),
            Encoding::Windows1252 => Some(WINDOWS_1252),
        };
        let transcoder = transcoder
            .map(|encoding| Transcoder { decoder: encoding.new_decoder_without_bom_handling(), raw: Vec::new() });
        Text { reader, transcoder, begun: false, ended: false }
    }

    /// No byte is left.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Appends text until `out` holds `bytes` of it or the file is over.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, bytes: usize) -> io::Result<()> {
        // The first piece is long enough to hold a byte order mark.
        let bytes = if self.begun { bytes } else { bytes.max(8) };
        while !self.ended && out.len() < bytes {
            match &mut self.transcoder {
                None => {
                    let wanted = (bytes - out.len()) as u64;
                    let got = self.reader.by_ref().take(wanted).read_to_end(out)? as u64;
                    self.ended = got < wanted;
                }
                Some(transcoder) => self.ended = transcoder.fill(&mut self.reader, out)?,
            }
        }
        if !self.begun {
            self.begun = true;
            if let Some(mark) = MARKS.iter().find(|mark| out.starts_with(mark)) {
                out.drain(..mark.len());
            }
        }
        Ok(())
    }
}

/// A whole sample as UTF-8, without byte order mark.
pub(super) fn in_utf8(sample: &[u8], encoding: Encoding) -> Vec<u8> {
    let mut text = Vec::new();
    Text::new(sample, encoding).fill(&mut text, usize::MAX).expect("reading from memory does not fail");
    text
}

impl Transcoder {
    /// Appends one piece; true when it was the last.
    fn fill(&mut self, reader: &mut impl Read, out: &mut Vec<u8>) -> io::Result<bool> {
        self.raw.clear();
        let last = reader.take(RAW_BYTES as u64).read_to_end(&mut self.raw)? < RAW_BYTES;
        transcode(&mut self.decoder, &self.raw, last, out);
        Ok(last)
    }
}

/// Appends `raw` as UTF-8, with [`BROKEN`] for what is no character.
fn transcode(decoder: &mut Decoder, mut raw: &[u8], last: bool, out: &mut Vec<u8>) {
    loop {
        let length = out.len();
        // Room for the worst case, or for what a platform's address space would not hold anyway.
        let room = decoder.max_utf8_buffer_length_without_replacement(raw.len()).unwrap_or(raw.len());
        out.resize(length + room, 0);
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(raw, &mut out[length..], last);
        out.truncate(length + written);
        raw = &raw[read..];
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => out.push(BROKEN),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out one byte at a time, as a slow socket may.
    struct Drop<'a>(&'a [u8]);

    impl Read for Drop<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first().filter(|_| !out.is_empty()) else { return Ok(0) };
            out[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn utf16(text: &str, swap: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if swap { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn check(bytes: &[u8], encoding: Encoding, expected: &[u8]) {
        for step in [1, 3, 1 << 20] {
            let mut text = Text::new(Drop(bytes), encoding);
            let mut out = Vec::new();
            while !text.ended() {
                let goal = out.len() + step;
                text.fill(&mut out, goal).unwrap();
            }
            assert_eq!(
                String::from_utf8_lossy(&out),
                String::from_utf8_lossy(expected),
                "{encoding:?} {bytes:?} by {step}"
            );
        }
    }

    #[test]
    fn every_encoding_becomes_utf8() {
        check("é€𝄞\n".as_bytes(), Encoding::Utf8, "é€𝄞\n".as_bytes());
        check(&utf16("é€𝄞\n", false), Encoding::Utf16Le, "é€𝄞\n".as_bytes());
        check(&utf16("é€𝄞\n", true), Encoding::Utf16Be, "é€𝄞\n".as_bytes());
        check(b"caf\xe9 \x80 \xbd", Encoding::Windows1252, "café € ½".as_bytes());
        check(b"", Encoding::Utf16Le, b"");
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        check("\u{feff}sku".as_bytes(), Encoding::Utf8, b"sku");
        check(&utf16("\u{feff}sku", false), Encoding::Utf16Le, b"sku");
        check(&utf16("\u{feff}sku", true), Encoding::Utf16Be, b"sku");
        check("\u{feff}sku".as_bytes(), Encoding::Windows1252, b"sku");
        check("\u{feff}".as_bytes(), Encoding::Utf8, b"");
        check("a\u{feff}".as_bytes(), Encoding::Utf8, "a\u{feff}".as_bytes());
    }

    #[test]
    fn what_is_no_character_stays_recognisable() {
        check(b"a\x00\x00\xdcb\x00", Encoding::Utf16Le, b"a\xffb");
        check(b"a\x00b", Encoding::Utf16Le, b"a\xff");
    }

    #[test]
    fn a_long_text_survives_every_piece() {
        let long = "Désignation;Prix € HT\n".repeat(20_000);
        check(&utf16(&long, false), Encoding::Utf16Le, long.as_bytes());
    }
}
