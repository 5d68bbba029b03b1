//! What calls touch, by templates and by ARNs.

use awsmcp_spec::{Environment, Pattern};
use serde_json::{Map, Value, json};

use super::{arns, touched};
use crate::model::{Kind, Member, Model, Operation, Shape};
use crate::services::ALL;

const HERE: Environment<'static> =
    Environment { partition: "aws", region: "eu-west-1", account: "111111111111" };

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("it is an object").clone()
}

fn of(template: &str, input: Value) -> Vec<String> {
    arns(template, &object(input), HERE)
}

fn operation(needs: Value) -> Operation {
    serde_json::from_value(json!({"method": "POST", "path": "/", "risk": "read", "needs": needs}))
        .expect("it is an operation")
}

fn call(needs: Value, input: Value) -> Vec<String> {
    let found = touched(&operation(needs), &object(input), HERE);
    found.into_iter().map(|(action, arn)| format!("{action} {arn}")).collect()
}

const TABLE: &str = "arn:{partition}:dynamodb:{region}:{account}:table/{TableName}";

#[test]
fn a_name_is_of_the_calls_own_account_and_an_arn_of_the_kind_stands_for_itself() {
    assert_eq!(of(TABLE, json!({"TableName": "t"})), ["arn:aws:dynamodb:eu-west-1:111111111111:table/t"]);
    assert_eq!(of(TABLE, json!({})), ["arn:aws:dynamodb:eu-west-1:111111111111:table/*"]);
    assert_eq!(of(TABLE, json!({"TableName": ""})), ["arn:aws:dynamodb:eu-west-1:111111111111:table/*"]);
    let other = "arn:aws:dynamodb:us-east-1:999999999999:table/t";
    assert_eq!(of(TABLE, json!({"TableName": other})), [other]);
    let index = format!("{TABLE}/index/{{IndexName}}");
    assert_eq!(of(&index, json!({"TableName": other, "IndexName": "i"})), [format!("{other}/index/i")]);
}

#[test]
fn what_might_be_read_as_anything_is_covered_by_nothing_but_everything() {
    let template = "arn:{partition}:kms:{region}:{account}:key/{KeyId}";
    for hostile in [
        "arn:aws:s3:::bucket",
        "arn:aws:kms:eu-west-1:111111111111:alias/a",
        "arn:aws:kms:eu-west-1:111111111111:key/",
        "999999999999:key/k",
        "arn:k",
        "arn:aws:kms:eu-west-1:999999999999:key/k ",
        ":",
    ] {
        let found = of(template, json!({"KeyId": hostile}));
        let wide: Pattern = "arn:aws:kms:*:*:*".parse().expect("it is a pattern");
        assert!(found.iter().all(|arn| !wide.covers(arn)), "{hostile}: {found:?}");
    }
    assert_eq!(of("{TopicArn}", json!({"TopicArn": "orders"})), ["arn:aws:?:?:?:?"]);
    assert_eq!(of("{TopicArn}", json!({})), ["*"]);
}

#[test]
fn a_name_may_have_a_version_behind_it() {
    let template = "arn:{partition}:ecs:{region}:{account}:task-definition/{taskDefinition}";
    let one = "arn:aws:ecs:eu-west-1:111111111111:task-definition/web:12";
    assert_eq!(of(template, json!({"taskDefinition": "web:12"})), [one]);
    assert_eq!(of(template, json!({"taskDefinition": one})), [one]);
    assert_eq!(of(template, json!({"taskDefinition": "999999999999:12"})), ["arn:aws:?:?:?:?"]);
}

#[test]
fn a_name_may_begin_with_its_kind() {
    let key = "arn:{partition}:kms:{region}:{account}:alias/{AliasName}";
    assert_eq!(
        of(key, json!({"AliasName": "alias/team/a"})),
        ["arn:aws:kms:eu-west-1:111111111111:alias/team/a"]
    );
    let parameter = "arn:{partition}:ssm:{region}:{account}:parameter/{Name}";
    let one = "arn:aws:ssm:eu-west-1:111111111111:parameter/team/a";
    assert_eq!(of(parameter, json!({"Name": "/team/a"})), [one]);
    assert_eq!(of(parameter, json!({"Name": "team/a"})), [one]);
}

