//! Names and ARNs: read once, strictly, with an error that shows what a good one looks like.
//!
//! An ARN counts only where it is SageMaker's and of the argument's own kind. Where a request carries a name, the call goes
//! to the ARN's region and stays in the caller's account.

use awsmcp_mcp::{Arn, Call, Error, Kind, ResourceArgument, ResourceRef, Result, resource_string};

use crate::{SageMaker, kinds::Kind as JobKind};

/// What SageMaker takes in a name.
fn is_name(name: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    starts && name.len() <= 256 && name.bytes().all(letters)
}

/// An ARN of SageMaker's that has a region and an account.
fn placed(text: &str) -> Option<Arn> {
    let is_placed =
        |arn: &Arn| arn.service == "sagemaker" && !arn.region.is_empty() && arn.account.len() == 12;
    Arn::parse(text).ok().filter(is_placed)
}

/// A thing by name, or by an ARN of one of these kinds.
fn named(text: &str, resources: &[&str]) -> Option<ResourceRef> {
    if is_name(text) {
        return Some(ResourceRef::Name(text.to_owned()));
    }
    let arn = placed(text)?;
    let (resource, name) = arn.resource.split_once('/')?;
    let name = Some(name.to_owned()).filter(|name| resources.contains(&resource) && is_name(name))?;
    Some(ResourceRef::Own { arn, name })
}

