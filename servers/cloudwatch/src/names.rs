//! The names of log groups, streams, alarms and dashboards, each read once and strictly: what is judged is what is sent.

use awsmcp_mcp::{Arn, ResourceArgument, ResourceRef, resource_string};

/// A log group: its name, or its ARN, which may be another account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogGroup {
    name: String,
    arn: Option<Arn>,
}

impl LogGroup {
    /// The name or the ARN, as operations take it that take either.
    pub(crate) fn identifier(&self) -> String {
        self.arn().unwrap_or_else(|| self.name.clone())
    }

    /// The ARN, where it was given so.
    pub(crate) fn arn(&self) -> Option<String> {
        self.arn.as_ref().map(Arn::to_string)
    }

    /// The account of the ARN, where it was given so.
    pub(crate) fn account(&self) -> Option<&str> {
        self.arn.as_ref().map(|arn| arn.account.as_str())
    }

    /// The name, where it was given so: AWS takes one or the other.
    pub(crate) fn plain_name(&self) -> Option<String> {
        self.arn.is_none().then(|| self.name.clone())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl ResourceArgument for LogGroup {
    /// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a log group: a good one looks like /aws/lambda/my-function, letters, digits and ._-/#; \
                 its ARN works too"
            )
        };
        if !text.starts_with("arn:") {
            return if is_group(text) {
                Ok(LogGroup { name: text.to_owned(), arn: None })
            } else {
                Err(wrong())
            };
        }
        // AWS writes a group's ARN with `:*` behind it and without, and takes only the latter in requests.
        let arn = Arn::parse(text.strip_suffix(":*").unwrap_or(text)).map_err(|_| wrong())?;
        let name = arn.name("logs", "log-group:").filter(|name| is_group(name)).ok_or_else(wrong)?.to_owned();
        if arn.region.is_empty() || arn.account.is_empty() {
            return Err(wrong());
        }
        Ok(LogGroup { name, arn: Some(arn) })
    }

    fn resource(&self) -> ResourceRef {
        match &self.arn {
            None => ResourceRef::Name(self.name.clone()),
            Some(arn) => ResourceRef::Arn { arn: arn.clone(), name: self.name.clone() },
        }
    }
}

pub(crate) fn is_group(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/#".contains(letter);
    (1..=512).contains(&name.len()) && name.chars().all(plain)
}

impl std::fmt::Display for LogGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// A log group of the call's own account: the operations that it is for take its name only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnLogGroup(LogGroup);

impl std::ops::Deref for OwnLogGroup {
    type Target = LogGroup;

    fn deref(&self) -> &LogGroup {
        &self.0
    }
}

impl ResourceArgument for OwnLogGroup {
    fn parse(text: &str) -> Result<Self, String> {
        LogGroup::parse(text).map(OwnLogGroup)
    }

    fn resource(&self) -> ResourceRef {
        match self.0.resource() {
            ResourceRef::Arn { arn, name } => ResourceRef::Own { arn, name },
            other => other,
        }
    }
}

impl std::fmt::Display for OwnLogGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A stream of a log group, by its name.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogStream(String);

impl ResourceArgument for LogStream {
    fn parse(text: &str) -> Result<Self, String> {
        let strange = |letter: char| letter == ':' || letter == '*' || letter.is_control();
        if (1..=512).contains(&text.len()) && !text.contains(strange) {
            return Ok(LogStream(text.to_owned()));
        }
        Err(format!(
            "{text:?} is not a stream's name: a good one looks like web-1/2026-11-22, without : and *"
        ))
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

/// A thing of the call's own account: its name, and its ARN where it was given so.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Own {
    name: String,
    arn: Option<Arn>,
}

impl Own {
    /// Reads a name, or an ARN of CloudWatch whose resource is `kind` and a name.
    fn parse(text: &str, kind: &str, is_name: fn(&str) -> bool) -> Option<Own> {
        if !text.starts_with("arn:") {
            return is_name(text).then(|| Own { name: text.to_owned(), arn: None });
        }
        let (head, name) = text.split_once(&format!(":{kind}"))?;
        // Alarms may have blanks in their names, which no other ARN has: the rest of the ARN is read without the name.
        let mut arn = Arn::parse(&format!("{head}:{kind}name")).ok()?;
        let kind_fits = arn.resource == format!("{kind}name") && arn.service == "cloudwatch";
        if !kind_fits || arn.account.is_empty() || !is_name(name) {
            return None;
        }
        arn.resource = format!("{kind}{name}");
        Some(Own { name: name.to_owned(), arn: Some(arn) })
    }

