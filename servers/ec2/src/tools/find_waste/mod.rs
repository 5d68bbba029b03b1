use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat};
use aws_sdk_ec2::types::{Address, Image, NatGateway, NetworkInterface, Tag};
use awsmcp_mcp::{Call, Error, Page, Result, Spec, Tool};
use awsmcp_operations::prices::{self, Prices};
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::join;

use crate::{
    Ec2, arns,
    costs::{self, Cost, HOURS},
    knowledge::BACKUP_TAGS,
    paging::Paging,
    sharing,
    tags::{self, Filters},
    times::{age_days, for_aws},
};

mod machines;

use machines::instances;

/// Finds what costs and does nothing: unattached volumes, unused addresses, long-stopped and idle instances, old snapshots,
/// NAT gateways without traffic, free interfaces.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindWaste {
    /// How old a snapshot, or how long stopped an instance has to be; default 30.
    #[schemars(range(min = 1, max = 3650))]
    days: Option<i64>,
    /// An instance that never used more over a week is idle; default 5.
    #[schemars(range(min = 0, max = 100))]
    idle_percent: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    kind: &'static str,
    id: String,
    name: Option<String>,
    why: String,
    size_gib: Option<i32>,
    age_days: Option<i64>,
    /// What it costs, where AWS's price list tells.
    per_month: Option<f64>,
    #[serde(skip)]
    #[schemars(skip)]
    cost: Option<Cost>,
}

impl Tool for FindWaste {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("find_waste", "Find waste")
        .on(
            "*",
            &[
                "ec2:DescribeVolumes",
                "ec2:DescribeSnapshots",
                "ec2:DescribeImages",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:DescribeAddresses",
                "ec2:DescribeInstances",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeNatGateways",
                "cloudwatch:GetMetricData",
            ],
        )
        .on(arns::ANSWERED_SNAPSHOT, &["ec2:DescribeSnapshotAttribute"])
        .where_allowed("*", &[prices::ACTION])
        .rows(arns::EACH_RESOURCE)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let days = self.days.unwrap_or(30);
        let (volumes, addresses, instances, snapshots, interfaces, gateways) = join!(
            volumes(cx),
            addresses(cx),
            instances(cx, days, self.idle_percent.unwrap_or(5.0)),
            snapshots(cx, days),
            interfaces(cx),
            gateways(cx),
        );
        let all = [
            ("volumes", volumes),
            ("addresses", addresses),
            ("instances", instances),
            ("NAT gateways", gateways),
            ("snapshots", snapshots),
            ("interfaces", interfaces),
        ];
        let failed = all.iter().all(|(_, found)| found.is_err());
        let mut rows = Vec::new();
        for (what, found) in all {
            // When nothing at all can be read, the reason is the answer.
            if failed {
                rows.extend(found?);
            } else {
                rows.extend(cx.part(what, found).unwrap_or_default());
            }
        }
        let paging = Paging::new(cx);
        if paging.is_first()
            && let Some(how) = removal(&rows)
        {
            cx.note(how);
        }
        let mut page = paging.page(cx, rows, None);
        shared(cx, &mut page.rows).await;
        priced(cx, &mut page.rows).await;
        Ok(page)
    }
}

/// Says of the snapshots on a page with whom they are shared: to those they are no waste.
async fn shared(cx: &Call<Ec2>, rows: &mut [Row]) {
    const ACTION: &str = "ec2:DescribeSnapshotAttribute";
    let mut ids = Vec::new();
    for row in rows.iter().filter(|row| row.kind == "snapshot") {
        if cx.may(ACTION, arns::ANSWERED_SNAPSHOT, &[("answer.snapshot", &row.id)]).await.is_ok() {
            ids.push(row.id.clone());
        }
    }
    let with = sharing::of_snapshots(cx, &ids).await;
    for row in rows.iter_mut().filter(|row| row.kind == "snapshot") {
        if let Some(whom) = with.get(&row.id) {
            row.why = format!("shared with {whom}, who lose it too when it goes; {}", row.why);
        }
    }
}

/// Says what the rows of a page cost.
async fn priced(cx: &Call<Ec2>, rows: &mut [Row]) {
    let products = rows.iter().filter_map(|row| Some(row.cost.as_ref()?.product.clone()));
    let prices = Prices::look_up(cx, products).await;
    for row in rows.iter_mut() {
        row.per_month = row.cost.as_ref().and_then(|cost| Some(prices.get(&cost.product)?.of(cost.units)));
    }
    if let Some(source) = prices.source() {
        cx.note(format!("per_month is of {HOURS} hours, of volumes by their size alone; {source}"));
    }
}

