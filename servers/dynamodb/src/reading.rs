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

    fn take<M>(&self, page: &AwsPage<M>) {
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

/// What reading goes on behind: an item's key, or a token of AWS's.
pub(crate) trait Mark: Clone {
    /// The mark behind an item, where the item tells it: of the same attributes as `like`.
    fn behind(item: &Attributes, like: &Self) -> Option<Self>;
}

impl Mark for Attributes {
    fn behind(item: &Attributes, like: &Self) -> Option<Self> {
        like.keys().map(|name| Some((name.clone(), item.get(name)?.clone()))).collect()
    }
}

/// Only AWS makes a token, and only behind whole pages.
impl Mark for String {
    fn behind(_: &Attributes, _: &Self) -> Option<Self> {
        None
    }
}

/// One page as AWS gives it.
#[derive(Debug)]
pub(crate) struct AwsPage<M = Attributes> {
    pub(crate) items: Vec<Attributes>,
    /// Where each item stands, if that is not in the item itself.
    pub(crate) places: Vec<Attributes>,
    pub(crate) count: u64,
    pub(crate) scanned: u64,
    pub(crate) last: Option<M>,
    pub(crate) capacity: Option<ConsumedCapacity>,
}

/// Where reading goes on: behind a mark, after some of what fits there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spot<M = Attributes> {
    pub(crate) after: Option<M>,
    pub(crate) skip: usize,
    pub(crate) pace: Pace,
}

impl<M> Default for Spot<M> {
    fn default() -> Self {
        Spot { after: None, skip: 0, pace: Pace::default() }
    }
}

/// What the rows so far were like, by which the next request asks for as many items as the answer can hold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pace {
    /// Characters of a row; 0 where none was seen.
    row: usize,
    /// Items looked at for each that fits; 0 where none did.
    each: u64,
}

/// A spot as a cursor holds it.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Stored {
    #[serde(rename = "k", default, skip_serializing_if = "Map::is_empty")]
    key: Map<String, Value>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(rename = "s", default, skip_serializing_if = "is_none")]
    skip: u64,
    #[serde(rename = "r", default, skip_serializing_if = "is_none")]
    row: u64,
    #[serde(rename = "e", default, skip_serializing_if = "is_none")]
    each: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Stored {
    fn spot<M>(&self, after: Option<M>) -> Spot<M> {
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        Spot { after, skip: size(self.skip), pace: Pace { row: size(self.row), each: self.each } }
    }
}

impl<M> Spot<M> {
    fn stored(&self) -> Stored {
        let Pace { row, each } = self.pace;
        Stored { skip: self.skip as u64, row: row as u64, each, ..Stored::default() }
    }
}

impl Spot {
    pub(crate) fn store(self) -> Stored {
        let stored = self.stored();
        match self.after.map(|key| value::item(key, &[])) {
            Some(Value::Object(key)) => Stored { key, ..stored },
            _ => stored,
        }
    }

    pub(crate) fn restore(stored: Stored) -> Result<Spot> {
        let after = (!stored.key.is_empty()).then(|| Item(stored.key.clone()).attributes()).transpose()?;
        Ok(stored.spot(after))
    }
}

impl Spot<String> {
    pub(crate) fn store_token(self) -> Stored {
        Stored { token: self.after.clone(), ..self.stored() }
    }

