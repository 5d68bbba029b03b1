use std::{pin::Pin, task::Poll};

use rmcp::{
    ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ElicitRequestParams,
        Implementation, InitializeRequestParams, InitializeResult, ListToolsResult, PaginatedRequestParams,
        ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream,
        Lines as OutputLines,
    },
    time::{Instant, timeout},
};

use super::*;

/// As much as a pipe holds.
const PIPE: usize = 64 * 1024;

/// Long enough for a busy machine; reached only by a failure.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Default)]
struct Desk {
    cancelled: CancellationToken,
}

impl ServerHandler for Desk {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("desk", "1.2.3"))
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        sleep(Duration::from_millis(10)).await;
        context.peer.set_peer_info(request.clone());
        self.negotiate_initialize(&request)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::default())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let number = request
            .arguments
            .as_ref()
            .and_then(|arguments| arguments.get("number"))
            .and_then(Value::as_u64)
            .unwrap_or_default();
        let text = match request.name.as_ref() {
            "echo" => number.to_string(),
            "sleep" => {
                sleep(Duration::from_millis(number)).await;
                "slept".to_owned()
            }
            "wait" => {
                context.ct.cancelled().await;
                self.cancelled.cancel();
                "cancelled".to_owned()
            }
            "deaf" => std::future::pending().await,
            "panic" => panic!("on purpose"),
            "big" => "x".repeat(usize::try_from(number).unwrap()),
            "version" => context
                .protocol_version()
                .map_or_else(|| "none".to_owned(), |version| version.as_str().to_owned()),
            "ask" => {
                let question: ElicitRequestParams = serde_json::from_value(json!({
                    "mode": "form", "message": "sure?",
                    "requestedSchema": {"type": "object", "properties": {}},
                }))
                .unwrap();
                match context.peer.create_elicitation(question).await {
                    Ok(answer) => format!("{:?}", answer.action),
                    Err(error) => error.to_string(),
                }
            }
            _ => return Err(ErrorData::invalid_params("no such tool", None)),
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

struct Client {
    input: Option<DuplexStream>,
    output: OutputLines<BufReader<DuplexStream>>,
    server: JoinHandle<anyhow::Result<()>>,
    stop: CancellationToken,
    desk: Desk,
}

impl Client {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let (input, reader) = tokio::io::duplex(PIPE);
        let (writer, output) = tokio::io::duplex(PIPE);
        let (stop, desk) = (CancellationToken::new(), Desk::default());
        let server = serve(desk.clone(), reader, writer, limits, stop.clone());
        Self {
            input: Some(input),
            output: BufReader::new(output).lines(),
            server: tokio::spawn(server),
            stop,
            desk,
        }
    }

    async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let input = self.input.as_mut().unwrap();
        timeout(PATIENCE, input.write_all(bytes.as_ref())).await.unwrap().unwrap();
    }

    async fn send(&mut self, message: Value) {
        self.write(format!("{message}\n")).await;
    }

    async fn next(&mut self) -> Option<Value> {
        let line = timeout(PATIENCE, self.output.next_line()).await.unwrap().unwrap();
        line.map(|line| serde_json::from_str(&line).unwrap())
    }

    async fn ask(&mut self, message: Value) -> Value {
        self.send(message).await;
        self.next().await.unwrap()
    }

    /// The answer to some line, then to a ping: shows that the line did no harm.
    async fn survives(&mut self, line: impl AsRef<[u8]>) -> Value {
        self.write(line).await;
        self.write("\n").await;
        let answer = self.next().await.unwrap();
        self.is_well().await;
        answer
    }

    async fn is_well(&mut self) {
        let pong = self.ask(json!({"jsonrpc": "2.0", "id": "well?", "method": "ping"})).await;
        assert_eq!(pong, json!({"jsonrpc": "2.0", "id": "well?", "result": {}}));
    }

    /// What comes after the end of input, until the server has ended.
    async fn end(mut self) -> Vec<Value> {
        self.input = None;
        self.rest().await
    }

    async fn rest(mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Some(message) = self.next().await {
            rest.push(message);
        }
        timeout(PATIENCE, self.server).await.unwrap().unwrap().unwrap();
        rest
    }
}

fn call(id: impl Into<Value>, tool: &str, number: u64) -> Value {
    json!({
        "jsonrpc": "2.0", "id": id.into(), "method": "tools/call",
        "params": {"name": tool, "arguments": {"number": number}},
    })
}

