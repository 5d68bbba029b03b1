//! What SageMaker's machines cost by the hour, by AWS's price list, which has each machine once for every use of it.

use awsmcp_mcp::Call;
use awsmcp_operations::prices::{Prices, Product};

use crate::SageMaker;

/// For what a machine is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Endpoint,
    AsyncEndpoint,
    Training,
    Processing,
    Transform,
    Notebook,
    JupyterLab,
    CodeEditor,
    KernelGateway,
    Cluster,
}

impl Use {
    /// As the price list writes it before the machine's type.
    const fn usage(self) -> &'static str {
        match self {
            Use::Endpoint => "Host:",
            Use::AsyncEndpoint => "AsyncInf:",
            Use::Training => "Train:",
            Use::Processing => "Processing:",
            Use::Transform => "Tsform:",
            Use::Notebook => "Notebk:",
            Use::JupyterLab => "Studio:JupyterLab-",
            Use::CodeEditor => "Studio:CodeEditor-",
            Use::KernelGateway => "Studio:KernelGateway-",
            Use::Cluster => "Cluster:",
        }
    }

    /// A machine such as `ml.m5.large` in this use.
    pub(crate) fn of(self, instance: &str) -> Product {
        Product::new("AmazonSageMaker", format!("{}{instance}", self.usage())).with("instanceName", instance)
    }

    /// That of an app of Studio; none of those that bill otherwise or not at all.
    pub(crate) fn of_app(sort: &str) -> Option<Use> {
        match sort {
            "JupyterLab" => Some(Use::JupyterLab),
            "CodeEditor" => Some(Use::CodeEditor),
            "KernelGateway" => Some(Use::KernelGateway),
            _ => None,
        }
    }
}

/// What so many machines cost in an hour, in words, where the price list knows it. It is told beside a plan and is no part of
/// it: a price that cannot be read makes no other plan.
pub(crate) async fn note(cx: &Call<SageMaker>, of: Use, instance: &str, count: i64) {
    let product = of.of(instance);
    let prices = Prices::look_up(cx, [product.clone()]).await;
    if let Some((price, source)) = prices.get(&product).zip(prices.source()) {
        let sum = price.of(count as f64);
        cx.note(format!("{count} x {instance}: {sum} {} an hour; {source}", price.currency));
    }
}
