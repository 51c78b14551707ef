//! Personal data that betrays itself by its form: e-mail addresses, telephone numbers, accounts.

use super::iban;

/// The rules, by the names that findings give them.
pub const RULES: [&str; 3] = [EMAIL, IBAN, PHONE];

const EMAIL: &str = "email";
const IBAN: &str = "iban";
const PHONE: &str = "phone";

/// The longest part of an address before its `@`, in bytes (RFC 5321, section 4.5.3.1).
const LOCAL_BYTES_MAX: usize = 64;
/// The longest part after it, likewise.
const DOMAIN_BYTES_MAX: usize = 255;
/// How many digits a telephone number has, country code included: E.164 allows 15, and fewer than
/// 8 are no subscriber's anywhere.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// How far back the beginning of a URL is looked for, in bytes.
const URL_BYTES_MAX: usize = 128;

/// What stands after an `@` in names of files, as in `logo@2x.png`.
const FILE_ENDINGS: [&str; 8] = ["css", "gif", "jpeg", "jpg", "js", "png", "svg", "webp"];
/// Domains whose addresses are programs'.
const MACHINES: [&str; 1] = ["gserviceaccount.com"];

/// The rules that find something in the text, each once.
pub(super) fn rules_in(text: &str) -> Vec<&'static str> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut add = |rule: &'static str, holds: bool| {
        if holds && !found.contains(&rule) {
            found.push(rule);
        }
    };
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'@' => add(EMAIL, is_email(text, at, at + 1)),
            b'+' => add(PHONE, is_phone(bytes, at, at + 1)),
            // As URLs spell the two.
            b'%' => match bytes.get(at + 1..at + 3) {
                Some(b"40") => add(EMAIL, is_email(text, at, at + 3)),
                Some(b"2B" | b"2b") => add(PHONE, is_phone(bytes, at, at + 3)),
                _ => {}
            },
            b'A'..=b'Z' => add(IBAN, iban::begins(bytes, at)),
            _ => {}
        }
    }
    found
}

/// Whether an address has its `@` here. One that is masked (`a***@example.com`), the user of a
/// URL, a file's name and a program's account are none. Stars around a whole one are Markdown.
fn is_email(text: &str, at: usize, after: usize) -> bool {
    let local_start = start_of(text, at, |c| c.is_alphanumeric() || "._+-'".contains(c));
    let local = text[local_start..at].trim_start_matches(['.', '\'', '-']);
    let fits = (1..=LOCAL_BYTES_MAX).contains(&local.len()) && !local.ends_with('.');
    if !fits || local == "git" || is_masked(&text[..local_start]) {
        return false;
    }
    let rest = &text[after..];
    let is_domain = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    let end = rest.find(|c| !is_domain(c)).unwrap_or(rest.len());
    let domain = rest[..end].trim_end_matches(['.', '-']);
    let is_label =
        |label: &str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let top = domain.rsplit('.').next().unwrap_or_default();
    let is_top = top.starts_with("xn--") || (top.chars().all(char::is_alphabetic) && top.len() > 1);
    domain.len() <= DOMAIN_BYTES_MAX
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && is_top
        && !FILE_ENDINGS.contains(&top)
        && !MACHINES.iter().any(|machines| domain.ends_with(machines))
        && !is_user_of_url(&text[..local_start])
}

/// Where the run of such characters begins that ends at `at`; not further back than matters.
fn start_of(text: &str, at: usize, belongs: impl Fn(char) -> bool) -> usize {
    let mut start = at;
    for (place, character) in text[..at].char_indices().rev() {
        if !belongs(character) || at - place > LOCAL_BYTES_MAX + 1 {
            break;
        }
        start = place;
    }
    start
}

/// Whether what comes after this is the rest of a word whose middle is stars: `a***e@`.
fn is_masked(before: &str) -> bool {
    let unstarred = before.trim_end_matches('*');
    unstarred.len() < before.len() && unstarred.ends_with(char::is_alphanumeric)
}

/// Whether what comes after this is the part of a URL before the host: `https://user:`.
fn is_user_of_url(before: &str) -> bool {
    let near = before.ceil_char_boundary(before.len().saturating_sub(URL_BYTES_MAX));
    let Some((_, authority)) = before[near..].rsplit_once("://") else {
        return false;
    };
    !authority.contains(|c: char| c.is_whitespace() || "/?#\"'<>,;".contains(c))
}

/// Whether a number in the form of E.164 follows a plus sign.
fn is_phone(bytes: &[u8], at: usize, after: usize) -> bool {
    let joins = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    if at > 0 && joins(&bytes[at - 1]) || bytes.get(after) == Some(&b'0') {
        return false;
    }
    let rest = &bytes[after..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let next = rest.get(digits);
    let is_fraction = next == Some(&b'.') && rest.get(digits + 1).is_some_and(u8::is_ascii_digit);
    let goes_on = next.is_some_and(|byte| joins(byte) || *byte == b'=' || *byte == b'*');
    PHONE_DIGITS.contains(&digits) && !is_fraction && !goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_persons_is_found_wherever_it_stands() {
        for (text, rules) in [
            ("alice@example.com", &["email"][..]),
            ("to <o'neil.b+x@mail.example.co.uk>.", &["email"]),
            ("jörg@bücher.example", &["email"]),
            ("/users/alice%40example.com/keys", &["email"]),
            (
                "arn:aws:sts::123456789012:assumed-role/R/alice@example.com",
                &["email"],
            ),
            ("mailto:a@xn--bcher-kva.xn--p1ai", &["email"]),
            ("**alice@example.com**", &["email"]),
            ("*bob@example.com*", &["email"]),
            ("owner: ***carol@example.com***, and so on", &["email"]),
            ("2 * dave@example.com", &["email"]),
            ("call +4917012345678!", &["phone"]),
            ("tel:%2B14155550123", &["phone"]),
            ("DE89 3704 0044 0532 0130 00", &["iban"]),
            ("(GB82WEST12345698765432)", &["iban"]),
            ("NO9386011117947, FR1420041010050500013M02606", &["iban"]),
            (
                "a@b.io +12025550100 MT84MALT011000012345MTLCAST001S",
                &["email", "phone", "iban"],
            ),
        ] {
            assert_eq!(rules_in(text), rules, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it_is_not() {
        for text in [
            "",
            "@",
            "a@b",
            "@example.com",
            "a.@example.com",
            "a***@example.com",
            "***@example.com",
            "a***e@example.com",
            "jö**rg@example.com",
            "**a***@example.com**",
            "**%40example.com",
            "[REDACTED:password]",
            "https://user@host.example/x",
            "postgres://bank:[REDACTED:url]@db.example.com/bank",
            "git@github.com:o/r.git",
            "ci@project.iam.gserviceaccount.com",
            "logo@2x.png",
            "actions/checkout@v4.1",
            "lodash@4.17.21",
            "image@sha256:0123456789abcdef",
            "2026-11-01T09:30:00+01:00",
            "1.0+20261101",
            "+1234567",
            "+1234567890123456",
            "+0123456789",
            "+12345678.5",
            "q83v/+12345678/x==",
            "DE89 3704 0044 0532 0130 01",
            "DE8937040044053201300",
            "XDE89370400440532013000",
            "AD12AKIAIOSFODNN7EXAMPLE",
            "5f0e8a9c-2b1d-4c3e-8f7a-1234567890ab",
        ] {
            assert!(rules_in(text).is_empty(), "{text}: {:?}", rules_in(text));
        }
    }
}
