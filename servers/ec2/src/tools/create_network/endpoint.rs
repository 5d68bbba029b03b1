use aws_sdk_ec2::{
    operation::create_vpc_endpoint::builders::CreateVpcEndpointFluentBuilder,
    types::{ResourceType, TagSpecification, VpcEndpointType},
};
use awsmcp_mcp::{Call, Error, Plan, Result};

use super::{CreateNetwork, Made, Piece, lacks};
use crate::{Ec2, dry_run::would, lists::once};

/// An endpoint of a service in a VPC.
pub(super) struct Endpoint {
    tags: Option<Vec<TagSpecification>>,
    vpc: String,
    service: String,
    /// Of an endpoint that is a route; none is one that has an interface in each subnet.
    route_table: Option<String>,
    subnets: Vec<String>,
    security_groups: Vec<String>,
}

impl Endpoint {
    /// The name that AWS knows the service by.
    fn service(&self, cx: &Call<Ec2>) -> String {
        match self.service.contains('.') {
            true => self.service.clone(),
            false => format!("com.amazonaws.{}.{}", cx.region(), self.service),
        }
    }

    fn request(&self, cx: &Call<Ec2>) -> CreateVpcEndpointFluentBuilder {
        let request = cx.client().ec2.create_vpc_endpoint().vpc_id(&self.vpc).service_name(self.service(cx));
        let request = request.set_tag_specifications(self.tags.clone());
        match &self.route_table {
            Some(table) => request.vpc_endpoint_type(VpcEndpointType::Gateway).route_table_ids(table),
            None => request
                .vpc_endpoint_type(VpcEndpointType::Interface)
                .private_dns_enabled(true)
                .set_subnet_ids(Some(self.subnets.clone()))
                .set_security_group_ids(
                    Some(self.security_groups.clone()).filter(|groups| !groups.is_empty()),
                ),
        }
    }
}

impl Piece for Endpoint {
    const PART: &'static str = "endpoint";

    fn read(wanted: &CreateNetwork) -> Result<Self> {
        let service = wanted.service.clone().ok_or_else(|| lacks(Self::PART, "service", "s3"))?;
        let vpc = wanted.vpc(Self::PART)?.to_owned();
        let route_table = wanted.route_table.as_ref().map(ToString::to_string);
        if route_table.is_none() && wanted.subnets.is_empty() {
            return Err(Error::invalid(
                "an endpoint needs `subnets`, or for S3 and DynamoDB a `route_table`",
            ));
        }
        Ok(Endpoint {
            tags: wanted.tagged(ResourceType::VpcEndpoint),
            vpc,
            service,
            route_table,
            subnets: once(&wanted.subnets),
            security_groups: once(&wanted.security_groups),
        })
    }

    async fn plan(&self, cx: &Call<Ec2>) -> Result<Plan> {
        Ok(Plan::new(format!("create an endpoint of {} in {}", self.service(cx), self.vpc)))
    }

    async fn rehearse(&self, cx: &Call<Ec2>) -> Result<()> {
        would(self.request(cx).dry_run(true).send()).await
    }

    async fn make(&self, cx: &Call<Ec2>, made: &mut Made) -> Result<()> {
        let endpoint = self.request(cx).send().await?.vpc_endpoint;
        made.state = endpoint.as_ref().and_then(|it| it.state.as_ref()).map(ToString::to_string);
        made.id = endpoint.and_then(|it| it.vpc_endpoint_id).unwrap_or_default();
        Ok(())
    }

    fn rest(&self, _: &Made) -> String {
        "describe_network shows it".to_owned()
    }
}
