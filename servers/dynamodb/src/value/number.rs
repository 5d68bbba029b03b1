//! Numbers as DynamoDB holds them: exact to 38 digits, and equal by value however they are written.

use awsmcp_mcp::{exact, quoted};
use serde_json::{Number, Value};

/// A number as DynamoDB holds it, without change.
///
/// # Errors
/// When it has more than 38 digits, or is too large or too small.
pub(super) fn decimal(text: &str) -> Result<String, String> {
    const DIGITS: usize = 38;
    let parts = Parts::of(text);
    if parts.digits.is_empty() {
        return Ok("0".to_owned());
    }
    if parts.digits.len() > DIGITS {
        return Err(format!(
            "{} has {} significant digits, and DynamoDB's numbers have at most {DIGITS}; keep it as a string",
            quoted(text).trim_matches('"'),
            parts.digits.len()
        ));
    }
    let first = parts.power.saturating_add(parts.digits.len() as i64 - 1);
    if !(-130..=125).contains(&first) {
        return Err(format!(
            "{} is out of the range of DynamoDB's numbers: 1e-130 to 9.99e125, and their negatives",
            quoted(text).trim_matches('"')
        ));
    }
    Ok(text.to_owned())
}

/// The one way to write a number: `1`, `1.0`, `1e0` and `10e-1` are the same.
pub(super) fn canonical(text: &str) -> String {
    let Parts { negative, digits, power } = Parts::of(text);
    if digits.is_empty() {
        return "0".to_owned();
    }
    format!("{}{digits}e{power}", if negative { "-" } else { "" })
}

/// The sum of two numbers, in the one way to write it; none where it has more digits than are reckoned with here.
pub(super) fn sum(one: &str, other: &str) -> Option<String> {
    let (one, other) = (Parts::of(one), Parts::of(other));
    let power = one.power.min(other.power);
    let scaled = |parts: &Parts| -> Option<i128> {
        if parts.digits.is_empty() {
            return Some(0);
        }
        let zeros = u32::try_from(parts.power.checked_sub(power)?).ok()?;
        let whole = parts.digits.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(zeros)?)?;
        Some(if parts.negative { -whole } else { whole })
    };
    let sum = scaled(&one)?.checked_add(scaled(&other)?)?;
    Some(canonical(&format!("{sum}e{power}")))
}

/// As a caller gets it: in its exact form where many clients would round it, and with an exponent where it would be mostly
/// zeros.
pub(super) fn shown(text: String) -> Value {
    // More digits than a number has.
    const LONGEST: usize = 42;
    let text = if text.len() > LONGEST { canonical(&text) } else { text };
    text.parse::<Number>().map_or(Value::String(text), exact::write)
}

/// Whether a plain number looks as a client leaves it that holds numbers as doubles: whole, beyond what a double holds
/// exactly, and with just the digits that a double has. Which number was meant cannot be told.
///
/// One with more digits came from a client that keeps them; one with fewer is itself as a double.
pub(super) fn may_be_rounded(number: &Number) -> bool {
    if exact::survives(number) {
        return false;
    }
    let parts = Parts::of(&number.to_string());
    let as_double = number.as_f64().filter(|double| double.is_finite());
    parts.power >= 0
        && (16..=17).contains(&parts.digits.len())
        && as_double.is_some_and(|double| canonical(&format!("{double:e}")) == canonical(&number.to_string()))
}

/// A decimal number: its digits without zeros around them, and the power of ten of the last one.
struct Parts {
    negative: bool,
    digits: String,
    power: i64,
}

impl Parts {
    fn of(text: &str) -> Parts {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let beyond = if exponent.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
                (mantissa, exponent.parse::<i64>().unwrap_or(beyond))
            }
            None => (text, 0),
        };
        let negative = mantissa.starts_with('-');
        let mantissa = mantissa.trim_start_matches(['-', '+']);
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_end_matches('0');
        let zeros = all.len() as i64 - digits.len() as i64;
        let power = exponent.saturating_sub(fraction.len() as i64).saturating_add(zeros);
        Parts { negative, digits: digits.trim_start_matches('0').to_owned(), power }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rounded(text: &str) -> bool {
        may_be_rounded(&text.parse().unwrap())
    }

    #[test]
    fn numbers_are_the_same_by_value() {
        for same in ["1", "1.0", "1e0", "10e-1", "0.1e1", "+1", "01"] {
            assert_eq!(canonical(same), "1e0", "{same}");
        }
        for nothing in ["0", "-0", "0.00", "0e99"] {
            assert_eq!(canonical(nothing), "0", "{nothing}");
        }
        assert_ne!(canonical("1"), canonical("-1"));
        assert_ne!(canonical("1000"), canonical("1001"));
        assert_eq!(canonical("1e3"), canonical("1000"));
    }

    #[test]
    fn what_a_client_of_doubles_may_have_rounded_is_told_from_what_it_cannot_have_sent() {
        // 92838584930183242888, as such a client passes it on.
        for text in
            ["92838584930183250000", "9.283858493018325e19", "-92838584930183250000", "1234567890123456800"]
        {
            assert!(rounded(text), "{text}");
        }
        for text in
            ["92838584930183242888", "9007199254740993", "1e21", "1000000000000000000", "1e125", "0.1", "7"]
        {
            assert!(!rounded(text), "{text}");
        }
    }

    #[test]
    fn a_number_of_mostly_zeros_is_shown_with_an_exponent() {
        let (large, small) = (format!("1{}", "0".repeat(125)), format!("-0.{}15", "0".repeat(129)));
        for (text, wanted) in [(large, "1e125"), (small, "-15e-131"), ("1000".to_owned(), "1000")] {
            let shown = shown(text.clone());
            let number = exact::read_all(shown.clone()).unwrap();
            assert!(
                shown.to_string().contains(wanted) || shown.to_string().contains(&wanted.replace('e', "e+")),
                "{shown}"
            );
            assert_eq!(canonical(&number.to_string()), canonical(&text));
        }
    }

    proptest! {
        /// Whatever such a client makes of a long number, either it is found out or nothing was lost.
        #[test]
        fn a_long_number_that_lost_digits_is_found_out(text in "[1-9][0-9]{15,37}") {
            let double: f64 = text.parse().unwrap();
            let passed = format!("{double:e}");
            let digits = Parts::of(&passed).digits.len();
            let lost = canonical(&passed) != canonical(&text);
            prop_assert!(!lost || digits < 16 || rounded(&passed), "{text} became {passed}");
        }

        #[test]
        fn zeros_make_no_difference(whole in 1u64.., zeros in 0usize..9) {
            let text = format!("{whole}.{}", "0".repeat(zeros));
            prop_assert_eq!(canonical(&text), canonical(&whole.to_string()));
            prop_assert_eq!(canonical(&format!("{whole}e{zeros}")), canonical(&format!("{whole}{}", "0".repeat(zeros))));
        }
    }
}
