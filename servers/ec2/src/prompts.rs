//! The runbooks people ask for, each naming the tools in order.

use awsmcp_mcp::{Argument, Prompt};

pub(crate) const UNREACHABLE_INSTANCE: Prompt = Prompt {
    name: "unreachable_instance",
    title: "Why can I not reach this instance",
    description: "Finds what keeps a connection from an instance: network, system or the instance itself.",
    arguments: &[
        Argument { name: "instance", description: "The instance's id or name.", required: true },
        Argument { name: "port", description: "The port, such as 22 or 443.", required: false },
        Argument {
            name: "from",
            description: "From where: an address, another instance, internet.",
            required: false,
        },
    ],
    text: "Find out why the instance {instance} cannot be reached on port {port} (443 if not given) from {from} (the internet \
        if not given).\n\
        1. describe_instance: does it run, do its checks pass, has it a public address, does its SSM agent report?\n\
        2. check_reachability from there to it on that port. Where it says no, `because` names what blocks.\n\
        3. If it says unknown, look at what it names: describe_network for routes and gateways, list_security_groups for rules.\n\
        4. If it says yes: the system itself. console_output for its start and its firewall; console_screenshot if that is \
        empty.\n\
        Answer with the cause, the evidence, and the smallest change that mends it, as a dry_run of set_security_group or \
        create_network. Open nothing to the world that a known address would do for. Change nothing yet.",
};

pub(crate) const SICK_INSTANCE: Prompt = Prompt {
    name: "sick_instance",
    title: "What is wrong with this instance",
    description: "Finds out why an instance fails its checks, hangs or does not start.",
    arguments: &[Argument { name: "instance", description: "The instance's id or name.", required: true }],
    text: "Find out what is wrong with the instance {instance}.\n\
        1. describe_instance: state and its reason, system and instance checks, planned events, CPU, volumes, findings.\n\
        2. console_output, with latest if it runs: kernel panic, file system, out of memory, cloud-init.\n\
        3. console_screenshot if the console is empty, as with Windows.\n\
        4. list_volumes of it: a full or slow type of volume?\n\
        Answer with the cause, the evidence, and what to do: set_instances (stop and start moves it to other hardware, reboot \
        does not), modify_instance (another type), create_snapshot before anything that may lose data. Change nothing yet.",
};

pub(crate) const OPEN_TO_THE_WORLD: Prompt = Prompt {
    name: "open_to_the_world",
    title: "What is open to the world",
    description: "Finds security groups that let the internet in, what is behind them, and how to close them.",
    arguments: &[],
    text: "Find what of this account's EC2 the whole internet can reach.\n\
        1. list_security_groups with open_to ipv4, then with ipv6, all pages and every allowed region (`regions`): the columns \
        exposes and used_by.\n\
        2. For each group that exposes something and is used: check_reachability from internet to one of its users on that \
        port, since a group alone opens nothing without a public address and a route.\n\
        3. list_instances with that security_group, to know whose they are.\n\
        Answer with a table (group, port, who is reachable, evidence), what really can be reached first, and for each the \
        set_security_group that closes it or narrows it to known addresses. Change nothing yet.",
};

pub(crate) const CUT_COST: Prompt = Prompt {
    name: "cut_cost",
    title: "What costs and does nothing",
    description: "Finds waste and says what may go.",
    arguments: &[],
    text: "Find what in EC2 costs money and does nothing.\n\
        1. find_waste, all pages and every allowed region (`regions`).\n\
        2. list_volumes with volume_type gp2: gp3 costs less and does more.\n\
        3. For idle instances: describe_instance (who owns it, by its tags), and find_instance_types for a smaller type.\n\
        Answer with a table (thing, what it is, why it is waste, how sure), what costs most first, and for each what would be \
        done: create_snapshot and then delete_resources for volumes, set_instances stop, modify_instance for a smaller type, \
        terminate_instances. Say what must be asked of its owner first. Change nothing yet.",
};
