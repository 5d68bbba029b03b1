//! Knowledge bases: listed, synced, searched.

use awsmcp_testing::{LocalAws, Response, Stub, holds};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::world::{BEDROCK, MODEL};

/// A knowledge base with a data source over a bucket: their ids.
#[track_caller]
fn base(aws: &LocalAws, name: &str) -> (String, String) {
    let bucket = format!("kb-{name}");
    aws.create_bucket(&bucket);
    for (key, text, year) in [
        ("a.txt", "Passwords are reset on the account page", 2026),
        ("b.txt", "Passwords were reset by mail in the old days", 2019),
        ("c.txt", "Bread is baked at night", 2026),
    ] {
        aws.put_object(&bucket, key, &[], text);
        let metadata = json!({"metadataAttributes": {"year": year}}).to_string();
        aws.put_object(&bucket, &format!("{key}.metadata.json"), &[], metadata);
    }
    let vector = json!({"type": "VECTOR", "vectorKnowledgeBaseConfiguration":
        {"embeddingModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0"}});
    let made = aws.call(
        "bedrock-agent",
        "CreateKnowledgeBase",
        json!({"name": name, "roleArn": "arn:aws:iam::123456789012:role/kb", "knowledgeBaseConfiguration": vector}),
    );
    let id = made["knowledgeBase"]["knowledgeBaseId"].as_str().unwrap().to_owned();
    let source = json!({"type": "S3", "s3Configuration": {"bucketArn": format!("arn:aws:s3:::{bucket}")}});
    let made = aws.call(
        "bedrock-agent",
        "CreateDataSource",
        json!({"knowledgeBaseId": id, "name": "docs", "dataSourceConfiguration": source}),
    );
    (id, made["dataSource"]["dataSourceId"].as_str().unwrap().to_owned())
}

#[test]
fn a_base_is_synced_listed_and_searched() {
    let (id, source) = base(LocalAws::shared(), "whole");
    let mut server = BEDROCK.start();
    let call = json!({"knowledge_base": id, "data_source": source, "wait": true});
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    server.call("sync_knowledge_base", dry).holds(&["sync data source docs", "costs money"]);
    let listed = server.call("list_knowledge_bases", json!({}));
    listed.holds(&["whole", "\"sync\":\"never\""]);
    let done = server.call("sync_knowledge_base", call).object();
    assert_eq!(
        (&done["status"], &done["scanned"], &done["added"]),
        (&json!("COMPLETE"), &json!(3), &json!(3))
    );
    let listed = server.call("list_knowledge_bases", json!({}));
    listed.holds(&["\"sync\":\"complete\"", "\"scanned\":3"]);

    let found = server.call("retrieve", json!({"knowledge_base": id, "question": "how are passwords reset"}));
    found.holds(&["score\tsource\tmetadata\ttext\n", "s3://kb-whole/a.txt", "{\"year\":2026}"]);
    found.lacks(&["Bread"]);
    let filter = json!({"lessThan": {"key": "year", "value": 2020}});
    let call =
        json!({"knowledge_base": id, "question": "passwords reset", "filter": filter, "search": "hybrid"});
    let old = server.call("retrieve", call);
    old.holds(&["b.txt"]);
    old.lacks(&["a.txt"]);
}

#[test]
fn search_filter_rerank_guardrail_and_pages_reach_aws() {
    let stub = Stub::start(|request| {
        let passage = |text: &str| {
            json!({"content": {"text": text, "type": "TEXT"}, "score": 0.87654,
                "location": {"type": "WEB", "webLocation": {"url": "https://x.example/p"}},
                "metadata": {"year": 2026, "x-amz-bedrock-kb-source-uri": "hidden",
                    "x-amz-bedrock-kb-document-page-number": 4.0}})
        };
        Response::output(match request.json()["nextToken"].as_str() {
            None => {
                json!({"retrievalResults": [passage("first")], "nextToken": "more", "guardrailAction": "INTERVENED"})
            }
            Some(_) => json!({"retrievalResults": [passage("second")]}),
        })
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"knowledge_base": "AB12CD34EF", "question": "q", "search": "hybrid", "limit": 7,
        "filter": {"andAll": [{"equals": {"key": "team", "value": "a"}}, {"in": {"key": "year", "value": [2025, 2026]}}]},
        "rerank": "amazon.rerank-v1:0", "guardrail": "gr1", "guardrail_version": "2"});
    let first = server.call("retrieve", call.clone());
    first.holds(&[
        "0.8765\thttps://x.example/p\t{\"page\":4,\"year\":2026}\tfirst",
        "the guardrail intervened",
    ]);
    let cursor = first.next().unwrap();
    let mut next = call;
    next["cursor"] = json!(cursor);
    server.call("retrieve", next).holds(&["second"]);
    let sent = stub.of("Retrieve");
    let vector = &sent[0].json()["retrievalConfiguration"]["vectorSearchConfiguration"];
    assert_eq!(
        *vector,
        json!({"numberOfResults": 7, "overrideSearchType": "HYBRID",
            "filter": {"andAll": [{"equals": {"key": "team", "value": "a"}}, {"in": {"key": "year", "value": [2025, 2026]}}]},
            "rerankingConfiguration": {"type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": {
                "modelConfiguration": {"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.rerank-v1:0"},
                "numberOfRerankedResults": 7}}})
    );
    assert_eq!(
        sent[0].json()["guardrailConfiguration"],
        json!({"guardrailId": "gr1", "guardrailVersion": "2"})
    );
    assert_eq!(sent[1].json()["nextToken"], "more");
}

