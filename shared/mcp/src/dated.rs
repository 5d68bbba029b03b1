//! What is kept by hand of what others decide: a table that says where it is from, and for how long it may be believed.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A table kept by hand. A test of its own holds that it is not [stale](Dated::stale).
#[derive(Debug)]
pub struct Dated<T> {
    /// What was read.
    pub rows: T,
    /// Where it was read.
    pub source: &'static str,
    /// When it was read there: a day such as `2026-11-30`.
    pub read_on: &'static str,
    /// How many days it is good for.
    pub good_for_days: i32,
}

impl<T> Dated<T> {
    /// Why the table may not be believed any more, with what to do about it; nothing while it may.
    pub fn stale(&self) -> Option<String> {
        self.stale_on(Timestamp::now().to_zoned(TimeZone::UTC).date())
    }

    fn stale_on(&self, today: Date) -> Option<String> {
        let Dated { source, read_on, good_for_days, .. } = self;
        let Ok(age) = read_on.parse::<Date>().and_then(|read| today.since(read)) else {
            return Some(format!("`read_on` is a day such as 2026-11-30, not {read_on:?}"));
        };
        let age = age.get_days();
        (!(0..=*good_for_days).contains(&age)).then(|| {
            format!(
                "it was read {age} days ago and is good for {good_for_days}: compare it with {source}, mend what moved, and \
                 set `read_on` to the day on which you did"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_good_for_its_days() {
        let of = |read_on| Dated { rows: (), source: "a page", read_on, good_for_days: 365 };
        let stale = |table: &Dated<()>, today: &str| table.stale_on(today.parse().unwrap());
        let table = of("2026-08-21");
        assert_eq!(stale(&table, "2026-08-21"), None);
        assert_eq!(stale(&table, "2027-08-21"), None);
        let old = stale(&table, "2027-08-22").unwrap();
        assert!(
            old.starts_with("it was read 366 days ago and is good for 365: compare it with a page"),
            "{old}"
        );
        assert!(stale(&table, "2026-08-20").is_some(), "nobody has read it yet");
        assert!(stale(&of("21.8.2026"), "2026-08-21").unwrap().contains("2026-11-30"));
    }
}
