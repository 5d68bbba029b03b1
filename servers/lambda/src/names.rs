//! Names with rules: read once, strictly, with an error that shows what a good one looks like.

use awsmcp_mcp::{Arn, Error, ResourceArgument, ResourceRef, Result, resource_string};

use crate::arns;

/// A function: its name or its ARN, with or without a version or an alias behind it.
///
/// An ARN goes into the request as it is: it may be another account's, whose policy then decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionName {
    /// Without a qualifier.
    arn: Option<Arn>,
    name: String,
    qualifier: Option<String>,
}

impl FunctionName {
    /// As AWS takes it: the name or the ARN, without a qualifier.
    pub(crate) fn base(&self) -> String {
        self.arn.as_ref().map_or_else(|| self.name.clone(), Arn::to_string)
    }

    /// As AWS takes it where it has no field for the qualifier.
    pub(crate) fn with_qualifier(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.base()),
            None => self.base(),
        }
    }

    /// The version or alias that is meant: that of `field`, or the one behind the name.
    ///
    /// # Errors
    /// When both are given and differ.
    pub(crate) fn qualifier(&self, field: Option<&Qualifier>) -> Result<Option<String>> {
        match (&self.qualifier, field) {
            (Some(own), Some(field)) if *own != field.0 => Err(Error::invalid(format!(
                "`function` ends with {own} but `qualifier` is {}: give one of them",
                field.0
            ))),
            (Some(own), _) => Ok(Some(own.clone())),
            (None, field) => Ok(field.map(|field| field.0.clone())),
        }
    }

    /// # Errors
    /// When it names a version or an alias, which the tool has no use for.
    pub(crate) fn unqualified(&self) -> Result<()> {
        match &self.qualifier {
            Some(qualifier) => Err(Error::invalid(format!(
                "leave {qualifier:?} out of `function`: this is about the function as a whole"
            ))),
            None => Ok(()),
        }
    }

    /// Asks whether the operator's list lets the call use `action` on a version or an alias of it that the call comes to by
    /// itself, or on the function as a whole.
    ///
    /// # Errors
    /// When it is outside the list.
    pub(crate) async fn may(
        &self,
        cx: &awsmcp_mcp::Call<crate::Lambda>,
        action: &str,
        qualifier: Option<&str>,
    ) -> Result<()> {
        let name = qualified(&self.name, qualifier);
        match &self.arn {
            Some(arn) => {
                let arn = Arn { resource: format!("function:{name}"), ..arn.clone() };
                cx.may_on(action, &arn.to_string())
            }
            None => cx.may(action, arns::FUNCTION, &[("function", &name)]).await,
        }
    }
}

impl ResourceArgument for FunctionName {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a function; good ones are my-function, my-function:prod and \
                 arn:aws:lambda:us-east-1:123456789012:function:my-function"
            )
        };
        let arn = text.starts_with("arn:").then(|| Arn::parse(text).map_err(|_| wrong())).transpose()?;
        let named = match &arn {
            Some(arn) if arn.region.is_empty() || !is_account(&arn.account) => return Err(wrong()),
            Some(arn) => arn.name("lambda", "function:").ok_or_else(wrong)?,
            None => text,
        };
        let (name, qualifier) = match named.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (named, None),
        };
        if !is_plain(name, 140) || qualifier.is_some_and(|qualifier| qualifier.contains(':')) {
            return Err(wrong());
        }
        let name = name.to_owned();
        let qualifier = qualifier.map(Qualifier::parse).transpose()?.map(|qualifier| qualifier.0);
        let arn = arn.map(|arn| Arn { resource: format!("function:{name}"), ..arn });
        Ok(FunctionName { arn, name, qualifier })
    }

    fn resource(&self) -> ResourceRef {
        let name = qualified(&self.name, self.qualifier.as_deref());
        match &self.arn {
            Some(arn) => ResourceRef::Arn { arn: arn.clone(), name },
            None => ResourceRef::Name(name),
        }
    }
}

