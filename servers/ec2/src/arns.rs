//! The resources that tools touch, as templates of their ARNs: `{name}` is the tool's argument of that name,
//! `{partition}`, `{region}` and `{account}` are the call's.
//!
//! An instance that is given by its name (tag `Name`) fits no ARN: [`crate::names::arn`] says so.

pub(crate) const ADDRESS: &str = "arn:{partition}:ec2:{region}:{account}:elastic-ip/{address}";
pub(crate) const ADDRESSES: &str = "arn:{partition}:ec2:{region}:{account}:elastic-ip/{addresses}";
/// The pools of IPAM are of no region; only the list of them tells which there are.
pub(crate) const ANSWERED_IPAM_POOL: &str = "arn:{partition}:ec2::{account}:ipam-pool/{answer.pool}";
/// Which snapshots are old, only the list of them tells.
pub(crate) const ANSWERED_SNAPSHOT: &str = "arn:{partition}:ec2:{region}::snapshot/{answer.snapshot}";
pub(crate) const ANY_ELASTIC_IP: &str = "arn:{partition}:ec2:{region}:{account}:elastic-ip/*";
pub(crate) const ANY_IMAGE: &str = "arn:{partition}:ec2:{region}::image/*";
pub(crate) const ANY_INSTANCE: &str = "arn:{partition}:ec2:{region}:{account}:instance/*";
pub(crate) const ANY_INTERNET_GATEWAY: &str = "arn:{partition}:ec2:{region}:{account}:internet-gateway/*";
pub(crate) const ANY_LOAD_BALANCER: &str =
    "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/*";
pub(crate) const ANY_NAT_GATEWAY: &str = "arn:{partition}:ec2:{region}:{account}:natgateway/*";
pub(crate) const ANY_NETWORK_INTERFACE: &str = "arn:{partition}:ec2:{region}:{account}:network-interface/*";
/// AWS owns the public parameters, the account its own.
pub(crate) const ANY_PARAMETER: &str = "arn:{partition}:ssm:{region}:*:parameter/*";
/// The role of an instance profile: only IAM knows which.
pub(crate) const ANY_ROLE: &str = "arn:{partition}:iam::{account}:role/*";
pub(crate) const ANY_ROUTE_TABLE: &str = "arn:{partition}:ec2:{region}:{account}:route-table/*";
pub(crate) const ANY_SECURITY_GROUP: &str = "arn:{partition}:ec2:{region}:{account}:security-group/*";
pub(crate) const ANY_SNAPSHOT: &str = "arn:{partition}:ec2:{region}::snapshot/*";
pub(crate) const ANY_SUBNET: &str = "arn:{partition}:ec2:{region}:{account}:subnet/*";
pub(crate) const ANY_TARGET_GROUP: &str =
    "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/*";
pub(crate) const ANY_VOLUME: &str = "arn:{partition}:ec2:{region}:{account}:volume/*";
pub(crate) const ANY_VPC: &str = "arn:{partition}:ec2:{region}:{account}:vpc/*";
pub(crate) const ANY_VPC_ENDPOINT: &str = "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/*";
pub(crate) const ANY_VPC_PEERING_CONNECTION: &str =
    "arn:{partition}:ec2:{region}:{account}:vpc-peering-connection/*";
/// AWS owns most documents, others are shared by other accounts.
pub(crate) const DOCUMENT: &str = "arn:{partition}:ssm:{region}:*:document/{document}";
pub(crate) const EACH_CAPACITY_RESERVATION: &str =
    "arn:{partition}:ec2:{region}:{account}:capacity-reservation/{id}";
pub(crate) const EACH_ELASTIC_IP: &str = "arn:{partition}:ec2:{region}:{account}:elastic-ip/{id}";
pub(crate) const EACH_FLOW_LOG: &str = "arn:{partition}:ec2:{region}:{account}:vpc-flow-log/{id}";
pub(crate) const EACH_IMAGE: &str = "arn:{partition}:ec2:{region}::image/{id}";
pub(crate) const EACH_INSTANCE: &str = "arn:{partition}:ec2:{region}:{account}:instance/{id}";
pub(crate) const EACH_IPAM_POOL: &str = "arn:{partition}:ec2::{account}:ipam-pool/{id}";
pub(crate) const EACH_KEY_PAIR: &str = "arn:{partition}:ec2:{region}:{account}:key-pair/{name}";
pub(crate) const EACH_LAUNCH_TEMPLATE: &str = "arn:{partition}:ec2:{region}:{account}:launch-template/{id}";
/// A row of things of several kinds.
pub(crate) const EACH_RESOURCE: &str = "arn:{partition}:ec2:{region}:{account}:{kind}/{id}";
pub(crate) const EACH_SCALING_GROUP: &str =
    "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{name}";
