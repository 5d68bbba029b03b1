//! Reading many items: page after page, until a page of ours is full or a budget is spent.

use std::sync::{Mutex, PoisonError};

use aws_sdk_dynamodb::types::ConsumedCapacity;
use awsmcp_mcp::{Error, Result, counted, thousands};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    capacity::Consumed,
    value::{self, Any, Attributes, Item},
};

/// What one call may read at most.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) items: u64,
    pub(crate) units: f64,
    spent: Mutex<Spent>,
}

/// What a call has read so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// Items that DynamoDB looked at, those that a filter left out too.
    pub(crate) scanned: u64,
    /// Items that fit.
    pub(crate) matched: u64,
    pub(crate) consumed: Consumed,
}

impl Budget {
    pub(crate) fn new(items: u64, units: f64) -> Budget {
        Budget { items, units, spent: Mutex::default() }
    }

    pub(crate) fn spent(&self) -> Spent {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, page: &AwsPage) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.scanned += page.scanned;
        spent.matched += page.count;
        spent.consumed.reads(page.capacity.clone());
    }

    pub(crate) fn is_over(&self) -> bool {
        let spent = self.spent();
        spent.scanned >= self.items || spent.consumed.read >= self.units
    }

    /// How many items it takes yet, by what those so far consumed.
    fn left(&self) -> u64 {
        let spent = self.spent();
        let items = self.items.saturating_sub(spent.scanned);
        if spent.consumed.read <= 0.0 {
            return items;
        }
        let affordable =
            (self.units - spent.consumed.read).max(0.0) * spent.scanned as f64 / spent.consumed.read;
        items.min(affordable.ceil() as u64)
    }
}

/// One page as AWS gives it.
#[derive(Debug, Default)]
pub(crate) struct AwsPage {
    pub(crate) items: Vec<Attributes>,
    pub(crate) count: u64,
    pub(crate) scanned: u64,
    pub(crate) last: Option<Attributes>,
    pub(crate) capacity: Option<ConsumedCapacity>,
}

/// Where reading goes on: behind a key, after some of what fits there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Spot {
    pub(crate) after: Option<Attributes>,
    pub(crate) skip: usize,
}

/// A spot as a cursor holds it.
#[derive(Deserialize, Serialize)]
pub(crate) struct Stored {
    #[serde(rename = "k", default, skip_serializing_if = "Map::is_empty")]
    key: Map<String, Value>,
    #[serde(rename = "s", default, skip_serializing_if = "is_zero")]
    skip: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Spot {
    pub(crate) fn store(self) -> Stored {
        let key = match self.after.map(|key| value::item(key, &[])) {
            Some(Value::Object(key)) => key,
            _ => Map::new(),
        };
        Stored { key, skip: self.skip }
    }

    pub(crate) fn restore(stored: Stored) -> Result<Spot> {
        let after = (!stored.key.is_empty()).then(|| Item(stored.key).attributes()).transpose()?;
        Ok(Spot { after, skip: stored.skip })
    }
}

/// A place as the cursor's text.
pub(crate) fn token<T: Serialize>(place: &T) -> Result<String> {
    serde_json::to_string(place).map_err(|error| Error::internal(error.to_string()))
}

/// The place that a cursor's text holds.
pub(crate) fn place<T: for<'a> Deserialize<'a>>(token: Option<&str>) -> Result<Option<T>> {
    token
        .map(|text| {
            serde_json::from_str(text).map_err(|_| Error::invalid("the cursor is damaged; pass it as it is"))
        })
        .transpose()
}

/// What is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Rows, or none where they are only counted.
    pub(crate) rows: Option<usize>,
    /// The most characters of all rows.
    pub(crate) chars: usize,
    /// Whether a filter leaves items out.
    pub(crate) filtered: bool,
}

/// Rows, and where it goes on.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) rows: Vec<Value>,
    pub(crate) next: Option<Spot>,
}

