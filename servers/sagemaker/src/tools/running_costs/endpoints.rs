//! Endpoints and the components on them: what runs bills, used or not.

use aws_sdk_sagemaker::types::{EndpointStatus, EndpointSummary};
use aws_smithy_types::DateTime;
use awsmcp_mcp::{Call, Kind as ErrorKind, Result};
use futures::{StreamExt, TryStreamExt, stream};

use super::{AT_ONCE, MOST, Row, cut, row};
use crate::{SageMaker, costs::Use, endpoints, scope};

pub(super) async fn running_endpoints(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut all, mut token) = (Vec::new(), None);
    while all.len() < MOST {
        let out =
            cx.client().sagemaker.list_endpoints().max_results(100).set_next_token(token).send().await?;
        all.extend(out.endpoints.unwrap_or_default().into_iter().filter(|endpoint| {
            let bills = !matches!(
                endpoint.endpoint_status,
                Some(EndpointStatus::Failed | EndpointStatus::Deleting | EndpointStatus::OutOfService)
            );
            bills && scope::allows(cx, "sagemaker:DescribeEndpoint", endpoint.endpoint_arn.as_deref())
        }));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "endpoints", token.is_some());
    let rows: Vec<Vec<Row>> = stream::iter(all.into_iter().map(|endpoint| variants(cx, endpoint)))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(rows.concat())
}

/// A row for each variant: only the configuration tells its machines.
async fn variants(cx: &Call<SageMaker>, endpoint: EndpointSummary) -> Result<Vec<Row>> {
    let name = endpoint.endpoint_name.unwrap_or_default();
    let Some(found) = endpoints::existing(cx, &name).await? else { return Ok(Vec::new()) };
    let since = endpoint.creation_time.as_ref().map(DateTime::secs);
    let status = endpoint.endpoint_status.map(|status| status.to_string());
    let current = found.production_variants.unwrap_or_default();
    let shadows = found.shadow_production_variants.unwrap_or_default();
    let config = endpoints::config(cx, found.endpoint_config_name.as_deref().unwrap_or_default()).await;
    let config = match config {
        Ok(config) => config,
        // What runs goes on without it.
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Refused) => {
            let why = match error.kind {
                ErrorKind::NotFound => "its configuration was deleted, so its machines are not known",
                _ => "its configuration may not be read here, so its machines are not known",
            };
            let rows = current.iter().chain(&shadows).map(|variant| {
                let of = variant.variant_name.as_deref().unwrap_or_default();
                let mut row = row("endpoint", format!("{name}/{of}"), status.clone(), since);
                row = row.on(None, variant.current_instance_count.map(i64::from), since);
                row.remark = Some(why.to_owned());
                row
            });
            return Ok(rows.collect());
        }
        Err(error) => return Err(error),
    };
    let paid = if config.async_inference_config.is_some() { Use::AsyncEndpoint } else { Use::Endpoint };
    let configured = config.production_variants.unwrap_or_default().into_iter();
    let configured = configured.chain(config.shadow_production_variants.unwrap_or_default());
    Ok(configured
        .map(|variant| {
            let of = variant.variant_name.clone().unwrap_or_default();
            let now =
                current.iter().chain(&shadows).find(|now| now.variant_name.as_deref() == Some(of.as_str()));
            let count = now.and_then(|now| now.current_instance_count).or(variant.initial_instance_count);
            let mut row = row("endpoint", format!("{name}/{of}"), status.clone(), since);
            match &variant.serverless_config {
                Some(serverless) => {
                    let kept = serverless.provisioned_concurrency.map(|kept| format!("{kept} kept ready; "));
                    row.remark = Some(format!("{}serverless, bills per call", kept.unwrap_or_default()));
                }
                None => {
                    let instance =
                        variant.instance_type.as_ref().map(|instance| instance.as_str().to_owned());
                    row = row.on(instance, count.map(i64::from), since).paid(paid);
                }
            }
            row
        })
        .collect())
}

pub(super) async fn components(cx: &Call<SageMaker>) -> Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), None);
    while rows.len() < MOST {
        let out = cx
            .client()
            .sagemaker
            .list_inference_components()
            .max_results(100)
            .set_next_token(token)
            .send()
            .await?;
        for component in out.inference_components.unwrap_or_default() {
            if !scope::allows(
                cx,
                "sagemaker:ListInferenceComponents",
                component.inference_component_arn.as_deref(),
            ) {
                continue;
            }
            let since = component.creation_time.as_ref().map(DateTime::secs);
            let status = component.inference_component_status.map(|status| status.to_string());
            let mut row =
                row("component", component.inference_component_name.unwrap_or_default(), status, since);
            let endpoint = component.endpoint_name.unwrap_or_default();
            row.remark = Some(format!("runs on the machines of {endpoint}"));
            rows.push(row);
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    cut(cx, "inference components", token.is_some());
    Ok(rows)
}
