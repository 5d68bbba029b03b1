//! The file of a new tool.

use awsmcp_spec::Risk;

const SENTENCE: &str = "one sentence for the model, then when to use which tool instead.";
const FIELD: &str = "What to pass, and which tool returns it.";
const ANSWER: &str = "What it answers: the fields a person would read aloud.";
const ACTION: &str = "service:Action";
const SHOWN_BY: &str = "tool_that_shows_what_was_done";

/// What a person replaces. `cargo xtask tidy` finds what was left.
pub(crate) const PLACEHOLDERS: [&str; 5] = [SENTENCE, FIELD, ANSWER, ACTION, SHOWN_BY];

fn title(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

pub(super) fn tool(service: &str, name: &str, kind: &str, risk: Risk) -> String {
    let title = title(name);
    let constructor = if risk == Risk::Read && name.starts_with("list_") { "list" } else { risk.name() };
    let head = |traits: &str| {
        format!(
            "use awsmcp_mcp::{{{traits}}};
use schemars::JsonSchema;
use serde::{{Deserialize, Serialize}};

use crate::{service};

/// {title}: {SENTENCE}
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct {kind} {{
    /// {FIELD}
    name: String,
}}

/// {ANSWER}
#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {{
    name: String,
}}
"
        )
    };
    let shown_by =
        if risk.changes() { format!("\n        .shown_by(\"{SHOWN_BY}\")") } else { String::new() };
    let spec = format!(
        "const SPEC: Spec = Spec::{constructor}(\"{name}\", \"{title}\"){shown_by}
        .on(\"arn:{{partition}}:service:{{region}}:{{account}}:kind/{{name}}\", &[\"{ACTION}\"]);"
    );
    if risk.changes() {
        return format!(
            "{}
impl Change for {kind} {{
    type Service = {service};
    type Output = One<Row>;
    type Items = Row;
    {spec}

    async fn plan(&self, _: &Call<{service}>) -> Result<Plan<Row>> {{
        let seen = Row {{ name: self.name.clone() }};
        Ok(Plan::new(format!(\"change {{}}\", self.name)).items(seen))
    }}

    async fn apply(self, seen: Row, _: &Call<{service}>) -> Result<Self::Output> {{
        Ok(One(seen))
    }}
}}
",
            head("Call, Change, One, Plan, Result, Spec")
        );
    }
    let (output, answer) = match constructor {
        "list" => ("Page", "Ok(cx.page([Row { name: self.name }], None))"),
        _ => ("One", "Ok(One(Row { name: self.name }))"),
    };
    let cx = if constructor == "list" { "cx" } else { "_" };
    format!(
        "{}
impl Tool for {kind} {{
    type Service = {service};
    type Output = {output}<Row>;
    {spec}

    async fn call(self, {cx}: &Call<{service}>) -> Result<Self::Output> {{
        {answer}
    }}
}}
",
        head(&format!("Call, {output}, Result, Spec, Tool"))
    )
}