impl std::fmt::Display for FunctionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// A function whose logs are read: they lie in the call's own account, by the bare name, whatever version wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoggedFunction(FunctionName);

impl LoggedFunction {
    /// The name alone, which is what requests carry.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }
}

impl ResourceArgument for LoggedFunction {
    fn parse(text: &str) -> Result<Self, String> {
        FunctionName::parse(text).map(LoggedFunction)
    }

    fn resource(&self) -> ResourceRef {
        own(&self.0, self.0.name.clone())
    }
}

/// A function whose figures are read: they lie in the call's own account, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MeasuredFunction(FunctionName);

impl MeasuredFunction {
    /// The name alone, which is what requests carry.
    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// As [`FunctionName::qualifier`].
    ///
    /// # Errors
    /// When both are given and differ.
    pub(crate) fn qualifier(&self, field: Option<&Qualifier>) -> Result<Option<String>> {
        self.0.qualifier(field)
    }
}

impl ResourceArgument for MeasuredFunction {
    fn parse(text: &str) -> Result<Self, String> {
        FunctionName::parse(text).map(MeasuredFunction)
    }

    fn resource(&self) -> ResourceRef {
        own(&self.0, qualified(&self.0.name, self.0.qualifier.as_deref()))
    }
}

fn own(function: &FunctionName, name: String) -> ResourceRef {
    match &function.arn {
        Some(arn) => ResourceRef::Own { arn: arn.clone(), name },
        None => ResourceRef::Name(name),
    }
}

/// A version or an alias of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Qualifier(String);

impl Qualifier {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for Qualifier {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "$LATEST" || is_plain(text, 128) {
            return Ok(Qualifier(text.to_owned()));
        }
        Err(format!("{text:?} is not a version or an alias; good ones are 3, prod and $LATEST"))
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

/// A durable execution, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExecutionArn {
    arn: Arn,
    text: String,
}

impl ExecutionArn {
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl ResourceArgument for ExecutionArn {
    fn parse(text: &str) -> Result<Self, String> {
        let is_version = |version: &str| {
            matches!(version, "$LATEST" | "$LATEST.PUBLISHED")
                || !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit())
        };
        // orders:3/durable-execution/order-7/0b1c
        let is_execution = |named: &str| {
            let Some((function, rest)) = named.split_once(':') else { return false };
            let parts: Vec<&str> = rest.split('/').collect();
            let [version, "durable-execution", name, id] = parts.as_slice() else { return false };
            is_plain(function, 140) && is_version(version) && is_plain(name, 64) && is_plain(id, 64)
        };
        let arn = Arn::parse(text).ok().filter(|arn| !arn.region.is_empty() && is_account(&arn.account));
        let arn = arn.filter(|arn| arn.name("lambda", "function:").is_some_and(is_execution));
        let arn = arn.ok_or_else(|| {
            format!(
                "{text:?} is not a durable execution's ARN; list_executions shows them, such as \
                 arn:aws:lambda:us-east-1:123456789012:function:my-function:3/durable-execution/order-7/0b1c2d"
            )
        })?;
        Ok(ExecutionArn { arn, text: text.to_owned() })
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Whole(self.arn.clone())
    }
}

/// A layer: its name, or its ARN without a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LayerName {
    arn: Option<Arn>,
    name: String,
}

impl ResourceArgument for LayerName {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not a layer; good ones are my-layer and \
                 arn:aws:lambda:us-east-1:123456789012:layer:my-layer, with the version in `layer_version`"
            )
        };
        let arn = text.starts_with("arn:").then(|| Arn::parse(text).map_err(|_| wrong())).transpose()?;
        let name = match &arn {
            Some(arn) if arn.region.is_empty() || !is_account(&arn.account) => return Err(wrong()),
            Some(arn) => arn.name("lambda", "layer:").ok_or_else(wrong)?,
            None => text,
        };
        if !is_plain(name, 140) {
            return Err(wrong());
        }
        Ok(LayerName { name: name.to_owned(), arn })
    }

    fn resource(&self) -> ResourceRef {
        match &self.arn {
            Some(arn) => ResourceRef::Arn { arn: arn.clone(), name: self.name.clone() },
            None => ResourceRef::Name(self.name.clone()),
        }
    }
}