#[test]
fn an_arn_says_what_aws_put_behind_a_name() {
    let stack = "arn:{partition}:cloudformation:{region}:{account}:stack/{StackName}/*";
    let one = "arn:aws:cloudformation:eu-west-1:999999999999:stack/s/1-2";
    assert_eq!(of(stack, json!({"StackName": one})), [one]);
    assert_eq!(
        of(stack, json!({"StackName": "s"})),
        ["arn:aws:cloudformation:eu-west-1:111111111111:stack/s/*"]
    );
    let secret = "arn:{partition}:secretsmanager:{region}:{account}:secret:{SecretId}-*";
    let one = "arn:aws:secretsmanager:eu-west-1:999999999999:secret:db-AbCdEf";
    assert_eq!(of(secret, json!({"SecretId": one})), [one]);
    assert_eq!(
        of(secret, json!({"SecretId": "db"})),
        ["arn:aws:secretsmanager:eu-west-1:111111111111:secret:db-*"]
    );
    let part = "arn:aws:secretsmanager:eu-west-1:999999999999:secret:db";
    assert_eq!(of(secret, json!({"SecretId": part})), [format!("{part}-*")]);
}

#[test]
fn an_arn_of_a_kind_with_a_gap_stands_for_itself() {
    let user = "arn:{partition}:chime:{region}:{account}:app-instance/*/user/{ChimeBearer}";
    let own = "arn:aws:chime:eu-west-1:999999999999:app-instance/i/user/u";
    assert_eq!(of(user, json!({"ChimeBearer": own})), [own]);
    assert_eq!(
        of(user, json!({"ChimeBearer": "arn:aws:chime:eu-west-1:1:app-instance/i/bot/u"})),
        ["arn:aws:?:?:?:?"]
    );
    let service = "arn:{partition}:ecs:{region}:{account}:service/{cluster}/{service}";
    let own = "arn:aws:ecs:eu-west-1:999999999999:service/c/s";
    assert_eq!(of(service, json!({"cluster": "c", "service": own})), [own]);
}

#[test]
fn the_url_of_a_queue_names_its_account() {
    let template = "arn:{partition}:sqs:{region}:{account}:{QueueUrl:url}";
    let read = |url: &str| of(template, json!({"QueueUrl": url}));
    assert_eq!(
        read("https://sqs.eu-west-1.amazonaws.com/999999999999/orders"),
        ["arn:aws:sqs:eu-west-1:999999999999:orders"]
    );
    assert_eq!(read("orders"), ["arn:aws:sqs:eu-west-1:111111111111:orders"]);
    for strange in [
        "https://host/999999999999/a/b",
        "https://host/orders",
        "https://host/1/a?b",
        "http://x/999999999999/",
    ] {
        assert_eq!(read(strange), ["arn:aws:?:?:?:?"], "{strange}");
    }
}

