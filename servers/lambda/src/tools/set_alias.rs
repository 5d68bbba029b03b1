use aws_sdk_lambda::{operation::get_alias::GetAliasOutput, types::AliasRoutingConfiguration};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Lambda, arns, lists,
    names::{FunctionName, Qualifier},
    times::modified,
};

/// Points an alias to a version, with a canary if wanted, or rolls it back; makes the alias if there is none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetAlias {
    function: FunctionName,
    alias: Qualifier,
    version: Option<Qualifier>,
    /// A second version that gets `canary_percent` of the calls.
    canary_version: Option<Qualifier>,
    #[schemars(range(min = 0, max = 100))]
    canary_percent: Option<f64>,
    /// Ends the canary, or else goes back to the next lower version, which asks.
    #[serde(default)]
    rollback: bool,
    description: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Alias {
    alias: String,
    version: String,
    canary_version: Option<String>,
    canary_percent: Option<f64>,
    description: Option<String>,
}

/// What was confirmed: the alias as it is to be.
#[derive(Serialize)]
pub(crate) struct Step {
    after: Alias,
    /// That of the alias as it was; none of one that is to be made.
    revision: Option<String>,
    is_new: bool,
    /// Whether the canary is set or ended; else it stays as it is.
    sets_canary: bool,
}

impl Change for SetAlias {
    type Service = Lambda;
    type Output = One<Alias>;
    type Items = Step;
    const SPEC: Spec = Spec::write("set_alias", "Set alias")
        .shown_by("list_versions")
        .on(arns::FUNCTION, &["lambda:GetAlias", "lambda:CreateAlias", "lambda:UpdateAlias"])
        .when("rollback")
        .on(arns::FUNCTION, &["lambda:ListVersionsByFunction"])
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Step>> {
        self.is_name()?;
        let (before, revision) = self.present(cx).await?.unzip();
        let (after, guess) = self.wanted(cx, before.as_ref()).await?;
        after.can_be()?;
        self.may_call(cx, &after).await?;
        let what = if before.is_some() { "point" } else { "make" };
        let share = after
            .canary_version
            .as_ref()
            .zip(after.canary_percent)
            .map(|(version, percent)| format!(", with {percent} % of the calls to version {version}"));
        let mut plan = Plan::new(format!(
            "{what} alias {} of {} to version {}{}",
            after.alias,
            self.function,
            after.version,
            share.unwrap_or_default()
        ));
        let (old, new) = (before.as_ref().map(json), json(&after));
        if old.as_ref() == Some(&new) {
            plan = plan.warning("it does so already");
        }
        if after.version == "$LATEST" {
            plan = plan.warning("$LATEST changes with every update: an alias of it cannot be rolled back");
        }
        if let Some(guess) = guess {
            plan = plan.warning(guess).ask();
        }
        let canary = |alias: &Alias| (alias.canary_version.clone(), alias.canary_percent);
        let sets_canary = before.as_ref().map(canary).unwrap_or_default() != canary(&after);
        if let Some((version, percent)) = before.as_ref().and_then(|before| {
            before
                .canary_version
                .as_ref()
                .zip(before.canary_percent)
                .filter(|_| after.canary_version.is_none())
        }) {
            plan = plan.warning(format!("the canary ends: {percent} % of the calls to version {version}"));
        }
        let step = Step { after, revision: revision.flatten(), is_new: before.is_none(), sets_canary };
        Ok(plan.difference(old.as_ref(), Some(&new)).items(step))
    }

    async fn apply(self, step: Step, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let Step { after, revision, is_new, sets_canary } = step;
        let weight = after.canary_version.clone().zip(after.canary_percent);
        let routing = AliasRoutingConfiguration::builder();
        let routing = match weight {
            Some((version, percent)) => routing.additional_version_weights(version, percent / 100.0).build(),
            // An empty map takes the weights away.
            None => routing.set_additional_version_weights(Some(Default::default())).build(),
        };
        let routing = sets_canary.then_some(routing);
        let client = &cx.client().lambda;
        if is_new {
            client
                .create_alias()
                .function_name(function)
                .name(&after.alias)
                .function_version(&after.version)
                .set_description(self.description)
                .set_routing_config(routing)
                .send()
                .await?;
        } else {
            // What is not sent stays as it is.
            client
                .update_alias()
                .function_name(function)
                .name(&after.alias)
                .function_version(&after.version)
                .set_description(self.description)
                .set_routing_config(routing)
                .set_revision_id(revision)
                .send()
                .await?;
        }
        Ok(One(after))
    }
}

