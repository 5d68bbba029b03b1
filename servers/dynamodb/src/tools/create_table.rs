use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    BillingMode, OnDemandThroughput, SseSpecification, SseType, StreamSpecification, Tag,
};
use awsmcp_mcp::{Call, Change, Error, One, Plan, Result, Spec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DynamoDb, arns,
    blueprint::{Class, NewIndex, View, definitions, failed, schema, units},
    names::{KeyAttribute, KmsKey, TableName},
    table,
    waiting::{is_gone, outcome, settle},
};

/// Creates a table and waits until it is active. It bills on demand unless units are given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTable {
    table: TableName,
    /// `id`, or with a type S, N, B: `id:N`.
    partition_key: KeyAttribute,
    sort_key: Option<KeyAttribute>,
    /// Global.
    #[serde(default)]
    indexes: Vec<NewIndex>,
    #[serde(default)]
    local_indexes: Vec<NewIndex>,
    #[schemars(range(min = 1))]
    read_units: Option<i64>,
    #[schemars(range(min = 1))]
    write_units: Option<i64>,
    /// On demand, at most.
    #[schemars(range(min = 1))]
    max_read_units: Option<i64>,
    #[schemars(range(min = 1))]
    max_write_units: Option<i64>,
    stream: Option<View>,
    table_class: Option<Class>,
    /// ARN or alias; AWS's own without.
    kms_key: Option<KmsKey>,
    #[serde(default)]
    deletion_protection: bool,
    tags: Option<BTreeMap<String, String>>,
    /// 120 unless given.
    #[schemars(range(max = 3000))]
    wait_seconds: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Created {
    table: String,
    arn: Option<String>,
    status: String,
}

