//! International bank account numbers (ISO 13616): a country's length, and the check of ISO 7064.

/// The lengths of numbers and the countries that use them, from the registry of SWIFT.
const LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FI FK FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

/// Characters of a group where a number is written with spaces.
const GROUP: usize = 4;

/// Whether a number begins at this place of a text: in one piece or in groups of four with one
/// space between them, upper case, touched by no letter or digit.
pub(super) fn begins(bytes: &[u8], at: usize) -> bool {
    let Some((country, digits)) = bytes.get(at..at + GROUP).map(|head| head.split_at(2)) else {
        return false;
    };
    let is_touched = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
    if is_touched || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let uses_it = |countries: &str| countries.split(' ').any(|it| it.as_bytes() == country);
    let length = LENGTHS.iter().find(|(_, countries)| uses_it(countries));
    let Some((length, _)) = length else {
        return false;
    };
    let is_grouped = bytes.get(at + GROUP) == Some(&b' ');
    let mut number = Vec::with_capacity(*length);
    let mut place = at;
    while number.len() < *length {
        if is_grouped && number.len().is_multiple_of(GROUP) && !number.is_empty() {
            if bytes.get(place) != Some(&b' ') {
                return false;
            }
            place += 1;
        }
        match bytes.get(place) {
            Some(byte) if byte.is_ascii_uppercase() || byte.is_ascii_digit() => number.push(*byte),
            _ => return false,
        }
        place += 1;
    }
    let ends = bytes
        .get(place)
        .is_none_or(|byte| !byte.is_ascii_alphanumeric());
    ends && checks(&number)
}

/// The number, its first four characters moved to the end and letters read as 10 to 35, leaves 1
/// when divided by 97.
fn checks(number: &[u8]) -> bool {
    let (head, tail) = number.split_at(GROUP);
    let rest = tail
        .iter()
        .chain(head)
        .fold(0_u32, |rest, byte| match byte {
            b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
            _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
        });
    rest == 1
}
