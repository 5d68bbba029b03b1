//! What models may use and cost, and what they have used so far.
//!
//! The caps hold for the process: whoever restarts the server starts anew. Before a call, what it can use at most is put
//! aside; afterwards the real use, as AWS tells it, takes its place. What was put aside for a call that broke off stays
//! counted: AWS bills what the model had written by then.

use std::sync::{Mutex, PoisonError};

use awsmcp_mcp::{Call, Error, Extra, Kind, Result, thousands};
use globset::{Glob, GlobMatcher};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{Bedrock, names::ModelId};

pub(crate) const EXTRAS: &[Extra] = &[
    Extra {
        name: "max-output-tokens",
        value: "COUNT",
        help: "The most tokens that one answer of a model may have.",
        default: Some("4096"),
        check: |text| positive(text).map(drop),
    },
    Extra {
        name: "max-tokens-total",
        value: "COUNT",
        help: "The most tokens, in and out, that models may use until the server is restarted.",
        default: None,
        check: |text| positive(text).map(drop),
    },
    Extra {
        name: "max-spend",
        value: "USD",
        help: "The most that models may cost until the server is restarted, by the prices of --price; a model without \
               a price is then refused.",
        default: None,
        check: |text| dollars(text).map(drop),
    },
    Extra {
        name: "price",
        value: "PRICES",
        help: "What models cost in USD per million tokens: MODEL-GLOB=IN/OUT, or MODEL-GLOB=IN/OUT/CACHE-READ/CACHE-WRITE, \
               separated by commas; the first that fits holds.",
        default: None,
        check: |text| prices(text).map(drop),
    },
];

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Usage {
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_read_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_write_tokens: Option<u64>,
    /// By the operator's prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cost_usd: Option<f64>,
}

impl Usage {
    /// As AWS tells it.
    pub(crate) fn of(usage: &aws_sdk_bedrockruntime::types::TokenUsage) -> Usage {
        let count = |count: i32| u64::try_from(count).unwrap_or(0);
        let some = |number: Option<i32>| number.map(count).filter(|number| *number > 0);
        Usage {
            input_tokens: count(usage.input_tokens),
            output_tokens: count(usage.output_tokens),
            cache_read_tokens: some(usage.cache_read_input_tokens),
            cache_write_tokens: some(usage.cache_write_input_tokens),
            cost_usd: None,
        }
    }

    fn tokens(&self) -> u64 {
        let cached = self.cache_read_tokens.unwrap_or(0) + self.cache_write_tokens.unwrap_or(0);
        self.input_tokens + self.output_tokens + cached
    }
}

/// What the operator allows.
#[derive(Debug)]
pub(crate) struct Caps {
    output: u64,
    tokens: Option<u64>,
    usd: Option<f64>,
    prices: Vec<Price>,
}

/// What was put aside for a call. Dropped without being settled, it counts as used.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    caps: &'a Caps,
    price: Option<&'a Price>,
    tokens: u64,
    usd: f64,
    settled: bool,
}

impl Caps {
    /// # Errors
    /// When a setting is wrong, which the start of the server has ruled out.
    pub(crate) fn of(cx: &Call<Bedrock>) -> Result<Caps> {
        let wrong = |why: String| Error::internal(why);
        Ok(Caps {
            output: cx.extra("max-output-tokens").map_or(Ok(4096), positive).map_err(wrong)?,
            tokens: cx.extra("max-tokens-total").map(positive).transpose().map_err(wrong)?,
            usd: cx.extra("max-spend").map(dollars).transpose().map_err(wrong)?,
            prices: cx.extra("price").map(prices).transpose().map_err(wrong)?.unwrap_or_default(),
        })
    }

    /// How many tokens an answer may have, where a call asks for so many.
    ///
    /// # Errors
    /// When it asks for more than the operator allows.
    pub(crate) fn output(&self, asked: Option<u64>) -> Result<u64> {
        match asked {
            Some(asked) if asked > self.output => Err(Error::refused(format!(
                "{} output tokens are more than the operator's {}",
                thousands(asked),
                thousands(self.output)
            ))
            .with_next(format!(
                "ask for at most {}; only the operator can raise --max-output-tokens",
                self.output
            ))),
            asked => Ok(asked.unwrap_or(self.output)),
        }
    }

    /// The most tokens that one answer may have.
    pub(crate) fn most(&self) -> u64 {
        self.output
    }

    /// Whether what models use is held to anything besides one answer's tokens.
    pub(crate) fn in_all(&self) -> bool {
        self.tokens.is_some() || self.usd.is_some()
    }