/// What the request carries of a thing.
fn sent(reference: &ResourceRef) -> &str {
    match reference {
        ResourceRef::Name(name) | ResourceRef::Own { name, .. } | ResourceRef::Arn { name, .. } => name,
        ResourceRef::Whole(arn) => &arn.resource,
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($example:literal, $first:literal $(, $resource:literal)*);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) struct $name(ResourceRef);

        impl $name {
            /// As the request carries it.
            pub(crate) fn as_str(&self) -> &str {
                sent(&self.0)
            }
        }

        impl ResourceArgument for $name {
            fn parse(text: &str) -> Result<Self, String> {
                named(text, &[$first $(, $resource)*]).map($name).ok_or_else(|| {
                    format!(
                        "{text:?} names no {}; good ones are {} and arn:aws:sagemaker:us-east-1:123456789012:{}/{}",
                        $first.replace('-', " "), $example, $first, $example
                    )
                })
            }

            fn resource(&self) -> ResourceRef {
                self.0.clone()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        resource_string!($name);
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
    FeatureGroupName("my-feature-group", "feature-group");
    PackageGroupName("my-package-group", "model-package-group");
    TrackingServerName("my-mlflow", "mlflow-tracking-server");
    ScheduleName("my-schedule", "monitoring-schedule");
}

/// A cluster by its name, or by its ARN, which the request carries as it is: the id in it is not the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClusterName {
    text: String,
    reference: ResourceRef,
}

impl ClusterName {
    /// As the request carries it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl ResourceArgument for ClusterName {
    fn parse(text: &str) -> Result<Self, String> {
        let found = named(text, &["cluster"]);
        found.map(|reference| ClusterName { text: text.to_owned(), reference }).ok_or_else(|| {
            format!(
                "{text:?} names no cluster; good ones are my-cluster and \
                 arn:aws:sagemaker:us-east-1:123456789012:cluster/abcdefghijkl"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.reference.clone()
    }
}

impl std::fmt::Display for ClusterName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(sent(&self.reference))
    }
}

impl JobName {
    /// The kind that its ARN tells.
    pub(crate) fn kind(&self) -> Option<JobKind> {
        let (resource, _) = self.0.arn()?.resource.split_once('/')?;
        JobKind::of_resource(resource)
    }
}

/// The name of a job that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewJobName(String);

impl NewJobName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for NewJobName {
    fn parse(text: &str) -> Result<Self, String> {
        // AWS's rule: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        match is_name(text) && text.len() <= 63 && text.bytes().all(letters) && !text.ends_with('-') {
            true => Ok(NewJobName(text.to_owned())),
            false => Err(format!(
                "{text:?} is not a name of a job; a good one is my-job-2, of letters, digits and hyphens, at most 63 long, of \
                 tuning and automl jobs at most 32 long"
            )),
        }
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

impl std::fmt::Display for NewJobName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name of a thing that is not given by its ARN: its kind, and what it belongs to, stand in arguments of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlainName(String);

impl PlainName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl ResourceArgument for PlainName {
    fn parse(text: &str) -> Result<Self, String> {
        match is_name(text) {
            true => Ok(PlainName(text.to_owned())),
            false => Err(format!("{text:?} is no name; a good one is my-job-2 or d-abc123, without an ARN")),
        }
    }

    fn resource(&self) -> ResourceRef {
        ResourceRef::Name(self.0.clone())
    }
}

impl std::fmt::Display for PlainName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// An ARN whose resource has this many parts of a name's letters, between slashes.
fn parts(arn: &Arn, most: usize) -> Option<Vec<&str>> {
    let parts: Vec<&str> = arn.resource.split('/').collect();
    (parts.len() <= most && parts.iter().all(|part| is_name(part))).then_some(parts)
}

/// An execution of a pipeline, by its ARN, which the request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExecutionArn {
    arn: Arn,
    text: String,
}

impl ExecutionArn {
    /// The ARN, where it is of the region of the call.
    ///
    /// # Errors
    /// When it is of another region: the call then moves there, where that is allowed.
    pub(crate) fn here(&self, cx: &Call<SageMaker>) -> Result<&str> {
        if self.arn.region == cx.region() {
            return Ok(&self.text);
        }
        let region = &self.arn.region;
        let mut error = Error::new(Kind::WrongRegion, format!("{self} is in {region}"));
        error.region = Some(region.clone());
        Err(error.with_next(format!("call again with region {region}")))
    }

    /// The pipeline's name.
    pub(crate) fn pipeline(&self) -> &str {
        self.arn.resource.split('/').nth(1).unwrap_or_default()
    }
}

impl ResourceArgument for ExecutionArn {
    fn parse(text: &str) -> Result<Self, String> {
        let found = placed(text)
            .filter(|arn| matches!(parts(arn, 4).as_deref(), Some(["pipeline", _, "execution", _])));
        found.map(|arn| ExecutionArn { arn, text: text.to_owned() }).ok_or_else(|| {
            format!(
                "{text:?} is not the ARN of an execution; a good one is \
                 arn:aws:sagemaker:us-east-1:123456789012:pipeline/my-pipeline/execution/abcdefghijkl"
            )
        })
    }

    // Its pipeline is part of the ARN, and no argument of its own.
    fn resource(&self) -> ResourceRef {
        ResourceRef::Whole(self.arn.clone())
    }
}

impl std::fmt::Display for ExecutionArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(last_part(&self.text))
    }
}

/// A version of a model package, by its ARN, which the request carries: also one that another account shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageArn {
    text: String,
    reference: ResourceRef,
}

impl PackageArn {
    /// As the request carries it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl ResourceArgument for PackageArn {
    fn parse(text: &str) -> Result<Self, String> {
        let read = || {
            let arn = placed(text)?;
            parts(&arn, 3)?;
            let name = arn.name("sagemaker", "model-package/")?.to_owned();
            Some(PackageArn { text: text.to_owned(), reference: ResourceRef::Arn { arn, name } })
        };
        read().ok_or_else(|| {
            format!(
                "{text:?} is not the ARN of a model package; a good one is \
                 arn:aws:sagemaker:us-east-1:123456789012:model-package/my-package-group/1"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.reference.clone()
    }
}

impl std::fmt::Display for PackageArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(last_part(&self.text))
    }
}

/// A role, by its ARN, which the request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleArn {
    text: String,
    reference: ResourceRef,
}

