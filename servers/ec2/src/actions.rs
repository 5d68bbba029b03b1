//! Which IAM action each operation stands for, where the names differ or there are several.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html>

pub(crate) const TABLE: &[(&str, &[&str])] = &[
    ("AllocateAddress", &["ec2:AllocateAddress", "ec2:CreateTags"]),
    ("AssociateIamInstanceProfile", &["ec2:AssociateIamInstanceProfile", "iam:PassRole"]),
    ("CreateImage", &["ec2:CreateImage", "ec2:CreateTags"]),
    ("CreateInternetGateway", &["ec2:CreateInternetGateway", "ec2:CreateTags"]),
    ("CreateKeyPair", &["ec2:CreateKeyPair", "ec2:CreateTags"]),
    ("CreateNatGateway", &["ec2:CreateNatGateway", "ec2:CreateTags"]),
    ("CreateRouteTable", &["ec2:CreateRouteTable", "ec2:CreateTags"]),
    ("CreateSecurityGroup", &["ec2:CreateSecurityGroup", "ec2:CreateTags"]),
    ("CreateSnapshot", &["ec2:CreateSnapshot", "ec2:CreateTags"]),
    ("CreateSnapshots", &["ec2:CreateSnapshots", "ec2:CreateTags"]),
    ("CreateSubnet", &["ec2:CreateSubnet", "ec2:CreateTags"]),
    ("CreateVolume", &["ec2:CreateVolume", "ec2:CreateTags"]),
    ("CreateVpc", &["ec2:CreateVpc", "ec2:CreateTags"]),
    ("CreateVpcEndpoint", &["ec2:CreateVpcEndpoint", "ec2:CreateTags"]),
    ("CreateVpcPeeringConnection", &["ec2:CreateVpcPeeringConnection", "ec2:CreateTags"]),
    ("ReplaceIamInstanceProfileAssociation", &["ec2:ReplaceIamInstanceProfileAssociation", "iam:PassRole"]),
    ("RunInstances", &["ec2:RunInstances", "ec2:CreateTags", "iam:PassRole"]),
];
