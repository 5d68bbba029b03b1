//! What models may use and cost, and what they have used so far.
//!
//! The caps hold for the process: whoever restarts the server starts anew, and each of several processes has its own. Before
//! a call, what it can use at most is put aside; afterwards the real use, as AWS tells it, takes its place. What was put aside
//! for a call that broke off stays counted: AWS bills what the model had written by then. How many tokens an input has is an
//! estimate, which a model's own answers correct; where something is capped, the first call of a model goes alone, so that
//! no more than one call's input is ever estimated without them.

use std::sync::LazyLock;

use awsmcp_mcp::{Call, Error, Extra, Kind, Result, thousands};
use tokio::sync::OwnedMutexGuard;

use crate::{
    Bedrock,
    behind::PROFILE,
    book::{Account, Book},
    families::family,
    names::ModelId,
    prices::{Price, dollars, find, prices},
    usage::Usage,
};

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
        name: "max-tokens-per-caller",
        value: "COUNT",
        help: "The most tokens, in and out, of one caller (over HTTP), until the server is restarted.",
        default: None,
        check: |text| positive(text).map(drop),
    },
    Extra {
        name: "price",
        value: "PRICES",
        help: "What models cost in USD per million tokens: MODEL-GLOB=IN/OUT, or MODEL-GLOB=IN/OUT/CACHE-READ/CACHE-WRITE, \
               separated by commas; the first that fits holds. MODEL-GLOB@priority, @flex and @fast are for calls served so.",
        default: None,
        check: |text| prices(text).map(drop),
    },
];

/// What a call can use at most, before it is made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Most<'a> {
    /// An estimate.
    pub(crate) input: u64,
    pub(crate) output: u64,
    /// Whether it may write to a cache.
    pub(crate) caches: bool,
    /// `fast`, or a service tier.
    pub(crate) tier: Option<&'a str>,
    /// The model behind what is called, where that is another.
    pub(crate) behind: Option<&'a ModelId>,
}

/// What the operator allows.
#[derive(Debug)]
pub(crate) struct Caps {
    output: u64,
    tokens: Option<u64>,
    caller_tokens: Option<u64>,
    usd: Option<f64>,
    prices: Vec<Price>,
    caller: String,
    book: &'static Book,
}

/// What was put aside for a call. Dropped without being settled, it counts as used.
#[derive(Debug)]
pub(crate) struct Hold<'a> {
    caps: &'a Caps,
    price: Option<&'a Price>,
    model: String,
    /// The input as it was estimated before the model's own answers corrected it.
    estimated: u64,
    tokens: u64,
    usd: f64,
    settled: bool,
    /// The turn of the first call of a model.
    _alone: Option<OwnedMutexGuard<()>>,
}

static BOOK: LazyLock<Book> = LazyLock::new(Book::default);

