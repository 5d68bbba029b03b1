//! Names with rules: parsed at the edge, with an error that shows what a good one looks like.

/// A log group: its name, or its ARN, which may be another account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogGroup(String);

impl LogGroup {
    /// The name or the ARN, as operations take it that take either.
    pub(crate) fn identifier(&self) -> &str {
        &self.0
    }

    /// The ARN, where it was given so.
    pub(crate) fn arn(&self) -> Option<String> {
        (self.name() != self.0).then(|| self.0.clone())
    }

    /// The name, where it was given so: AWS takes one or the other.
    pub(crate) fn plain_name(&self) -> Option<String> {
        (self.name() == self.0).then(|| self.0.clone())
    }

    pub(crate) fn name(&self) -> &str {
        self.0.split_once(":log-group:").map_or(self.0.as_str(), |(_, name)| name)
    }

    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
    fn parse(text: &str) -> Result<Self, String> {
        let bare = text.strip_suffix(":*").unwrap_or(text);
        let name = match bare.split_once(":log-group:") {
            Some((start, name)) if start.starts_with("arn:aws") => name,
            _ => bare,
        };
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/#".contains(letter);
        if (1..=512).contains(&name.len()) && name.chars().all(plain) {
            return Ok(LogGroup(bare.to_owned()));
        }
        Err(format!(
            "{text:?} is not a log group: a good one looks like /aws/lambda/my-function, letters, digits and ._-/#; \
             its ARN works too"
        ))
    }
}

impl std::fmt::Display for LogGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// An alarm: its name, or its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlarmName(String);

impl AlarmName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let name = match text.split_once(":alarm:") {
            Some((start, name)) if start.starts_with("arn:aws") => name,
            _ => text,
        };
        if (1..=255).contains(&name.chars().count()) && !name.contains(char::is_control) {
            return Ok(AlarmName(name.to_owned()));
        }
        Err(format!(
            "{text:?} is not an alarm's name: a good one has 1 to 255 characters, such as orders-5xx; its ARN works too"
        ))
    }
}

impl std::str::FromStr for AlarmName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        AlarmName::parse(text)
    }
}

impl std::fmt::Display for AlarmName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A dashboard: its name, or its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DashboardName(String);

impl DashboardName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let name = match text.split_once(":dashboard/") {
            Some((start, name)) if start.starts_with("arn:aws") => name,
            _ => text,
        };
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        if (1..=255).contains(&name.len()) && name.chars().all(plain) {
            return Ok(DashboardName(name.to_owned()));
        }
        Err(format!(
            "{text:?} is not a dashboard's name: a good one looks like orders-prod: letters, digits, - and _"
        ))
    }
}

impl std::fmt::Display for DashboardName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

awsmcp_mcp::plain_string!(LogGroup, AlarmName, DashboardName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_groups_are_taken_by_name_and_by_arn() {
        let read =
            |text| LogGroup::parse(text).map(|group| (group.identifier().to_owned(), group.to_string()));
        let pair = |left: &str, right: &str| (left.to_owned(), right.to_owned());
        assert_eq!(read("/aws/lambda/f").unwrap(), pair("/aws/lambda/f", "/aws/lambda/f"));
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/app/web";
        assert_eq!(read(arn).unwrap(), pair(arn, "/app/web"));
        let starred = format!("{arn}:*");
        assert_eq!(read(&starred).unwrap(), pair(arn, "/app/web"));
        for wrong in ["", "a b", "a:b", "arn:aws:s3:::b", "arn:aws:logs:us-east-1:1:log-group:"] {
            assert!(read(wrong).unwrap_err().contains("/aws/lambda/my-function"), "{wrong}");
        }
    }

    #[test]
    fn alarms_and_dashboards_are_taken_by_name_and_by_arn() {
        let alarm = |text: &str| AlarmName::parse(text).map(|name| name.0);
        assert_eq!(alarm("CPU is high!").unwrap(), "CPU is high!");
        assert_eq!(alarm("arn:aws:cloudwatch:us-east-1:1:alarm:a:b").unwrap(), "a:b");
        assert!(alarm("").is_err() && alarm("a\nb").is_err() && alarm(&"x".repeat(256)).is_err());
        let dashboard = |text: &str| DashboardName::parse(text).map(|name| name.0);
        assert_eq!(dashboard("arn:aws:cloudwatch::1:dashboard/main").unwrap(), "main");
        assert!(dashboard("my board").unwrap_err().contains("orders-prod"));
    }
}