    pub(crate) fn restore_token(stored: Stored) -> Spot<String> {
        stored.spot(stored.token.clone())
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

impl Wanted {
    /// Rows of a page of ours that the answer can hold with what stands around them.
    pub(crate) fn rows(limit: u32, budget: usize, filtered: bool) -> Wanted {
        Wanted { rows: Some(limit as usize), chars: budget / 10 * 9, filtered }
    }

    /// Only how many there are.
    pub(crate) fn count(filtered: bool) -> Wanted {
        Wanted { rows: None, chars: usize::MAX, filtered }
    }

    /// How many items to ask for: as many as will likely hold what is still wanted, and those of the page that were taken
    /// before.
    fn limit(&self, read: &Progress, spot: &Spot<impl Mark>) -> Option<u64> {
        // A first page says how large items are and how many fit.
        const FIRST: u64 = 50;
        const FIRST_FILTERED: u64 = 100;
        let left = (self.rows? - read.rows) as u64;
        let room = match spot.pace.row {
            0 => FIRST,
            row => (((self.chars - read.chars) / row) as u64).max(1),
        };
        let wanted = left.min(room) + spot.skip as u64;
        Some(match (self.filtered, spot.pace.each, read.seen) {
            (false, ..) => wanted,
            (true, 0, 0) => wanted.max(FIRST_FILTERED),
            (true, 0, seen) => left.saturating_mul(seen).max(FIRST_FILTERED),
            (true, each, _) => wanted.saturating_mul(each),
        })
    }
}

/// How far a call has come.
#[derive(Default)]
struct Progress {
    rows: usize,
    chars: usize,
    seen: u64,
    fit: u64,
}

impl Progress {
    fn pace(&self, before: Pace) -> Pace {
        Pace {
            row: self.chars.checked_div(self.rows).map_or(before.row, |row| row.max(1)),
            each: if self.fit == 0 { before.each } else { self.seen.div_ceil(self.fit) },
        }
    }
}

/// Rows, and where it goes on.
#[derive(Debug)]
pub(crate) struct Read<M = Attributes> {
    pub(crate) rows: Vec<Value>,
    pub(crate) next: Option<Spot<M>>,
}

/// Reads from `spot` on, by `fetch(after, limit)`; the attributes `first` come first in each row. It ends right behind the
/// last row that the answer can hold, so that the next call need not read the same again.
///
/// # Errors
/// Those of `fetch`.
pub(crate) async fn read<M, F, R>(
    fetch: F,
    spot: Spot<M>,
    wanted: Wanted,
    budget: &Budget,
    first: &[String],
) -> Result<Read<M>>
where
    M: Mark,
    F: Fn(Option<M>, Option<i32>) -> R,
    R: Future<Output = Result<AwsPage<M>>>,
{
    let (mut spot, mut rows, mut so_far) = (spot, Vec::new(), Progress::default());
    loop {
        let is_full = wanted.rows.is_some_and(|most| rows.len() >= most)
            || so_far.chars >= wanted.chars
            || (!rows.is_empty() && so_far.chars + spot.pace.row > wanted.chars);
        if is_full || budget.is_over() {
            return Ok(Read { rows, next: Some(spot) });
        }
        let limit = wanted.limit(&so_far, &spot);
        let limit = limit.map_or(budget.left(), |limit| limit.min(budget.left()));
        // Above this a page is full by its size.
        let limit = (limit < 100_000).then(|| i32::try_from(limit.max(1)).unwrap_or(i32::MAX));
        let page = fetch(spot.after.clone(), limit).await?;
        budget.take(&page);
        (so_far.seen, so_far.fit) = (so_far.seen + page.scanned, so_far.fit + page.count);
        let (last, held) = (page.last, page.items.len());
        if let Some(most) = wanted.rows {
            let like = last.clone().or_else(|| spot.after.clone());
            let mut behind = None;
            for (taken, item) in page.items.into_iter().enumerate().skip(spot.skip) {
                let place = page.places.get(taken).unwrap_or(&item);
                let mark = like.as_ref().and_then(|like| M::behind(place, like));
                let row = value::item(item, first);
                let size = row.to_string().len();
                if rows.len() >= most || (!rows.is_empty() && so_far.chars + size > wanted.chars) {
                    let pace = so_far.pace(spot.pace);
                    // Where no key says how to go on behind the last row, the same page again, behind what was taken of it.
                    let next = match behind {
                        Some(mark) => Spot { after: Some(mark), skip: 0, pace },
                        None => Spot { after: spot.after, skip: taken, pace },
                    };
                    return Ok(Read { rows, next: Some(next) });
                }
                so_far.chars += size;
                so_far.rows += 1;
                rows.push(row);
                behind = mark;
            }
        }
        let Some(last) = last else { return Ok(Read { rows, next: None }) };
        // A page may be shorter than the one that was left in its middle.
        let skip = spot.skip.saturating_sub(held);
        spot = Spot { after: Some(last), skip, pace: so_far.pace(spot.pace) };
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

/// What is said of a count that is not of all.
pub(crate) const COUNTS_ON: &str =
    "this counts only what was looked at here: `cursor` goes on, and counts the rest apart";

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
                places: Vec::new(),
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
                let read: Read = block_on(read(table(total, every, page), from, wanted, &budget, &[])).unwrap();
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
        let wanted = Wanted { rows: None, chars: 1, filtered: false };
        let read: Read = block_on(read(table(500, 1, 100), Spot::default(), wanted, &budget, &[])).unwrap();
        assert_eq!((budget.spent().scanned, budget.spent().matched), (300, 300));
        assert_eq!(read.next.map(|spot| (spot.after, spot.skip)), Some((Some(key(299)), 0)));
        assert_eq!(
            looked(&budget.spent(), true, false),
            "looked at 300 items so far, 300 fit; consumed 3 read units"
        );
    }

    /// As [`table`], of items with a text of `size` characters, told apart by tokens only.
    fn by_token(
        total: usize,
        size: usize,
        asked: &Mutex<u64>,
    ) -> impl Fn(Option<String>, Option<i32>) -> std::future::Ready<Result<AwsPage<String>>> {
        move |after, limit| {
            let from = after.map_or(0, |token| token.parse::<usize>().unwrap());
            let to = (from + limit.map_or(total, |limit| limit as usize)).min(total);
            let item = |number: usize| {
                let mut item = key(number);
                item.insert("text".to_owned(), AttributeValue::S("x".repeat(size)));
                item
            };
            *asked.lock().unwrap() += (to - from) as u64;
            std::future::ready(Ok(AwsPage {
                items: (from..to).map(item).collect(),
                places: Vec::new(),
                count: (to - from) as u64,
                scanned: (to - from) as u64,
                last: (to < total).then(|| to.to_string()),
                capacity: None,
            }))
        }
    }

    #[test]
    fn what_did_not_fit_is_not_read_again_for_every_page() {
        for (size, filtered) in
            [(1_500, false), (20_000, false), (1_500, true), (20_000, true), (100_000, false)]
        {
            let (asked, mut found, mut spot) = (Mutex::default(), 0, Some(Spot::default()));
            while let Some(from) = spot {
                let stored = token(&from.store_token()).unwrap();
                let from = Spot::restore_token(serde_json::from_str(&stored).unwrap());
                let budget = Budget::new(1_000_000, 1e9);
                let wanted = Wanted::rows(500, 30_000, filtered);
                let read = block_on(read(by_token(600, size, &asked), from, wanted, &budget, &[])).unwrap();
                let chars: usize = read.rows.iter().map(|row| row.to_string().len()).sum();
                assert!(chars <= 30_000 || read.rows.len() == 1, "{chars}");
                found += read.rows.len();
                spot = read.next;
            }
            let asked = *asked.lock().unwrap();
            assert_eq!(found, 600);
            assert!(asked < 2 * 600, "{asked} items of {size} characters were read to show 600");
        }
    }

    #[test]
    fn a_page_goes_on_right_behind_the_last_row_that_was_shown() {
        let budget = Budget::new(1000, 1e9);
        let wanted = Wanted { rows: Some(500), chars: 70, filtered: false };
        let read: Read = block_on(read(table(500, 1, 100), Spot::default(), wanted, &budget, &[])).unwrap();
        let shown = read.rows.len();
        let next = read.next.unwrap();
        assert_eq!((next.after, next.skip), (Some(key(shown - 1)), 0));
    }
}
