//! Endpoints: what they are, how they do, and waiting until they are what they shall be.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use aws_sdk_sagemaker::{
    operation::{
        describe_endpoint::DescribeEndpointOutput, describe_endpoint_config::DescribeEndpointConfigOutput,
    },
    types::{EndpointStatus, ManagedInstanceScalingStatus, ProductionVariantSummary},
};
use awsmcp_mcp::{Call, Error, Kind, Result, TimeRange, Waited};

use crate::{
    SageMaker, arns,
    jobs::gone,
    metrics::{self, Series, mean, most, rounded, sum},
    scope,
};

/// # Errors
/// When there is no such endpoint.
pub(crate) async fn describe(cx: &Call<SageMaker>, endpoint: &str) -> Result<DescribeEndpointOutput> {
    let sent = cx.client().sagemaker.describe_endpoint().endpoint_name(endpoint).send().await;
    sent.map_err(|error| gone(Error::from(error)))
}

/// What there is of an endpoint; none where there is no such endpoint.
///
/// # Errors
/// When AWS does not say.
pub(crate) async fn existing(cx: &Call<SageMaker>, endpoint: &str) -> Result<Option<DescribeEndpointOutput>> {
    match describe(cx, endpoint).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The configuration that an endpoint names.
///
/// # Errors
/// When there is no such configuration, or it is outside the operator's list.
pub(crate) async fn config(cx: &Call<SageMaker>, name: &str) -> Result<DescribeEndpointConfigOutput> {
    let named = [("answer.config", name)];
    scope::may(cx, "sagemaker:DescribeEndpointConfig", arns::CONFIG_OF_ENDPOINT, &named).await?;
    let sent = cx.client().sagemaker.describe_endpoint_config().endpoint_config_name(name).send().await;
    sent.map_err(|error| gone(Error::from(error)))
}

/// An endpoint that is no longer being changed.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) now: DescribeEndpointOutput,
    /// Whether AWS showed that it was being changed at all, or says what became of that.
    pub(crate) has_moved: bool,
}

/// Waits until the endpoint is no longer being changed, and answers what it is then, or how it stood when the time was over.
/// `made` is told while it waits, so that whoever cancels knows what goes on. `was` is the configuration
/// that it moves from, which a look may still show. A look that AWS does not answer, or throttles, tells nothing of the endpoint: it is looked at
/// again.
///
/// # Errors
/// When AWS refuses to say how it is.
pub(crate) async fn settled(
    cx: &Call<SageMaker>,
    endpoint: &str,
    made: &str,
    was: Option<&str>,
) -> Result<Waited<Settled>> {
    // The call's own time ends before.
    const LONGEST: Duration = Duration::from_secs(3600);
    // Some ten seconds.
    const MOST_UNMOVED: usize = 6;
    let started = Instant::now();
    let (changed, unmoved) = (AtomicBool::new(false), AtomicUsize::new(0));
    cx.until(LONGEST, || async {
        let found = describe(cx, endpoint).await;
        let seconds = started.elapsed().as_secs();
        let now = match found {
            Ok(now) => now,
            Err(error) if error.retryable() => {
                return Ok(Waited::Still(format!(
                    "how {endpoint} stands could not be seen after {seconds} s: {}",
                    error.message
                )));
            }
            Err(error) => return Err(error),
        };
        let changing = matches!(
            now.endpoint_status,
            Some(
                EndpointStatus::Creating
                    | EndpointStatus::Updating
                    | EndpointStatus::RollingBack
                    | EndpointStatus::SystemUpdating
            )
        );
        changed.fetch_or(changing, Ordering::Relaxed);
        if !changing {
            let is_told = now.endpoint_config_name.as_deref() != was || now.failure_reason.is_some();
            let has_moved = changed.load(Ordering::Relaxed)
                || is_told
                || now.endpoint_status != Some(EndpointStatus::InService);
            if has_moved || unmoved.fetch_add(1, Ordering::Relaxed) >= MOST_UNMOVED {
                return Ok(Waited::Ready(Settled { now, has_moved }));
            }
            return Ok(Waited::Still(format!("{endpoint} does not show the change yet; made: {made}")));
        }
        let status = now.endpoint_status.as_ref().map_or("being changed", EndpointStatus::as_str);
        Ok(Waited::Still(format!("{endpoint} is {status} since {seconds} s; made: {made}")))
    })
    .await
}

/// Between what AWS scales the machines of a variant itself, if it does.
pub(crate) fn managed(now: &ProductionVariantSummary) -> Option<(i32, i32)> {
    let scaling = now.managed_instance_scaling.as_ref()?;
    let is_on = scaling.status == Some(ManagedInstanceScalingStatus::Enabled);
    is_on.then(|| {
        (scaling.min_instance_count.unwrap_or_default(), scaling.max_instance_count.unwrap_or_default())
    })
}

