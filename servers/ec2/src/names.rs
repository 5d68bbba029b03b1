//! Ids and names: parsed at the edge, with an error that shows what a good one looks like.

use std::net::IpAddr;

/// Whether a text is an id of EC2's with this prefix: `i-0123456789abcdef0`, of old 8 digits.
fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| {
        (8..=17).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// What follows the last `/` of an ARN of EC2's; else the text itself.
fn unarned(text: &str) -> &str {
    match text.starts_with("arn:aws") && text.contains(":ec2:") {
        true => text.rsplit('/').next().unwrap_or(text),
        false => text,
    }
}

macro_rules! ids {
    ($($(#[$about:meta])* $name:ident($prefix:literal, $what:literal);)*) => {$(
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) struct $name(String);

        impl $name {
            fn parse(text: &str) -> Result<Self, String> {
                let id = unarned(text.trim());
                match is_id(id, $prefix) {
                    true => Ok($name(id.to_owned())),
                    false => Err(format!(
                        "{text:?} is not {}; a good one looks like {}-0123456789abcdef0", $what, $prefix
                    )),
                }
            }

            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                $name::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        awsmcp_mcp::plain_string!($name);
    )*};
}

ids! {
    /// An instance, by its id or ARN.
    InstanceId("i", "an instance's id");
    /// A volume.
    VolumeId("vol", "a volume's id");
    /// A snapshot.
    SnapshotId("snap", "a snapshot's id");
    /// An image.
    ImageId("ami", "an image's id");
    /// A security group.
    GroupId("sg", "a security group's id");
    /// A network.
    VpcId("vpc", "a VPC's id");
    /// A part of a network.
    SubnetId("subnet", "a subnet's id");
    /// A route table.
    RouteTableId("rtb", "a route table's id");
    /// An Elastic IP address.
    AllocationId("eipalloc", "the allocation id of an address");
}

/// An instance by its id, its ARN or its name (the tag `Name`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instance {
    Id(String),
    Name(String),
}

impl Instance {
    fn parse(text: &str) -> Result<Self, String> {
        let text = unarned(text.trim());
        match text {
            id if is_id(id, "i") => Ok(Instance::Id(id.to_owned())),
            name if (1..=256).contains(&name.len())
                && !name.starts_with("i-")
                && !name.contains(|letter: char| letter.is_control() || "*?".contains(letter)) =>
            {
                Ok(Instance::Name(name.to_owned()))
            }
            _ => Err(format!(
                "{text:?} is not an instance; good ones are i-0123456789abcdef0, its ARN, or its name such as web-1"
            )),
        }
    }
}

impl std::fmt::Display for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Instance::Id(text) | Instance::Name(text)) = self;
        f.write_str(text)
    }
}

awsmcp_mcp::plain_string!(Instance);

/// One end of a way through the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Instance(Instance),
    Interface(String),
    Address(IpAddr),
    /// Anywhere on the internet.
    Internet,
}

impl End {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("internet") {
            return Ok(End::Internet);
        }
        if let Ok(address) = text.parse() {
            return Ok(End::Address(address));
        }
        let id = unarned(text);
        if is_id(id, "eni") {
            return Ok(End::Interface(id.to_owned()));
        }
        Instance::parse(text).map(End::Instance).map_err(|_| {
            format!(
                "{text:?} is not an end of a way; good ones are i-0123456789abcdef0, web-1 (its name), \
                 eni-0123456789abcdef0, 10.0.1.5, 2600:1f18::5 and internet"
            )
        })
    }
}

awsmcp_mcp::plain_string!(End);

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

/// Any thing that EC2 can tag, by its id or ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResourceId(String);

impl ResourceId {
    fn parse(text: &str) -> Result<Self, String> {
        let id = unarned(text.trim());
        match id.rsplit_once('-') {
            Some((prefix, _)) if kind_of(id).is_some() && is_id(id, prefix) => Ok(ResourceId(id.to_owned())),
            _ => Err(format!(
                "{text:?} is not the id of a thing of EC2; good ones are i-0123456789abcdef0, vol-0123456789abcdef0, \
                 subnet-0123456789abcdef0"
            )),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

awsmcp_mcp::plain_string!(ResourceId);

/// The ARN that a template's ARN stands for, where only the id tells the kind, or a name the instance.
pub(crate) fn arn(arn: &str) -> Result<Option<String>, String> {
    if let Some((start, id)) = arn.split_once(":*/") {
        return match kind_of(id) {
            // Images and snapshots have no account in theirs.
            Some(kind @ ("image" | "snapshot")) => {
                let start = start.rsplit_once(':').map_or(start, |(start, _)| start);
                Ok(Some(format!("{start}::{kind}/{id}")))
            }
            Some(kind) => Ok(Some(format!("{start}:{kind}/{id}"))),
            None => Ok(None),
        };
    }
    match arn.split_once(":instance/") {
        Some((_, name)) if !name.starts_with("i-") && !name.contains('*') => Err(format!(
            "while calls are held to ARNs, an instance is given by its id, not by its name ({name}): list_instances \
             shows it"
        )),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_and_arns_are_taken_and_others_refused() {
        let id = |text| InstanceId::parse(text).map(String::from);
        assert_eq!(id("i-0123456789abcdef0").unwrap(), "i-0123456789abcdef0");
        assert_eq!(id(" i-01234567 ").unwrap(), "i-01234567");
        assert_eq!(
            id("arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0").unwrap(),
            "i-0123456789abcdef0"
        );
        for wrong in ["", "i-", "i-xyz", "vol-0123456789abcdef0", "web-1", "i-0123456789abcdef0123"] {
            assert!(id(wrong).unwrap_err().contains("a good one looks like i-0123456789abcdef0"), "{wrong}");
        }
    }

    #[test]
    fn an_instance_may_be_named() {
        assert_eq!(Instance::parse("web 1").unwrap(), Instance::Name("web 1".to_owned()));
        for wrong in ["", "i-web", "web*", "a\nb"] {
            assert!(Instance::parse(wrong).unwrap_err().contains("web-1"), "{wrong}");
        }
    }

    #[test]
    fn an_end_is_an_instance_an_interface_an_address_or_the_internet() {
        assert_eq!(End::parse("Internet").unwrap(), End::Internet);
        assert_eq!(End::parse("10.0.0.1").unwrap(), End::Address("10.0.0.1".parse().unwrap()));
        assert_eq!(End::parse("2600:1f18::5").unwrap(), End::Address("2600:1f18::5".parse().unwrap()));
        assert_eq!(End::parse("eni-01234567").unwrap(), End::Interface("eni-01234567".to_owned()));
        assert_eq!(End::parse("web").unwrap(), End::Instance(Instance::Name("web".to_owned())));
        assert!(End::parse("i-web").unwrap_err().contains("internet"));
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
        assert_eq!(of("arn:aws:ec2:us-east-1:1:instance/i-01234567"), Ok(None));
        assert_eq!(of("arn:aws:ec2:us-east-1:1:instance/*"), Ok(None));
        assert!(of("arn:aws:ec2:us-east-1:1:instance/web").unwrap_err().contains("by its id"));
        assert!(ResourceId::parse("vpc-01234567").is_ok());
        assert!(ResourceId::parse("xyz-01234567").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            let _ = (InstanceId::parse(&text), Instance::parse(&text), End::parse(&text), ResourceId::parse(&text));
            let _ = arn(&text);
        }
    }
}
