//! Over pipes: what the agent asks the model, what it runs, what it prints.

use std::time::Duration;

use awsmcp_testing::{LocalAws, Response, Stub};
use serde_json::{Value, json};

use crate::running::{
    Agent, command, count, dynamodb, model, odd_server, orders, query, says, server, text, told, uses,
};

#[test]
fn a_question_is_answered_with_a_tool_of_a_server_that_it_starts() {
    let table = orders("agent-stdio");
    let stub =
        model([uses("I look.", [("t1", "query", query(&table))]), says("Ada ordered from Oslo and Bergen.")]);
    let ran = Agent::run(&stub, &["--server", &dynamodb(), "Where does Ada order from?"]);
    let said = ran.ok();
    let (asked, answered) = (said.find("→ query {").unwrap(), said.find("← query: ").unwrap());
    assert!(said.starts_with("I look.\n"), "{said}");
    assert!(asked < answered && said[answered..].contains("Oslo"), "{said}");
    assert!(said.ends_with("Ada ordered from Oslo and Bergen.\n"), "{said}");

    let requests = stub.of("Converse");
    assert_eq!(requests[0].path(), "/model/scripted-model/converse");
    let first = requests[0].json();
    assert_eq!(
        first["messages"],
        json!([{"role": "user", "content": [{"text": "Where does Ada order from?"}]}])
    );
    assert!(
        first["system"][0]["text"].as_str().unwrap().starts_with("The tools of `dynamodb`:\nRead and write")
    );
    let tools = first["toolConfig"]["tools"].as_array().unwrap();
    let tool = tools.iter().find(|tool| tool["toolSpec"]["name"] == "query").unwrap();
    assert!(tool["toolSpec"]["description"].as_str().unwrap().starts_with("Reads the items"), "{tool}");
    assert_eq!(tool["toolSpec"]["inputSchema"]["json"]["required"], json!(["table"]));
    assert!(tools.iter().all(|tool| tool["toolSpec"]["name"] != "delete_items"), "it is read-only");

    let results = told(&stub, 2);
    assert_eq!((&results[0]["toolUseId"], &results[0]["status"]), (&json!("t1"), &json!("success")));
    assert!(text(&results[0]).contains("Bergen"), "{}", results[0]);
    assert_eq!(stub.of("Query").len(), 1);
}

#[test]
fn the_model_hears_of_an_error_and_tries_again() {
    let table = orders("agent-error");
    let stub = model([
        uses("", [("t1", "query", query("agent-typo"))]),
        uses("", [("t2", "query", json!({"table": table, "sort": "up"}))]),
        uses("", [("t3", "no_such_tool", json!({}))]),
        uses("", [("t4", "query", query(&table))]),
        says("Oslo."),
    ]);
    let ran = Agent::run(&stub, &["--server", &dynamodb(), "Where?"]);
    assert!(ran.ok().contains("✗ query: "), "{}", ran.stdout);
    let failed = |nth| {
        let result = told(&stub, nth).remove(0);
        assert_eq!(result["status"], "error", "{result}");
        text(&result).to_owned()
    };
    assert!(failed(2).contains("ResourceNotFoundException"), "{}", failed(2));
    assert!(failed(3).contains("sort"), "{}", failed(3));
    assert!(
        failed(4).contains("there is no tool \"no_such_tool\"; there are describe_table"),
        "{}",
        failed(4)
    );
    assert_eq!(told(&stub, 5)[0]["status"], "success");
}

#[test]
fn the_calls_of_one_turn_run_at_once_and_are_answered_in_their_order() {
    let table = orders("agent-parallel");
    let answers = [
        uses(
            "",
            [
                ("t1", "query", query(&table)),
                ("t2", "scan", json!({"table": table})),
                ("t3", "echo", json!({})),
            ],
        ),
        says("Done."),
    ];
    let stub = Stub::before(LocalAws::shared(), move |request| match request.operation() {
        "Converse" => Response::output(answers[request.nth - 1].clone()),
        // Only two at once get here before either is answered.
        "Query" | "Scan" => Response::HandOn.late(Duration::from_millis(700)),
        _ => Response::HandOn,
    });
    let ran = Agent::run(&stub, &["--server", &dynamodb(), "--server", &odd_server(), "Both?"]);
    ran.ok();
    assert_eq!(stub.most_at_once(), 2);
    let results = told(&stub, 2);
    assert_eq!(
        results.iter().map(|it| it["toolUseId"].as_str().unwrap()).collect::<Vec<_>>(),
        ["t1", "t2", "t3"]
    );
    assert!(results.iter().all(|result| result["status"] == "success"), "{results:?}");
    assert_eq!(stub.of("Converse")[1].json()["messages"].as_array().unwrap().len(), 3);
}

