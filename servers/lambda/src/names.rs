//! Names with rules: parsed at the edge, with an error that shows what a good one looks like.

use awsmcp_mcp::{Call, Error, Kind, Result};

use crate::Lambda;

/// A function: its name or its ARN, with or without a version or an alias behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionName {
    /// As AWS takes it: the name or the ARN, without a qualifier.
    base: String,
    name: String,
    region: Option<String>,
    qualifier: Option<String>,
}

impl FunctionName {
    /// The name alone.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// As AWS takes it, without a qualifier.
    ///
    /// # Errors
    /// When its ARN is of another region than the call: the call then moves there, where that is allowed.
    pub(crate) fn here(&self, cx: &Call<Lambda>) -> Result<String> {
        match &self.region {
            Some(region) if region != cx.region() => {
                let mut error = Error::new(Kind::WrongRegion, format!("{} is in {region}", self.base));
                error.region = Some(region.clone());
                Err(error.with_next(format!("call again with region {region}")))
            }
            _ => Ok(self.base.clone()),
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

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || {
            format!(
                "{text:?} is not a function; good ones are my-function, my-function:prod and \
                 arn:aws:lambda:us-east-1:123456789012:function:my-function"
            )
        };
        let parts: Vec<&str> = text.split(':').collect();
        let (name, qualifier, region) = match parts.as_slice() {
            [name] => (*name, None, None),
            [name, qualifier] => (*name, Some(*qualifier), None),
            ["arn", partition, "lambda", region, account, "function", name, rest @ ..]
                if partition.starts_with("aws")
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && rest.len() < 2 =>
            {
                (*name, rest.first().copied(), Some((*region).to_owned()))
            }
            _ => return Err(wrong()),
        };
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(1..=140).contains(&name.len()) || !name.bytes().all(letters) {
            return Err(wrong());
        }
        let qualifier = qualifier.map(Qualifier::parse).transpose()?.map(|qualifier| qualifier.0);
        let base = match &qualifier {
            Some(qualifier) => text.strip_suffix(&format!(":{qualifier}")).unwrap_or(text),
            None => text,
        };
        Ok(FunctionName { base: base.to_owned(), name: name.to_owned(), region, qualifier })
    }
}

impl std::fmt::Display for FunctionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

awsmcp_mcp::plain_string!(FunctionName);

/// A version or an alias of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Qualifier(String);

impl Qualifier {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if text == "$LATEST" || (1..=128).contains(&text.len()) && text.bytes().all(letters) {
            return Ok(Qualifier(text.to_owned()));
        }
        Err(format!("{text:?} is not a version or an alias; good ones are 3, prod and $LATEST"))
    }
}

awsmcp_mcp::plain_string!(Qualifier);

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
            FunctionName::parse(text).map(|found| (found.base, found.name, found.region, found.qualifier))
        };
        let own = |text: &str| Some(text.to_owned());
        assert_eq!(read("f").unwrap(), ("f".into(), "f".into(), None, None));
        assert_eq!(read("f:prod").unwrap(), ("f".into(), "f".into(), None, own("prod")));
        assert_eq!(read("f:$LATEST").unwrap(), ("f".into(), "f".into(), None, own("$LATEST")));
        assert_eq!(read(ARN).unwrap(), (ARN.into(), "f".into(), own("eu-west-1"), None));
        assert_eq!(read(&format!("{ARN}:3")).unwrap(), (ARN.into(), "f".into(), own("eu-west-1"), own("3")));
        for wrong in ["", "a b", "f:", "f:p:q", "arn:aws:s3:::f", "123456789012:function:f", "f:*", "../f"] {
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
    fn an_arn_is_read_from_its_parts() {
        assert_eq!((arn_function(ARN), arn_qualifier(ARN)), ("f", None));
        let alias = format!("{ARN}:prod");
        assert_eq!((arn_function(&alias), arn_qualifier(&alias)), ("f", Some("prod")));
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = FunctionName::parse(&text);
        }
    }
}
