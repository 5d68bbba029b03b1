//! The one way a helper fails a test.

/// Fails the test that called, with a message for its reader.
#[track_caller]
#[expect(clippy::panic, reason = "a test fails by panicking; the message names the test's own line")]
pub fn fail(message: impl std::fmt::Display) -> ! {
    panic!("{message}")
}

/// Shows more of what happened, where a test is failing already.
#[expect(clippy::print_stderr, reason = "cargo shows what a failed test printed")]
pub(crate) fn tell_if_failing(what: impl FnOnce() -> String) {
    if std::thread::panicking() {
        eprintln!("{}", what());
    }
}

/// The value, or the test's end.
pub(crate) trait OrFail<T> {
    /// Fails the test with `doing` and the error.
    fn or_fail(self, doing: impl std::fmt::Display) -> T;
}

impl<T, E: std::fmt::Display> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, doing: impl std::fmt::Display) -> T {
        match self {
            Ok(value) => value,
            Err(error) => fail(format!("{doing}: {error}")),
        }
    }
}
