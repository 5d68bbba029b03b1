//! The names of tools and prompts, where a server is alone and where it is one of several.

/// The longest name of a tool that hosts take.
pub(crate) const LONGEST_NAME: usize = 64;

/// The name of a server's tool or prompt where it is one of several.
pub fn prefixed(id: &str, name: &str) -> String {
    format!("{id}_{name}")
}

/// The name that a server itself knows, if this is of a tool or prompt of its own.
pub fn unprefixed<'a>(id: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(id)?.strip_prefix('_')
}
