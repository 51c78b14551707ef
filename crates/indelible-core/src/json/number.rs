//! Which number a token or a double stands for, and which must be kept as text.

use serde_json::{Number, Value};

use super::repair::{RepairKind, Repairs};

/// The doubles below this magnitude hold every integer exactly.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
/// From this magnitude on, RFC 8785 spells doubles with an exponent.
const EXPONENT_FROM: f64 = 1e21;

/// A number that fits, or the text of one that does not.
pub(super) enum Numeral {
    Number(Number),
    Text(String),
}

impl Numeral {
    /// The value, after noting that a number became text.
    pub(super) fn into_value(self, repairs: &mut Repairs) -> Value {
        match self {
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => {
                repairs.push(RepairKind::NumberAsText);
                Value::String(text)
            }
        }
    }
}

/// The numeral of a token without fraction and exponent.
pub(super) fn of_integer(token: &str) -> Numeral {
    let number = if token.starts_with('-') {
        token.parse::<i64>().ok().map(Number::from)
    } else {
        token.parse::<u64>().ok().map(Number::from)
    };
    number.map_or_else(|| Numeral::Text(token.to_owned()), Numeral::Number)
}

/// The numeral of a token with a fraction or an exponent.
pub(super) fn of_fractional(token: &str) -> Numeral {
    let double = token
        .parse::<f64>()
        .ok()
        .filter(|double| double.is_finite());
    double.map_or_else(|| Numeral::Text(token.to_owned()), of_double)
}

/// The numeral of a finite double: the number that its RFC 8785 spelling reads back to.
pub(super) fn of_double(double: f64) -> Numeral {
    let magnitude = double.abs();
    if magnitude < EXPONENT_FROM && double.fract() == 0.0 {
        if magnitude < EXACT_BELOW {
            return Numeral::Number(Number::from(double as i64));
        }
        return of_integer(ryu_js::Buffer::new().format_finite(double));
    }
    match Number::from_f64(double) {
        Some(number) => Numeral::Number(number),
        None => Numeral::Text(double.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(numeral: Numeral) -> String {
        match numeral {
            Numeral::Number(number) => number.to_string(),
            Numeral::Text(text) => format!("{text:?}"),
        }
    }

    #[test]
    fn integers_are_exact_to_the_last_one_that_fits() {
        for token in [
            "0",
            "9007199254740993",
            "9223372036854775808",
            "18446744073709551615",
        ] {
            assert_eq!(spelled(of_integer(token)), token);
        }
        assert_eq!(
            spelled(of_integer("-9223372036854775808")),
            "-9223372036854775808"
        );
        assert_eq!(spelled(of_integer("-0")), "0");
        assert_eq!(
            spelled(of_integer("18446744073709551616")),
            "\"18446744073709551616\""
        );
        assert_eq!(
            spelled(of_integer("-9223372036854775809")),
            "\"-9223372036854775809\""
        );
    }

    #[test]
    fn doubles_are_what_their_spelling_reads_back_to() {
        let cases = [
            ("1.0", "1"),
            ("-0.0", "0"),
            ("1e-400", "0"),
            ("-1e-400", "0"),
            ("0.5", "0.5"),
            ("9007199254740993.0", "9007199254740992"),
            ("9223372036854775808.0", "9223372036854776000"),
            ("18446744073709549568e0", "18446744073709550000"),
            ("18446744073709551616e0", "\"18446744073709552000\""),
            ("-9223372036854774784e0", "-9223372036854775000"),
            ("-9223372036854775808e0", "\"-9223372036854776000\""),
            ("1e20", "\"100000000000000000000\""),
            ("1e400", "\"1e400\""),
            ("-1.50E+400", "\"-1.50E+400\""),
        ];
        for (token, expected) in cases {
            assert_eq!(spelled(of_fractional(token)), expected, "{token}");
        }
        assert!(matches!(of_double(1e21), Numeral::Number(number) if number.is_f64()));
    }
}
