//! The runbooks people ask for, each naming the tools in order.

use awsmcp_mcp::{Argument, Prompt};

pub(crate) const CHOOSE_MODEL: Prompt = Prompt {
    name: "choose_model",
    title: "Which model for this task",
    description: "Compares a few models on examples of a task: quality, latency, tokens.",
    arguments: &[
        Argument { name: "task", description: "What the model is to do.", required: true },
        Argument { name: "example", description: "An input of the task.", required: true },
    ],
    text: "Find the model on Bedrock that does this best: {task}. An example of its input: {example}.\n\
        1. list_models: three to five current models of several providers and sizes, by ids that can be called here. Only \
        those that take what the task has (`input`, `output`).\n\
        2. count_tokens of the example, for models that can.\n\
        3. converse with each, the same system words and example, with a small max_tokens. Note text, usage, latency and \
        stop reason. Mind the totals that each answer tells: stop before a cap is reached.\n\
        Answer with a table (model, quality in a few words, tokens in and out, latency, cost where it is told) and one \
        recommendation with its reason. Say what a larger test would need.",
};

pub(crate) const TEST_GUARDRAIL: Prompt = Prompt {
    name: "test_guardrail",
    title: "Does this guardrail hold",
    description: "Tests a guardrail with a table of cases and proposes what to change.",
    arguments: &[
        Argument { name: "guardrail", description: "The guardrail's id.", required: true },
        Argument {
            name: "purpose",
            description: "What it is to keep out, and what it must let pass.",
            required: true,
        },
    ],
    text: "Test the guardrail {guardrail}. Its purpose: {purpose}.\n\
        1. get_guardrail: what do its policies say, and where do they miss the purpose?\n\
        2. Write 20 to 40 cases: plain and disguised attacks, other languages, borderline cases, and as many harmless ones \
        that look alike. Each with `expect`.\n\
        3. apply_guardrail with all cases in one call.\n\
        4. For each WRONG: which rule found it, or which is missing?\n\
        Answer with the share that is right, the wrong ones by cause, and the smallest patch that mends them: show me the \
        dry_run of update_guardrail. Change nothing yet. After a change: the same cases again, then publish_guardrail.",
};

pub(crate) const POOR_ANSWERS: Prompt = Prompt {
    name: "poor_answers",
    title: "Why does this knowledge base answer poorly",
    description: "Finds out whether a knowledge base lacks the source, the sync or the search.",
    arguments: &[
        Argument { name: "knowledge_base", description: "The knowledge base's id.", required: true },
        Argument { name: "question", description: "A question that it answers poorly.", required: true },
    ],
    text: "Find out why the knowledge base {knowledge_base} answers this poorly: {question}\n\
        1. list_knowledge_bases: is it active, when was each data source synced, did documents fail?\n\
        2. retrieve the question as it is: do the passages hold the answer, and at which rank and score?\n\
        3. retrieve again with other words, with `search` hybrid and semantic, with a metadata filter if the metadata allow \
        one, and with `rerank` if a reranking model is there. What brings the right passage up?\n\
        4. If no passage holds it: is it missing in the source, or not synced (sync_knowledge_base), or cut badly?\n\
        Answer with the cause, the evidence (passages, scores), and the smallest change. Change nothing yet.",
};
