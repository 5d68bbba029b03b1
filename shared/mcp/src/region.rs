//! A region that is an argument.

use awsmcp_spec::ResourceRef;

use crate::{ResourceArgument, resource_string};

/// A region that a tool's own argument names, such as `eu-central-1`: the engine holds it to the allowed regions before
/// the tool runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// As AWS takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for Region {
    const IS_REGION: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split('-');
        let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        let ends = text.rsplit_once('-').is_some_and(|(_, last)| {
            !last.is_empty() && last.len() < 3 && last.bytes().all(|byte| byte.is_ascii_digit())
        });
        let count = parts.clone().count();
        if (3..=5).contains(&count)
            && ends
            && parts.all(|part| letters(part) || part.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Ok(Region(text.to_owned()));
        }
        Err(format!("{text:?} is not a region; a good one looks like eu-central-1"))
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}

resource_string!(Region);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_read_strictly() {
        for good in ["us-east-1", "eu-central-1", "us-gov-west-1", "us-iso-east-1", "ap-southeast-10"] {
            assert_eq!(Region::parse(good).unwrap().as_str(), good);
        }
        for wrong in
            ["", "us-east", "US-EAST-1", " us-east-1", "us-east-1 ", "us-east-1:1", "*", "us-*-1", "global"]
        {
            assert!(Region::parse(wrong).unwrap_err().contains("eu-central-1"), "{wrong}");
        }
    }
}