#[test]
fn keys_of_objects_are_any_text_and_buckets_are_none() {
    let template = "arn:{partition}:s3:::{Bucket}/{Key}";
    let read = |bucket: &str, key: &str| of(template, json!({"Bucket": bucket, "Key": key}));
    assert_eq!(read("b", "arn:aws:s3:::other/k"), ["arn:aws:s3:::b/arn:aws:s3:::other/k"]);
    assert_eq!(read("b:c", "k"), ["arn:aws:?:?:?:?"]);
    let point = "arn:aws:s3:eu-west-1:999999999999:accesspoint/p";
    assert_eq!(read(point, "k"), [format!("{point}/object/k")]);
    assert_eq!(of("arn:{partition}:s3:::{Bucket}", json!({"Bucket": point})), [point]);
    let copied = "arn:{partition}:s3:::{CopySource:copy}";
    assert_eq!(of(copied, json!({"CopySource": "/from/a%20b?versionId=1"})), ["arn:aws:s3:::from/a b"]);
    assert_eq!(of(copied, json!({"CopySource": format!("{point}/object/k")})), [format!("{point}/object/k")]);
    assert_eq!(of(copied, json!({"CopySource": "from"})), ["arn:aws:?:?:?:?"]);
    let deleted = "arn:{partition}:s3:::{Bucket}/{Delete.Objects.Key}";
    let input = json!({"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}, {"Key": "y"}]}});
    assert_eq!(of(deleted, input), ["arn:aws:s3:::b/x", "arn:aws:s3:::b/y"]);
}

#[test]
fn a_function_is_named_in_four_ways() {
    let template = "arn:{partition}:lambda:{region}:{account}:function:{FunctionName:function}";
    let read = |name: &str| of(template, json!({"FunctionName": name}));
    let (own, other) =
        ("arn:aws:lambda:eu-west-1:111111111111:function", "arn:aws:lambda:eu-west-1:999999999999:function");
    assert_eq!(read("f"), [format!("{own}:f")]);
    assert_eq!(read("f:prod"), [format!("{own}:f:prod")]);
    assert_eq!(read("999999999999:function:f"), [format!("{other}:f")]);
    assert_eq!(read(&format!("{other}:f:1")), [format!("{other}:f:1")]);
    assert_eq!(read("999999999999:f"), ["arn:aws:?:?:?:?"]);
}

#[test]
fn the_names_of_a_map_and_the_last_step_of_a_path_name() {
    let tables = "arn:{partition}:dynamodb:{region}:{account}:table/{RequestItems:keys}";
    let found =
        of(tables, json!({"RequestItems": {"a": {}, "arn:aws:dynamodb:eu-west-1:999999999999:table/b": {}}}));
    assert_eq!(
        found,
        [
            "arn:aws:dynamodb:eu-west-1:111111111111:table/a",
            "arn:aws:dynamodb:eu-west-1:999999999999:table/b"
        ]
    );
    let zone = "arn:{partition}:route53:::hostedzone/{Id:last}";
    assert_eq!(of(zone, json!({"Id": "/hostedzone/Z1"})), ["arn:aws:route53:::hostedzone/Z1"]);
}

#[test]
fn what_gives_nothing_is_about_everything() {
    let also = json!([{"action": "x:A", "also": ["arn:{partition}:x:{region}:{account}:{Name}"]},
                      {"action": "x:B", "also": ["arn:{partition}:x:{region}:{account}:{Other}"]}]);
    assert_eq!(call(also.clone(), json!({})), ["x:A *"]);
    assert_eq!(
        call(also, json!({"Name": "n", "Other": "o"})),
        ["x:A arn:aws:x:eu-west-1:111111111111:n", "x:B arn:aws:x:eu-west-1:111111111111:o",]
    );
    assert_eq!(call(json!([]), json!({"Name": "n"})), Vec::<String>::new());
}

#[test]
fn what_takes_no_action_and_does_more_than_look_is_about_everything() {
    let mut free = operation(json!([]));
    assert_eq!(touched(&free, &object(json!({"Name": "n"})), HERE), []);
    free.risk = awsmcp_spec::Risk::Write;
    assert_eq!(touched(&free, &object(json!({"Name": "n"})), HERE), [("*".to_owned(), "*".to_owned())]);
}

#[test]
fn every_arn_is_touched_and_a_role_is_handed_on() {
    let needs = json!([{"action": "x:Make", "on": ["arn:{partition}:x:{region}:{account}:{Name}"]}]);
    let role = "arn:aws:iam::999999999999:role/admin";
    let topic = "arn:aws:sns:eu-west-1:999999999999:t";
    let input = json!({"Name": "n", "Deep": [{"ExecutionRoleArn": role, "By": {topic: "x"}}],
                       "Policy": format!("{{\"Resource\": \"{topic}2\"}}")});
    assert_eq!(
        call(needs, input),
        [
            format!("iam:PassRole {role}"),
            format!("x:Make {topic}"),
            "x:Make arn:aws:x:eu-west-1:111111111111:n".to_owned(),
        ]
    );
}

/// An input with every member given, a name of its own each; ARNs where the member is called like one.
fn full(model: &Model, shape: &Shape, path: &str, depth: usize) -> Map<String, Value> {
    let of = |(name, member): (&str, &Member)| {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        (name.to_owned(), filled(model, member, &path, depth))
    };
    shape.members.iter().map(of).collect()
}

fn filled(model: &Model, member: &Member, path: &str, depth: usize) -> Value {
    let shape = model.shape(&member.shape).expect("there is the shape");
    match (shape.kind, &shape.member, &shape.value) {
        _ if depth > 4 => Value::Null,
        (Kind::Structure, ..) => Value::Object(full(model, shape, path, depth + 1)),
        (Kind::List, Some(part), _) => json!([filled(model, part, path, depth + 1)]),
        (Kind::Map, _, Some(part)) => json!({(name_of(path)): filled(model, part, path, depth + 1)}),
        (Kind::String, ..) if path.to_lowercase().ends_with("arn") => json!(arn_of(path)),
        (Kind::String, ..) => json!(name_of(path)),
        _ => Value::Null,
    }
}

fn name_of(path: &str) -> String {
    format!("foreign-{}", path.replace('.', "-"))
}

fn arn_of(path: &str) -> String {
    format!("arn:aws:x:eu-west-1:999999999999:{}", name_of(path))
}

/// The members that a template names, each with its path and its reader.
fn places(template: &str) -> Vec<(String, String)> {
    let open = template.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    let named = open.filter(|name| !["partition", "region", "account"].contains(name));
    named
        .map(|name| name.split_once(':').unwrap_or((name, "")))
        .map(|(path, how)| (path.into(), how.into()))
        .collect()
}

/// Whether the input's shape has the member, and whether a text or texts are in it.
fn has(model: &Model, shape: &str, path: &str, reader: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(member) = model.shape(shape).and_then(|shape| shape.members.get(first)) else { return false };
    let mut of = member.shape.as_str();
    if let Some(part) = model.shape(of).and_then(|shape| shape.member.as_ref()) {
        of = &part.shape;
    }
    match (rest, model.shape(of).map(|shape| shape.kind)) {
        (Some(rest), _) => has(model, of, rest, reader),
        (None, Some(Kind::Map)) => reader == "keys",
        (None, Some(Kind::String)) => reader != "keys",
        _ => false,
    }
}

#[test]
fn every_template_of_every_operation_names_members_and_every_foreign_name_is_seen() {
    let mut wrong = Vec::new();
    for service in ALL {
        let model = service.model().expect("it is read");
        for (name, operation) in &model.operations {
            let shape = operation.input.as_deref().unwrap_or_default();
            let input = model.shape(shape).map(|shape| full(&model, shape, "", 0)).unwrap_or_default();
            let found = touched(operation, &input, HERE);
            let templates = operation.needs.iter().flat_map(|need| need.on.iter().chain(&need.also));
            for template in templates.clone() {
                for (path, reader) in places(template) {
                    if !has(&model, shape, &path, &reader) {
                        wrong.push(format!("{} {name}: {template}: no {path}", service.name));
                        continue;
                    }
                    let (plain, arn) = (name_of(&path), arn_of(&path));
                    // What is no name of the kind is covered by nothing but everything.
                    let seen =
                        |touched: &str| touched.contains(&plain) || touched.contains('?') || touched == arn;
                    if !found.iter().any(|(_, touched)| seen(touched)) {
                        wrong.push(format!("{} {name}: {template}: {path} is not seen", service.name));
                    }
                }
            }
            let mut foreign = Vec::new();
            super::members(&input, &mut |_, text| {
                foreign.extend(awsmcp_spec::Arn::parse(text).is_ok().then(|| text.to_owned()));
            });
            for arn in foreign.iter().filter(|_| !operation.needs.is_empty()) {
                if !found.iter().any(|(_, touched)| touched == arn) {
                    wrong.push(format!("{} {name}: {arn} is not seen", service.name));
                }
            }
        }
    }
    let shown = wrong.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{}:\n{shown}", wrong.len());
}