    fn resource(&self) -> ResourceRef {
        match &self.arn {
            None => ResourceRef::Name(self.name.clone()),
            Some(arn) => ResourceRef::Own { arn: arn.clone(), name: self.name.clone() },
        }
    }
}

/// Any text that AWS takes as a name: 1 to 255 characters, none of them a control character.
fn is_text(name: &str) -> bool {
    (1..=255).contains(&name.chars().count()) && !name.contains(char::is_control)
}

/// Makes a type that is a name or an ARN of the call's own account.
macro_rules! own_name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $is_name:expr, $good:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $type(Own);

        impl $type {
            pub(crate) fn as_str(&self) -> &str {
                &self.0.name
            }
        }

        impl ResourceArgument for $type {
            fn parse(text: &str) -> Result<Self, String> {
                Own::parse(text, $kind, $is_name).map($type).ok_or_else(|| format!("{text:?} is not {}", $good))
            }

            fn resource(&self) -> ResourceRef {
                self.0.resource()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0.name)
            }
        }
    };
}

own_name!(
    /// An alarm: its name, or its ARN.
    AlarmName,
    "alarm:",
    is_text,
    "an alarm's name: a good one has 1 to 255 characters, such as orders-5xx; its ARN works too"
);

own_name!(
    /// A rule that mutes alarms: its name, or its ARN.
    MuteRule,
    "alarm-mute-rule:",
    is_text,
    "a mute rule's name: a good one looks like maintenance; its ARN works too"
);

own_name!(
    /// A dashboard: its name, or its ARN.
    DashboardName,
    "dashboard/",
    |name| (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
    "a dashboard's name: a good one looks like orders-prod: letters, digits, - and _; its ARN works too"
);

impl AlarmName {
    /// The account of the ARN, where it was given so.
    pub(crate) fn account(&self) -> Option<&str> {
        self.0.arn.as_ref().map(|arn| arn.account.as_str())
    }
}

impl std::str::FromStr for AlarmName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        AlarmName::parse(text)
    }
}

