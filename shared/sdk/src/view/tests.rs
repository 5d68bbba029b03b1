use proptest::prelude::*;

use super::*;

fn request(
    method: &str,
    url: &str,
    headers: &[(&'static str, &str)],
    body: impl Into<SdkBody>,
) -> HttpRequest {
    let mut request = HttpRequest::new(body.into());
    request.set_method(method).unwrap();
    request.set_uri(url).unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, (*value).to_owned());
    }
    request
}

fn view(url: &str, kind: &str, body: impl Into<SdkBody>) -> RequestView {
    let headers = [("content-type", kind)];
    let headers = if kind.is_empty() { &[][..] } else { &headers[..] };
    RequestView::of("X", "CreateThing", &request("POST", url, headers, body), None, "eu-west-1").unwrap()
}

fn at(url: &str) -> RequestView {
    view(url, "", "")
}

const JSON: &str = "application/x-amz-json-1.1";
const FORM: &str = "application/x-www-form-urlencoded";
const URL: &str = "https://x.eu-west-1.amazonaws.com/";

#[test]
fn members_of_json_are_found_by_their_paths() {
    let body = r#"{
        "TableName": "t", "Limit": 12345678901234567890123, "Deep": {"TableName": "no"}, "Off": null, "On": true,
        "RequestItems": {"a.b": {"Keys": [{"TableName": "x"}]}, "c": {}},
        "TransactItems": [{"Put": {"TableName": "p"}}, {"Delete": {"TableName": "d"}}, {"Put": {"TableName": "q"}}],
        "Names": ["one", "two"], "Nested": [["in"], ["side"]]
    }"#;
    let view = view(URL, JSON, body);
    for (path, wanted) in [
        ("TableName", &["t"][..]),
        ("body:TableName", &["t"]),
        ("Limit", &["12345678901234567890123"]),
        ("On", &["true"]),
        ("Off", &[]),
        ("RequestItems.*", &["a.b", "c"]),
        ("RequestItems.*.Keys[].TableName", &["x"]),
        ("TransactItems[].Put.TableName", &["p", "q"]),
        ("TransactItems/*/TableName", &["p", "d", "q"]),
        ("Names[]", &["one", "two"]),
        ("Names", &["one", "two"]),
        ("Nested", &["in", "side"]),
        ("Deep", &[]),
        ("Missing.TableName", &[]),
        ("", &[]),
    ] {
        assert_eq!(view.texts(path), wanted, "{path}");
    }
    assert!(view.body().has("Off") && view.body().has("Deep") && !view.body().has("Missing"));
}