impl SetAlias {
    /// # Errors
    /// When AWS takes it for a version.
    fn is_name(&self) -> Result<()> {
        let alias = self.alias.as_str();
        if alias == "$LATEST" || alias.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::invalid(format!("{alias:?} is a version and no name of an alias"))
                .with_next("a good one is prod"));
        }
        Ok(())
    }

    /// The alias as it is, and its revision.
    async fn present(&self, cx: &Call<Lambda>) -> Result<Option<(Alias, Option<String>)>> {
        self.function.unqualified()?;
        let function = self.function.base();
        let asked = cx.client().lambda.get_alias().function_name(function).name(self.alias.as_str()).send();
        match asked.await.map_err(Error::from) {
            Ok(out) => {
                let revision = out.revision_id.clone();
                Ok(Some((Alias::of(out), revision)))
            }
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whoever may call the alias runs what it points to: a version is put behind it only where it might be called itself.
    async fn may_call(&self, cx: &Call<Lambda>, alias: &Alias) -> Result<()> {
        for version in [Some(&alias.version), alias.canary_version.as_ref()].into_iter().flatten() {
            self.function.may(cx, "lambda:InvokeFunction", Some(version)).await?;
        }
        Ok(())
    }

    /// The alias as it is to be, and what about it is a guess.
    async fn wanted(&self, cx: &Call<Lambda>, before: Option<&Alias>) -> Result<(Alias, Option<String>)> {
        let text = |qualifier: &Option<Qualifier>| qualifier.as_ref().map(|found| found.as_str().to_owned());
        let description =
            self.description.clone().or_else(|| before.and_then(|before| before.description.clone()));
        let alias = self.alias.as_str().to_owned();
        let given = text(&self.version);
        let canary = text(&self.canary_version).zip(self.canary_percent);
        if self.canary_version.is_some() != self.canary_percent.is_some() {
            return Err(Error::invalid("`canary_version` and `canary_percent` go together"));
        }
        if self.rollback {
            if given.is_some() || canary.is_some() {
                return Err(Error::invalid("`rollback` finds the version itself: leave the others out"));
            }
            let before =
                before.ok_or_else(|| Error::not_found(format!("there is no alias {alias} to roll back")))?;
            let (version, guess) = match before.canary_version {
                Some(_) => (before.version.clone(), None),
                None => {
                    let (version, guess) = self.version_below(cx, &before.version).await?;
                    (version, Some(guess))
                }
            };
            return Ok((
                Alias { alias, version, canary_version: None, canary_percent: None, description },
                guess,
            ));
        }
        // A canary that nobody mentions goes on; another version ends it.
        let kept = before
            .filter(|_| given.is_none())
            .and_then(|before| before.canary_version.clone().zip(before.canary_percent));
        let version = given.or_else(|| before.map(|before| before.version.clone())).ok_or_else(|| {
            Error::invalid(format!("there is no alias {alias} yet: `version` is missing"))
                .with_next("list_versions shows the versions")
        })?;
        let (canary_version, canary_percent) = canary.or(kept).unzip();
        Ok((Alias { alias, version, canary_version, canary_percent, description }, None))
    }

    /// The highest version below, and what is known of it: AWS keeps no history of an alias.
    async fn version_below(&self, cx: &Call<Lambda>, version: &str) -> Result<(String, String)> {
        let number: u64 = version.parse().map_err(|_| {
            Error::invalid(format!("the alias points to {version}, which has no version before it"))
        })?;
        let versions = lists::versions(cx, &self.function.base()).await?;
        let below = versions.into_iter().filter_map(|known| {
            let older = known.version.as_ref()?.parse::<u64>().ok().filter(|older| *older < number)?;
            let made = known.last_modified.as_deref().map(modified).unwrap_or_default();
            let about = known.description.filter(|text| !text.is_empty());
            Some((older, format!("of {made}{}", about.map(|it| format!(", {it:?}")).unwrap_or_default())))
        });
        let found = below.max_by_key(|(older, _)| *older);
        let (older, about) = found.ok_or_else(|| {
            Error::not_found(format!("there is no version before {version}"))
                .with_next("list_versions shows the versions")
        })?;
        let guess = format!(
            "AWS keeps no history of an alias: {older} ({about}) is only the highest number below {version}; `version` \
             names another"
        );
        Ok((older.to_string(), guess))
    }
}

impl Alias {
    /// # Errors
    /// When AWS takes no such canary: <https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html>.
    fn can_be(&self) -> Result<()> {
        let Some(canary) = self.canary_version.as_deref() else { return Ok(()) };
        if [canary, self.version.as_str()].contains(&"$LATEST") {
            return Err(Error::invalid(
                "an alias with a canary points to published versions only, not to $LATEST",
            )
            .with_next("publish_version makes a version of it"));
        }
        if canary == self.version {
            return Err(Error::invalid(format!(
                "the canary is version {canary}, to which the alias points anyway"
            ))
            .with_next("give `canary_version` another one; list_versions shows them"));
        }
        Ok(())
    }

    fn of(out: GetAliasOutput) -> Alias {
        let weights = out.routing_config.and_then(|routing| routing.additional_version_weights);
        let (canary_version, canary_percent) = weights
            .and_then(|weights| weights.into_iter().next())
            .map(|(version, weight)| (version, crate::metrics::rounded(weight * 100.0)))
            .unzip();
        Alias {
            alias: out.name.unwrap_or_default(),
            version: out.function_version.unwrap_or_default(),
            canary_version,
            canary_percent,
            description: out.description.filter(|text| !text.is_empty()),
        }
    }
}

fn json(alias: &Alias) -> Value {
    serde_json::to_value(alias).unwrap_or_default()
}
