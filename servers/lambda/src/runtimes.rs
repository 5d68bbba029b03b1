//! Which runtimes AWS has deprecated, and when.

use awsmcp_mcp::Dated;
use jiff::civil::Date;

/// Each runtime with the days from which AWS no longer patches it, and from which functions of it can no longer be made and no
/// longer be updated; empty where AWS has stated none yet. AWS moves days, and adds runtimes; cfn-lint keeps the same table
/// in `LmbdRuntimeLifecycle.json`, of which this was version 1.58.0.
const LIVES: Dated<&[(&str, &str, &str, &str)]> = Dated {
    source: "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
    read_on: "2026-11-30",
    good_for_days: 90,
    rows: &[
        ("dotnet10", "2028-11-14", "2028-12-14", "2029-01-15"),
        ("dotnet5.0", "2022-05-10", "", ""),
        ("dotnet6", "2024-12-20", "2027-02-01", "2027-03-03"),
        ("dotnet7", "2024-05-14", "", ""),
        ("dotnet8", "2026-11-10", "2027-02-01", "2027-03-03"),
        ("dotnet9", "2026-11-10", "", ""),
        ("dotnetcore1.0", "2019-06-27", "2019-06-30", "2019-07-30"),
        ("dotnetcore2.0", "2019-05-30", "2019-04-30", "2019-05-30"),
        ("dotnetcore2.1", "2022-01-05", "2022-01-05", "2022-04-13"),
        ("dotnetcore3.1", "2023-04-03", "2023-04-03", "2023-05-03"),
        ("go1.x", "2024-01-08", "2024-02-08", "2027-03-03"),
        ("java11", "2027-06-30", "2027-07-31", "2027-08-31"),
        ("java11.al2023", "", "", ""),
        ("java17", "2027-06-30", "2027-07-31", "2027-08-31"),
        ("java17.al2023", "", "", ""),
        ("java21", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("java25", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("java8", "2024-01-08", "2024-02-08", "2027-03-03"),
        ("java8.al2", "2027-06-30", "2027-07-31", "2027-08-31"),
        ("java8.al2023", "", "", ""),
        ("nodejs", "2016-08-30", "2016-09-30", "2016-10-31"),
        ("nodejs10.x", "2021-07-30", "2021-07-30", "2022-02-14"),
        ("nodejs12.x", "2023-03-31", "2023-03-31", "2023-04-30"),
        ("nodejs14.x", "2023-12-04", "2024-01-09", "2027-03-03"),
        ("nodejs16.x", "2024-06-12", "2027-02-01", "2027-03-03"),
        ("nodejs18.x", "2025-09-01", "2027-02-01", "2027-03-03"),
        ("nodejs20.x", "2026-04-30", "2027-02-01", "2027-03-03"),
        ("nodejs22.x", "2027-04-30", "2027-06-01", "2027-07-01"),
        ("nodejs24.x", "2028-04-30", "2028-06-01", "2028-07-01"),
        ("nodejs26.x", "", "", ""),
        ("nodejs4.3", "2020-03-05", "2020-02-03", "2020-03-05"),
        ("nodejs4.3-edge", "2020-03-05", "2019-03-31", "2019-04-30"),
        ("nodejs6.10", "2019-08-12", "2019-07-12", "2019-08-12"),
        ("nodejs8.10", "2020-03-06", "2020-02-04", "2020-03-06"),
        ("provided", "2024-01-08", "2024-02-08", "2027-03-03"),
        ("provided.al2", "2026-07-31", "2027-02-01", "2027-03-03"),
        ("provided.al2023", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("python2.7", "2021-07-15", "2021-07-15", "2022-05-30"),
        ("python3.10", "2026-10-31", "2027-02-01", "2027-03-03"),
        ("python3.11", "2027-06-30", "2027-07-31", "2027-08-31"),
        ("python3.12", "2028-10-31", "2028-11-30", "2029-01-10"),
        ("python3.13", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("python3.14", "2029-06-30", "2029-07-31", "2029-08-31"),
        ("python3.15", "", "", ""),
        ("python3.6", "2022-07-18", "2022-07-18", "2022-08-29"),
        ("python3.7", "2023-12-04", "2024-01-09", "2027-03-03"),
        ("python3.8", "2024-10-14", "2027-02-01", "2027-03-03"),
        ("python3.9", "2025-12-15", "2027-02-01", "2027-03-03"),
        ("ruby2.5", "2021-07-30", "2021-07-30", "2022-03-31"),
        ("ruby2.7", "2023-12-07", "2024-01-09", "2027-03-03"),
        ("ruby3.2", "2026-03-31", "2027-02-01", "2027-03-03"),
        ("ruby3.3", "2027-03-31", "2027-04-30", "2027-05-31"),
        ("ruby3.4", "2028-03-31", "2028-04-30", "2028-05-31"),
        ("ruby4.0", "2029-03-31", "2029-04-30", "2029-05-31"),
    ],
};

/// When AWS deprecated the runtime, or will within `days` of `today`.
pub(crate) fn deprecation(runtime: &str, today: Date, days: i32) -> Option<&'static str> {
    let (_, day, ..) = LIVES.rows.iter().find(|(name, ..)| *name == runtime)?;
    let date: Date = day.parse().ok()?;
    let left = today.until(date).ok()?.get_days();
    (left <= days).then_some(*day)
}

/// Whether AWS's table, as it is known here, has the runtime. Of another nobody knows here whether it is still patched; a
/// container image has none.
pub(crate) fn is_known(runtime: &str) -> bool {
    runtime.is_empty() || runtime == "image" || LIVES.rows.iter().any(|(name, ..)| *name == runtime)
}

/// From when on AWS refuses functions of it, where that is stated.
pub(crate) fn blocks(runtime: &str) -> Option<String> {
    let (.., create, update) = LIVES.rows.iter().find(|(name, ..)| *name == runtime)?;
    match (*create, *update) {
        ("", _) | (_, "") => None,
        (create, update) => {
            Some(format!("none can be made from {create} on, and none updated from {update} on"))
        }
    }
}

/// What to say of a runtime that is not in the table.
pub(crate) fn not_known(runtime: &str) -> String {
    let Dated { source, read_on, .. } = LIVES;
    format!(
        "when AWS deprecates {runtime} is not known here: AWS's list of {read_on} has it not; {source} has today's"
    )
}

/// What to warn of before a function gets this runtime.
pub(crate) fn warning(runtime: &str) -> Option<String> {
    if !is_known(runtime) {
        return Some(not_known(runtime));
    }
    let day = deprecation(runtime, today(), 0)?;
    let blocks = blocks(runtime).map(|blocks| format!("; of such functions {blocks}")).unwrap_or_default();
    Some(format!("AWS deprecated {runtime} on {day}{blocks}"))
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
        assert_eq!(deprecation("python3.10", "2026-11-30".parse().unwrap(), 0), Some("2026-10-31"));
    }

    #[test]
    fn every_runtime_that_the_sdk_knows_is_in_the_table() {
        let unknown: Vec<&str> =
            aws_sdk_lambda::types::Runtime::values().iter().copied().filter(|name| !is_known(name)).collect();
        assert_eq!(unknown, [""; 0]);
        assert!(!is_known("python4.0") && is_known("image"));
        let unknown = warning("python4.0").unwrap();
        assert!(
            unknown.starts_with("when AWS deprecates python4.0 is not known here: AWS's list of 20"),
            "{unknown}"
        );
        assert!(warning("python3.8").unwrap().contains("none can be made from 2027-02-01 on"));
    }

    #[test]
    fn the_table_is_young_enough_to_be_believed() {
        assert_eq!(LIVES.stale(), None);
    }

    #[test]
    fn every_day_can_be_read_and_no_runtime_stands_twice() {
        for (runtime, end, create, update) in LIVES.rows {
            assert!(
                [end, create, update].iter().all(|day| day.is_empty() || day.parse::<Date>().is_ok()),
                "{runtime}"
            );
            assert_eq!(LIVES.rows.iter().filter(|(name, ..)| name == runtime).count(), 1, "{runtime}");
        }
    }
}
