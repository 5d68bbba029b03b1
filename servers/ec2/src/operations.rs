//! The services whose every operation can be called.

use awsmcp_api::{
    APPLICATION_AUTOSCALING, AUTOSCALING, AUTOSCALING_PLANS, COMPUTE_OPTIMIZER, DLM, EBS, EC2,
    EC2_INSTANCE_CONNECT, ELB, ELBV2, IMAGEBUILDER, RBIN, Service,
};
use awsmcp_operations::Operations;

use crate::Ec2;

/// Amazon EC2 with its groups, balancers and images.
static SERVICES: [&Service; 12] = [
    &EC2,
    &EC2_INSTANCE_CONNECT,
    &APPLICATION_AUTOSCALING,
    &AUTOSCALING,
    &AUTOSCALING_PLANS,
    &COMPUTE_OPTIMIZER,
    &DLM,
    &EBS,
    &ELB,
    &ELBV2,
    &IMAGEBUILDER,
    &RBIN,
];

impl Operations for Ec2 {
    fn services() -> &'static [&'static Service] {
        &SERVICES
    }
}
