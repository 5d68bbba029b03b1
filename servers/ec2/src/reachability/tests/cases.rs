//! A table of questions with what AWS does. Each case is one small change of one network.

use std::net::IpAddr;

use super::super::{
    Acl, Destination, Entry, Group, Nat, Network, Node, Peering, Place, Route, Shut, ShutFor, Table, Target,
    Traffic,
    Verdict::{self, Blocks, Passes, Unknown},
    analyse, verdict,
};
use crate::rules::{Protocol, Rule};

/// A network of three subnets: `pub` leads to the internet, `priv` to the NAT gateway in `pub`, `far` is of a peered VPC.
/// `web` is in `pub` with a public address, `db` in `priv`, `app` too, `peer` in `far`.
struct World {
    network: Network,
    web: Node,
    db: Node,
    app: Node,
    peer: Node,
    traffic: Traffic,
    from: &'static str,
    to: &'static str,
}

fn net(text: &str) -> Destination {
    Destination::Net(text.parse().unwrap())
}

fn route(to: &str, target: Target) -> Route {
    let to = if to.starts_with("pl-") { Destination::List(to.to_owned()) } else { net(to) };
    Route { to, target, blackhole: false }
}

fn target(text: &str) -> Target {
    let id = text.to_owned();
    match text.split('-').next() {
        Some("local") => Target::Local,
        Some("igw") => Target::Internet(id),
        Some("eigw") => Target::EgressOnly(id),
        Some("nat") => Target::Nat(id),
        Some("pcx") => Target::Peering(id),
        _ => Target::Other(id),
    }
}

/// `100 in 6 443-443 0.0.0.0/0 allow`; `*` is every port, `8/0` a type and a code of ICMP.
fn entry(text: &str) -> Entry {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [number, way, protocol, ports, net, action] = words.as_slice() else { panic!("{text}") };
    let is_icmp = ports.contains('/');
    let pair = |mark: char| {
        let (from, to) = ports.split_once(mark)?;
        Some((from.parse::<i32>().unwrap(), to.parse::<i32>().unwrap()))
    };
    let port = |port: i32| u16::try_from(port).unwrap();
    let range = if is_icmp { None } else { pair('-') };
    Entry {
        number: number.parse().unwrap(),
        egress: *way == "out",
        protocol: protocol.parse().unwrap(),
        ports: range.map(|(from, to)| (port(from), port(to))),
        icmp: if is_icmp { pair('/') } else { None },
        net: net.parse().unwrap(),
        allows: *action == "allow",
    }
}

fn rules(texts: &[&str]) -> Option<Vec<Rule>> {
    Some(texts.iter().map(|text| serde_json::from_value(serde_json::json!(text)).unwrap()).collect())
}

fn node(name: &str, address: &str, subnet: &str, vpc: &str, texts: &[&str]) -> Node {
    Node {
        label: name.to_owned(),
        address: address.parse().unwrap(),
        public: None,
        vpc: vpc.to_owned(),
        subnet: subnet.to_owned(),
        groups: vec![Group { id: format!("sg-{name}"), rules: rules(texts) }],
    }
}

const OUT: &str = "out all to 0.0.0.0/0";

fn world() -> World {
    let mut network = Network::default();
    for (subnet, own, more) in [
        ("pub", "10.0.0.0/16", vec![("0.0.0.0/0", "igw-1"), ("10.1.0.0/16", "pcx-1"), ("::/0", "igw-1")]),
        ("priv", "10.0.0.0/16", vec![("0.0.0.0/0", "nat-1"), ("::/0", "eigw-1")]),
        ("far", "10.1.0.0/16", vec![("10.0.0.0/16", "pcx-1")]),
    ] {
        let routes = std::iter::once((own, "local")).chain(more).map(|(to, id)| route(to, target(id)));
        network
            .tables
            .insert(subnet.to_owned(), Table { id: format!("rtb-{subnet}"), routes: routes.collect() });
        let open = [
            "100 in -1 * 0.0.0.0/0 allow",
            "100 out -1 * 0.0.0.0/0 allow",
            "101 in -1 * ::/0 allow",
            "101 out -1 * ::/0 allow",
        ];
        let acl = Acl { id: format!("acl-{subnet}"), entries: open.map(entry).to_vec() };
        network.acls.insert(subnet.to_owned(), acl);
    }
    let own = vec![route("10.0.0.0/16", Target::Local), route("0.0.0.0/0", target("igw-1"))];
    network.tables.insert("nat-1".to_owned(), Table { id: "rtb-nat".to_owned(), routes: own });
    let nat = Nat {
        subnet: Some("pub".to_owned()),
        available: true,
        public: vec!["198.51.100.1".parse().unwrap()],
    };
    network.nats.insert("nat-1".to_owned(), nat);
    let vpcs = ("vpc-1".to_owned(), "vpc-2".to_owned());
    network.peerings.insert("pcx-1".to_owned(), Peering { active: true, vpcs });
    let public = Some("52.0.0.4".parse().unwrap());
    World {
        network,
        web: Node { public, ..node("web", "10.0.0.4", "pub", "vpc-1", &[OUT, "in tcp 443 from 0.0.0.0/0"]) },
        db: node(
            "db",
            "10.0.1.5",
            "priv",
            "vpc-1",
            &[OUT, "in tcp 5432 from sg-web", "in icmp 8 from 10.0.0.0/8"],
        ),
        app: node("app", "10.0.1.6", "priv", "vpc-1", &[OUT]),
        peer: node("peer", "10.1.0.7", "far", "vpc-2", &[OUT, "in tcp 443 from 10.0.0.0/16"]),
        traffic: Traffic { protocol: Protocol::Tcp, port: 443, v6: false },
        from: "internet",
        to: "web",
    }
}

