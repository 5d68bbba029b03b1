mod steps;

use aws_sdk_dynamodb::types::TableDescription;
use awsmcp_mcp::{Call, Change, Error, One, Plan, Region, Result, Risk, Spec, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    DynamoDb, arns,
    blueprint::{Class, NewIndex, View},
    moved::moved,
    names::TableName,
    scaling::{self, Units},
    table,
    vectors::NewVectorIndex,
    waiting::{Settled, outcome, settle},
};

/// Changes a table: billing, indexes, stream, class, protection, replicas; one step after the other, waiting for each.
///
/// Deleting an index or a replica needs destroy allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateTable {
    table: TableName,
    #[serde(default)]
    on_demand: bool,
    /// Provisioned, together with write_units.
    #[schemars(range(min = 1))]
    read_units: Option<i64>,
    #[schemars(range(min = 1))]
    write_units: Option<i64>,
    /// On demand, at most; -1 for no limit.
    max_read_units: Option<i64>,
    max_write_units: Option<i64>,
    #[serde(default)]
    create_indexes: Vec<NewIndex>,
    #[serde(default)]
    delete_indexes: Vec<String>,
    /// For search_vectors; of a table on demand.
    #[serde(default)]
    create_vector_indexes: Vec<NewVectorIndex>,
    stream: Option<View>,
    table_class: Option<Class>,
    deletion_protection: Option<bool>,
    /// Regions.
    #[serde(default)]
    #[schemars(extend("default" = []))]
    add_replicas: Vec<Region>,
    #[serde(default)]
    #[schemars(extend("default" = []))]
    delete_replicas: Vec<Region>,
    /// For each step, 120 unless given.
    #[schemars(range(max = 3000))]
    wait_seconds: Option<u64>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Updated {
    table: String,
    done: Vec<String>,
    status: String,
}

impl Change for UpdateTable {
    type Service = DynamoDb;
    type Output = One<Updated>;
    /// All that can be set of the table, as it was seen: the steps follow from it.
    type Items = Value;
    const SPEC: Spec = Spec::write("update_table", "Update table")
        .shown_by("describe_table")
        .on(arns::TABLE, &["dynamodb:DescribeTable", "dynamodb:UpdateTable"])
        .when("read_units")
        .on("*", &["application-autoscaling:DescribeScalableTargets"])
        .when("add_replicas")
        // What DynamoDB itself does with the caller's permissions, to fill the replica.
        .on(arns::TABLE, FILLING)
        .on(arns::NEW_REPLICA, FILLING)
        .when("delete_replicas")
        .on(arns::TABLE, &["dynamodb:DeleteTableReplica"])
        .on(arns::OLD_REPLICA, &["dynamodb:DeleteTableReplica"])
        .names_no_resource()
        .optional()
        .minutes(60);

    async fn plan(&self, cx: &Call<DynamoDb>) -> Result<Plan<Value>> {
        if !self.delete_indexes.is_empty() || !self.delete_replicas.is_empty() {
            cx.permit("update_table with delete_indexes or delete_replicas", Risk::Destroy)?;
        }
        let description = table::describe(cx, &self.table).await?;
        let steps = self.steps(&description)?;
        let mut plan = Plan::new(format!("change {} in {}", self.table, counted(steps.len(), "step")));
        for step in &steps {
            plan = plan.row(json!({"step": step.name, "now": step.now}));
        }
        let mut ask = false;
        for (given, warning) in [
            (self.shrinks(&description), "with fewer units, requests may be throttled that are served now"),
            (
                !self.delete_indexes.is_empty(),
                "queries of a deleted index fail; making it anew reads the whole table",
            ),
            (!self.delete_replicas.is_empty(), "a deleted replica's data is gone from its region"),
            (self.deletion_protection == Some(false), "without protection the table can be deleted"),
            (self.stream == Some(View::Off), "what reads the stream hears nothing any more"),
        ] {
            if given {
                plan = plan.warning(warning);
                ask = true;
            }
        }
        if !self.create_indexes.is_empty() || !self.create_vector_indexes.is_empty() {
            plan = plan.warning(
                "a new index is filled from the whole table: that takes time and, provisioned, write units",
            );
        }
        plan = self.overruled(cx, &description).await.into_iter().fold(plan, Plan::warning);
        let plan = if ask { plan.ask() } else { plan };
        Ok(plan.items(table::settings(&description)))
    }

