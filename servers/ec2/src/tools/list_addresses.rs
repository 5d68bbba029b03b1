use awsmcp_mcp::{Call, Page, Result, Spec, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Ec2, arns,
    paging::Paging,
    tags::{Filters, name},
};

/// Lists Elastic IP addresses and what has them; one that nothing has costs as much.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListAddresses {
    tag: Option<String>,
    public_ip: Option<String>,
    /// Only those that nothing has.
    #[serde(default)]
    unused: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    public_ip: Option<String>,
    id: String,
    name: Option<String>,
    instance: Option<String>,
    interface: Option<String>,
    private_ip: Option<String>,
    managed_by: Option<String>,
}

impl Tool for ListAddresses {
    type Service = Ec2;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_addresses", "List addresses")
        .on("*", &["ec2:DescribeAddresses"])
        .rows(arns::EACH_ELASTIC_IP)
        .regional()
        .optional();

    async fn call(self, cx: &Call<Ec2>) -> Result<Self::Output> {
        let filters = Filters::default().tag(self.tag.as_deref()).any("public-ip", self.public_ip);
        let out = cx.client().ec2.describe_addresses().set_filters(filters.build()).send().await?;
        // AWS answers all at once, and has no filter for what is not there.
        let rows = out
            .addresses
            .unwrap_or_default()
            .into_iter()
            .filter(|address| !self.unused || address.association_id.is_none())
            .map(|address| Row {
                name: name(address.tags.as_ref()),
                id: address.allocation_id.unwrap_or_default(),
                public_ip: address.public_ip,
                instance: address.instance_id,
                interface: address.network_interface_id,
                private_ip: address.private_ip_address,
                managed_by: address.service_managed.map(|service| service.to_string()),
            });
        Ok(Paging::new(cx).page(cx, rows.collect(), None))
    }
}
