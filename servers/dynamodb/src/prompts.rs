//! The runbooks people ask for, each naming the tools in order.

use awsmcp_mcp::{Argument, Prompt};

pub(crate) const HOT_TABLE: Prompt = Prompt {
    name: "hot_table",
    title: "Which table is hot",
    description: "Finds which table, index and key is hot or throttled, and what would help.",
    arguments: &[
        Argument { name: "prefix", description: "Only tables whose names start with this.", required: false },
        Argument { name: "since", description: "How far to look back, such as -3h.", required: false },
    ],
    text: "Find out which of my DynamoDB tables is hot or throttled (names starting with: {prefix}; looking back: {since}).\n\
        1. list_tables with details: which tables there are, how large, and how they are billed.\n\
        2. diagnose_table of each that is large or that I named, with `since`. Note the findings that start with high, then medium.\n\
        3. Where a hot partition key is the cause: hot_keys names it if contributor insights are on. If they are off, say that \
        set_table_option with insights would show it from then on, and what it costs. infer_schema shows how keys are built.\n\
        4. Where provisioned units are the cause: compare peak and provisioned units. Where scans stand out: find the filter and \
        whether an index would serve.\n\
        Answer with a table (table or index, what is hot, cause, how much), the worst first, and then what would help: another key \
        (a suffix that spreads writes), on demand billing (update_table), an index, fewer scans. Change nothing yet: show me a \
        dry_run first.",
};

pub(crate) const SINGLE_TABLE_DESIGN: Prompt = Prompt {
    name: "single_table_design",
    title: "Model a table",
    description: "Models access patterns as one table: keys, indexes, item shapes, queries.",
    arguments: &[
        Argument {
            name: "patterns",
            description: "What the application reads and writes, in sentences.",
            required: true,
        },
        Argument { name: "table", description: "A table that is there, to start from.", required: false },
    ],
    text: "Model a DynamoDB table for these access patterns: {patterns}\n(a table to start from: {table})\n\
        1. If there is a table: describe_table and infer_schema, so that you build on the entity types and keys that are there.\n\
        2. List entities and access patterns as a table: what is asked, by what, how often, one item or many, in what order. Ask me \
        what is missing before you go on: sizes, rates, consistency.\n\
        3. Choose partition and sort key so that each pattern is one get_items or one query; name the prefixes (USER#, ORDER#). Check \
        that no partition key takes more than 1,000 writes or 3,000 reads a second, and no item grows over 400 KB.\n\
        4. Add a global index only for patterns that the keys do not serve, sparse where it can be; say what each costs per write.\n\
        5. Show a few items of each entity as plain JSON, and for each pattern the exact query call.\n\
        6. Show create_table (or update_table) as a dry_run. Put nothing in place before I agree; then write the example items with \
        put_items and prove each pattern with its query, with the capacity it consumed.",
};

pub(crate) const WHAT_HAPPENED: Prompt = Prompt {
    name: "what_happened",
    title: "What happened to an item",
    description: "Finds out when and how an item changed or vanished, and how to get it back.",
    arguments: &[
        Argument { name: "table", description: "The table.", required: true },
        Argument { name: "key", description: "The item's key.", required: true },
    ],
    text: "Find out what happened to the item {key} of the DynamoDB table {table}.\n\
        1. get_items: is it there, and what does it hold? If the key may be spelled otherwise, query its partition.\n\
        2. describe_table: is there a stream, TTL, point-in-time recovery? TTL may have deleted it: look at the time in its attribute.\n\
        3. read_stream with the key: each change of the last 24 hours, with the attributes before and after, and whether TTL did it.\n\
        4. Without a stream, or earlier: list_backups and the window of point-in-time recovery.\n\
        Tell me what happened in order of time and what is only a guess. To get it back: restore_table into a new table as of just \
        before, get_items from there, put_items here. Show me each as a dry_run first.",
};

pub(crate) const PATTERN_COST: Prompt = Prompt {
    name: "pattern_cost",
    title: "What an access pattern costs",
    description: "Measures the units that an access pattern consumes, and reckons what it costs a month.",
    arguments: &[
        Argument { name: "pattern", description: "What is read or written, in a sentence.", required: true },
        Argument { name: "table", description: "The table.", required: true },
        Argument { name: "rate", description: "How often, such as 50 a second.", required: false },
    ],
    text: "Find out what this access pattern of the DynamoDB table {table} costs: {pattern} (how often: {rate}).\n\
        1. describe_table: billing, class, indexes, replicas, item count and size. Every index whose attributes a write changes \
        is written too, and so is every replica.\n\
        2. Run each read once, as the application does (query, get_items or scan, with its filter), over three keys that differ \
        in size, and take the units from the line `consumed`. What a filter leaves out is consumed all the same; `consistent` \
        doubles it, and transact doubles it again.\n\
        3. Reckon a write from the item's size: one unit for each KB begun of the larger of the item before and after, again for \
        each index that changes, twice in a transaction. Write nothing to measure it before I agree.\n\
        4. Units a call, times calls a month. On demand it is that times the price of a unit; with provisioned units, the peak \
        second (diagnose_table) over 70 % of use, for every hour: scale_table lets units follow it. Storage comes on top.\n\
        5. Take prices from https://aws.amazon.com/dynamodb/pricing for this region and table class, or ask me for them; do not \
        use prices from memory without saying so.\n\
        Answer with a table (call, units each, calls a month, cost on demand, cost provisioned), say what was measured and what \
        was reckoned, and what would make it cheaper: fewer attributes in an index, a smaller item, a query for a scan, \
        eventually consistent reads, the infrequent access class.",
};