    async fn apply(self, seen: Value, cx: &Call<DynamoDb>) -> Result<Self::Output> {
        let description = table::describe(cx, &self.table).await?;
        // AWS takes no condition: a table that somebody else changes in between is left to them.
        if table::settings(&description) != seen {
            return Err(moved(&format!("the table {}", self.table)));
        }
        let steps = self.steps(&description)?;
        let (mut done, total) = (Vec::new(), steps.len() as u64);
        for step in steps {
            let request = cx.client().db.update_table().table_name(self.table.as_str());
            if let Err(error) = (step.change)(request).send().await.map_err(Error::from) {
                let mut error = error;
                if !done.is_empty() {
                    error.message = format!("{}; done before: {}", error.message, done.join(", "));
                    error = error
                        .with_next("describe_table shows the table as it is; call again with what is left");
                }
                return Err(error);
            }
            done.push(step.name);
            let settled = settle(cx, &self.table, self.wait_seconds.unwrap_or(120)).await?;
            if let Settled::Pending(_) = &settled {
                let left = total - done.len() as u64;
                if left > 0 {
                    cx.note(format!("{left} further steps were not begun: the table takes one at a time"));
                }
                return Ok(One(Updated {
                    table: self.table.to_string(),
                    done,
                    status: outcome(cx, &settled),
                }));
            }
        }
        Ok(One(Updated { table: self.table.to_string(), done, status: "ACTIVE".to_owned() }))
    }
}

/// What a new replica takes, in the table's region and in its own.
const FILLING: &[&str] = &[
    "dynamodb:CreateTableReplica",
    "dynamodb:CreateTable",
    "dynamodb:BatchWriteItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

impl UpdateTable {
    /// Which of the units that are to be set scale by themselves.
    async fn overruled(&self, cx: &Call<DynamoDb>, table: &TableDescription) -> Vec<String> {
        let wanted = [(Units::Read, self.read_units), (Units::Write, self.write_units)];
        let wanted: Vec<(Units, i64)> =
            wanted.into_iter().filter_map(|(kind, units)| Some((kind, units?))).collect();
        // By its name another account's table would be taken for one of this account.
        if wanted.is_empty() || !matches!(self.table.elsewhere(cx).await, Ok(None)) {
            return Vec::new();
        }
        let name = table.table_name().unwrap_or_default();
        match scaling::targets(cx, &[scaling::resource(name, None)]).await {
            Ok(targets) => wanted
                .into_iter()
                .filter_map(|(kind, units)| scaling::overrules(&targets, name, kind, units))
                .collect(),
            Err(error) => vec![format!(
                "whether its units scale by themselves could not be looked up: application-autoscaling:DescribeScalableTargets: {}",
                error.message
            )],
        }
    }

    /// Whether the table may read or write less than now.
    fn shrinks(&self, table: &TableDescription) -> bool {
        let less = |wanted: Option<i64>, now: Option<i64>| match (wanted, now) {
            // -1 is no limit at all.
            (Some(wanted), now) if wanted >= 0 => now.is_none_or(|now| now < 0 || wanted < now),
            _ => false,
        };
        let limits = table.on_demand_throughput();
        let limited = less(self.max_read_units, limits.and_then(|limits| limits.max_read_request_units))
            || less(self.max_write_units, limits.and_then(|limits| limits.max_write_request_units));
        // On demand there are no units, and any number of them is less.
        let units = table.provisioned_throughput().filter(|_| table::billing(table) != "on demand");
        limited
            || less(self.read_units, units.and_then(|units| units.read_capacity_units))
            || less(self.write_units, units.and_then(|units| units.write_capacity_units))
    }
}
