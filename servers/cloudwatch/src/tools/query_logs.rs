use aws_sdk_cloudwatchlogs::{
    operation::get_query_results::GetQueryResultsOutput, types::LogGroup as Description,
};
use awsmcp_mcp::{Call, Error, HOUR, Kind, Moment, Page, Result, Spec, TimeRange, Tool, thousands};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    CloudWatch, arns, groups,
    insights::{self, Running, StartError, cost, estimate, pointed, scanned, too_much},
    metrics::following_second,
    names::LogGroup,
    room::fitting,
    statement::{self, Language, Source, Statement},
};

/// Runs a Logs Insights query and waits for it. AWS bills each byte scanned; the answer says how many.
///
/// Its next page costs nothing more. To just find lines use `filter_logs`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryLogs {
    /// Such as `stats count(*) as n by bin(5m)` or `fields @timestamp, @message | filter level = "ERROR"`. A row's `@ptr`, where
    /// it is named, opens it in `get_log_record`.
    #[schemars(length(min = 1, max = 10000))]
    statement: String,
    #[schemars(length(max = 50))]
    #[serde(default)]
    log_groups: Vec<LogGroup>,
    /// Default -1h.
    start: Option<Moment>,
    end: Option<Moment>,
    /// sql names its log groups itself.
    #[serde(default)]
    language: Language,
    /// Rows that AWS gives at most; default 10000, and no more than that but in cwli.
    #[schemars(range(min = 1, max = 100_000))]
    rows: Option<i32>,
}

/// A record's fields, as the query names them.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Row(Map<String, Value>);

/// Where the next page begins, in the results that AWS keeps.
#[derive(Serialize, Deserialize)]
struct Onward {
    query: String,
    /// Of the page of AWS's; none of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    offset: usize,
    /// Rows of the pages before that one.
    #[serde(default)]
    before: usize,
}

impl Tool for QueryLogs {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = {
        let mut spec = Spec::invoke("query_logs", "Query logs")
            // Those that the statement names itself are asked for once it is read.
            .when("log_groups")
            .on(arns::LOG_GROUPS, &["logs:StartQuery"])
            .always()
            .on("*", &["logs:GetQueryResults", "logs:StopQuery", "logs:DescribeLogGroups"])
            .names_no_resource()
            .quotes()
            .regional()
            .minutes(30);
        spec.list = true;
        spec
    };

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        let (at, results) = match cx.place::<Option<Onward>>()? {
            Some(at) => {
                let request = cx.client().logs.get_query_results().query_id(&at.query);
                let results = request.set_next_token(at.token.clone()).send().await?;
                (at, results)
            }
            None => {
                let (query, results) = self.run(cx).await?;
                (Onward { query, token: None, offset: 0, before: 0 }, results)
            }
        };
        page(cx, at, results, names_pointers(&self.statement))
    }
}

impl QueryLogs {
    async fn run(&self, cx: &Call<CloudWatch>) -> Result<(String, GetQueryResultsOutput)> {
        let most = most(cx)?;
        let range = TimeRange::new(self.start, self.end, HOUR)?;
        let statement = statement::held(cx, self.language, &self.statement).await?;
        self.check(&statement)?;
        let groups = self.described(cx, &statement).await?;
        let about = estimate(&groups, range);
        if about > most {
            return Err(too_much(format!("the query would scan about {}", cost(about)), most));
        }
        let by_identifier =
            (!self.log_groups.is_empty()).then(|| self.log_groups.iter().map(LogGroup::identifier).collect());
        let request = cx
            .client()
            .logs
            .start_query()
            .query_language(self.language.sdk())
            .query_string(&statement.text)
            .start_time(range.start.as_second())
            // Whole seconds: the last one is not cut short.
            .end_time(following_second(range.end))
            .set_limit(self.rows)
            .set_log_group_identifiers(by_identifier);
        let (running, id) = match Running::start(cx, request).await {
            Ok(started) => started,
            Err(StartError::Malformed(error, compile)) => {
                return Err(pointed(error, compile.as_ref(), &statement.text)
                    .with_next("correct the place marked; every command but the first begins with |"));
            }
            Err(StartError::Other(error)) => return Err(groups::explain(cx, &self.log_groups, error).await),
        };
        let results = running.finish(cx, &id, most).await?;
        self.tell(cx, &results, range);
        Ok((id, results))
    }

