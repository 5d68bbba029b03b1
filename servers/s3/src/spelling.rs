//! What a key may have been meant to be where nothing lies at it: S3 compares bytes, and people see letters.

use std::collections::HashMap;

use aws_sdk_s3::Client;
use awsmcp_mcp::{Call, Error, Kind, Result, quoted};
use awsmcp_sdk::partition;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use crate::{S3, names::BucketName, versions};

/// Names what may have been meant where an error says that an object is missing; another error stays as it is.
pub(crate) async fn explained(
    error: Error,
    cx: &Call<S3>,
    client: &Client,
    bucket: &BucketName,
    key: &str,
) -> Error {
    let code = error.code.as_deref().unwrap_or_default();
    if error.kind != Kind::NotFound || matches!(code, "NoSuchBucket" | "NoSuchVersion") {
        return error;
    }
    match object(cx, client, bucket, key).await {
        Some(meant) => error.with_next(meant),
        None => error,
    }
}

/// The object that may have been meant, in a sentence, so far as one request for each spelling tells.
pub(crate) async fn object(cx: &Call<S3>, client: &Client, bucket: &BucketName, key: &str) -> Option<String> {
    if let Some(meant) = without_address(key) {
        return Some(meant);
    }
    for other in candidates(cx, bucket, key) {
        if client.head_object().bucket(bucket.as_str()).key(&other).send().await.is_ok() {
            return Some(sentence("a key", &other));
        }
    }
    None
}

/// The prefix that may have been meant where nothing starts with this one, in a sentence.
pub(crate) async fn prefix(
    cx: &Call<S3>,
    client: &Client,
    bucket: &BucketName,
    prefix: &str,
) -> Option<String> {
    if let Some(meant) = without_address(prefix) {
        return Some(meant);
    }
    for other in candidates(cx, bucket, prefix) {
        let list = client.list_objects_v2().bucket(bucket.as_str()).prefix(&other).max_keys(1).send().await;
        if list.is_ok_and(|list| !list.contents().is_empty()) {
            return Some(sentence("a prefix", &other));
        }
    }
    None
}

/// An object whose key looks the same as one that is new, in a sentence: a folder that people read has two alike then.
pub(crate) async fn beside(cx: &Call<S3>, bucket: &BucketName, key: &str) -> Option<String> {
    if key.starts_with("s3://") {
        return without_address(key).map(|meant| format!("this key is new, and begins with s3://: {meant}"));
    }
    for other in candidates(cx, bucket, key) {
        if cx.client().head_object().bucket(bucket.as_str()).key(&other).send().await.is_ok() {
            return Some(format!("this key is new, and {}", sentence("a key", &other)));
        }
    }
    None
}

/// Names of one side and of the other that look the same and are not, each pair once.
pub(crate) fn look_alikes<'a>(
    one: impl Iterator<Item = &'a String>,
    other: impl Iterator<Item = &'a String>,
) -> Vec<(&'a str, &'a str)> {
    let composed = |text: &str| ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned();
    let is_spelled = |text: &&String| !text.is_ascii();
    let known: HashMap<String, &str> =
        other.filter(is_spelled).map(|text| (composed(text), text.as_str())).collect();
    let pair = |text: &'a String| {
        known.get(&composed(text)).filter(|known| **known != text).map(|known| (text.as_str(), *known))
    };
    one.filter(is_spelled).filter_map(pair).collect()
}

/// The key with versions that may have been meant, in a sentence.
pub(crate) async fn history(cx: &Call<S3>, bucket: &BucketName, key: &str) -> Result<Option<String>> {
    if let Some(meant) = without_address(key) {
        return Ok(Some(meant));
    }
    for other in candidates(cx, bucket, key) {
        if !versions::of(cx, bucket, &other).await?.is_empty() {
            return Ok(Some(sentence("a key", &other)));
        }
    }
    Ok(None)
}

/// The other spellings of a key or a prefix that may be asked about: those that the operator allowed.
pub(crate) fn candidates(cx: &Call<S3>, bucket: &BucketName, key: &str) -> Vec<String> {
    let held = !cx.settings().allow_arns.is_empty();
    let allowed = |other: &String| {
        let arn = bucket.object_arn(partition(cx.region()), other);
        !held || arn.is_ok_and(|arn| cx.may_on("s3:GetObject", &arn).is_ok())
    };
    others(key).into_iter().filter(allowed).collect()
}

/// Says that there is something that looks the same as what was given: `what` is a key or a prefix.
pub(crate) fn sentence(what: &str, other: &str) -> String {
    format!(
        "{what} that looks the same is there, whose letters Unicode spells otherwise: \"{}\", where each <U+...> is that \
         one character, which JSON can escape",
        written_out(other)
    )
}

