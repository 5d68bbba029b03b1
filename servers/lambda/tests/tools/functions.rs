//! Functions that really run, in the local AWS.

use std::io::{Cursor, Write};

use awsmcp_testing::{LocalAws, Server};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The role of every function here.
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/lambda-role";

/// Answers what it is given, and what its environment says.
pub(crate) const ECHO: &str = "import os\ndef handler(event, context):\n    print('got', event)\n    return {'echo': event, 'level': os.environ.get('LEVEL')}\n";
/// Fails.
pub(crate) const FAIL: &str = "def handler(event, context):\n    print('about to fail')\n    raise ValueError('no such order: %s' % event.get('id'))\n";
/// Takes as many seconds as it is told.
pub(crate) const SLEEP: &str =
    "import time\ndef handler(event, context):\n    time.sleep(event.get('seconds', 0))\n    return 'done'\n";

/// A server with every tool, and every risk but `reveal`.
pub(crate) fn server(args: &[&str]) -> Server {
    server_at(LocalAws::shared().env(), args)
}

/// As [`server`], elsewhere.
pub(crate) fn server_at(env: Vec<(String, String)>, args: &[&str]) -> Server {
    let all = ["--allow", "write,destroy,invoke", "--toolsets", "all"];
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_awsmcp-lambda"), all.iter().chain(args), env);
    server.initialize();
    server
}

/// A package of these files.
pub(crate) fn package(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in files {
        let options = SimpleFileOptions::default().unix_permissions(0o755);
        writer.start_file(*path, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Makes a function of Python.
#[track_caller]
pub(crate) fn create(aws: &LocalAws, name: &str, source: &str, more: Value) {
    let mut input = json!({
        "FunctionName": name,
        "Role": ROLE,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": BASE64_STANDARD.encode(package(&[("index.py", source)]))},
    });
    let fields = input.as_object_mut().unwrap();
    fields.extend(more.as_object().cloned().unwrap_or_default());
    aws.call("lambda", "CreateFunction", input);
}

/// Calls a tool, confirms its plan, and answers what it said at last.
#[track_caller]
pub(crate) fn confirmed(server: &mut Server, tool: &str, arguments: Value) -> String {
    server.confirmed(tool, arguments).ok().to_owned()
}