#[test]
fn repeated_names_are_all_seen() {
    let json = view(URL, JSON, r#"{"TableName": "mine", "TableName": "theirs", "Table\u004eame": "too"}"#);
    assert_eq!(json.texts("TableName"), ["mine", "theirs", "too"]);
    let form = view(URL, FORM, "InstanceId.1=i-1&InstanceId.1=i-2");
    assert_eq!(form.texts("InstanceId.n"), ["i-1", "i-2"]);
    let query = at("https://x.amazonaws.com/a?Qualifier=1&Qualifier=2");
    assert_eq!(query.texts("query:Qualifier"), ["1", "2"]);
}

#[test]
fn parameters_of_the_query_protocol_are_found() {
    let body = "Action=X&InstanceId.1=i-1&InstanceId.12=i%2D2&InstanceIds.1=no&Filter.1.Name=a+b%2Bc&Filter.1.Value.2=v\
                &Empty=&Names.member.1=m&InstanceId.x=no";
    let view = view(URL, FORM, body);
    for (path, wanted) in [
        ("InstanceId.n", &["i-1", "i-2"][..]),
        ("InstanceId.*", &["i-1", "i-2", "no"]),
        ("Filter.n.Name", &["a b+c"]),
        ("Filter.n.Value.n", &["v"]),
        ("Names.member.n", &["m"]),
        ("Empty", &[""]),
        ("InstanceId", &[]),
    ] {
        assert_eq!(view.texts(path), wanted, "{path}");
    }
}

#[test]
fn members_of_cbor_are_found() {
    use ciborium::Value::{Array, Map, Text};
    let name = |name: &str| (Text("Name".into()), Text(name.into()));
    let body = Map(vec![
        (Text("Alarms".into()), Array(vec![Text("a".into()), Text("b".into())])),
        name("one"),
        name("two"),
        (Text("Period".into()), 60.into()),
    ]);
    let mut bytes = Vec::new();
    ciborium::into_writer(&body, &mut bytes).unwrap();
    let view = view(URL, "application/cbor", bytes);
    assert_eq!(view.texts("Alarms[]"), ["a", "b"]);
    assert_eq!(view.texts("Name"), ["one", "two"]);
    assert_eq!(view.texts("Period"), ["60"]);
}

#[test]
fn members_of_xml_are_found() {
    let body = "<?xml version=\"1.0\"?><!-- x --><Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Object><Key>a &lt;b&gt;&#10;\
                </Key><VersionId>1</VersionId></Object><Object><Key><![CDATA[c&d]]></Key></Object><Quiet/></Delete>";
    let view = view(URL, "application/xml", body);
    assert_eq!(view.texts("Object/Key"), ["a <b>\n", "c&d"]);
    assert_eq!(view.texts("Object.VersionId"), ["1"]);
    assert!(view.body().has("Quiet") && !view.body().has("Delete"));
    for malformed in
        ["<a>", "<a></b>", "<a>&nothing;</a>", "<!DOCTYPE a><a/>", "text", "<a/", "<a b='>", "a<b/>"]
    {
        assert_eq!(Members::read(malformed.as_bytes(), Protocol::Xml), Members::Opaque, "{malformed}");
    }
}

#[test]
fn encodings_of_the_path_are_undone_once() {
    let view = at(
        "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/a%252Fb/..//x%2Fy/+?q=a%2Bb+c%2520&r",
    );
    let function = "arn:aws:lambda:eu-west-1:1:function:f";
    assert_eq!(view.path_segments, ["2015-03-31", "functions", function, "a%2Fb", "..", "", "x/y", "+"]);
    assert_eq!(view.texts("path:2"), [function]);
    assert_eq!(view.texts("path:4.."), ["..//x/y/+"]);
    assert_eq!(view.texts("path:99"), [] as [String; 0]);
    assert_eq!(view.texts("path:x"), [] as [String; 0]);
    assert_eq!(view.texts("query:q"), ["a+b c%20"]);
    assert_eq!(view.texts("query:r"), [""]);
    assert_eq!(view.texts("host"), ["lambda.eu-west-1.amazonaws.com"]);
}

#[test]
fn a_bucket_and_its_key_are_found_wherever_they_stand() {
    for (url, endpoint, bucket, key) in [
        ("https://b.s3.eu-west-1.amazonaws.com/", None, Some("b"), None),
        (
            "https://b.s3.eu-west-1.amazonaws.com/a/../c%20d%2Fe?x-id=GetObject",
            None,
            Some("b"),
            Some("a/../c d/e"),
        ),
        ("https://b.s3.eu-west-1.amazonaws.com//a", None, Some("b"), Some("/a")),
        ("https://s3.eu-west-1.amazonaws.com/b/k", None, Some("b"), Some("k")),
        ("https://s3.eu-west-1.amazonaws.com/b%2Fk/l", None, Some("b/k"), Some("l")),
        ("https://s3.eu-west-1.amazonaws.com/b", None, Some("b"), None),
        ("https://s3.eu-west-1.amazonaws.com/", None, None, None),
        ("https://my.b.s3.dualstack.eu-west-1.amazonaws.com/k", None, Some("my.b"), Some("k")),
        ("https://s3-x.s3.eu-west-1.amazonaws.com/k", None, Some("s3-x"), Some("k")),
        ("https://b.s3-accelerate.amazonaws.com/k", None, Some("b"), Some("k")),
        ("https://b.s3-fips.us-east-1.amazonaws.com/k", None, Some("b"), Some("k")),
        (
            "https://b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com/k",
            None,
            Some("b--usw2-az1--x-s3"),
            Some("k"),
        ),
        (
            "https://ap-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/k/l",
            None,
            Some("arn:aws:s3:eu-west-1:123456789012:accesspoint/ap"),
            Some("k/l"),
        ),
        (
            "https://my-ap-123456789012.s3-accesspoint.dualstack.cn-north-1.amazonaws.com.cn/k",
            None,
            Some("arn:aws-cn:s3:cn-north-1:123456789012:accesspoint/my-ap"),
            Some("k"),
        ),
        (
            "https://ol-123456789012.s3-object-lambda.eu-west-1.amazonaws.com/k",
            None,
            Some("arn:aws:s3-object-lambda:eu-west-1:123456789012:accesspoint/ol"),
            Some("k"),
        ),
        (
            "https://ap-123456789012.op-1.s3-outposts.eu-west-1.amazonaws.com/k",
            None,
            Some("arn:aws:s3-outposts:eu-west-1:123456789012:outpost/op-1/accesspoint/ap"),
            Some("k"),
        ),
        (
            "https://m.mrap.accesspoint.s3-global.amazonaws.com/k",
            None,
            Some("arn:aws:s3:::accesspoint/m.mrap"),
            Some("k"),
        ),
        ("https://123456789012.s3-control.eu-west-1.amazonaws.com/v20180820/x", None, None, None),
        ("http://127.0.0.1:9000/b/k", Some("http://127.0.0.1:9000"), Some("b"), Some("k")),
        ("http://127.0.0.1:9000/base/b/k", Some("http://127.0.0.1:9000/base/"), Some("b"), Some("k")),
        ("http://b.localhost:4566/k", Some("http://localhost:4566"), Some("b"), Some("k")),
        ("http://a.b.localhost:4566/k", Some("http://localhost:4566"), Some("a.b"), Some("k")),
        (
            "http://s3.localhost.localstack.cloud:4566/b/k",
            Some("http://s3.localhost.localstack.cloud:4566"),
            Some("b"),
            Some("k"),
        ),
        (
            "http://b.s3.localhost.localstack.cloud:4566/k",
            Some("http://s3.localhost.localstack.cloud:4566"),
            Some("b"),
            Some("k"),
        ),
        // An SDK puts no bucket before an address.
        (
            "http://ap-123456789012.127.0.0.1:9000/k",
            Some("http://127.0.0.1:9000"),
            Some("arn:aws:s3:eu-west-1:123456789012:accesspoint/ap"),
            Some("k"),
        ),
        (
            "https://ap-123456789012.accesspoint.vpce-1.s3.eu-west-1.vpce.amazonaws.com/k",
            Some("https://accesspoint.vpce-1.s3.eu-west-1.vpce.amazonaws.com"),
            Some("arn:aws:s3:eu-west-1:123456789012:accesspoint/ap"),
            Some("k"),
        ),
        (
            "http://b-123456789012.localhost:4566/k",
            Some("http://localhost:4566"),
            Some("b-123456789012"),
            Some("k"),
        ),
        ("https://B.S3.eu-west-1.AMAZONAWS.com/k", None, Some("b"), Some("k")),
    ] {
        let view =
            RequestView::of("S3", "GetObject", &request("GET", url, &[], ""), endpoint, "eu-west-1").unwrap();
        let one = |text: Option<&str>| text.map(str::to_owned).into_iter().collect::<Vec<_>>();
        assert_eq!(view.texts("bucket"), one(bucket), "{url}");
        assert_eq!(view.texts("key"), one(key), "{url}");
    }
}

#[test]
fn a_header_is_read_as_it_is() {
    let headers = [("x-amz-copy-source", "b/k%20l"), ("x-amz-meta-a", "1")];
    let request = request("PUT", URL, &headers, "");
    let view = RequestView::of("S3", "CopyObject", &request, None, "eu-west-1").unwrap();
    assert_eq!(view.texts("header:X-Amz-Copy-Source"), ["b/k%20l"]);
    assert_eq!(view.texts("header:none"), [] as [String; 0]);
}

#[test]
fn a_stream_is_not_read() {
    let stream = SdkBody::from_body_1_x(SdkBody::from(r#"{"TableName": "t"}"#));
    let view = view(URL, JSON, stream);
    assert_eq!((view.body(), view.texts("TableName")), (&Members::Opaque, Vec::new()));
}

#[test]
fn a_token_or_a_condition_makes_a_request_repeatable() {
    let safe = |operation: &str, url: &str, headers: &[(&'static str, &str)], body: &str| {
        let request = request("POST", url, headers, body);
        RequestView::of("X", operation, &request, None, "eu-west-1").unwrap().repeats_safely()
    };
    let rest = [("content-type", "application/json")];
    let json = [("content-type", JSON), ("x-amz-target", "X.Y")];
    let form = [("content-type", FORM)];
    for (operation, url, headers, body, wanted) in [
        ("TransactWriteItems", URL, &json[..], r#"{"ClientRequestToken": "a"}"#, true),
        ("TransactWriteItems", URL, &json, r#"{"ClientRequestToken": ""}"#, false),
        ("UpdateItem", URL, &json, r#"{"Key": {"ClientToken": "a"}}"#, false),
        ("UpdateItem", URL, &json, "{}", false),
        ("RunInstances", URL, &form, "Action=RunInstances&ClientToken=a", true),
        ("RunInstances", URL, &form, "Action=RunInstances&Tag.1.ClientToken=a", false),
        ("CreateGuardrail", URL, &rest, r#"{"clientRequestToken": "a"}"#, true),
        // Here the body is what the caller hands on.
        ("InvokeModel", URL, &rest, r#"{"clientRequestToken": "a"}"#, false),
        ("PutObject", URL, &rest, r#"{"clientToken": "a"}"#, false),
        ("PutObject", URL, &[], r#"{"clientToken": "a"}"#, false),
        ("InvokeEndpoint", "https://x.test/endpoints/e/invocations", &form, "ClientToken=a", false),
        ("InvokeEndpoint", URL, &[("content-type", JSON)], r#"{"clientToken": "a"}"#, false),
        ("CreateFileSystem", "https://x.test/?clientToken=a", &[], "", true),
        ("DeleteThing", "https://x.test/?clientToken=", &[], "", false),
        ("DeleteThing", URL, &[("x-amz-client-token", "a")], "", true),
        ("PutObject", URL, &[("if-none-match", "*")], "", true),
        ("PutObject", URL, &[("if-match", "\"e\"")], "", true),
        ("PutObject", URL, &[("if-modified-since", "x")], "", false),
    ] {
        assert_eq!(safe(operation, url, headers, body), wanted, "{operation} {url} {headers:?} {body}");
    }
}

/// Every path that a table may hold, and some that none should.
const PATHS: [&str; 16] = [
    "A",
    "*",
    "A.*.B",
    "A[].B",
    "A.n",
    "n.n.n",
    "",
    "..",
    "[]",
    "path:0",
    "path:0..",
    "path:-1..",
    "bucket",
    "key",
    "header:content-type",
    "query:A",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "[\\[\\]{}\":,a-c0-9. ]{0,80}".prop_map(String::into_bytes),
        "[<>/a-c!?\\[\\]CDAT&;#x\"'= -]{0,80}".prop_map(String::into_bytes),
        "[A-C.&=%+0-9]{0,80}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #[test]
    fn no_request_makes_the_reader_fail(
        path in "[/a-c.%0-9+;:@~-]{0,40}",
        query in "[a-c&=%+0-9]{0,40}",
        host in "[a-z0-9.-]{1,40}",
        kind in prop_oneof![Just(JSON), Just(FORM), Just("application/cbor"), Just("text/xml"), Just("image/png")],
        body in bytes(),
    ) {
        let url = format!("https://{host}/{path}?{query}");
        prop_assume!(url.parse::<http::Uri>().is_ok());
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_uri(url.as_str()).unwrap();
        request.headers_mut().insert("content-type", kind);
        let view = RequestView::of("S3", "CreateThing", &request, None, "eu-west-1").unwrap();
        for path in PATHS {
            view.texts(path);
        }
        view.repeats_safely();
    }

    #[test]
    fn a_segment_comes_out_as_it_went_in(segments in proptest::collection::vec("\\PC{1,12}", 1..5)) {
        use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
        let encoded: Vec<String> =
            segments.iter().map(|segment| utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string()).collect();
        let view = at(&format!("https://s3.amazonaws.com/{}", encoded.join("/")));
        prop_assert_eq!(&view.path_segments, &segments);
        let key = segments.get(1..).unwrap().join("/");
        prop_assert_eq!(view.texts("key"), if key.is_empty() { vec![] } else { vec![key] });
    }

    #[test]
    fn a_text_in_json_comes_out_as_it_went_in(name in "\\PC{1,12}", text in "\\PC*") {
        prop_assume!(!name.contains(['.', '/', '*', '[', ':']) && !["bucket", "key", "host"].contains(&name.as_str()));
        let body = serde_json::json!({ &name: [{"B": &text}] }).to_string();
        prop_assert_eq!(view(URL, JSON, body).texts(&format!("{name}[].B")), vec![text]);
    }
}
