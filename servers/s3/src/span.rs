//! Parts of a whole, as people write them: `0-1023`, `500-`, `-500`.

/// A part of something that is counted, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// `0-1023`
    Between(u64, u64),
    /// `500-`
    From(u64),
    /// `-500`
    Last(u64),
}

impl Span {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is not a range; good ones are 0-1023, 500- (to the end), -500 (the last 500)")
        };
        let number = |text: &str| match text {
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| wrong()),
            _ => Err(wrong()),
        };
        let given = text.trim();
        let given = given.strip_prefix("bytes=").unwrap_or(given);
        let Some((first, last)) = given.split_once('-') else { return Err(wrong()) };
        match (first.trim(), last.trim()) {
            ("", count) => match number(count)? {
                0 => Err(wrong()),
                count => Ok(Span::Last(count)),
            },
            (first, "") => Ok(Span::From(number(first)?)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if first <= last { Ok(Span::Between(first, last)) } else { Err(wrong()) }
            }
        }
    }

    /// The part of `total` things, counted from 0; none where it starts behind the last.
    pub(crate) fn within(self, total: u64) -> Option<(u64, u64)> {
        let end = total.checked_sub(1)?;
        match self {
            Span::Between(first, last) if first <= end => Some((first, last.min(end))),
            Span::From(first) if first <= end => Some((first, end)),
            Span::Last(count) if count > 0 => Some((total.saturating_sub(count), end)),
            _ => None,
        }
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Span::Between(first, last) => write!(f, "{first}-{last}"),
            Span::From(first) => write!(f, "{first}-"),
            Span::Last(count) => write!(f, "-{count}"),
        }
    }
}

awsmcp_mcp::plain_string!(Span);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(Span::parse("0-1023"), Ok(Span::Between(0, 1023)));
        assert_eq!(Span::parse(" 5 - 5 "), Ok(Span::Between(5, 5)));
        assert_eq!(Span::parse("bytes=0-9"), Ok(Span::Between(0, 9)));
        assert_eq!(Span::parse("500-"), Ok(Span::From(500)));
        assert_eq!(Span::parse("-500"), Ok(Span::Last(500)));
        for wrong in ["", "-", "5", "9-5", "-0", "a-b", "1-2-3", "+1-2", "0-99999999999999999999", "1,2-3"] {
            assert!(Span::parse(wrong).unwrap_err().contains("0-1023"), "{wrong}");
        }
    }

    #[test]
    fn a_span_is_held_to_what_there_is() {
        assert_eq!(Span::Between(0, 99).within(10), Some((0, 9)));
        assert_eq!(Span::From(9).within(10), Some((9, 9)));
        assert_eq!(Span::From(10).within(10), None);
        assert_eq!(Span::Last(3).within(10), Some((7, 9)));
        assert_eq!(Span::Last(30).within(10), Some((0, 9)));
        assert_eq!(Span::From(0).within(0), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,40}") {
            let _ = Span::parse(&text);
        }

        #[test]
        fn what_is_written_is_read(first in any::<u64>(), more in any::<u32>(), total in any::<u64>()) {
            let spans = [
                Span::Between(first, first.saturating_add(more.into())),
                Span::From(first),
                Span::Last(first.max(1)),
            ];
            for span in spans {
                prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
                if let Some((first, last)) = span.within(total) {
                    prop_assert!(first <= last && last < total);
                }
            }
        }
    }
}
