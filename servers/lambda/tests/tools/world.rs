//! The server as its tests start it, and functions that really run in the local AWS.

use std::io::{Cursor, Write};

use awsmcp_testing::{LocalAws, Rig, rig};
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

/// With every tool, and every risk but `reveal`.
pub(crate) const LAMBDA: Rig =
    rig!("lambda").flags(&["--allow", "write,destroy,invoke", "--toolsets", "all"]);

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
