//! The kinds of jobs, and how each is called: by callers, in ARNs, in requests and where its logs are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

// The kinds of jobs: no doc comment, which every schema with it would repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Training,
    Processing,
    Transform,
    Tuning,
    Automl,
    Compilation,
    Labeling,
}

impl Kind {
    pub(crate) const ALL: [Kind; 7] = [
        Kind::Training,
        Kind::Processing,
        Kind::Transform,
        Kind::Tuning,
        Kind::Automl,
        Kind::Compilation,
        Kind::Labeling,
    ];

    /// As callers write it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Kind::Training => "training",
            Kind::Processing => "processing",
            Kind::Transform => "transform",
            Kind::Tuning => "tuning",
            Kind::Automl => "automl",
            Kind::Compilation => "compilation",
            Kind::Labeling => "labeling",
        }
    }

    /// As ARNs have it.
    pub(crate) const fn resource(self) -> &'static str {
        match self {
            Kind::Training => "training-job",
            Kind::Processing => "processing-job",
            Kind::Transform => "transform-job",
            Kind::Tuning => "hyper-parameter-tuning-job",
            Kind::Automl => "automl-job",
            Kind::Compilation => "compilation-job",
            Kind::Labeling => "labeling-job",
        }
    }

    /// As the fields of requests and answers begin.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Kind::Training => "TrainingJob",
            Kind::Processing => "ProcessingJob",
            Kind::Transform => "TransformJob",
            Kind::Tuning => "HyperParameterTuningJob",
            Kind::Automl => "AutoMLJob",
            Kind::Compilation => "CompilationJob",
            Kind::Labeling => "LabelingJob",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    pub(crate) fn of_resource(resource: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.resource() == resource)
    }

    /// The kind and the name of the job that an ARN stands for.
    pub(crate) fn of_arn(arn: &str) -> Option<(Kind, &str)> {
        let (resource, name) = arn.splitn(6, ':').nth(5)?.split_once('/')?;
        Some((Kind::of_resource(resource)?, name))
    }

    /// Where its containers log to; none where the work is done by jobs of other kinds.
    pub(crate) const fn log_group(self) -> Option<&'static str> {
        match self {
            // A tuning job's training jobs have names that begin with its own.
            Kind::Training | Kind::Tuning => Some("/aws/sagemaker/TrainingJobs"),
            Kind::Processing => Some("/aws/sagemaker/ProcessingJobs"),
            Kind::Transform => Some("/aws/sagemaker/TransformJobs"),
            Kind::Compilation => Some("/aws/sagemaker/CompilationJobs"),
            Kind::Labeling => Some("/aws/sagemaker/LabelingJobs"),
            Kind::Automl => None,
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_word_and_arn() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_word(kind.word()), Some(kind));
            let arn = format!("arn:aws:sagemaker:us-east-1:123456789012:{}/a", kind.resource());
            assert_eq!(Kind::of_arn(&arn), Some((kind, "a")));
        }
        assert_eq!(Kind::of_arn("arn:aws:lambda:us-east-1:123456789012:function:f"), None);
    }
}
