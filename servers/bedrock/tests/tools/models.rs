//! Finding models and profiles.

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::world::{BEDROCK, MODEL};

#[test]
fn models_are_listed_by_ids_that_can_be_called() {
    let mut server = BEDROCK.start();
    let rows = server.call("list_models", json!({"provider": "Amazon", "output": "text"}));
    rows.holds(&[
        "id\tname\tprovider\tinput\toutput\tstreams\tareas",
        "amazon.nova-lite-v1:0\tNova Lite\tAmazon\ttext,image",
    ]);
    rows.holds(&["\ttrue\tapac,eu,us\n"]);
    rows.lacks(&["anthropic", "titan-embed"]);
    let rows = server.call("list_models", json!({"name": "*HAIKU*"}));
    assert_eq!(rows.ok().lines().filter(|line| line.contains("haiku")).count(), 2, "{}", rows.text);
    let embedding = server.call("list_models", json!({"output": "embedding"}));
    embedding.holds(&["amazon.titan-embed-text-v2:0", "\tfalse"]);
    server.call("list_models", json!({"streams_only": true})).ok();
    server.call("list_models", json!({"streams_only": true})).lacks(&["embed"]);
    server.call("list_models", json!({"name": "["})).fails(&["*sonnet*"]);
}

fn model(id: &str, types: &[&str], status: &str) -> Value {
    json!({"modelArn": format!("arn:aws:bedrock:us-east-1::foundation-model/{id}"), "modelId": id, "modelName": id,
        "providerName": "P", "inputModalities": ["TEXT"], "outputModalities": ["TEXT"], "responseStreamingSupported": true,
        "inferenceTypesSupported": types, "modelLifecycle": {"status": status}})
}

fn profile(id: &str, sort: &str, model: &str) -> Value {
    json!({"inferenceProfileName": "mine", "inferenceProfileId": id, "type": sort, "status": "ACTIVE",
        "inferenceProfileArn": format!("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{id}"),
        "models": [{"modelArn": format!("arn:aws:bedrock:us-west-2::foundation-model/{model}")}]})
}

/// A region with a model of each kind, and profiles on two pages.
fn region() -> Stub {
    Stub::start(|request| match request.operation() {
        // AWS answers INFERENCE_PROFILE, which its own model does not know.
        "ListFoundationModels" => {
            let models = json!({"modelSummaries": [
                model("p.direct-v1:0", &["ON_DEMAND"], "ACTIVE"),
                model("p.by-profile-v1:0", &["INFERENCE_PROFILE"], "ACTIVE"),
                model("p.old-v1:0", &["ON_DEMAND"], "LEGACY"),
                model("p.rented-v1:0", &["PROVISIONED"], "ACTIVE"),
            ]});
            Response::new(200, models.to_string()).with("content-type", "application/json")
        }
        "ListInferenceProfiles" => {
            Response::output(match (request.query("type"), request.query("nextToken")) {
                (Some("SYSTEM_DEFINED"), None) => json!({"nextToken": "2",
                "inferenceProfileSummaries": [profile("global.p.by-profile-v1:0", "SYSTEM_DEFINED", "p.by-profile-v1:0")]}),
                (Some("SYSTEM_DEFINED"), _) => json!({
                "inferenceProfileSummaries": [profile("us.p.by-profile-v1:0", "SYSTEM_DEFINED", "p.by-profile-v1:0")]}),
                _ => {
                    json!({"inferenceProfileSummaries": [profile("ab12", "APPLICATION", "p.by-profile-v1:0")]})
                }
            })
        }
        other => Response::error(400, "ValidationException", other),
    })
}

#[test]
fn models_are_joined_with_the_profiles_they_need() {
    let stub = region();
    let mut server = BEDROCK.at(stub.env()).start();
    let rows = server.call("list_models", json!({}));
    let ids: Vec<&str> = rows.ok().lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(
        ids[..4],
        [
            "id",
            "p.direct-v1:0",
            "us.p.by-profile-v1:0",
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12"
        ],
        "{}",
        rows.text
    );
    rows.holds(&["\ttrue\tglobal\t", "profile of us.p.by-profile-v1:0", "3 rows"]);
    let all = server.call("list_models", json!({"all": true}));
    all.holds(&["legacy", "needs provisioned throughput", "5 rows"]);
}

