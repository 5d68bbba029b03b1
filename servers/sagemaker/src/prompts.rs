//! The runbooks people ask for, each naming the tools in order.

use awsmcp_mcp::{Argument, Prompt};

pub(crate) const FAILING_JOB: Prompt = Prompt {
    name: "failing_job",
    title: "Why did this job fail",
    description: "Finds out why a job failed, from its stages to the line of its log.",
    arguments: &[Argument { name: "job", description: "The job's name or ARN.", required: true }],
    text: "Find out why the SageMaker job {job} failed.\n\
        1. describe_job: the failure reason, in which stage it was, how long each took, machines and their use, inputs.\n\
        2. job_logs: the last lines. If they do not name the cause, job_logs with filter ?Error ?Traceback ?Killed, and \
        with from=first for what it was started with.\n\
        3. If it has several hosts: job_logs with `host` of the first that failed.\n\
        4. list_jobs with part of its name: did earlier ones succeed? describe_job of the last that did: what differs?\n\
        5. If it is a step of a pipeline: describe_execution.\n\
        Answer with the cause, the evidence (times, lines), and the smallest change that mends it: create_job with clone \
        and only what differs. Change nothing yet: show me the dry_run.",
};

pub(crate) const FAILING_ENDPOINT: Prompt = Prompt {
    name: "failing_endpoint",
    title: "What is wrong with this endpoint",
    description: "Finds out why an endpoint fails, is slow or is overloaded.",
    arguments: &[Argument { name: "endpoint", description: "The endpoint's name or ARN.", required: true }],
    text: "Find out what is wrong with the SageMaker endpoint {endpoint}.\n\
        1. describe_endpoint with log_lines 50: status, failure, errors and latency of each variant, use of its machines, \
        scaling.\n\
        2. describe_endpoint with since -1d and -7d: since when is it so? Did it begin with the last change?\n\
        3. Errors 5xx: the log tells what the container said. Errors 4xx: how is it called?\n\
        4. Slow or full machines: are there enough instances, does scaling follow, is the machine right for the model?\n\
        5. list_models with details: which image and data does it run?\n\
        Answer with the cause, the evidence, and the change: scale_endpoint, or deploy_model with another machine, model or \
        image. Change nothing yet: show me the dry_run.",
};

pub(crate) const CUT_COSTS: Prompt = Prompt {
    name: "cut_costs",
    title: "What can be switched off",
    description: "Finds what bills in SageMaker and is not needed.",
    arguments: &[],
    text: "Find what bills in SageMaker now and is not needed.\n\
        1. running_costs, of all allowed regions.\n\
        2. Each endpoint: describe_endpoint with since -14d. No invocations, or machines that idle?\n\
        3. Notebooks and apps: since when do they run? Those older than a day are rarely in use.\n\
        4. Jobs that run much longer than others of their name (list_jobs): describe_job, for idle machines.\n\
        5. Training without spot: describe_job of the last ten tells what spot would save.\n\
        Answer with a table (what, machines, instance hours so far, evidence, what to do), dearest first: delete_endpoint, \
        scale_endpoint, set_notebook, stop_job. Change nothing yet.",
};