#[test]
fn servers_with_tools_of_one_name_are_told_apart() {
    let stub =
        model([uses("", [("t1", "s3_whoami", json!({})), ("t2", "list_buckets", json!({}))]), says("You.")]);
    let ran = Agent::run(&stub, &["--server", &dynamodb(), "--server", &server("s3", ""), "Who am I?"]);
    ran.ok();
    let first = stub.of("Converse")[0].json();
    let tools = first["toolConfig"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["toolSpec"]["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"s3_whoami") && names.contains(&"dynamodb_whoami"), "{names:?}");
    assert!(names.contains(&"query") && !names.contains(&"whoami"), "{names:?}");
    assert_eq!(first["system"].as_array().unwrap().len(), 2);
    assert!(told(&stub, 2).iter().all(|result| result["status"] == "success"));
}

#[test]
fn what_bedrock_would_refuse_is_brought_into_its_form() {
    let tools = ["picture", "structured", "list", "long", "nothing"];
    let calls = tools.map(|tool| (tool, tool, json!({})));
    let stub = model([uses("", calls), says("Odd.")]);
    let ran = Agent::run(&stub, &["--server", &odd_server(), "--max-result", "100", "Odd?"]);
    assert!(ran.ok().contains("(an image, png)"), "{}", ran.stdout);

    let first = stub.of("Converse")[0].json();
    let specs = first["toolConfig"]["tools"].as_array().unwrap();
    let long =
        specs.iter().find(|tool| tool["toolSpec"]["name"].as_str().unwrap().starts_with("odd_name_xxx"));
    let long = &long.unwrap()["toolSpec"];
    assert_eq!(long["name"].as_str().unwrap().len(), 64);
    assert_eq!(
        long["inputSchema"]["json"],
        json!({"type": "object", "properties": {"a": {"type": "integer"}}})
    );

    let [picture, structured, list, long, nothing] = told(&stub, 2).try_into().unwrap();
    let blocks = picture["content"].as_array().unwrap();
    assert_eq!(blocks[0]["image"]["format"], "png");
    assert!(blocks[0]["image"]["source"]["bytes"].as_str().unwrap().starts_with("iVBORw0KGgo"), "{picture}");
    assert_eq!(blocks[1]["text"], "(image/bmp that cannot be shown)");
    assert_eq!(blocks[2]["text"], "k: s3://b/k");
    assert_eq!(structured["content"], json!([{"json": {"count": 3}}]));
    assert_eq!(list["content"], json!([{"text": "[1,2]"}]));
    assert_eq!(
        text(&long),
        format!("{}\n[cut off: 100 of 1000 characters; ask for less, or for the rest]", "ä".repeat(100))
    );
    assert!(long["content"][1]["text"].as_str().unwrap().contains("[cut off: 0 of 7"), "{long}");
    assert_eq!(text(&nothing), "(nothing)");
}

#[test]
fn a_server_that_dies_takes_only_its_tools_along() {
    let stub = model([
        uses("", [("t1", "die", json!({}))]),
        uses("", [("t2", "echo", json!({})), ("t3", "list_tables", json!({}))]),
        says("One is gone."),
    ]);
    let ran = Agent::run(&stub, &["--server", &odd_server(), "--server", &dynamodb(), "Still there?"]);
    ran.ok();
    let gone = "odd: the server is gone, and its tools with it";
    let died = told(&stub, 2);
    assert_eq!((&died[0]["status"], text(&died[0])), (&json!("error"), gone));
    let after = told(&stub, 3);
    assert_eq!((&after[0]["status"], text(&after[0])), (&json!("error"), gone));
    assert_eq!(after[1]["status"], "success");
}

#[test]
fn a_tool_that_takes_too_long_is_cancelled() {
    let answers = [uses("", [("t1", "list_tables", json!({}))]), says("Slow.")];
    let stub = Stub::before(LocalAws::shared(), move |request| match request.operation() {
        "Converse" => Response::output(answers[request.nth - 1].clone()),
        "ListTables" => Response::Never,
        _ => Response::HandOn,
    });
    let ran = Agent::run(&stub, &["--server", &dynamodb(), "--call-timeout", "1", "Tables?"]);
    ran.ok();
    let result = told(&stub, 2).remove(0);
    assert_eq!(text(&result), "list_tables took longer than 1 s and was cancelled");
    stub.wait("the request of the server ends", |stub| stub.hung_up() == 1);
}

#[test]
fn the_person_is_asked_before_something_is_destroyed() {
    for (typed, left, heard) in [("yes", 1, "success"), ("no", 2, "error"), ("", 2, "error")] {
        let table = orders(&format!("agent-confirm-{}", if typed.is_empty() { "empty" } else { typed }));
        let keys = json!({"table": table, "keys": [{"user": "ada", "order": "1"}]});
        let stub = model([uses("", [("t1", "delete_items", keys)]), says("Done.")]);
        let destroys = server("dynamodb", "--allow destroy");
        let mut agent = Agent::start(command(&stub, &["--server", &destroys, "Forget the first order."]));
        // Not an answer: it was there before the question.
        agent.types("yes");
        agent.waits_for("Type yes to agree: ");
        let asked = agent.stderr();
        assert!(asked.contains("dynamodb asks: delete_items: delete 1 item"), "{asked}");
        assert_eq!(count(&table), 2);
        agent.types(typed);
        agent.ended().ok();
        assert_eq!(count(&table), left, "{typed:?}");
        assert_eq!(told(&stub, 2)[0]["status"], heard, "{typed:?}");
    }
}

#[test]
fn nobody_at_the_terminal_agrees_to_nothing() {
    let table = orders("agent-nobody");
    let keys = json!({"table": table, "keys": [{"user": "ada", "order": "1"}]});
    let stub = model([uses("", [("t1", "delete_items", keys)]), says("Not done.")]);
    let ran = Agent::run(&stub, &["--server", &server("dynamodb", "--allow destroy"), "Forget it."]);
    ran.ok();
    assert_eq!((count(&table), &told(&stub, 2)[0]["status"]), (2, &json!("error")));
}

#[test]
fn a_confirmation_by_the_model_needs_the_persons() {
    for (typed, reached) in [("y", true), ("no", false)] {
        let stub = model([uses("", [("t1", "echo", json!({"confirm": "token"}))]), says("Done.")]);
        let mut agent = Agent::start(command(&stub, &["--server", &odd_server(), "Confirm it."]));
        agent.waits_for("odd asks: echo {\"confirm\":\"token\"}\nThe model confirms this. Do you?");
        agent.types(typed);
        agent.ended().ok();
        let result = told(&stub, 2).remove(0);
        assert_eq!(text(&result).contains("\"tool\": \"echo\""), reached, "{result}");
        assert_eq!(result["status"], if reached { "success" } else { "error" });
    }
}

#[test]
fn a_form_of_a_server_is_filled_by_the_person() {
    let stub = model([uses("", [("t1", "form", json!({}))]), says("Done.")]);
    let mut agent = Agent::start(command(&stub, &["--server", &odd_server(), "Make it."]));
    agent.waits_for("odd asks: Make it?\nType yes to agree: ");
    agent.types("yes");
    agent.waits_for("count, or nothing: ");
    agent.types("3");
    agent.waits_for("Name of the stack: ");
    agent.types("blue");
    agent.ended().ok();
    let answer: Value = serde_json::from_str(text(&told(&stub, 2)[0])).unwrap();
    assert_eq!(answer, json!({"action": "accept", "content": {"count": 3, "name": "blue", "sure": true}}));
}

#[test]
fn turns_are_bounded() {
    let stub = model(std::iter::repeat_n(uses("", [("t", "list_tables", json!({}))]), 3));
    let ran = Agent::run(&stub, &["--server", &dynamodb(), "--max-turns", "3", "Forever?"]);
    assert!(ran.failed().contains("no answer after 3 turns: raise --max-turns"), "{}", ran.stderr);
    assert_eq!(stub.of("Converse").len(), 3);
}

#[test]
fn why_there_is_no_answer_is_said() {
    let stopped = |reason: &str, content: Value| {
        let mut answer = says("");
        answer["stopReason"] = json!(reason);
        answer["output"]["message"]["content"] = content;
        answer
    };
    let ending = |answer: Value, options: &[&str]| {
        let stub = model([answer]);
        let odd = odd_server();
        let args = [&["--server", odd.as_str()], options, &["Well?"]].concat();
        let ran = Agent::run(&stub, &args);
        (ran.failed().to_owned(), ran.stdout, stub)
    };
    let call =
        json!([{"text": "I was about to"}, {"toolUse": {"toolUseId": "t", "name": "echo", "input": {}}}]);
    let (why, said, stub) = ending(stopped("max_tokens", call), &["--max-tokens", "77"]);
    assert!(why.contains("cut off after 77 tokens: raise --max-tokens"), "{why}");
    assert_eq!(said, "I was about to\n", "a call that may be cut off is not made");
    assert_eq!(stub.of("Converse")[0].json()["inferenceConfig"]["maxTokens"], 77);

    let blocked = json!([{"text": "I must not say."}]);
    let (why, said, stub) = ending(stopped("guardrail_intervened", blocked), &["--guardrail", "gr-1:DRAFT"]);
    assert!(why.contains("a guardrail ended the conversation") && said == "I must not say.\n", "{why}{said}");
    let guardrail = stub.of("Converse")[0].json()["guardrailConfig"].clone();
    assert_eq!(guardrail["guardrailIdentifier"], "gr-1");
    assert_eq!(guardrail["guardrailVersion"], "DRAFT");
    let full = stopped("model_context_window_exceeded", json!([{"text": "I"}]));
    assert!(ending(full, &[]).0.contains("lower --max-result"));

    let stub = Stub::start(|_| {
        Response::error(403, "AccessDeniedException", "not authorized to perform: bedrock:InvokeModel")
    });
    let ran = Agent::run(&stub, &["--server", &odd_server(), "Well?"]);
    let why = ran.failed();
    assert!(why.contains("Bedrock answers AccessDeniedException: not authorized to perform"), "{why}");
}

#[test]
fn a_conversation_goes_on_line_by_line() {
    let mut refused = says("");
    refused["stopReason"] = json!("content_filtered");
    let stub = model([says("Hello."), refused, says("As I said: hello.")]);
    let mut agent = Agent::start(command(&stub, &["--server", &odd_server()]));
    for line in ["Hello?", "", "Bad?", "Again?"] {
        agent.types(line);
    }
    let ran = agent.ended();
    assert!(ran.failed().contains("content filter") && ran.stderr.contains("1 questions have no answer"));
    assert_eq!(ran.stdout, "Hello.\n\nAs I said: hello.\n");
    let last = stub.of("Converse")[2].json();
    let texts: Vec<_> =
        last["messages"].as_array().unwrap().iter().map(|it| it["content"][0]["text"].clone()).collect();
    // What failed is forgotten, or Bedrock would refuse all that follows.
    assert_eq!(texts, ["Hello?", "Hello.", "Again?"]);
}

#[test]
fn ctrl_c_ends_the_servers_too() {
    let answers = [uses("", [("t1", "list_tables", json!({}))])];
    let stub = Stub::before(LocalAws::shared(), move |request| match request.operation() {
        "Converse" => Response::output(answers[request.nth - 1].clone()),
        "ListTables" => Response::Never,
        _ => Response::HandOn,
    });
    let agent =
        Agent::start(command(&stub, &["--server", &dynamodb(), "--server", &odd_server(), "Tables?"]));
    stub.wait("the server asks AWS", |stub| stub.of("ListTables").len() == 1);
    let servers = agent.children();
    assert_eq!(servers.len(), 2);
    agent.signal("INT");
    let ran = agent.ended();
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    for pid in servers {
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "server {pid} still runs");
    }
}

#[test]
fn what_cannot_start_says_why() {
    let stub = model([]);
    let refused = |args: &[&str]| Agent::run(&stub, args).failed().to_owned();
    let why = refused(&["--server", "db=/nowhere/awsmcp-dynamodb", "?"]);
    assert!(why.contains("cannot connect to the server db: cannot run /nowhere/awsmcp-dynamodb"), "{why}");
    let why = refused(&["--server", "db=http://127.0.0.1:9/mcp", "?"]);
    assert!(why.contains("cannot connect to the server db: "), "{why}");
    let why = refused(&["--server", "db=true", "--server", &dynamodb(), "?"]);
    assert!(why.contains("cannot connect to the server db: "), "{why}");
    let why = refused(&["--server", "awsmcp-s3", "?"]);
    assert!(why.contains("a server is NAME=COMMAND or NAME=URL"), "{why}");
    let why = refused(&["--server", "db=http://127.0.0.1:9/mcp", "--bearer", "db=NO_SUCH_TOKEN", "?"]);
    assert!(why.contains("the token for db in NO_SUCH_TOKEN"), "{why}");
    let why = refused(&["--server", &dynamodb(), "--server", &dynamodb(), "?"]);
    assert!(why.contains("two servers are named dynamodb"), "{why}");
    let why = refused(&["--server", &dynamodb(), "--iam", "dynamodb", "?"]);
    assert!(why.contains("dynamodb is a command"), "{why}");
    assert!(stub.of("Converse").is_empty());
}

#[test]
fn nothing_that_a_model_says_steers_the_terminal() {
    let stub = model([says("\u{1b}[2Jgone\u{202e}\n\tkept")]);
    let ran = Agent::run(&stub, &["--server", &odd_server(), "Well?"]);
    assert_eq!(ran.ok(), "[2Jgone\n\tkept\n");
}
