//! How an update reaches an endpoint: at once or in steps, and what rolls it back.

use aws_sdk_sagemaker::types::{
    Alarm, AutoRollbackConfig, BlueGreenUpdatePolicy, DeploymentConfig, TrafficRoutingConfig,
    TrafficRoutingConfigType,
};

use super::DeployModel;

impl DeployModel {
    /// How an update is rolled out whose alarms are named: as the last one was but for those, or at once.
    pub(super) fn deployment(&self, last: Option<&DeploymentConfig>) -> Option<DeploymentConfig> {
        if self.rollback_alarms.is_empty() {
            return None;
        }
        let alarms =
            self.rollback_alarms.iter().map(|name| Alarm::builder().alarm_name(name).build()).collect();
        let mut way = last.cloned().unwrap_or_else(|| DeploymentConfig::builder().build());
        way.auto_rollback_configuration =
            Some(AutoRollbackConfig::builder().set_alarms(Some(alarms)).build());
        if way.blue_green_update_policy.is_none() && way.rolling_update_policy.is_none() {
            let traffic = TrafficRoutingConfig::builder()
                .r#type(TrafficRoutingConfigType::AllAtOnce)
                .wait_interval_in_seconds(300);
            let policy = BlueGreenUpdatePolicy::builder().traffic_routing_configuration(traffic.build());
            way.blue_green_update_policy = Some(policy.build());
        }
        Some(way)
    }
}

/// The alarms that roll an update of this kind back.
pub(super) fn alarms(way: Option<&DeploymentConfig>) -> Vec<String> {
    let rollback = way.and_then(|way| way.auto_rollback_configuration.as_ref());
    let alarms = rollback.and_then(|rollback| rollback.alarms.as_deref()).unwrap_or_default();
    alarms.iter().filter_map(|alarm| alarm.alarm_name.clone()).collect()
}
