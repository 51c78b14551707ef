//! Payment card numbers: digits, an issuer's range, the Luhn check.

use std::ops::{Range, RangeInclusive};

/// The digits of the shortest card number.
pub(super) const DIGITS_MIN: u32 = 13;
const DIGITS_MAX: usize = 19;
/// How many digits stand together in a number that is written in groups.
const GROUP_DIGITS: RangeInclusive<usize> = 2..=8;

/// The issuers' ranges by the first four digits of a number, with the lengths they use. Public
/// knowledge of the networks' own developer pages; ranges of six digits are rounded to four.
const ISSUERS: &[(u16, u16, &[usize])] = &[
    (1001, 1999, &[15]),                         // UATP
    (2200, 2205, &[16, 17, 18, 19]),             // Mir, Borica
    (2221, 2720, &[16]),                         // Mastercard
    (3000, 3059, &[14, 16, 19]),                 // Diners Club
    (3095, 3095, &[14, 16, 19]),                 // Diners Club
    (3400, 3499, &[15]),                         // American Express
    (3528, 3589, &[16, 17, 18, 19]),             // JCB
    (3600, 3699, &[14, 16, 19]),                 // Diners Club
    (3700, 3799, &[15]),                         // American Express
    (3800, 3999, &[14, 16, 19]),                 // Diners Club
    (4000, 4999, &[13, 16, 19]),                 // Visa
    (5000, 5099, &[13, 14, 15, 16, 17, 18, 19]), // Maestro, Dankort, Verve, Elo
    (5100, 5599, &[16]),                         // Mastercard
    (5600, 5899, &[13, 14, 15, 16, 17, 18, 19]), // Maestro
    (6000, 6010, &[16]),                         // RuPay
    (6011, 6011, &[16, 17, 18, 19]),             // Discover
    (6012, 6099, &[16]),                         // RuPay
    (6200, 6299, &[16, 17, 18, 19]),             // UnionPay
    (6304, 6304, &[13, 14, 15, 16, 17, 18, 19]), // Maestro
    (6360, 6399, &[16, 17, 18, 19]),             // InterPayment, InstaPayment, Elo
    (6440, 6599, &[16, 17, 18, 19]),             // Discover, RuPay, Elo, Verve
    (6700, 6799, &[13, 14, 15, 16, 17, 18, 19]), // Maestro
    (8100, 8299, &[16]),                         // UnionPay, RuPay
    (8600, 8600, &[16]),                         // UzCard
    (9792, 9792, &[16]),                         // Troy
    (9860, 9860, &[16]),                         // Humo
];

/// Every card number in a text: digits in one piece, or in groups of two to eight with the same
/// single space or dash between them; no letter or digit touches it, and it is no part of a UUID,
/// of a Windows security identifier or of a fraction.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() {
            at += 1;
        } else if is_uuid(&bytes[at..]) {
            at += UUID_BYTES;
        } else if bytes[at..].starts_with(b"S-1-") {
            at += sid_bytes(&bytes[at..]);
        } else if let Some(end) = number_at(bytes, at) {
            found.push(at..end);
            at = end;
        } else {
            at = end_of_word(bytes, at);
        }
    }
    found
}

/// The digits of a number.
pub(super) fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// The number with all but its first six and last four digits starred.
pub(super) fn mask(number: &str) -> String {
    let count = number.bytes().filter(u8::is_ascii_digit).count();
    let mut seen = 0;
    let star = |c: char| {
        seen += usize::from(c.is_ascii_digit());
        if c.is_ascii_digit() && seen > 6 && seen + 4 <= count {
            '*'
        } else {
            c
        }
    };
    number.chars().map(star).collect()
}

/// The end of the longest card number that begins with the word at `start`.
fn number_at(bytes: &[u8], start: usize) -> Option<usize> {
    let mut digits = [0_u8; DIGITS_MAX];
    let mut count = 0;
    let mut separator = None;
    let mut at = start;
    let mut best = None;
    if is_fraction(bytes, start) {
        return None;
    }
    loop {
        let end = end_of_word(bytes, at);
        let group = &bytes[at..end];
        let is_group = at == start || GROUP_DIGITS.contains(&group.len());
        let fits = is_group && count + group.len() <= DIGITS_MAX;
        if !fits || !group.iter().all(u8::is_ascii_digit) {
            return best;
        }
        digits[count..count + group.len()].copy_from_slice(group);
        count += group.len();
        if is_card(&digits[..count]) && ends_number(bytes, end) {
            best = Some(end);
        }
        let next = bytes
            .get(end)
            .copied()
            .filter(|byte| matches!(byte, b' ' | b'-'));
        let goes_on = GROUP_DIGITS.contains(&group.len())
            && next.is_some_and(|byte| *separator.get_or_insert(byte) == byte)
            && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !goes_on {
            return best;
        }
        at = end + 1;
    }
}