/// Which tool removes what was found.
fn removal(rows: &[Row]) -> Option<String> {
    const BY: [(&str, &str); 5] = [
        ("volume", "volumes"),
        ("snapshot", "snapshots"),
        ("elastic-ip", "addresses"),
        ("natgateway", "nat_gateways"),
        ("network-interface", "interfaces"),
    ];
    let has = |kind: &str| rows.iter().any(|row| row.kind == kind);
    let lists: Vec<&str> = BY.iter().filter(|(kind, _)| has(kind)).map(|(_, list)| *list).collect();
    let things =
        (!lists.is_empty()).then(|| format!("delete_resources takes the ids in {}", lists.join(", ")));
    let instances = has("instance")
        .then(|| "terminate_instances removes instances, set_instances stops idle ones".to_owned());
    let told: Vec<String> = [things, instances].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// The most things of a kind that are looked at.
const MOST: usize = 5_000;

fn cut(cx: &Call<Ec2>, what: &str) {
    cx.note(format!("there are more than {MOST} {what}; the others were not looked at"));
}

async fn volumes(cx: &Call<Ec2>) -> Result<Vec<Row>> {
    let (mut rows, mut token) = (Vec::new(), None);
    loop {
        let filters = Filters::default().any("status", ["available"]).build();
        let request = cx.client().ec2.describe_volumes().set_filters(filters).max_results(1000);
        let out = request.set_next_token(token).send().await?;
        rows.extend(out.volumes.unwrap_or_default().into_iter().map(|volume| Row {
            kind: "volume",
            cost: costs::of_volume(&volume),
            per_month: None,
            name: tags::name(volume.tags.as_ref()),
            why: format!(
                "{}, attached to nothing",
                volume.volume_type.map(|it| it.to_string()).unwrap_or_default()
            ),
            size_gib: volume.size,
            age_days: volume.create_time.as_ref().map(age_days),
            id: volume.volume_id.unwrap_or_default(),
        }));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(rows);
        }
        if rows.len() >= MOST {
            cut(cx, "unattached volumes");
            return Ok(rows);
        }
    }
}

async fn addresses(cx: &Call<Ec2>) -> Result<Vec<Row>> {
    let out = cx.client().ec2.describe_addresses().send().await?;
    // What a service of AWS manages, it also gives back.
    let is_unused = |address: &Address| address.association_id.is_none() && address.service_managed.is_none();
    let unused = out.addresses.unwrap_or_default().into_iter().filter(is_unused);
    Ok(unused
        .map(|address| Row {
            kind: "elastic-ip",
            cost: costs::of_address(&address),
            per_month: None,
            name: tags::name(address.tags.as_ref()),
            why: format!("{} is used by nothing", address.public_ip.unwrap_or_default()),
            size_gib: None,
            age_days: None,
            id: address.allocation_id.unwrap_or_default(),
        })
        .collect())
}

async fn snapshots(cx: &Call<Ec2>, days: i64) -> Result<Vec<Row>> {
    let ec2 = &cx.client().ec2;
    // A disabled or deprecated image is still made of its snapshots.
    let images = ec2.describe_images().owners("self").include_disabled(true).include_deprecated(true);
    let images = images.into_paginator().items().send();
    let (images, templates) = join!(images.try_collect(), of_templates(cx));
    let images: Vec<Image> = images?;
    let disks = images.into_iter().flat_map(|image| image.block_device_mappings);
    let of_images = disks.flatten().filter_map(|disk| disk.ebs?.snapshot_id);
    let templates = cx.part("launch templates", templates);
    let why = match templates {
        Some(_) => "no image of yours and no default or latest version of a launch template is made of it",
        None => "no image of yours is made of it",
    };
    let used: BTreeSet<String> = of_images.chain(templates.into_iter().flatten()).collect();
    let (mut rows, mut token, mut looked) = (Vec::new(), None, 0);
    loop {
        let request = ec2.describe_snapshots().owner_ids("self").max_results(1000);
        let out = request.set_next_token(token).send().await?;
        let snapshots = out.snapshots.unwrap_or_default();
        looked += snapshots.len();
        rows.extend(snapshots.into_iter().filter_map(|snapshot| {
            let age = snapshot.start_time.as_ref().map(age_days)?;
            let id = snapshot.snapshot_id?;
            let is_kept = used.contains(&id) || is_backup(snapshot.tags.as_ref());
            (age >= days && !is_kept).then(|| Row {
                kind: "snapshot",
                // It costs by the blocks that no other has, which AWS does not tell.
                cost: None,
                per_month: None,
                name: tags::name(snapshot.tags.as_ref()),
                why: why.to_owned(),
                size_gib: snapshot.volume_size,
                age_days: Some(age),
                id,
            })
        }));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(rows);
        }
        if looked >= MOST {
            cut(cx, "snapshots");
            return Ok(rows);
        }
    }
}

