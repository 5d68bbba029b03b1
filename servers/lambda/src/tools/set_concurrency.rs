use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns,
    names::{FunctionName, Qualifier},
};

/// Sets or removes a function's reserved concurrency, or the provisioned concurrency of a version or alias.
///
/// Reserved 0 stops every call.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetConcurrency {
    function: FunctionName,
    /// For provisioned concurrency.
    qualifier: Option<Qualifier>,
    #[schemars(range(min = 0))]
    reserved: Option<i32>,
    #[schemars(range(min = 1))]
    provisioned: Option<i32>,
    /// Instead of setting it.
    remove: Option<Kinds>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kinds {
    Reserved,
    Provisioned,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    function: String,
    qualifier: Option<String>,
    reserved: Option<i32>,
    provisioned: Option<i32>,
    removed: Option<&'static str>,
    status: Option<String>,
}

/// What is to be done, checked.
#[derive(Serialize)]
enum Wanted {
    Reserve(i32),
    Release,
    Provision(String, i32),
    Unprovision(String),
}

/// What was confirmed, and the concurrency that it changes. AWS takes it under no condition.
#[derive(Serialize)]
pub(crate) struct Step {
    wanted: Wanted,
    now: Option<i32>,
}

impl Change for SetConcurrency {
    type Service = Lambda;
    type Output = One<Done>;
    type Items = Step;
    const SPEC: Spec = Spec::write("set_concurrency", "Set concurrency")
        .shown_by("get_function")
        .when("reserved")
        .on(arns::FUNCTION, &["lambda:GetFunctionConcurrency", "lambda:PutFunctionConcurrency"])
        .when("remove=reserved")
        .on(arns::FUNCTION, &["lambda:GetFunctionConcurrency", "lambda:DeleteFunctionConcurrency"])
        .when("provisioned")
        .on(
            arns::QUALIFIED_FUNCTION,
            &["lambda:GetProvisionedConcurrencyConfig", "lambda:PutProvisionedConcurrencyConfig"],
        )
        .when("remove=provisioned")
        .on(
            arns::QUALIFIED_FUNCTION,
            &["lambda:GetProvisionedConcurrencyConfig", "lambda:DeleteProvisionedConcurrencyConfig"],
        )
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Step>> {
        let (function, wanted) = (self.function.base(), self.wanted()?);
        let now = self.present(cx, &function, &wanted).await?;
        let from = now.map_or_else(|| "none".to_owned(), |count| count.to_string());
        let name = &self.function;
        let shrinks = |count: i32| now.is_some_and(|now| count < now);
        let plan = match &wanted {
            wanted if wanted.is_done(now) => Plan::new(format!(
                "leave the {} concurrency of {name} as it is, which is {from}: nothing changes",
                wanted.kind()
            )),
            Wanted::Reserve(0) => {
                Plan::new(format!("set the reserved concurrency of {name} from {from} to 0"))
                    .warning("every call is throttled from then on")
                    .ask()
            }
            Wanted::Reserve(count) => {
                let plan = Plan::new(format!(
                    "set the reserved concurrency of {name} from {from} to {count}"
                ))
                .warning(format!(
                    "it never gets more than {count} at once, and all other functions share what is left"
                ));
                if shrinks(*count) { plan.ask() } else { plan }
            }
            Wanted::Release => {
                Plan::new(format!("remove the reserved concurrency of {name}, which is {from}"))
            }
            Wanted::Provision(qualifier, count) => {
                let plan = Plan::new(format!(
                    "set the provisioned concurrency of {name}:{qualifier} from {from} to {count}"
                ))
                .warning("provisioned environments are billed while they stand");
                if shrinks(*count) { plan.ask() } else { plan }
            }
            Wanted::Unprovision(qualifier) => Plan::new(format!(
                "remove the provisioned concurrency of {name}:{qualifier}, which is {from}"
            ))
            .warning("its environments end, and calls begin cold")
            .ask(),
        };
        Ok(plan.items(Step { wanted, now }))
    }

