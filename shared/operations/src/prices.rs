//! What products of AWS cost on demand, by AWS's own price list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use awsmcp_api::{Client, PRICING};
use awsmcp_mcp::{Call, Error, Kind, Result, Service};
use awsmcp_sdk::in_region;
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout};

/// The IAM action that a tool with prices declares, with [`Spec::where_allowed`](awsmcp_mcp::Spec::where_allowed) on `*`.
pub const ACTION: &str = "pricing:GetProducts";

/// A product of AWS's price list: what AWS calls its use, in one region.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Product {
    service: &'static str,
    usage: String,
    attributes: BTreeMap<&'static str, String>,
}

impl Product {
    /// What the list has of a service (`AmazonEC2`) under a type of usage (`BoxUsage:m5.large`), which it has with a
    /// region's prefix in most regions.
    pub fn new(service: &'static str, usage: impl Into<String>) -> Product {
        Product { service, usage: usage.into(), attributes: BTreeMap::new() }
    }

    /// Only where the product has this attribute: the list looks for it, so that it does not answer with the whole service.
    #[must_use]
    pub fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Product {
        self.attributes.insert(attribute, value.into());
        self
    }

    fn input(&self, region: &str, token: Option<String>) -> Map<String, Value> {
        let attributes = self.attributes.iter().map(|(name, value)| (*name, value.as_str()));
        let filters = attributes.chain([("regionCode", region)]);
        let filters: Vec<Value> = filters
            .map(|(field, value)| json!({"Type": "TERM_MATCH", "Field": field, "Value": value}))
            .collect();
        let mut input = Map::from_iter([
            ("ServiceCode".to_owned(), json!(self.service)),
            ("FormatVersion".to_owned(), json!("aws_v1")),
            ("Filters".to_owned(), json!(filters)),
        ]);
        input.extend(token.map(|token| ("NextToken".to_owned(), json!(token))));
        input
    }

    /// Whether a type of usage is this product's: `BoxUsage:m5.large`, or `EUC1-BoxUsage:m5.large`.
    fn is(&self, usage: &str) -> bool {
        let prefix = usage.strip_suffix(self.usage.as_str());
        prefix.is_some_and(|prefix| {
            let region = prefix.strip_suffix('-').unwrap_or(prefix);
            prefix.is_empty()
                || prefix.ends_with('-') && region.bytes().all(|letter| letter.is_ascii_alphanumeric())
        })
    }
}

/// What one unit of a product costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    /// Of one unit.
    pub amount: f64,
    /// `USD`; in China `CNY`.
    pub currency: String,
    /// `Hrs`, `GB-Mo`.
    pub unit: String,
    /// The day on which AWS published it.
    pub published: String,
}

impl Price {
    /// What so many units cost, to four digits: a sum for people, not for books.
    pub fn of(&self, units: f64) -> f64 {
        rounded(self.amount * units)
    }
}

fn rounded(amount: f64) -> f64 {
    if amount == 0.0 || !amount.is_finite() {
        return amount;
    }
    let scale = 10f64.powf(3.0 - amount.abs().log10().floor());
    // Where it has cents, all of them.
    let scale = scale.max(100.0);
    (amount * scale).round() / scale
}

/// The prices of some products.
#[derive(Debug, Default)]
pub struct Prices(BTreeMap<Product, Price>);

/// How many products are asked for at once: the list takes few calls in a second.
const AT_ONCE: usize = 5;
/// The most products of one call.
const MOST: usize = 60;
/// An answer is worth more than its price: so long may the list take, all products together.
const PATIENCE: Duration = Duration::from_secs(5);
/// A price is good for a while: AWS changes few, and tells the day.
const GOOD_FOR: Duration = Duration::from_secs(6 * 3600);
/// The most pages of one product: its attributes leave a handful of others.
const PAGES: usize = 5;

