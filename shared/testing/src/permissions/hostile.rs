//! The proof that no call reaches what the operator's list does not name, whatever text stands where a name is expected.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use awsmcp_spec::{NeedEntry, ToolEntry};
use serde_json::{Value, json};

use crate::fail::OrFail;
use crate::permissions::desk::{Desk, front};
use crate::permissions::row::Row;
use crate::permissions::{Permissions, applies};
use crate::{Request, Server, with};

/// Of these, each hostile text holds one; no call of a row does.
const MARKS: [&str; 4] = ["victim", "0bad0bad", "6661366613", "999999999999"];

impl Permissions {
    /// A list that allows exactly what a call of the row names, and then the same call with hostile texts in its names: no
    /// request is about anything else. Shown of the look at the arguments alone, and again of the look at the requests
    /// alone; the first must have stopped something of every row that names a resource.
    #[track_caller]
    pub fn no_hostile_identity_leaves(&self) {
        self.each_row(|row, tool| {
            let mut desk = Desk::open(self, row, tool, (self.aws)().env(), None);
            let (calls, ended) = desk.run(row);
            if let Err(stopped) = ended {
                return vec![format!("unrestricted, it fails: {}", stopped.text)];
            }
            let mut seen = BTreeSet::new();
            let mut wrong = Vec::new();
            for call in calls {
                let named = Named::of(tool, &call);
                if !named.fields.is_empty() && seen.insert(named.fields.clone()) {
                    wrong.extend(self.tries(row, tool, &call, &named));
                }
            }
            wrong
        });
    }

    #[track_caller]
    fn tries(&self, row: &Row, tool: &ToolEntry, call: &Value, named: &Named) -> Vec<String> {
        let (aws, directory) = ((self.aws)(), tempfile::tempdir().or_fail("no temporary directory"));
        let mut wrong: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for look in ["first", "second"] {
            let front = front(aws, row, None);
            let env = with(aws.env(), &[("AWS_ENDPOINT_URL", &front.endpoint())]);
            let mut flags = Permissions::flags_for(
                row,
                tool,
                named.arns.iter().map(|(_, arn)| arn.clone()),
                directory.path(),
            );
            flags.extend(["--timeout", "20", "--only-look", look].map(str::to_owned));
            let mut server = Server::spawn(self.binary, flags, env).patience(Duration::from_secs(60));
            server.initialize();
            let mut stopped = BTreeSet::new();
            for field in &named.fields {
                for text in hostile(field, call, named) {
                    let mut arguments = call.clone();
                    put(&mut arguments, field, &text);
                    let before = front.requests().len();
                    let answer = server.call(&tool.name, arguments);
                    let left = front.requests().split_off(before);
                    let left =
                        left.iter().find(|request| is_marked(request) && self.is_about(tool, request, field));
                    if answer.is_error
                        && ["outside what the operator allowed", "is not allowed", "did not allow"]
                            .iter()
                            .any(|words| answer.text.contains(words))
                    {
                        stopped.insert(field);
                    }
                    let why = match left {
                        _ if answer.text.contains("has a fault") => answer.text,
                        Some(left) => format!("{} left", left.operation()),
                        None => continue,
                    };
                    let kind = format!("{look} look alone, `{field}`: {why}");
                    let (count, _) = wrong.entry(kind).or_insert((0, text));
                    *count += 1;
                }
            }
            for field in named.fields.iter().filter(|field| look == "first" && !stopped.contains(field)) {
                wrong.insert(format!("the list stopped no text in `{field}`"), (1, call.to_string()));
            }
        }
        wrong
            .into_iter()
            .map(|(why, (count, text))| format!("{why} ({count} texts, such as {text:?})"))
            .collect()
    }

    /// Whether a request is judged by what stands in this field: its action is declared on an ARN with the field, or AWS
    /// needs an action of another service for it there, for which no request is made.
    fn is_about(&self, tool: &ToolEntry, request: &Request, field: &str) -> bool {
        let actions = self.actions_of(request.operation());
        let place = format!("{{{field}}}");
        tool.needs.iter().filter(|need| need.arn.contains(&place)).any(|need| {
            actions.iter().any(|action| *action == need.action)
                || (actions.iter().all(|action| service(action) != service(&need.action))
                    && self.exceptions(tool, &need.action).any(|exception| exception.unmade))
        })
    }
}

fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// Whether a hostile text, or part of one, stands in a request.
fn is_marked(request: &Request) -> bool {
    let headers = request.headers.iter().filter(|(name, _)| name != "authorization");
    let texts = headers.map(|(_, value)| value.as_bytes());
    let mut texts = texts.chain([request.target.as_bytes(), &request.body]);
    texts.any(|text| {
        let text = String::from_utf8_lossy(text).to_ascii_lowercase();
        MARKS.iter().any(|mark| text.contains(mark))
    })
}

/// What a call names, as the tool declares it.
struct Named {
    /// The fields of its input that name something, such as `bucket` and `keys.key`.
    fields: BTreeSet<String>,
    /// The ARNs of exactly that, each with its template.
    arns: Vec<(String, String)>,
    /// The declared templates behind them.
    templates: BTreeSet<String>,
}

impl Named {
    fn of(tool: &ToolEntry, call: &Value) -> Named {
        let mut named = Named { fields: BTreeSet::new(), arns: Vec::new(), templates: BTreeSet::new() };
        let needs = tool.needs.iter().filter(|need| need.arn != "*" && applies(need, call));
        for NeedEntry { arn, .. } in needs {
            let places = places(arn);
            // What only an answer names, and what this call leaves out, is not allowed here.
            if places.iter().any(|place| texts(call, place).is_empty()) || named.templates.contains(arn) {
                continue;
            }
            let mut arns = vec![filled(arn, "partition", "aws")];
            for (place, value) in [("region", "us-east-1"), ("account", "123456789012")] {
                arns = arns.iter().map(|arn| filled(arn, place, value)).collect();
            }
            for place in &places {
                let texts = texts(call, place);
                arns =
                    arns.iter().flat_map(|arn| texts.iter().map(|text| filled(arn, place, text))).collect();
            }
            named.templates.insert(arn.clone());
            named.arns.extend(arns.into_iter().map(|filled| (arn.clone(), filled)));
            named.fields.extend(places.into_iter().filter(|place| !is_choice(tool, place)));
        }
        let free: Vec<String> =
            named.fields.iter().filter(|field| named.leaves_open(field)).cloned().collect();
        named.fields.retain(|field| !free.contains(field));
        named
    }

    /// Whether another name of the call allows as a whole what this field picks a part of, such as a group all its streams.
    fn leaves_open(&self, field: &str) -> bool {
        let place = format!("{{{field}}}");
        let (with, without): (Vec<_>, Vec<_>) =
            self.arns.iter().partition(|(template, _)| template.contains(&place));
        let below = |own: &str| {
            let mut open = without.iter().filter_map(|(_, arn)| arn.strip_suffix('*'));
            open.any(|open| own.starts_with(open))
        };
        with.iter().all(|(_, arn)| below(arn))
    }
}

/// The input's fields in a template.
fn places(arn: &str) -> Vec<String> {
    let all = arn.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(place, _)| place);
    all.filter(|place| !["partition", "region", "account"].contains(place)).map(str::to_owned).collect()
}

/// An ARN in place of a name is the ARN that is meant.
fn filled(arn: &str, place: &str, text: &str) -> String {
    let marker = format!("{{{place}}}");
    match text.starts_with("arn:") && arn.contains(&marker) {
        true => format!("{text}{}", arn.split_once(&marker).map_or("", |(_, rest)| rest)),
        false => arn.replace(&marker, text),
    }
}

/// Whether the input takes one of a few words there.
fn is_choice(tool: &ToolEntry, field: &str) -> bool {
    let schema = &tool.input_schema;
    let first = field.split('.').next().unwrap_or(field);
    let property = schema.pointer(&format!("/properties/{first}")).map(Value::to_string).unwrap_or_default();
    let referred = schema.get("$defs").and_then(Value::as_object).into_iter().flatten();
    let mut texts = vec![property.clone()];
    texts.extend(
        referred
            .filter(|(name, _)| property.contains(&format!("#/$defs/{name}\"")))
            .map(|(_, schema)| schema.to_string()),
    );
    !field.contains('.') && texts.iter().any(|text| text.contains("\"enum\"") || text.contains("\"const\""))
}