pub(crate) const EACH_SECURITY_GROUP: &str = "arn:{partition}:ec2:{region}:{account}:security-group/{id}";
pub(crate) const EACH_SNAPSHOT: &str = "arn:{partition}:ec2:{region}::snapshot/{id}";
pub(crate) const EACH_VOLUME: &str = "arn:{partition}:ec2:{region}:{account}:volume/{id}";
pub(crate) const GROUP: &str = "arn:{partition}:ec2:{region}:{account}:security-group/{group}";
/// Images and snapshots have no account in their ARNs. An alias fits only a list of all images, until it is known which
/// image it stands for.
pub(crate) const IMAGE: &str = "arn:{partition}:ec2:{region}::image/{image}";
pub(crate) const IMAGES: &str = "arn:{partition}:ec2:{region}::image/{images}";
pub(crate) const INSTANCE: &str = "arn:{partition}:ec2:{region}:{account}:instance/{instance}";
pub(crate) const INSTANCES: &str = "arn:{partition}:ec2:{region}:{account}:instance/{instances}";
pub(crate) const INTERFACES: &str = "arn:{partition}:ec2:{region}:{account}:network-interface/{interfaces}";
pub(crate) const KEY_PAIR: &str = "arn:{partition}:ec2:{region}:{account}:key-pair/{key_pair}";
pub(crate) const KEY_PAIRS: &str = "arn:{partition}:ec2:{region}:{account}:key-pair/{key_pairs}";
pub(crate) const LAUNCH_TEMPLATE: &str =
    "arn:{partition}:ec2:{region}:{account}:launch-template/{launch_template}";
/// The key pair that is made.
pub(crate) const NAMED_KEY_PAIR: &str = "arn:{partition}:ec2:{region}:{account}:key-pair/{name}";
pub(crate) const NAT_GATEWAYS: &str = "arn:{partition}:ec2:{region}:{account}:natgateway/{nat_gateways}";
pub(crate) const PEER_VPC: &str = "arn:{partition}:ec2:{region}:{account}:vpc/{peer_vpc}";
/// The parameters by which AWS and others publish the newest image of an alias.
pub(crate) const PUBLIC_PARAMETERS: &str = "arn:{partition}:ssm:{region}::parameter/aws/service/*";
/// Things of any kind, which the prefix of an id tells: [`crate::names::arn`] writes it in place of the `*`.
pub(crate) const RESOURCES: &str = "arn:{partition}:ec2:{region}:{account}:*/{resources}";
pub(crate) const ROUTE_TABLE: &str = "arn:{partition}:ec2:{region}:{account}:route-table/{route_table}";
/// Between the two parts stands an id that only AWS's answers have.
pub(crate) const SCALING_GROUP: &str =
    "arn:{partition}:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{group}";
pub(crate) const SECURITY_GROUPS: &str =
    "arn:{partition}:ec2:{region}:{account}:security-group/{security_groups}";
pub(crate) const SNAPSHOT: &str = "arn:{partition}:ec2:{region}::snapshot/{snapshot}";
pub(crate) const SNAPSHOTS: &str = "arn:{partition}:ec2:{region}::snapshot/{snapshots}";
pub(crate) const SUBNET: &str = "arn:{partition}:ec2:{region}:{account}:subnet/{subnet}";
pub(crate) const SUBNETS: &str = "arn:{partition}:ec2:{region}:{account}:subnet/{subnets}";
pub(crate) const VOLUME: &str = "arn:{partition}:ec2:{region}:{account}:volume/{volume}";
pub(crate) const VOLUMES: &str = "arn:{partition}:ec2:{region}:{account}:volume/{volumes}";
pub(crate) const VPC: &str = "arn:{partition}:ec2:{region}:{account}:vpc/{vpc}";
