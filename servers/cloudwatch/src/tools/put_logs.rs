use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use awsmcp_mcp::{Call, Change, Error, Moment, One, Plan, Result, Spec, human_size};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CloudWatch, arns, groups,
    names::{LogStream, OwnLogGroup},
};

/// Writes log events to a stream, which is made if there is none.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutLogs {
    log_group: OwnLogGroup,
    stream: LogStream,
    #[schemars(length(min = 1, max = 10000))]
    events: Vec<Event>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Event {
    message: String,
    /// Default now; AWS keeps it to the millisecond.
    time: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    log_group: String,
    stream: String,
    written: usize,
    /// What AWS would not take, and why.
    rejected: Vec<String>,
}

impl Change for PutLogs {
    type Service = CloudWatch;
    type Output = One<Done>;
    /// Whether the stream has to be made.
    type Items = bool;
    const SPEC: Spec = Spec::write("put_logs", "Put logs")
        .shown_by("filter_logs")
        .on("*", &["logs:DescribeLogGroups"])
        .on(arns::LOG_GROUP, &["logs:DescribeLogStreams"])
        .on(arns::LOG_STREAM, &["logs:CreateLogStream", "logs:PutLogEvents"])
        .names_no_resource()
        .optional();

    async fn plan(&self, cx: &Call<CloudWatch>) -> Result<Plan<bool>> {
        self.batches()?;
        groups::describe(cx, &self.log_group).await?;
        let bytes: usize = self.events.iter().map(|event| event.message.len()).sum();
        let (count, size) = (self.events.len(), human_size(bytes as u64));
        let headline =
            format!("write {count} events, {size}, to {} of {}", self.stream.as_str(), self.log_group);
        Ok(match self.has_stream(cx).await? {
            true => Plan::new(headline).items(false),
            false => Plan::new(format!("{headline}, a new stream")).items(true),
        })
    }

    async fn apply(self, is_new: bool, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let batches = self.batches()?;
        let (logs, group) = (&cx.client().logs, self.log_group.name());
        if is_new {
            let request =
                logs.create_log_stream().log_group_name(group).log_stream_name(self.stream.as_str());
            match request.send().await.map_err(Error::from) {
                Ok(_) => {}
                // Somebody made it since; that it is there is all that is needed.
                Err(error) if error.code.as_deref() == Some("ResourceAlreadyExistsException") => {}
                Err(error) => return Err(error),
            }
        }
        let total = self.events.len();
        let (mut written, mut rejected) = (0, Vec::new());
        for batch in batches {
            let count = batch.len();
            let request = logs.put_log_events().log_group_name(group).log_stream_name(self.stream.as_str());
            let answer = request.set_log_events(Some(batch)).send().await.map_err(|error| {
                partly(error.into(), written, total, if is_new { Some(self.stream.as_str()) } else { None })
            })?;
            written += count;
            let Some(info) = answer.rejected_log_events_info else { continue };
            let ends = |at: Option<i32>| at.and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
            let early = ends(info.too_old_log_event_end_index).max(ends(info.expired_log_event_end_index));
            let late =
                info.too_new_log_event_start_index.map_or(0, |at| count.saturating_sub(ends(Some(at))));
            if early > 0 {
                rejected.push(format!("{early}: older than 14 days or than the group's retention"));
            }
            if late > 0 {
                rejected.push(format!("{late}: more than 2 hours in the future"));
            }
            written -= (early + late).min(count);
        }
        Ok(One(Done {
            log_group: self.log_group.to_string(),
            stream: self.stream.as_str().to_owned(),
            written,
            rejected,
        }))
    }
}

impl PutLogs {
    async fn has_stream(&self, cx: &Call<CloudWatch>) -> Result<bool> {
        let request = cx.client().logs.describe_log_streams().log_group_name(self.log_group.name());
        let page = request.log_stream_name_prefix(self.stream.as_str()).limit(1).send().await?;
        let streams = page.log_streams.unwrap_or_default();
        Ok(streams.iter().any(|stream| stream.log_stream_name() == Some(self.stream.as_str())))
    }

    /// In the order of time, and cut as AWS takes them.
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>
    fn batches(&self) -> Result<Vec<Vec<InputLogEvent>>> {
        const BYTES: usize = 1_048_576;
        const OVERHEAD: usize = 26;
        const LARGEST: usize = BYTES - OVERHEAD;
        const SPAN: i64 = 24 * 3600 * 1000;
        let now = Timestamp::now().as_millisecond();
        let mut events = Vec::new();
        for (at, event) in self.events.iter().enumerate() {
            if event.message.is_empty() || event.message.len() > LARGEST {
                return Err(Error::invalid(format!(
                    "the message of event {} has {} bytes; 1 to {LARGEST} are possible",
                    at + 1,
                    event.message.len()
                )));
            }
            let millis = event.time.map_or(now, |Moment(time)| time.as_millisecond());
            events.push((millis, &event.message));
        }
        events.sort_by_key(|(millis, _)| *millis);
        let mut batches: Vec<Vec<InputLogEvent>> = Vec::new();
        let (mut size, mut first) = (BYTES, 0);
        for (millis, message) in events {
            let more = message.len() + OVERHEAD;
            if size + more > BYTES || millis - first >= SPAN {
                batches.push(Vec::new());
                (size, first) = (0, millis);
            }
            size += more;
            let event = InputLogEvent::builder().timestamp(millis).message(message).build();
            let event = event.map_err(|error| Error::internal(error.to_string()))?;
            if let Some(batch) = batches.last_mut() {
                batch.push(event);
            }
        }
        Ok(batches)
    }
}

/// The error of one batch of several, with what is there by now.
fn partly(mut error: Error, written: usize, total: usize, made: Option<&str>) -> Error {
    let made = made.map(|stream| format!("the stream {stream} was made")).into_iter();
    let events = (written > 0).then(|| format!("{written} of {total} events, the oldest, were written"));
    let there: Vec<String> = made.chain(events).collect();
    if !there.is_empty() {
        error.message = format!("{} ({})", error.message, there.join(", "));
    }
    error
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batches(events: serde_json::Value) -> Result<Vec<usize>> {
        let input: PutLogs =
            serde_json::from_value(json!({"log_group": "g", "stream": "s", "events": events})).unwrap();
        input.batches().map(|batches| batches.iter().map(Vec::len).collect())
    }

    #[test]
    fn events_are_cut_into_what_aws_takes() {
        let event = |length: usize, time: &str| json!({"message": "x".repeat(length), "time": time});
        assert_eq!(batches(json!([event(5, "now"), event(5, "-1h")])).unwrap(), [2]);
        // A day and more apart.
        assert_eq!(batches(json!([event(5, "now"), event(5, "-1d"), event(5, "-25h")])).unwrap(), [2, 1]);
        let large: Vec<_> = (0..9).map(|_| event(200_000, "now")).collect();
        assert_eq!(batches(json!(large)).unwrap(), [5, 4]);
        // As large as one may be, it has a batch of its own.
        assert_eq!(batches(json!([event(1_048_550, "now"), event(1, "now")])).unwrap(), [1, 1]);
        assert!(batches(json!([event(1_048_551, "now")])).unwrap_err().to_string().contains("1048550"));
        assert!(batches(json!([event(0, "now")])).is_err());
    }
}
