//! What changes make of an item, as far as that can be reckoned without DynamoDB.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::value::{self, Attributes};

/// The map that the last of these names lies in, and that name; none where there is no such map.
pub(crate) fn place<'a, 'n>(
    item: &'a mut Attributes,
    names: &[&'n str],
) -> Option<(&'a mut Attributes, &'n str)> {
    let (last, parents) = names.split_last()?;
    let mut map = item;
    for name in parents {
        match map.get_mut(*name)? {
            AttributeValue::M(inner) => map = inner,
            _ => return None,
        }
    }
    Some((map, last))
}

/// What counting with, or joining to, makes of what is there.
pub(crate) fn added(now: Option<&AttributeValue>, more: &AttributeValue) -> Option<AttributeValue> {
    use AttributeValue::{N, Null};
    match (now, more) {
        (None | Some(Null(_)), more) => Some(more.clone()),
        (Some(N(now)), N(more)) => value::sum(now, more).map(N),
        (Some(now), more) => {
            let (mut all, more) = (elements(now)?, elements(more)?);
            for element in more {
                if !all.iter().any(|other| value::equal(other, &element)) {
                    all.push(element);
                }
            }
            set_of(now, all)
        }
    }
}

/// What taking elements out makes of a set: nothing where none is left.
pub(crate) fn without(now: &AttributeValue, less: &AttributeValue) -> Option<Option<AttributeValue>> {
    let (mut all, less) = (elements(now)?, elements(less)?);
    all.retain(|element| !less.iter().any(|other| value::equal(other, element)));
    if all.is_empty() { Some(None) } else { set_of(now, all).map(Some) }
}

fn elements(set: &AttributeValue) -> Option<Vec<AttributeValue>> {
    use AttributeValue::{B, Bs, N, Ns, S, Ss};
    Some(match set {
        Ss(texts) => texts.iter().cloned().map(S).collect(),
        Ns(numbers) => numbers.iter().cloned().map(N).collect(),
        Bs(blobs) => blobs.iter().cloned().map(B).collect(),
        _ => return None,
    })
}

/// A set like this one, of these elements.
fn set_of(like: &AttributeValue, elements: Vec<AttributeValue>) -> Option<AttributeValue> {
    use AttributeValue::{B, Bs, N, Ns, S, Ss};
    let (mut texts, mut numbers, mut blobs) = (Vec::new(), Vec::new(), Vec::new());
    for element in elements {
        match element {
            S(text) => texts.push(text),
            N(number) => numbers.push(number),
            B(blob) => blobs.push(blob),
            _ => return None,
        }
    }
    match like {
        Ss(_) if numbers.is_empty() && blobs.is_empty() => Some(Ss(texts)),
        Ns(_) if texts.is_empty() && blobs.is_empty() => Some(Ns(numbers)),
        Bs(_) if texts.is_empty() && numbers.is_empty() => Some(Bs(blobs)),
        _ => None,
    }
}