    /// Puts aside what a call can use at most: about so many tokens in, and at most so many out.
    ///
    /// # Errors
    /// When that would pass a cap, or there is a cap on money and the model has no price.
    pub(crate) fn hold(&self, model: &ModelId, input: u64, output: u64) -> Result<Hold<'_>> {
        let price = self.prices.iter().find(|price| price.fits(model));
        if self.usd.is_some() && price.is_none() {
            return Err(Error::refused(format!(
                "no price is known of {model}, and what models cost is capped"
            ))
            .with_next(format!(
                "ask the operator to add --price '{}=IN/OUT' in USD per million tokens, from \
                 https://aws.amazon.com/bedrock/pricing",
                model.short()
            )));
        }
        let most = Usage { input_tokens: input, output_tokens: output, ..Usage::default() };
        let (tokens, usd) = (most.tokens(), price.map_or(0.0, |price| price.of(&most)));
        let mut ledger = ledger();
        let fits_tokens = self.tokens.is_none_or(|cap| ledger.all_tokens() + tokens <= cap);
        let fits_usd = self.usd.is_none_or(|cap| ledger.usd + ledger.held_usd + usd <= cap);
        if !(fits_tokens && fits_usd) {
            let what = if fits_tokens { "--max-spend" } else { "--max-tokens-total" };
            let may_use = match (fits_tokens, price) {
                (true, Some(_)) => format!("${usd:.4}"),
                _ => format!("{} tokens", thousands(tokens)),
            };
            return Err(Error::refused(format!(
                "this call may use {may_use}, which is more than {what} leaves: {}",
                self.told(&ledger)
            ))
            .with_next("ask for fewer tokens or use a cheaper model; only the operator can raise the cap, or start anew"));
        }
        ledger.held_tokens += tokens;
        ledger.held_usd += usd;
        Ok(Hold { caps: self, price, tokens, usd, settled: false })
    }

    /// # Errors
    /// When a cap is set: AWS does not tell what such a call uses.
    pub(crate) fn unmetered(&self, what: &str) -> Result<()> {
        if !self.in_all() {
            return Ok(());
        }
        Err(Error::refused(format!(
            "AWS does not tell what {what} uses, so it cannot be held to --max-spend or --max-tokens-total"
        ))
        .with_next("use converse, whose use is counted; only the operator can lift the caps"))
    }

    fn told(&self, ledger: &Ledger) -> String {
        let calls = if ledger.calls == 1 { "1 call" } else { &format!("{} calls", thousands(ledger.calls)) };
        let mut text = format!(
            "{calls} used {} tokens in and {} out",
            thousands(ledger.input_tokens),
            thousands(ledger.output_tokens)
        );
        if ledger.broken_tokens > 0 {
            text.push_str(&format!(
                ", and at most {} in calls that broke off",
                thousands(ledger.broken_tokens)
            ));
        }
        if let Some(cap) = self.tokens {
            text.push_str(&format!(", of {} in all", thousands(cap)));
        }
        if ledger.usd > 0.0 || self.usd.is_some() {
            text.push_str(&format!("; ${:.4}", ledger.usd));
        }
        if let Some(cap) = self.usd {
            text.push_str(&format!(" of ${cap}"));
        }
        if ledger.unpriced > 0 && ledger.usd > 0.0 {
            text.push_str(&format!(
                ", without {} calls of models without a price",
                thousands(ledger.unpriced)
            ));
        }
        text
    }
}

impl Hold<'_> {
    /// Counts what the call really used, and adds its cost where there is a price. Says how far the process has come.
    pub(crate) fn settle(mut self, usage: &mut Usage) -> String {
        self.settled = true;
        let cost = self.price.map(|price| price.of(usage));
        usage.cost_usd = cost.map(|cost| (cost * 1e6).round() / 1e6);
        let mut ledger = ledger();
        ledger.release(self.tokens, self.usd);
        ledger.calls += 1;
        ledger.output_tokens += usage.output_tokens;
        ledger.input_tokens += usage.tokens() - usage.output_tokens;
        match cost {
            Some(cost) => ledger.usd += cost,
            None => ledger.unpriced += 1,
        }
        format!("so far {}", self.caps.told(&ledger))
    }

    /// Nothing was used: AWS did not run the model.
    pub(crate) fn release(mut self) {
        self.settled = true;
        ledger().release(self.tokens, self.usd);
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if !self.settled {
            let mut ledger = ledger();
            ledger.release(self.tokens, self.usd);
            ledger.calls += 1;
            ledger.broken_tokens += self.tokens;
            ledger.usd += self.usd;
        }
    }
}

