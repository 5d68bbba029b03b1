//! Settings of one server: what only its own tools can make something of.

/// A setting that a server has besides those of every server. Under its name it is a flag (`--max-scan`), an
/// environment variable (`AWSMCP_MAX_SCAN`) and a key of the configuration file (`max-scan`).
///
/// A service lists its own in `Service::EXTRAS`; a tool reads one with `cx.extra("max-scan")`. In a file it may be a
/// list, whose items are joined by commas.
#[derive(Clone, Copy, Debug)]
pub struct Extra {
    /// The flag's name without `--`: lower-case words joined by hyphens.
    pub name: &'static str,
    /// What it takes, in one capital word: `SIZE`.
    pub value: &'static str,
    /// What it does, in a sentence; the default is added.
    pub help: &'static str,
    /// What holds where the operator sets nothing.
    pub default: Option<&'static str>,
    /// Says what is wrong with a value and shows a good one: the server does not start with a wrong one.
    pub check: fn(&str) -> Result<(), String>,
}

impl Extra {
    /// The name of its environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("AWSMCP_{}", self.name.to_uppercase().replace('-', "_"))
    }

    /// What it does, with its default.
    #[must_use]
    pub fn about(&self) -> String {
        match self.default {
            Some(default) => format!("{} [default: {default}].", self.help.trim_end_matches('.')),
            None => self.help.to_owned(),
        }
    }
}
