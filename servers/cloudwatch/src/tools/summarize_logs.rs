use std::time::Duration;

use awsmcp_mcp::{
    Call, HOUR, Moment, Page, Result, Spec, TimeRange, Tool, human_size, thousands, to_millisecond,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CloudWatch, arns,
    events::{Next, Reader, Search},
    names::LogGroup,
    patterns::{Cluster, Patterns},
};

/// Groups log lines by what they say: templates with counts, first and last seen, and an example.
///
/// Reads the lines itself; `pattern` narrows what is read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SummarizeLogs {
    #[schemars(length(min = 1, max = 10))]
    log_groups: Vec<LogGroup>,
    /// As in `filter_logs`.
    pattern: Option<String>,
    /// Default -1h.
    start: Option<Moment>,
    end: Option<Moment>,
    stream_prefix: Option<String>,
    #[serde(default)]
    order: Order,
    /// Templates shown; default 30.
    #[schemars(range(min = 1, max = 500))]
    top: Option<usize>,
    /// Lines read at most; default 200000.
    #[schemars(range(min = 1, max = 5_000_000))]
    max_lines: Option<u64>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    Most,
    Rarest,
    /// Those that began last.
    Newest,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    count: u64,
    first_seen: String,
    last_seen: String,
    template: String,
    /// What stood in its `<*>`, where that were few values.
    values: Option<String>,
    example: Option<String>,
}

impl Tool for SummarizeLogs {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("summarize_logs", "Summarize logs")
        .on(arns::LOG_GROUPS, &["logs:FilterLogEvents"])
        .on("*", &["logs:DescribeLogGroups"])
        .names_no_resource()
        .quotes()
        .regional()
        .minutes(10);

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let range = TimeRange::new(self.start, self.end, HOUR)?;
        let search = Search {
            groups: &self.log_groups,
            pattern: self.pattern.as_deref(),
            streams: &[],
            stream_prefix: self.stream_prefix.as_deref(),
            range,
            newest_first: false,
            page: 10_000,
        };
        let most = self.max_lines.unwrap_or(200_000);
        let mut reader = Reader::new(cx, search, Vec::new(), PATIENCE);
        let mut patterns = Patterns::new(TEMPLATES);
        let (mut lines, mut bytes, mut last) = (0_u64, 0_u64, None);
        let ended = loop {
            if lines >= most {
                break Some(format!("`max_lines` of {}", thousands(most)));
            }
            match reader.look().await? {
                Next::Event => {}
                Next::End => break None,
                Next::Late => break Some(format!("{} minutes", PATIENCE.as_secs() / 60)),
                Next::Failed(why) => break Some(format!("a page of AWS's that could not be read ({why})")),
            }
            let Some(event) = reader.take() else { break None };
            lines += 1;
            bytes += event.message.len() as u64;
            last = Some(event.millis);
            patterns.add(&event.message, event.millis);
            if lines.is_multiple_of(10_000) {
                cx.progress(lines, Some(most), format!("{} lines read", thousands(lines)));
                // Clustering is work without a pause: the deadline and a cancellation get their turn here.
                tokio::task::yield_now().await;
            }
        };
        if lines == 0 {
            cx.note(match ended {
                None => format!("no event matches; searched {}", search.words()),
                Some(why) => {
                    format!("stopped after {why}, before any event was found; searched {}", search.words())
                }
            });
            return Ok(cx.page([], None));
        }
        let clusters = patterns.clusters();
        cx.note(format!(
            "{} lines, {}, in {} templates; read {}",
            thousands(lines),
            human_size(bytes),
            thousands(clusters.len() as u64),
            search.words()
        ));
        if let (Some(why), Some(last)) = (ended, last) {
            cx.note(format!(
                "stopped at {} after {why}: what came later is not counted; `start` there goes on",
                to_millisecond(last)
            ));
        }
        let dropped = patterns.dropped();
        if dropped.clusters > 0 {
            cx.note(format!(
                "{} lines of {} rare templates were forgotten on the way: `pattern` narrows",
                thousands(dropped.lines),
                thousands(dropped.clusters)
            ));
        }
        let shown = self.top.unwrap_or(30);
        if clusters.len() > shown {
            cx.note(format!(
                "{} more templates: `top` or another `order` shows them",
                clusters.len() - shown
            ));
        }
        let rows = self.order.sorted(clusters).into_iter().take(shown).map(Row::new);
        Ok(cx.page(rows, None))
    }
}

const PATIENCE: Duration = Duration::from_secs(8 * 60);
/// Enough for what a person could look through; each takes a few kilobytes at most.
const TEMPLATES: usize = 2000;

impl Order {
    fn sorted(self, mut clusters: Vec<Cluster>) -> Vec<Cluster> {
        match self {
            Order::Most => {}
            Order::Rarest => clusters.reverse(),
            Order::Newest => clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.first)),
        }
        clusters
    }
}

impl Row {
    fn new(cluster: Cluster) -> Self {
        let template = cluster.template();
        let values = Some(cluster.values().join("; ")).filter(|values| !values.is_empty());
        // Where nothing varies the example would say the same again.
        let example = (template != cluster.example).then_some(cluster.example);
        Row {
            count: cluster.count,
            first_seen: to_millisecond(cluster.first),
            last_seen: to_millisecond(cluster.last),
            template,
            values,
            example,
        }
    }
}
