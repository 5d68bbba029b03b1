//! Names with rules: parsed at the edge, with an error that shows what a good one looks like.

use std::ops::Deref;

use awsmcp_mcp::{Call, Error, Kind, Result};

use crate::{SageMaker, jobs};

/// A thing of SageMaker, by name or ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    name: String,
    /// The resource part of an ARN before the name: `training-job`.
    resource: Option<String>,
    region: Option<String>,
}

impl Named {
    /// The name, where it is of the region of the call.
    ///
    /// # Errors
    /// When its ARN is of another region: the call then moves there, where that is allowed.
    pub(crate) fn here(&self, cx: &Call<SageMaker>) -> Result<&str> {
        same_region(cx, self.region.as_deref(), &self.name)?;
        Ok(&self.name)
    }

    fn parse(text: &str, resources: &[&str], example: &str) -> Result<Named, String> {
        let text = text.trim();
        let wrong = || {
            let resource = resources.first().copied().unwrap_or_default();
            format!(
                "{text:?} names no {}; good ones are {example} and \
                 arn:aws:sagemaker:us-east-1:123456789012:{resource}/{example}",
                resource.replace('-', " ")
            )
        };
        let (name, resource, region) = match text.strip_prefix("arn:") {
            None => (text, None, None),
            Some(_) => {
                let parts: Vec<&str> = text.splitn(6, ':').collect();
                match parts.as_slice() {
                    ["arn", partition, "sagemaker", region, account, rest]
                        if partition.starts_with("aws") && account.len() == 12 =>
                    {
                        let (resource, name) = rest.split_once('/').ok_or_else(wrong)?;
                        if !resources.contains(&resource) {
                            return Err(wrong());
                        }
                        (name, Some(resource.to_owned()), Some((*region).to_owned()))
                    }
                    _ => return Err(wrong()),
                }
            }
        };
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if !starts || name.len() > 256 || !name.bytes().all(letters) {
            return Err(wrong());
        }
        Ok(Named { name: name.to_owned(), resource, region })
    }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($example:literal, $($resource:literal),+);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(Named);

        impl $name {
            fn parse(text: &str) -> Result<Self, String> {
                Named::parse(text, &[$($resource),+], $example).map($name)
            }
        }

        impl Deref for $name {
            type Target = Named;

            fn deref(&self) -> &Named {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        awsmcp_mcp::plain_string!($name);
    )*};
}

names! {
    /// A job of any kind.
    JobName(
        "my-job",
        "training-job",
        "processing-job",
        "transform-job",
        "hyper-parameter-tuning-job",
        "automl-job",
        "compilation-job",
        "labeling-job"
    );
    EndpointName("my-endpoint", "endpoint");
    ModelName("my-model", "model");
    ComponentName("my-component", "inference-component");
    PipelineName("my-pipeline", "pipeline");
    NotebookName("my-notebook", "notebook-instance");
    ClusterName("my-cluster", "cluster");
    FeatureGroupName("my-feature-group", "feature-group");
    PackageGroupName("my-package-group", "model-package-group");
}

impl JobName {
    /// The kind that its ARN tells.
    pub(crate) fn kind(&self) -> Option<jobs::Kind> {
        self.resource.as_deref().and_then(jobs::Kind::of_resource)
    }
}

macro_rules! arns {
    ($($(#[$doc:meta])* $name:ident($what:literal, $prefix:literal, $example:literal);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(String);

        impl $name {
            /// The ARN, where it is of the region of the call.
            ///
            /// # Errors
            /// When it is of another region: the call then moves there, where that is allowed.
            pub(crate) fn here(&self, cx: &Call<SageMaker>) -> Result<&str> {
                same_region(cx, self.0.split(':').nth(3), &self.0)?;
                Ok(&self.0)
            }

            fn parse(text: &str) -> Result<Self, String> {
                let text = text.trim();
                let parts: Vec<&str> = text.splitn(6, ':').collect();
                match parts.as_slice() {
                    ["arn", partition, "sagemaker", _, account, rest]
                        if partition.starts_with("aws")
                            && account.len() == 12
                            && rest.starts_with($prefix)
                            && !rest.contains(['*', '?', ' ']) => Ok($name(text.to_owned())),
                    _ => Err(format!(
                        "{text:?} is not {}; a good one is arn:aws:sagemaker:us-east-1:123456789012:{}",
                        $what, $example
                    )),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(last_part(&self.0))
            }
        }

        awsmcp_mcp::plain_string!($name);
    )*};
}

arns! {
    ExecutionArn("the ARN of an execution", "pipeline/", "pipeline/my-pipeline/execution/abcdefghijkl");
    PackageArn("the ARN of a model package", "model-package/", "model-package/my-package-group/1");
}

impl ExecutionArn {
    /// The pipeline's name.
    pub(crate) fn pipeline(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }
}

fn same_region(cx: &Call<SageMaker>, region: Option<&str>, what: &str) -> Result<()> {
    match region {
        Some(region) if region != cx.region() => {
            let mut error = Error::new(Kind::WrongRegion, format!("{what} is in {region}"));
            error.region = Some(region.to_owned());
            Err(error.with_next(format!("call again with region {region}")))
        }
        _ => Ok(()),
    }
}

/// The last part of an ARN: the name of what it stands for.
pub(crate) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// AWS writes the names in SageMaker's ARNs in small letters, and has its own words for the kinds of jobs.
pub(crate) fn arn(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "sagemaker", _, _, rest] = parts.as_slice() else { return None };
    let (resource, name) = rest.split_once('/')?;
    let resource: &str = jobs::Kind::of_word(resource).map_or(resource, |kind| kind.resource());
    let before = arn.strip_suffix(rest)?;
    let written = format!("{before}{resource}/{}", name.to_ascii_lowercase());
    (written != arn).then_some(written)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ARN: &str = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/my-job";

    #[test]
    fn names_and_arns_are_taken() {
        let job = JobName::parse(ARN).unwrap();
        assert_eq!((job.to_string().as_str(), job.kind()), ("my-job", Some(jobs::Kind::Training)));
        assert_eq!(JobName::parse("my-job").unwrap().kind(), None);
        for wrong in
            ["", "a b", "-a", "a*", "../a", "arn:aws:s3:::b", "arn:aws:sagemaker:r:123456789012:endpoint/e"]
        {
            assert!(JobName::parse(wrong).unwrap_err().contains("good ones are my-job"), "{wrong}");
        }
        assert!(EndpointName::parse(ARN).unwrap_err().contains("names no endpoint"));
        let execution = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/x";
        assert_eq!(ExecutionArn::parse(execution).unwrap().pipeline(), "p");
        assert!(ExecutionArn::parse("x").unwrap_err().contains("execution/abcdefghijkl"));
    }

    #[test]
    fn arns_are_written_as_aws_writes_them() {
        let written = |text: &str| arn(&format!("arn:aws:sagemaker:us-east-1:123456789012:{text}"));
        assert!(written("training/My-Job").unwrap().ends_with(":training-job/my-job"));
        assert!(written("automl/*").unwrap().ends_with(":automl-job/*"));
        assert_eq!(written("endpoint/e"), None);
        assert_eq!(arn("arn:aws:s3:::B/K"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = (JobName::parse(&text), ExecutionArn::parse(&text), arn(&text));
        }
    }
}