/// The texts at `a.b` of a call; of lists, those of each element.
fn texts(value: &Value, path: &str) -> Vec<String> {
    match (value, path.split_once('.'), path) {
        (Value::Array(items), _, _) => items.iter().flat_map(|item| texts(item, path)).collect(),
        (Value::String(text), _, "") => vec![text.clone()],
        (Value::Number(number), _, "") => vec![number.to_string()],
        (Value::Object(fields), Some((first, rest)), _) => {
            fields.get(first).map(|value| texts(value, rest)).unwrap_or_default()
        }
        (Value::Object(fields), None, name) => {
            fields.get(name).map(|value| texts(value, "")).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// Puts a text at `a.b`; of lists, into the first element.
fn put(value: &mut Value, path: &str, text: &str) {
    match (value, path.split_once('.')) {
        (Value::Array(items), _) => {
            if let Some(first) = items.first_mut() {
                put(first, path, text);
            }
        }
        (Value::Object(fields), Some((first, rest))) => {
            if let Some(value) = fields.get_mut(first) {
                put(value, rest, text);
            }
        }
        (Value::Object(fields), None) if !path.is_empty() => {
            if let Some(value) = fields.get_mut(path) {
                put(value, "", text);
            }
        }
        (value, _) => {
            let number = text.parse::<u64>().ok().filter(|_| value.is_number());
            *value = number.map_or_else(|| json!(text), |number| json!(number));
        }
    }
}

/// Texts that name something else than the call does, or seem to name the same.
fn hostile(field: &str, call: &Value, named: &Named) -> Vec<String> {
    let Some(own) = texts(call, field).into_iter().next() else { return Vec::new() };
    let other = other(&own);
    let mut all: Vec<String> = [
        "{other}",
        " {other}",
        "{other} ",
        "{other}\n",
        "\t{other}",
        "{other}\0",
        "{own}:{other}",
        "{own}/{other}",
        "{own}/../{other}",
        "../{other}",
        "/{other}",
        "{own}%2F..%2F{other}",
        "%20{other}",
        "{own}?x={other}",
        "{own}#{other}",
        "{own},{other}",
        "{own}*{other}",
        "*{other}",
        "{own}\u{200b}{other}",
        "{own}\0{other}",
        "{own} {other}",
        "{own}\\{other}",
        "{own}\u{ff0f}{other}",
        "{own}\u{2044}{other}",
        "arn:aws:s3:::{other}",
        "arn:aws:kms:us-east-1:123456789012:key/{own}:s3:::{other}",
        "arn:aws:lambda:us-east-1:123456789012:function:{own}:{other}",
        "arn:aws:lambda:us-east-1:999999999999:function:{own}",
    ]
    .iter()
    .map(|form| form.replace("{own}", &own).replace("{other}", &other))
    .collect();
    all.push(other.to_uppercase());
    // The ARNs that the tool itself would make of it, here and in another account.
    for template in named.templates.iter().filter(|template| template.contains(&format!("{{{field}}}"))) {
        for (account, name) in
            [("123456789012", &other), ("999999999999", &own), ("123456789012/999999999999", &own)]
        {
            let mut arn = filled(&filled(template, "partition", "aws"), "region", "us-east-1");
            arn = filled(&filled(&arn, "account", account), field, name);
            for place in places(&arn) {
                arn = filled(&arn, &place, texts(call, &place).first().map_or("x", String::as_str));
            }
            all.push(arn.trim_end_matches([':', '*']).to_owned());
        }
    }
    // All that begins so is allowed, where a prefix is named.
    let open = format!("{{{field}}}*");
    if named.templates.iter().any(|template| template.contains(&open)) {
        all.retain(|text| !text.starts_with(&own));
    }
    all.retain(|text| MARKS.iter().any(|mark| text.to_ascii_lowercase().contains(mark)));
    all
}

/// Another name of the same shape.
fn other(own: &str) -> String {
    if own.starts_with("arn:") {
        let at = own.rfind(['/', ':']).map_or(0, |at| at + 1);
        let (before, last) = own.split_at(at);
        return format!("{before}{}", other(last));
    }
    let is_hex = |text: &str| text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_id = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if own.bytes().all(|byte| byte.is_ascii_digit()) {
        return "6661366613".to_owned();
    }
    let is_region = own.split('-').count() == 3 && own.ends_with(|last: char| last.is_ascii_digit());
    if is_region && own.len() < 16 {
        return "eu-victim-9".to_owned();
    }
    if own.len() == 36 && own.bytes().filter(|byte| *byte == b'-').count() == 4 {
        return "0bad0bad-0bad-0bad-0bad-0bad0bad0bad".to_owned();
    }
    if own.len() == 10 && is_id(own) {
        return "VICTIM0001".to_owned();
    }
    match own.rsplit_once(['-', '/', '.']) {
        Some((before, last)) if is_hex(last) => {
            format!("{before}-{}", "0bad0bad0bad0bad0".get(..last.len()).unwrap_or("0bad0bad0bad0bad0"))
        }
        Some((before, _)) if own.contains('/') => format!("{before}/victim"),
        Some((before, rest)) if own.contains(':') => format!(
            "victim{}.{rest}",
            before.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric())
        ),
        _ => "victim".to_owned(),
    }
}
