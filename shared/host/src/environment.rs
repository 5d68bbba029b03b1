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

/// A variable of this process whose name is a known one but for upper and lower case: who set it meant that one, and it
/// would be passed over. To Windows both are the same name.
pub(crate) fn in_other_case(known: impl Fn(&str) -> bool) -> Option<String> {
    let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    if cfg!(windows) { None } else { other_case(names, known) }
}

fn other_case(mut names: impl Iterator<Item = String>, known: impl Fn(&str) -> bool) -> Option<String> {
    // Nearly all names are of capitals, and need no look at what is known.
    names.find(|name| {
        name.bytes().any(|byte| byte.is_ascii_lowercase())
            && !known(name)
            && known(&name.to_ascii_uppercase())
    })
}

/// The path that a variable holds; one that is not absolute counts as none, as the XDG specification has it.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// The home directory of whoever started this process.
pub(crate) fn home() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_in_other_letters_is_found() {
        let known = |name: &str| name == "AWSMCP_ALLOW_ARN" || name == "AWSMCP_FIPS";
        let found = |names: &[&str]| other_case(names.iter().map(|name| (*name).to_owned()), known);
        for odd in ["awsmcp_allow_arn", "AwsMcp_Allow_Arn", "AWSMCP_fips"] {
            assert_eq!(found(&["PATH", "AWSMCP_FIPS", odd]).as_deref(), Some(odd));
        }
        assert_eq!(found(&["AWSMCP_ALLOW_ARN", "awsmcp_allow_arns", "fips", "", "AWSMCP"]), None);
    }
}