#[test]
fn a_page_of_models_goes_on_where_the_last_ended() {
    let stub = region();
    let mut server = BEDROCK.at(stub.env()).start();
    let first = server.call("list_models", json!({"limit": 2}));
    first.holds(&["2 of 3 rows, next: "]);
    let cursor = first.next().unwrap();
    let second = server.call("list_models", json!({"limit": 2, "cursor": cursor}));
    second.holds(&["application-inference-profile/ab12"]);
    second.lacks(&["p.direct"]);
}

#[test]
fn a_model_that_is_denied_says_which_permission() {
    let stub = Stub::start(|_| Response::denied("bedrock:ListFoundationModels"));
    let error = BEDROCK.at(stub.env()).start().call("list_models", json!({}));
    error.fails(&["bedrock:ListFoundationModels"]);
}

#[test]
fn one_model_is_shown_whole() {
    let mut server = BEDROCK.start();
    let shown = server.call("get_model", json!({"model": MODEL, "check_access": true})).object();
    assert_eq!((&shown["kind"], &shown["provider"]), (&json!("foundation model"), &json!("Amazon")));
    assert_eq!(shown["called_by"], json!(["ON_DEMAND"]));
    assert!(
        shown["profiles"].as_array().is_some_and(|ids| ids.contains(&json!("us.amazon.nova-lite-v1:0"))),
        "{shown}"
    );
    assert_eq!(shown["access"]["authorized"], "AUTHORIZED");
    let shown = server.call("get_model", json!({"model": "us.amazon.nova-lite-v1:0"})).object();
    assert_eq!((&shown["kind"], &shown["models"]), (&json!("profile"), &json!([MODEL])));
    let error = server.call("get_model", json!({"model": "amazon.nova-litle-v1:0"}));
    error.fails(&["amazon.nova-lite-v1:0"]);
}

