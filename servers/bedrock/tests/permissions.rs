//! Each tool needs the IAM actions that it declares, all of them and no other.
//!
//! A row makes what its calls need, as root, and then calls the tool so that every declared action is used. From the
//! rows follow the proofs: what is called is what is declared, the policy that `iam-policy` prints is enough, and
//! without any one of its actions the tool fails by name.
#![cfg(test)]

use awsmcp_bedrock::Bedrock;
use awsmcp_mcp::Server;
use awsmcp_testing::{Event, Exception, LocalAws, Permissions, Request, Response, Row, Run};
use serde_json::{Value, json};

fn permissions() -> Permissions {
    Permissions {
        binary: env!("CARGO_BIN_EXE_awsmcp-bedrock"),
        aws: LocalAws::shared_with_iam,
        manifest: awsmcp_bedrock::server().manifest(),
        actions: |operation| {
            let service = if matches!(operation, "GetObject" | "HeadObject") { "S3" } else { "Bedrock" };
            Server::<Bedrock>::actions(service, operation)
        },
        // Bedrock gives most of what it makes ids of its own.
        arns: |name| {
            vec!["arn:aws:bedrock:*:*:*".to_owned(), format!("arn:aws:s3:::{name}*"), ROLE.to_owned()]
        },
        rows: ROWS,
        exceptions: EXCEPTIONS,
    }
}

awsmcp_testing::permission_proofs!(permissions);

const ROLE: &str = "arn:aws:iam::123456789012:role/bedrock";
const MODEL: &str = "amazon.nova-lite-v1:0";
const STORED: &str = "arn:aws:bedrock:us-east-1:123456789012:prompt/AB12CD34EF:1";
const INSTRUCTION: &str = "You answer questions about orders, and cancel them where asked.";
/// ministack checks what is made, and models within other calls, on `*`.
const ANY: &[&str] = &["*"];