/// Reads from `spot` on, by `fetch(after, limit)`; the attributes `first` come first in each row.
///
/// # Errors
/// Those of `fetch`.
pub(crate) async fn read<F, R>(
    fetch: F,
    spot: Spot,
    wanted: Wanted,
    budget: &Budget,
    first: &[String],
) -> Result<Read>
where
    F: Fn(Option<Attributes>, Option<i32>) -> R,
    R: Future<Output = Result<AwsPage>>,
{
    // A first page says how large items are and how many fit.
    const FIRST: u64 = 100;
    let mut read = Read::default();
    let (mut spot, mut chars) = (spot, 0);
    let (mut seen, mut fit) = (0, 0);
    loop {
        if wanted.rows.is_some_and(|rows| read.rows.len() >= rows)
            || chars >= wanted.chars
            || budget.is_over()
        {
            read.next = Some(spot);
            return Ok(read);
        }
        let limit = wanted.rows.map(|rows| {
            let left = (rows - read.rows.len()) as u64;
            if !wanted.filtered {
                let room = match read.rows.len() as u64 {
                    0 => FIRST,
                    rows => ((wanted.chars - chars) as u64 * rows).div_ceil(chars.max(1) as u64),
                };
                return left.min(room.max(1));
            }
            match (seen, fit) {
                (0, _) => (left + spot.skip as u64).max(FIRST),
                // As many as will likely hold what is still wanted.
                (seen, fit) => (left * seen).div_ceil(fit.max(1)).max(FIRST),
            }
        });
        let limit = limit.map_or(budget.left(), |limit| limit.min(budget.left()));
        // Above this a page is full by its size.
        let limit = (limit < 100_000).then(|| i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
        let page = fetch(spot.after.clone(), limit).await?;
        budget.take(&page);
        seen += page.scanned;
        fit += page.count;
        let last = page.last;
        // A page may be shorter than the one that was left in its middle.
        let skip = spot.skip.saturating_sub(page.items.len());
        if let Some(rows) = wanted.rows {
            let behind = page.items.into_iter().skip(spot.skip);
            for (taken, attributes) in (spot.skip..).zip(behind) {
                if read.rows.len() >= rows {
                    // The same page again, behind what was taken of it.
                    read.next = Some(Spot { after: spot.after, skip: taken });
                    return Ok(read);
                }
                let row = value::item(attributes, first);
                chars += row.to_string().len();
                read.rows.push(row);
            }
        }
        match last {
            Some(key) => spot = Spot { after: Some(key), skip },
            None => return Ok(read),
        }
    }
}

/// A row of an answer: an item, or counts.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Item {
        item: Any,
    },
    Count {
        count: u64,
        /// Items read, those that a filter left out too.
        scanned: u64,
    },
}

impl Row {
    pub(crate) fn items(items: Vec<Value>) -> impl Iterator<Item = Row> {
        items.into_iter().map(|item| Row::Item { item: Any(item) })
    }
}

/// What was looked at and what it consumed.
pub(crate) fn looked(spent: &Spent, filtered: bool, ended: bool) -> String {
    let consumed = spent.consumed.words();
    let items = |count: u64| counted(count, "item");
    match (filtered, ended) {
        (false, _) => consumed,
        (true, true) => {
            format!(
                "looked at {} to the end, {} fit; {consumed}",
                items(spent.scanned),
                thousands(spent.matched)
            )
        }
        (true, false) => {
            format!("looked at {} so far, {} fit; {consumed}", items(spent.scanned), thousands(spent.matched))
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use futures::executor::block_on;
    use proptest::prelude::*;

    use super::*;

    fn key(number: usize) -> Attributes {
        Attributes::from([("n".to_owned(), AttributeValue::N(number.to_string()))])
    }

    /// A table of `total` items of which every `every`th fits, in pages of at most `page` items.
    fn table(
        total: usize,
        every: usize,
        page: usize,
    ) -> impl Fn(Option<Attributes>, Option<i32>) -> std::future::Ready<Result<AwsPage>> {
        move |after, limit| {
            let from = after.map_or(0, |key| key["n"].as_n().unwrap().parse::<usize>().unwrap() + 1);
            let to = (from + page.min(limit.map_or(page, |limit| limit as usize))).min(total);
            let items: Vec<Attributes> = (from..to).filter(|number| number % every == 0).map(key).collect();
            std::future::ready(Ok(AwsPage {
                count: items.len() as u64,
                scanned: (to - from) as u64,
                items,
                last: (to < total).then(|| key(to - 1)),
                capacity: Some(ConsumedCapacity::builder().capacity_units(1.0).build()),
            }))
        }
    }

    proptest! {
        #[test]
        fn following_the_pages_finds_every_item_once(
            total in 0usize..700, every in 1usize..40, page in 1usize..200, rows in 1usize..60, items in 1u64..500,
        ) {
            let mut found = Vec::new();
            let mut spot = Some(Spot::default());
            let mut rounds = 0;
            while let Some(from) = spot {
                // A cursor is text in between.
                let from = Spot::restore(serde_json::from_str(&token(&from.store()).unwrap()).unwrap()).unwrap();
                let budget = Budget::new(items, 1e9);
                let wanted = Wanted { rows: Some(rows), chars: 400, filtered: every > 1 };
                let read = block_on(read(table(total, every, page), from, wanted, &budget, &[])).unwrap();
                prop_assert!(read.rows.len() <= rows);
                found.extend(read.rows.iter().map(|row| row["n"].as_u64().unwrap() as usize));
                spot = read.next;
                rounds += 1;
                prop_assert!(rounds <= 3 * total + 3);
            }
            prop_assert_eq!(found, (0..total).filter(|number| number % every == 0).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_budget_ends_it_and_it_goes_on_from_there() {
        let budget = Budget::new(1000, 3.0);
        let wanted = Wanted { rows: None, chars: 0, filtered: false };
        let wanted = Wanted { chars: 1, ..wanted };
        let read = block_on(read(table(500, 1, 100), Spot::default(), wanted, &budget, &[])).unwrap();
        assert_eq!((budget.spent().scanned, budget.spent().matched), (300, 300));
        assert_eq!(read.next, Some(Spot { after: Some(key(299)), skip: 0 }));
        assert_eq!(
            looked(&budget.spent(), true, false),
            "looked at 300 items so far, 300 fit; consumed 3 read units"
        );
    }
}
