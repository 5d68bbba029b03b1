use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool, to_millisecond};
use futures::future::try_join_all;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CloudWatch, arns, groups, names::LogGroup, quoting, room::fitting};

/// Waits for new log events and answers those that came, as soon as it has enough or the time is over.
///
/// For what was already written use `filter_logs`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TailLogs {
    #[schemars(length(min = 1, max = 10))]
    log_groups: Vec<LogGroup>,
    /// As in `filter_logs`.
    pattern: Option<String>,
    /// Default 15.
    #[schemars(range(min = 1, max = 300))]
    seconds: Option<u64>,
    /// Events after which it answers; default 100.
    #[schemars(range(min = 1, max = 1000))]
    events: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    time: String,
    log_group: Option<String>,
    message: String,
}

impl Tool for TailLogs {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::read("tail_logs", "Tail logs")
        .on(arns::LOG_GROUPS, &["logs:FilterLogEvents"])
        .on("*", &["logs:DescribeLogGroups"])
        .names_no_resource()
        .quotes()
        .optional()
        .minutes(6);

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        // Often enough to be live, rarely enough for the quota of requests.
        const PAUSE: Duration = Duration::from_secs(1);
        let patience = Duration::from_secs(self.seconds.unwrap_or(15));
        let enough = self.events.unwrap_or(100);
        let began = Instant::now();
        let mut tail = Tail::new(Timestamp::now().as_millisecond());
        // Why the last look failed, if it did.
        let mut failed: Option<Error>;
        loop {
            let now = Timestamp::now().as_millisecond();
            let asked = (0..self.log_groups.len()).map(|at| self.ask(cx, at, tail.from(), began + patience));
            match try_join_all(asked).await {
                Ok(found) => {
                    tail.add(found.into_iter().flatten());
                    (tail.seen_at, failed) = (now, None);
                }
                // The next look goes back to the last that was answered.
                Err(error) if error.retryable() => failed = Some(error),
                Err(error) if tail.events.is_empty() => return Err(error),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            let came = tail.events.len();
            if came >= enough || began.elapsed() >= patience {
                break;
            }
            cx.progress(
                began.elapsed().as_secs().min(patience.as_secs()),
                Some(patience.as_secs()),
                format!("{came} events so far"),
            );
            tokio::time::sleep(PAUSE.min(patience.saturating_sub(began.elapsed()))).await;
        }
        match failed {
            Some(error) if tail.events.is_empty() => return Err(error),
            Some(error) => cx.note(format!(
                "the last look failed, so that later events may be missing: {}",
                error.message
            )),
            None => {}
        }
        let seconds = began.elapsed().as_secs();
        let names: Vec<String> = self.log_groups.iter().map(ToString::to_string).collect();
        tail.events.sort_by_key(|event| event.millis);
        cx.note(match tail.events.len() {
            0 => format!(
                "no event in {seconds} s; watched {}; one that AWS takes more than {LATE} s late is not seen",
                names.join(", ")
            ),
            count => format!("{count} events in {seconds} s"),
        });
        let several = names.len() > 1;
        let rows = tail.events.into_iter().map(|event| Row {
            time: to_millisecond(event.millis),
            log_group: names.get(event.group).filter(|_| several).cloned(),
            message: event.message,
        });
        let (rows, more) = fitting(cx, rows);
        if more {
            cx.note("the latest do not fit: fewer `events`, or a narrower `pattern`");
        }
        Ok(cx.page(rows, None))
    }
}

impl TailLogs {
    /// What one group has since then. AWS may answer pages without events on the way to those that have some; once the time
    /// is over, no more are asked for.
    async fn ask(&self, cx: &Call<CloudWatch>, at: usize, from: i64, until: Instant) -> Result<Vec<Event>> {
        let Some(group) = self.log_groups.get(at) else { return Ok(Vec::new()) };
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let request = cx
                .client()
                .logs
                .filter_log_events()
                .set_log_group_name(group.plain_name())
                .set_log_group_identifier(group.arn())
                .start_time(from)
                .set_filter_pattern(self.pattern.clone())
                .set_next_token(token)
                .limit(1000);
            let page = match request.send().await {
                Ok(page) => page,
                Err(error) => {
                    let error = groups::explain(cx, &self.log_groups, error).await;
                    return Err(quoting::explain(error, self.pattern.as_deref()));
                }
            };
            found.extend(page.events.unwrap_or_default().into_iter().map(|event| Event {
                group: at,
                millis: event.timestamp.unwrap_or(0),
                id: event.event_id.unwrap_or_default(),
                message: event.message.map(|message| message.trim_end().to_owned()).unwrap_or_default(),
            }));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(found);
            }
            if Instant::now() >= until {
                cx.note(format!("{group} has more than was read in that time: filter_logs shows all of it"));
                return Ok(found);
            }
        }
    }
}

/// How far back each look goes, in seconds.
const LATE: i64 = 20;

struct Event {
    group: usize,
    millis: i64,
    id: String,
    message: String,
}

/// What came since it began, each event once.
struct Tail {
    began: i64,
    /// When the last look began that was answered.
    seen_at: i64,
    events: Vec<Event>,
    seen: HashSet<String>,
    order: VecDeque<String>,
}

impl Tail {
    fn new(began: i64) -> Self {
        Tail { began, seen_at: began, events: Vec::new(), seen: HashSet::new(), order: VecDeque::new() }
    }

    /// Events arrive late, so that each look goes back a little; but never to before it began.
    fn from(&self) -> i64 {
        (self.seen_at - LATE * 1000).max(self.began)
    }

    fn add(&mut self, events: impl Iterator<Item = Event>) {
        const REMEMBERED: usize = 50_000;
        for event in events {
            // An endpoint that gives no ids tells events apart by what they are.
            let id = match event.id.is_empty() {
                true => format!("{} {} {}", event.group, event.millis, event.message),
                false => event.id.clone(),
            };
            if self.seen.insert(id.clone()) {
                self.order.push_back(id);
                self.events.push(event);
            }
            if self.order.len() > REMEMBERED
                && let Some(old) = self.order.pop_front()
            {
                self.seen.remove(&old);
            }
        }
    }
}
