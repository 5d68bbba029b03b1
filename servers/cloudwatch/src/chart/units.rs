//! Units as axes show them: so that few digits show the size of what is drawn.

/// From which size on, what to divide by, and what it is called then.
type Steps = [(f64, f64, &'static str)];

const BYTES: &Steps = &[
    (0.0, 1.0, "bytes"),
    (1024.0, 1024.0, "KiB"),
    (1_048_576.0, 1_048_576.0, "MiB"),
    (1_073_741_824.0, 1_073_741_824.0, "GiB"),
    (1_099_511_627_776.0, 1_099_511_627_776.0, "TiB"),
    (1_125_899_906_842_624.0, 1_125_899_906_842_624.0, "PiB"),
];
const NUMBERS: &Steps = &[
    (0.0, 1.0, ""),
    (1e4, 1e3, "thousand "),
    (1e7, 1e6, "million "),
    (1e10, 1e9, "billion "),
    (1e13, 1e12, "trillion "),
];

/// The units of time, each with how many of it a second has.
const TIMES: [(f64, &str); 4] =
    [(1e9, "nanoseconds"), (1e6, "microseconds"), (1e3, "milliseconds"), (1.0, "seconds")];

/// What to divide values by so that few digits show their size, and the unit that this makes.
pub(super) fn scaled(unit: Option<&str>, largest: f64) -> (f64, String) {
    match unit {
        Some("Bytes") => pick(BYTES, largest, ""),
        Some("Bytes/Second") => pick(BYTES, largest, "/s"),
        Some("Milliseconds") => time(2, largest),
        Some("Microseconds") => time(1, largest),
        Some("Seconds") => time(3, largest),
        unit => pick(NUMBERS, largest, &unit.unwrap_or("value").to_lowercase()),
    }
}

fn pick(steps: &Steps, largest: f64, behind: &str) -> (f64, String) {
    let step = steps.iter().rev().find(|(from, ..)| largest >= *from);
    let (_, scale, name) = step.copied().unwrap_or((0.0, 1.0, ""));
    (scale, format!("{name}{behind}"))
}

/// Times stay in their own unit, which is the one at `own`, while the largest has one to four digits before its point. Smaller
/// ones go down to where it has one, larger ones up.
fn time(own: usize, largest: f64) -> (f64, String) {
    let in_a_second = TIMES.get(own).map_or(1.0, |(each, _)| *each);
    let in_unit = |each: f64| largest * (each / in_a_second);
    let found = if largest >= 1.0 {
        TIMES.iter().skip(own).find(|(each, _)| in_unit(*each) < 1e4).or(TIMES.last())
    } else if largest > 0.0 {
        TIMES.iter().take(own + 1).rev().find(|(each, _)| in_unit(*each) >= 1.0).or(TIMES.first())
    } else {
        TIMES.get(own)
    };
    let (each, name) = found.copied().unwrap_or((1.0, "seconds"));
    // There are no longer units than seconds: of many of them the thousands are counted.
    let (scale, name) =
        if name == "seconds" { pick(NUMBERS, in_unit(each), name) } else { (1.0, name.to_owned()) };
    (in_a_second / each * scale, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_the_unit_that_takes_few_digits() {
        for (unit, largest, shown) in [
            ("Seconds", 0.0, (1.0, "seconds")),
            ("Seconds", 2.5, (1.0, "seconds")),
            ("Seconds", 0.25, (1e-3, "milliseconds")),
            ("Seconds", 1e-6, (1e-6, "microseconds")),
            ("Seconds", 9.9e-7, (1e-9, "nanoseconds")),
            ("Seconds", 3e-12, (1e-9, "nanoseconds")),
            ("Seconds", 2e4, (1e3, "thousand seconds")),
            ("Milliseconds", 5.0, (1.0, "milliseconds")),
            ("Milliseconds", 9_999.0, (1.0, "milliseconds")),
            ("Milliseconds", 0.5, (1e-3, "microseconds")),
            ("Milliseconds", 0.000_4, (1e-6, "nanoseconds")),
            ("Milliseconds", 15_000.0, (1e3, "seconds")),
            ("Milliseconds", 2e8, (1e6, "thousand seconds")),
            ("Microseconds", 300.0, (1.0, "microseconds")),
            ("Microseconds", 2e4, (1e3, "milliseconds")),
            ("Microseconds", 5e7, (1e6, "seconds")),
            ("Microseconds", 0.02, (1e-3, "nanoseconds")),
        ] {
            let (scale, name) = scaled(Some(unit), largest);
            assert!(
                (scale / shown.0 - 1.0).abs() < 1e-9 && name == shown.1,
                "{largest} {unit}: {scale} {name}"
            );
        }
    }

    #[test]
    fn numbers_and_bytes_have_their_own_words() {
        assert_eq!(scaled(Some("Count"), 2e13), (1e12, "trillion count".to_owned()));
        assert_eq!(scaled(Some("Bytes/Second"), 3e15).1, "PiB/s");
        assert_eq!(scaled(None, 5.0), (1.0, "value".to_owned()));
    }
}
