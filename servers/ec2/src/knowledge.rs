//! What is kept by hand of what others decide.

use awsmcp_mcp::Dated;

/// Aliases of images, with the public parameter that names each one's newest image. `{arch}` is x86_64 or arm64, `{cpu}`
/// amd64 or arm64.
pub(crate) const IMAGE_ALIASES: Dated<&[(&str, &str)]> = Dated {
    // No account of AWS was asked: there `aws ssm get-parameters-by-path --recursive --path /aws/service` lists them all.
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html for ecs, and public \
             code that asks for each of the other parameters, for both architectures (`aws_ssm_parameter` of Terraform)",
    read_on: "2026-11-30",
    good_for_days: 240,
    rows: &[
        ("al2023", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{arch}"),
        ("al2023-minimal", "/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-{arch}"),
        ("ubuntu", "/aws/service/canonical/ubuntu/server/24.04/stable/current/{cpu}/hvm/ebs-gp3/ami-id"),
        (
            "ubuntu-24.04",
            "/aws/service/canonical/ubuntu/server/24.04/stable/current/{cpu}/hvm/ebs-gp3/ami-id",
        ),
        (
            "ubuntu-22.04",
            "/aws/service/canonical/ubuntu/server/22.04/stable/current/{cpu}/hvm/ebs-gp2/ami-id",
        ),
        (
            "ubuntu-26.04",
            "/aws/service/canonical/ubuntu/server/26.04/stable/current/{cpu}/hvm/ebs-gp3/ami-id",
        ),
        ("debian-12", "/aws/service/debian/release/12/latest/{cpu}"),
        ("debian-13", "/aws/service/debian/release/13/latest/{cpu}"),
        ("ecs", "/aws/service/ecs/optimized-ami/amazon-linux-2023/{ecs}recommended/image_id"),
        ("windows-2022", "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base"),
        ("windows-2025", "/aws/service/ami-windows-latest/Windows_Server-2025-English-Full-Base"),
    ],
};

/// Ports that administer a machine or hold its data, and what listens there.
pub(crate) const ADMIN_PORTS: Dated<&[(i32, &str)]> = Dated {
    source: "https://www.iana.org/assignments/service-names-port-numbers, and what each product documents as its default",
    read_on: "2026-11-22",
    good_for_days: 730,
    rows: &[
        (22, "SSH"),
        (23, "Telnet"),
        (135, "Windows RPC"),
        (445, "SMB"),
        (1433, "SQL Server"),
        (1521, "Oracle"),
        (2049, "NFS"),
        (2375, "Docker"),
        (2376, "Docker"),
        (2379, "etcd"),
        (3306, "MySQL"),
        (3389, "RDP"),
        (5432, "PostgreSQL"),
        (5439, "Redshift"),
        (5601, "Kibana"),
        (5900, "VNC"),
        (5985, "WinRM"),
        (5986, "WinRM"),
        (6379, "Redis"),
        (6443, "Kubernetes"),
        (7001, "Cassandra"),
        (8020, "Hadoop"),
        (9042, "Cassandra"),
        (9092, "Kafka"),
        (9200, "Elasticsearch"),
        (10250, "kubelet"),
        (11211, "memcached"),
        (27017, "MongoDB"),
    ],
};

/// The ports that any system or NAT gateway may take for its side of a connection, and those that Linux takes.
pub(crate) const REPLY_PORTS: Dated<((u16, u16), (u16, u16))> = Dated {
    source: "https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html#nacl-ephemeral-ports and \
             net.ipv4.ip_local_port_range of Linux",
    read_on: "2026-11-22",
    good_for_days: 730,
    rows: ((1024, 65_535), (32_768, 60_999)),
};

/// The networks of IPv4 that the internet does not carry: private ones, those of single hosts and links, and those that
/// nobody has.
pub(crate) const NOT_CARRIED: Dated<&[([u8; 4], u8)]> = Dated {
    source: "https://www.iana.org/assignments/iana-ipv4-special-registry",
    read_on: "2026-11-22",
    good_for_days: 1_825,
    rows: &[
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 168, 0, 0], 16),
        ([224, 0, 0, 0], 3),
    ],
};

/// The tags by which those who manage instances mark them, and what each is.
pub(crate) const MANAGER_TAGS: Dated<&[(&str, &str)]> = Dated {
    source: "the documentation of EC2 Auto Scaling, EKS, CloudFormation and EC2 Fleet on the tags that they set",
    read_on: "2026-11-22",
    good_for_days: 730,
    rows: &[
        ("aws:autoscaling:groupName", "Auto Scaling group"),
        ("eks:cluster-name", "EKS cluster"),
        ("aws:cloudformation:stack-name", "CloudFormation stack"),
        ("aws:ec2:fleet-id", "EC2 fleet"),
    ],
};

/// The tags of snapshots that AWS Backup and Data Lifecycle Manager delete by a plan of their own.
pub(crate) const BACKUP_TAGS: Dated<&[&str]> = Dated {
    source: "the documentation of AWS Backup and Amazon Data Lifecycle Manager on the tags that they set",
    read_on: "2026-11-22",
    good_for_days: 730,
    rows: &["aws:backup:source-resource", "aws:dlm:lifecycle-policy-id", "dlm:managed"],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_is_older_than_it_is_good_for() {
        for (name, stale) in [
            ("IMAGE_ALIASES", IMAGE_ALIASES.stale()),
            ("ADMIN_PORTS", ADMIN_PORTS.stale()),
            ("REPLY_PORTS", REPLY_PORTS.stale()),
            ("NOT_CARRIED", NOT_CARRIED.stale()),
            ("MANAGER_TAGS", MANAGER_TAGS.stale()),
            ("BACKUP_TAGS", BACKUP_TAGS.stale()),
        ] {
            assert_eq!(stale, None, "{name}");
        }
    }

    #[test]
    fn no_alias_is_there_twice() {
        let mut names: Vec<&str> = IMAGE_ALIASES.rows.iter().map(|(alias, _)| *alias).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), IMAGE_ALIASES.rows.len());
    }
}
