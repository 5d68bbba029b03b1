//! How large items are, as DynamoDB counts.

use aws_sdk_dynamodb::types::AttributeValue;
use awsmcp_mcp::{Error, Result, human_size, quoted};

use super::Attributes;

/// The most bytes that DynamoDB keeps in one item.
const LARGEST: u64 = 400 * 1024;

/// # Errors
/// When the item is too large for DynamoDB; names what takes the space.
pub(crate) fn fits(item: &Attributes) -> Result<()> {
    let size = item_size(item);
    if size <= LARGEST {
        return Ok(());
    }
    let largest = item.iter().max_by_key(|(_, value)| size_of(value));
    let largest =
        largest.map(|(name, value)| format!("; {} alone has {}", quoted(name), human_size(size_of(value))));
    Err(Error::invalid(format!(
        "the item has {}, and DynamoDB keeps at most 400 KiB{}",
        human_size(size),
        largest.unwrap_or_default()
    ))
    .with_next("split it, compress it, or keep the large part in S3 and its address in the item"))
}

/// What DynamoDB counts: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
pub(crate) fn item_size(item: &Attributes) -> u64 {
    item.iter().map(|(name, value)| name.len() as u64 + size_of(value)).sum()
}

fn size_of(value: &AttributeValue) -> u64 {
    let number = |text: &str| {
        let digits = text.split(['e', 'E']).next().unwrap_or_default();
        let digits = digits.chars().filter(char::is_ascii_digit).collect::<String>();
        digits.trim_matches('0').len().div_ceil(2) as u64 + 1
    };
    match value {
        AttributeValue::S(text) => text.len() as u64,
        AttributeValue::N(text) => number(text),
        AttributeValue::B(blob) => blob.as_ref().len() as u64,
        AttributeValue::Ss(texts) => texts.iter().map(|text| text.len() as u64).sum(),
        AttributeValue::Ns(texts) => texts.iter().map(|text| number(text)).sum(),
        AttributeValue::Bs(blobs) => blobs.iter().map(|blob| blob.as_ref().len() as u64).sum(),
        AttributeValue::L(items) => 3 + items.iter().map(|item| 1 + size_of(item)).sum::<u64>(),
        AttributeValue::M(fields) => 3 + fields.len() as u64 + item_size(fields),
        _ => 1,
    }
}