impl Prices {
    /// Looks these products up in the region of the call. What has no price is left out; where prices cannot be read at all, a
    /// note says why, and the answer goes on without them.
    pub async fn look_up<S: Service>(cx: &Call<S>, products: impl IntoIterator<Item = Product>) -> Prices {
        let wanted: BTreeSet<Product> = products.into_iter().collect();
        let Some(endpoint) = endpoint_region(cx.region()) else { return Prices::default() };
        let mut found = Prices::default();
        if wanted.is_empty() {
            return found;
        }
        if let Err(error) = cx.may_on(ACTION, "*") {
            cx.note(format!("without prices: {}", error.message));
            return found;
        }
        let mut unknown = Vec::new();
        for product in wanted {
            match kept(cx.region(), &product) {
                Some(price) => found.0.extend(price.map(|price| (product, price))),
                None => unknown.push(product),
            }
        }
        if unknown.is_empty() {
            return found;
        }
        if unknown.len() > MOST {
            cx.note(format!("prices of {MOST} products only, {} are left out", unknown.len() - MOST));
            unknown.truncate(MOST);
        }
        let sdk = in_region(cx.sdk(), endpoint);
        let client = Client::new(&sdk, cx.tap().clone());
        let ends = Instant::now() + PATIENCE;
        let region = cx.region();
        let mut asked = stream::iter(unknown)
            .map(|product| {
                let client = &client;
                async move {
                    let price = look_up(client, region, &product).await;
                    (product, price)
                }
            })
            .buffer_unordered(AT_ONCE);
        loop {
            let left = ends.saturating_duration_since(Instant::now());
            let next = timeout(left, asked.next()).await.unwrap_or_else(|_| {
                let slow = Error::new(Kind::Timeout, format!("no answer within {} s", PATIENCE.as_secs()));
                Some((Product::new("", ""), Err(slow)))
            });
            match next {
                None => break,
                Some((product, Ok(price))) => {
                    keep(region, &product, price.clone());
                    found.0.extend(price.map(|price| (product, price)));
                }
                // One reason is enough, and it is the same for the others.
                Some((_, Err(error))) => {
                    cx.part::<(), Error>("prices", Err(error));
                    break;
                }
            }
        }
        found
    }

    /// The price of a product, where the list has exactly one.
    pub fn get(&self, product: &Product) -> Option<&Price> {
        self.0.get(product)
    }

    /// Where the prices are from and what they are not, for a note; none without any.
    pub fn source(&self) -> Option<String> {
        let newest = self.0.values().map(|price| price.published.as_str()).max()?;
        let currency = self.0.values().next().map(|price| price.currency.as_str()).unwrap_or_default();
        Some(format!(
            "prices: {currency} on demand, by AWS's price list of {newest}; discounts, savings plans and free tiers \
             are not in it"
        ))
    }
}

/// The price list is served in few regions; the others ask there. The other partitions have none but China.
fn endpoint_region(region: &str) -> Option<&'static str> {
    let is_of = |prefix: &str| region.starts_with(prefix);
    if is_of("cn-") {
        Some("cn-northwest-1")
    } else if ["us-gov-", "us-iso", "eu-iso", "eusc-"].into_iter().any(is_of) {
        None
    } else if is_of("eu-") {
        Some("eu-central-1")
    } else if is_of("ap-") {
        Some("ap-south-1")
    } else {
        Some("us-east-1")
    }
}

