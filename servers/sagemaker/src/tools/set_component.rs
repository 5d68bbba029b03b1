use aws_sdk_sagemaker::{
    operation::{
        create_inference_component::CreateInferenceComponentInput,
        describe_inference_component::DescribeInferenceComponentOutput,
        update_inference_component::UpdateInferenceComponentInput,
    },
    types::{EndpointStatus, InferenceComponentSpecification, InferenceComponentStatus},
};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Change, Error, Kind, One, Plan, Result, Spec, moved, patched};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    SageMaker, arns, endpoints,
    fields::{text, whole},
    jobs::{Object, gone},
    names::{ComponentName, EndpointName, ModelName},
    scope,
    secrets::shown,
    shape,
};

/// Puts a model on an endpoint that other models share, as an inference component, or changes one (what is not named stays).
///
/// It goes on in AWS: `describe_endpoint` shows its copies. `scale_endpoint` changes their number only.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetComponent {
    endpoint: EndpointName,
    component: ComponentName,
    model: Option<ModelName>,
    /// Of a new one; default the endpoint's only one.
    variant: Option<String>,
    /// Default of a new one 1.
    #[schemars(range(min = 0))]
    copies: Option<i32>,
    /// Accelerators of each copy.
    accelerators: Option<f32>,
    /// vCPUs of each copy.
    cpus: Option<f32>,
    /// Of each copy; a new one needs it.
    #[schemars(range(min = 128))]
    memory_mb: Option<i32>,
    /// AWS's InferenceComponentSpecification fields that differ, such as StartupParameters; null takes one away.
    #[serde(default)]
    specification: Object,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    component: String,
    endpoint: String,
    outcome: &'static str,
}

/// What is sent, and the component that it was planned for.
#[derive(Serialize)]
pub(crate) struct Items {
    /// None of a new one.
    before: Option<Seen>,
    request: Value,
}

#[derive(PartialEq, Serialize)]
struct Seen {
    created: Option<i64>,
    modified: Option<i64>,
}

impl Seen {
    fn of(found: &DescribeInferenceComponentOutput) -> Seen {
        Seen {
            created: found.creation_time.as_ref().map(DateTime::secs),
            modified: found.last_modified_time.as_ref().map(DateTime::secs),
        }
    }
}

impl Change for SetComponent {
    type Service = SageMaker;
    type Output = One<Done>;
    type Items = Items;
    const SPEC: Spec = Spec::write("set_component", "Set component")
        .shown_by("describe_endpoint")
        .on(arns::ENDPOINT, &["sagemaker:DescribeEndpoint", "sagemaker:CreateInferenceComponent"])
        .on(
            arns::INFERENCE_COMPONENT,
            &[
                "sagemaker:DescribeInferenceComponent",
                "sagemaker:CreateInferenceComponent",
                "sagemaker:UpdateInferenceComponent",
            ],
        )
        .when("model")
        .on(arns::MODEL, &["sagemaker:DescribeModel"])
        .optional();

    async fn plan(&self, cx: &Call<SageMaker>) -> Result<Plan<Items>> {
        self.check()?;
        if let Some(model) = &self.model {
            let sent = cx.client().sagemaker.describe_model().model_name(model.as_str()).send().await;
            sent.map_err(|error| gone(Error::from(error)))?;
        }
        let found = self.existing(cx).await?;
        let plan = match &found {
            None => self.anew(cx).await?,
            Some(found) => self.changed(cx, found)?,
        };
        for kept in ["/Specification/ModelName", "/Specification/BaseInferenceComponentName"] {
            let Some(name) = text(&plan.request, kept) else { continue };
            let (template, place) = match kept.ends_with("ModelName") {
                true => (arns::MODEL_OF_COMPONENT, "answer.model"),
                false => (arns::COMPONENT_OF_ENDPOINT, "answer.component"),
            };
            scope::may(cx, "sagemaker:CreateInferenceComponent", template, &[(place, &name)]).await?;
        }
        let request = plan.request;
        Ok(plan.told.items(Items { before: found.as_ref().map(Seen::of), request }))
    }

    async fn apply(self, items: Items, cx: &Call<SageMaker>) -> Result<Self::Output> {
        let now = self.existing(cx).await?;
        if now.as_ref().map(Seen::of) != items.before {
            return Err(moved(&format!("the component {}", self.component)));
        }
        let client = &cx.client().sagemaker;
        let outcome = if items.before.is_none() {
            let input = shape::strict(&items.request, CreateInferenceComponentInput::deserialize)?;
            client.create_inference_component().customize().interceptor(shape::Filled(input)).send().await?;
            "being created"
        } else {
            let input = shape::strict(&items.request, UpdateInferenceComponentInput::deserialize)?;
            client.update_inference_component().customize().interceptor(shape::Filled(input)).send().await?;
            "being updated"
        };
        cx.note("describe_endpoint shows how it goes on, and why it fails if it does");
        Ok(One(Done { component: self.component.to_string(), endpoint: self.endpoint.to_string(), outcome }))
    }
}

