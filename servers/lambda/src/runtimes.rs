//! Which runtimes AWS has deprecated, and when.

use jiff::civil::Date;

/// Runtimes with the day from which AWS no longer patches them, where that day stands.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>
const DEPRECATED: &[(&str, &str)] = &[
    ("dotnet10", "2028-11-14"),
    ("dotnet5.0", "2022-05-10"),
    ("dotnet6", "2024-12-20"),
    ("dotnet7", "2024-05-14"),
    ("dotnet8", "2026-11-10"),
    ("dotnetcore1.0", "2019-06-27"),
    ("dotnetcore2.0", "2019-05-30"),
    ("dotnetcore2.1", "2022-01-05"),
    ("dotnetcore3.1", "2023-04-03"),
    ("go1.x", "2024-01-08"),
    ("java21", "2029-06-30"),
    ("java25", "2029-06-30"),
    ("java8", "2024-01-08"),
    ("nodejs", "2016-10-31"),
    ("nodejs10.x", "2021-07-30"),
    ("nodejs12.x", "2023-03-31"),
    ("nodejs14.x", "2023-12-04"),
    ("nodejs16.x", "2024-06-12"),
    ("nodejs18.x", "2025-09-01"),
    ("nodejs20.x", "2026-04-30"),
    ("nodejs22.x", "2027-04-30"),
    ("nodejs24.x", "2028-04-30"),
    ("nodejs4.3", "2020-03-05"),
    ("nodejs4.3-edge", "2020-03-05"),
    ("nodejs6.10", "2019-08-12"),
    ("nodejs8.10", "2020-03-06"),
    ("provided", "2024-01-08"),
    ("provided.al2023", "2029-06-30"),
    ("python2.7", "2021-07-15"),
    ("python3.12", "2028-10-31"),
    ("python3.13", "2029-06-30"),
    ("python3.14", "2029-06-30"),
    ("python3.6", "2022-07-18"),
    ("python3.7", "2023-12-04"),
    ("python3.8", "2024-10-14"),
    ("python3.9", "2025-12-15"),
    ("ruby2.5", "2021-07-30"),
    ("ruby2.7", "2023-12-07"),
    ("ruby3.2", "2026-03-31"),
    ("ruby3.3", "2027-03-31"),
    ("ruby3.4", "2028-03-31"),
];

/// When AWS deprecated the runtime, or will within `days` of `today`.
pub(crate) fn deprecation(runtime: &str, today: Date, days: i32) -> Option<&'static str> {
    let (_, day) = DEPRECATED.iter().find(|(name, _)| *name == runtime)?;
    let date: Date = day.parse().ok()?;
    let left = today.until(date).ok()?.get_days();
    (left <= days).then_some(*day)
}

/// Today, in UTC.
pub(crate) fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_deprecated_from_its_day_on() {
        let on = |day: &str| deprecation("nodejs22.x", day.parse().unwrap(), 180);
        assert_eq!(on("2026-01-01"), None);
        assert_eq!(on("2026-12-01"), Some("2027-04-30"));
        assert_eq!(on("2028-01-01"), Some("2027-04-30"));
        assert_eq!(deprecation("unheard-of", today(), 180), None);
    }

    #[test]
    fn every_day_can_be_read_and_no_runtime_stands_twice() {
        for (runtime, day) in DEPRECATED {
            assert!(day.parse::<Date>().is_ok(), "{runtime}");
            assert_eq!(DEPRECATED.iter().filter(|(name, _)| name == runtime).count(), 1, "{runtime}");
        }
    }
}
