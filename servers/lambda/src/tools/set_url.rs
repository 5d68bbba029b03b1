use aws_sdk_lambda::{
    operation::get_function_url_config::GetFunctionUrlConfigOutput,
    types::{Cors, FunctionUrlAuthType, InvokeMode},
};
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, unchanged};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Lambda, arns,
    names::{FunctionName, Qualifier},
};

/// Makes, changes or removes a function's URL.
///
/// `none` as auth asks first; set_permission, once with `url_auth` and once with `via_url`, then lets the public in.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUrl {
    function: FunctionName,
    /// An alias; else $LATEST.
    qualifier: Option<Qualifier>,
    auth: Option<Auth>,
    /// Whether answers are streamed.
    streaming: Option<bool>,
    /// Origins that browsers may call from; an empty list takes CORS away.
    cors_origins: Option<Vec<String>>,
    cors_methods: Option<Vec<String>>,
    cors_headers: Option<Vec<String>>,
    #[serde(default)]
    remove: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Auth {
    Iam,
    None,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    function: String,
    url: Option<String>,
    auth: Option<String>,
    removed: Option<bool>,
}

/// The URL as it was looked at; none where there is none yet. AWS takes a change of it under no condition.
#[derive(Serialize)]
pub(crate) struct Seen {
    url: Option<(String, Value)>,
    /// Whether the call changes anything.
    changes: bool,
}

impl Change for SetUrl {
    type Service = Lambda;
    type Output = One<Done>;
    type Items = Seen;
    const SPEC: Spec = Spec::write("set_url", "Set URL")
        .shown_by("get_function")
        .when("not qualifier")
        .on(
            arns::FUNCTION,
            &[
                "lambda:GetFunctionUrlConfig",
                "lambda:CreateFunctionUrlConfig",
                "lambda:UpdateFunctionUrlConfig",
            ],
        )
        .when("not qualifier and remove")
        .on(arns::FUNCTION, &["lambda:DeleteFunctionUrlConfig"])
        .when("qualifier")
        .on(
            arns::QUALIFIED_FUNCTION,
            &[
                "lambda:GetFunctionUrlConfig",
                "lambda:CreateFunctionUrlConfig",
                "lambda:UpdateFunctionUrlConfig",
            ],
        )
        .when("qualifier and remove")
        .on(arns::QUALIFIED_FUNCTION, &["lambda:DeleteFunctionUrlConfig"])
        .optional()
        .idempotent();

    async fn plan(&self, cx: &Call<Lambda>) -> Result<Plan<Seen>> {
        if self.takes_cors_away() && (self.cors_methods.is_some() || self.cors_headers.is_some()) {
            return Err(Error::invalid(
                "an empty `cors_origins` takes CORS away: leave `cors_methods` and `cors_headers` out",
            ));
        }
        let present = self.present(cx).await?;
        let url = present.as_ref().map(described);
        let before = url.as_ref().map(|(_, settings)| settings.clone());
        let place = self.place()?;
        if self.remove {
            let address = self.existing(present)?.function_url;
            return Ok(Plan::new(format!("remove the URL {address} of {place}"))
                .warning("its address is gone for good: a new URL gets another one")
                .ask()
                .items(Seen { url, changes: true }));
        }
        let after = self.over(before.clone());
        let is_open = |settings: &Value| settings.get("auth") == Some(&json!("NONE"));
        let (was_open, opens) = (before.as_ref().is_some_and(is_open), is_open(&after));
        let changes = before.as_ref() != Some(&after);
        let mut plan = Plan::new(match &before {
            None => format!("make the URL of {place}"),
            Some(_) if changes => format!("change the URL of {place}"),
            Some(_) => format!("leave the URL of {place} as it is: nothing changes"),
        });
        if opens && !was_open {
            plan = plan
                .warning("anybody on the internet may call it, once two policy statements with principal * say so too")
                .ask();
        }
        if was_open && !opens {
            plan = plan.warning("whoever calls it without signing gets 403 from then on").ask();
        }
        Ok(plan.difference(before.as_ref(), Some(&after)).items(Seen { url, changes }))
    }

    async fn apply(self, seen: Seen, cx: &Call<Lambda>) -> Result<Self::Output> {
        let name = self.function.to_string();
        if !seen.changes {
            let (url, settings) = seen.url.unwrap_or_default();
            let auth = settings.get("auth").and_then(Value::as_str).map(str::to_owned);
            return Ok(One(Done { function: name, url: Some(url), auth, removed: None }));
        }
        let present = self.present(cx).await?;
        unchanged(&format!("the URL of {}", self.place()?), &seen.url, &present.as_ref().map(described))?;
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let client = &cx.client().lambda;
        if self.remove {
            let url = self.existing(present)?.function_url;
            let request = client.delete_function_url_config().function_name(function);
            request.set_qualifier(qualifier).send().await?;
            return Ok(One(Done { function: name, url: Some(url), auth: None, removed: Some(true) }));
        }
        let (mode, auth) = (self.mode(), self.auth.map(FunctionUrlAuthType::from));
        let cors = self.cors(present.as_ref());
        let (url, auth) = if present.is_some() {
            let request =
                client.update_function_url_config().function_name(function).set_qualifier(qualifier);
            let out = request.set_auth_type(auth).set_cors(cors).set_invoke_mode(mode).send().await?;
            (out.function_url, out.auth_type)
        } else {
            // AWS makes no second one.
            let request =
                client.create_function_url_config().function_name(function).set_qualifier(qualifier);
            let auth = auth.unwrap_or(FunctionUrlAuthType::AwsIam);
            let out = request.auth_type(auth).set_cors(cors).set_invoke_mode(mode).send().await?;
            (out.function_url, out.auth_type)
        };
        Ok(One(Done { function: name, url: Some(url), auth: Some(auth.to_string()), removed: None }))
    }
}