const ROWS: &[Row] = &[
    Row::new("whoami", |run| run.call(json!({}), "arn:aws:iam::123456789012:").map(drop)),
    Row::new("list_models", |run| run.call(json!({"name": "*nova-lite*"}), MODEL).map(drop)),
    Row::new("get_model", |run| {
        run.call(json!({"model": MODEL, "check_access": true}), "AUTHORIZED")?;
        run.call(json!({"model": "us.amazon.nova-lite-v1:0"}), "\"kind\":\"profile\"")?;
        let (custom, imported) = (custom(run), imported(run));
        run.call(json!({"model": custom}), "\"kind\":\"custom model\"")?;
        run.call(json!({"model": imported}), "\"kind\":\"imported model\"").map(drop)
    })
    .arns(ANY),
    Row::new("converse", |run| {
        let bucket = run.name("attached");
        run.aws().create_bucket(&bucket);
        run.aws().put_object(&bucket, "a.txt", &[], "hello");
        let object = format!("s3://{bucket}/a.txt");
        run.call(json!({"model": MODEL, "prompt": "x", "s3": [object]}), "end_turn")?;
        let turn = json!({"role": "user", "text": "x", "s3": [object]});
        run.call(json!({"model": MODEL, "messages": [turn]}), "end_turn")?;
        let looks = json!({"role": "assistant", "tool_use": [{"id": "t1", "name": "look", "input": {}}]});
        let seen = json!({"role": "user", "tool_results": [{"id": "t1", "s3": [object]}]});
        let tools = json!([{"name": "look", "schema": {"type": "object"}}]);
        run.call(json!({"model": MODEL, "messages": [looks, seen], "tools": tools}), "end_turn")?;
        let guardrail = guardrail(run);
        run.call(json!({"model": MODEL, "prompt": "x", "guardrail": guardrail}), "end_turn")?;
        run.call(json!({"model": MODEL, "prompt": "x", "system_tools": ["nova_grounding"]}), "end_turn")?;
        run.call(json!({"model": profile(run), "prompt": "x"}), "end_turn")?;
        run.call(json!({"model": STORED, "variables": {"who": "Ann"}}), "end_turn")?;
        run.call(json!({"model": MODEL, "prompt": "x", "whole": true}), "end_turn").map(drop)
    })
    .serves(stored_prompt),
    Row::new("count_tokens", |run| {
        run.call(json!({"model": MODEL, "prompt": "x"}), "\"input_tokens\":7").map(drop)
    })
    .serves(|request| match request.operation() {
        "CountTokens" => Some(Response::output(json!({"inputTokens": 7}))),
        _ => None,
    }),
    Row::new("embed", |run| {
        let call = json!({"model": "amazon.titan-embed-text-v2:0", "texts": ["x"]});
        run.call(call, "vector")?;
        run.call(json!({"model": profile(run), "texts": ["x"]}), "vector").map(drop)
    })
    .serves(profile_of_vectors),
    Row::new("invoke_model", |run| {
        let body = json!({"inputText": "x"});
        run.call(json!({"model": MODEL, "body": body}), "\"body\"")?;
        run.call(json!({"model": profile(run), "body": body}), "\"body\"")?;
        let guardrail = guardrail(run);
        run.call(json!({"model": MODEL, "body": body, "guardrail": guardrail}), "\"body\"").map(drop)
    }),
    Row::new("list_profiles", |run| run.call(json!({"system": true}), MODEL).map(drop)),
    Row::new("create_profile", |run| {
        let name = run.name("p");
        run.call(
            json!({"name": name, "model": MODEL, "tags": {"team": "a"}}),
            "application-inference-profile",
        )
        .map(drop)
    })
    .arns(ANY),
    Row::new("list_knowledge_bases", |run| {
        let (base, _) = base(run);
        run.call(json!({}), &base).map(drop)
    }),
    Row::new("retrieve", |run| {
        let (base, _) = base(run);
        run.call(json!({"knowledge_base": base, "question": "q"}), "rows")?;
        let guardrail = guardrail(run);
        run.call(json!({"knowledge_base": base, "question": "q", "guardrail": guardrail}), "rows")?;
        run.call(json!({"knowledge_base": base, "question": "q", "rerank": "amazon.rerank-v1:0"}), "rows")
            .map(drop)
    }),
    Row::new("retrieve_and_generate", |run| {
        let (base, _) = base(run);
        run.call(json!({"knowledge_base": base, "question": "q", "model": MODEL}), "text")?;
        let guardrail = guardrail(run);
        run.call(
            json!({"knowledge_base": base, "question": "q", "model": MODEL, "guardrail": guardrail}),
            "text",
        )
        .map(drop)
    }),
    Row::new("rerank", |run| {
        run.call(json!({"model": "amazon.rerank-v1:0", "question": "q", "texts": ["a"]}), "score").map(drop)
    }),
    Row::new("sync_knowledge_base", |run| {
        let (base, source) = base(run);
        run.call(json!({"knowledge_base": base, "data_source": source, "wait": true}), "COMPLETE").map(drop)
    }),
    Row::new("list_guardrails", |run| {
        let id = guardrail(run);
        run.call(json!({}), &id).map(drop)
    }),
    Row::new("get_guardrail", |run| {
        let id = guardrail(run);
        run.call(json!({"guardrail": id}), "zebra").map(drop)
    }),
    Row::new("apply_guardrail", |run| {
        let id = guardrail(run);
        run.call(json!({"guardrail": id, "cases": [{"text": "zebra"}]}), "blocked").map(drop)
    }),
    Row::new("check_texts", |run| {
        run.call(json!({"texts": [{"text": "x"}], "checks": ["attack"]}), "JAILBREAK").map(drop)
    })
    .serves(|request| match request.operation() {
        "InvokeGuardrailChecks" => Some(Response::output(json!({
            "results": {"promptAttack": {"results": [{"category": "JAILBREAK", "severityScore": 0.5}]}},
            "usage": {"promptAttack": {"textUnits": 1}}}))),
        _ => None,
    }),
    Row::new("create_guardrail", |run| {
        let name = unique(run, "made");
        run.call(json!({"name": name, "policies": policies(), "tags": {"team": "a"}}), "DRAFT").map(drop)
    }),
    Row::new("update_guardrail", |run| {
        let id = guardrail(run);
        let patch = json!({"wordPolicy": {"words": [{"text": "lion"}]}});
        run.call(json!({"guardrail": id, "patch": patch}), "DRAFT").map(drop)
    }),
    Row::new("publish_guardrail", |run| {
        let id = guardrail(run);
        run.call(json!({"guardrail": id}), "\"version\":\"1\"").map(drop)
    }),
    Row::new("delete_guardrail", |run| {
        let id = guardrail(run);
        run.call(json!({"guardrail": id}), "deleted").map(drop)
    }),
    Row::new("render_prompt", |run| {
        let id = prompt(run);
        run.call(json!({"prompt": id}), "Hello").map(drop)
    }),
    Row::new("list_prompts", |run| {
        let id = prompt(run);
        run.call(json!({}), &id).map(drop)
    }),
    Row::new("list_agents", |run| {
        let (agent, flow) = (agent(run), flow(run));
        run.call(json!({}), &agent)?;
        run.call(json!({"kind": "flow"}), &flow).map(drop)
    }),
    Row::new("invoke_inline_agent", |run| {
        let call = json!({"model": MODEL, "instruction": INSTRUCTION, "prompt": "x",
            "knowledge_bases": [{"id": "KB12345678", "description": "docs"}], "guardrail": "ab12cd34ef56"});
        run.call(call, "hello").map(drop)
    })
    .serves(|request| match request.operation() {
        "InvokeInlineAgent" => {
            let hello = json!({"bytes": "aGVsbG8="});
            let answer = Response::events(vec![Event::new("chunk", hello)]);
            let named = answer.with("x-amz-bedrock-agent-session-id", "s");
            Some(named.with("x-amzn-bedrock-agent-content-type", "text/plain"))
        }
        _ => None,
    }),
    Row::new("invoke_agent", |run| {
        let agent = agent(run);
        run.call(json!({"agent": agent, "prompt": "x"}), "text").map(drop)
    }),
    Row::new("invoke_flow", |run| {
        let flow = flow(run);
        run.call(json!({"flow": flow, "alias": "ALIAS12345", "input": "x"}), "SUCCESS").map(drop)
    }),
    Row::new("list_jobs", |run| {
        let job = job(run, "CreateModelInvocationJob");
        run.call(json!({"kind": "batch"}), &job)?;
        for kind in ["async", "customization", "import", "evaluation"] {
            run.call(json!({"kind": kind}), "row")?;
        }
        Ok(())
    })
    // No job of the local AWS fails, and why one did is asked for of those alone.
    .serves(failed_jobs),
    Row::new("start_job", |run| {
        let bucket = run.name("in");
        run.aws().create_bucket(&bucket);
        run.aws().put_object(&bucket, "in.jsonl", &[], "{}");
        let (input, output) = (format!("s3://{bucket}/in.jsonl"), format!("s3://{bucket}/out/"));
        let name = run.name("batch");
        run.call(
            json!({"model": MODEL, "input": input, "output": output, "name": name, "role": ROLE}),
            "model-invocation-job",
        )?;
        run.call(json!({"model": MODEL, "model_input": {}, "output": output}), "async-invoke").map(drop)
    })
    .arns(ANY),
    Row::new("stop_job", |run| {
        for operation in ["CreateModelInvocationJob", "CreateModelCustomizationJob", "CreateEvaluationJob"] {
            let job = job(run, operation);
            run.call(json!({"job": job}), "stopping")?;
        }
        Ok(())
    })
    .arns(ANY),
    Row::new("delete_artefact", |run| {
        let all = [custom(run), imported(run), job(run, "CreateEvaluationJob"), profile(run)];
        for artefact in all {
            run.call(json!({"artefact": artefact}), "\"deleted\"")?;
        }
        Ok(())
    })
    .arns(ANY),
];

