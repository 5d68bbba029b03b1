//! Words: quotations, sizes and numbers, near misses.

pub(crate) use crate::fence::neutral;

/// A value from outside, quoted and shortened for a sentence.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 80;
    let short: String = text.chars().take(LONGEST).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", neutral(&short))
}

/// A size for people, in binary units: `1.5 MiB`.
pub fn human_size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64;
    let mut unit = "B";
    for next in UNITS {
        size /= 1024.0;
        unit = next;
        if size < 1023.95 {
            break;
        }
    }
    format!("{size:.1} {unit}")
}

/// A number with its thousands apart: `1,203`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of them: `1 alarm`, `1,203 policies`.
pub fn counted(count: impl TryInto<u64>, noun: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let number = thousands(count);
    if count == 1 {
        return format!("{number} {noun}");
    }
    let vowel = |letter: char| "aeiou".contains(letter);
    match noun.strip_suffix('y').filter(|stem| !stem.ends_with(vowel)) {
        Some(stem) => format!("{number} {stem}ies"),
        None if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{number} {noun}es"),
        None => format!("{number} {noun}s"),
    }
}

/// The known word closest to `word`, if it is close enough to have been meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison takes time and memory by the product of both lengths.
    const LONGEST: usize = 100;
    if word.len() > LONGEST {
        return None;
    }
    known
        .into_iter()
        .map(|candidate| (likeness(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

/// 1 for the same word, 0 for nothing in common. Two letters swapped are one slip.
fn likeness(left: &str, right: &str) -> f64 {
    let slips = strsim::normalized_damerau_levenshtein(left, right);
    // A word that starts right is likely meant, however it ends.
    let start = strsim::jaro_winkler(left, right);
    if start > 0.85 { start } else { slips }
}

/// What a type is to serde and to the schema that a caller writes as a string, and that has a
/// `parse(&str) -> Result<Self, String>` which says what a good one looks like.
#[macro_export]
macro_rules! plain_string {
    ($($name:ident),*) => {$(
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                $name::parse(&text).map_err(::serde::de::Error::custom)
            }
        }

        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                ::schemars::json_schema!({"type": "string"})
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_agree_with_their_numbers() {
        for (count, noun, words) in [
            (0_u64, "alarm", "0 alarms"),
            (1, "policy", "1 policy"),
            (2, "policy", "2 policies"),
            (2, "key", "2 keys"),
            (2, "alias", "2 aliases"),
            (2, "branch", "2 branches"),
            (1203, "index", "1,203 indexes"),
        ] {
            assert_eq!(counted(count, noun), words);
        }
        assert_eq!(counted(3_usize, "row"), "3 rows");
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(human_size(0), "0 B");
        assert_eq!(human_size(1023), "1023 B");
        assert_eq!(human_size(1536), "1.5 KiB");
        assert_eq!(human_size(1024 * 1024 - 1), "1.0 MiB");
        assert_eq!(human_size(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn the_nearest_word_is_found() {
        assert_eq!(nearest("buket", ["bucket", "key", "prefix"]), Some("bucket"));
        assert_eq!(nearest("kye", ["bucket", "key"]), Some("key"));
        assert_eq!(nearest("list_objcts", ["list_objects", "list_buckets"]), Some("list_objects"));
        assert_eq!(nearest("zzz", ["bucket", "key"]), None);
        assert_eq!(nearest(&"bucket".repeat(1_000_000), ["bucket"]), None);
    }
}
