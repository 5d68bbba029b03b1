//! Cursors: where a list goes on, bound to the question they belong to.
//!
//! A cursor is text: `base64url(version, digests, JSON)`. It holds no secret and grants nothing: AWS sees the
//! token inside only together with the arguments of the call, which are checked like any others. The digests
//! catch a cursor that was mixed up with another question.

use awsmcp_sdk::Target;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use rmcp::model::JsonObject;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

const VERSION: u8 = 1;

/// Where a list goes on, in each region it was asked in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Rows of a page. A position inside a page means the same rows only at the same size.
    #[serde(rename = "l")]
    pub(crate) limit: u32,
    /// The places, in the order of the call's targets; `None` where a region has no more.
    #[serde(rename = "p")]
    pub(crate) places: Vec<Option<Place>>,
}

/// A place in one region's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// AWS's token of the page.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// Rows of that page already shown.
    #[serde(rename = "s", default, skip_serializing_if = "is_zero")]
    pub(crate) skip: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The question a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    tool: [u8; 2],
    arguments: [u8; 4],
    session: [u8; 4],
}

impl Binding {
    pub(crate) fn new(
        tool: &str,
        arguments: &JsonObject,
        targets: &[Target],
        principal: Option<&str>,
    ) -> Self {
        let session = format!("{targets:?}{principal:?}");
        Binding {
            tool: digest(tool.as_bytes()),
            arguments: digest(canonical(&Value::Object(arguments.clone())).as_bytes()),
            session: digest(session.as_bytes()),
        }
    }
}

fn digest<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut short = [0; N];
    short.iter_mut().zip(Sha256::digest(bytes)).for_each(|(to, from)| *to = from);
    short
}

/// JSON with sorted keys, so that the order in which a client writes its arguments does not matter.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut fields: Vec<_> = object.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| format!("{name:?}:{}", canonical(value))).collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}

impl Cursor {
    pub(crate) fn seal(&self, binding: &Binding) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(binding.tool);
        bytes.extend(binding.arguments);
        bytes.extend(binding.session);
        // A struct of numbers and strings always serializes.
        bytes.extend(serde_json::to_vec(self).unwrap_or_default());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// # Errors
    /// Says which part of the question is another than when the cursor was given.
    pub(crate) fn open(text: &str, binding: &Binding, bounds: Bounds) -> Result<Cursor> {
        let wrong = |what: &str| {
            Error::invalid(format!("`cursor` {what}")).with_next(
                "repeat the call that gave it with the same arguments, or leave `cursor` out to start anew",
            )
        };
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text.trim())
            .map_err(|_| wrong("is not one of this server's; pass the text after `next:` as it is"))?;
        let Some((&[version, t0, t1, a0, a1, a2, a3, s0, s1, s2, s3], json)) = bytes.split_first_chunk()
        else {
            return Err(wrong("is too short; pass the text after `next:` as it is"));
        };
        if version != VERSION {
            return Err(wrong("was made by another version of this server"));
        }
        if [t0, t1] != binding.tool {
            return Err(wrong("belongs to another tool"));
        }
        if [a0, a1, a2, a3] != binding.arguments {
            return Err(wrong("belongs to a call with other arguments"));
        }
        if [s0, s1, s2, s3] != binding.session {
            return Err(wrong("belongs to another profile, region or account"));
        }
        let damaged = || wrong("is damaged; pass the text after `next:` as it is");
        let cursor: Cursor = serde_json::from_slice(json).map_err(|_| damaged())?;
        cursor.within(bounds).ok_or_else(damaged)
    }

    /// The cursor, if the server could have given it: whoever writes one by hand gets no more than arguments give.
    fn within(self, bounds: Bounds) -> Option<Cursor> {
        let is_one = self.places.len() == bounds.places
            && self.places.iter().any(Option::is_some)
            && self.places.iter().flatten().all(|place| place.skip <= MOST_SKIPPED);
        is_one.then(|| Cursor { limit: self.limit.clamp(bounds.limit.0, bounds.limit.1), ..self })
    }
}

