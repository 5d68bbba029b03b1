//! The environment of this process. No other module reads it, so that what a variable changes is found in one place:
//! at the flag that names the variable, or at a caller of this module.

#![expect(clippy::disallowed_methods, reason = "this is the one module that reads the environment")]

use std::{
    env,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

/// The value of a variable; `None` if it is not set, or set to nothing.
pub(crate) fn variable(name: impl AsRef<OsStr>) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether a variable is there, but holds nothing.
pub(crate) fn is_set_to_nothing(name: impl AsRef<OsStr>) -> bool {
    env::var_os(name).is_some_and(|value| value.is_empty())
}

/// The path that a variable holds; one that is not absolute counts as none, as the XDG specification has it.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The home directory of whoever started this process.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}