    fn check(&self, statement: &Statement) -> Result<()> {
        if self.language != Language::Cwli && self.rows.is_some_and(|rows| rows > USUAL) {
            return Err(Error::invalid(format!(
                "AWS gives more than {USUAL} `rows` of statements in cwli only"
            )));
        }
        if self.language == Language::Sql
            && !(self.log_groups.is_empty() && statement.names_groups(self.language))
        {
            return Err(Error::invalid(
                "sql names its log groups in its FROM, such as FROM `/aws/lambda/f`; leave `log_groups` out",
            ));
        }
        if self.log_groups.is_empty() && !statement.names_groups(self.language) {
            return Err(Error::invalid("`log_groups` is missing: name at least one")
                .with_next("list_log_groups shows them"));
        }
        Ok(())
    }

    /// What the query would read, as far as it is known beforehand.
    async fn described(&self, cx: &Call<CloudWatch>, statement: &Statement) -> Result<Vec<Description>> {
        let mut found = groups::describe_all(cx, &self.log_groups).await?;
        let mut is_known = statement.is_understood || !statement.names_groups(self.language);
        for source in &statement.sources {
            match source {
                Source::Group(group) => match groups::describe(cx, group).await {
                    Ok(group) => found.push(group),
                    // AWS says so itself, at the place in the statement.
                    Err(error) if error.kind == Kind::NotFound => is_known = false,
                    Err(error) => return Err(error),
                },
                Source::Prefix { .. } => is_known = false,
            }
        }
        if !is_known {
            cx.note("how much the log groups that the statement names would scan was not known beforehand");
        }
        Ok(found)
    }

    /// What it cost, and where nothing was found, what was searched.
    fn tell(&self, cx: &Call<CloudWatch>, results: &GetQueryResultsOutput, range: TimeRange) {
        let statistics = results.statistics.as_ref();
        let count = |read: fn(&aws_sdk_cloudwatchlogs::types::QueryStatistics) -> f64| {
            thousands(statistics.map_or(0.0, read).max(0.0) as u64)
        };
        let names: Vec<String> = self.log_groups.iter().map(ToString::to_string).collect();
        cx.note(format!(
            "{}: scanned {} ({} of {} records match), {range}",
            cx.region(),
            cost(scanned(statistics)),
            count(|statistics| statistics.records_matched),
            count(|statistics| statistics.records_scanned),
        ));
        if results.results().is_empty() {
            cx.note(format!("no result; searched {}", names.join(", ")));
        }
        let most = usize::try_from(self.rows.unwrap_or(USUAL)).unwrap_or_default();
        let matched = statistics.map_or(0, |statistics| statistics.records_matched.max(0.0) as u64);
        // A statement that counts has fewer rows than records; one that is full of them was cut.
        if results.results().len() >= most.min(USUAL as usize) && matched > most as u64 {
            let more = match self.language {
                Language::Cwli if most < 100_000 => "`rows` of up to 100000, ",
                _ => "",
            };
            cx.note(format!(
                "AWS keeps the first {most} rows only, of {} records that match: {more}a shorter time (go on with `end` at the \
                 last row's @timestamp) or `stats` shows the rest",
                thousands(matched)
            ));
        }
    }
}

/// The most bytes that one query may scan.
fn most(cx: &Call<CloudWatch>) -> Result<u64> {
    insights::bytes(cx.extra("max-scan").unwrap_or("100GB")).map_err(Error::invalid)
}

/// Rows of a query that does not say how many.
const USUAL: i32 = 10_000;

/// Whether a statement asks for its rows' pointers. AWS gives them with every row: long, and of no use unless one is opened.
fn names_pointers(statement: &str) -> bool {
    statement.contains("@ptr")
}

fn page(
    cx: &Call<CloudWatch>,
    at: Onward,
    results: GetQueryResultsOutput,
    with_pointers: bool,
) -> Result<Page<Row>> {
    let all = results.results.unwrap_or_default();
    let count = all.len();
    let rows = all.into_iter().skip(at.offset).take(cx.limit() as usize).map(|fields| {
        let fields = fields.into_iter().filter_map(|field| Some((field.field?, Value::String(field.value?))));
        Row(fields.filter(|(name, _)| with_pointers || name != "@ptr").collect())
    });
    let (rows, _) = fitting(cx, rows);
    let shown = at.offset + rows.len();
    let following = results.next_token.filter(|token| !token.is_empty());
    let is_last = following.is_none();
    let before = at.before;
    let next = match following {
        _ if shown < count => Some(Onward { offset: shown, ..at }),
        Some(token) => {
            Some(Onward { token: Some(token), offset: 0, before: before + count, query: at.query })
        }
        None => None,
    };
    let mut page = cx.page_from(rows, next)?;
    // Until AWS's last page it is not known how many there are.
    page.total = is_last.then_some((before + count) as u64);
    Ok(page)
}
