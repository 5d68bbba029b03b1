//! Durable executions: which there are, and why one has not ended.

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::world::{LAMBDA, create};

/// Says, as the SDK of durable functions does, that its execution goes on later.
const WAITS: &str = "def handler(event, context):\n    return {'Status': 'PENDING'}\n";

const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:orders:3/durable-execution/order-7/0b1c2d";

#[test]
fn executions_are_listed_shown_and_told_where_a_failure_is_asked_for() {
    let aws = LocalAws::shared();
    create(
        aws,
        "durable-orders",
        WAITS,
        json!({"DurableConfig": {"Enabled": true, "ExecutionTimeout": 3600}}),
    );
    let mut server = LAMBDA.start();
    let card = server.call("get_function", json!({"function": "durable-orders"})).object();
    assert_eq!(card["durable"], "executions of up to 3600 s");
    let ran = server.call("invoke_function", json!({"function": "durable-orders", "payload": {"id": 7}}));
    let arn = ran.object()["execution"].as_str().unwrap().to_owned();
    let listed = server.call("list_executions", json!({"function": "durable-orders", "status": "running"}));
    listed.holds(&["\tRUNNING\t", &arn, "1 row"]);
    server
        .call("list_executions", json!({"function": "durable-orders", "status": "failed"}))
        .holds(&["0 rows"]);
    let shown = server.call("get_execution", json!({"execution": arn}));
    let card = shown.object();
    assert_eq!((&card["status"], &card["input"]), (&json!("RUNNING"), &json!({"id": 7})));
    assert_eq!(
        card["waits_for"],
        json!(["nothing that its history tells: its code runs, or is run again soon"])
    );
    assert!(card["events"][0].as_str().unwrap().ends_with("Z ExecutionStarted"), "{card}");
    let why = server.call("explain_failures", json!({"function": "durable-orders"}));
    why.holds(&["\"status\":\"RUNNING\"", "what an execution waits for, get_execution shows"]);
    assert_eq!(why.object()["executions"][0]["execution"], arn);
}

fn event(id: i64, kind: &str, more: Value) -> Value {
    let mut event = json!({"EventId": id, "EventType": kind, "EventTimestamp": 1_795_341_600 + id});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

#[test]
fn what_an_execution_waits_for_is_found_however_long_its_history() {
    let stub = Stub::start(|request| match request.operation() {
        "GetDurableExecution" => Response::output(json!({
            "DurableExecutionArn": ARN, "DurableExecutionName": "order-7", "Status": "RUNNING", "Version": "3",
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders:3",
            "StartTimestamp": 1_795_341_600, "InputPayload": "no json",
            "DurableConfig": {"ExecutionTimeout": 600},
        })),
        "GetDurableExecutionHistory" if request.target.contains("Marker=more") => {
            let steps =
                (3..40).map(|id| event(id, "StepSucceeded", json!({"Id": format!("s{id}"), "Name": "step"})));
            Response::output(json!({"Events": steps.collect::<Vec<_>>()}))
        }
        "GetDurableExecutionHistory" => Response::output(json!({"NextMarker": "more", "Events": [
            event(1, "ExecutionStarted", json!({})),
            event(2, "CallbackStarted", json!({"Id": "c1", "Name": "approval",
                "CallbackStartedDetails": {"CallbackId": "cb-1", "Timeout": 900}})),
        ]})),
        _ => Response::error(400, "InvalidParameterValueException", "not scripted"),
    });
    let mut server = LAMBDA.at(stub.env()).start();
    let shown = server.call("get_execution", json!({"execution": ARN}));
    shown.holds(&["its last 20 of 39 events are shown"]);
    let card = shown.object();
    assert_eq!(
        card["waits_for"],
        json!([
            "callback approval: somebody must answer cb-1, since 2026-11-22T10:00:02Z, for at most 900 s"
        ])
    );
    assert_eq!((&card["ends_by"], &card["input"]), (&json!("2026-11-22T10:10:00Z"), &json!("no json")));
    assert_eq!(card["events"].as_array().unwrap().len(), 20);
    server.call("get_execution", json!({"execution": "order-7"})).fails(&["list_executions shows them"]);
}

#[test]
fn how_an_execution_failed_is_shown_although_its_history_may_not_be_read() {
    let stub = Stub::start(|request| match request.operation() {
        "GetDurableExecution" => Response::output(json!({
            "DurableExecutionArn": ARN, "DurableExecutionName": "order-7", "Status": "FAILED",
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders:3",
            "StartTimestamp": 1_795_341_600, "EndTimestamp": 1_795_341_660,
            "Error": {"ErrorType": "CardError", "ErrorMessage": "declined", "StackTrace": ["at charge"]},
        })),
        _ => Response::denied("lambda:GetDurableExecutionHistory"),
    });
    let shown = LAMBDA.at(stub.env()).start().call("get_execution", json!({"execution": ARN}));
    shown.holds(&["the history (lambda:GetDurableExecutionHistory) could not be read"]);
    let card = shown.object();
    assert_eq!((&card["error_type"], &card["error"]), (&json!("CardError"), &json!("declined")));
    assert_eq!((&card["seconds"], &card["ended"]), (&json!(60), &json!("2026-11-22T10:01:00Z")));
    assert!(card.get("waits_for").is_none_or(|waits| *waits == json!([])), "{card}");
}