/// How many output tokens the body of a request asks for, by any of the names that models have for it; of a list of
/// requests, all of them together.
pub(crate) fn asked_for(body: &Value) -> Option<u64> {
    const NAMES: [&str; 12] = [
        "max_tokens",
        "maxTokens",
        "max_new_tokens",
        "maxNewTokens",
        "maxTokenCount",
        "max_gen_len",
        "max_completion_tokens",
        "max_tokens_to_sample",
        "max_length",
        "maxLength",
        "max_output_tokens",
        "maxOutputTokens",
    ];
    match body {
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(name, value)| match value {
                // A number without end is no number of tokens.
                Value::Number(number) if NAMES.contains(&name.as_str()) => {
                    Some(number.as_u64().unwrap_or(u64::MAX))
                }
                Value::String(text) if NAMES.contains(&name.as_str()) => {
                    Some(text.trim().parse().unwrap_or(u64::MAX))
                }
                Value::Object(_) | Value::Array(_) => asked_for(value),
                _ => None,
            })
            .max(),
        Value::Array(items) => items.iter().filter_map(asked_for).reduce(u64::saturating_add),
        _ => None,
    }
}

/// How many answers the body of a request asks for: each may have as many tokens.
pub(crate) fn choices(body: &Value) -> u64 {
    const NAMES: [&str; 5] = ["n", "best_of", "num_generations", "numGenerations", "numResults"];
    let fields = body.as_object().into_iter().flatten();
    let named = fields.filter(|(name, _)| NAMES.contains(&name.as_str()));
    named.filter_map(|(_, value)| value.as_u64()).max().unwrap_or(1).max(1)
}

/// Whether a model may have run, and so may be billed, although its call failed. Of what AWS refuses it says so; of a
/// connection that broke nobody knows.
pub(crate) fn may_have_run(error: &Error) -> bool {
    /// A model that took too long, and one that failed.
    const RAN: [u16; 2] = [408, 424];
    let by_status = |status: u16| status >= 500 || RAN.contains(&status);
    matches!(error.kind, Kind::Timeout | Kind::Network) || error.status.is_some_and(by_status)
}

/// About how many tokens a text has: fewer than one to three bytes, in most languages.
pub(crate) fn about(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(3)
}

/// What this process has used.
#[derive(Debug)]
struct Ledger {
    calls: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// What calls that broke off had put aside.
    broken_tokens: u64,
    usd: f64,
    unpriced: u64,
    held_tokens: u64,
    held_usd: f64,
}

static LEDGER: Mutex<Ledger> = Mutex::new(Ledger {
    calls: 0,
    input_tokens: 0,
    output_tokens: 0,
    broken_tokens: 0,
    usd: 0.0,
    unpriced: 0,
    held_tokens: 0,
    held_usd: 0.0,
});

fn ledger() -> std::sync::MutexGuard<'static, Ledger> {
    LEDGER.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    fn all_tokens(&self) -> u64 {
        self.input_tokens + self.output_tokens + self.broken_tokens + self.held_tokens
    }

    fn release(&mut self, tokens: u64, usd: f64) {
        self.held_tokens = self.held_tokens.saturating_sub(tokens);
        self.held_usd = (self.held_usd - usd).max(0.0);
    }
}

/// What a family of models costs, in USD per million tokens.
#[derive(Debug)]
struct Price {
    models: GlobMatcher,
    input: f64,
    output: f64,
    cache_read: f64,
    cache_write: f64,
}

impl Price {
    fn fits(&self, model: &ModelId) -> bool {
        self.models.is_match(model.as_str()) || self.models.is_match(model.short())
    }

    fn of(&self, usage: &Usage) -> f64 {
        let part = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        part(usage.input_tokens, self.input)
            + part(usage.output_tokens, self.output)
            + part(usage.cache_read_tokens.unwrap_or(0), self.cache_read)
            + part(usage.cache_write_tokens.unwrap_or(0), self.cache_write)
    }
}

fn positive(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a number of tokens; a good one is 4096");
    text.trim().replace('_', "").parse().ok().filter(|count| *count > 0).ok_or_else(wrong)
}

fn dollars(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is not an amount of USD; a good one is 2.50");
    let amount: f64 = text.trim().trim_start_matches('$').parse().map_err(|_| wrong())?;
    if amount.is_finite() && amount >= 0.0 { Ok(amount) } else { Err(wrong()) }
}

fn prices(text: &str) -> Result<Vec<Price>, String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(price).collect()
}

