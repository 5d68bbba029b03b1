//! Which objects are meant: by name, by size.

use std::borrow::Cow;

use globset::{GlobBuilder, GlobMatcher};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// A size in bytes, given as a number or as people write it: `10MB`, `1.5 GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Size(pub(crate) u64);

impl Size {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a size; good ones are 1048576, 10MB, 1.5GiB");
        let text = text.trim();
        let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1000,
            "mb" => 1000_u64.pow(2),
            "gb" => 1000_u64.pow(3),
            "tb" => 1000_u64.pow(4),
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            "t" | "tib" => 1 << 40,
            _ => return Err(wrong()),
        };
        if let Ok(whole) = number.parse::<u64>() {
            return whole.checked_mul(factor).map(Size).ok_or_else(wrong);
        }
        let part: f64 = number.parse().map_err(|_| wrong())?;
        let bytes = part * factor as f64;
        if bytes.is_finite() && bytes < u64::MAX as f64 {
            Ok(Size(bytes.round() as u64))
        } else {
            Err(wrong())
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Text(String),
        }
        let wrong = "a size is a whole number of bytes or a text such as 10MB or 1.5GiB";
        match Written::deserialize(deserializer).map_err(|_| de::Error::custom(wrong))? {
            Written::Number(bytes) => Ok(Size(bytes)),
            Written::Text(text) => Size::parse(&text).map_err(de::Error::custom),
        }
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"]})
    }
}

/// A glob over keys. Without `/` it fits the last part of a key; with one, the whole key, or what of it follows a prefix;
/// `**` is any depth.
#[derive(Clone, Debug)]
pub(crate) struct KeyGlob {
    matcher: GlobMatcher,
    whole: bool,
}

impl KeyGlob {
    fn parse(text: &str) -> Result<Self, String> {
        let glob = GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
        match glob {
            Ok(glob) if !text.is_empty() => {
                Ok(KeyGlob { matcher: glob.compile_matcher(), whole: text.contains('/') })
            }
            Ok(_) => Err("an empty glob fits nothing; good ones are *.csv and logs/**/*.{gz,zst}".to_owned()),
            Err(error) => Err(format!(
                "{text:?} is not a glob: {}; good ones are *.csv and logs/**/*.{{gz,zst}}",
                error.kind()
            )),
        }
    }

    pub(crate) fn fits(&self, key: &str) -> bool {
        let part = if self.whole { key } else { key.rsplit('/').next().unwrap_or(key) };
        self.matcher.is_match(part)
    }

    /// The same below a prefix: a glob with `/` may be of the whole key or of what follows the prefix.
    pub(crate) fn fits_below(&self, prefix: &str, key: &str) -> bool {
        let below = || key.strip_prefix(prefix).is_some_and(|rest| self.matcher.is_match(rest));
        self.fits(key) || (self.whole && below())
    }

    /// What every key below a prefix starts with that fits: only those need to be listed.
    pub(crate) fn start_below(&self, prefix: &str) -> String {
        let whole = self.start();
        let below = format!("{prefix}{whole}");
        if prefix.starts_with(whole) {
            return prefix.to_owned();
        }
        if !whole.starts_with(prefix) {
            // As a whole key it fits nothing that starts with the prefix.
            return below;
        }
        // It may be meant either way: `data/*` below `data/` is of data/ and of data/data/.
        let common = whole.char_indices().zip(below.chars()).find(|((_, one), other)| one != other);
        common
            .map_or_else(|| whole.to_owned(), |((end, _), _)| whole.get(..end).unwrap_or_default().to_owned())
    }

    /// What every whole key that fits starts with.
    fn start(&self) -> &str {
        let text = self.matcher.glob().glob();
        if !self.whole {
            return "";
        }
        let end = text.find(['*', '?', '[', '{', '\\', '!']).unwrap_or(text.len());
        text.get(..end).unwrap_or_default()
    }
}

awsmcp_mcp::plain_string!(KeyGlob);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let read = |text| Size::parse(text).map(|size| size.0);
        assert_eq!(read("0"), Ok(0));
        assert_eq!(read("1048576"), Ok(1_048_576));
        assert_eq!(read("10MB"), Ok(10_000_000));
        assert_eq!(read("10 MiB"), Ok(10_485_760));
        assert_eq!(read("1.5GiB"), Ok(1_610_612_736));
        assert_eq!(read("9007199254740993"), Ok(9_007_199_254_740_993));
        for wrong in ["", "MB", "-1", "1.2.3", "10 parsecs", "99999999999999TB", "1e400"] {
            assert!(read(wrong).unwrap_err().contains("10MB"), "{wrong}");
        }
        assert_eq!(serde_json::from_str::<Size>("5").unwrap().0, 5);
        assert_eq!(serde_json::from_str::<Size>("\"5k\"").unwrap().0, 5120);
        assert!(serde_json::from_str::<Size>("-5").unwrap_err().to_string().contains("10MB"));
    }

    #[test]
    fn a_glob_without_a_slash_fits_names() {
        let fits = |glob: &str, key: &str| KeyGlob::parse(glob).unwrap().fits(key);
        assert!(fits("*.csv", "a.csv"));
        assert!(fits("*.csv", "deep/down/a.csv"));
        assert!(!fits("*.csv", "a.csv.gz"));
        assert!(fits("logs/*.gz", "logs/a.gz"));
        assert!(!fits("logs/*.gz", "logs/x/a.gz"));
        assert!(fits("logs/**/*.gz", "logs/x/y/a.gz"));
        assert!(fits("logs/**/*.gz", "logs/a.gz"));
        assert!(fits("*.{gz,zst}", "x/a.zst"));
        let below = |glob: &str, key: &str| KeyGlob::parse(glob).unwrap().fits_below("train/", key);
        assert!(below("img/*", "train/img/1.bin") && below("train/img/*", "train/img/1.bin"));
        assert!(!below("img/*", "train/img/deep/1.bin") && !below("img/*", "test/img/1.bin"));
        assert!(KeyGlob::parse("a[").unwrap_err().contains("*.csv"));
        assert!(KeyGlob::parse("").is_err());
    }

    #[test]
    fn what_a_glob_below_a_prefix_may_mean_is_listed_either_way() {
        let start = |glob: &str, prefix: &str| KeyGlob::parse(glob).unwrap().start_below(prefix);
        assert_eq!(start("logs/2026/*.gz", ""), "logs/2026/");
        assert_eq!(start("logs/2026/*.gz", "logs/"), "logs/");
        assert_eq!(start("data/*.csv", "data/"), "data/");
        assert_eq!(start("data/*.csv", "da"), "da");
        assert_eq!(start("img/*", "train/"), "train/img/");
        assert_eq!(start("*.gz", "logs/"), "logs/");
        assert_eq!(start("**/x", "logs/"), "logs/");
        assert_eq!(start("aa/b*", "a"), "aa");
    }

    #[test]
    fn only_what_a_glob_can_fit_is_listed() {
        let start = |glob: &str| KeyGlob::parse(glob).unwrap().start().to_owned();
        assert_eq!(start("logs/2026/*.gz"), "logs/2026/");
        assert_eq!(start("logs/app-?/x"), "logs/app-");
        assert_eq!(start("*.gz"), "");
        assert_eq!(start("app*"), "");
    }
}
