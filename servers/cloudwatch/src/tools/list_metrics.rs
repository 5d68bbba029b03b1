use std::collections::{BTreeMap, HashSet};

use aws_sdk_cloudwatch::types::{DimensionFilter, Metric, RecentlyActive};
use awsmcp_mcp::{Call, Page, Result, Spec, Tool, nearest, thousands};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    CloudWatch,
    metrics::{check_account, dimension_words},
};

/// Lists metrics with their dimensions. Without any argument: the namespaces with how many metrics each has.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListMetrics {
    /// Exact, such as `AWS/Lambda`.
    namespace: Option<String>,
    name: Option<String>,
    /// `{"FunctionName": "f"}`; "" for any value.
    dimensions: Option<BTreeMap<String, String>>,
    /// Part of namespace, name or a dimension, whatever case.
    search: Option<String>,
    /// Only those with data in the last three hours.
    #[serde(default)]
    recent: bool,
    /// A linked account, or `all` for those of every linked one.
    account: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Metric { namespace: Option<String>, name: String, dimensions: Option<String>, account: Option<String> },
    Namespace { namespace: String, metrics: u64, names: u64, example: String },
}

/// A metric, and whose it is where that was asked.
type Owned = (Metric, Option<String>);

/// A place in AWS's pages, whose size cannot be chosen.
#[derive(Default, Serialize, Deserialize)]
struct Onward {
    token: Option<String>,
    skip: usize,
}

impl Tool for ListMetrics {
    type Service = CloudWatch;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_metrics", "List metrics")
        .on("*", &["cloudwatch:ListMetrics"])
        .names_no_resource()
        .regional();

    async fn call(self, cx: &Call<CloudWatch>) -> Result<Self::Output> {
        if let Some(account) = self.account.as_deref().filter(|account| *account != ALL) {
            check_account(account)?;
        }
        let is_plain = self.namespace.is_none()
            && self.name.is_none()
            && self.dimensions.is_none()
            && self.search.is_none();
        if is_plain { self.namespaces(cx).await } else { self.metrics(cx).await }
    }
}

/// Every linked account, and the call's own.
const ALL: &str = "all";

/// AWS's pages, of 500 each, that one call looks at.
const PAGES: usize = 40;

impl ListMetrics {
    async fn page(
        &self,
        cx: &Call<CloudWatch>,
        token: Option<String>,
    ) -> Result<(Vec<Owned>, Option<String>)> {
        let filters = self.dimensions.as_ref().map(|dimensions| {
            let filter = |(name, value): (&String, &String)| {
                let value = Some(value.clone()).filter(|value| !value.is_empty());
                DimensionFilter::builder().name(name).set_value(value).build()
            };
            dimensions.iter().map(filter).collect()
        });
        let page = cx
            .client()
            .metrics
            .list_metrics()
            .set_namespace(self.namespace.clone())
            .set_metric_name(self.name.clone())
            .set_dimensions(filters)
            .set_recently_active(self.recent.then_some(RecentlyActive::Pt3H))
            .set_include_linked_accounts(self.account.as_ref().map(|_| true))
            .set_owning_account(self.account.clone().filter(|account| account != ALL))
            .set_next_token(token)
            .send()
            .await?;
        // AWS tells whose each is in a list of its own, in the same order.
        let mut accounts = page.owning_accounts.unwrap_or_default().into_iter();
        let metrics = page.metrics.unwrap_or_default().into_iter();
        let owned = metrics.map(|metric| (metric, accounts.next().filter(|_| self.account.is_some())));
        Ok((owned.collect(), page.next_token.filter(|token| !token.is_empty())))
    }

