//! The runbooks people ask for, each naming the tools in order.

use awsmcp_mcp::{Argument, Prompt};

const FUNCTION: Argument =
    Argument { name: "function", description: "The function's name or ARN.", required: true };

pub(crate) const FAILING_FUNCTION: Prompt = Prompt {
    name: "failing_function",
    title: "Why does this function fail",
    description: "Finds out why a function fails, from figures to the line of code.",
    arguments: &[
        FUNCTION,
        Argument { name: "since", description: "From when, such as -6h.", required: false },
    ],
    text: "Find out why the Lambda function {function} fails (since: {since}; a day if not given).\n\
        1. function_health over that time: how many calls fail, are throttled or run into the timeout, and when it began.\n\
        2. get_function: findings, the last update, runtime, memory, timeout, role. Did the trouble begin with the last \
        change? list_versions shows what ran before.\n\
        3. function_logs with show=invocations around the time it began: timeouts, lack of memory, cold starts.\n\
        4. function_logs with filter ERROR there, then with the request_id of two or three failed calls, to read them whole.\n\
        5. If a queue or a stream calls it: list_event_sources, for the state and the lag.\n\
        6. If the log points to code: get_code with that path.\n\
        Answer with the cause, the evidence (times, request ids, lines), what it breaks, and the smallest change that mends \
        it: update_config, update_code, set_concurrency, or set_alias with rollback. Change nothing yet: show me the dry_run.",
};

pub(crate) const SLOW_FUNCTION: Prompt = Prompt {
    name: "slow_function",
    title: "Why is this function slow",
    description: "Finds what makes a function slow or dear: cold starts, memory, its own work.",
    arguments: &[FUNCTION],
    text: "Find out what makes the Lambda function {function} slow or dear.\n\
        1. function_health of the last day, and of -7d: percentiles, concurrency, how near the timeout is.\n\
        2. function_logs with show=invocations over some busy hours, all pages: the share and length of cold starts, memory \
        used against memory given, the slowest calls.\n\
        3. function_logs with the request_id of the slowest calls: where does the time go?\n\
        4. get_function: memory (processor time grows with it), architecture, layers and code size, VPC, runtime.\n\
        Answer with a table (what, evidence, what it would save) and the changes in order of effect, each as update_config, \
        set_concurrency or a change in code, with what it costs. Change nothing yet.",
};

pub(crate) const OLD_RUNTIMES: Prompt = Prompt {
    name: "old_runtimes",
    title: "Functions at their end",
    description: "Finds functions whose runtime AWS no longer patches, and what moving them takes.",
    arguments: &[],
    text: "Find the Lambda functions whose runtime is at its end, and plan their move.\n\
        1. list_functions with deprecated, all pages, and every region that is allowed (`regions`).\n\
        2. function_health of each over -30d: who calls it at all? Functions nobody calls may go instead.\n\
        3. For those that are used: get_function (layers, handler, package) and get_code with a glob for their \
        dependencies (requirements.txt, package.json).\n\
        Answer with a table (function, runtime, end, calls, what in it may break, new runtime), the most urgent first, and \
        the way for each: a version and an alias first (publish_version, set_alias), then update_config with the new \
        runtime, then back with set_alias and rollback if it fails. Change nothing yet.",
};