impl RoleArn {
    /// As the request carries it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl ResourceArgument for RoleArn {
    fn parse(text: &str) -> Result<Self, String> {
        let read = || {
            let arn = Arn::parse(text).ok().filter(|arn| arn.region.is_empty() && arn.account.len() == 12)?;
            let name = arn.name("iam", "role/")?.to_owned();
            // IAM's letters of a path and a name: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&byte);
            let good = name.bytes().all(letters) && !name.split('/').any(str::is_empty);
            good.then(|| RoleArn { text: text.to_owned(), reference: ResourceRef::Arn { arn, name } })
        };
        read().ok_or_else(|| {
            format!(
                "{text:?} is not the ARN of a role; a good one is arn:aws:iam::123456789012:role/sagemaker"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.reference.clone()
    }
}

resource_string!(ClusterName, NewJobName, PlainName, ExecutionArn, PackageArn, RoleArn);

/// The last part of an ARN: the name of what it stands for.
pub(crate) fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// AWS writes the names in SageMaker's ARNs in small letters, and has its own words for the kinds of jobs.
pub(crate) fn arn(arn: &str) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "sagemaker", _, _, rest] = parts.as_slice() else { return None };
    let (resource, name) = rest.split_once('/')?;
    let resource: &str = JobKind::of_word(resource).map_or(resource, |kind| kind.resource());
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
        assert_eq!((job.as_str(), job.kind()), ("my-job", Some(JobKind::Training)));
        assert_eq!(JobName::parse("my-job").unwrap().kind(), None);
        for wrong in [
            "",
            "a b",
            " a",
            "a\n",
            "a\u{0}",
            "-a",
            "a*",
            "a/b",
            "a:b",
            "../a",
            "%61",
            "j\u{43e}b",
            "arn:aws:s3:::b",
            "arn:aws:sagemaker:r:123456789012:endpoint/e",
            "arn:aws:sagemaker:eu-west-1:123456789012:training-job/a/b",
            "arn:aws:sagemaker:eu-west-1::training-job/a",
            "arn:aws:sagemaker::123456789012:training-job/a",
            "arn:aws:kms:eu-west-1:123456789012:key/x:sagemaker:training-job/a",
            &format!(" {ARN}"),
        ] {
            assert!(JobName::parse(wrong).unwrap_err().contains("good ones are my-job"), "{wrong}");
        }
        assert!(EndpointName::parse(ARN).unwrap_err().contains("names no endpoint"));
    }

    #[test]
    fn executions_packages_and_roles_are_given_by_arn() {
        let execution = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/x";
        assert_eq!(ExecutionArn::parse(execution).unwrap().pipeline(), "p");
        for wrong in
            ["x", &execution[1..], &execution.replace("/p/", "/*/"), &execution.replace("/execution/x", "")]
        {
            assert!(ExecutionArn::parse(wrong).unwrap_err().contains("execution/abcdefghijkl"), "{wrong}");
        }
        let package = "arn:aws:sagemaker:us-east-1:123456789012:model-package/g/1";
        assert_eq!(PackageArn::parse(package).unwrap().as_str(), package);
        for wrong in ["g", &package.replace("g/1", "g/1/2"), &package.replace("model-package", "model")] {
            assert!(PackageArn::parse(wrong).unwrap_err().contains("my-package-group/1"), "{wrong}");
        }
        let role = "arn:aws:iam::123456789012:role/service-role/sagemaker";
        assert_eq!(RoleArn::parse(role).unwrap().as_str(), role);
        for wrong in [
            "sagemaker",
            &role.replace("role/s", "user/s"),
            &role.replace("::", ":us-east-1:"),
            "arn:aws:iam::123456789012:role/a*",
        ] {
            assert!(RoleArn::parse(wrong).unwrap_err().contains("role/sagemaker"), "{wrong}");
        }
    }

    #[test]
    fn a_cluster_is_sent_as_it_was_given() {
        let arn = "arn:aws:sagemaker:us-east-1:123456789012:cluster/abcdefghijkl";
        let cluster = ClusterName::parse(arn).unwrap();
        assert_eq!((cluster.as_str(), cluster.to_string().as_str()), (arn, "abcdefghijkl"));
        assert!(matches!(cluster.resource(), ResourceRef::Own { name, .. } if name == "abcdefghijkl"));
        assert_eq!(ClusterName::parse("hp").unwrap().as_str(), "hp");
        for wrong in ["", " hp", &arn.replace("cluster", "endpoint"), &format!("{arn}/x")] {
            assert!(ClusterName::parse(wrong).unwrap_err().contains("cluster/abcdefghijkl"), "{wrong}");
        }
    }