/// What a call gives a cursor to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// The fewest and the most rows of a page.
    pub(crate) limit: (u32, u32),
    /// In how many regions it asks.
    pub(crate) places: usize,
}

/// The most rows of one page that can have been shown: far more than any page has.
const MOST_SKIPPED: usize = 1_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const BOUNDS: Bounds = Bounds { limit: (1, 1000), places: 1 };

    fn target(region: &str, profile: Option<&str>) -> Target {
        Target {
            profile: profile.map(str::to_owned),
            role: None,
            principal: None,
            region: region.to_owned(),
            endpoint: None,
        }
    }

    fn arguments(value: Value) -> JsonObject {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_cursor_only_opens_for_its_own_question() {
        let here = [target("us-east-1", None)];
        let binding = Binding::new("list", &arguments(json!({"a": 1, "b": {"x": 1, "y": 2}})), &here, None);
        let cursor = Cursor { limit: 10, places: vec![Some(Place { token: Some("t".into()), skip: 3 })] };
        let text = cursor.seal(&binding);
        let same = Binding::new("list", &arguments(json!({"b": {"y": 2, "x": 1}, "a": 1})), &here, None);
        assert_eq!(Cursor::open(&text, &same, BOUNDS).unwrap(), cursor);
        let refused = |binding: Binding| Cursor::open(&text, &binding, BOUNDS).unwrap_err().message.clone();
        let plain = arguments(json!({"a": 1, "b": {"x": 1, "y": 2}}));
        assert!(refused(Binding::new("other", &plain, &here, None)).contains("another tool"));
        assert!(
            refused(Binding::new("list", &arguments(json!({"a": 2})), &here, None))
                .contains("other arguments")
        );
        let there = [target("eu-west-1", None)];
        assert!(refused(Binding::new("list", &plain, &there, None)).contains("another profile, region"));
        let them = [target("us-east-1", Some("b"))];
        assert!(refused(Binding::new("list", &plain, &them, None)).contains("another profile"));
        assert!(refused(Binding::new("list", &plain, &here, Some("eve"))).contains("another profile"));
    }

    proptest! {
        #[test]
        fn no_text_makes_opening_panic(text in ".*") {
            let binding = Binding::new("list", &JsonObject::new(), &[], None);
            let _ = Cursor::open(&text, &binding, BOUNDS);
        }

        /// A cursor holds no seal: whatever is written into one, it asks for no more than a call's arguments can.
        #[test]
        fn a_forged_cursor_asks_for_no_more_than_arguments_do(
            limit in any::<u32>(),
            skips in proptest::collection::vec(proptest::option::of(any::<usize>()), 0..4),
            most in 1u32..1000,
            places in 1usize..3,
        ) {
            let binding = Binding::new("list", &JsonObject::new(), &[], None);
            let place = |skip: Option<usize>| skip.map(|skip| Place { token: None, skip });
            let forged = Cursor { limit, places: skips.into_iter().map(place).collect() };
            let bounds = Bounds { limit: (1, most), places };
            if let Ok(cursor) = Cursor::open(&forged.seal(&binding), &binding, bounds) {
                prop_assert!((1..=most).contains(&cursor.limit));
                prop_assert_eq!(cursor.places.len(), places);
                prop_assert!(cursor.places.iter().flatten().all(|place| place.skip <= MOST_SKIPPED));
            } else {
                prop_assert!(forged.within(bounds).is_none());
            }
        }

        #[test]
        fn what_is_sealed_opens(limit in 1u32..1000, token in proptest::option::of(".*"), skip in 0usize..5000) {
            let binding = Binding::new("list", &JsonObject::new(), &[], None);
            let cursor = Cursor { limit, places: vec![None, Some(Place { token, skip })] };
            let bounds = Bounds { places: 2, ..BOUNDS };
            prop_assert_eq!(Cursor::open(&cursor.seal(&binding), &binding, bounds).unwrap(), cursor);
        }
    }
}
