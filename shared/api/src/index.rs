//! What the operations of a service are called, do and may do: enough to search among all of them.

use awsmcp_spec::Risk;

use crate::model::{Unreadable, unpacked};

/// The operations of a service, a line each: its name, its risk, `deprecated` or nothing, and what it does.
#[derive(Clone, Debug)]
pub struct Index(String);

/// One operation of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'i> {
    /// Such as `ReceiveMessage`.
    pub operation: &'i str,
    /// What a call may do.
    pub risk: Risk,
    /// Whether AWS advises against it.
    pub deprecated: bool,
    /// What it does, in a sentence of AWS's own.
    pub about: &'i str,
}

impl Index {
    /// Reads the compressed index of a service, and holds every line to its form.
    pub(crate) fn read(name: &str, compressed: &[u8]) -> Result<Index, Unreadable> {
        let text =
            String::from_utf8(unpacked(name, compressed)?).map_err(|error| Unreadable::new(name, error))?;
        match text.lines().find(|line| row(line).is_none()) {
            Some(line) => Err(Unreadable::new(name, format!("{line:?} is no operation"))),
            None => Ok(Index(text)),
        }
    }

    /// Its operations, sorted by name.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.0.lines().filter_map(row)
    }
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut parts = line.splitn(4, '\t');
    let (operation, risk, deprecated, about) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Row { operation, risk: risk.parse().ok()?, deprecated: deprecated == "deprecated", about })
}