    async fn metrics(self, cx: &Call<CloudWatch>) -> Result<Page<Row>> {
        let limit = cx.limit() as usize;
        let Onward { mut token, mut skip } = cx.place()?;
        let is_first = token.is_none() && skip == 0;
        let mut rows = Vec::new();
        let mut looked = 0_u64;
        for _ in 0..PAGES {
            let (metrics, next) = self.page(cx, token.clone()).await?;
            for (at, (metric, account)) in metrics.iter().enumerate().skip(skip) {
                if rows.len() >= limit {
                    let onward = Onward { token, skip: at };
                    return cx.page_from(rows, Some(onward));
                }
                looked += 1;
                if self.fits(metric) {
                    rows.push(self.row(metric, account.as_deref()));
                }
            }
            (token, skip) = (next, 0);
            if token.is_none() {
                break;
            }
        }
        if self.search.is_some() {
            cx.note(format!("looked at {} metrics", thousands(looked)));
        }
        if rows.is_empty() && token.is_none() && is_first {
            self.nothing(cx).await?;
        }
        cx.page_from(rows, token.map(|token| Onward { token: Some(token), skip: 0 }))
    }

    /// What was looked for in vain, and what there is that is spelled like it.
    async fn nothing(&self, cx: &Call<CloudWatch>) -> Result<()> {
        let mut asked = Vec::new();
        asked.extend(self.namespace.iter().map(|namespace| format!("namespace {namespace}")));
        asked.extend(self.name.iter().map(|name| format!("name {name}")));
        asked.extend(self.dimensions.iter().map(|dimensions| format!("dimensions {dimensions:?}")));
        asked.extend(self.search.iter().map(|search| format!("search {search}")));
        cx.note(format!("no metric of {}; names are exact, case included", asked.join(", ")));
        let all = ListMetrics {
            namespace: None,
            name: None,
            dimensions: None,
            search: None,
            recent: false,
            account: self.account.clone(),
        };
        let (metrics, _) = all.page(cx, None).await?;
        let words: HashSet<&str> = metrics
            .iter()
            .flat_map(|(metric, _)| [metric.namespace(), metric.metric_name()])
            .flatten()
            .collect();
        for asked in [&self.namespace, &self.name].into_iter().flatten() {
            let known = words.contains(asked.as_str());
            if let Some(near) = nearest(asked, words.iter().copied()).filter(|_| !known) {
                cx.note(format!("there is {near}"));
            }
        }
        Ok(())
    }

    async fn namespaces(self, cx: &Call<CloudWatch>) -> Result<Page<Row>> {
        #[derive(Default)]
        struct Count {
            metrics: u64,
            names: HashSet<String>,
            example: Option<String>,
        }
        let mut counts: BTreeMap<String, Count> = BTreeMap::new();
        let mut token = None;
        for _ in 0..PAGES {
            let (metrics, next) = self.page(cx, token).await?;
            for (metric, _) in metrics {
                let count = counts.entry(metric.namespace.unwrap_or_default()).or_default();
                let name = metric.metric_name.unwrap_or_default();
                count.metrics += 1;
                count.example.get_or_insert_with(|| name.clone());
                count.names.insert(name);
            }
            token = next;
            if token.is_none() {
                break;
            }
        }
        if token.is_some() {
            cx.note(format!(
                "counted the first {} metrics only; there are more",
                thousands(PAGES as u64 * 500)
            ));
        }
        let rows = counts.into_iter().map(|(namespace, count)| Row::Namespace {
            namespace,
            metrics: count.metrics,
            names: count.names.len() as u64,
            example: count.example.unwrap_or_default(),
        });
        Ok(cx.page(rows, None))
    }

    fn fits(&self, metric: &Metric) -> bool {
        let Some(search) = self.search.as_ref().map(|search| search.to_lowercase()) else { return true };
        let holds = |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().contains(&search));
        holds(metric.namespace())
            || holds(metric.metric_name())
            || metric.dimensions().iter().any(|dimension| holds(dimension.name()) || holds(dimension.value()))
    }

    fn row(&self, metric: &Metric, account: Option<&str>) -> Row {
        Row::Metric {
            namespace: metric.namespace.clone().filter(|_| self.namespace.is_none()),
            name: metric.metric_name.clone().unwrap_or_default(),
            dimensions: dimension_words(metric.dimensions()),
            account: account.map(str::to_owned),
        }
    }
}
