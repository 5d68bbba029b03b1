//! Which IAM action each operation stands for, where the names differ.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html>

pub(crate) const PREFIXES: &[(&str, &str)] = &[
    ("SageMaker", "sagemaker"),
    ("SageMaker Runtime", "sagemaker"),
    ("SageMaker FeatureStore Runtime", "sagemaker"),
    ("Application Auto Scaling", "application-autoscaling"),
    ("CloudWatch", "cloudwatch"),
    ("CloudWatch Logs", "logs"),
    ("S3", "s3"),
];

/// What SageMaker itself asks of the caller besides the operation's own action stands with it.
pub(crate) const TABLE: &[(&str, &[&str])] = &[
    ("CreateTrainingJob", &["sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole"]),
    ("CreateProcessingJob", &["sagemaker:CreateProcessingJob", "sagemaker:AddTags", "iam:PassRole"]),
    ("CreateTransformJob", &["sagemaker:CreateTransformJob", "sagemaker:AddTags"]),
    (
        "CreateHyperParameterTuningJob",
        &["sagemaker:CreateHyperParameterTuningJob", "sagemaker:AddTags", "iam:PassRole"],
    ),
    ("CreateAutoMLJobV2", &["sagemaker:CreateAutoMLJobV2", "sagemaker:AddTags", "iam:PassRole"]),
    ("CreateCompilationJob", &["sagemaker:CreateCompilationJob", "sagemaker:AddTags", "iam:PassRole"]),
    ("CreateLabelingJob", &["sagemaker:CreateLabelingJob", "sagemaker:AddTags", "iam:PassRole"]),
    ("CreateModel", &["sagemaker:CreateModel", "sagemaker:AddTags", "iam:PassRole"]),
    ("CreateEndpointConfig", &["sagemaker:CreateEndpointConfig", "sagemaker:AddTags"]),
    ("CreateEndpoint", &["sagemaker:CreateEndpoint", "sagemaker:AddTags"]),
    (
        "CreateMonitoringSchedule",
        &["sagemaker:CreateMonitoringSchedule", "sagemaker:AddTags", "iam:PassRole"],
    ),
    ("UpdateCluster", &["sagemaker:UpdateCluster", "iam:PassRole"]),
];

/// What every good answer of AWS's has: one without it may say nothing of what became of the request.
pub(crate) const ALWAYS: &[(&str, &[&str])] = &[
    ("CreateApp", &["AppArn"]),
    ("CreateAutoMLJobV2", &["AutoMLJobArn"]),
    ("CreateCompilationJob", &["CompilationJobArn"]),
    ("CreateEndpoint", &["EndpointArn"]),
    ("CreateInferenceComponent", &["InferenceComponentArn"]),
    ("CreateEndpointConfig", &["EndpointConfigArn"]),
    ("CreateHyperParameterTuningJob", &["HyperParameterTuningJobArn"]),
    ("CreateLabelingJob", &["LabelingJobArn"]),
    ("CreateModel", &["ModelArn"]),
    ("CreateMonitoringSchedule", &["MonitoringScheduleArn"]),
    ("CreateProcessingJob", &["ProcessingJobArn"]),
    ("CreateSpace", &["SpaceArn"]),
    ("CreateTrainingJob", &["TrainingJobArn"]),
    ("CreateTransformJob", &["TransformJobArn"]),
    ("DescribeCluster", &["ClusterStatus"]),
    ("DescribeEndpoint", &["EndpointStatus"]),
    ("DescribeEndpointConfig", &["EndpointConfigName"]),
    ("DescribeTrainingJob", &["TrainingJobStatus"]),
    ("ListClusterNodes", &["ClusterNodeSummaries"]),
    ("ListEndpoints", &["Endpoints"]),
    ("ListModels", &["Models"]),
    ("ListTrainingJobs", &["TrainingJobSummaries"]),
    ("StartPipelineExecution", &["PipelineExecutionArn"]),
    ("UpdateCluster", &["ClusterArn"]),
    ("UpdateEndpoint", &["EndpointArn"]),
    ("UpdateInferenceComponent", &["InferenceComponentArn"]),
    ("UpdateModelPackage", &["ModelPackageArn"]),
];
