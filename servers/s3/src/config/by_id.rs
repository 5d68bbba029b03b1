//! The settings of which a bucket has many, each under an id of its own: listed, read and taken away by it.

use aws_sdk_s3::Client;
use awsmcp_mcp::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Aspect, Setting,
    shapes::{self, Shape},
    shown::{present, shown},
};

/// One of these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ById {
    IntelligentTiering,
    Inventory,
    Metrics,
    Analytics,
}

/// What all pages of a list hold. The token that led to a page does not lead on from it.
macro_rules! all_pages {
    ($client:ident.$list:ident($bucket:ident).$member:ident as $shape:ty) => {{
        let (mut all, mut token) = (Vec::new(), None);
        loop {
            let page = $client.$list().bucket($bucket).set_continuation_token(token.clone()).send().await?;
            all.extend(page.$member.unwrap_or_default());
            let next = page.next_continuation_token.filter(|next| !next.is_empty());
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
        values::<_, $shape>(all)?
    }};
}

impl ById {
    /// All of the bucket, under the name of their list; none where there are none.
    pub(crate) async fn list(self, client: &Client, bucket: &str) -> Result<Option<Value>> {
        let all = match self {
            ById::IntelligentTiering => {
                all_pages!(
                    client
                        .list_bucket_intelligent_tiering_configurations(bucket)
                        .intelligent_tiering_configuration_list
                        as shapes::IntelligentTieringConfiguration
                )
            }
            ById::Inventory => {
                all_pages!(
                    client.list_bucket_inventory_configurations(bucket).inventory_configuration_list
                        as shapes::InventoryConfiguration
                )
            }
            ById::Metrics => {
                all_pages!(
                    client.list_bucket_metrics_configurations(bucket).metrics_configuration_list
                        as shapes::MetricsConfiguration
                )
            }
            ById::Analytics => {
                all_pages!(
                    client.list_bucket_analytics_configurations(bucket).analytics_configuration_list
                        as shapes::AnalyticsConfiguration
                )
            }
        };
        Ok(Some(json!({ self.list_name(): all })))
    }

    /// The one of this id; none where there is none.
    pub(crate) async fn one(self, client: &Client, bucket: &str, id: &str) -> Result<Option<Value>> {
        present(self.ask_for(client, bucket, id).await)
    }

    async fn ask_for(self, client: &Client, bucket: &str, id: &str) -> Result<Option<Value>> {
        match self {
            ById::IntelligentTiering => {
                let get = client.get_bucket_intelligent_tiering_configuration().bucket(bucket).id(id);
                let out = get.send().await?;
                shown::<_, shapes::IntelligentTieringConfiguration>(out.intelligent_tiering_configuration)
            }
            ById::Inventory => {
                let out = client.get_bucket_inventory_configuration().bucket(bucket).id(id).send().await?;
                shown::<_, shapes::InventoryConfiguration>(out.inventory_configuration)
            }
            ById::Metrics => {
                let out = client.get_bucket_metrics_configuration().bucket(bucket).id(id).send().await?;
                shown::<_, shapes::MetricsConfiguration>(out.metrics_configuration)
            }
            ById::Analytics => {
                let out = client.get_bucket_analytics_configuration().bucket(bucket).id(id).send().await?;
                shown::<_, shapes::AnalyticsConfiguration>(out.analytics_configuration)
            }
        }
    }

    /// Takes the one of this id away.
    pub(crate) async fn remove(self, client: &Client, bucket: &str, id: &str) -> Result<()> {
        match self {
            ById::IntelligentTiering => {
                let delete = client.delete_bucket_intelligent_tiering_configuration();
                delete.bucket(bucket).id(id).send().await?;
            }
            ById::Inventory => {
                client.delete_bucket_inventory_configuration().bucket(bucket).id(id).send().await?;
            }
            ById::Metrics => {
                client.delete_bucket_metrics_configuration().bucket(bucket).id(id).send().await?;
            }
            ById::Analytics => {
                client.delete_bucket_analytics_configuration().bucket(bucket).id(id).send().await?;
            }
        }
        Ok(())
    }

    /// The ids that there are.
    pub(crate) async fn ids(self, client: &Client, bucket: &str) -> Result<Vec<String>> {
        let listed = present(self.list(client, bucket).await)?.unwrap_or_default();
        let all = listed.get(self.list_name()).and_then(Value::as_array).into_iter().flatten();
        Ok(all.filter_map(|one| one.get("Id")?.as_str()).map(str::to_owned).collect())
    }

    /// The name that the AWS CLI gives the list of them.
    pub(crate) fn list_name(self) -> &'static str {
        match self {
            ById::IntelligentTiering => "IntelligentTieringConfigurationList",
            ById::Inventory => "InventoryConfigurationList",
            ById::Metrics => "MetricsConfigurationList",
            ById::Analytics => "AnalyticsConfigurationList",
        }
    }
}

impl Aspect {
    /// Where a bucket has many of this, which of those it is.
    pub(crate) fn by_id(self) -> Option<ById> {
        match self {
            Aspect::IntelligentTiering => Some(ById::IntelligentTiering),
            Aspect::Inventory => Some(ById::Inventory),
            Aspect::Metrics => Some(ById::Metrics),
            Aspect::Analytics => Some(ById::Analytics),
            _ => None,
        }
    }
}

impl Setting {
    /// Where a bucket has many of this setting, which of those it is.
    pub(crate) fn by_id(self) -> Option<ById> {
        self.aspect().by_id()
    }
}

fn values<S, T: Shape<S> + Serialize>(all: Vec<S>) -> Result<Vec<Value>> {
    all.into_iter().filter_map(|one| shown::<_, T>(Some(one)).transpose()).collect()
}
