//! Looking at every object under a prefix, in order, so that it can be stopped and taken up again exactly.

use std::{
    borrow::Cow,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use aws_sdk_s3::types::{EncodingType, Object, OptionalObjectAttributes};
use awsmcp_mcp::{Call, Error, Result};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{S3, names::BucketName};

/// A name as it is, from one that S3 wrote for a URL: keys may hold characters that XML cannot.
pub(crate) fn decoded(name: String, encoding: Option<&EncodingType>) -> String {
    if encoding != Some(&EncodingType::Url) || !name.contains(['%', '+']) {
        return name;
    }
    let spaced = name.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned).unwrap_or(name)
}

/// A place in a list as the text of a page token.
pub(crate) fn token(place: &impl Serialize) -> Result<String> {
    serde_json::to_string(place).map_err(|error| Error::internal(error.to_string()))
}

/// The place that a page token names; the beginning where there is none.
pub(crate) fn place<T: DeserializeOwned + Default>(token: Option<String>) -> Result<T> {
    let Some(token) = token else { return Ok(T::default()) };
    serde_json::from_str(&token)
        .map_err(|_| Error::invalid("`cursor` is damaged; pass the text after `next:` as it is"))
}

/// Where a scan goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Behind this key. It holds whatever is written or deleted meanwhile.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// On AWS's page of this token: a directory bucket has no order, and so no behind.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(rename = "s", default, skip_serializing_if = "is_zero")]
    skip: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// All keys under a prefix.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    pub(crate) bucket: &'a BucketName,
    pub(crate) prefix: Option<&'a str>,
    /// The most keys to look at.
    pub(crate) most: u64,
}

/// How far a scan came.
#[derive(Debug)]
pub(crate) struct Scanned {
    /// How many keys were looked at.
    pub(crate) keys: u64,
    /// The last of them.
    pub(crate) last: Option<String>,
    /// Where it goes on, unless that was all.
    pub(crate) next: Option<Place>,
    /// Whether a bound ended it, rather than the visitor.
    pub(crate) bounded: bool,
}

impl Scan<'_> {
    /// Shows each object to `visit`, key decoded, until it breaks, or a bound of keys or time is reached.
    pub(crate) async fn run(
        &self,
        cx: &Call<S3>,
        place: Place,
        mut visit: impl FnMut(Object) -> ControlFlow<()>,
    ) -> Result<Scanned> {
        let ordered = !self.bucket.is_directory();
        let (started, time) = (Instant::now(), patience(cx));
        let Place { after, mut token, mut skip } = place;
        let mut done = Scanned { keys: 0, last: after, next: None, bounded: false };
        loop {
            let out = cx
                .client()
                .list_objects_v2()
                .bucket(self.bucket.as_str())
                .set_prefix(self.prefix.map(str::to_owned))
                .set_start_after(done.last.clone().filter(|_| ordered && token.is_none()))
                .set_continuation_token(token.clone())
                .encoding_type(EncodingType::Url)
                // Directory buckets archive nothing, and know no such thing.
                .set_optional_object_attributes(
                    (!self.bucket.is_directory()).then(|| vec![OptionalObjectAttributes::RestoreStatus]),
                )
                .send()
                .await?;
            let follows = out.next_continuation_token.filter(|token| !token.is_empty());
            let contents = out.contents.unwrap_or_default();
            let count = contents.len();
            for (at, mut object) in contents.into_iter().enumerate().skip(skip) {
                let key = decoded(object.key.take().unwrap_or_default(), out.encoding_type.as_ref());
                object.key = Some(key.clone());
                done.keys += 1;
                done.last = Some(key);
                if visit(object).is_break() {
                    let here = at + 1 < count;
                    done.next = match (ordered, here) {
                        (true, _) => (here || follows.is_some()).then(|| behind(&done)),
                        (false, true) => Some(Place { after: None, token, skip: at + 1 }),
                        (false, false) => {
                            follows.map(|token| Place { token: Some(token), ..Place::default() })
                        }
                    };
                    return Ok(done);
                }
            }
            skip = 0;
            let Some(follows) = follows else { return Ok(done) };
            cx.progress(done.keys, None, format!("{} keys looked at", done.keys));
            if done.keys >= self.most || started.elapsed() >= time {
                done.bounded = true;
                // Behind nothing is the beginning.
                done.next = Some(match ordered && done.last.is_some() {
                    true => behind(&done),
                    false => Place { token: Some(follows), ..Place::default() },
                });
                return Ok(done);
            }
            token = Some(follows);
        }
    }
}

fn behind(done: &Scanned) -> Place {
    Place { after: done.last.clone(), ..Place::default() }
}

/// How long to look before answering with what was found: well within the call's deadline.
pub(crate) fn patience(cx: &Call<S3>) -> Duration {
    cx.settings().timeout.mul_f64(0.6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_written_for_a_url_are_read_back() {
        let read = |name: &str| decoded(name.to_owned(), Some(&EncodingType::Url));
        assert_eq!(read("plain/key"), "plain/key");
        assert_eq!(read("a+b%2Bc%20d%01%C3%BC"), "a b+c d\u{1}ü");
        assert_eq!(read("100%"), "100%");
        assert_eq!(decoded("a+b".to_owned(), None), "a+b");
    }

    #[test]
    fn a_place_survives_its_token() {
        let here = Place { after: Some("a\u{1}\"b".into()), token: None, skip: 0 };
        assert_eq!(place::<Place>(Some(token(&here).unwrap())).unwrap(), here);
        assert_eq!(place::<Place>(None).unwrap(), Place::default());
        assert!(place::<Place>(Some("x".into())).unwrap_err().message.contains("next:"));
    }
}
