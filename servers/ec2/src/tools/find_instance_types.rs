use std::collections::BTreeMap;

use aws_sdk_ec2::types::{InstanceTypeInfo, LocationType};
use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2,
    images::{Architecture, Need, described, fitting},
    lists::words,
    paging::Paging,
    tags::Filters,
};

/// Finds instance types by what they have, smallest first on a page, and where they are offered; or shows those named.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindInstanceTypes {
    #[schemars(length(max = 100))]
    #[serde(default)]
    types: Vec<String>,
    #[schemars(range(min = 1))]
    min_vcpus: Option<i32>,
    max_vcpus: Option<i32>,
    #[schemars(range(min = 0))]
    min_memory_gib: Option<f64>,
    max_memory_gib: Option<f64>,
    min_gpus: Option<i32>,
    architecture: Option<Architecture>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    r#type: String,
    vcpus: Option<i32>,
    memory_gib: Option<f64>,
    architecture: Vec<String>,
    gpus: Option<String>,
    network: Option<String>,
    burstable: Option<bool>,
    local_disk_gb: Option<i64>,
    zones: Vec<String>,
}

impl Tool for FindInstanceTypes {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("find_instance_types", "Find instance types")
        .on(
            "*",
            &[
                "ec2:GetInstanceTypesFromInstanceRequirements",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeInstanceTypeOfferings",
            ],
        )
        .names_no_resource()
        .regional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let paging = Paging::new(cx);
        let need = Need {
            vcpus: (self.min_vcpus, self.max_vcpus),
            memory_gib: (self.min_memory_gib, self.max_memory_gib),
            gpus: self.min_gpus,
            architecture: self.architecture,
        };
        let (types, next) = match self.types.is_empty() {
            true => fitting(cx, need, paging.size(100), paging.token()).await?,
            false => (described(cx, self.types).await?, None),
        };
        let names: Vec<String> = types.iter().filter_map(name).collect();
        let mut zones = cx.part("where they are offered", offered(cx, &names).await).unwrap_or_default();
        let rows = types.into_iter().map(|info| {
            let zones = name(&info).and_then(|name| zones.remove(&name)).unwrap_or_default();
            Row::new(info, zones)
        });
        Ok(paging.page(cx, rows.collect(), next))
    }
}

fn name(info: &InstanceTypeInfo) -> Option<String> {
    info.instance_type.as_ref().map(ToString::to_string)
}

/// The zones of each type.
async fn offered(cx: &Call<Ec2>, types: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut zones: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if types.is_empty() {
        return Ok(zones);
    }
    let mut token = None;
    // A hundred types in at most a handful of zones: two pages, if AWS keeps to a thousand each.
    for _ in 0..5 {
        let out = cx
            .client()
            .ec2
            .describe_instance_type_offerings()
            .location_type(LocationType::AvailabilityZone)
            .set_filters(Filters::default().any("instance-type", types).build())
            .set_next_token(token)
            .send()
            .await?;
        for offering in out.instance_type_offerings.unwrap_or_default() {
            if let (Some(kind), Some(zone)) = (offering.instance_type, offering.location) {
                zones.entry(kind.to_string()).or_default().push(zone);
            }
        }
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            break;
        }
    }
    zones.values_mut().for_each(|zones| zones.sort());
    Ok(zones)
}

impl Row {
    fn new(info: InstanceTypeInfo, zones: Vec<String>) -> Row {
        let gpus: Vec<String> = info
            .gpu_info
            .and_then(|gpus| gpus.gpus)
            .unwrap_or_default()
            .into_iter()
            .map(|gpu| {
                let memory = gpu.memory_info.and_then(|memory| memory.size_in_mib).unwrap_or(0);
                format!("{} {} {} GiB", gpu.count.unwrap_or(1), gpu.name.unwrap_or_default(), memory / 1024)
            })
            .collect();
        Row {
            r#type: info.instance_type.map(|kind| kind.to_string()).unwrap_or_default(),
            vcpus: info.v_cpu_info.and_then(|it| it.default_v_cpus),
            memory_gib: info.memory_info.and_then(|it| it.size_in_mib).map(|mib| mib as f64 / 1024.0),
            architecture: words(info.processor_info.and_then(|it| it.supported_architectures)),
            gpus: (!gpus.is_empty()).then(|| gpus.join(" + ")),
            network: info.network_info.and_then(|it| it.network_performance),
            burstable: info.burstable_performance_supported.filter(|burstable| *burstable),
            local_disk_gb: info.instance_storage_info.and_then(|it| it.total_size_in_gb),
            zones,
        }
    }
}