fn price(text: &str) -> Result<Price, String> {
    let wrong =
        || format!("{text:?} is not a price; good ones are *nova-lite*=0.06/0.24 and *claude*=3/15/0.3/3.75");
    let (models, figures) = text.rsplit_once('=').ok_or_else(wrong)?;
    let models = Glob::new(models.trim()).map_err(|_| wrong())?.compile_matcher();
    let figures: Vec<f64> = figures.split('/').map(dollars).collect::<Result<_, _>>().map_err(|_| wrong())?;
    match figures.as_slice() {
        // Without a price of their own, cached tokens cost no less than AWS takes: reading as much as input, writing
        // (for an hour) twice that.
        [input, output] => {
            Ok(Price { models, input: *input, output: *output, cache_read: *input, cache_write: input * 2.0 })
        }
        [input, output, cache_read, cache_write] => Ok(Price {
            models,
            input: *input,
            output: *output,
            cache_read: *cache_read,
            cache_write: *cache_write,
        }),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn model(id: &str) -> ModelId {
        serde_json::from_value(json!(id)).unwrap()
    }

    #[test]
    fn prices_are_per_million_and_the_first_that_fits_holds() {
        let all = prices("*nova-lite*=0.06/0.24, *claude*=3/15/0.3/3.75, *=1/1").unwrap();
        let of = |id: &str, usage: Usage| {
            all.iter().find(|price| price.fits(&model(id))).map(|price| price.of(&usage)).unwrap()
        };
        let usage = Usage { input_tokens: 1_000_000, output_tokens: 500_000, ..Usage::default() };
        assert!((of("us.amazon.nova-lite-v1:0", usage) - 0.18).abs() < 1e-9);
        let cached =
            Usage { cache_read_tokens: Some(1_000_000), cache_write_tokens: Some(1_000_000), ..usage };
        assert!((of("anthropic.claude-sonnet-4", cached) - (3.0 + 7.5 + 0.3 + 3.75)).abs() < 1e-9);
        assert!((of("amazon.nova-lite-v1:0", cached) - (0.18 + 0.06 + 0.12)).abs() < 1e-9);
        for wrong in ["x", "x=1", "x=1/2/3", "x=a/b", "[=1/2", "x=-1/2", "x=NaN/1"] {
            assert!(prices(wrong).unwrap_err().contains("good ones are"), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_positive_numbers() {
        assert_eq!(positive("4_096"), Ok(4096));
        assert_eq!(dollars("$2.50"), Ok(2.5));
        for wrong in ["", "0", "-1", "many"] {
            assert!(positive(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "-1", "inf", "much"] {
            assert!(dollars(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_body_asks_for_is_found_by_any_name() {
        let of = |body: Value| asked_for(&body);
        assert_eq!(of(json!({"max_tokens": 5})), Some(5));
        assert_eq!(of(json!({"textGenerationConfig": {"maxTokenCount": 7}, "max_tokens": 3})), Some(7));
        assert_eq!(of(json!({"inferenceConfig": {"maxTokens": -1}})), Some(u64::MAX));
        assert_eq!(of(json!({"inputText": "max_tokens"})), None);
    }

    #[test]
    fn what_a_body_asks_for_is_added_up_and_multiplied() {
        let of = |body: Value| asked_for(&body);
        assert_eq!(of(json!({"requests": [{"max_tokens": 100}, {"max_length": 50}]})), Some(150));
        assert_eq!(of(json!({"max_tokens": "100000"})), Some(100_000));
        assert_eq!(of(json!({"max_tokens": "plenty"})), Some(u64::MAX));
        assert_eq!(of(json!({"messages": [{"content": "max_tokens"}]})), None);
        assert_eq!(choices(&json!({"n": 4, "max_tokens": 10})), 4);
        assert_eq!(choices(&json!({"n": 0})), 1);
    }

    #[test]
    fn what_is_put_aside_is_held_counted_and_given_back() {
        let caps = Caps {
            output: 100,
            tokens: Some(1000),
            usd: Some(0.9),
            prices: prices("a.*=1000/1000").unwrap(),
        };
        assert!(caps.output(Some(101)).unwrap_err().message.contains("more than the operator's 100"));
        assert_eq!(caps.output(None).unwrap(), 100);
        let unpriced = caps.hold(&model("b.x"), 1, 1).unwrap_err();
        assert!(unpriced.next.as_deref().unwrap_or_default().contains("--price 'b.x=IN/OUT'"));
        let first = caps.hold(&model("a.x"), 300, 300).unwrap();
        assert!(caps.hold(&model("a.x"), 300, 300).unwrap_err().message.contains("--max-tokens-total"));
        let second = caps.hold(&model("a.x"), 100, 100).unwrap();
        second.release();
        let mut usage = Usage { input_tokens: 10, output_tokens: 20, ..Usage::default() };
        assert_eq!(
            first.settle(&mut usage),
            "so far 1 call used 10 tokens in and 20 out, of 1,000 in all; $0.0300 of $0.9"
        );
        assert_eq!(usage.cost_usd, Some(0.03));
        drop(caps.hold(&model("a.x"), 100, 300).unwrap());
        let refused = caps.hold(&model("a.x"), 300, 200).unwrap_err();
        assert!(refused.message.contains("--max-spend"), "{refused}");
        assert!(refused.message.contains("at most 400 in calls that broke off"), "{refused}");
    }
}