impl LogStream {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

resource_string!(LogGroup, OwnLogGroup, LogStream, AlarmName, MuteRule, DashboardName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn log_groups_are_taken_by_name_and_by_arn() {
        let read = |text: &str| LogGroup::parse(text).map(|group| (group.identifier(), group.to_string()));
        let pair = |left: &str, right: &str| (left.to_owned(), right.to_owned());
        assert_eq!(read("/aws/lambda/f").unwrap(), pair("/aws/lambda/f", "/aws/lambda/f"));
        let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/app/web";
        assert_eq!(read(arn).unwrap(), pair(arn, "/app/web"));
        assert_eq!(read(&format!("{arn}:*")).unwrap(), pair(arn, "/app/web"));
        assert!(
            matches!(LogGroup::parse(arn).unwrap().resource(), ResourceRef::Arn { name, .. } if name == "/app/web")
        );
        assert!(
            matches!(OwnLogGroup::parse(arn).unwrap().resource(), ResourceRef::Own { name, .. } if name == "/app/web")
        );
        for wrong in [
            "",
            "a b",
            "a:b",
            " /a",
            "/a:*",
            "arn:aws:s3:::b",
            "arn:aws:logs:us-east-1:123456789012:log-group:",
            "arn:aws:logs:us-east-1:123456789012:log-group:/a:*:*",
            "arn:aws:logs:us-east-1:123456789012:log-group:/a:log-stream:s",
            "arn:aws:logs::123456789012:log-group:/a",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:team-x:log-group:/secret/payroll",
        ] {
            assert!(read(wrong).unwrap_err().contains("/aws/lambda/my-function"), "{wrong}");
        }
    }

    #[test]
    fn alarms_dashboards_rules_and_streams_are_read_strictly() {
        let alarm = |text: &str| AlarmName::parse(text).map(|name| name.to_string());
        assert_eq!(alarm("CPU is high!").unwrap(), "CPU is high!");
        assert_eq!(alarm("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a b:c").unwrap(), "a b:c");
        for wrong in [
            "",
            "a\nb",
            "arn:aws:logs:us-east-1:123456789012:alarm:a",
            "arn:aws:cloudwatch:us-east-1:123456789012:insight-rule/x:alarm:a",
            "arn:aws:cloudwatch:us-east-1:1:alarm:a",
            "arn:aws:cloudwatch:us-east-1:123456789012:alarm:",
        ] {
            assert!(alarm(wrong).unwrap_err().contains("orders-5xx"), "{wrong}");
        }
        assert!(alarm(&"x".repeat(256)).is_err());
        let dashboard = |text: &str| DashboardName::parse(text).map(|name| name.to_string());
        assert_eq!(dashboard("arn:aws:cloudwatch::123456789012:dashboard/main").unwrap(), "main");
        assert!(dashboard("my board").unwrap_err().contains("orders-prod"));
        assert!(dashboard("arn:aws:cloudwatch::123456789012:dashboard/a:dashboard/b").is_err());
        assert!(MuteRule::parse("arn:aws:cloudwatch:us-east-1:123456789012:alarm:a").is_err());
        assert!(LogStream::parse("web 1/2026").is_ok() && LogStream::parse("a:b").is_err());
    }

    /// Texts that hostile callers would try.
    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("arn:aws:logs:us-east-1:123456789012:log-group:".to_owned()),
            Just("arn:aws:cloudwatch:us-east-1:123456789012:alarm:".to_owned()),
            Just("arn:aws:cloudwatch::123456789012:dashboard/".to_owned()),
            Just("arn:aws:kms:us-east-1:123456789012:key/".to_owned()),
            Just(":log-group:".to_owned()),
            Just(":alarm:".to_owned()),
            Just("ARN:".to_owned()),
            "[ \t\u{0}\u{a0}:/*?%#.'\"`\u{430}A-C-]{0,4}",
            "/team/[a-c]{1,3}",
        ];
        proptest::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// The ARN that the gate judges is the one of the very name that a request carries.
        #[test]
        fn what_is_judged_is_what_the_request_names(text in hostile()) {
            if let Ok(group) = LogGroup::parse(&text) {
                prop_assert!(is_group(group.name()));
                match group.resource() {
                    ResourceRef::Name(name) => prop_assert_eq!((&name, &group.identifier()), (&text, &text)),
                    ResourceRef::Arn { arn, name } => {
                        prop_assert_eq!(&arn.service, "logs");
                        prop_assert_eq!(&arn.resource, &format!("log-group:{name}"));
                        prop_assert_eq!(group.identifier(), arn.to_string());
                        prop_assert_eq!(name.as_str(), group.name());
                    }
                    other => prop_assert!(false, "{other:?}"),
                }
            }
            if let Ok(alarm) = AlarmName::parse(&text) {
                prop_assert!(!alarm.as_str().contains(char::is_control));
                match alarm.resource() {
                    ResourceRef::Name(name) => prop_assert_eq!((&name, alarm.as_str()), (&text, text.as_str())),
                    ResourceRef::Own { arn, name } => {
                        prop_assert_eq!(arn.to_string(), text.clone());
                        prop_assert_eq!(&arn.resource, &format!("alarm:{name}"));
                        prop_assert_eq!(name.as_str(), alarm.as_str());
                    }
                    other => prop_assert!(false, "{other:?}"),
                }
            }
            if let Ok(dashboard) = DashboardName::parse(&text) {
                prop_assert!(text.ends_with(dashboard.as_str()) && !dashboard.as_str().contains([':', '/', '*', '?']));
            }
            if let Ok(stream) = LogStream::parse(&text) {
                prop_assert_eq!(stream.resource(), ResourceRef::Name(text.clone()));
                prop_assert!(!text.contains([':', '*']));
            }
        }
    }
}