/// A failed job of each kind whose list does not tell why.
fn failed_jobs(request: &Request) -> Option<Response> {
    let arn = |kind: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/ab12cd34ef56");
    let time = "2026-11-22T10:00:00Z";
    let model = format!("arn:aws:bedrock:us-east-1::foundation-model/{MODEL}");
    let (status, s3) = ("Failed", json!({"s3Uri": "s3://some-bucket/x"}));
    Some(Response::output(match request.operation() {
        "ListModelCustomizationJobs" => {
            json!({"modelCustomizationJobSummaries": [{"status": status, "jobName": "j",
            "jobArn": arn("model-customization-job"), "baseModelArn": model, "creationTime": time}]})
        }
        "ListModelImportJobs" => json!({"modelImportJobSummaries": [{"status": status, "jobName": "j",
            "jobArn": arn("model-import-job"), "creationTime": time}]}),
        "ListEvaluationJobs" => {
            json!({"jobSummaries": [{"status": status, "jobName": "j", "creationTime": time,
            "jobArn": arn("evaluation-job"), "jobType": "Automated", "evaluationTaskTypes": ["Summarization"]}]})
        }
        "GetModelCustomizationJob" => {
            json!({"jobArn": arn("model-customization-job"), "jobName": "j", "outputModelName": "m",
            "roleArn": ROLE, "creationTime": time, "baseModelArn": model, "status": status, "failureMessage": "why",
            "trainingDataConfig": s3, "validationDataConfig": {"validators": []}, "outputDataConfig": s3})
        }
        "GetModelImportJob" => json!({"status": status, "failureMessage": "why"}),
        "GetEvaluationJob" => {
            json!({"jobName": "j", "status": status, "jobArn": arn("evaluation-job"), "roleArn": ROLE,
            "jobType": "Automated", "creationTime": time, "failureMessages": ["why"], "outputDataConfig": s3,
            "evaluationConfig": {"human": {"datasetMetricConfigs": []}}, "inferenceConfig": {"models": []}})
        }
        _ => return None,
    }))
}