impl World {
    fn ask(mut self, from: &'static str, to: &'static str, port: u16) -> World {
        (self.from, self.to, self.traffic.port) = (from, to, port);
        self
    }

    fn ping(mut self, from: &'static str, to: &'static str) -> World {
        (self.from, self.to, self.traffic.protocol) = (from, to, Protocol::Icmp);
        self
    }

    fn udp(mut self) -> World {
        self.traffic.protocol = Protocol::Udp;
        self
    }

    /// By IPv6, which all have then.
    fn v6(mut self) -> World {
        self.traffic.v6 = true;
        for (node, address) in [
            (&mut self.web, "2600:1f18::4"),
            (&mut self.db, "2600:1f18:0:1::5"),
            (&mut self.app, "2600:1f18:0:1::6"),
            (&mut self.peer, "2600:1f19::7"),
        ] {
            node.address = address.parse().unwrap();
            node.groups[0]
                .rules
                .as_mut()
                .unwrap()
                .extend(rules(&["out all to ::/0", "in tcp 443 from ::/0"]).unwrap());
        }
        for (subnet, own) in
            [("pub", "2600:1f18::/56"), ("priv", "2600:1f18::/56"), ("far", "2600:1f19::/56")]
        {
            self.network.tables.get_mut(subnet).unwrap().routes.push(route(own, Target::Local));
        }
        self
    }

    /// One group alone.
    fn rules(mut self, name: &str, texts: &[&str]) -> World {
        self.node(name).groups = vec![Group { id: format!("sg-{name}"), rules: rules(texts) }];
        self
    }

    /// One group more, of which the rules may not be shown.
    fn group(mut self, name: &str, id: &str, rules: Option<Vec<Rule>>) -> World {
        self.node(name).groups.push(Group { id: id.to_owned(), rules });
        self
    }

    fn node(&mut self, name: &str) -> &mut Node {
        match name {
            "web" => &mut self.web,
            "db" => &mut self.db,
            "app" => &mut self.app,
            _ => &mut self.peer,
        }
    }

    fn private(mut self, name: &str) -> World {
        self.node(name).public = None;
        self
    }

    /// The entries that a subnet's ACL has instead.
    fn acl(mut self, subnet: &str, entries: &[&str]) -> World {
        self.network.acls.get_mut(subnet).unwrap().entries = entries.iter().map(|text| entry(text)).collect();
        self
    }

    /// One entry more.
    fn entry(mut self, subnet: &str, text: &str) -> World {
        self.network.acls.get_mut(subnet).unwrap().entries.push(entry(text));
        self
    }

    /// A route more, in place of one to the same.
    fn route(mut self, place: &str, to: &str, id: &str) -> World {
        let own = route(to, target(id.trim_end_matches(" gone")));
        let routes = &mut self.network.tables.get_mut(place).unwrap().routes;
        let is_it = |one: &Route| matches!((&one.to, &own.to), (Destination::Net(one), Destination::Net(other)) if one == other);
        routes.retain(|one| !is_it(one));
        routes.push(Route { blackhole: id.ends_with(" gone"), ..own });
        self
    }

    fn without_route(mut self, place: &str, to: &str) -> World {
        let net: ipnet::IpNet = to.parse().unwrap();
        let is_it = |one: &Route| matches!(&one.to, Destination::Net(one) if *one == net);
        self.network.tables.get_mut(place).unwrap().routes.retain(|one| !is_it(one));
        self
    }

