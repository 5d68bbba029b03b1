//! Texts of flags as what they mean.

use std::{fmt::Display, str::FromStr};

use anyhow::{Result, anyhow};

/// What the texts of a flag mean.
///
/// # Errors
/// When one means nothing; it says so behind the flag's name.
pub(super) fn parsed<T: FromStr<Err: Display>>(flag: &str, given: &[String]) -> Result<Vec<T>> {
    given.iter().map(|it| it.parse().map_err(|why| anyhow!("{flag}: {why}"))).collect()
}
