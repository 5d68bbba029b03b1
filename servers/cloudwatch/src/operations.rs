//! The services whose every operation can be called.

use awsmcp_api::{
    APPLICATION_INSIGHTS, APPLICATION_SIGNALS, CLOUDTRAIL, CLOUDWATCH, INTERNETMONITOR, LOGS,
    NETWORKFLOWMONITOR, NETWORKMONITOR, OAM, OBSERVABILITYADMIN, RUM, SYNTHETICS, Service, XRAY,
};
use awsmcp_operations::Operations;

use crate::CloudWatch;

/// Amazon CloudWatch with its logs, traces, canaries and monitors.
static SERVICES: [&Service; 13] = [
    &CLOUDWATCH,
    &LOGS,
    &APPLICATION_SIGNALS,
    &APPLICATION_INSIGHTS,
    &CLOUDTRAIL,
    &INTERNETMONITOR,
    &NETWORKFLOWMONITOR,
    &NETWORKMONITOR,
    &OAM,
    &OBSERVABILITYADMIN,
    &RUM,
    &SYNTHETICS,
    &XRAY,
];

impl Operations for CloudWatch {
    fn services() -> &'static [&'static Service] {
        &SERVICES
    }
}
