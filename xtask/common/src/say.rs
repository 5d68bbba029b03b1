//! The one place that prints.

use std::fmt::Display;

/// An answer that was asked for.
#[expect(clippy::print_stdout, reason = "xtask speaks to a person or a pipe")]
pub fn answer(line: impl Display) {
    println!("{line}");
}

/// What is being done.
#[expect(clippy::print_stderr, reason = "xtask speaks to a person")]
pub fn progress(line: impl Display) {
    eprintln!("{line}");
}
