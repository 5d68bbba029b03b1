//! What the operations of a service are called, do and may do: enough to search among all of them.

use std::io::Read as _;

use awsmcp_spec::Risk;
use flate2::read::GzDecoder;

use crate::unreadable::Unreadable;

/// A line of the IAM prefixes that its actions have, then the operations of a service, a line each: its name, its risk,
/// `deprecated` or nothing, and what it does.
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
        let mut text = String::new();
        let read = GzDecoder::new(compressed).read_to_string(&mut text);
        read.map_err(|error| Unreadable::new(name, error))?;
        match text.lines().skip(1).find(|line| row(line).is_none()) {
            Some(line) => Err(Unreadable::new(name, format!("{line:?} is no operation"))),
            None => Ok(Index(text)),
        }
    }

    /// Its operations, sorted by name.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.0.lines().skip(1).filter_map(row)
    }

    /// The prefixes of the IAM actions that its operations take, such as `s3` and `s3-object-lambda`.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.0.lines().take(1).flat_map(str::split_whitespace)
    }
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut parts = line.splitn(4, '\t');
    let (operation, risk, deprecated, about) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Row { operation, risk: risk.parse().ok()?, deprecated: deprecated == "deprecated", about })
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::services::ALL;

    #[test]
    fn a_model_says_what_its_index_says() {
        for service in ALL {
            let model = service.model().expect("it is read");
            let index = service.index().expect("it is read");
            for (row, (name, operation)) in index.rows().zip(&model.operations) {
                let Row { operation: own, risk, deprecated, about } = row;
                let said = (own, risk, deprecated, about);
                let wanted = (name.as_str(), operation.risk, operation.deprecated, operation.about.as_str());
                assert_eq!(said, wanted, "{}", service.name);
                for need in &operation.needs {
                    let prefix = need.action.split(':').next().expect("it has a first part");
                    assert!(prefix == "*" || index.prefixes().any(|it| it == prefix), "{}", need.action);
                }
            }
        }
    }

    #[test]
    fn all_indexes_are_read_at_once() {
        let begin = Instant::now();
        let count: usize =
            ALL.iter().map(|service| service.index().expect("it is read").rows().count()).sum();
        assert!(count > 19_000, "{count}");
        println!("{count} operations in {:?}", begin.elapsed());
    }

    #[test]
    fn a_line_that_is_no_operation_is_an_error() {
        let packed = |text: &str| {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut out, text.as_bytes()).expect("it is written");
            out.finish().expect("it is written")
        };
        assert!(Index::read("x", &packed("x\nGet\tread\t\tReads.\n")).is_ok());
        for wrong in ["x\nGet\n", "x\nGet\tlook\t\tReads.\n", "\nGet\tread\t\n"] {
            assert!(Index::read("x", &packed(wrong)).is_err(), "{wrong:?}");
        }
        assert!(Index::read("x", b"no gzip").is_err());
    }
}
