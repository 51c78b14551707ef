//! How far a string goes: without anything to escape, eight bytes at a time, or within a limit.

const ONES: u64 = u64::MAX / 0xFF;
const HIGHS: u64 = ONES << 7;

/// The length of the run at the start of `bytes` that stands in JSON text as it is: up to the
/// first quote, backslash or byte below 0x20, or to the end.
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let from = words.len() * 8;
    from + rest
        .iter()
        .position(|&b| is_special(b))
        .unwrap_or(rest.len())
}

/// The longest beginning of the text that has at most `bytes_max` bytes and whole characters.
pub(super) fn prefix(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

const fn is_special(byte: u8) -> bool {
    matches!(byte, 0..0x20 | b'"' | b'\\')
}

/// The high bit of each byte that ends a run. A borrow may mark bytes above the lowest one found,
/// never below it.
const fn special(word: u64) -> u64 {
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zero(word ^ (ONES * b'"' as u64));
    let backslash = zero(word ^ (ONES * b'\\' as u64));
    (control | quote | backslash) & HIGHS
}

const fn zero(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place_is_judged_alone() {
        for byte in 0..=255_u8 {
            for place in 0..20 {
                let mut bytes = [b'x'; 20];
                bytes[place] = byte;
                let run = if is_special(byte) { place } else { 20 };
                assert_eq!(plain_run(&bytes), run, "0x{byte:02x} at {place}");
            }
        }
    }

    #[test]
    fn the_first_of_two_ends_the_run() {
        for first in 0..16 {
            for second in first..16 {
                for (a, b) in [(b'"', 0x1F), (0, b'!'), (b'\\', b']'), (0x1F, b'#')] {
                    let mut bytes = [0x80; 16];
                    bytes[second] = b;
                    bytes[first] = a;
                    assert_eq!(plain_run(&bytes), first);
                }
            }
        }
    }
}