/// What a key or a prefix may have been meant to be that is an address, or that begins with a slash.
pub(crate) fn without_address(key: &str) -> Option<String> {
    let meant = match key.strip_prefix("s3://") {
        Some(address) => address.split_once('/').map(|(_, key)| key),
        None => key.strip_prefix('/'),
    };
    meant.filter(|meant| !meant.is_empty()).map(|meant| {
        format!(
            "a key has neither scheme nor bucket in it, and seldom a slash at its start: try key {}",
            quoted(meant)
        )
    })
}

/// The other spellings of a text: letters with their accents as one character, as most systems write them, or as several,
/// as a Mac does; each folder of a key as itself, since its parts may come from different systems.
fn others(text: &str) -> Vec<String> {
    /// Past so many folders that can be spelled in two ways, they are spelled alike.
    const APART: usize = 3;
    let composed = |text: &str| ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned();
    let decomposed = |text: &str| DecomposingNormalizerBorrowed::new_nfd().normalize(text).into_owned();
    if text.is_ascii() {
        return Vec::new();
    }
    let mut spelled = vec![composed(text), decomposed(text)];
    let parts: Vec<[String; 2]> = text.split('/').map(|part| [composed(part), decomposed(part)]).collect();
    if parts.iter().filter(|[one, other]| one != other).count() <= APART {
        let mut all = vec![String::new()];
        for (at, part) in parts.iter().enumerate() {
            let [one, other] = part;
            let forms = if one == other { vec![one] } else { vec![one, other] };
            let slash = if at == 0 { "" } else { "/" };
            let longer = |before: &String| {
                forms.iter().map(|form| format!("{before}{slash}{form}")).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        spelled.extend(all);
    }
    let mut others: Vec<String> = Vec::new();
    for other in spelled {
        // A key has at most so many bytes.
        if other != text && other.len() <= 1024 && !others.contains(&other) {
            others.push(other);
        }
    }
    others
}

/// The text with every character that could be read as another by its number. No backslashes: those of a text are doubled
/// on its way to a reader.
pub(crate) fn written_out(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            plain if plain.is_ascii() => out.push(plain),
            other => out.push_str(&format!("<U+{:04X}>", u32::from(other))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_that_is_an_address_is_told_from_one_that_is_missing() {
        assert!(without_address("s3://bucket/a/b.txt").unwrap().contains("try key \"a/b.txt\""));
        assert!(without_address("/a/b.txt").unwrap().contains("try key \"a/b.txt\""));
        for plain in ["a/b.txt", "/", "s3://bucket", "s3://bucket/"] {
            assert_eq!(without_address(plain), None, "{plain}");
        }
    }

    #[test]
    fn a_text_has_the_spellings_that_look_like_it() {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
        assert_eq!(others(composed), [decomposed]);
        assert_eq!(others(decomposed), [composed]);
        assert!(others("cafe").is_empty());
        assert!(others("\u{6587}\u{5b57}").is_empty(), "it is spelled in one way only");
        // Each folder may come from another system.
        let both = others(&format!("{composed}/x/{decomposed}"));
        assert_eq!(both.len(), 3);
        assert!(both.contains(&format!("{decomposed}/x/{composed}")));
        let many = [composed; 9].join("/");
        assert_eq!(others(&many), [[decomposed; 9].join("/")]);
        assert_eq!(written_out("e\u{301}/\u{1d11e}.txt"), "e<U+0301>/<U+1D11E>.txt");
    }

    #[test]
    fn names_that_look_the_same_are_found_whichever_side_spells_them_how() {
        let (composed, decomposed) = ("caf\u{e9}".to_owned(), "cafe\u{301}".to_owned());
        let (same, plain) = ("na\u{ef}ve".to_owned(), "plain".to_owned());
        let pairs = |one: &[&String], other: &[&String]| {
            look_alikes(one.iter().copied(), other.iter().copied()).len()
        };
        assert_eq!(pairs(&[&composed, &same, &plain], &[&decomposed, &same, &plain]), 1);
        assert_eq!(pairs(&[&decomposed], &[&composed]), 1);
        assert_eq!(pairs(&[&composed], &[&composed]), 0);
    }

    proptest! {
        #[test]
        fn no_text_makes_spelling_panic(text in any::<String>()) {
            let all = others(&text);
            prop_assert!(all.len() <= 9 && all.iter().all(|other| *other != text));
            prop_assert!(written_out(&text).is_ascii());
        }
    }
}