fn end_of_word(bytes: &[u8], start: usize) -> usize {
    start
        + bytes[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count()
}

/// Whether the digits at `start` come after a decimal point.
fn is_fraction(bytes: &[u8], start: usize) -> bool {
    start >= 2 && bytes[start - 1] == b'.' && bytes[start - 2].is_ascii_digit()
}

/// Whether no fraction other than zero follows.
fn ends_number(bytes: &[u8], end: usize) -> bool {
    if bytes.get(end) != Some(&b'.') {
        return true;
    }
    let fraction = end + 1..end_of_word(bytes, end + 1);
    bytes[fraction]
        .iter()
        .all(|byte| *byte == b'0' || !byte.is_ascii_digit())
}

fn is_card(digits: &[u8]) -> bool {
    if !(DIGITS_MIN as usize..=DIGITS_MAX).contains(&digits.len()) {
        return false;
    }
    let start = digits[..4]
        .iter()
        .fold(0, |start, digit| start * 10 + u16::from(digit - b'0'));
    let issued = ISSUERS.iter().any(|(first, last, lengths)| {
        (*first..=*last).contains(&start) && lengths.contains(&digits.len())
    });
    issued && luhn(digits)
}

/// ISO/IEC 7812-1, annex B.
fn luhn(digits: &[u8]) -> bool {
    let weigh = |(at, digit): (usize, &u8)| {
        let digit = u32::from(digit - b'0');
        if at % 2 == 0 {
            digit
        } else {
            digit * 2 - if digit > 4 { 9 } else { 0 }
        }
    };
    digits
        .iter()
        .rev()
        .enumerate()
        .map(weigh)
        .sum::<u32>()
        .is_multiple_of(10)
}

const UUID_BYTES: usize = 36;

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() >= UUID_BYTES
        && bytes[..UUID_BYTES]
            .iter()
            .enumerate()
            .all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
        && bytes
            .get(UUID_BYTES)
            .is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

/// A Windows security identifier: `S-1-` and numbers with dashes between them.
fn sid_bytes(bytes: &[u8]) -> usize {
    let belongs = |byte: &&u8| byte.is_ascii_digit() || **byte == b'-';
    1 + bytes[1..].iter().take_while(belongs).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn numbers_are_found_in_their_usual_shapes() {
        for number in [
            "4532015112830366",
            "4532 0151 1283 0366",
            "4532-0151-1283-0366",
            "371449635398431",
            "3714 496353 98431",
            "30569309025904",
        ] {
            for text in [
                number.to_owned(),
                format!("paid with {number}."),
                format!("card={number}&x=1"),
                format!("[{number}]"),
                format!("12 {number}"),
                format!("order_{number}"),
                format!("卡号{number}号"),
            ] {
                assert_eq!(found(&text), [number], "{text}");
            }
        }
        assert_eq!(found("4532015112830366.0"), ["4532015112830366"]);
        assert_eq!(found("4532015112830366 371449635398431").len(), 2);
    }

    #[test]
    fn other_digits_are_left() {
        for text in [
            "4532015112830367",                     // Luhn
            "7992739871300000000",                  // no issuer
            "45320151128303660000",                 // 20 digits
            "a4532015112830366",                    // within a word
            "0.4532015112830366",                   // a fraction
            "4532015112830366.25",                  // an amount
            "4532  0151  1283  0366",               // two spaces
            "4532-0151 1283-0366",                  // mixed
            "1700000000000",                        // epoch ms
            "1700000000000000",                     // epoch µs
            "1700000000000000000",                  // epoch ns
            "45320151-1283-4366-8532-015112830366", // UUID
            "123456789012",                         // account id
            "S-1-5-21-4532-0151-1283-0366-1104",    // security identifier
            "4532015112-8303-66",                   // groups of no card
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_mask_keeps_six_and_four() {
        assert_eq!(mask("4532-0151-1283-0366"), "4532-01**-****-0366");
        assert_eq!(mask("4222222222222"), "422222***2222");
        assert_eq!(digits("4532 0151"), "45320151");
    }
}