/// What helps against the reason that AWS gives for a failure.
pub(crate) fn cure(why: &str) -> &'static str {
    let why = why.to_lowercase();
    if ["service limit", "resourcelimitexceeded", "quota"].iter().any(|word| why.contains(word)) {
        return "a limit of the account is reached: Service Quotas raises it; machines of another type have a limit of their own";
    }
    if why.contains("capacity") && !why.contains("limit") {
        return "AWS has no such machines free here now: try another instance type, another availability zone, or later";
    }
    if why.contains("ping") || why.contains("health check") {
        return "mend what the log names; a large model may need more time, which `variant_settings` gives it: \
                ContainerStartupHealthCheckTimeoutInSeconds, ModelDataDownloadTimeoutInSeconds";
    }
    "mend what the log or the reason names, then deploy again"
}

/// How a variant did over a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Health {
    pub(crate) invocations: Option<f64>,
    pub(crate) errors_4xx: Option<f64>,
    pub(crate) errors_5xx: Option<f64>,
    pub(crate) latency_ms: Option<f64>,
    pub(crate) p95_ms: Option<f64>,
    pub(crate) cpu_percent: Option<f64>,
    pub(crate) memory_percent: Option<f64>,
    pub(crate) gpu_percent: Option<f64>,
}

/// How each of the variants did, in their order.
///
/// # Errors
/// When CloudWatch does not answer.
pub(crate) async fn health(
    cx: &Call<SageMaker>,
    endpoint: &str,
    variants: &[String],
    range: TimeRange,
) -> Result<Vec<Health>> {
    const CALLS: &str = "AWS/SageMaker";
    const MACHINES: &str = "/aws/sagemaker/Endpoints";
    const SERIES: [(&str, &str, &str, &str); 8] = [
        ("calls", CALLS, "Invocations", "Sum"),
        ("e4", CALLS, "Invocation4XXErrors", "Sum"),
        ("e5", CALLS, "Invocation5XXErrors", "Sum"),
        ("latency", CALLS, "ModelLatency", "Average"),
        ("p95", CALLS, "ModelLatency", "p95"),
        ("cpu", MACHINES, "CPUUtilization", "Maximum"),
        ("memory", MACHINES, "MemoryUtilization", "Maximum"),
        ("gpu", MACHINES, "GPUUtilization", "Maximum"),
    ];
    let series = variants.iter().enumerate().flat_map(|(at, variant)| {
        SERIES.map(|(id, namespace, metric, stat)| Series {
            id: format!("{id}_{at}"),
            namespace,
            metric,
            dimensions: vec![("EndpointName", endpoint.to_owned()), ("VariantName", variant.clone())],
            stat,
        })
    });
    let values = metrics::ask(cx, range, series.collect()).await?;
    let of = |id: &str, at: usize| values.get(&format!("{id}_{at}"));
    // CloudWatch has the latency in microseconds.
    let millis = |value: f64| rounded(value / 1000.0);
    Ok((0..variants.len())
        .map(|at| Health {
            invocations: sum(of("calls", at)),
            errors_4xx: sum(of("e4", at)).filter(|count| *count > 0.0),
            errors_5xx: sum(of("e5", at)).filter(|count| *count > 0.0),
            latency_ms: mean(of("latency", at)).map(millis),
            p95_ms: most(of("p95", at)).map(millis),
            cpu_percent: most(of("cpu", at)).map(rounded),
            memory_percent: most(of("memory", at)).map(rounded),
            gpu_percent: most(of("gpu", at)).map(rounded),
        })
        .collect())
}

/// Where the containers of an endpoint write their log.
pub(crate) fn log_group(endpoint: &str) -> String {
    format!("/aws/sagemaker/Endpoints/{endpoint}")
}

/// The last lines of all containers that write into a log group, oldest first.
///
/// # Errors
/// When CloudWatch does not answer. A log that does not exist has no lines.
pub(crate) async fn last_lines(cx: &Call<SageMaker>, group: &str, most: usize) -> Result<Vec<String>> {
    use aws_sdk_cloudwatchlogs::types::OrderBy;
    const STREAMS: i32 = 5;
    let found = cx
        .client()
        .logs
        .describe_log_streams()
        .log_group_name(group)
        .order_by(OrderBy::LastEventTime)
        .descending(true)
        .limit(STREAMS)
        .send()
        .await
        .map_err(Error::from);
    let streams = match found {
        Ok(found) => found.log_streams.unwrap_or_default(),
        Err(error) if error.kind == Kind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let asked = streams.into_iter().filter_map(|stream| stream.log_stream_name).map(|name| {
        cx.client()
            .logs
            .get_log_events()
            .log_group_name(group)
            .log_stream_name(name)
            .start_from_head(false)
            .limit(i32::try_from(most).unwrap_or(100).clamp(1, 1000))
            .send()
    });
    let mut lines: Vec<(i64, String)> = Vec::new();
    for page in futures::future::join_all(asked).await {
        let events = page?.events.unwrap_or_default();
        lines.extend(events.into_iter().filter_map(|event| {
            Some((event.timestamp.unwrap_or_default(), event.message?.trim_end().to_owned()))
        }));
    }
    lines.sort_by_key(|(time, _)| *time);
    let last = lines.split_off(lines.len().saturating_sub(most));
    Ok(last.into_iter().map(|(_, line)| line).collect())
}
