//! Ids, ARNs and names: read once, strictly, with an error that shows what a good one looks like.
//!
//! An ARN counts only where it is one of the argument's own kind; the request carries the id that is in it, and the call
//! goes to its region.

use std::net::IpAddr;

use awsmcp_mcp::{Arn, ResourceArgument, ResourceRef, resource_string};

/// Whether a text is an id of EC2's with this prefix: `i-0123456789abcdef0`, of old 8 digits.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| {
        (8..=17).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

/// What EC2's ARN of a thing of this kind names: `i-0123456789abcdef0` of `arn:aws:ec2:REGION:ACCOUNT:instance/ID`. The
/// ARNs of images and snapshots have no account.
fn own(text: &str, kind: &str) -> Option<ResourceRef> {
    let arn = Arn::parse(text).ok()?;
    let name = arn.name("ec2", kind)?.strip_prefix('/').filter(|name| !name.is_empty())?.to_owned();
    let shared = matches!(kind, "image" | "snapshot");
    // IPAM and its pools are of no region.
    let is_everywhere = kind == "ipam-pool";
    let placed =
        is_everywhere == arn.region.is_empty() && shared == arn.account.is_empty() && arn.account != "aws";
    placed.then_some(ResourceRef::Own { arn, name })
}

/// What the request carries of a reference.
fn sent(reference: &ResourceRef) -> &str {
    match reference {
        ResourceRef::Name(name) | ResourceRef::Own { name, .. } | ResourceRef::Arn { name, .. } => name,
        ResourceRef::Whole(arn) => &arn.resource,
    }
}

/// A thing by its id, or by its ARN.
fn id(text: &str, prefix: &str, kind: &str) -> Option<ResourceRef> {
    let found = if is_id(text, prefix) { Some(ResourceRef::Name(text.to_owned())) } else { own(text, kind) };
    found.filter(|reference| is_id(sent(reference), prefix))
}