impl Change for CreateTable {
    type Service = DynamoDb;
    type Output = One<Created>;
    type Items = ();
    const SPEC: Spec = Spec::write("create_table", "Create table")
        .shown_by("describe_table")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:CreateTable"])
        .when("tags")
        .on(arns::TABLE, &["dynamodb:TagResource"])
        .when("kms_key")
        // What DynamoDB itself does with the caller's permissions, to use the key from then on.
        .on(arns::KMS_KEY, &["kms:CreateGrant", "kms:DescribeKey"])
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan> {
        self.check()?;
        match table::describe(cx, &self.table).await {
            Ok(found) => {
                return Err(Error::conflict(format!(
                    "the table {} exists already: {}",
                    self.table,
                    table::layout(&found)
                ))
                .with_next("choose another name, or change that one with update_table"));
            }
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
        let mut plan = Plan::new(format!("create table {} in {}", self.table, cx.region()));
        let key: Vec<String> = self.keys().map(ToString::to_string).collect();
        let billing = match (self.read_units, self.write_units) {
            (Some(read), Some(write)) => {
                format!("provisioned {read} read, {write} write, for each global index too")
            }
            _ => "on demand".to_owned(),
        };
        plan = plan.row(json!({"setting": "key", "value": key.join(", ")}));
        plan = plan.row(json!({"setting": "billing", "value": billing}));
        for (index, kind) in self
            .indexes
            .iter()
            .map(|index| (index, "global"))
            .chain(self.local_indexes.iter().map(|index| (index, "local")))
        {
            let value = format!("{}{}", index.words(), index.kept());
            plan = plan.row(json!({"setting": format!("{kind} index {}", index.name), "value": value}));
        }
        for (setting, value) in self.further() {
            plan = plan.row(json!({"setting": setting, "value": value}));
        }
        Ok(plan)
    }

    async fn apply(self, (): (), cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let (all, units) = self.check()?;
        let provisioned = units.is_some();
        let global =
            self.indexes.iter().map(|index| index.global(units.clone())).collect::<Result<Vec<_>>>()?;
        let local = self.local_indexes.iter().map(NewIndex::local).collect::<Result<Vec<_>>>()?;
        let limits = (self.max_read_units.is_some() || self.max_write_units.is_some()).then(|| {
            OnDemandThroughput::builder()
                .set_max_read_request_units(self.max_read_units)
                .set_max_write_request_units(self.max_write_units)
                .build()
        });
        let stream = self.stream.and_then(View::aws);
        let stream = stream
            .map(|view| StreamSpecification::builder().stream_enabled(true).stream_view_type(view).build())
            .transpose()
            .map_err(failed)?;
        let encryption = self.kms_key.as_ref().map(|key| {
            SseSpecification::builder()
                .enabled(true)
                .sse_type(SseType::Kms)
                .kms_master_key_id(key.as_str())
                .build()
        });
        let tags = self
            .tags
            .iter()
            .flatten()
            .map(|(key, value)| Tag::builder().key(key).value(value).build().map_err(failed))
            .collect::<Result<Vec<_>>>()?;
        let out = cx
            .client()
            .db
            .create_table()
            .table_name(self.table.as_str())
            .set_attribute_definitions(Some(all))
            .set_key_schema(Some(schema(self.keys())?))
            .set_global_secondary_indexes((!global.is_empty()).then_some(global))
            .set_local_secondary_indexes((!local.is_empty()).then_some(local))
            .billing_mode(if provisioned { BillingMode::Provisioned } else { BillingMode::PayPerRequest })
            .set_provisioned_throughput(units)
            .set_on_demand_throughput(limits)
            .set_stream_specification(stream)
            .set_table_class(self.table_class.map(Class::aws))
            .set_sse_specification(encryption)
            .deletion_protection_enabled(self.deletion_protection)
            .set_tags((!tags.is_empty()).then_some(tags))
            .send()
            .await?;
        let arn = out.table_description.and_then(|table| table.table_arn);
        let waited = settle(cx, &self.table, self.wait_seconds.unwrap_or(120)).await?;
        Ok(One(Created { table: self.table.to_string(), arn, status: outcome(cx, &waited) }))
    }
}

type Checked = (
    Vec<aws_sdk_dynamodb::types::AttributeDefinition>,
    Option<aws_sdk_dynamodb::types::ProvisionedThroughput>,
);

impl CreateTable {
    /// What is asked for besides keys, indexes and units, in words.
    fn further(&self) -> Vec<(&'static str, String)> {
        let limit = |units: Option<i64>| units.map_or("none".to_owned(), |units| units.to_string());
        let limits = (self.max_read_units.is_some() || self.max_write_units.is_some())
            .then(|| format!("{} read, {} write", limit(self.max_read_units), limit(self.max_write_units)));
        let tags = self.tags.iter().flatten().map(|(key, value)| format!("{key}={value}"));
        let tags: Vec<String> = tags.collect();
        [
            ("limits", limits),
            ("stream", self.stream.and_then(View::aws).map(|view| view.to_string())),
            ("class", self.table_class.map(|class| class.aws().to_string())),
            ("KMS key", self.kms_key.clone().map(String::from)),
            ("deletion protection", self.deletion_protection.then(|| "on".to_owned())),
            ("tags", (!tags.is_empty()).then(|| tags.join(", "))),
        ]
        .into_iter()
        .filter_map(|(setting, value)| Some((setting, value?)))
        .collect()
    }

    fn keys(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.partition_key).chain(&self.sort_key)
    }

    fn check(&self) -> Result<Checked> {
        if self.table.as_str().starts_with("arn:") {
            return Err(Error::invalid("a new table has a name, such as orders-prod, and no ARN yet"));
        }
        if let Some(index) = self.local_indexes.iter().find(|index| index.partition_key != self.partition_key)
        {
            return Err(Error::invalid(format!(
                "the local index {} must have the table's partition key, {}; with another it is one of `indexes`",
                index.name, self.partition_key
            )));
        }
        if let Some(index) = self.local_indexes.iter().find(|index| index.sort_key.is_none()) {
            return Err(Error::invalid(format!("the local index {} needs a sort_key", index.name)));
        }
        let indexes = self.indexes.iter().chain(&self.local_indexes);
        let all = definitions(self.keys().chain(indexes.flat_map(NewIndex::keys)))?;
        let units = units(self.read_units, self.write_units)?;
        if units.is_some() && (self.max_read_units.is_some() || self.max_write_units.is_some()) {
            return Err(Error::invalid(
                "max_read_units and max_write_units are for tables that bill on demand",
            ));
        }
        Ok((all, units))
    }
}