    #[test]
    fn a_new_job_has_a_name_as_aws_wants_it() {
        assert!(NewJobName::parse("my-job-2").is_ok());
        for wrong in ["", "a_b", "a.b", "-a", "a-", ARN, &"a".repeat(64)] {
            assert!(NewJobName::parse(wrong).unwrap_err().contains("my-job-2"), "{wrong}");
        }
        assert_eq!(PlainName::parse("d-abc").unwrap().as_str(), "d-abc");
        for wrong in ["", " d", "d/e", "d:e", "*", ARN] {
            assert!(PlainName::parse(wrong).unwrap_err().contains("d-abc123"), "{wrong}");
        }
    }

    #[test]
    fn arns_are_written_as_aws_writes_them() {
        let written = |text: &str| arn(&format!("arn:aws:sagemaker:us-east-1:123456789012:{text}"));
        assert!(written("training/My-Job").unwrap().ends_with(":training-job/my-job"));
        assert!(written("automl/*").unwrap().ends_with(":automl-job/*"));
        assert_eq!(written("endpoint/e"), None);
        assert_eq!(arn("arn:aws:s3:::B/K"), None);
    }

    /// What is judged, what the request carries, and the kind of the ARN.
    fn read<T: ResourceArgument>(
        text: &str,
        kind: &'static str,
        sent: impl Fn(&T) -> String,
    ) -> Option<(ResourceRef, String, &'static str)> {
        let value = T::parse(text).ok()?;
        Some((value.resource(), sent(&value), kind))
    }

    proptest! {
        #[test]
        fn what_is_judged_is_what_is_sent(
            before in "(arn:aws:(sagemaker|kms|s3|iam):(us-east-1)?:(123456789012)?:)?",
            kind in "(training-job/|endpoint/|role/|model-package/|pipeline/p/execution/|key/x:s3:::|ENDPOINT/)?",
            around in "[ \u{0}\t*?:/\u{43e}]?",
            name in "[a-zA-Z0-9-]{1,12}|[ -~]{0,12}",
            behind in "[ \n*?:/%]?",
        ) {
            let text = format!("{before}{kind}{around}{name}{behind}");
            let found = [
                read::<JobName>(&text, "training-job/", JobName::to_string),
                read::<EndpointName>(&text, "endpoint/", EndpointName::to_string),
                read::<PackageArn>(&text, "model-package/", |it| it.as_str().to_owned()),
                read::<RoleArn>(&text, "role/", |it| it.as_str().to_owned()),
                read::<ExecutionArn>(&text, "pipeline/p/execution/", |it| it.text.clone()),
            ];
            for (judged, sent, kind) in found.into_iter().flatten() {
                match &judged {
                    ResourceRef::Name(name) => prop_assert!(name == &sent && name == &text),
                    ResourceRef::Own { arn, name } => {
                        prop_assert!(name == &sent && arn.to_string() == text);
                        prop_assert_eq!(&arn.resource, &format!("{kind}{name}"));
                    }
                    ResourceRef::Arn { arn, name } => {
                        prop_assert!(sent == text && arn.to_string() == text);
                        prop_assert_eq!(&arn.resource, &format!("{kind}{name}"));
                    }
                    ResourceRef::Whole(arn) => {
                        prop_assert!(sent == text && arn.to_string() == text && arn.resource.starts_with(kind));
                    }
                }
                prop_assert!(text.is_ascii() && !text.contains([' ', '\t', '\n', '\0', '*', '?', '%']));
            }
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = (JobName::parse(&text), ExecutionArn::parse(&text), RoleArn::parse(&text), arn(&text));
        }
    }
}