impl From<Auth> for FunctionUrlAuthType {
    fn from(auth: Auth) -> Self {
        match auth {
            Auth::Iam => FunctionUrlAuthType::AwsIam,
            Auth::None => FunctionUrlAuthType::None,
        }
    }
}

impl SetUrl {
    /// The settings with what the call names.
    fn over(&self, before: Option<Value>) -> Value {
        let mut after = before.unwrap_or_else(|| json!({"auth": "AWS_IAM", "mode": "BUFFERED"}));
        if self.takes_cors_away()
            && let Some(fields) = after.as_object_mut()
        {
            fields.retain(|name, _| ["auth", "mode"].contains(&name.as_str()));
            fields.extend(OF_CORS.map(|name| (name.to_owned(), Value::Null)));
        }
        let mut set = |name: &str, value: Option<Value>| {
            if let (Some(value), Some(fields)) = (value, after.as_object_mut()) {
                fields.insert(name.to_owned(), value);
            }
        };
        set("auth", self.auth.map(|auth| json!(FunctionUrlAuthType::from(auth).as_str())));
        set("mode", self.mode().map(|mode| json!(mode.as_str())));
        if !self.takes_cors_away() {
            set("origins", self.cors_origins.as_ref().map(|origins| json!(origins)));
            set("methods", self.cors_methods.as_ref().map(|methods| json!(methods)));
            set("headers", self.cors_headers.as_ref().map(|headers| json!(headers)));
        }
        after
    }

    /// Without an origin nothing of it means anything.
    fn takes_cors_away(&self) -> bool {
        self.cors_origins.as_ref().is_some_and(Vec::is_empty)
    }

    fn place(&self) -> Result<String> {
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        Ok(qualifier
            .map_or_else(|| self.function.to_string(), |qualifier| format!("{}:{qualifier}", self.function)))
    }

    fn mode(&self) -> Option<InvokeMode> {
        self.streaming
            .map(|streaming| if streaming { InvokeMode::ResponseStream } else { InvokeMode::Buffered })
    }

    async fn present(&self, cx: &Call<Lambda>) -> Result<Option<GetFunctionUrlConfigOutput>> {
        let function = self.function.base();
        let qualifier = self.function.qualifier(self.qualifier.as_ref())?;
        let asked =
            cx.client().lambda.get_function_url_config().function_name(function).set_qualifier(qualifier);
        match asked.send().await.map_err(Error::from) {
            Ok(out) => Ok(Some(out)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn existing(&self, present: Option<GetFunctionUrlConfigOutput>) -> Result<GetFunctionUrlConfigOutput> {
        present.ok_or_else(|| {
            Error::not_found(format!("{} has no URL there", self.function))
                .with_next("get_function shows its URLs")
        })
    }

    /// All of CORS is replaced at once, so what is not given is kept from before.
    fn cors(&self, present: Option<&GetFunctionUrlConfigOutput>) -> Option<Cors> {
        if self.cors_origins.is_none() && self.cors_methods.is_none() && self.cors_headers.is_none() {
            return None;
        }
        if self.takes_cors_away() {
            return Some(Cors::builder().build());
        }
        let before = present.and_then(|url| url.cors.clone()).unwrap_or_else(|| Cors::builder().build());
        let kept = |new: &Option<Vec<String>>, old: Option<Vec<String>>| new.clone().or(old);
        Some(
            Cors::builder()
                .set_allow_origins(kept(&self.cors_origins, before.allow_origins))
                .set_allow_methods(kept(&self.cors_methods, before.allow_methods))
                .set_allow_headers(kept(&self.cors_headers, before.allow_headers))
                .set_expose_headers(before.expose_headers)
                .set_allow_credentials(before.allow_credentials)
                .set_max_age(before.max_age)
                .build(),
        )
    }
}

/// The settings that are CORS's.
const OF_CORS: [&str; 6] =
    ["origins", "methods", "headers", "exposed_headers", "credentials", "max_age_seconds"];

/// Its address, and its settings.
fn described(url: &GetFunctionUrlConfigOutput) -> (String, Value) {
    let cors = url.cors.as_ref();
    let settings = json!({
        "auth": url.auth_type.as_str(),
        "mode": url.invoke_mode.as_ref().map_or("BUFFERED", |mode| mode.as_str()),
        "origins": cors.and_then(|cors| cors.allow_origins.clone()),
        "methods": cors.and_then(|cors| cors.allow_methods.clone()),
        "headers": cors.and_then(|cors| cors.allow_headers.clone()),
        "exposed_headers": cors.and_then(|cors| cors.expose_headers.clone()),
        "credentials": cors.and_then(|cors| cors.allow_credentials),
        "max_age_seconds": cors.and_then(|cors| cors.max_age),
    });
    (url.function_url.clone(), settings)
}
