//! Log groups: finding them, and what is near where one does not exist.

use aws_sdk_cloudwatchlogs::types::LogGroup as Description;
use awsmcp_mcp::{Call, Error, Kind, Result, nearest, to_millisecond};
use futures::future::try_join_all;

use crate::{CloudWatch, arns, names::LogGroup};

/// What AWS says of a log group.
pub(crate) async fn describe(cx: &Call<CloudWatch>, group: &LogGroup) -> Result<Description> {
    // An ARN of another account must not find the group of the same name in this one.
    let is_its = |account: &str| group.account().is_none_or(|wanted| wanted == account);
    let exact = |description: &Description| {
        let account = description.arn().and_then(|arn| arn.split(':').nth(4));
        description.log_group_name() == Some(group.name()) && account.is_none_or(is_its)
    };
    let mut token = None;
    loop {
        let request = cx.client().logs.describe_log_groups().log_group_name_prefix(group.name());
        let page = request.set_next_token(token).send().await?;
        let found = page.log_groups.unwrap_or_default();
        // In the order of their names, so that the exact one is the first.
        if let Some(description) = found.into_iter().find(exact) {
            return Ok(description);
        }
        token = page.next_token;
        if token.is_none() {
            if let Some(linked) = linked(cx, group).await? {
                return Ok(linked);
            }
            let error = Error::not_found(format!("there is no log group {group} in {}", cx.region()));
            return Err(suggest(cx, group, error).await);
        }
    }
}

/// A group of another account, which AWS shows by its ARN where the accounts are linked.
async fn linked(cx: &Call<CloudWatch>, group: &LogGroup) -> Result<Option<Description>> {
    let Some(arn) = group.arn() else { return Ok(None) };
    let request =
        cx.client().logs.describe_log_groups().log_group_identifiers(&arn).include_linked_accounts(true);
    let page = request.send().await?;
    let is_it = |description: &Description| {
        description.arn().is_some_and(|found| found.trim_end_matches(":*") == arn)
    };
    Ok(page.log_groups.unwrap_or_default().into_iter().find(is_it))
}

/// Asks whether the operator's list holds this group.
///
/// # Errors
/// When it does not.
pub(crate) async fn may(cx: &Call<CloudWatch>, action: &str, group: &LogGroup) -> Result<()> {
    match group.arn() {
        Some(arn) => cx.may_on(action, &format!("{arn}:*")),
        None => cx.may(action, arns::EACH_LOG_GROUP, &[("name", group.name())]).await,
    }
}

/// Those of some names that the operator's list holds: others are not shown, not even as a suggestion.
pub(crate) async fn visible(
    cx: &Call<CloudWatch>,
    action: &str,
    template: &str,
    names: Vec<String>,
) -> Result<Vec<String>> {
    let mut visible = Vec::new();
    for name in names {
        match cx.may(action, template, &[("name", &name)]).await {
            Ok(()) => visible.push(name),
            Err(error) if error.kind == Kind::Refused => {}
            Err(error) => return Err(error),
        }
    }
    Ok(visible)
}

pub(crate) async fn describe_all(cx: &Call<CloudWatch>, groups: &[LogGroup]) -> Result<Vec<Description>> {
    try_join_all(groups.iter().map(|group| describe(cx, group))).await
}

/// The error, with the nearest names where it says that one of these groups does not exist.
pub(crate) async fn explain(cx: &Call<CloudWatch>, groups: &[LogGroup], error: impl Into<Error>) -> Error {
    let error: Error = error.into();
    if error.kind != Kind::NotFound {
        return error;
    }
    let named = groups.iter().find(|group| error.message.contains(group.name()));
    match (named, groups) {
        (Some(group), _) | (None, [group]) => suggest(cx, group, error).await,
        _ => error,
    }
}

async fn suggest(cx: &Call<CloudWatch>, group: &LogGroup, mut error: Error) -> Error {
    if !error.message.contains(group.name()) {
        error.message = format!("{}: {group}", error.message.trim_end_matches('.'));
    }
    match near(cx, group.name()).await {
        Ok(names) if names.is_empty() => error.with_next("list_log_groups shows the groups of this region"),
        Ok(names) => {
            error.with_next(format!("did you mean {}? list_log_groups shows them all", names.join(", ")))
        }
        Err(why) => {
            let why = format!(
                "the nearest names could not be looked up, which needs logs:DescribeLogGroups: {why}"
            );
            error.with_next(why)
        }
    }
}

/// Up to three groups whose names are like this one.
async fn near(cx: &Call<CloudWatch>, name: &str) -> Result<Vec<String>> {
    let last = name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(name);
    let folder = name.strip_suffix(last).unwrap_or_default();
    let list = |pattern: Option<&str>, prefix: Option<&str>| {
        let request = cx.client().logs.describe_log_groups().limit(50);
        request
            .set_log_group_name_pattern(pattern.map(str::to_owned))
            .set_log_group_name_prefix(prefix.map(str::to_owned))
            .send()
    };
    let start: String = last.chars().take(4).collect();
    let alike = |page: aws_sdk_cloudwatchlogs::operation::describe_log_groups::DescribeLogGroupsOutput| {
        page.log_groups.unwrap_or_default().into_iter().filter_map(|group| group.log_group_name)
    };
    // Those that contain the start of its last part, and those beside it.
    let mut names: Vec<String> = alike(list(Some(&start), None).await?).collect();
    names.extend(alike(list(None, Some(folder).filter(|folder| folder.len() > 1)).await?));
    names.sort();
    names.dedup();
    let names = visible(cx, "logs:DescribeLogGroups", arns::EACH_LOG_GROUP, names).await?;
    let mut found: Vec<String> = Vec::new();
    while found.len() < 3 {
        let left = names.iter().map(String::as_str).filter(|name| !found.iter().any(|known| known == name));
        match nearest(name, left).map(str::to_owned) {
            Some(name) => found.push(name),
            None => break,
        }
    }
    Ok(found)
}
/// The day of such a time: milliseconds since 1970, as CloudWatch Logs counts.
pub(crate) fn day(millis: i64) -> String {
    to_millisecond(millis).split('T').next().unwrap_or_default().to_owned()
}
