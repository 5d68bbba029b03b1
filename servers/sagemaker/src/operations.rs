//! The services whose every operation can be called.

use awsmcp_api::{
    SAGEMAKER, SAGEMAKER_A2I_RUNTIME, SAGEMAKER_EDGE, SAGEMAKER_FEATURESTORE_RUNTIME, SAGEMAKER_GEOSPATIAL,
    SAGEMAKER_METRICS, SAGEMAKER_RUNTIME, SAGEMAKERJOBRUNTIME, Service,
};
use awsmcp_operations::Operations;

use crate::SageMaker;

/// Amazon SageMaker with its runtimes.
static SERVICES: [&Service; 8] = [
    &SAGEMAKER,
    &SAGEMAKER_RUNTIME,
    &SAGEMAKER_A2I_RUNTIME,
    &SAGEMAKER_EDGE,
    &SAGEMAKER_FEATURESTORE_RUNTIME,
    &SAGEMAKER_GEOSPATIAL,
    &SAGEMAKER_METRICS,
    &SAGEMAKERJOBRUNTIME,
];

impl Operations for SageMaker {
    fn services() -> &'static [&'static Service] {
        &SERVICES
    }
}
