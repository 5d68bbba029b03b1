//! Numbers that survive their way through clients that hold every number as a double.
//!
//! A JavaScript client parses arguments and answers before a model or a server sees them, and rounds what a double cannot
//! hold: whole numbers beyond 2^53, and more than 15 significant digits. `{"$number": "92838584930183242888"}` is the form
//! that survives. Where numbers are data and must be exact, a tool reads it with [`read`], answers with [`write`], and asks
//! [`doubtful`] about what came in plain form.

use serde_json::{Map, Number, Value, json};

use crate::{Error, Result, text::quoted};

/// The name of the only field of an exact number.
const FIELD: &str = "$number";
/// The significant digits that every double keeps.
const DIGITS: usize = 15;

/// The number that a value is in its exact form; `None` where the value has another form.
///
/// # Errors
/// When it has that form, and what it holds is no number.
pub fn read(value: &Value) -> Result<Option<Number>> {
    let Some(fields) = value.as_object().filter(|fields| fields.len() == 1) else { return Ok(None) };
    let Some(held) = fields.get(FIELD) else { return Ok(None) };
    let wrong = || {
        let held = held.as_str().map_or_else(|| held.to_string(), str::to_owned);
        Error::invalid(format!("`{FIELD}` takes a number as text, not {}", quoted(&held)))
            .with_next("a good one is {\"$number\": \"92838584930183242888\"}")
    };
    match held {
        Value::Number(number) => Ok(Some(number.clone())),
        Value::String(text) => text.trim().parse::<Number>().map(Some).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// The value with every exact number in it as a plain one, as [`read`] takes it.
///
/// # Errors
/// When something has that form, and what it holds is no number.
pub fn read_all(value: Value) -> Result<Value> {
    if let Some(number) = read(&value)? {
        return Ok(Value::Number(number));
    }
    Ok(match value {
        Value::Array(items) => Value::Array(items.into_iter().map(read_all).collect::<Result<_>>()?),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| Ok((name, read_all(value)?)))
                .collect::<Result<Map<_, _>>>()?,
        ),
        plain => plain,
    })
}

/// A number as it may leave: plain where every client keeps it, else in its exact form.
#[must_use]
pub fn write(number: Number) -> Value {
    if survives(&number) { Value::Number(number) } else { json!({FIELD: number.to_string()}) }
}

/// The value with every number that a client would round in its exact form.
#[must_use]
pub fn write_all(value: Value) -> Value {
    match value {
        Value::Number(number) => write(number),
        Value::Array(items) => items.into_iter().map(write_all).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, write_all(value))).collect())
        }
        plain => plain,
    }
}

/// Whether a client that holds numbers as doubles keeps this one as it is.
#[must_use]
pub fn survives(number: &Number) -> bool {
    let text = number.to_string();
    let (digits, exponent) = significant(&text);
    if digits.is_empty() {
        return true;
    }
    let is_whole = exponent >= 0;
    if is_whole {
        // Small enough to be held, and to be written without an exponent.
        return number.as_f64().is_some_and(|float| float.abs() < EXACT);
    }
    // Far from 1 a double has fewer digits, or none.
    let place = exponent + i64::try_from(digits.len()).unwrap_or(i64::MAX);
    digits.len() <= DIGITS && (-300..=300).contains(&place)
}

/// Whether a number is whole, by what is written: a double would round a small fraction away.
pub(crate) fn is_whole(number: &Number) -> bool {
    let (digits, exponent) = significant(&number.to_string());
    digits.is_empty() || exponent >= 0
}

/// A whole number as JSON writes one, without a fraction and without an exponent; `None` where it is not whole, or larger
/// than any type of an argument.
pub(crate) fn plain(number: &Number) -> Option<Number> {
    const LONGEST: i64 = 20;
    let text = number.to_string();
    let (digits, exponent) = significant(&text);
    if digits.is_empty() {
        return Some(Number::from(0));
    }
    let zeros = usize::try_from(exponent).ok().filter(|_| exponent <= LONGEST)?;
    let sign = if text.starts_with('-') { "-" } else { "" };
    let written = format!("{sign}{digits}{}", "0".repeat(zeros));
    written.parse::<i64>().map(Number::from).or_else(|_| written.parse::<u64>().map(Number::from)).ok()
}

/// A number as a double; one that is beyond all of them is infinite.
pub(crate) fn as_double(number: &Number) -> f64 {
    let beyond = if number.to_string().starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY };
    number.as_f64().unwrap_or(beyond)
}

/// 2^53: from here on, different whole numbers become the same double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The digits of a decimal number without zeros around them, and the power of ten of the last one.
fn significant(text: &str) -> (String, i64) {
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        Some((mantissa, power)) => {
            let far = if power.starts_with('-') { i32::MIN } else { i32::MAX };
            (mantissa, power.parse().unwrap_or(i64::from(far)))
        }
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches(['-', '+']));
    let trimmed = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - trimmed.len()).unwrap_or_default();
    let behind = i64::try_from(fraction.len()).unwrap_or_default();
    (trimmed.trim_start_matches('0').to_owned(), power.saturating_add(zeros - behind))
}