    fn nat(mut self, change: impl FnOnce(&mut Nat)) -> World {
        change(self.network.nats.get_mut("nat-1").unwrap());
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Network)) -> World {
        change(&mut self.network);
        self
    }

    fn place(&self, name: &str) -> Place {
        match name {
            "internet" => Place::Outside(None),
            "web" => Place::Node(self.web.clone()),
            "web's public address" => Place::Public(self.web.clone()),
            "db" => Place::Node(self.db.clone()),
            "app" => Place::Node(self.app.clone()),
            "peer" => Place::Node(self.peer.clone()),
            address => Place::Outside(Some(address.parse::<IpAddr>().unwrap())),
        }
    }
}

/// A case: what it shows, the world, the verdict, and what the reason says.
type Case = (&'static str, World, Verdict, &'static str);

#[track_caller]
fn all(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for (name, world, expected, because) in &cases {
        let (from, to) = (world.place(world.from), world.place(world.to));
        let hops = analyse(&world.network, &from, &to, world.traffic).unwrap();
        let said = verdict(&hops);
        let lines: Vec<String> =
            hops.iter().filter(|hop| hop.verdict == said).map(|hop| hop.said()).collect();
        if said != *expected || !lines.iter().any(|line| line.contains(because)) {
            wrong.push(format!("{name}: {said:?} {lines:#?}, and not {expected:?} {because:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

const EPHEMERAL: &str = "200 in 6 1024-65535 0.0.0.0/0 allow";
const LINUX: &str = "200 in 6 32768-60999 0.0.0.0/0 allow";
const LOCAL: &str = "100 in -1 * 10.0.0.0/16 allow";
const ALL_OUT: &str = "100 out -1 * 0.0.0.0/0 allow";

#[test]
fn security_groups() {
    let ask = || world().ask("web", "db", 5432);
    let many = |texts: &[&str]| world().rules("web", texts).ask("internet", "web", 443);
    all(vec![
        ("by the group of the other", ask(), Passes, "in tcp 5432 from sg-web"),
        ("one subnet", world().ask("app", "db", 22), Blocks, "no rule lets tcp 22 in from 10.0.1.6"),
        ("another port", ask().ask("web", "db", 5433), Blocks, "no rule lets tcp 5433 in"),
        ("another group", world().ask("app", "db", 5432), Blocks, "sg-db: no rule lets tcp 5432 in"),
        ("udp is not tcp", ask().udp(), Blocks, "no rule lets udp 5432 in"),
        ("protocol 6 is tcp", ask().rules("db", &["in 6 5432 from 10.0.0.0/8"]), Passes, "in tcp 5432"),
        ("protocol -1 is all", ask().rules("db", &["in -1 from 10.0.0.0/8"]), Passes, "in all from"),
        ("another protocol", ask().rules("db", &["in protocol-47 from 10.0.0.0/8"]), Blocks, "no rule"),
        ("a range", ask().rules("db", &["in tcp 5000-6000 from 10.0.0.4/32"]), Passes, "5000-6000"),
        ("the range's end", ask().rules("db", &["in tcp 5000-5431 from 10.0.0.4/32"]), Blocks, "no rule"),
        ("one address", ask().rules("db", &["in tcp 5432 from 10.0.0.5/32"]), Blocks, "from 10.0.0.4"),
        ("no way out", ask().rules("web", &[]), Blocks, "no rule lets tcp 5432 out to 10.0.1.5"),
        (
            "a way out by group",
            ask().rules("web", &["out tcp 5432 to sg-db"]),
            Passes,
            "out tcp 5432 to sg-db",
        ),
        (
            "the second group",
            ask().rules("db", &[]).group("db", "sg-2", rules(&["in all from 10.0.0.0/8"])),
            Passes,
            "in all",
        ),
        (
            "a group that is not shown",
            ask().rules("db", &[]).group("db", "sg-theirs", None),
            Unknown,
            "sg-theirs: no other rule",
        ),
        ("one of which is enough", ask().group("db", "sg-theirs", None), Passes, ""),
        (
            "a prefix list",
            ask().rules("db", &["in tcp 5432 from pl-1"]),
            Unknown,
            "entries were not looked at",
        ),
        (
            "a prefix list beside",
            ask().rules("db", &["in tcp 5432 from pl-1", "in all from 10.0.0.0/8"]),
            Passes,
            "",
        ),
        (
            "no group known",
            world().with(|_| ()).ask("web", "db", 5432).rules("db", &["out all to ::/0"]),
            Blocks,
            "no rule",
        ),
        ("everybody", world(), Passes, "in tcp 443 from 0.0.0.0/0"),
        (
            "in halves",
            many(&[OUT, "in tcp 443 from 0.0.0.0/1", "in tcp 400-500 from 128.0.0.0/1"]),
            Passes,
            "together",
        ),
        ("one half", many(&[OUT, "in tcp 443 from 0.0.0.0/1"]), Unknown, "only a part of the internet"),
        (
            "in quarters but one",
            many(&["in all from 0.0.0.0/2", "in all from 64.0.0.0/2", "in all from 128.0.0.0/2"]),
            Unknown,
            "a part",
        ),
        (
            "what is private is no part",
            many(&["in all from 10.0.0.0/8"]),
            Blocks,
            "no rule lets tcp 443 in from the internet",
        ),
        ("ipv6 is not ipv4", many(&["in tcp 443 from ::/0"]), Blocks, "no rule"),
    ]);
}

#[test]
fn pings() {
    let ping = || world().ping("web", "db");
    let by = |text: &str| ping().rules("db", &[text]);
    let entry = |text: &str| ping().entry("priv", text);
    all(vec![
        ("an echo request", ping(), Passes, "in icmp 8 from 10.0.0.0/8"),
        ("every type", by("in icmp from 10.0.0.0/8"), Passes, "in icmp from"),
        ("its code", by("in icmp 8/0 from 10.0.0.0/8"), Passes, ""),
        ("another code", by("in icmp 8/1 from 10.0.0.0/8"), Blocks, "no rule lets ping in"),
        ("a reply alone", by("in icmp 0 from 10.0.0.0/8"), Blocks, "no rule lets ping in"),
        ("ipv6's is another", by("in icmpv6 from 10.0.0.0/8"), Blocks, "no rule lets ping in"),
        ("tcp", by("in tcp from 10.0.0.0/8"), Blocks, "no rule lets ping in"),
        (
            "an acl against requests",
            entry("10 in 1 8/-1 0.0.0.0/0 deny"),
            Blocks,
            "inbound rule 10 denies ping",
        ),
        (
            "an acl against replies",
            entry("10 out 1 0/-1 0.0.0.0/0 deny"),
            Blocks,
            "outbound rule 10 denies the reply",
        ),
        ("an acl against another type", entry("10 in 1 3/4 0.0.0.0/0 deny"), Passes, ""),
        ("an acl against another code", entry("10 in 1 8/3 0.0.0.0/0 deny"), Passes, ""),
        ("an acl against tcp", entry("10 in 6 0-65535 0.0.0.0/0 deny"), Passes, ""),
    ]);
}

#[test]
fn network_acls() {
    let ask = || world().ask("web", "db", 5432);
    let web = |text: &str| world().entry("pub", text);
    all(vec![
        (
            "a deny before",
            ask().entry("priv", "90 in 6 5432-5432 10.0.0.0/24 deny"),
            Blocks,
            "inbound rule 90 denies tcp 5432",
        ),
        ("a deny behind", ask().entry("priv", "110 in 6 5432-5432 10.0.0.0/24 deny"), Passes, ""),
        ("a deny for others", ask().entry("priv", "90 in 6 5432-5432 10.0.7.0/24 deny"), Passes, ""),
        ("a deny of udp", ask().entry("priv", "90 in 17 0-65535 0.0.0.0/0 deny"), Passes, ""),
        ("a deny of a number", ask().entry("priv", "90 in 47 * 0.0.0.0/0 deny"), Passes, ""),
        ("a deny of all", ask().entry("priv", "90 in -1 * 0.0.0.0/0 deny"), Blocks, "inbound rule 90 denies"),
        (
            "a deny on the way out",
            ask().entry("pub", "90 out -1 * 10.0.1.0/24 deny"),
            Blocks,
            "outbound rule 90",
        ),
        (
            "a deny of answers",
            ask().entry("priv", "90 out 6 1024-65535 10.0.0.4/32 deny"),
            Blocks,
            "on the way back",
        ),
        (
            "a deny of answers at home",
            ask().entry("pub", "90 in 6 1024-65535 10.0.1.5/32 deny"),
            Blocks,
            "on the way back",
        ),
        (
            "some answers",
            ask().entry("priv", "90 out 6 1024-40000 10.0.0.4/32 deny"),
            Unknown,
            "allows some of answers",
        ),
        (
            "no answers that Linux takes",
            ask().entry("priv", "90 out 6 61000-65535 10.0.0.4/32 deny"),
            Passes,
            "of the ports that Linux uses",
        ),
        ("an empty one", ask().acl("priv", &[]), Blocks, "no inbound rule allows tcp 5432"),
        (
            "in one subnet it does not count",
            world().ask("app", "db", 22).rules("db", &["in all from 10.0.0.0/8"]).acl("priv", &[]),
            Passes,
            "",
        ),
        (
            "halves",
            world()
                .acl("pub", &["1 in 6 443-443 0.0.0.0/1 allow", "2 in 6 0-65535 128.0.0.0/1 allow", ALL_OUT]),
            Passes,
            "inbound rule 1, 2",
        ),
        (
            "halves behind a deny of one",
            web("1 in 6 443-443 128.0.0.0/1 deny"),
            Unknown,
            "denies a part of the internet: 128.0.0.0/1",
        ),
        ("a deny of another port", web("1 in 6 80-80 128.0.0.0/1 deny"), Passes, ""),
        ("a deny of what is private", web("1 in -1 * 10.0.0.0/8 deny"), Passes, ""),
        (
            "a deny behind what allows it",
            web("1 in 6 443-443 128.0.0.0/1 allow").entry("pub", "2 in -1 * 128.0.0.0/2 deny"),
            Passes,
            "",
        ),
        ("one address of it", web("1 in 6 443-443 128.0.0.0/1 deny").ask("8.8.8.8", "web", 443), Passes, ""),
        (
            "not looked at",
            ask().with(|network| drop(network.acls.remove("priv"))),
            Unknown,
            "could not be looked at",
        ),
    ]);
}

#[test]
fn the_internet() {
    let out = || world().ask("web", "internet", 443);
    let edge = |to: &'static str, id: &'static str| {
        move |network: &mut Network| {
            let routes = vec![route("10.0.0.0/16", Target::Local), route(to, target(id))];
            network.edges.insert("igw-1".to_owned(), Table { id: "rtb-edge".to_owned(), routes });
        }
    };
    all(vec![
        ("out", out(), Passes, "leads to igw-1"),
        ("to one address", out().ask("web", "1.1.1.1", 53), Passes, ""),
        ("without a public address", out().private("web"), Blocks, "has no public address"),
        ("in without a public address", world().private("web"), Blocks, "it has no public address"),
        (
            "without a route",
            out().without_route("pub", "0.0.0.0/0"),
            Blocks,
            "no route leads to the internet",
        ),
        ("in without a route back", world().without_route("pub", "0.0.0.0/0"), Blocks, "on the way back"),
        ("a blackhole", out().route("pub", "0.0.0.0/0", "igw-1 gone"), Blocks, "is a blackhole"),
        (
            "in halves",
            out().without_route("pub", "0.0.0.0/0").route("pub", "0.0.0.0/1", "igw-1").route(
                "pub",
                "128.0.0.0/1",
                "igw-1",
            ),
            Passes,
            "",
        ),
        (
            "one half",
            out().without_route("pub", "0.0.0.0/0").route("pub", "0.0.0.0/1", "igw-1"),
            Unknown,
            "routed in parts",
        ),
        (
            "a part elsewhere",
            out().route("pub", "203.0.113.0/24", "tgw-1"),
            Unknown,
            "203.0.113.0/24 leads to tgw-1",
        ),
        (
            "beside that part",
            out().route("pub", "203.0.113.0/24", "tgw-1").ask("web", "8.8.8.8", 443),
            Passes,
            "",
        ),
        (
            "in that part",
            out().route("pub", "203.0.113.0/24", "tgw-1").ask("web", "203.0.113.9", 443),
            Unknown,
            "leads to tgw-1",
        ),
        ("private elsewhere is no part", out().route("pub", "172.16.0.0/12", "vgw-1"), Passes, ""),
        (
            "a private address",
            out().ask("web", "192.168.0.1", 443),
            Blocks,
            "the internet does not carry 192.168.0.1",
        ),
        (
            "by a vpn",
            out().route("pub", "192.168.0.0/16", "vgw-1").ask("web", "192.168.0.1", 443),
            Unknown,
            "leads to vgw-1",
        ),
        (
            "in by a vpn",
            out().route("pub", "192.168.0.0/16", "vgw-1").ask("192.168.0.1", "web", 443),
            Unknown,
            "leads to vgw-1",
        ),
        (
            "an address of the vpc that nobody has",
            out().ask("web", "10.0.9.9", 443),
            Blocks,
            "no interface has it",
        ),
        ("the dns server of the vpc", out().ask("web", "10.0.0.2", 53), Unknown, "AWS's DNS server"),
        ("metadata", out().ask("app", "169.254.169.254", 80), Unknown, "AWS's own on every machine"),
        (
            "only what is let out",
            out().rules("web", &["out tcp 443 to 0.0.0.0/1"]),
            Unknown,
            "only a part of the internet is let out",
        ),
        ("a prefix list of one's own", out().route("pub", "pl-1", "tgw-1"), Unknown, "it routes by pl-1"),
        ("a gateway endpoint beside", out().route("pub", "pl-1", "vpce-1"), Passes, ""),
        ("to another by its public address", world().ask("app", "web's public address", 443), Passes, ""),
        (
            "as it is seen there",
            world().ask("app", "web's public address", 443).rules("web", &["in all from 10.0.0.0/8"]),
            Blocks,
            "in from 198.51.100.1",
        ),
        (
            "an appliance at the edge",
            world().with(edge("10.0.0.0/24", "vpce-1")),
            Unknown,
            "igw-1 hands what comes in on to vpce-1",
        ),
        ("an appliance for others", world().with(edge("10.0.1.0/24", "vpce-1")), Passes, ""),
        ("answers by the appliance", out().with(edge("10.0.0.0/24", "eni-1")), Unknown, "on to eni-1"),
    ]);
}

#[test]
fn nat_gateways() {
    let out = || world().ask("app", "internet", 443);
    let several = |nat: &mut Nat| nat.public.push("198.51.100.2".parse().unwrap());
    let regional = |nat: &mut Nat| nat.subnet = None;
    let private = |nat: &mut Nat| nat.public.clear();
    all(vec![
        ("out", out(), Passes, "the route of nat-1 leads to igw-1"),
        (
            "not in",
            world().ask("internet", "app", 443).rules("app", &["in all from 0.0.0.0/0"]),
            Blocks,
            "through which nothing comes in",
        ),
        (
            "all of its ports",
            out().acl("pub", &[LOCAL, EPHEMERAL, ALL_OUT]),
            Passes,
            "the ports of a NAT gateway",
        ),
        (
            "those of Linux only",
            out().acl("pub", &[LOCAL, LINUX, ALL_OUT]),
            Unknown,
            "acl-pub on the way back: inbound rule 200 allows some of answers",
        ),
        ("none of its ports", out().acl("pub", &[LOCAL, ALL_OUT]), Blocks, "no inbound rule allows answers"),
        ("those of Linux at home", out().acl("priv", &[LINUX, ALL_OUT]), Passes, ""),
        (
            "nothing in from inside",
            out().acl("pub", &[EPHEMERAL, ALL_OUT]),
            Blocks,
            "acl-pub: no inbound rule allows tcp 443 from 10.0.1.6",
        ),
        ("not up", out().nat(|nat| nat.available = false), Blocks, "is not available"),
        ("a private one", out().nat(private), Unknown, "a private NAT gateway"),
        (
            "of which nothing is known",
            out().with(|network| network.nats.clear()),
            Unknown,
            "could not be looked at",
        ),
        ("a regional one", out().nat(regional), Passes, "nat-1 leads to igw-1"),
        ("a regional one has no acl", out().nat(regional).acl("pub", &[]), Passes, ""),
        (
            "behind it no gateway",
            out().nat(regional).route("nat-1", "0.0.0.0/0", "igw-1 gone"),
            Blocks,
            "blackhole",
        ),
        (
            "in a subnet that leads back",
            out().route("pub", "0.0.0.0/0", "nat-1"),
            Blocks,
            "leads to nat-1, not to an internet gateway",
        ),
        (
            "before a firewall",
            out().route("pub", "0.0.0.0/0", "vpce-1"),
            Unknown,
            "vpce-1 decides on its own",
        ),
        (
            "to a private address",
            out().ask("app", "192.168.0.1", 443),
            Blocks,
            "the internet does not carry 192.168.0.1",
        ),
        (
            "to a private address by a vpn",
            out().route("pub", "192.168.0.0/16", "vgw-1").ask("app", "192.168.0.1", 443),
            Unknown,
            "vgw-1",
        ),
        (
            "several addresses, one let in",
            world().nat(several).rules("web", &["in all from 198.51.100.1/32"]).ask(
                "app",
                "web's public address",
                443,
            ),
            Unknown,
            "198.51.100.2 is not let in",
        ),
        (
            "several addresses, both let in",
            world().nat(several).rules("web", &["in all from 198.51.100.0/24"]).ask(
                "app",
                "web's public address",
                443,
            ),
            Passes,
            "",
        ),
        (
            "several addresses, none let in",
            world().nat(several).rules("web", &["in all from 10.0.0.0/8"]).ask(
                "app",
                "web's public address",
                443,
            ),
            Blocks,
            "no rule",
        ),
        (
            "by a gateway endpoint alone",
            out().without_route("priv", "0.0.0.0/0").route("priv", "pl-1", "vpce-1").ask(
                "app",
                "52.216.0.1",
                443,
            ),
            Unknown,
            "a gateway endpoint leads to what is on pl-1",
        ),
        (
            "which is not the internet",
            out().without_route("priv", "0.0.0.0/0").route("priv", "pl-1", "vpce-1"),
            Blocks,
            "no route leads to the internet",
        ),
        (
            "nor a private address",
            out().without_route("priv", "0.0.0.0/0").route("priv", "pl-1", "vpce-1").ask(
                "app",
                "192.168.0.1",
                443,
            ),
            Blocks,
            "no route leads to 192.168.0.1",
        ),
    ]);
}

#[test]
fn other_networks() {
    let ask = || world().ask("web", "peer", 443);
    let down = |network: &mut Network| network.peerings.get_mut("pcx-1").unwrap().active = false;
    all(vec![
        ("by a peering", ask(), Passes, "leads to pcx-1, which leads to vpc-2"),
        ("by a group over a peering", ask().rules("peer", &["in tcp 443 from sg-web"]), Passes, ""),
        (
            "without a route there",
            ask().without_route("pub", "10.1.0.0/16"),
            Blocks,
            "its route for 10.1.0.7 leads to igw-1",
        ),
        (
            "without a route back",
            ask().without_route("far", "10.0.0.0/16"),
            Blocks,
            "on the way back: no route leads to 10.0.0.4",
        ),
        ("a peering that is not up", ask().with(down), Blocks, "which is not active"),
        (
            "a peering of others",
            ask().with(|network| network.peerings.get_mut("pcx-1").unwrap().vpcs.1 = "vpc-9".to_owned()),
            Blocks,
            "joins vpc-1 and vpc-9",
        ),
        (
            "a peering that is not shown",
            ask().with(|network| network.peerings.clear()),
            Unknown,
            "could not be looked at",
        ),
        ("an acl over there", ask().acl("far", &[ALL_OUT]), Blocks, "acl-far: no inbound rule"),
        (
            "by a nat gateway",
            world().ask("app", "peer", 443),
            Blocks,
            "its route for 10.1.0.7 leads to nat-1",
        ),
        (
            "by a transit gateway",
            ask().route("pub", "10.1.0.0/16", "tgw-1").route("far", "10.0.0.0/16", "tgw-1"),
            Unknown,
            "leads to tgw-1",
        ),
        (
            "and a group that shuts",
            ask().route("pub", "10.1.0.0/16", "tgw-1").rules("peer", &[]),
            Blocks,
            "no rule",
        ),
        (
            "a more specific route",
            world().ask("web", "db", 5432).route("pub", "10.0.1.0/24", "eni-1"),
            Unknown,
            "a route of its own leads to eni-1",
        ),
        (
            "no internet by a peering",
            world().ask("web", "8.8.8.8", 443).route("pub", "8.0.0.0/8", "pcx-1"),
            Blocks,
            "no way to the internet",
        ),
        ("to itself", world().ask("web", "web", 443), Passes, "the same interface"),
    ]);
}

#[test]
fn ipv6() {
    let ask = |from, to| world().v6().ask(from, to, 443);
    all(vec![
        ("out", ask("web", "internet"), Passes, "leads to igw-1"),
        ("in", ask("internet", "web"), Passes, ""),
        ("out only", ask("app", "internet"), Passes, "leads to eigw-1"),
        ("not in", ask("internet", "app"), Blocks, "leads to eigw-1, through which nothing comes in"),
        ("inside", ask("web", "db"), Passes, ""),
        (
            "between networks over the internet",
            ask("web", "peer").route("far", "::/0", "igw-2"),
            Passes,
            "over the internet",
        ),
        (
            "out only to another network",
            ask("app", "peer").route("far", "::/0", "igw-2"),
            Passes,
            "leads to eigw-1, over the internet",
        ),
        (
            "not in from another network",
            ask("web", "peer").route("far", "::/0", "eigw-2"),
            Blocks,
            "through which nothing comes in",
        ),
        ("private addresses", ask("web", "fd00:1::9"), Blocks, "the internet does not carry fd00:1::9"),
        (
            "private addresses out only",
            ask("app", "fd00:1::9"),
            Blocks,
            "the internet does not carry fd00:1::9",
        ),
        (
            "ipv4's rules do not count",
            ask("web", "internet").rules("web", &[OUT]),
            Blocks,
            "no rule lets tcp 443 out",
        ),
        (
            "nor its acl entries",
            ask("web", "internet").acl("pub", &["1 in -1 * 0.0.0.0/0 allow", ALL_OUT]),
            Blocks,
            "no outbound rule allows",
        ),
        (
            "by a nat gateway into ipv4",
            ask("app", "64:ff9b::808:808").route("priv", "64:ff9b::/96", "nat-1"),
            Unknown,
            "turns IPv6 into IPv4",
        ),
        ("metadata", ask("app", "fd00:ec2::254"), Unknown, "AWS's own on every machine"),
    ]);
}

#[test]
fn what_blocks_public_access_is_between_every_network_and_the_internet() {
    let shut = |ways: ShutFor, exclusions: &[(&str, bool)]| {
        let exclusions = exclusions.iter().map(|(id, both)| ((*id).to_owned(), *both)).collect();
        Shut { ways, exclusions }
    };
    let inward = |ways: ShutFor, exclusions: &[(&str, bool)]| {
        let shut = shut(ways, exclusions);
        world().with(|network| network.shut = shut)
    };
    let out = |from: &'static str, ways: ShutFor, exclusions: &[(&str, bool)]| {
        inward(ways, exclusions).ask(from, "internet", 443)
    };
    let (both, coming) = (|| ShutFor::BothWays, || ShutFor::ComingIn);
    let nothing = "it lets nothing in from the internet";
    all(vec![
        ("off", inward(ShutFor::Nothing, &[]), Passes, ""),
        ("both ways, in", inward(both(), &[]), Blocks, nothing),
        ("only what comes in", inward(coming(), &[]), Blocks, nothing),
        ("another network is left out", inward(both(), &[("vpc-2", true)]), Blocks, nothing),
        ("its network is left out", inward(both(), &[("vpc-1", true)]), Passes, ""),
        ("its subnet is left out", inward(both(), &[("pub", true)]), Passes, ""),
        ("left out only to go out", inward(both(), &[("vpc-1", false)]), Blocks, nothing),
        ("its subnet wider than its network", inward(both(), &[("vpc-1", false), ("pub", true)]), Passes, ""),
        ("both ways, out", out("web", both(), &[]), Blocks, "nothing out to the internet"),
        ("out by the gateway itself", out("web", coming(), &[]), Blocks, "nothing out to the internet"),
        ("out by a NAT gateway", out("db", coming(), &[]), Passes, ""),
        ("both ways, by a NAT gateway", out("db", both(), &[]), Blocks, "nothing out to the internet"),
        ("left out to go out", out("db", both(), &[("vpc-1", false)]), Passes, ""),
        (
            "only one of the two subnets",
            out("db", both(), &[("priv", true)]),
            Unknown,
            "of some of its subnets",
        ),
        (
            "a regional NAT gateway",
            out("db", both(), &[("priv", false)]).nat(|nat| nat.subnet = None),
            Passes,
            "",
        ),
        ("by an egress-only gateway", out("db", coming(), &[]).v6(), Passes, ""),
        ("IPv6 by the gateway itself", out("web", coming(), &[]).v6(), Blocks, "nothing out"),
        ("IPv6 between networks", over_the_internet().with(|it| it.shut.ways = coming()), Blocks, nothing),
        (
            "not read",
            inward(ShutFor::Unread("not allowed".to_owned()), &[]),
            Unknown,
            "could not be read: not allowed",
        ),
        ("inside nothing is shut", inward(both(), &[]).ask("web", "db", 5432), Passes, ""),
        ("nor over a peering", inward(both(), &[]).ask("web", "peer", 443), Passes, ""),
    ]);
}

/// Two networks that reach each other by IPv6 over the internet.
fn over_the_internet() -> World {
    world().v6().ask("app", "peer", 443).route("far", "::/0", "igw-2")
}

#[test]
fn a_group_of_another_network_may_count_over_a_transit_gateway() {
    let over = |rule: &str| {
        world()
            .route("pub", "10.1.0.0/16", "tgw-1")
            .route("far", "10.0.0.0/16", "tgw-1")
            .rules("peer", &[OUT, rule])
            .ask("web", "peer", 443)
    };
    all(vec![
        ("by address", over("in tcp 443 from 10.0.0.0/16"), Unknown, "tgw-1, which decides on its own"),
        (
            "by the group",
            over("in tcp 443 from sg-web"),
            Unknown,
            "counts only where it refers to security groups",
        ),
        ("by another group", over("in tcp 443 from sg-other"), Blocks, "no rule lets tcp 443 in"),
        ("on another port", over("in tcp 80 from sg-web"), Blocks, "no rule lets tcp 443 in"),
    ]);
}