impl std::fmt::Display for LayerName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.arn {
            Some(arn) => arn.fmt(f),
            None => f.write_str(&self.name),
        }
    }
}

/// An execution role, by its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleArn {
    arn: Arn,
    name: String,
}

impl ResourceArgument for RoleArn {
    fn parse(text: &str) -> Result<Self, String> {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&byte);
        let arn = Arn::parse(text).ok().filter(|arn| arn.region.is_empty() && is_account(&arn.account));
        let name = arn.as_ref().and_then(|arn| arn.name("iam", "role/"));
        let name = name.filter(|name| name.bytes().all(letters)).map(str::to_owned);
        let (arn, name) = arn.zip(name).ok_or_else(|| {
            format!("{text:?} is not a role; a good one is arn:aws:iam::123456789012:role/my-role")
        })?;
        Ok(RoleArn { arn, name })
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Arn { arn: self.arn.clone(), name: self.name.clone() }
    }
}

impl std::fmt::Display for RoleArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.arn.fmt(f)
    }
}

/// A string with rules, which is only its text.
macro_rules! named {
    ($($(#[$doc:meta])* $name:ident $fits:expr, $good:literal)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(String);

        impl $name {
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ResourceArgument for $name {
            fn parse(text: &str) -> Result<Self, String> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) {
                    return Ok($name(text.to_owned()));
                }
                Err(format!("{text:?} is not {}", $good))
            }

            fn resource(&self) -> ResourceRef {
                ResourceRef::Name(self.0.clone())
            }
        }
    )*};
}

named! {
    /// An event source mapping, by its UUID.
    MappingId |text| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
        "an event source mapping's UUID; a good one is 14e0db71-5d35-4eb5-b481-8945cf9d10c2"
    /// A bucket that holds a package.
    BucketName |text| (3..=63).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
        "a bucket's name; a good one is my-packages"
    /// The key of a package in its bucket.
    ObjectKey |text| (1..=1024).contains(&text.len()) && !text.contains(char::is_control),
        "a key in S3; a good one is packages/orders.zip"
}

resource_string!(
    FunctionName,
    LoggedFunction,
    MeasuredFunction,
    Qualifier,
    ExecutionArn,
    LayerName,
    RoleArn,
    MappingId,
    BucketName,
    ObjectKey
);

fn is_plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn qualified(name: &str, qualifier: Option<&str>) -> String {
    qualifier.map_or_else(|| name.to_owned(), |qualifier| format!("{name}:{qualifier}"))
}

/// AWS's own way to write the ARN of what a template gave: a qualifier that stands in `function` already is not written
/// twice, and there is nothing below a version or an alias.
pub(crate) fn arn(text: &str) -> Option<String> {
    let (start, function) = text.split_once(":function:")?;
    let (name, rest) = function.split_once(':')?;
    let (qualifier, again) = rest.split_once(':')?;
    let is_own = start.splitn(3, ':').nth(2)?.starts_with("lambda:");
    (is_own && (again == qualifier || again == "*")).then(|| format!("{start}:function:{name}:{qualifier}"))
}

