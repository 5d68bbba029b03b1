//! What no API that this server calls tells, kept by hand.

use awsmcp_mcp::Dated;

/// Numbers by the size of a machine, such as `24xlarge`.
type BySize = &'static [(&'static str, u32)];

/// How many accelerators (GPUs, Trainium or Inferentia chips) a machine has, by family and size.
///
/// The number of a type never changes: only new types are missing in an old table, and a test compares it with the types
/// that the SDK knows.
pub(crate) const ACCELERATORS: Dated<&[(&str, BySize)]> = Dated {
    rows: &[
        ("dl1", &[("24xlarge", 8)]),
        (
            "g4dn",
            &[
                ("xlarge", 1),
                ("2xlarge", 1),
                ("4xlarge", 1),
                ("8xlarge", 1),
                ("12xlarge", 4),
                ("16xlarge", 1),
            ],
        ),
        ("g5", ONE_FOUR_EIGHT),
        ("g6", ONE_FOUR_EIGHT),
        ("g6e", ONE_FOUR_EIGHT),
        ("g7", ONE_TWO_FOUR_EIGHT),
        ("g7e", ONE_TWO_FOUR_EIGHT),
        ("gr6", &[("4xlarge", 1), ("8xlarge", 1)]),
        ("inf1", &[("xlarge", 1), ("2xlarge", 1), ("6xlarge", 4), ("24xlarge", 16)]),
        ("inf2", &[("xlarge", 1), ("8xlarge", 1), ("24xlarge", 6), ("48xlarge", 12)]),
        ("p2", &[("xlarge", 1), ("8xlarge", 8), ("16xlarge", 16)]),
        ("p3", &[("2xlarge", 1), ("8xlarge", 4), ("16xlarge", 8)]),
        ("p3dn", &[("24xlarge", 8)]),
        ("p4d", &[("24xlarge", 8)]),
        ("p4de", &[("24xlarge", 8)]),
        ("p5", &[("4xlarge", 1), ("48xlarge", 8)]),
        ("p5e", &[("48xlarge", 8)]),
        ("p5en", &[("48xlarge", 8)]),
        ("p6-b200", &[("48xlarge", 8)]),
        ("p6-b300", &[("48xlarge", 8)]),
        ("p6e-gb200", &[("36xlarge", 4)]),
        ("trn1", &[("2xlarge", 1), ("32xlarge", 16)]),
        ("trn1n", &[("32xlarge", 16)]),
        ("trn2", &[("3xlarge", 1), ("48xlarge", 16)]),
    ],
    source: "EC2's DescribeInstanceTypes, as https://karpenter.sh/docs/reference/instance-types/ prints it; of types that it no \
             longer has (dl1, p2, p3, p6e-gb200, trn2.3xlarge) AWS's pages of accelerated instances",
    read_on: "2026-08-21",
    good_for_days: 365,
};

const ONE_FOUR_EIGHT: BySize = &[
    ("xlarge", 1),
    ("2xlarge", 1),
    ("4xlarge", 1),
    ("8xlarge", 1),
    ("12xlarge", 4),
    ("16xlarge", 1),
    ("24xlarge", 4),
    ("48xlarge", 8),
];

const ONE_TWO_FOUR_EIGHT: BySize =
    &[("2xlarge", 1), ("4xlarge", 1), ("8xlarge", 1), ("12xlarge", 2), ("24xlarge", 4), ("48xlarge", 8)];

/// The repositories of SageMaker's own algorithms, whose metrics nobody else may define.
pub(crate) const ALGORITHMS: Dated<&[&str]> = Dated {
    rows: &[
        "blazingtext",
        "factorization-machines",
        "forecasting-deepar",
        "image-classification",
        "ipinsights",
        "kmeans",
        "knn",
        "lda",
        "linear-learner",
        "ntm",
        "object-detection",
        "object2vec",
        "pca",
        "randomcutforest",
        "semantic-segmentation",
        "seq2seq",
        "xgboost",
    ],
    source: "src/sagemaker/image_uri_config of https://github.com/aws/sagemaker-python-sdk, and \
             https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html",
    read_on: "2026-11-30",
    good_for_days: 365,
};

/// How many accelerators a machine such as `ml.g5.xlarge` has; none where its type is not known.
pub(crate) fn accelerators(instance: &str) -> Option<u32> {
    let (family, size) = parts(instance)?;
    let sizes = ACCELERATORS.rows.iter().find(|(known, _)| *known == family).map(|(_, sizes)| *sizes);
    match sizes {
        Some(sizes) => sizes.iter().find(|(known, _)| *known == size).map(|(_, count)| *count),
        None if is_accelerated(family) => None,
        None => Some(0),
    }
}