/// A type whose one field is what it names.
macro_rules! references {
    ($($name:ident),*) => {$(
        impl $name {
            pub(crate) fn as_str(&self) -> &str {
                sent(&self.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.as_str().to_owned()
            }
        }

        resource_string!($name);
    )*};
}

macro_rules! ids {
    ($($(#[$about:meta])* $name:ident($prefix:literal, $kind:literal, $what:literal);)*) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(ResourceRef);

        impl ResourceArgument for $name {
            fn parse(text: &str) -> Result<Self, String> {
                id(text, $prefix, $kind).map($name).ok_or_else(|| format!(
                    "{text:?} is not {}; a good one looks like {}-0123456789abcdef0, or its ARN", $what, $prefix
                ))
            }

            fn resource(&self) -> ResourceRef {
                self.0.clone()
            }
        }

        references!($name);
    )*};
}

ids! {
    /// An instance.
    InstanceId("i", "instance", "an instance's id");
    /// A volume.
    VolumeId("vol", "volume", "a volume's id");
    /// A snapshot.
    SnapshotId("snap", "snapshot", "a snapshot's id");
    /// An image.
    ImageId("ami", "image", "an image's id");
    /// A security group.
    GroupId("sg", "security-group", "a security group's id");
    /// A network.
    VpcId("vpc", "vpc", "a VPC's id");
    /// A part of a network.
    SubnetId("subnet", "subnet", "a subnet's id");
    /// A route table.
    RouteTableId("rtb", "route-table", "a route table's id");
    /// An Elastic IP address.
    AllocationId("eipalloc", "elastic-ip", "the allocation id of an address");
    /// A NAT gateway.
    NatGatewayId("nat", "natgateway", "a NAT gateway's id");
    /// A network interface.
    InterfaceId("eni", "network-interface", "a network interface's id");
    /// A launch template.
    LaunchTemplateId("lt", "launch-template", "a launch template's id");
    /// A pool of IPAM.
    IpamPoolId("ipam-pool", "ipam-pool", "the id of a pool of IPAM");
}

/// A key pair, by its name or its ARN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyPairName(ResourceRef);

impl ResourceArgument for KeyPairName {
    fn parse(text: &str) -> Result<Self, String> {
        let named = || Some(ResourceRef::Name(text.to_owned()));
        let found = if text.starts_with("arn:") { own(text, "key-pair") } else { named() };
        let good = |name: &str| {
            let visible = name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
            (1..=255).contains(&name.len()) && visible && name.trim() == name
        };
        found.filter(|reference| good(sent(reference))).map(KeyPairName).ok_or_else(|| {
            format!(
                "{text:?} is not a key pair's name; a good one looks like web-admin: ASCII, up to 255 letters, no \
                 blanks around it"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.0.clone()
    }
}

/// A document of SSM, by its name; one that is shared by another account is given by its ARN, which AWS then takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    text: String,
    reference: ResourceRef,
}

impl Document {
    /// As AWS takes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

impl ResourceArgument for Document {
    fn parse(text: &str) -> Result<Self, String> {
        let good = |name: &str| {
            (3..=128).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        let shared = || {
            let arn = Arn::parse(text).ok()?;
            let name = arn.name("ssm", "document/")?.to_owned();
            (good(&name) && !arn.region.is_empty()).then_some(ResourceRef::Arn { arn, name })
        };
        let reference = if good(text) { Some(ResourceRef::Name(text.to_owned())) } else { shared() };
        reference.map(|reference| Document { text: text.to_owned(), reference }).ok_or_else(|| {
            format!(
                "{text:?} is not a document; good ones are AWS-RunPatchBaseline, Team-Restart and \
                 arn:aws:ssm:us-east-1:123456789012:document/Team-Restart"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.reference.clone()
    }
}

/// An Auto Scaling group, by its name or its ARN, in which the name stands behind an id of AWS's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScalingGroup(ResourceRef);

impl ScalingGroup {
    /// The ARN, where it was given by one.
    pub(crate) fn arn(&self) -> Option<String> {
        self.0.arn().map(Arn::to_string)
    }
}

impl ResourceArgument for ScalingGroup {
    fn parse(text: &str) -> Result<Self, String> {
        // AWS takes no colon in a name, so no name is an ARN.
        let good = |name: &str| {
            (1..=255).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':')
        };
        let owned = || {
            let arn = Arn::parse(text).ok()?;
            let (id, name) =
                arn.name("autoscaling", "autoScalingGroup:")?.split_once(":autoScalingGroupName/")?;
            let name = name.to_owned();
            let placed =
                !id.is_empty() && !id.contains(':') && !arn.region.is_empty() && arn.account.len() == 12;
            placed.then_some(ResourceRef::Own { arn, name })
        };
        let found = if text.contains(':') { owned() } else { Some(ResourceRef::Name(text.to_owned())) };
        found.filter(|reference| good(sent(reference))).map(ScalingGroup).ok_or_else(|| {
            format!(
                "{text:?} is not an Auto Scaling group; good ones are web-asg and \
                 arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:ID:autoScalingGroupName/web-asg"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.0.clone()
    }
}

/// The name of a load balancer or a target group: AWS takes letters, digits and hyphens, up to 32.
fn is_balancing_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// What an ARN of Elastic Load Balancing names, of these kinds, each behind so many other parts: `web` of
/// `loadbalancer/app/web/50dc6c495c0c9188`.
fn of_balancing(text: &str, kinds: &[&str]) -> Option<ResourceRef> {
    if is_balancing_name(text) {
        return Some(ResourceRef::Name(text.to_owned()));
    }
    let arn = Arn::parse(text).ok()?;
    let rest = kinds.iter().find_map(|kind| arn.name("elasticloadbalancing", kind))?;
    let (name, id) = rest.split_once('/')?;
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let name = name.to_owned();
    let placed = !arn.region.is_empty() && arn.account.len() == 12;
    (is_id && placed && is_balancing_name(&name)).then_some(ResourceRef::Arn { arn, name })
}

/// A load balancer with target groups, by its name or its ARN, which may be of another account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoadBalancer(ResourceRef);

impl ResourceArgument for LoadBalancer {
    fn parse(text: &str) -> Result<Self, String> {
        let kinds = ["loadbalancer/app/", "loadbalancer/net/", "loadbalancer/gwy/"];
        of_balancing(text, &kinds).map(LoadBalancer).ok_or_else(|| {
            format!(
                "{text:?} is not a load balancer; good ones are web-alb and \
                 arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web-alb/50dc6c495c0c9188"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.0.clone()
    }
}

/// A target group, by its name or its ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetGroup(ResourceRef);

impl ResourceArgument for TargetGroup {
    fn parse(text: &str) -> Result<Self, String> {
        of_balancing(text, &["targetgroup/"]).map(TargetGroup).ok_or_else(|| {
            format!(
                "{text:?} is not a target group; good ones are web and \
                 arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/73e2d6bc24d8a067"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.0.clone()
    }
}

/// What a request for a thing of Elastic Load Balancing asks by: its ARN, or its name.
pub(crate) fn by_arn_or_name(reference: &ResourceRef) -> Result<String, String> {
    match reference.arn() {
        Some(arn) => Ok(arn.to_string()),
        None => Err(sent(reference).to_owned()),
    }
}

references!(KeyPairName, ScalingGroup);
resource_string!(LoadBalancer, TargetGroup);
resource_string!(Document);

/// An instance by its id, its ARN or its name (the tag `Name`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instance {
    Id(InstanceId),
    Name(String),
}

impl ResourceArgument for Instance {
    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(id) = InstanceId::parse(text) {
            return Ok(Instance::Id(id));
        }
        let is_name = (1..=256).contains(&text.len())
            && !text.starts_with("i-")
            && !text.starts_with("arn:")
            && text.trim() == text
            && !text.contains(|letter: char| letter.is_control() || "*?".contains(letter));
        match is_name {
            true => Ok(Instance::Name(text.to_owned())),
            false => Err(format!(
                "{text:?} is not an instance; good ones are i-0123456789abcdef0, its ARN, or its name such as web-1"
            )),
        }
    }

    fn resource(&self) -> ResourceRef {
        match self {
            Instance::Id(id) => id.resource(),
            Instance::Name(name) => ResourceRef::Name(name.clone()),
        }
    }
}

impl std::fmt::Display for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Instance::Id(id) => f.write_str(id.as_str()),
            Instance::Name(name) => f.write_str(name),
        }
    }
}

/// One end of a way through the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Instance(Instance),
    Interface(InterfaceId),
    Address(IpAddr),
    /// Anywhere on the internet.
    Internet,
}

impl ResourceArgument for End {
    fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("internet") {
            return Ok(End::Internet);
        }
        if let Ok(address) = text.parse() {
            return Ok(End::Address(address));
        }
        if let Ok(interface) = InterfaceId::parse(text) {
            return Ok(End::Interface(interface));
        }
        Instance::parse(text).map(End::Instance).map_err(|_| {
            format!(
                "{text:?} is not an end of a way; good ones are i-0123456789abcdef0, web-1 (its name), \
                 eni-0123456789abcdef0, 10.0.1.5, 2600:1f18::5 and internet"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        match self {
            End::Instance(instance) => instance.resource(),
            End::Interface(interface) => interface.resource(),
            End::Address(address) => ResourceRef::Name(address.to_string()),
            End::Internet => ResourceRef::Name("internet".to_owned()),
        }
    }
}

resource_string!(Instance, End);

/// The kind of an id of EC2's, as ARNs name it.
pub(crate) fn kind_of(id: &str) -> Option<&'static str> {
    const KINDS: [(&str, &str); 22] = [
        ("i", "instance"),
        ("vol", "volume"),
        ("snap", "snapshot"),
        ("ami", "image"),
        ("sg", "security-group"),
        ("sgr", "security-group-rule"),
        ("vpc", "vpc"),
        ("subnet", "subnet"),
        ("rtb", "route-table"),
        ("igw", "internet-gateway"),
        ("eigw", "egress-only-internet-gateway"),
        ("nat", "natgateway"),
        ("acl", "network-acl"),
        ("eni", "network-interface"),
        ("eipalloc", "elastic-ip"),
        ("key", "key-pair"),
        ("lt", "launch-template"),
        ("vpce", "vpc-endpoint"),
        ("pcx", "vpc-peering-connection"),
        ("tgw", "transit-gateway"),
        ("dopt", "dhcp-options"),
        ("pl", "prefix-list"),
    ];
    let (prefix, _) = id.rsplit_once('-')?;
    KINDS.iter().find(|(known, _)| *known == prefix).map(|(_, kind)| *kind)
}

/// Any thing that EC2 can tag, by its id or ARN: the prefix of the id decides its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceId(ResourceRef);

impl ResourceArgument for ResourceId {
    fn parse(text: &str) -> Result<Self, String> {
        let end = text.rsplit('/').next().unwrap_or(text);
        let read = |(prefix, _): (&str, &str)| id(text, prefix, kind_of(end)?);
        end.rsplit_once('-').and_then(read).map(ResourceId).ok_or_else(|| {
            format!(
                "{text:?} is not the id of a thing of EC2; good ones are i-0123456789abcdef0, vol-0123456789abcdef0, \
                 subnet-0123456789abcdef0, and their ARNs"
            )
        })
    }

    fn resource(&self) -> ResourceRef {
        self.0.clone()
    }
}

references!(ResourceId);

/// What AWS writes where a template's ARN is not yet so: the kind of a thing that only its id tells (`*/vol-...`), and no
/// account in the ARNs of images and snapshots.
///
/// # Errors
/// When an instance is given by its name, which no ARN has.
pub(crate) fn arn(arn: &str) -> Result<Option<String>, String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [head @ .., account, resource] = parts.as_slice() else { return Ok(None) };
    if head.get(2) != Some(&"ec2") {
        return Ok(None);
    }
    let (kind, id) = match resource.split_once('/') {
        Some(("*", id)) => (kind_of(id).unwrap_or("*"), id),
        Some(parts) => parts,
        None => return Ok(None),
    };
    if kind == "instance" && !id.starts_with("i-") && id != "*" {
        return Err(format!(
            "while calls are held to ARNs, an instance is given by its id, not by its name ({id}): list_instances \
             shows it"
        ));
    }
    let account = if matches!(kind, "image" | "snapshot") { "" } else { account };
    let canonical = format!("{}:{account}:{kind}/{id}", head.join(":"));
    Ok((canonical != arn).then_some(canonical))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_and_arns_are_taken_and_others_refused() {
        let id = |text| InstanceId::parse(text).map(String::from);
        assert_eq!(id("i-0123456789abcdef0").unwrap(), "i-0123456789abcdef0");
        assert_eq!(id("i-01234567").unwrap(), "i-01234567");
        assert_eq!(
            id("arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0").unwrap(),
            "i-0123456789abcdef0"
        );
        for wrong in [
            "",
            "i-",
            "i-xyz",
            " i-01234567",
            "i-01234567\n",
            "i-0123456\u{0}",
            "i-0123456789ABCDEF0",
            "vol-0123456789abcdef0",
            "web-1",
            "i-0123456789abcdef0123",
            "arn:aws:ec2:us-east-1:123456789012:volume/i-01234567",
            "arn:aws:ec2:us-east-1:123456789012:volume/x/instance/i-01234567",
            "arn:aws:ec2:us-east-1:123456789012:instance/i-01234567/i-76543210",
            "arn:aws:kms:us-east-1:123456789012:key/x:ec2:instance/i-01234567",
            "arn:aws:ssm:us-east-1:123456789012:instance/i-01234567",
            "arn:aws:ec2::123456789012:instance/i-01234567",
            "arn:aws:ec2:us-east-1::instance/i-01234567",
        ] {
            assert!(id(wrong).unwrap_err().contains("a good one looks like i-0123456789abcdef0"), "{wrong}");
        }
    }

    #[test]
    fn the_arns_of_images_and_snapshots_have_no_account() {
        assert!(ImageId::parse("arn:aws:ec2:us-east-1::image/ami-01234567").is_ok());
        assert!(ImageId::parse("arn:aws:ec2:us-east-1:123456789012:image/ami-01234567").is_err());
        assert!(SnapshotId::parse("arn:aws:ec2:us-east-1::snapshot/snap-01234567").is_ok());
        assert!(VolumeId::parse("arn:aws:ec2:us-east-1::volume/vol-01234567").is_err());
    }

    #[test]
    fn the_arn_of_a_pool_of_ipam_has_no_region() {
        let pool = |text| IpamPoolId::parse(text).map(String::from);
        assert_eq!(pool("ipam-pool-0123456789abcdef0").unwrap(), "ipam-pool-0123456789abcdef0");
        let arn = "arn:aws:ec2::123456789012:ipam-pool/ipam-pool-0123456789abcdef0";
        assert_eq!(pool(arn).unwrap(), "ipam-pool-0123456789abcdef0");
        for wrong in
            ["ipam-0123456789abcdef0", "arn:aws:ec2:us-east-1:123456789012:ipam-pool/ipam-pool-01234567"]
        {
            assert!(pool(wrong).unwrap_err().contains("ipam-pool-0123456789abcdef0"), "{wrong}");
        }
    }

    #[test]
    fn an_instance_may_be_named() {
        assert_eq!(Instance::parse("web 1").unwrap(), Instance::Name("web 1".to_owned()));
        for wrong in [
            "",
            "i-web",
            "web*",
            "a\nb",
            " web",
            "web ",
            "arn:aws:ec2:us-east-1:123456789012:volume/vol-01234567",
        ] {
            assert!(Instance::parse(wrong).unwrap_err().contains("web-1"), "{wrong}");
        }
    }

    #[test]
    fn an_end_is_an_instance_an_interface_an_address_or_the_internet() {
        assert_eq!(End::parse("Internet").unwrap(), End::Internet);
        assert_eq!(End::parse("10.0.0.1").unwrap(), End::Address("10.0.0.1".parse().unwrap()));
        assert_eq!(End::parse("2600:1f18::5").unwrap(), End::Address("2600:1f18::5".parse().unwrap()));
        for text in ["eni-01234567", "arn:aws:ec2:us-east-1:123456789012:network-interface/eni-01234567"] {
            let End::Interface(interface) = End::parse(text).unwrap() else { panic!("{text}") };
            assert_eq!(interface.as_str(), "eni-01234567");
        }
        assert_eq!(End::parse("web").unwrap(), End::Instance(Instance::Name("web".to_owned())));
        assert!(End::parse("i-web").unwrap_err().contains("internet"));
    }

    #[test]
    fn key_pairs_and_documents_are_named() {
        for good in ["web-admin", "my key", "a/b:c", "arn:aws:ec2:us-east-1:123456789012:key-pair/web-admin"]
        {
            assert!(KeyPairName::parse(good).is_ok(), "{good}");
        }
        for wrong in ["", " a", "a\t", "k\u{e9}y", "arn:aws:ec2:us-east-1:123456789012:instance/web-admin"] {
            assert!(KeyPairName::parse(wrong).unwrap_err().contains("web-admin"), "{wrong}");
        }
        let shared = "arn:aws:ssm:us-east-1:210987654321:document/Team-Restart";
        for good in ["AWS-RunShellScript", "team_doc.2", shared] {
            assert_eq!(Document::parse(good).unwrap().as_str(), good);
        }
        for wrong in ["", "ab", "a b c", "AWS-*", "arn:aws:s3:::document/Team-Restart", &shared[1..]] {
            assert!(Document::parse(wrong).unwrap_err().contains("Team-Restart"), "{wrong}");
        }
    }

    #[test]
    fn the_kind_of_an_id_completes_its_arn() {
        let of = |text: &str| arn(text);
        assert_eq!(
            of("arn:aws:ec2:us-east-1:1:*/vol-01234567"),
            Ok(Some("arn:aws:ec2:us-east-1:1:volume/vol-01234567".to_owned()))
        );
        assert_eq!(
            of("arn:aws:ec2:us-east-1:1:*/snap-01234567"),
            Ok(Some("arn:aws:ec2:us-east-1::snapshot/snap-01234567".to_owned()))
        );
        assert_eq!(
            of("arn:aws:ec2:us-east-1:1:snapshot/snap-01234567"),
            Ok(Some("arn:aws:ec2:us-east-1::snapshot/snap-01234567".to_owned()))
        );
        assert_eq!(of("arn:aws:ec2:us-east-1::image/ami-01234567"), Ok(None));
        assert_eq!(of("arn:aws:ec2:us-east-1:1:instance/i-01234567"), Ok(None));
        assert_eq!(of("arn:aws:ec2:us-east-1:1:instance/*"), Ok(None));
        assert_eq!(of("arn:aws:ssm:us-east-1:*:document/x"), Ok(None));
        assert_eq!(of("*"), Ok(None));
        assert!(of("arn:aws:ec2:us-east-1:1:instance/web").unwrap_err().contains("by its id"));
        assert!(of("arn:aws:ec2:us-east-1:1:instance/x:instance/i-01234567").is_err());
    }

    #[test]
    fn a_thing_to_tag_is_of_the_kind_that_its_id_says() {
        for good in [
            "vpc-01234567",
            "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-01234567",
            "arn:aws:ec2:us-east-1::snapshot/snap-01234567",
        ] {
            assert!(ResourceId::parse(good).is_ok(), "{good}");
        }
        for wrong in [
            "xyz-01234567",
            "subnet/vpc-01234567",
            "arn:aws:ec2:us-east-1:123456789012:subnet/vpc-01234567",
            "arn:aws:ec2:us-east-1:123456789012:vpc/x/vpc-01234567",
        ] {
            assert!(ResourceId::parse(wrong).unwrap_err().contains("and their ARNs"), "{wrong}");
        }
    }

    #[test]
    fn groups_and_balancers_are_named_or_given_by_their_arns() {
        let arn =
            "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:0b5c-1:autoScalingGroupName/web/a";
        let one = ScalingGroup::parse(arn).unwrap();
        assert_eq!((one.as_str(), one.arn().as_deref()), ("web/a", Some(arn)));
        assert_eq!(ScalingGroup::parse("eks-web_1*").unwrap().as_str(), "eks-web_1*");
        for wrong in [
            "",
            "a b",
            "a:b",
            "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup::autoScalingGroupName/web",
            "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:a:b:autoScalingGroupName/web",
            "arn:aws:ec2:us-east-1:123456789012:autoScalingGroup:a:autoScalingGroupName/web",
            "arn:aws:autoscaling::123456789012:autoScalingGroup:a:autoScalingGroupName/web",
        ] {
            assert!(ScalingGroup::parse(wrong).unwrap_err().contains("web-asg"), "{wrong}");
        }
        let balancer =
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/web/50dc6c495c0c9188";
        assert_eq!(
            by_arn_or_name(&LoadBalancer::parse(balancer).unwrap().resource()),
            Ok(balancer.to_owned())
        );
        assert_eq!(by_arn_or_name(&TargetGroup::parse("web").unwrap().resource()), Err("web".to_owned()));
        for wrong in [
            "",
            "a_b",
            "a.b",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/web",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/web/x/50dc",
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/50dc6c495c0c9188",
        ] {
            assert!(LoadBalancer::parse(wrong).unwrap_err().contains("web-alb"), "{wrong}");
        }
        assert!(TargetGroup::parse(balancer).unwrap_err().contains("targetgroup/web"));
    }

    /// What is judged, what the request carries, and the kinds of ARN that may have named it.
    type Read = (ResourceRef, String, Vec<&'static str>);

    fn read<T: ResourceArgument>(
        text: &str,
        kinds: &[&'static str],
        sent: impl Fn(&T) -> String,
    ) -> Option<Read> {
        let value = T::parse(text).ok()?;
        Some((value.resource(), sent(&value), kinds.to_vec()))
    }

    proptest! {
        #[test]
        fn what_is_judged_is_what_is_sent(
            before in "(arn:aws:(ec2|kms|ssm|s3):us-east-1:(123456789012)?:)?",
            kind in "(instance/|volume/|image/|key-pair/|document/|key/x:s3:::|INSTANCE/|%69nstance/)?",
            around in "[ \u{0}\t*?:/\u{43e}]?",
            id in "(i|vol|ami|sg)-[0-9a-fA-F]{8,17}|[ -~]{0,12}",
            behind in "[ \n*?:/%]?",
        ) {
            let text = format!("{before}{kind}{around}{id}{behind}");
            let all = ["instance", "volume", "image", "security-group"];
            let found = [
                read::<InstanceId>(&text, &["instance"], InstanceId::to_string),
                read::<VolumeId>(&text, &["volume"], VolumeId::to_string),
                read::<ImageId>(&text, &["image"], ImageId::to_string),
                read::<GroupId>(&text, &["security-group"], GroupId::to_string),
                read::<KeyPairName>(&text, &["key-pair"], KeyPairName::to_string),
                read::<Instance>(&text, &["instance"], Instance::to_string),
                read::<ResourceId>(&text, &all, ResourceId::to_string),
                read::<Document>(&text, &["document"], |document| document.as_str().to_owned()),
            ];
            for (judged, sent, kinds) in found.into_iter().flatten() {
                let of_kind = |arn: &Arn, name: &str| {
                    kinds.iter().any(|kind| arn.resource == format!("{kind}/{name}"))
                };
                match &judged {
                    ResourceRef::Name(name) => prop_assert!(name == &sent && name == &text),
                    ResourceRef::Own { arn, name } => {
                        prop_assert!(name == &sent && arn.to_string() == text && arn.service == "ec2");
                        prop_assert!(of_kind(arn, name));
                    }
                    ResourceRef::Arn { arn, name } => {
                        prop_assert!(sent == text && arn.to_string() == text && arn.service == "ssm");
                        prop_assert!(of_kind(arn, name));
                    }
                    ResourceRef::Whole(_) => prop_assert!(false, "{text} stands for more than a name"),
                }
                let strange = |letter: char| letter.is_control();
                prop_assert!(text.trim() == text && !text.contains(strange));
            }
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = (InstanceId::parse(&text), Instance::parse(&text), End::parse(&text), ResourceId::parse(&text));
            let _ = arn(&text);
        }
    }
}