/// A plan in words, and the request that it stands for.
struct Planned {
    told: Plan,
    request: Value,
}

impl SetComponent {
    fn check(&self) -> Result<()> {
        if self.specification.0.contains_key("ModelName") {
            return Err(wrong("`specification` cannot change ModelName: give `model`"));
        }
        Ok(())
    }

    /// # Errors
    /// When it is on another endpoint, or a change of it is under way.
    async fn existing(&self, cx: &Call<SageMaker>) -> Result<Option<DescribeInferenceComponentOutput>> {
        let name = self.component.as_str();
        let sent =
            cx.client().sagemaker.describe_inference_component().inference_component_name(name).send().await;
        let found = match sent.map_err(|error| gone(Error::from(error))) {
            Ok(found) => found,
            Err(error) if error.kind == Kind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let own = found.endpoint_name.as_deref().unwrap_or_default();
        if own != self.endpoint.as_str() {
            return Err(Error::invalid(format!("the component {name} belongs to the endpoint {own}")));
        }
        match &found.inference_component_status {
            Some(InferenceComponentStatus::InService | InferenceComponentStatus::Failed) | None => {
                Ok(Some(found))
            }
            Some(status) => Err(Error::conflict(format!("the component {name} is {status}"))
                .with_next("wait until it is InService; describe_endpoint shows it")),
        }
    }

    /// What arguments say of the specification.
    fn asked(&self) -> Value {
        let mut needs = json!({});
        for (field, value) in [
            ("NumberOfAcceleratorDevicesRequired", self.accelerators.map(exact)),
            ("NumberOfCpuCoresRequired", self.cpus.map(exact)),
            ("MinMemoryRequiredInMb", self.memory_mb.map(Value::from)),
        ] {
            if let Some(value) = value {
                needs = patched(needs, &json!({field: value}));
            }
        }
        let mut asked = json!({});
        if let Some(model) = &self.model {
            asked = patched(asked, &json!({"ModelName": model.as_str()}));
        }
        if needs.as_object().is_some_and(|needs| !needs.is_empty()) {
            asked = patched(asked, &json!({"ComputeResourceRequirements": needs}));
        }
        asked
    }

    /// A specification with what arguments say in its place; what is null in `specification` goes.
    fn applied(&self, to: Value) -> Value {
        patched(patched(to, &self.asked()), &Value::Object(self.specification.0.clone()))
    }

    async fn anew(&self, cx: &Call<SageMaker>) -> Result<Planned> {
        let asked = self.applied(json!({}));
        let has_source = ["ModelName", "Container", "BaseInferenceComponentName"];
        if !has_source.iter().any(|field| asked.get(*field).is_some()) {
            return Err(wrong("a new component needs a `model`"));
        }
        let is_adapter = asked.get("BaseInferenceComponentName").is_some();
        if !is_adapter && whole(&asked, "/ComputeResourceRequirements/MinMemoryRequiredInMb").is_none() {
            return Err(wrong("a new component needs `memory_mb`"));
        }
        let endpoint = self.endpoint.as_str();
        let found = endpoints::describe(cx, endpoint).await?;
        if found.endpoint_status != Some(EndpointStatus::InService) {
            let status = found.endpoint_status.map(|status| status.to_string()).unwrap_or_default();
            return Err(Error::conflict(format!("the endpoint {endpoint} is {status}"))
                .with_next("wait until it is InService"));
        }
        let variants = found.production_variants.unwrap_or_default();
        let names: Vec<&str> =
            variants.iter().filter_map(|variant| variant.variant_name.as_deref()).collect();
        let variant = match (&self.variant, names.as_slice()) {
            (Some(name), names) if names.contains(&name.as_str()) => name.as_str(),
            (None, [only]) => only,
            _ => return Err(wrong(&format!("give `variant`: {endpoint} has {}", names.join(", ")))),
        };
        let copies = self.copies.unwrap_or(1);
        let mut request = json!({
            "InferenceComponentName": self.component.as_str(), "EndpointName": endpoint, "Specification": asked,
        });
        // An adapter runs in the copies of what it is based on.
        if !is_adapter {
            let more = json!({"VariantName": variant, "RuntimeConfig": {"CopyCount": copies}});
            request = patched(request, &more);
        }
        shape::strict(&request, CreateInferenceComponentInput::deserialize)?;
        let told =
            Plan::new(format!("create the component {} on {endpoint}, {copies} copies", self.component))
                .row(json!({"request": shown(cx, &request, None).to_string()}))
                .warning(
                    "it uses machines of the endpoint, which may be scaled up for it and then bill more",
                );
        Ok(Planned { told, request })
    }

    fn changed(&self, cx: &Call<SageMaker>, found: &DescribeInferenceComponentOutput) -> Result<Planned> {
        if self.variant.is_some() {
            return Err(wrong("a component stays on its variant: leave `variant` out"));
        }
        if found.specifications.as_ref().is_some_and(|all| !all.is_empty()) {
            return Err(Error::conflict(format!(
                "the component {} has a specification for each type of machine, which this tool does not change",
                self.component
            )));
        }
        let before = match &found.specification {
            Some(described) => specification(shape::json(described)?)?,
            None => json!({}),
        };
        let after = self.applied(before.clone());
        let mut request = json!({"InferenceComponentName": self.component.as_str()});
        let has_spec = after != before;
        if has_spec {
            request = patched(request, &json!({"Specification": after}));
            // In the way of the last change, with the alarms that roll it back: AWS keeps it for none by itself.
            if let Some(last) = &found.last_deployment_config {
                request = patched(request, &json!({"DeploymentConfig": shape::json(last)?}));
            }
        }
        if let Some(copies) = self.copies {
            request = patched(request, &json!({"RuntimeConfig": {"CopyCount": copies}}));
        }
        if !has_spec && self.copies.is_none() {
            return Err(wrong("give what shall change"));
        }
        shape::strict(&request, UpdateInferenceComponentInput::deserialize)?;
        let mut told = Plan::new(format!("change the component {} of {}", self.component, self.endpoint))
            .difference(
                Some(&shown(cx, &before, None)),
                Some(&shown(cx, &after, Some(&Value::Object(self.specification.0.clone())))),
            );
        let runtime = found.runtime_config.as_ref();
        let now = runtime.and_then(|config| config.desired_copy_count.or(config.current_copy_count));
        if let (Some(wanted), Some(now)) = (self.copies, now) {
            told = told.row(json!({"diff": format!("copies: {now} -> {wanted}")}));
            if wanted != now {
                told = told
                    .warning("where it scales by itself that may undo it: scale_endpoint sets the bounds");
            }
            if wanted < now {
                told = told.warning(format!("{} of the {now} copies end", now - wanted)).ask();
            }
        }
        let lost = shape::absent(&before, &after);
        if !lost.is_empty() {
            told = told.warning(format!("these settings are lost: {}", lost.join(", "))).ask();
        }
        Ok(Planned { told, request })
    }
}

/// A described specification as a request has it: the image stands there under another name.
fn specification(mut described: Value) -> Result<Value> {
    let image = text(&described, "/Container/DeployedImage/SpecifiedImage");
    if let (Some(image), Some(container)) =
        (image, described.get_mut("Container").and_then(Value::as_object_mut))
    {
        container.insert("Image".to_owned(), json!(image));
    }
    shape::taken(&described, InferenceComponentSpecification::deserialize)
}

/// With the digits that were given, which a plain conversion would not keep.
fn exact(number: f32) -> Value {
    json!(number.to_string().parse::<f64>().unwrap_or_else(|_| f64::from(number)))
}

fn wrong(what: &str) -> Error {
    Error::invalid(what.to_owned()).with_next(
        r#"good ones are {"endpoint":"e","component":"c","model":"m","accelerators":1,"memory_mb":8192} and {"endpoint":"e","component":"c","model":"m-2"}"#,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_described_specification_becomes_the_one_it_came_from() {
        let described = json!({"Container": {"DeployedImage": {"SpecifiedImage": "i:1", "ResolvedImage": "i@sha"},
            "ArtifactUrl": "s3://b/m", "Environment": {"A": "1"}},
            "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024, "NumberOfCpuCoresRequired": 0.25},
            "StartupParameters": {"ModelDataDownloadTimeoutInSeconds": 900}, "DataCacheConfig": {"EnableCaching": true}});
        let mut expected = described.clone();
        expected["Container"] = json!({"Image": "i:1", "ArtifactUrl": "s3://b/m", "Environment": {"A": "1"}});
        assert_eq!(specification(described).unwrap(), expected);
        assert_eq!(exact(0.3), json!(0.3));
    }
}