/// What to say of the first plain number that the client may have rounded on its way here; `None` where there is none.
/// `argument` names the argument. Whole numbers beyond 2^53 are [`Doubt::Rounded`]: such a client cannot have sent what was
/// meant. Those with more digits than a double keeps are [`Doubt::Long`]: they may be what was meant.
#[must_use]
pub fn doubtful(argument: &str, value: &Value) -> Option<Doubt> {
    let mut longest = None;
    let found = first(value, argument.to_owned(), &mut longest);
    found.or(longest)
}

/// Why a number is doubtful, in a sentence that says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It is beyond what a double holds: worth refusing where nothing else tells whether it is right.
    Rounded(String),
    /// It has more digits than every double keeps: worth a note.
    Long(String),
}

impl Doubt {
    /// The sentence.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Doubt::Rounded(why) | Doubt::Long(why) => why,
        }
    }

    /// The refusal of a number that may be another than was meant.
    #[must_use]
    pub fn refusal(&self) -> Error {
        Error::invalid(self.why().to_owned())
    }
}

fn first(value: &Value, path: String, long: &mut Option<Doubt>) -> Option<Doubt> {
    match value {
        Value::Number(number) if !survives(number) => {
            let text = number.to_string();
            let form = json!({FIELD: text});
            let is_whole = significant(&text).1 >= 0;
            let why = match is_whole {
                true => "is beyond 2^53, where many clients round",
                false => "has more digits than many clients keep",
            };
            let why = format!("`{path}` {text} {why}; write it as text: {form}");
            if is_whole {
                return Some(Doubt::Rounded(why));
            }
            long.get_or_insert(Doubt::Long(why));
            None
        }
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(at, item)| first(item, format!("{path}.{at}"), long))
        }
        // What is in its exact form already is past all doubt.
        Value::Object(fields) if fields.len() == 1 && fields.contains_key(FIELD) => None,
        Value::Object(fields) => fields
            .iter()
            .find_map(|(name, value)| first(value, format!("{path}.{}", crate::neutral(name)), long)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn what_a_double_rounds_leaves_as_text() {
        for text in [
            "0",
            "-0.0",
            "1",
            "1.5",
            "0.1",
            "9007199254740991",
            "-9007199254740991",
            "123456789012345",
            "1e3",
            "0.123456789012345",
            "100.00",
        ] {
            assert!(survives(&number(text)), "{text}");
        }
        for text in [
            "9007199254740992",
            "9007199254740993",
            "92838584930183242888",
            "198.12345678901234567890123456789",
            "1e300",
            "0.1234567890123456",
            "1e-320",
            "1e99999",
            "1e-99999",
        ] {
            assert!(!survives(&number(text)), "{text}");
            assert_eq!(write(number(text)), json!({"$number": number(text).to_string()}));
        }
    }

    #[test]
    fn doubt_names_the_number_and_the_form_that_survives() {
        let item = json!({"pk": "a", "total": [1.5, {"n": number("92838584930183242888")}]});
        let doubt = doubtful("items.0", &item).unwrap();
        assert_eq!(
            doubt,
            Doubt::Rounded("`items.0.total.1.n` 92838584930183242888 is beyond 2^53, where many clients round; write it as text: {\"$number\":\"92838584930183242888\"}".to_owned())
        );
        let long = json!({"a": number("198.12345678901235"), "b": 7});
        assert!(
            matches!(doubtful("key", &long), Some(Doubt::Long(why)) if why.starts_with("`key.a` 198.12345678901235 has more digits"))
        );
        assert_eq!(doubtful("key", &json!({"a": {"$number": "92838584930183242888"}, "b": 1})), None);
    }

    #[test]
    fn an_exact_number_that_is_none_is_refused() {
        for wrong in [json!("x"), json!(""), json!(true), json!("1,5"), json!("NaN")] {
            let error = read(&json!({"$number": wrong})).unwrap_err();
            assert!(
                error.next.as_deref().is_some_and(|next| next.contains("92838584930183242888")),
                "{error}"
            );
        }
        assert_eq!(read(&json!({"$number": "1", "x": 2})).unwrap(), None);
        assert_eq!(read(&json!({"$number": 5})).unwrap(), Some(number("5")));
    }

    proptest! {
        /// What is written here, rounded by a client where it can, and sent back is the same number.
        #[test]
        fn a_number_survives_a_client_of_doubles(text in "-?[0-9]{1,30}(\\.[0-9]{1,30})?(e-?[0-9]{1,3})?") {
            let text = match text.trim_start_matches('-').trim_start_matches('0') {
                // JSON has no leading zeros.
                rest if rest.is_empty() || !rest.starts_with(|letter: char| letter.is_ascii_digit()) => format!("0{rest}"),
                rest => rest.to_owned(),
            };
            let Ok(meant) = text.parse::<Number>() else { return Ok(()) };
            let through = match write(meant.clone()) {
                Value::Number(plain) => json!(plain.as_f64().unwrap()),
                text => text,
            };
            let back = read_all(through).unwrap();
            let (ours, theirs) = (significant(&meant.to_string()), significant(&back.to_string()));
            prop_assert!(ours == theirs || ours.0.is_empty() && theirs.0.is_empty(), "{} {}", meant, back);
        }
    }
}
