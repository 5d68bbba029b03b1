//! What models cost, as the operator tells it.

use globset::{Glob, GlobMatcher};

use crate::{names::ModelId, usage::Usage};

/// What a family of models costs, in USD per million tokens.
#[derive(Debug)]
pub(crate) struct Price {
    models: GlobMatcher,
    /// `priority`, `flex` or `fast`, where it is the price of that.
    tier: Option<String>,
    input: f64,
    output: f64,
    cache_read: f64,
    cache_write: f64,
}

impl Price {
    fn fits(&self, model: &ModelId) -> bool {
        self.models.is_match(model.as_str()) || self.models.is_match(model.short())
    }

    pub(crate) fn of(&self, usage: &Usage) -> f64 {
        let part = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        part(usage.input_tokens, self.input)
            + part(usage.output_tokens, self.output)
            + part(usage.cache_read_tokens.unwrap_or(0), self.cache_read)
            + part(usage.cache_write_tokens.unwrap_or(0), self.cache_write)
    }

    /// The most that so many tokens can cost, in and out: any of them may be read from a cache, and written to it where the
    /// call has cache points.
    pub(crate) fn most(&self, input: u64, output: u64, caches: bool) -> f64 {
        let written = if caches { self.cache_write } else { 0.0 };
        let dearest = self.input.max(self.cache_read).max(written);
        (input as f64 * dearest + output as f64 * self.output) / 1e6
    }
}

/// The price of a model, by what is called and by the model behind it, served in a tier: the first that fits and is of that tier. Where the tier has none of its own, the
/// usual one holds for what is cheaper than usual.
pub(crate) fn find<'a>(prices: &'a [Price], names: [&ModelId; 2], tier: Option<&str>) -> Option<&'a Price> {
    const CHEAPER: &str = "flex";
    let fits = |price: &Price| names.iter().any(|name| price.fits(name));
    let of = |tier: Option<&str>| prices.iter().find(|price| price.tier.as_deref() == tier && fits(price));
    match tier {
        Some(tier) if tier != CHEAPER => of(Some(tier)),
        tier => of(tier).or_else(|| of(None)),
    }
}

pub(crate) fn dollars(text: &str) -> Result<f64, String> {
    let wrong = || format!("{text:?} is not an amount of USD; a good one is 2.50");
    let amount: f64 = text.trim().trim_start_matches('$').parse().map_err(|_| wrong())?;
    if amount.is_finite() && amount >= 0.0 { Ok(amount) } else { Err(wrong()) }
}

pub(crate) fn prices(text: &str) -> Result<Vec<Price>, String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(price).collect()
}

fn price(text: &str) -> Result<Price, String> {
    const TIERS: [&str; 3] = ["fast", "flex", "priority"];
    let wrong = || {
        format!(
            "{text:?} is not a price; good ones are *nova-lite*=0.06/0.24, *claude*=3/15/0.3/3.75 and \
             *nova-lite*@priority=0.105/0.42"
        )
    };
    let (models, figures) = text.rsplit_once('=').ok_or_else(wrong)?;
    let (models, tier) = match models.trim().split_once('@') {
        Some((models, tier)) if TIERS.contains(&tier) => (models, Some(tier.to_owned())),
        Some(_) => return Err(wrong()),
        None => (models.trim(), None),
    };
    let models = Glob::new(models).map_err(|_| wrong())?.compile_matcher();
    let figures: Vec<f64> = figures.split('/').map(dollars).collect::<Result<_, _>>().map_err(|_| wrong())?;
    let (input, output, cache_read, cache_write) = match figures.as_slice() {
        // Without a price of their own, cached tokens cost no less than AWS takes: reading as much as input, writing
        // (for an hour) twice that.
        [input, output] => (*input, *output, *input, input * 2.0),
        [input, output, cache_read, cache_write] => (*input, *output, *cache_read, *cache_write),
        _ => return Err(wrong()),
    };
    Ok(Price { models, tier, input, output, cache_read, cache_write })
}

#[cfg(test)]
mod tests {
    use awsmcp_mcp::ResourceArgument;

    use super::*;

    fn model(id: &str) -> ModelId {
        ModelId::parse(id).unwrap()
    }

    #[test]
    fn prices_are_per_million_and_the_first_that_fits_holds() {
        let all = prices("*nova-lite*=0.06/0.24, *claude*=3/15/0.3/3.75, *=1/1").unwrap();
        let of =
            |id: &str, usage: Usage| find(&all, [&model(id); 2], None).map(|price| price.of(&usage)).unwrap();
        let usage = Usage { input_tokens: 1_000_000, output_tokens: 500_000, ..Usage::default() };
        assert!((of("us.amazon.nova-lite-v1:0", usage) - 0.18).abs() < 1e-9);
        let cached =
            Usage { cache_read_tokens: Some(1_000_000), cache_write_tokens: Some(1_000_000), ..usage };
        assert!((of("anthropic.claude-sonnet-4", cached) - (3.0 + 7.5 + 0.3 + 3.75)).abs() < 1e-9);
        assert!((of("amazon.nova-lite-v1:0", cached) - (0.18 + 0.06 + 0.12)).abs() < 1e-9);
        for wrong in ["x", "x=1", "x=1/2/3", "x=a/b", "[=1/2", "x=-1/2", "x=NaN/1", "x@cheap=1/2"] {
            assert!(prices(wrong).unwrap_err().contains("good ones are"), "{wrong}");
        }
    }

    #[test]
    fn a_profile_has_the_price_of_its_own_or_of_the_model_behind_it_whichever_is_told_first() {
        let profile =
            model("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56");
        let lite = model("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0");
        let output = |told: &str| {
            let all = prices(told).unwrap();
            find(&all, [&profile, &lite], None).map(|price| price.output)
        };
        assert_eq!(output("*nova-lite*=1/10, *=2/20"), Some(10.0));
        assert_eq!(output("*ab12cd34ef56=3/30, *nova-lite*=1/10"), Some(30.0));
        assert_eq!(output("*nova-pro*=1/10"), None);
    }

    #[test]
    fn a_tier_that_costs_more_needs_its_price() {
        let all = prices("*nova*=1/10, *nova*@priority=2/20").unwrap();
        let lite = model("amazon.nova-lite-v1:0");
        let output = |tier: Option<&str>| find(&all, [&lite, &lite], tier).map(|price| price.output);
        assert_eq!([None, Some("flex"), Some("priority")].map(output), [Some(10.0), Some(10.0), Some(20.0)]);
        assert_eq!(output(Some("fast")), None);
    }

    #[test]
    fn what_may_be_cached_is_put_aside_at_the_dearest_price() {
        let [plain, cached] = prices("a=1/2, b=3/15/0.3/3.75").unwrap().try_into().unwrap();
        assert!((plain.most(1_000_000, 0, false) - 1.0).abs() < 1e-9);
        assert!((plain.most(1_000_000, 0, true) - 2.0).abs() < 1e-9);
        assert!((cached.most(1_000_000, 1_000_000, true) - 18.75).abs() < 1e-9);
        assert!((cached.most(1_000_000, 0, false) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn amounts_are_positive_numbers() {
        assert_eq!(dollars("$2.50"), Ok(2.5));
        for wrong in ["", "-1", "inf", "much"] {
            assert!(dollars(wrong).is_err(), "{wrong}");
        }
    }
}