fn initialize(id: u64, version: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "initialize", "params": {
        "protocolVersion": version,
        "capabilities": {"elicitation": {}},
        "clientInfo": {"name": "test", "version": "0"},
    }})
}

/// A request of a client that does no handshake.
fn modern(mut request: Value) -> Value {
    request["params"]["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    request
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

fn assert_refused(answer: &Value, id: impl Into<Option<Value>>, code: i64, reason: &str) {
    assert_eq!(answer.get("id").cloned(), id.into(), "{answer}");
    assert_eq!(answer["jsonrpc"], "2.0");
    assert_eq!(answer["error"]["code"], code, "{answer}");
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains(reason), "{message:?} lacks {reason:?}");
}

#[tokio::test]
async fn a_legacy_client_is_served() {
    let mut client = Client::new();
    let answer = client.ask(initialize(1, "2025-06-18")).await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(answer["result"]["serverInfo"]["name"], "desk");
    client.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    assert_eq!(text(&client.ask(call(2, "echo", 7)).await), "7");
    assert_eq!(text(&client.ask(call("three", "version", 0)).await), "2025-06-18");
    assert_eq!(client.end().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_modern_client_needs_no_handshake() {
    let mut client = Client::new();
    let answer = client.ask(modern(call(1, "version", 0))).await;
    assert_eq!(text(&answer), "2026-07-28");
    assert_eq!(answer["result"]["resultType"], "complete");
    assert_eq!(client.end().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_client_may_discover_and_then_initialize() {
    let mut client = Client::new();
    let discover = modern(json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover"}));
    let answer = client.ask(discover).await;
    let versions = answer["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")), "{answer}");
    let answer = client.ask(initialize(2, "2025-11-25")).await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    assert_eq!(text(&client.ask(call(3, "version", 0)).await), "2025-11-25");
}

#[tokio::test]
async fn what_follows_initialize_at_once_sees_its_outcome() {
    for _ in 0..5 {
        let mut client = Client::new();
        let lines = [initialize(1, "2025-06-18"), call(2, "version", 0)];
        client.write(lines.map(|line| format!("{line}\n")).concat()).await;
        assert_eq!(client.next().await.unwrap()["id"], 1);
        assert_eq!(text(&client.next().await.unwrap()), "2025-06-18");
    }
}

#[tokio::test]
async fn the_first_message_may_be_a_ping_a_notification_or_a_call() {
    Client::new().is_well().await;
    let mut client = Client::new();
    client.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    client.is_well().await;
    assert_eq!(text(&Client::new().ask(call(1, "version", 0)).await), "none");
}

#[tokio::test]
async fn lines_may_end_and_begin_in_odd_ways() {
    let mut client = Client::new();
    client.write("\n\r\n   \n\u{feff}\n").await;
    client.write("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\r\n").await;
    assert_eq!(client.next().await.unwrap()["id"], 1);
    client.is_well().await;
}

#[tokio::test]
async fn a_line_that_is_not_json_is_a_parse_error() {
    let mut client = Client::new();
    assert_refused(&client.survives("hello").await, None, -32700, "not JSON");
    assert_refused(&client.survives(r#"{"jsonrpc":"2.0","#).await, None, -32700, "not JSON");
    let deep = "[".repeat(100_000);
    assert_refused(&client.survives(deep).await, None, -32700, "recursion");
    let answer = client.survives(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xFF\"}").await;
    assert_refused(&answer, json!(1), -32700, "not UTF-8");
}

#[tokio::test]
async fn a_line_that_is_not_json_is_answered_with_its_id_where_that_can_be_read() {
    let mut client = Client::new();
    for (line, id) in [
        // Half of a surrogate pair, as a client writes it that cuts a text in the middle of an emoji.
        (r#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"\ud83d"}}"#, Some(json!(77))),
        (r#"{"method":"tools/call","params":{"name":"\udc00"},"jsonrpc":"2.0","id":"a"}"#, Some(json!("a"))),
        (r#"{"jsonrpc":"2.0","id":5,"method":"ping"} and more"#, Some(json!(5))),
        (r#"{"jsonrpc":"2.0","id":5,"method":"ping",}"#, Some(json!(5))),
        (r#"{"jsonrpc":"2.0","id":5,"params":{"id":6},"method":'ping'}"#, Some(json!(5))),
        (r#"{"jsonrpc":"2.0","params":{"id":6,"x":NaN},"method":"ping"}"#, None),
        (r#"{"jsonrpc":"2.0","id":1.5,"params":NaN}"#, None),
    ] {
        assert_refused(&client.survives(line).await, id, -32700, "not JSON");
    }
    // The answer to an id in flight is that of its request.
    client.send(call(9, "sleep", 300)).await;
    let answer = client.survives(r#"{"jsonrpc":"2.0","id":9,"method":oops}"#).await;
    assert_refused(&answer, None, -32700, "not JSON");
    assert_eq!(text(&client.next().await.unwrap()), "slept");
}

/// A message with one fault, at every place of it: each byte is taken out, doubled, or becomes one that means something to
/// JSON.
#[tokio::test]
async fn a_message_with_any_fault_is_answered_with_its_id_or_none_and_the_next_one_is_served() {
    let mut client = Client::with(Limits { drain: PATIENCE, ..Limits::default() });
    let good = r#"{"jsonrpc":"2.0","method":"ping","params":{"a":["\ud83d\ude00",1e3,{}]},"id":"it"}"#;
    for at in 0..good.len() {
        let (before, rest) = good.split_at(at);
        let (byte, after) = rest.split_at(1);
        let faults = [String::new(), byte.repeat(2)].into_iter();
        let faults = faults.chain(["\"", "\\", "{", "}", "]", ",", ":", "0", "\u{1}"].map(str::to_owned));
        for fault in faults {
            let line = format!("{before}{fault}{after}");
            let written: Value = serde_json::from_str(&line).unwrap_or_default();
            if written.is_object() && (written.get("id").is_none() || written.get("method").is_none()) {
                // It is a notification, or the answer to a question.
                client.send(written).await;
                if let Ok(Ok(Some(refused))) =
                    timeout(Duration::from_millis(20), client.output.next_line()).await
                {
                    assert!(refused.contains("-32600"), "{line}: {refused}");
                }
                client.is_well().await;
                continue;
            }
            let answer = client.survives(&line).await;
            let id = written.get("id").cloned().filter(Value::is_string);
            let ids = [None, Some(json!("it")), id.clone()];
            assert!(ids.contains(&answer.get("id").cloned()), "{line}: {answer}");
            assert!(id.is_none() || answer["id"] == written["id"], "{line}: {answer}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_json_fails_the_call_that_asked() {
    let mut client = Client::new();
    client.ask(initialize(1, "2025-06-18")).await;
    let question = client.ask(call(2, "ask", 0)).await;
    client
        .write(format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{\"action\":\"\\ud83d\"}}}}\n",
            question["id"]
        ))
        .await;
    let answer = client.next().await.unwrap();
    assert!(answer["id"] == 2 && text(&answer).contains("malformed"), "{answer}");
    client.is_well().await;
}

#[tokio::test]
async fn json_that_is_no_message_is_an_invalid_request() {
    let mut client = Client::new();
    for (line, id, reason) in [
        ("1", None, "JSON object"),
        ("null", None, "JSON object"),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, None, "batches are not supported"),
        ("{}", None, "jsonrpc"),
        (r#"{"id":1,"method":"ping"}"#, Some(json!(1)), "jsonrpc"),
        (r#"{"jsonrpc":"1.0","id":"a","method":"ping"}"#, Some(json!("a")), "jsonrpc"),
        (r#"{"jsonrpc":"2.0"}"#, None, "a request, a notification or a response"),
        (r#"{"jsonrpc":"2.0","id":5}"#, Some(json!(5)), "a request, a notification"),
        (r#"{"jsonrpc":"2.0","id":5,"method":7}"#, Some(json!(5)), "a request, a notification"),
        (r#"{"jsonrpc":"2.0","id":5,"method":"ping","result":{}}"#, None, "a request"),
        (r#"{"jsonrpc":"2.0","result":{}}"#, None, "a request"),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, None, "string or an integer"),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, None, "string or an integer"),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"ping"}"#, None, "string or an integer"),
    ] {
        assert_refused(&client.survives(line).await, id, -32600, reason);
    }
}

#[test]
fn numbers_of_a_call_are_exact() {
    let numbers = r#"{"a":[12345678901234567890123456789012345678,-0.1000000000000000000000000000000000001,1.50,18446744073709551616]}"#;
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t","arguments":{numbers}}}}}"#
    );
    let Some(Incoming::Message(message)) = message::parse(line.as_bytes()) else { panic!("no message") };
    let written = serde_json::to_value(&*message).unwrap();
    assert_eq!(written["params"]["arguments"].to_string(), numbers);
}

#[tokio::test]
async fn params_that_do_not_fit_are_named() {
    let mut client = Client::new();
    for (method, params, reason) in [
        ("tools/call", json!({}), "missing field `name`"),
        ("tools/call", json!({"name": 5}), "invalid type: integer `5`"),
        ("tools/call", json!({"name": "echo", "arguments": [1]}), "invalid type: sequence"),
        ("tools/call", json!({"name": "echo", "_meta": 1}), "invalid type: number"),
        ("tools/call", json!(["echo"]), "params is an object"),
        ("tools/call", Value::Null, "missing field `params`"),
        ("tools/list", json!({"cursor": 5}), "invalid type: number"),
        ("resources/read", json!({}), "missing field `uri`"),
        ("initialize", json!({}), "missing field"),
        ("no/such", json!("text"), "params is an object"),
    ] {
        let line = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let answer = client.survives(line.to_string()).await;
        assert_refused(&answer, json!(1), -32602, reason);
    }
    let answer = client.survives(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#).await;
    assert_refused(&answer, json!(1), -32602, "the params do not fit tools/call");
}

#[tokio::test]
async fn optional_params_may_be_absent_null_or_empty() {
    let mut client = Client::new();
    for params in ["", r#","params":null"#, r#","params":{}"#, r#","params":{"cursor":null}"#] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list"{params}}}"#);
        assert_eq!(client.survives(line).await["result"]["tools"], json!([]));
    }
}

#[tokio::test]
async fn an_unknown_method_is_not_found_and_an_unknown_notification_is_ignored() {
    let mut client = Client::new();
    let answer = client.survives(r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#).await;
    assert_refused(&answer, json!(1), -32601, "no/such");
    for notification in [
        json!({"jsonrpc": "2.0", "method": "$/setTrace", "params": {"value": "off"}}),
        json!({"jsonrpc": "2.0", "method": "notifications/no/such"}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": {}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": 5}),
    ] {
        client.send(notification).await;
    }
    client.is_well().await;
}

#[tokio::test]
async fn an_id_in_flight_is_refused_and_then_free_again() {
    let mut client = Client::new();
    client.send(call(1, "sleep", 500)).await;
    let answer = client.ask(call(1, "echo", 0)).await;
    assert_refused(&answer, json!(1), -32600, "id 1 is already in use by a request in flight");
    // The string "1" is another id.
    assert_eq!(client.ask(call("1", "echo", 3)).await["id"], json!("1"));
    assert_eq!(text(&client.next().await.unwrap()), "slept");
    assert_eq!(text(&client.ask(call(1, "echo", 4)).await), "4");
}

#[tokio::test]
async fn a_cancelled_call_is_not_answered_and_frees_its_id() {
    let mut client = Client::new();
    client.send(call(1, "wait", 0)).await;
    client.is_well().await;
    client
        .send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}))
        .await;
    timeout(PATIENCE, client.desk.cancelled.cancelled()).await.unwrap();
    client.is_well().await;
    assert_eq!(text(&client.ask(call(1, "echo", 5)).await), "5");
    assert_eq!(client.end().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_response_reaches_the_call_that_asked() {
    let mut client = Client::new();
    client.ask(initialize(1, "2025-06-18")).await;
    let question = client.ask(call(2, "ask", 0)).await;
    assert_eq!(question["method"], "elicitation/create");
    let answer =
        client.ask(json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept"}})).await;
    assert_eq!((text(&answer), &answer["id"]), ("Accept", &json!(2)));

    let question = client.ask(call(3, "ask", 0)).await;
    let error = json!({"code": -32000, "message": "no user"});
    let answer = client.ask(json!({"jsonrpc": "2.0", "id": question["id"], "error": error})).await;
    assert!(text(&answer).contains("no user"), "{answer}");

    let question = client.ask(call(4, "ask", 0)).await;
    let answer = client.ask(json!({"jsonrpc": "2.0", "id": question["id"], "error": "no"})).await;
    assert!(text(&answer).contains("malformed"), "{answer}");

    // A response to nothing, and an error that names no request.
    client.send(json!({"jsonrpc": "2.0", "id": 99, "result": {}})).await;
    client.send(json!({"jsonrpc": "2.0", "id": null, "error": error})).await;
    client.is_well().await;
}

#[tokio::test]
async fn a_call_that_panics_is_answered() {
    let mut client = Client::new();
    let answer = client.survives(call(1, "panic", 0).to_string()).await;
    assert_refused(&answer, json!(1), -32603, "a bug");
}

#[tokio::test]
async fn a_line_over_the_limit_is_refused_with_its_id() {
    let mut client = Client::new();
    let answer = client.survives(call(1, &"x".repeat(20 * 1024 * 1024), 0).to_string()).await;
    assert_refused(&answer, json!(1), -32600, "16777216 bytes");
}

#[tokio::test]
async fn the_id_of_a_line_over_the_limit_is_found_at_either_end() {
    let mut client = Client::with(Limits { max_line_bytes: 100, ..Limits::default() });
    let long = "x".repeat(200_000);
    // The head that is kept ends after "12".
    let half_a_number = format!(r#"{{"x":"{}","id":1234,"y":"{long}"}}"#, "x".repeat(4081));
    for (line, id) in [
        (format!(r#"{{"jsonrpc":"2.0","id":"a","method":"m","params":{{"x":"{long}"}}}}"#), Some(json!("a"))),
        (format!(r#"{{"method":"m","params":{{"x":"{long}"}},"jsonrpc":"2.0","id":7}}"#), Some(json!(7))),
        (format!(r#"{{"method":"m","params":{{"x":"{long}"}}, "id" : "b" }} "#), Some(json!("b"))),
        (format!(r#"{{"method":"m","params":{{"x":"{long}","id":7}}}}"#), None),
        (format!(r#"{{"method":"m","params":{{"id":7,"x":"{long}"}}}}"#), None),
        (format!(r#"{{"method":"m","params":["{long},\"id\":7}}"]}}"#), None),
        (format!(r#"{{"jsonrpc":"2.0","id":7,"result":"{long}"}}"#), None),
        (format!(r#"{{"result":"{long}","jsonrpc":"2.0","id":7}}"#), None),
        (format!(r#"{{"jsonrpc":"2.0","id":{}"#, "1".repeat(5000)), None),
        (half_a_number, None),
        (long.clone(), None),
    ] {
        assert_refused(&client.survives(line).await, id, -32600, "limit of 100 bytes");
    }
    let longest = format!("{:<100}", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    assert_eq!(client.survives(&longest).await["id"], 1);
    assert_refused(&client.survives(longest + " ").await, json!(1), -32600, "limit");
}

#[tokio::test]
async fn half_a_line_at_the_end_is_a_line() {
    let mut client = Client::new();
    client.write(call(1, "echo", 6).to_string()).await;
    let rest = client.end().await;
    assert_eq!(rest.iter().map(text).collect::<Vec<_>>(), ["6"]);

    let mut client = Client::new();
    client.write(r#"{"jsonrpc":"2.0","id":1,"meth"#).await;
    let rest = client.end().await;
    assert_eq!(rest.len(), 1);
    assert_refused(&rest[0], json!(1), -32700, "not JSON");
}

async fn all_are_answered_after_all_are_written() {
    const CALLS: u64 = 10_000;
    let mut client = Client::new();
    for id in 0..CALLS {
        client.send(call(id, "echo", id)).await;
    }
    let mut answers = client.end().await;
    answers.sort_by_key(|answer| answer["id"].as_u64());
    assert_eq!(answers.len() as u64, CALLS);
    for (id, answer) in answers.iter().enumerate() {
        assert_eq!(text(answer), id.to_string());
    }
}

#[tokio::test]
async fn ten_thousand_calls_are_answered_after_all_are_written() {
    all_are_answered_after_all_are_written().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_are_answered_on_several_threads() {
    all_are_answered_after_all_are_written().await;
}

#[tokio::test]
async fn a_flood_waits_while_too_many_answers_are_unread() {
    let unread = Arc::new(Unread::up_to(1000));
    let (incoming, mut received) = mpsc::channel(1);
    unread.add(1001);
    let line = b"not JSON\n".as_slice();
    let reading = tokio::spawn(bytes::read(line, 100, incoming, unread.clone()));
    assert!(timeout(Duration::from_millis(100), received.recv()).await.is_err());
    unread.remove(1);
    assert!(timeout(PATIENCE, received.recv()).await.unwrap().is_some());
    timeout(PATIENCE, reading).await.unwrap().unwrap();
}

#[tokio::test]
async fn big_answers_are_whole_lines() {
    let mut client = Client::new();
    for id in 0..8 {
        client.send(call(id, "big", 1_000_000)).await;
    }
    let answers = client.end().await;
    assert_eq!(answers.len(), 8);
    assert!(answers.iter().all(|answer| text(answer).len() == 1_000_000));
}

#[tokio::test]
async fn calls_in_flight_at_the_end_of_input_may_finish() {
    let mut client = Client::with(Limits { drain: PATIENCE, ..Limits::default() });
    client.send(call(1, "sleep", 300)).await;
    let (start, rest) = (Instant::now(), client.end().await);
    assert_eq!(rest.iter().map(text).collect::<Vec<_>>(), ["slept"]);
    assert!(start.elapsed() < PATIENCE / 2);
}

#[tokio::test]
async fn calls_that_do_not_finish_are_cancelled_after_the_drain() {
    let drain = Duration::from_millis(300);
    for tool in ["wait", "deaf"] {
        let mut client = Client::with(Limits { drain, ..Limits::default() });
        client.send(call(1, tool, 0)).await;
        client.send(call(2, "echo", 2)).await;
        let (start, rest) = (Instant::now(), client.end().await);
        let texts: Vec<_> = rest.iter().map(text).collect();
        let expected: &[_] = if tool == "wait" { &["2", "cancelled"] } else { &["2"] };
        assert_eq!(texts, expected);
        assert!(start.elapsed() >= drain);
        assert!(start.elapsed() < PATIENCE / 2);
    }
}

#[tokio::test]
async fn stop_cancels_what_is_in_flight() {
    let mut client = Client::with(Limits { drain: PATIENCE, ..Limits::default() });
    client.send(call(1, "wait", 0)).await;
    client.send(call(2, "deaf", 0)).await;
    client.is_well().await;
    let start = Instant::now();
    client.stop.cancel();
    let _held_open = client.input.take();
    let rest = client.rest().await;
    assert_eq!(rest.iter().map(text).collect::<Vec<_>>(), ["cancelled"]);
    assert!(start.elapsed() < PATIENCE / 2);
}

#[tokio::test]
async fn stop_does_not_wait_for_a_client_that_does_not_read() {
    let mut client = Client::with(Limits { drain: PATIENCE * 10, ..Limits::default() });
    client.send(call(1, "big", 1_000_000)).await;
    sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    client.stop.cancel();
    timeout(PATIENCE, client.server).await.unwrap().unwrap().unwrap();
    assert!(start.elapsed() < PATIENCE / 2);
}

#[tokio::test]
async fn the_end_waits_for_a_slow_reader_but_not_for_one_that_stopped() {
    let limits = Limits { drain: Duration::from_secs(2), ..Limits::default() };
    let mut client = Client::with(limits);
    client.send(call(1, "big", 1_000_000)).await;
    client.input = None;
    let mut output = client.output.into_inner();
    let (mut received, mut buffer) = (0, vec![0; PIPE]);
    while let read @ 1.. = output.read(&mut buffer).await.unwrap() {
        received += read;
        sleep(Duration::from_millis(150)).await;
    }
    assert!(received > 1_000_000);
    timeout(PATIENCE, client.server).await.unwrap().unwrap().unwrap();

    let mut client = Client::with(limits);
    client.send(call(1, "big", 1_000_000)).await;
    client.input = None;
    timeout(PATIENCE, client.server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_closed_output_ends_the_server() {
    let mut client = Client::with(Limits { drain: PATIENCE, ..Limits::default() });
    client.send(call(1, "wait", 0)).await;
    let line = format!("{}\n", call(2, "echo", 0));
    drop(client.output);
    client.input.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
    timeout(PATIENCE, client.server).await.unwrap().unwrap().unwrap();
    assert!(client.desk.cancelled.is_cancelled());
}

/// A file system that is full.
struct Full;

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut std::task::Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::StorageFull.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn an_output_that_fails_is_an_error() {
    let reader = io::Cursor::new(format!("{}\n", call(1, "echo", 0)));
    let stop = CancellationToken::new();
    let served = serve(Desk::default(), reader, Full, Limits::default(), stop);
    let error = timeout(PATIENCE, served).await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "cannot write answers");
}

#[tokio::test]
async fn an_empty_input_is_the_end() {
    assert_eq!(Client::new().end().await, [] as [Value; 0]);
}