/// How many vCPUs a machine has: its size tells it, in all families but few.
///
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-types.html>
pub(crate) fn vcpus(instance: &str) -> Option<u32> {
    let (family, size) = parts(instance)?;
    match (family, size) {
        ("c4", "8xlarge") => Some(36),
        ("t2" | "t3", "medium") | ("t3", "micro" | "small") | (_, "large") => Some(2),
        (_, "medium") => Some(1),
        (_, "xlarge") => Some(4),
        (_, size) => Some(4 * size.strip_suffix("xlarge")?.parse::<u32>().ok()?),
    }
}

/// `g5` and `xlarge` of `ml.g5.xlarge`.
fn parts(instance: &str) -> Option<(&str, &str)> {
    instance.strip_prefix("ml.")?.split_once('.')
}

/// Whether machines of a family have accelerators, known or not: `p7`, `g9x`, `trn3`.
fn is_accelerated(family: &str) -> bool {
    ["p", "g", "gr", "trn", "inf", "dl"].iter().any(|letters| {
        family
            .strip_prefix(letters)
            .is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_sagemaker::types::{
        AppInstanceType, ClusterInstanceType, InstanceType, ProcessingInstanceType,
        ProductionVariantInstanceType, ReservedCapacityInstanceType, TrainingInstanceType,
        TransformInstanceType,
    };

    use super::*;

    #[test]
    fn no_table_is_older_than_it_may_be() {
        assert_eq!(ACCELERATORS.stale(), None, "ACCELERATORS");
        assert_eq!(ALGORITHMS.stale(), None, "ALGORITHMS");
    }

    #[test]
    fn every_machine_that_the_sdk_knows_has_a_size() {
        let all = [
            AppInstanceType::values(),
            ClusterInstanceType::values(),
            InstanceType::values(),
            ProcessingInstanceType::values(),
            ProductionVariantInstanceType::values(),
            ReservedCapacityInstanceType::values(),
            TrainingInstanceType::values(),
            TransformInstanceType::values(),
        ];
        // What is no machine, but a name for some.
        let no_machine = ["system", "ml.geospatial.interactive"];
        let machines = all.into_iter().flatten().filter(|name| !no_machine.contains(name));
        let mut seen = 0;
        for machine in machines {
            seen += 1;
            assert!(
                accelerators(machine).is_some(),
                "how many accelerators {machine} has is not in ACCELERATORS: {} tells it",
                ACCELERATORS.source
            );
            assert!(vcpus(machine).is_some(), "how many vCPUs {machine} has is not known");
        }
        assert!(seen > 400, "{seen}");
    }

    #[test]
    fn sizes_are_told_and_what_is_not_known_is_none() {
        for (machine, expected) in [
            ("ml.p5.48xlarge", (Some(8), Some(192))),
            ("ml.p5.4xlarge", (Some(1), Some(16))),
            ("ml.g7e.12xlarge", (Some(2), Some(48))),
            ("ml.inf2.24xlarge", (Some(6), Some(96))),
            ("ml.c4.8xlarge", (Some(0), Some(36))),
            ("ml.c8i-flex.2xlarge", (Some(0), Some(8))),
            ("ml.t3.medium", (Some(0), Some(2))),
            ("ml.m7g.medium", (Some(0), Some(1))),
            // Of which AWS sells no more, and which run on.
            ("ml.p2.xlarge", (Some(1), Some(4))),
            ("ml.p2.16xlarge", (Some(16), Some(64))),
            ("ml.p3.2xlarge", (Some(1), Some(8))),
            ("ml.p3dn.24xlarge", (Some(8), Some(96))),
            ("ml.inf1.6xlarge", (Some(4), Some(24))),
            ("ml.dl1.24xlarge", (Some(8), Some(96))),
            ("ml.m4.10xlarge", (Some(0), Some(40))),
            ("ml.t2.medium", (Some(0), Some(2))),
            ("ml.t2.large", (Some(0), Some(2))),
            ("ml.p9.48xlarge", (None, Some(192))),
            ("ml.g5.96xlarge", (None, Some(384))),
            ("system", (None, None)),
        ] {
            assert_eq!((accelerators(machine), vcpus(machine)), expected, "{machine}");
        }
    }
}