async fn look_up(client: &Client, region: &str, product: &Product) -> Result<Option<Price>> {
    let mut prices = Vec::new();
    let mut token = None;
    for _ in 0..PAGES {
        let answer = client.call(&PRICING, "GetProducts", product.input(region, token)).await?;
        let items = answer.get("PriceList").and_then(Value::as_array);
        prices.extend(items.into_iter().flatten().filter_map(|item| price(item, product)));
        token =
            answer.get("NextToken").and_then(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    // Of several prices none is told: it would be a guess which one holds.
    let one = prices.first().cloned();
    Ok(one.filter(|one| token.is_none() && prices.iter().all(|price| price.amount == one.amount)))
}

/// The price of one entry of the list, where it is this product's and the same for each unit.
fn price(item: &Value, product: &Product) -> Option<Price> {
    let read: Value;
    let item = match item {
        Value::String(text) => {
            read = serde_json::from_str(text).ok()?;
            &read
        }
        item => item,
    };
    let usage = item.pointer("/product/attributes/usagetype")?.as_str()?;
    if !product.is(usage) {
        return None;
    }
    let mut terms = item.pointer("/terms/OnDemand")?.as_object()?.values();
    let (Some(term), None) = (terms.next(), terms.next()) else { return None };
    let mut steps = term.get("priceDimensions")?.as_object()?.values();
    let (Some(step), None) = (steps.next(), steps.next()) else { return None };
    let (currency, amount) = step.get("pricePerUnit")?.as_object()?.iter().next()?;
    let day = item.get("publicationDate").or_else(|| term.get("effectiveDate"))?.as_str()?;
    Some(Price {
        amount: amount.as_str()?.parse().ok().filter(|amount: &f64| amount.is_finite())?,
        currency: currency.clone(),
        unit: step.get("unit")?.as_str()?.to_owned(),
        published: day.split('T').next().unwrap_or(day).to_owned(),
    })
}

/// Prices that were looked up, or are known not to be in the list, by region: they are the same for everybody.
type Kept = BTreeMap<(String, Product), (Instant, Option<Price>)>;

static KEPT: Mutex<Kept> = Mutex::new(BTreeMap::new());

/// The most prices that are kept.
const MOST_KEPT: usize = 2_000;

fn all_kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kept(region: &str, product: &Product) -> Option<Option<Price>> {
    let all = all_kept();
    let (since, price) = all.get(&(region.to_owned(), product.clone()))?;
    (since.elapsed() < GOOD_FOR).then(|| price.clone())
}

fn keep(region: &str, product: &Product, price: Option<Price>) {
    let mut all = all_kept();
    if all.len() >= MOST_KEPT {
        all.retain(|_, (since, _)| since.elapsed() < GOOD_FOR);
    }
    if all.len() < MOST_KEPT {
        all.insert((region.to_owned(), product.clone()), (Instant::now(), price));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(usage: &str, steps: &[(&str, &str)]) -> Value {
        let steps: Map<String, Value> = steps
            .iter()
            .enumerate()
            .map(|(index, (unit, amount))| {
                (format!("S.T.{index}"), json!({"unit": unit, "pricePerUnit": {"USD": amount}}))
            })
            .collect();
        json!({
            "product": {"sku": "S", "productFamily": "Compute Instance", "attributes": {"usagetype": usage}},
            "serviceCode": "AmazonEC2",
            "terms": {"OnDemand": {"S.T": {"priceDimensions": steps, "effectiveDate": "2026-11-01T00:00:00Z"}}},
            "version": "20261120000000",
            "publicationDate": "2026-11-20T12:00:00Z",
        })
    }

    #[test]
    fn a_price_is_read_as_text_and_as_json_of_this_usage_only() {
        let product = Product::new("AmazonEC2", "BoxUsage:m5.large");
        let wanted = Price {
            amount: 0.096,
            currency: "USD".to_owned(),
            unit: "Hrs".to_owned(),
            published: "2026-11-20".to_owned(),
        };
        for usage in ["BoxUsage:m5.large", "EUC1-BoxUsage:m5.large"] {
            let item = entry(usage, &[("Hrs", "0.0960000000")]);
            assert_eq!(price(&item, &product), Some(wanted.clone()));
            assert_eq!(price(&json!(item.to_string()), &product), Some(wanted.clone()));
        }
        for usage in [
            "UnusedBox:m5.large",
            "EUC1-SpotBoxUsage:m5.large",
            "DedicatedBoxUsage:m5.large",
            "BoxUsage:m5.large2",
        ] {
            assert_eq!(price(&entry(usage, &[("Hrs", "1")]), &product), None, "{usage}");
        }
    }

    #[test]
    fn a_price_that_depends_on_how_much_is_none() {
        let product = Product::new("AmazonS3", "TimedStorage-ByteHrs");
        let item = entry("TimedStorage-ByteHrs", &[("GB-Mo", "0.023"), ("GB-Mo", "0.022")]);
        assert_eq!(price(&item, &product), None);
        assert_eq!(price(&entry("TimedStorage-ByteHrs", &[("GB-Mo", "NaN")]), &product), None);
        assert_eq!(price(&json!("no json"), &product), None);
    }

    #[test]
    fn the_list_is_asked_where_it_is_served() {
        let asked = |region| endpoint_region(region);
        assert_eq!(asked("us-west-2"), Some("us-east-1"));
        assert_eq!(asked("eu-west-1"), Some("eu-central-1"));
        assert_eq!(asked("ap-northeast-1"), Some("ap-south-1"));
        assert_eq!(asked("sa-east-1"), Some("us-east-1"));
        assert_eq!(asked("cn-north-1"), Some("cn-northwest-1"));
        assert_eq!(asked("us-gov-west-1"), None);
        assert_eq!(asked("us-isob-east-1"), None);
        assert_eq!(asked("eusc-de-east-1"), None);
    }

    #[test]
    fn a_sum_has_four_digits_and_all_its_cents() {
        let sum = |amount: f64, units: f64| {
            let price = Price {
                amount,
                currency: "USD".to_owned(),
                unit: "Hrs".to_owned(),
                published: String::new(),
            };
            price.of(units)
        };
        assert_eq!(sum(0.096, 730.0), 70.08);
        assert_eq!(sum(98.32, 1_159.0), 113_952.88);
        assert_eq!(sum(0.000_016_666_7, 1.0), 0.000_016_67);
        assert_eq!(sum(0.0, 5.0), 0.0);
    }
}