fn is_of_failed_jobs(request: &Request) -> bool {
    failed_jobs(request).is_some()
}

fn is_guarded(request: &Request) -> bool {
    let body = request.json();
    let asks = |name: &str| !body[name].is_null();
    match request.operation() {
        "InvokeModel" => request.header("x-amzn-bedrock-guardrailidentifier").is_some(),
        "RetrieveAndGenerate" => body.to_string().contains("guardrailId"),
        _ => asks("guardrailConfig") || asks("guardrailConfiguration"),
    }
}

fn is_reranked(request: &Request) -> bool {
    request.operation() == "Retrieve" && request.json().to_string().contains("rerankingConfiguration")
}

/// A prompt that can be called as a model: ministack knows prompts by their ids only.
fn stored_prompt(request: &Request) -> Option<Response> {
    match request.operation() {
        "GetPrompt" => {
            let template = json!({"text": {"text": "Greet {{who}}", "inputVariables": [{"name": "who"}]}});
            let variant = json!({"name": "main", "templateType": "TEXT", "modelId": MODEL,
                "templateConfiguration": template, "inferenceConfiguration": {"text": {"maxTokens": 50}}});
            Some(Response::output(json!({"id": "AB12CD34EF", "name": "p", "version": "1", "arn": STORED,
                "createdAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z",
                "defaultVariant": "main", "variants": [variant]})))
        }
        "ConverseStream" if !request.json()["promptVariables"].is_null() => Some(Response::events(vec![
            Event::new("messageStart", json!({"role": "assistant"})),
            Event::new("messageStop", json!({"stopReason": "end_turn"})),
            Event::new(
                "metadata",
                json!({"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}),
            ),
        ])),
        _ => None,
    }
}

fn is_inline(request: &Request) -> bool {
    request.operation() == "InvokeInlineAgent"
}

const EXCEPTIONS: &[Exception] = &[
    Exception::of(
        &["whoami"],
        "sts:GetCallerIdentity",
        "AWS answers it to everybody; it is asked for by the session",
    )
    .unmade()
    .unnoticed(),
    // What ministack does not check, and AWS does.
    Exception::of(
        &["converse", "invoke_model", "retrieve", "retrieve_and_generate"],
        "bedrock:ApplyGuardrail",
        "ministack does not check the guardrail within another call",
    )
    .unchecked(is_guarded),
    Exception::of(&["converse"], "bedrock:GetPrompt", "ministack knows prompts by their ids only")
        .unchecked(|request| request.operation() == "GetPrompt"),
    Exception::of(&["converse"], "bedrock:RenderPrompt", "ministack does not check the prompt of a call")
        .unchecked(|request| !request.json()["promptVariables"].is_null()),
    Exception::of(&["converse"], "bedrock:InvokeTool", "ministack does not check the tools that AWS runs")
        .unchecked(|request| String::from_utf8_lossy(&request.body).contains("systemTool")),
    Exception::of(
        &["converse", "invoke_model"],
        "bedrock:GetInferenceProfile",
        "without it a call goes on, with a note that the model behind the profile is not known",
    )
    .unnoticed(),
    Exception::of(
        &["embed"],
        "bedrock:GetInferenceProfile",
        "ministack does not tell the models of a profile",
    )
    .unchecked(|request| request.operation() == "GetInferenceProfile"),
    Exception::of(&["check_texts"], "bedrock:InvokeGuardrailChecks", "ministack does not check texts")
        .unchecked(|request| request.operation() == "InvokeGuardrailChecks"),
    Exception::of(&["invoke_inline_agent"], "bedrock:InvokeInlineAgent", "ministack has no inline agents")
        .unchecked(is_inline),
    Exception::of(&["invoke_inline_agent"], "bedrock:InvokeModel", "ministack has no inline agents")
        .unchecked(is_inline),
    Exception::of(&["invoke_inline_agent"], "bedrock:Retrieve", "ministack has no inline agents")
        .unchecked(is_inline),
    Exception::of(&["invoke_inline_agent"], "bedrock:ApplyGuardrail", "ministack has no inline agents")
        .unchecked(is_inline),
    Exception::of(&["retrieve"], "bedrock:Rerank", "ministack does not rerank what it retrieves")
        .unchecked(is_reranked),
    Exception::of(&["retrieve"], "bedrock:InvokeModel", "ministack does not rerank what it retrieves")
        .unchecked(is_reranked),
    Exception::of(&["rerank"], "bedrock:InvokeModel", "ministack does not check the model that reranks")
        .unchecked(|request| request.operation() == "Rerank"),
    Exception::of(
        &["retrieve_and_generate"],
        "bedrock:Retrieve",
        "ministack does not check what stands behind the answer",
    )
    .unchecked(|request| request.operation() == "RetrieveAndGenerate"),
    Exception::of(
        &["retrieve_and_generate"],
        "bedrock:InvokeModel",
        "ministack does not check what stands behind the answer",
    )
    .unchecked(|request| request.operation() == "RetrieveAndGenerate"),
    Exception::of(&["count_tokens"], "bedrock:CountTokens", "ministack does not count tokens")
        .unchecked(|request| request.operation() == "CountTokens"),
    Exception::of(
        &["create_guardrail", "create_profile"],
        "bedrock:TagResource",
        "ministack does not check tags of what is made",
    )
    .unchecked(|request| !request.json()["tags"].is_null()),
    Exception::of(
        &["list_jobs"],
        "bedrock:ListModelCustomizationJobs",
        "the local AWS has no failed job, so that the test serves one",
    )
    .unchecked(is_of_failed_jobs),
    Exception::of(
        &["list_jobs"],
        "bedrock:ListModelImportJobs",
        "the local AWS has no failed job, so that the test serves one",
    )
    .unchecked(is_of_failed_jobs),
    Exception::of(
        &["list_jobs"],
        "bedrock:ListEvaluationJobs",
        "the local AWS has no failed job, so that the test serves one",
    )
    .unchecked(is_of_failed_jobs),
    Exception::of(
        &["list_jobs"],
        "bedrock:GetModelCustomizationJob",
        "the local AWS has no failed job, so that the test serves one",
    )
    .unchecked(is_of_failed_jobs),
    Exception::of(
        &["list_jobs"],
        "bedrock:GetModelImportJob",
        "the local AWS has no failed job, so that the test serves one",
    )
    .unchecked(is_of_failed_jobs),
    Exception::of(
        &["list_jobs"],
        "bedrock:GetEvaluationJob",
        "the local AWS has no failed job, so that the test serves one",
    )
    .unchecked(is_of_failed_jobs),
    Exception::of(&["start_job"], "iam:PassRole", "ministack does not check that a role may be passed")
        .unchecked(|request| request.operation() == "CreateModelInvocationJob"),
];

fn policies() -> Value {
    json!({"wordPolicy": {"words": [{"text": "zebra"}]}})
}

/// A name that no run before has used: some things of Bedrock's have names that must be unique.
fn unique(run: &Run<'_>, what: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", run.name(what), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn guardrail(run: &Run<'_>) -> String {
    let input = json!({"name": unique(run, "g"), "blockedInputMessaging": "no", "blockedOutputsMessaging": "no",
        "wordPolicyConfig": {"wordsConfig": [{"text": "zebra"}]}});
    text(&run.aws().call("bedrock", "CreateGuardrail", input)["guardrailId"])
}

/// A knowledge base and its data source.
fn base(run: &Run<'_>) -> (String, String) {
    let (aws, bucket) = (run.aws(), run.name("docs"));
    aws.create_bucket(&bucket);
    aws.put_object(&bucket, "a.txt", &[], "q");
    let model = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0";
    let vector = json!({"type": "VECTOR", "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": model}});
    let input = json!({"name": unique(run, "kb"), "roleArn": ROLE, "knowledgeBaseConfiguration": vector});
    let base =
        text(&aws.call("bedrock-agent", "CreateKnowledgeBase", input)["knowledgeBase"]["knowledgeBaseId"]);
    let source = json!({"type": "S3", "s3Configuration": {"bucketArn": format!("arn:aws:s3:::{bucket}")}});
    let input = json!({"knowledgeBaseId": base, "name": "docs", "dataSourceConfiguration": source});
    let source = aws.call("bedrock-agent", "CreateDataSource", input);
    (base, text(&source["dataSource"]["dataSourceId"]))
}

fn prompt(run: &Run<'_>) -> String {
    let variants = json!([{"name": "main", "templateType": "TEXT", "templateConfiguration": {"text": {"text": "Hello"}}}]);
    let input = json!({"name": unique(run, "prompt"), "variants": variants});
    text(&run.aws().call("bedrock-agent", "CreatePrompt", input)["id"])
}

fn agent(run: &Run<'_>) -> String {
    let input =
        json!({"agentName": unique(run, "agent"), "agentResourceRoleArn": ROLE, "foundationModel": MODEL});
    text(&run.aws().call("bedrock-agent", "CreateAgent", input)["agent"]["agentId"])
}

fn flow(run: &Run<'_>) -> String {
    let input = json!({"name": unique(run, "flow"), "executionRoleArn": ROLE});
    text(&run.aws().call("bedrock-agent", "CreateFlow", input)["id"])
}

fn job(run: &Run<'_>, operation: &str) -> String {
    let (s3, name) = (json!({"s3Uri": "s3://some-bucket/x"}), unique(run, "job"));
    let input = match operation {
        "CreateModelInvocationJob" => json!({"jobName": name, "roleArn": ROLE, "modelId": MODEL,
            "inputDataConfig": {"s3InputDataConfig": s3}, "outputDataConfig": {"s3OutputDataConfig": s3}}),
        "CreateModelCustomizationJob" => json!({"jobName": name, "customModelName": name, "roleArn": ROLE,
            "baseModelIdentifier": MODEL, "trainingDataConfig": s3, "outputDataConfig": s3}),
        _ => json!({"jobName": name, "roleArn": ROLE, "outputDataConfig": s3,
            "evaluationConfig": {"human": {"datasetMetricConfigs": []}}, "inferenceConfig": {"models": []}}),
    };
    text(&run.aws().call("bedrock", operation, input)["jobArn"])
}

fn custom(run: &Run<'_>) -> String {
    let source = json!({"s3DataSource": {"s3Uri": "s3://some-bucket/x"}});
    let input = json!({"modelName": unique(run, "custom"), "modelSourceConfig": source, "roleArn": ROLE});
    text(&run.aws().call("bedrock", "CreateCustomModel", input)["modelArn"])
}

fn imported(run: &Run<'_>) -> String {
    let name = unique(run, "imported");
    let source = json!({"s3DataSource": {"s3Uri": "s3://some-bucket/x"}});
    let input =
        json!({"jobName": name, "importedModelName": name, "roleArn": ROLE, "modelDataSource": source});
    run.aws().call("bedrock", "CreateModelImportJob", input);
    format!("arn:aws:bedrock:us-east-1:123456789012:imported-model/{name}")
}

/// A profile of a model that makes vectors: ministack does not tell the models of a profile as AWS does.
fn profile_of_vectors(request: &Request) -> Option<Response> {
    let titan = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0";
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56";
    (request.operation() == "GetInferenceProfile").then(|| {
        Response::output(json!({"inferenceProfileName": "p", "inferenceProfileArn": arn,
            "inferenceProfileId": "ab12cd34ef56", "models": [{"modelArn": titan}], "status": "ACTIVE",
            "type": "APPLICATION"}))
    })
}

fn profile(run: &Run<'_>) -> String {
    let source = json!({"copyFrom": format!("arn:aws:bedrock:us-east-1::foundation-model/{MODEL}")});
    let input = json!({"inferenceProfileName": unique(run, "profile"), "modelSource": source});
    text(&run.aws().call("bedrock", "CreateInferenceProfile", input)["inferenceProfileArn"])
}
