use aws_sdk_cloudwatchlogs::types::{LogGroup as Description, LogGroupClass};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CloudWatch, arns, groups, metrics::check_account};

/// Lists log groups with size, retention and class.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListLogGroups {
    /// Anywhere in the name, whatever case.
    pattern: Option<String>,
    prefix: Option<String>,
    class: Option<Class>,
    /// A linked account, or `all` for those of every linked one too. Their groups stand there by ARN.
    account: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    Standard,
    InfrequentAccess,
    Delivery,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    size_bytes: Option<i64>,
    /// Absent where nothing expires.
    retention_days: Option<i32>,
    class: Option<String>,
    created: Option<String>,
    deletion_protected: Option<bool>,
}

impl Tool for ListLogGroups {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_log_groups", "List log groups")
        .on("*", &["logs:DescribeLogGroups"])
        .rows(arns::EACH_LOG_GROUP)
        .regional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        if self.pattern.is_some() && self.prefix.is_some() {
            return Err(Error::invalid("give `pattern` or `prefix`, not both"));
        }
        let account = self.account.as_deref().filter(|account| *account != ALL);
        account.map_or(Ok(()), check_account)?;
        // Without an account in the call, all are the call's own.
        let own = match &self.account {
            Some(_) => Some(cx.identity().await?.account),
            None => None,
        };
        let limit = cx.limit() as usize;
        let mut rows: Vec<Row> = Vec::new();
        let mut token = cx.token();
        loop {
            let left = limit.saturating_sub(rows.len());
            let request =
                cx.client().logs.describe_log_groups().limit(i32::try_from(left.min(MOST)).unwrap_or(1));
            let page = request
                .set_log_group_name_pattern(self.pattern.clone())
                .set_log_group_name_prefix(self.prefix.clone())
                .set_include_linked_accounts(self.account.as_ref().map(|_| true))
                .set_account_identifiers(account.map(|account| vec![account.to_owned()]))
                .set_log_group_class(self.class.map(Class::sdk))
                .set_next_token(token)
                .send()
                .await?;
            rows.extend(
                page.log_groups.unwrap_or_default().into_iter().map(|group| Row::new(group, own.as_deref())),
            );
            token = page.next_token;
            if rows.len() >= limit || token.is_none() {
                return Ok(cx.page(rows, token));
            }
        }
    }
}

/// Every linked account, and the call's own.
const ALL: &str = "all";

/// The most that AWS puts on one page.
const MOST: usize = 50;

impl Row {
    fn new(group: Description, own: Option<&str>) -> Self {
        // The name alone would be that of another group, in this account. Under a list of ARNs that does not hold every group
        // such a row is not shown: the list is held against the names of this account.
        let arn = group.arn.as_deref().map(|arn| arn.trim_end_matches(":*"));
        let is_linked = own.is_some_and(|own| arn.is_some_and(|arn| arn.split(':').nth(4) != Some(own)));
        Row {
            name: match arn.filter(|_| is_linked) {
                Some(arn) => arn.to_owned(),
                None => group.log_group_name.unwrap_or_default(),
            },
            size_bytes: group.stored_bytes,
            retention_days: group.retention_in_days,
            // The usual one says nothing.
            class: group
                .log_group_class
                .filter(|class| *class != LogGroupClass::Standard)
                .map(|class| class.as_str().to_lowercase()),
            created: group.creation_time.map(groups::day),
            deletion_protected: group.deletion_protection_enabled.filter(|is| *is),
        }
    }
}

impl Class {
    pub(crate) fn sdk(self) -> LogGroupClass {
        match self {
            Class::Standard => LogGroupClass::Standard,
            Class::InfrequentAccess => LogGroupClass::InfrequentAccess,
            Class::Delivery => LogGroupClass::Delivery,
        }
    }
}