#[test]
fn found_images_are_shown_where_asked() {
    let image = BASE64_STANDARD.encode(b"\x89PNG\r\n\x1a\n");
    let stub = Stub::start(move |_| {
        Response::output(json!({"retrievalResults": [
            {"content": {"type": "IMAGE", "byteContent": format!("data:image/png;base64,{image}")},
                "location": {"type": "S3", "s3Location": {"uri": "s3://b/cat.png"}}},
            {"content": {"type": "ROW", "row": [{"columnName": "id", "columnValue": "7", "type": "LONG"}]}},
        ]}))
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let plain = server.call("retrieve", json!({"knowledge_base": "AB12", "question": "cats"}));
    plain.holds(&["<image/png, 8 B>", "id: 7", "`show_images`"]);
    let shown =
        server.call("retrieve", json!({"knowledge_base": "AB12", "question": "cats", "show_images": true}));
    shown.holds(&["s3://b/cat.png"]);
    assert!(shown.content.iter().any(|block| block["type"] == "image"), "{:?}", shown.content);
}

#[test]
fn a_search_that_cannot_be_made_says_why() {
    let mut server = BEDROCK.start();
    let mut refused = |more: Value, part: &str| {
        let mut call = json!({"knowledge_base": "AB12CD34EF", "question": "q"});
        call.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        server.call("retrieve", call).fails(&[part]);
    };
    refused(json!({}), "ResourceNotFoundException");
    refused(json!({"question": " "}), "`question` is empty");
    refused(json!({"filter": {"is": {"key": "a", "value": 1}}}), "equals, notEquals");
    refused(json!({"knowledge_base": "a/b"}), "list_knowledge_bases shows them");
    let sync = json!({"knowledge_base": "AB12CD34EF", "data_source": "XY12CD34EF"});
    server.call("sync_knowledge_base", sync).fails(&["ResourceNotFoundException"]);
    let stub = Stub::start(|_| {
        Response::error(400, "ValidationException", "HYBRID search is not supported for this index")
    });
    let call = json!({"knowledge_base": "AB12", "question": "q", "search": "hybrid"});
    BEDROCK.at(stub.env()).start().call("retrieve", call).fails(&["`search` semantic"]);
}

#[test]
fn bases_are_listed_page_by_page() {
    let stub = Stub::start(|request| {
        let base = |id: &str| json!({"knowledgeBaseId": id, "name": id, "status": "ACTIVE", "updatedAt": "2026-11-22T10:00:00Z"});
        Response::output(match request.operation() {
            "ListKnowledgeBases"
                if request.query("nextToken").is_none() && request.json()["nextToken"].is_null() =>
            {
                json!({"knowledgeBaseSummaries": [base("ONE")], "nextToken": "more"})
            }
            "ListKnowledgeBases" => json!({"knowledgeBaseSummaries": [base("TWO")]}),
            "ListDataSources" => {
                json!({"dataSourceSummaries": [{"knowledgeBaseId": "X", "dataSourceId": "DS", "name": "docs",
                "status": "AVAILABLE", "updatedAt": "2026-11-22T10:00:00Z"}]})
            }
            _ => {
                json!({"ingestionJobSummaries": [{"knowledgeBaseId": "X", "dataSourceId": "DS", "ingestionJobId": "J",
                "status": "FAILED", "startedAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T11:00:00Z",
                "statistics": {"numberOfDocumentsScanned": 9, "numberOfDocumentsFailed": 2}}]})
            }
        })
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let first = server.call("list_knowledge_bases", json!({"limit": 1}));
    first.holds(&[
            r#"[{"id":"DS","name":"docs","sync":"failed","synced":"2026-11-22T11:00:00Z","scanned":9,"failed":2}]"#,
        ]);
    let cursor = first.next().unwrap();
    server.call("list_knowledge_bases", json!({"limit": 1, "cursor": cursor})).holds(&["TWO"]);
    assert_eq!(
        stub.of("ListIngestionJobs")[0].json()["sortBy"],
        json!({"attribute": "STARTED_AT", "order": "DESCENDING"})
    );
}

#[test]
fn a_sync_that_fails_says_why_and_one_that_runs_is_waited_for() {
    let job = |status: &str| {
        json!({"ingestionJob": {"knowledgeBaseId": "AB12", "dataSourceId": "DS12", "ingestionJobId": "J1", "status": status,
            "startedAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z", "failureReasons": ["cannot read the bucket"],
            "statistics": {"numberOfDocumentsScanned": 5}}})
    };
    let stub = Stub::start(move |request| match (request.operation(), request.nth) {
        ("GetDataSource", _) => Response::output(
            json!({"dataSource": {"knowledgeBaseId": "AB12", "dataSourceId": "DS12", "name": "docs",
            "status": "AVAILABLE", "createdAt": "2026-11-22T10:00:00Z", "updatedAt": "2026-11-22T10:00:00Z",
            "dataSourceConfiguration": {"type": "S3", "s3Configuration": {"bucketArn": "arn:aws:s3:::b"}}}}),
        ),
        ("StartIngestionJob", _) => Response::output(job("STARTING")),
        ("GetIngestionJob", 1) => Response::output(job("IN_PROGRESS")),
        ("GetIngestionJob", _) => Response::output(job("FAILED")),
        _ => Response::output(json!({"ingestionJobSummaries": []})),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"name": "sync_knowledge_base", "_meta": {"progressToken": "p"},
        "arguments": {"knowledge_base": "AB12", "data_source": "DS12", "wait": true}});
    let id = server.send("tools/call", call);
    let told = server.wait_notification("notifications/progress");
    holds(&told.to_string(), &["STARTING, 5 scanned"]);
    let done = server.wait(id).unwrap().to_string();
    holds(&done, &["the sync failed: cannot read the bucket", "role"]);
}

#[test]
fn an_answer_is_written_from_the_base_with_its_sources() {
    let stub = Stub::start(|_| {
        Response::output(json!({
            "sessionId": "s-1",
            "output": {"text": "On the account page."},
            "citations": [{
                "generatedResponsePart": {"textResponsePart": {"text": "On the account page.", "span": {"start": 0, "end": 19}}},
                "retrievedReferences": [{"content": {"text": "Passwords are reset on the account page"},
                    "location": {"type": "S3", "s3Location": {"uri": "s3://b/a.txt"}}}]}]}))
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"knowledge_base": "AB12", "question": "how?", "model": MODEL, "passages": 3, "max_tokens": 100, "session": "s-0",
        "filter": {"equals": {"key": "year", "value": 2026}}, "guardrail": "gr1"});
    let said = server.call("retrieve_and_generate", call).object();
    assert_eq!(
        said,
        json!({"text": "On the account page.", "session": "s-1",
            "sources": [{"of": "0-19", "source": "s3://b/a.txt", "passage": "Passwords are reset on the account page"}]})
    );
    let sent = stub.of("RetrieveAndGenerate")[0].json();
    let base = &sent["retrieveAndGenerateConfiguration"]["knowledgeBaseConfiguration"];
    assert_eq!(base["modelArn"], format!("arn:aws:bedrock:us-east-1::foundation-model/{MODEL}"));
    assert_eq!(base["generationConfiguration"]["inferenceConfig"]["textInferenceConfig"]["maxTokens"], 100);
    assert_eq!(base["generationConfiguration"]["guardrailConfiguration"]["guardrailVersion"], "DRAFT");
    assert_eq!(base["retrievalConfiguration"]["vectorSearchConfiguration"]["numberOfResults"], 3);
    assert_eq!(sent["sessionId"], "s-0");
    let large = json!({"knowledge_base": "AB12", "question": "how?", "model": MODEL, "max_tokens": 5000});
    server.call("retrieve_and_generate", large).fails(&["--max-output-tokens"]);
    let stub = Stub::start(|_| Response::error(424, "DependencyFailedException", "The store is away"));
    let call = json!({"knowledge_base": "AB12", "question": "how?", "model": MODEL});
    let error = BEDROCK.at(stub.env()).start().call("retrieve_and_generate", call);
    error.fails(&["The store is away", "what stands behind it failed"]);
}

#[test]
fn the_local_aws_writes_an_answer() {
    let (id, _) = base(LocalAws::shared(), "written");
    let said = BEDROCK
        .start()
        .call("retrieve_and_generate", json!({"knowledge_base": id, "question": "how?", "model": MODEL}));
    assert!(said.object()["text"].as_str().is_some_and(|text| !text.is_empty()), "{}", said.text);
}

#[test]
fn texts_are_ordered_by_relevance() {
    let stub = Stub::start(|_| {
        Response::output(
            json!({"results": [{"index": 1, "relevanceScore": 0.91234}, {"index": 0, "relevanceScore": 0.1}]}),
        )
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call = json!({"model": "amazon.rerank-v1:0", "question": "which?", "texts": ["no", "yes"], "top": 9});
    let rows = server.call("rerank", call);
    rows.holds(&["index\tscore\ttext\n1\t0.9123\tyes\n0\t0.1\tno"]);
    let sent = stub.of("Rerank")[0].json();
    assert_eq!(sent["rerankingConfiguration"]["bedrockRerankingConfiguration"]["numberOfResults"], 2);
    assert_eq!(sent["sources"][1]["inlineDocumentSource"]["textDocument"]["text"], "yes");
    server
        .call("rerank", json!({"model": "amazon.rerank-v1:0", "question": "x", "texts": [" "]}))
        .fails(&["must say"]);
    let stub = Stub::start(|_| {
        Response::error(400, "ValidationException", "The provided model identifier is invalid.")
    });
    let error = BEDROCK
        .at(stub.env())
        .start()
        .call("rerank", json!({"model": "a.b", "question": "x", "texts": ["y"]}));
    error.fails(&["list_models"]);
}

#[test]
fn a_base_that_bedrock_manages_is_searched_in_its_own_form() {
    let stub = Stub::start(|request| {
        let asked = request.json();
        let form = match request.operation() {
            "Retrieve" => asked["retrievalConfiguration"].clone(),
            _ => asked["retrieveAndGenerateConfiguration"]["knowledgeBaseConfiguration"]["retrievalConfiguration"].clone(),
        };
        if !form["vectorSearchConfiguration"].is_null() {
            let message = "vectorSearchConfiguration is not supported for managed knowledge bases";
            return Response::error(400, "ValidationException", message);
        }
        match request.operation() {
            "Retrieve" => Response::output(
                json!({"retrievalResults": [{"content": {"text": "found", "type": "TEXT"}}]}),
            ),
            _ => Response::output(json!({"sessionId": "s", "output": {"text": "found"}})),
        }
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let filter = json!({"equals": {"key": "year", "value": 2026}});
    let call = json!({"knowledge_base": "KBMANAGED1", "question": "x", "limit": 7, "filter": filter, "search": "hybrid",
        "rerank": "amazon.rerank-v1:0"});
    let found = server.call("retrieve", call);
    found.holds(&["found", "chooses its search itself"]);
    assert_eq!(
        stub.of("Retrieve")[1].json()["retrievalConfiguration"],
        json!({"managedSearchConfiguration": {"numberOfResults": 7, "filter": filter, "rerankingModelType": "CUSTOM",
            "rerankingConfiguration": {"type": "BEDROCK_RERANKING_MODEL", "bedrockRerankingConfiguration": {
                "modelConfiguration": {"modelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.rerank-v1:0"},
                "numberOfRerankedResults": 7}}}})
    );
    let call = json!({"knowledge_base": "KBMANAGED1", "question": "x", "model": MODEL});
    server.call("retrieve_and_generate", call).holds(&["found"]);
    // An operator's list holds for the model that reranks there, too.
    let list = "arn:aws:bedrock:*:*:knowledge-base/KBMANAGED1,arn:aws:bedrock:*::foundation-model/cohere.*";
    let mut held = BEDROCK.at(stub.env()).and(&["--allow-arn", list]).start();
    let call = json!({"knowledge_base": "KBMANAGED1", "question": "x", "rerank": "amazon.rerank-v1:0"});
    held.call("retrieve", call).fails(&["foundation-model/amazon.rerank-v1:0 is outside"]);
}

#[test]
fn as_many_passages_are_asked_for_as_were_named() {
    let stub = Stub::start(|request| {
        let first = request.json()["nextToken"].is_null();
        let passage = json!({"content": {"text": "found", "type": "TEXT"}});
        Response::output(match first {
            true => json!({"retrievalResults": [passage], "nextToken": "more"}),
            false => json!({"retrievalResults": [passage]}),
        })
    });
    let mut server = BEDROCK.at(stub.env()).start();
    for (limit, count) in [(None, 10), (Some(50), 50), (Some(100), 100), (Some(200), 100)] {
        let before = stub.of("Retrieve").len();
        let mut call = json!({"knowledge_base": "AB12CD34EF", "question": "x"});
        if let Some(limit) = limit {
            call["limit"] = json!(limit);
        }
        let first = server.call("retrieve", call.clone());
        // The next page is of the same size.
        call["cursor"] = json!(first.next().unwrap());
        server.call("retrieve", call).holds(&["found"]);
        for sent in stub.of("Retrieve").iter().skip(before) {
            let vector = &sent.json()["retrievalConfiguration"]["vectorSearchConfiguration"];
            assert_eq!(vector["numberOfResults"], count, "{limit:?}");
        }
        if limit == Some(200) {
            first.holds(&["at most 100 passages at once"]);
        }
    }
}