    async fn apply(self, step: Step, cx: &Call<Lambda>) -> Result<Self::Output> {
        let Step { wanted, now: seen } = step;
        let function = self.function.base();
        let mut done = Done {
            function: self.function.to_string(),
            qualifier: None,
            reserved: None,
            provisioned: None,
            removed: None,
            status: None,
        };
        if wanted.is_done(seen) {
            match wanted {
                Wanted::Reserve(_) | Wanted::Release => done.reserved = seen,
                Wanted::Provision(qualifier, _) | Wanted::Unprovision(qualifier) => {
                    (done.qualifier, done.provisioned) = (Some(qualifier), seen);
                }
            }
            return Ok(One(done));
        }
        let now = self.present(cx, &function, &wanted).await?;
        unchanged(&format!("the {} concurrency of {}", wanted.kind(), self.function), &seen, &now)?;
        let client = &cx.client().lambda;
        match wanted {
            Wanted::Reserve(count) => {
                let request = client.put_function_concurrency().function_name(function);
                done.reserved = request
                    .reserved_concurrent_executions(count)
                    .send()
                    .await?
                    .reserved_concurrent_executions;
            }
            Wanted::Release => {
                client.delete_function_concurrency().function_name(function).send().await?;
                done.removed = Some("reserved");
            }
            Wanted::Provision(qualifier, count) => {
                let request = client.put_provisioned_concurrency_config().function_name(function);
                let out =
                    request.qualifier(&qualifier).provisioned_concurrent_executions(count).send().await?;
                done.qualifier = Some(qualifier);
                done.provisioned = out.requested_provisioned_concurrent_executions;
                done.status = out.status.map(|status| status.to_string());
            }
            Wanted::Unprovision(qualifier) => {
                let request = client.delete_provisioned_concurrency_config().function_name(function);
                request.qualifier(&qualifier).send().await?;
                done.qualifier = Some(qualifier);
                done.removed = Some("provisioned");
            }
        }
        Ok(One(done))
    }
}

impl Wanted {
    /// Whether it is so already. `now` is the concurrency as it was seen.
    fn is_done(&self, now: Option<i32>) -> bool {
        match self {
            Wanted::Reserve(count) | Wanted::Provision(_, count) => now == Some(*count),
            Wanted::Release | Wanted::Unprovision(_) => now.is_none(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Wanted::Reserve(_) | Wanted::Release => "reserved",
            Wanted::Provision(..) | Wanted::Unprovision(_) => "provisioned",
        }
    }
}

impl SetConcurrency {
    fn wanted(&self) -> Result<Wanted> {
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let needs = || {
            Error::invalid("provisioned concurrency belongs to a version or an alias: give `qualifier`")
                .with_next("list_versions shows them")
        };
        if qualifier.as_deref() == Some("$LATEST") && self.provisioned.is_some() {
            return Err(needs());
        }
        match (self.reserved, self.provisioned, self.remove) {
            (Some(count), None, None) => self.function.unqualified().map(|()| Wanted::Reserve(count)),
            (None, None, Some(Kinds::Reserved)) => self.function.unqualified().map(|()| Wanted::Release),
            (None, Some(count), None) => Ok(Wanted::Provision(qualifier.ok_or_else(needs)?, count)),
            (None, None, Some(Kinds::Provisioned)) => Ok(Wanted::Unprovision(qualifier.ok_or_else(needs)?)),
            _ => Err(Error::invalid("give one of `reserved`, `provisioned` and `remove`")),
        }
    }

    async fn present(&self, cx: &Call<Lambda>, function: &str, wanted: &Wanted) -> Result<Option<i32>> {
        let client = &cx.client().lambda;
        let asked = match wanted {
            Wanted::Reserve(_) | Wanted::Release => client
                .get_function_concurrency()
                .function_name(function)
                .send()
                .await
                .map(|out| out.reserved_concurrent_executions)
                .map_err(Error::from),
            Wanted::Provision(qualifier, _) | Wanted::Unprovision(qualifier) => client
                .get_provisioned_concurrency_config()
                .function_name(function)
                .qualifier(qualifier)
                .send()
                .await
                .map(|out| out.requested_provisioned_concurrent_executions)
                .map_err(Error::from),
        };
        match asked {
            Err(error) if error.code.as_deref() == Some("ProvisionedConcurrencyConfigNotFoundException") => {
                Ok(None)
            }
            // Whether there is such a function is said when it is set.
            Err(error) if error.kind == Kind::NotFound && matches!(wanted, Wanted::Provision(..)) => Ok(None),
            found => found,
        }
    }
}