/// The snapshots that launch templates make volumes of, in their default and their latest versions.
async fn of_templates(cx: &Call<Ec2>) -> Result<Vec<String>> {
    let (mut found, mut token, mut looked) = (Vec::new(), None, 0);
    loop {
        let request =
            cx.client().ec2.describe_launch_template_versions().versions("$Default").versions("$Latest");
        let out = request.max_results(200).set_next_token(token).send().await?;
        let versions = out.launch_template_versions.unwrap_or_default();
        looked += versions.len();
        let data = versions.into_iter().filter_map(|version| version.launch_template_data);
        let disks = data.flat_map(|data| data.block_device_mappings.unwrap_or_default());
        found.extend(disks.filter_map(|disk| disk.ebs?.snapshot_id));
        token = out.next_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
        if looked >= MOST {
            cut(cx, "versions of launch templates");
            return Ok(found);
        }
    }
}

/// Whether AWS Backup or Data Lifecycle Manager made it, and deletes it by a plan of its own.
fn is_backup(tags: Option<&Vec<Tag>>) -> bool {
    BACKUP_TAGS.rows.iter().any(|key| tags::value(tags, key).is_some())
}

async fn interfaces(cx: &Call<Ec2>) -> Result<Vec<Row>> {
    let filters = Filters::default().any("status", ["available"]).build();
    let request = cx.client().ec2.describe_network_interfaces().set_filters(filters);
    let all: Vec<NetworkInterface> = request.into_paginator().items().send().try_collect().await?;
    // Those that a service of AWS made are not ours to delete: it does, or uses them again.
    let is_own = |interface: &NetworkInterface| interface.requester_managed != Some(true);
    let free = all.into_iter().filter(is_own);
    Ok(free
        .map(|interface| Row {
            kind: "network-interface",
            cost: None,
            per_month: None,
            name: tags::name(interface.tag_set.as_ref()),
            why: "attached to nothing; it costs nothing itself but keeps its groups and address".to_owned(),
            size_gib: None,
            age_days: None,
            id: interface.network_interface_id.unwrap_or_default(),
        })
        .collect())
}

async fn gateways(cx: &Call<Ec2>) -> Result<Vec<Row>> {
    let filters = Filters::default().any("state", ["available"]).build();
    let request = cx.client().ec2.describe_nat_gateways().set_filter(filters);
    let all: Vec<NatGateway> = request.into_paginator().items().send().try_collect().await?;
    let found: Vec<_> =
        all.into_iter().filter(|nat| nat.create_time.as_ref().is_some_and(|at| age_days(at) >= 7)).collect();
    let ids: Vec<String> = found.iter().filter_map(|nat| nat.nat_gateway_id.clone()).collect();
    let sent = highest(cx, "AWS/NATGateway", "BytesOutToDestination", "NatGatewayId", "Sum", &ids).await?;
    Ok(found
        .into_iter()
        .filter_map(|nat| {
            let cost = costs::of_nat(&nat);
            let id = nat.nat_gateway_id?;
            (*sent.get(&id)? == 0.0).then(|| Row {
                kind: "natgateway",
                cost,
                per_month: None,
                name: tags::name(nat.tags.as_ref()),
                why: "nothing went out through it in 7 days".to_owned(),
                size_gib: None,
                age_days: nat.create_time.as_ref().map(age_days),
                id,
            })
        })
        .collect())
}

/// The highest value of a metric over the last week, of each that has any.
async fn highest(
    cx: &Call<Ec2>,
    namespace: &str,
    metric: &str,
    dimension: &str,
    stat: &str,
    ids: &[String],
) -> Result<BTreeMap<String, f64>> {
    const AT_ONCE: usize = 500;
    let now = Timestamp::now();
    let start = now.checked_sub(168.hours()).map_err(|error| Error::internal(error.to_string()))?;
    let mut found = BTreeMap::new();
    for some in ids.chunks(AT_ONCE) {
        let queries = some.iter().enumerate().map(|(index, id)| {
            let metric = Metric::builder()
                .namespace(namespace)
                .metric_name(metric)
                .dimensions(Dimension::builder().name(dimension).value(id).build())
                .build();
            let stat = MetricStat::builder().metric(metric).period(86_400).stat(stat).build();
            MetricDataQuery::builder().id(format!("m{index}")).metric_stat(stat).build()
        });
        let request = cx
            .client()
            .metrics
            .get_metric_data()
            .start_time(for_aws(start))
            .end_time(for_aws(now))
            .set_metric_data_queries(Some(queries.collect()));
        // A later page may hold the greatest value, or all there are.
        let pages: Vec<_> = request.into_paginator().send().try_collect().await?;
        for page in pages {
            for result in page.metric_data_results.unwrap_or_default() {
                let index = result.id.as_deref().and_then(|id| id.strip_prefix('m')?.parse::<usize>().ok());
                let Some(id) = index.and_then(|index| some.get(index)) else { continue };
                for value in result.values.unwrap_or_default() {
                    found
                        .entry(id.clone())
                        .and_modify(|known: &mut f64| *known = known.max(value))
                        .or_insert(value);
                }
            }
        }
    }
    Ok(found)
}