impl Caps {
    /// # Errors
    /// When a setting is wrong, which the start of the server has ruled out.
    pub(crate) fn of(cx: &Call<Bedrock>) -> Result<Caps> {
        let wrong = |why: String| Error::internal(why);
        let count = |name: &str| cx.extra(name).map(positive).transpose().map_err(wrong);
        Ok(Caps {
            output: count("max-output-tokens")?.unwrap_or(4096),
            tokens: count("max-tokens-total")?,
            caller_tokens: count("max-tokens-per-caller")?,
            usd: cx.extra("max-spend").map(dollars).transpose().map_err(wrong)?,
            prices: cx.extra("price").map(prices).transpose().map_err(wrong)?.unwrap_or_default(),
            caller: cx.caller().unwrap_or_default().to_owned(),
            book: &BOOK,
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
        self.tokens.is_some() || self.caller_tokens.is_some() || self.usd.is_some()
    }

    /// Puts aside what a call can use at most. Where something is capped, the first call of a model has its turn alone: how
    /// many tokens its input has is only an estimate.
    ///
    /// # Errors
    /// When that would pass a cap, or there is a cap on money and the model has no price.
    pub(crate) async fn hold(&self, model: &ModelId, most: Most<'_>) -> Result<Hold<'_>> {
        let behind = most.behind.unwrap_or(model);
        let price = find(&self.prices, [model, behind], most.tier);
        if self.usd.is_some() && price.is_none() {
            return Err(unpriced(behind, most.tier));
        }
        let name = family(behind).to_owned();
        if !self.in_all() || self.book.knows(&name) {
            return self.put_aside(name, price, most, None);
        }
        // What does not fit now is refused now: waiting for a turn frees nothing that could be counted on.
        self.put_aside(name.clone(), price, most, None)?.release();
        let turn = self.book.turn(&name).lock_owned().await;
        let alone = (!self.book.knows(&name)).then_some(turn);
        self.put_aside(name, price, most, alone)
    }

    fn put_aside<'a>(
        &'a self,
        model: String,
        price: Option<&'a Price>,
        most: Most<'_>,
        alone: Option<OwnedMutexGuard<()>>,
    ) -> Result<Hold<'a>> {
        let mut pages = self.book.pages();
        let use_of = |input: u64| {
            let usd = price.map_or(0.0, |price| price.most(input, most.output, most.caches));
            (input.saturating_add(most.output), usd)
        };
        // This call's own input may pass the cap, and no other's: those are put aside as the model's answers taught.
        let (tokens, usd) = use_of(most.input);
        let held = use_of(pages.input(&model, most.input));
        let own = pages.of(&self.caller).clone();
        let fits = |used: u64, cap: Option<u64>| cap.is_none_or(|cap| used.saturating_add(tokens) <= cap);
        let passed = if !fits(pages.tokens(), self.tokens) {
            Some("--max-tokens-total")
        } else if !fits(own.tokens(), self.caller_tokens) {
            Some("--max-tokens-per-caller")
        } else if self.usd.is_some_and(|cap| pages.usd() + usd > cap) {
            Some("--max-spend")
        } else {
            None
        };
        if let Some(what) = passed {
            let may_use = match (what, price) {
                ("--max-spend", Some(_)) => format!("${usd:.4}"),
                _ => format!("{} tokens", thousands(tokens)),
            };
            let others = match what != "--max-tokens-per-caller" && pages.has_others(&self.caller) {
                true => "; other callers used or put aside the rest",
                false => "",
            };
            return Err(Error::refused(format!(
                "this call may use {may_use}, which is more than {what} leaves: {}{others}",
                self.told(&own)
            ))
            .with_next("ask for fewer tokens or use a cheaper model; only the operator can raise the cap, or start anew"));
        }
        let (tokens, usd) = held;
        let account = pages.of(&self.caller);
        account.held_tokens += tokens;
        account.held_usd += usd;
        let estimated = most.input;
        Ok(Hold { caps: self, price, model, estimated, tokens, usd, settled: false, _alone: alone })
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

    /// # Errors
    /// When money is capped: AWS bills this besides tokens, and does not tell how much of it was used.
    pub(crate) fn unpriced(&self, what: &str) -> Result<()> {
        match self.usd {
            None => Ok(()),
            Some(_) => Err(Error::refused(format!(
                "AWS bills {what} besides tokens and does not tell how much of it was used, so it cannot be held to --max-spend"
            ))
            .with_next("leave it out; only the operator can lift the cap")),
        }
    }

    /// What the caller used so far.
    pub(crate) fn so_far(&self) -> String {
        let own = self.book.pages().of(&self.caller).clone();
        format!("so far {}", self.told(&own))
    }

    /// In words. What others used is nobody's but theirs.
    fn told(&self, own: &Account) -> String {
        let calls = if own.calls == 1 { "1 call" } else { &format!("{} calls", thousands(own.calls)) };
        let mut text = format!(
            "{calls} used {} tokens in and {} out",
            thousands(own.input_tokens),
            thousands(own.output_tokens)
        );
        if own.broken_tokens > 0 {
            text.push_str(&format!(", and at most {} in calls that broke off", thousands(own.broken_tokens)));
        }
        if let Some(cap) = self.caller_tokens.into_iter().chain(self.tokens).min() {
            text.push_str(&format!(", of {} in all", thousands(cap)));
        }
        if own.usd > 0.0 || self.usd.is_some() {
            text.push_str(&format!("; ${:.4}", own.usd));
        }
        if let Some(cap) = self.usd {
            text.push_str(&format!(" of ${cap}"));
        }
        if own.unpriced > 0 && own.usd > 0.0 {
            text.push_str(&format!(", without {} calls of models without a price", thousands(own.unpriced)));
        }
        text
    }
}

fn unpriced(model: &ModelId, tier: Option<&str>) -> Error {
    let (what, mark) = match tier {
        Some(tier) => (format!("{model} served {tier}"), format!("@{tier}")),
        None => (model.to_string(), String::new()),
    };
    let looked = match model.kind() == Some(PROFILE) {
        true => ", or to allow bedrock:GetInferenceProfile, which tells the model behind it",
        false => "",
    };
    Error::refused(format!("no price is known of {what}, and what models cost is capped")).with_next(format!(
        "ask the operator to add --price '{}{mark}=IN/OUT' in USD per million tokens, from \
         https://aws.amazon.com/bedrock/pricing{looked}",
        model.short()
    ))
}

impl Hold<'_> {
    /// Counts what the call really used, and adds its cost where there is a price. Says how far the caller has come.
    pub(crate) fn settle(mut self, usage: &mut Usage) -> String {
        self.settled = true;
        let cost = self.price.map(|price| price.of(usage));
        usage.cost_usd = cost.map(|cost| (cost * 1e6).round() / 1e6);
        let mut pages = self.caps.book.pages();
        pages.learn(&self.model, self.estimated, usage.input());
        let account = pages.of(&self.caps.caller);
        account.settle(usage, self.tokens, self.usd, cost);
        format!("so far {}", self.caps.told(account))
    }

    /// Nothing was used: AWS did not run the model.
    pub(crate) fn release(mut self) {
        self.settled = true;
        self.caps.book.pages().of(&self.caps.caller).release(self.tokens, self.usd);
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.caps.book.pages().of(&self.caps.caller).break_off(self.tokens, self.usd);
        }
    }
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

fn positive(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a number of tokens; a good one is 4096");
    text.trim().replace('_', "").parse().ok().filter(|count| *count > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use awsmcp_mcp::ResourceArgument;
    use futures::future::join_all;
    use proptest::prelude::*;

    use super::*;

    fn model(id: &str) -> ModelId {
        ModelId::parse(id).unwrap()
    }

    /// With a book of its own.
    fn caps() -> Caps {
        Caps {
            output: 100,
            tokens: None,
            caller_tokens: None,
            usd: None,
            prices: Vec::new(),
            caller: String::new(),
            book: Box::leak(Box::default()),
        }
    }

    fn most(input: u64, output: u64) -> Most<'static> {
        Most { input, output, ..Most::default() }
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    #[test]
    fn counts_are_positive_numbers() {
        assert_eq!(positive("4_096"), Ok(4096));
        for wrong in ["", "0", "-1", "many"] {
            assert!(positive(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_put_aside_is_held_counted_and_given_back() {
        let caps =
            Caps { tokens: Some(1000), usd: Some(0.9), prices: prices("a.*=1000/1000").unwrap(), ..caps() };
        let hold = |id: &str, input: u64, output: u64| run(caps.hold(&model(id), most(input, output)));
        assert!(caps.output(Some(101)).unwrap_err().message.contains("more than the operator's 100"));
        assert_eq!(caps.output(None).unwrap(), 100);
        let unpriced = hold("b.x", 1, 1).unwrap_err();
        assert!(unpriced.next.as_deref().unwrap_or_default().contains("--price 'b.x=IN/OUT'"));
        let first = hold("a.x", 300, 300).unwrap();
        assert!(hold("a.x", 300, 300).unwrap_err().message.contains("--max-tokens-total"));
        let second = hold("a.y", 100, 100).unwrap();
        second.release();
        let mut usage = Usage { input_tokens: 10, output_tokens: 20, ..Usage::default() };
        assert_eq!(
            first.settle(&mut usage),
            "so far 1 call used 10 tokens in and 20 out, of 1,000 in all; $0.0300 of $0.9"
        );
        assert_eq!(usage.cost_usd, Some(0.03));
        drop(hold("a.x", 100, 300).unwrap());
        let refused = hold("a.x", 300, 200).unwrap_err();
        assert!(refused.message.contains("--max-spend"), "{refused}");
        assert!(refused.message.contains("at most 400 in calls that broke off"), "{refused}");
    }

    #[test]
    fn one_caller_neither_uses_up_nor_reads_what_is_anothers() {
        let alice = Caps { caller_tokens: Some(100), caller: "alice".into(), ..caps() };
        let bob =
            Caps { caller_tokens: Some(100), caller: "bob".into(), ..Caps { book: alice.book, ..caps() } };
        let mut usage = Usage { input_tokens: 50, output_tokens: 40, ..Usage::default() };
        run(alice.hold(&model("a.x"), most(1, 40))).unwrap().settle(&mut usage);
        let refused = run(alice.hold(&model("a.x"), most(1, 40))).unwrap_err();
        assert!(refused.message.contains("--max-tokens-per-caller leaves: 1 call"), "{refused}");
        let told = run(bob.hold(&model("a.x"), most(1, 40))).unwrap().settle(&mut Usage::default());
        assert_eq!(told, "so far 1 call used 0 tokens in and 0 out, of 100 in all");
    }

    proptest! {
        /// Whatever a model makes of an input, and however many calls are on their way, a cap is passed by the input of one
        /// call at most.
        #[test]
        fn a_cap_is_passed_by_one_calls_input_at_most(
            ratio in 1_u64..20,
            added in 0_u64..50,
            cap in 500_u64..60_000,
            input in 1_u64..2_000,
            cached in any::<bool>(),
        ) {
            let caps = Caps { tokens: Some(cap), ..caps() };
            let id = model("a.x");
            let call = async || {
                let Ok(hold) = caps.hold(&id, most(input, 100)).await else { return 0 };
                // Others begin meanwhile.
                tokio::task::yield_now().await;
                let counted = input * ratio + added;
                let mut usage = match cached {
                    true => Usage { cache_write_tokens: Some(counted), output_tokens: 100, ..Usage::default() },
                    false => Usage { input_tokens: counted, output_tokens: 100, ..Usage::default() },
                };
                hold.settle(&mut usage);
                counted + 100
            };
            let used: u64 = run(join_all((0..64).map(|_| call()))).into_iter().sum();
            prop_assert!(used <= cap + input * ratio + added, "{used} of {cap}");
        }
    }
}