#[test]
fn custom_and_imported_models_are_shown_too() {
    let arn = |kind: &str| format!("arn:aws:bedrock:us-east-1:123456789012:{kind}/m1");
    let stub = Stub::start(move |request| match request.operation() {
        "GetCustomModel" => Response::output(
            json!({"modelArn": arn("custom-model"), "modelName": "mine", "creationTime": "2026-11-22T10:00:00Z",
            "baseModelArn": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "modelStatus": "Active"}),
        ),
        "GetImportedModel" => {
            Response::output(json!({"modelArn": arn("imported-model"), "modelName": "brought",
            "modelArchitecture": "llama"}))
        }
        other => Response::error(400, "ValidationException", other),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call =
        json!({"model": "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0/m1"});
    let shown = server.call("get_model", call).object();
    assert_eq!((&shown["name"], &shown["models"]), (&json!("mine"), &json!([MODEL])));
    let call = json!({"model": "arn:aws:bedrock:us-east-1:123456789012:imported-model/m1"});
    assert_eq!(server.call("get_model", call).object()["architecture"], "llama");
}

#[test]
fn a_profile_of_ones_own_is_made_listed_and_deleted() {
    let mut server = BEDROCK.start();
    let call = json!({"name": "costs-of-a", "model": "us.amazon.nova-lite-v1:0", "tags": {"team": "a"}, "description": "a's"});
    let mut dry = call.clone();
    dry["dry_run"] = json!(true);
    server.call("create_profile", dry).holds(&["create inference profile costs-of-a of arn:aws:bedrock:"]);
    server.call("list_profiles", json!({})).ok();
    server.call("list_profiles", json!({})).lacks(&["costs-of-a"]);
    let made = server.call("create_profile", call.clone()).object();
    let arn = made["arn"].as_str().unwrap().to_owned();
    server.call("list_profiles", json!({})).holds(&["costs-of-a", &arn]);
    let mut again = call;
    again["dry_run"] = json!(true);
    server.call("create_profile", again).holds(&["has this name already"]);
    server.call("list_models", json!({"name": "costs-*"})).holds(&[&arn]);
    server.call("list_profiles", json!({"system": true})).holds(&["us.amazon.nova-lite-v1:0"]);
    let dry = server.plan("delete_artefact", json!({"artefact": arn}));
    dry.holds(&["delete inference profile costs-of-a"]);
    let elsewhere = arn.replace("us-east-1", "eu-west-1");
    // The call goes where the ARN says that the profile is, if that is allowed.
    let not_there = "it is in eu-west-1, which the operator did not allow";
    server.call("delete_artefact", json!({"artefact": elsewhere})).fails(&[not_there]);
    server.call("get_model", json!({"model": elsewhere})).fails(&[not_there]);
    assert_eq!(server.call("get_model", json!({"model": arn})).object()["name"], "costs-of-a");
    server.confirmed("delete_artefact", json!({"artefact": arn})).ok();
    server.call("list_profiles", json!({})).ok();
    server.call("list_profiles", json!({})).lacks(&["costs-of-a"]);
    server.call("delete_artefact", json!({"artefact": arn})).fails(&["ResourceNotFoundException"]);
    server.call("create_profile", json!({"name": "x", "model": "a b"})).fails(&["good ones are"]);
}

#[test]
fn profiles_come_page_by_page() {
    let stub = Stub::start(|request| {
        Response::output(match request.query("nextToken") {
            None => {
                json!({"nextToken": "2", "inferenceProfileSummaries": [profile("one", "APPLICATION", "p.a")]})
            }
            Some(_) => json!({"inferenceProfileSummaries": [profile("two", "APPLICATION", "p.a")]}),
        })
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let first = server.call("list_profiles", json!({"limit": 1}));
    let cursor = first.next().unwrap();
    server.call("list_profiles", json!({"limit": 1, "cursor": cursor})).holds(&["two", "us-west-2"]);
    assert_eq!(stub.of("ListInferenceProfiles")[0].query("maxResults"), Some("1"));
}

#[test]
fn an_allow_list_holds_models_by_id_and_profile() {
    let aws = LocalAws::shared();
    let args = ["--allow-arn", "arn:aws:bedrock:*::foundation-model/amazon.nova-lite*"];
    let mut server = BEDROCK.at(aws.env()).and(&args).start();
    server.call("converse", json!({"model": MODEL, "prompt": "x"})).ok();
    let other = server.call("converse", json!({"model": "amazon.nova-pro-v1:0", "prompt": "x"}));
    other.fails(&["outside what the operator allowed", "foundation-model/amazon.nova-pro-v1:0"]);
    let profile = server.call("converse", json!({"model": "us.amazon.nova-lite-v1:0", "prompt": "x"}));
    profile.fails(&["inference-profile/us.amazon.nova-lite-v1:0"]);
}

#[test]
fn lists_show_only_what_the_operator_allowed() {
    let stub = region();
    let foundation = "arn:aws:bedrock:us-east-1::foundation-model/p.by-*";
    let profile =
        |id: &str| format!("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{id}");
    let list =
        [foundation, &profile("global.*"), "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.*"]
            .join(",");
    let mut server = BEDROCK.at(stub.env()).and(&["--allow-arn", &list]).start();
    let rows = server.call("list_models", json!({"all": true}));
    rows.holds(&["global.p.by-profile-v1:0", "1 row"]);
    rows.lacks(&["us.p.by", "ab12", "p.direct", "p.old", "p.rented"]);
    let profiles = server.call("list_profiles", json!({}));
    profiles.holds(&["0 rows"]);
    let list = format!("{foundation},{}", profile("ab12"));
    let mut server = BEDROCK.at(stub.env()).and(&["--allow-arn", &list]).start();
    server.call("list_profiles", json!({})).holds(&[&profile("ab12")]);
    let rows = server.call("list_models", json!({"all": true}));
    rows.holds(&[&profile("ab12"), "needs an inference profile, and the operator allowed none"]);
    rows.lacks(&["us.p.by", "global.p.by"]);
}

#[test]
fn models_are_found_by_what_aws_cannot_choose_by() {
    let stub = Stub::start(|request| match request.operation() {
        "ListFoundationModels" => {
            let of = |id: &str, output: &str| {
                let mut model = model(id, &["ON_DEMAND"], "ACTIVE");
                model["outputModalities"] = json!([output]);
                model
            };
            let models = json!({"modelSummaries": [of("p.film-v1:0", "VIDEO"), of("p.talk-v1:0", "SPEECH"), of("p.text-v1:0", "TEXT")]});
            Response::new(200, models.to_string()).with("content-type", "application/json")
        }
        _ => Response::output(json!({"inferenceProfileSummaries": []})),
    });
    let mut server = BEDROCK.at(stub.env()).start();
    for (output, id) in [("video", "p.film-v1:0"), ("speech", "p.talk-v1:0")] {
        server.call("list_models", json!({"output": output})).holds(&[id, "1 row"]);
    }
    assert!(stub.of("ListFoundationModels").iter().all(|sent| sent.query("byOutputModality").is_none()));
}

#[test]
fn a_profile_takes_what_its_model_takes() {
    let mut server = BEDROCK.start();
    let shown = server.call("get_model", json!({"model": "us.amazon.nova-lite-v1:0"})).object();
    assert_eq!((&shown["provider"], &shown["streams"]), (&json!("Amazon"), &json!(true)));
    assert!(shown["input"].as_array().is_some_and(|input| input.contains(&json!("text"))), "{shown}");
}

#[test]
fn what_keeps_an_account_from_a_model_is_said() {
    for (authorized, entitled, region, agreement, next) in [
        ("NOT_AUTHORIZED", "AVAILABLE", "AVAILABLE", "AVAILABLE", "an administrator allows"),
        ("AUTHORIZED", "NOT_AVAILABLE", "AVAILABLE", "AVAILABLE", "asks for it in the console"),
        ("AUTHORIZED", "AVAILABLE", "NOT_AVAILABLE", "AVAILABLE", "this region does not have it"),
        ("AUTHORIZED", "AVAILABLE", "AVAILABLE", "PENDING", "its terms are not agreed to"),
    ] {
        let stub = Stub::before(LocalAws::shared(), move |request| match request.operation() {
            "GetFoundationModelAvailability" => {
                Response::output(json!({"modelId": MODEL, "authorizationStatus": authorized,
                "entitlementAvailability": entitled, "regionAvailability": region, "agreementAvailability": {"status": agreement}}))
            }
            _ => Response::HandOn,
        });
        let call = json!({"model": MODEL, "check_access": true});
        let access = BEDROCK.at(stub.env()).start().call("get_model", call).object()["access"].clone();
        assert!(access["next"].as_str().is_some_and(|text| text.contains(next)), "{access}");
    }
}

#[test]
fn texts_become_vectors_in_the_form_of_the_models_family() {
    let stub = Stub::start(|request| {
        if request.json()["inputText"] == "bad" {
            return Response::error(400, "ValidationException", "too long");
        }
        let body = match request.path().contains("cohere") {
            true => json!({"embeddings": {"float": [[0.5, 1.0], [0.25, 1.0]]}}),
            false => json!({"embedding": [0.5, 0.25]}),
        };
        Response::new(200, body.to_string())
            .with("content-type", "application/json")
            .with("x-amzn-bedrock-input-token-count", "2")
    });
    let mut server = BEDROCK.at(stub.env()).start();
    let call =
        json!({"model": "amazon.titan-embed-text-v2:0", "texts": ["a", "bad", "b"], "dimensions": 256});
    let rows = server.call("embed", call);
    rows.holds(&["0\t[0.5,0.25]", "too long", "1 of 3 have no vector", "so far 2 calls used 4 tokens in"]);
    let call = json!({"model": "us.cohere.embed-v4:0", "texts": ["a", "b"], "questions": true});
    server.call("embed", call).holds(&["0\t[0.5,1.0]", "1\t[0.25,1.0]"]);
    let sent = stub.of("InvokeModel").pop().unwrap().json();
    assert_eq!((&sent["texts"], &sent["input_type"]), (&json!(["a", "b"]), &json!("search_query")));
    server
        .call("embed", json!({"model": "p.some-v1:0", "texts": ["a"]}))
        .fails(&["invoke_model takes a body of any form"]);
    server
        .call("embed", json!({"model": "amazon.titan-embed-text-v2:0", "texts": ["bad"]}))
        .fails(&["too long"]);
    // Caps hold here as elsewhere.
    let mut capped = BEDROCK.at(stub.env()).and(&["--max-tokens-total", "10"]).start();
    let call = json!({"model": "amazon.titan-embed-text-v2:0", "texts": ["x".repeat(300)]});
    capped.call("embed", call).fails(&["--max-tokens-total"]);
}