/// The last part of an ARN: the name of what it stands for.
pub(crate) fn last_part(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// The qualifier at the end of a function's ARN.
pub(crate) fn arn_qualifier(arn: &str) -> Option<&str> {
    arn.splitn(8, ':').nth(7)
}

/// The function's name in its ARN.
pub(crate) fn arn_function(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";

    #[test]
    fn names_and_arns_are_taken_with_and_without_a_qualifier() {
        let read = |text: &str| {
            FunctionName::parse(text).map(|found| (found.base(), found.with_qualifier(), found.resource()))
        };
        let name = |text: &str| ResourceRef::Name(text.to_owned());
        let arn = |text: &str| ResourceRef::Arn { arn: Arn::parse(ARN).unwrap(), name: text.to_owned() };
        assert_eq!(read("f").unwrap(), ("f".into(), "f".into(), name("f")));
        assert_eq!(read("f:prod").unwrap(), ("f".into(), "f:prod".into(), name("f:prod")));
        assert_eq!(read("f:$LATEST").unwrap(), ("f".into(), "f:$LATEST".into(), name("f:$LATEST")));
        assert_eq!(read(ARN).unwrap(), (ARN.into(), ARN.into(), arn("f")));
        let version = format!("{ARN}:3");
        assert_eq!(read(&version).unwrap(), (ARN.into(), version.clone(), arn("f:3")));
        for wrong in [
            "",
            " f",
            "f ",
            "a b",
            "f\u{0}",
            "f\n",
            "f:",
            ":f",
            "f:p:q",
            "f:*",
            "f?",
            "../f",
            "%66",
            "\u{0444}",
            "arn:aws:s3:::f",
            "123456789012:function:f",
            " arn:aws:lambda:us-east-1:999999999999:function:secret-fn",
            "arn:aws:lambda:us-east-1:123456789012:function:",
            "arn:aws:lambda:us-east-1:123456789012:layer:f",
            "arn:aws:lambda:us-east-1::function:f",
            "arn:aws:lambda::123456789012:function:f",
            "arn:aws:lambda:us-east-1:123456789012:function:f:p:q",
            "arn:aws:kms:us-east-1:123456789012:key/x:function:f",
            "ARN:aws:lambda:us-east-1:123456789012:function:f",
        ] {
            assert!(read(wrong).unwrap_err().contains("good ones are"), "{wrong}");
        }
    }

    #[test]
    fn a_qualifier_is_given_once() {
        let name = FunctionName::parse("f:prod").unwrap();
        let field = |text| Qualifier::parse(text).unwrap();
        assert_eq!(name.qualifier(None).unwrap().as_deref(), Some("prod"));
        assert_eq!(name.qualifier(Some(&field("prod"))).unwrap().as_deref(), Some("prod"));
        assert!(name.qualifier(Some(&field("dev"))).is_err());
        assert!(name.unqualified().is_err());
    }

    #[test]
    fn logs_and_figures_are_read_by_name() {
        let arn = Arn::parse(ARN).unwrap();
        let version = format!("{ARN}:3");
        let own = |name: &str| ResourceRef::Own { arn: arn.clone(), name: name.to_owned() };
        assert_eq!(LoggedFunction::parse(&version).unwrap().resource(), own("f"));
        assert_eq!(MeasuredFunction::parse(&version).unwrap().resource(), own("f:3"));
        assert_eq!(LoggedFunction::parse("f:3").unwrap().resource(), ResourceRef::Name("f".to_owned()));
    }

    #[test]
    fn layers_roles_mappings_and_packages_are_told_apart() {
        let layer = "arn:aws:lambda:eu-west-1:123456789012:layer:l";
        assert_eq!(LayerName::parse(layer).unwrap().to_string(), layer);
        assert_eq!(LayerName::parse("l").unwrap().resource(), ResourceRef::Name("l".to_owned()));
        for wrong in
            ["", " l", "l:3", &format!("{layer}:3"), ARN, "arn:aws:kms:us-east-1:123456789012:layer:l"]
        {
            assert!(LayerName::parse(wrong).unwrap_err().contains("good ones are"), "{wrong}");
        }
        let role = "arn:aws:iam::123456789012:role/service-role/r";
        assert_eq!(RoleArn::parse(role).unwrap().to_string(), role);
        for wrong in [
            "",
            "r",
            "arn:aws:iam::123456789012:user/r",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam:::role/r",
            "arn:aws:iam::123456789012:role/a*",
            " arn:aws:iam::123456789012:role/r",
            "arn:aws:sts::123456789012:role/r",
        ] {
            assert!(RoleArn::parse(wrong).unwrap_err().contains("a good one is"), "{wrong}");
        }
        assert!(MappingId::parse("14e0db71-5d35-4eb5-b481-8945cf9d10c2").is_ok());
        assert!(BucketName::parse("my-bucket").is_ok() && ObjectKey::parse("a/b c:1.zip").is_ok());
        for wrong in ["", "*", "a:b", "a/b", " a", "arn:aws:s3:::bucket"] {
            assert!(MappingId::parse(wrong).is_err() && BucketName::parse(wrong).is_err(), "{wrong}");
        }
        assert!(ObjectKey::parse("").is_err() && ObjectKey::parse("a\u{0}").is_err());
    }

    #[test]
    fn an_execution_is_named_by_its_arn() {
        for good in [
            "f:3/durable-execution/order-7/0b1c",
            "f:$LATEST/durable-execution/a/b",
            "f:$LATEST.PUBLISHED/durable-execution/a/b",
        ] {
            let text = format!("arn:aws:lambda:eu-west-1:123456789012:function:{good}");
            let read = ExecutionArn::parse(&text).unwrap();
            assert_eq!(read.as_str(), text);
            assert_eq!(read.resource(), ResourceRef::Whole(Arn::parse(&text).unwrap()));
        }
        for wrong in [
            "",
            "order-7",
            ARN,
            &format!("{ARN}:3"),
            &format!("{ARN}/durable-execution/a/b"),
            &format!("{ARN}:prod/durable-execution/a/b"),
            &format!("{ARN}:3/durable-execution/a"),
            &format!("{ARN}:3/durable-execution/a/b/c"),
            &format!("{ARN}:3/durable-execution/*/b"),
            &format!(" {ARN}:3/durable-execution/a/b"),
            &format!("{ARN}:3/durable-execution/../b"),
            "arn:aws:kms:eu-west-1:123456789012:function:f:3/durable-execution/a/b",
        ] {
            assert!(
                ExecutionArn::parse(wrong).unwrap_err().contains("list_executions shows them"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn an_arn_is_read_from_its_parts() {
        assert_eq!((arn_function(ARN), arn_qualifier(ARN)), ("f", None));
        let alias = format!("{ARN}:prod");
        assert_eq!((arn_function(&alias), arn_qualifier(&alias)), ("f", Some("prod")));
    }

    #[test]
    fn a_qualifier_is_judged_once() {
        let prod = format!("{ARN}:prod");
        assert_eq!(arn(&format!("{prod}:prod")).as_deref(), Some(prod.as_str()));
        assert_eq!(arn(&format!("{prod}:*")).as_deref(), Some(prod.as_str()));
        for kept in
            [ARN, &prod, &format!("{ARN}:*"), &format!("{prod}:dev"), "*", "arn:aws:s3:::b/a:function:f:p:p"]
        {
            assert_eq!(arn(kept), None, "{kept}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = FunctionName::parse(&text);
            let _ = arn(&text);
        }

        /// Whatever is taken is written into the request as it was given, and nothing else is judged.
        #[test]
        fn what_is_read_is_what_the_request_carries(
            start in "(|arn:aws:lambda:eu-west-1:123456789012:function:|arn:aws:s3:::|arn:aws:kms:us-east-1:123456789012:key/x:function:)",
            text in "[ -~\\x00\u{0430}]{0,12}",
            end in "(|:prod|:3|:\\*| |\\?|%20)",
        ) {
            let text = format!("{start}{text}{end}");
            if let Ok(function) = FunctionName::parse(&text) {
                prop_assert_eq!(function.with_qualifier(), text.clone());
                let judged = match function.resource() {
                    ResourceRef::Arn { arn, name } => format!("arn:{}:{}:{}:{}:function:{name}", arn.partition, arn.service, arn.region, arn.account),
                    ResourceRef::Name(name) => name,
                    other => panic!("{other:?}"),
                };
                prop_assert_eq!(judged, text.clone());
                prop_assert!(!text.contains(['*', '?', '%', ' ', '/', '\0']));
            }
        }
    }
}
