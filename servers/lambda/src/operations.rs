//! The services whose every operation can be called.

use awsmcp_api::{
    EVENTS, LAMBDA, LAMBDA_CORE, LAMBDA_MICROVMS, PIPES, SCHEDULER, SCHEMAS, SERVERLESSREPO, STEPFUNCTIONS,
    Service,
};
use awsmcp_operations::Operations;

use crate::Lambda;

/// AWS Lambda, and what calls and strings together functions.
static SERVICES: [&Service; 9] = [
    &LAMBDA,
    &LAMBDA_CORE,
    &LAMBDA_MICROVMS,
    &STEPFUNCTIONS,
    &EVENTS,
    &SCHEDULER,
    &PIPES,
    &SCHEMAS,
    &SERVERLESSREPO,
];

impl Operations for Lambda {
    fn services() -> &'static [&'static Service] {
        &SERVICES
    }
}
