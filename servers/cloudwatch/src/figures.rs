//! Numbers as they are shown: of a summary a few digits, of a row all of them.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// A number as a person would write it down: a whole one as it is, of another six digits, or as many as stand before its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure(pub(crate) f64);

impl Figure {
    /// Whether digits are left out.
    pub(crate) fn is_rounded(self) -> bool {
        self.rounded() != self.0 && self.0.is_finite()
    }

    fn rounded(self) -> f64 {
        if self.0.fract() == 0.0 || !self.0.is_finite() {
            return self.0;
        }
        // Through text: what is shown has no more digits than that.
        let digits = if self.0.abs() < 1e6 { format!("{:.5e}", self.0) } else { format!("{:.0}", self.0) };
        digits.parse().unwrap_or(self.0)
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.rounded())
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        number(self.rounded(), serializer)
    }
}

/// A value as AWS gave it: to fifteen digits, which is all that every such number has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exact(pub(crate) f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = match self.0.is_finite() && self.0.fract() != 0.0 {
            true => format!("{:.14e}", self.0).parse().unwrap_or(self.0),
            false => self.0,
        };
        number(value, serializer)
    }
}

fn number<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    // Whole numbers up to where every one of them is exact.
    if value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0 {
        serializer.serialize_i64(value as i64)
    } else {
        serializer.serialize_f64(value)
    }
}

impl JsonSchema for Exact {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Exact".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number"})
    }
}

impl JsonSchema for Figure {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Figure".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "number"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_whole_or_have_six_digits() {
        let shown = |value: f64| (serde_json::to_string(&Figure(value)).unwrap(), Figure(value).to_string());
        let both = |text: &str| (text.to_owned(), text.to_owned());
        assert_eq!(shown(2.0), both("2"));
        assert_eq!(shown(153.428571428), both("153.429"));
        assert_eq!(shown(0.000012345678), both("0.0000123457"));
        assert_eq!(shown(123_456_789.0), both("123456789"));
        assert_eq!(shown(1_234_567.89), both("1234568"));
        assert!(Figure(153.428571428).is_rounded() && !Figure(1_234_567.0).is_rounded());
        assert_eq!(shown(-0.5), both("-0.5"));
    }

    #[test]
    fn exact_values_have_fifteen_digits() {
        let shown = |value: f64| serde_json::to_string(&Exact(value)).unwrap();
        assert_eq!(shown(1_234_567.0), "1234567");
        assert_eq!(shown(0.1 + 0.2), "0.3");
        assert_eq!(shown(1_234_567.891_234_56), "1234567.89123456");
        assert_eq!(shown(9_007_199_254_740_992.0), "9007199254740992");
    }
}
