use std::collections::BTreeMap;

use awsmcp_mcp::{Call, Error, Kind, One, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns,
    configuration::current,
    names::{FunctionName, Qualifier},
};

/// Shows a function's environment variables with their values, which may be secrets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetEnvironment {
    function: FunctionName,
    qualifier: Option<Qualifier>,
    /// Only these.
    names: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Environment {
    variables: BTreeMap<String, String>,
    /// Asked for, but not there.
    missing: Vec<String>,
}

impl Tool for GetEnvironment {
    type Service = Lambda;
    type Output = One<Environment>;
    const SPEC: Spec = Spec::reveal("get_environment", "Reveal environment")
        .when("not qualifier")
        .on(arns::FUNCTION, &["lambda:GetFunctionConfiguration"])
        .when("qualifier")
        .on(arns::QUALIFIED_FUNCTION, &["lambda:GetFunctionConfiguration"])
        .optional()
        .quotes();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let config = current(cx, &function, qualifier.as_deref()).await?;
        let environment = config.environment;
        if let Some(error) = environment.as_ref().and_then(|environment| environment.error.as_ref()) {
            let why = error.message.as_deref().unwrap_or("no reason was given");
            return Err(Error::new(
                Kind::AccessDenied,
                format!("AWS could not decrypt the environment: {why}"),
            )
            .with_next(
                "the caller needs kms:Decrypt on the function's key; get_function shows which that is",
            ));
        }
        let mut variables: BTreeMap<String, String> = environment
            .and_then(|environment| environment.variables)
            .unwrap_or_default()
            .into_iter()
            .collect();
        let mut missing = Vec::new();
        if let Some(names) = self.names {
            missing = names.iter().filter(|name| !variables.contains_key(*name)).cloned().collect();
            variables.retain(|name, _| names.contains(name));
        }
        Ok(One(Environment { variables, missing }))
    }
}
