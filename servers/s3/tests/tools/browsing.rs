//! What is in a bucket: lists page by page without loss, filters, sums, versions, unfinished uploads.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    time::Duration,
};

use awsmcp_testing::Server;
use serde_json::{Value, json};

use crate::world::{READER, aws};

/// The cells of one page, and its cursor.
fn page(text: &str) -> (Vec<Vec<String>>, Option<String>) {
    let next =
        text.lines().find_map(|line| line.split_once(" rows, next: ").or(line.split_once(" row, next: ")));
    let rows = text.lines().skip(1).take_while(|line| !line.ends_with(" rows") && !line.ends_with("1 row"));
    let rows = rows.take_while(|line| !line.contains(", next: ") && !line.starts_with("note: "));
    let rows = rows.map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    (rows, next.map(|(_, cursor)| cursor.to_owned()))
}

/// The first cells of all pages.
fn all(server: &mut Server, tool: &str, arguments: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut arguments = arguments.clone();
    loop {
        let answer = server.call(tool, arguments.clone());
        let (rows, next) = page(answer.ok());
        found.extend(rows.into_iter().map(|row| row[0].clone()));
        match next {
            Some(next) => arguments["cursor"] = json!(next),
            None => return found,
        }
    }
}

#[test]
fn no_key_is_lost_or_doubled_at_a_page_border() {
    let (aws, bucket) = (aws(), "browse-pages");
    aws.create_bucket(bucket);
    // More than one page of AWS's, unevenly spread, names around the separators.
    let mut keys: Vec<String> = (0..1130)
        .map(|at| format!("d{}/{:04}{}", at % 5, at, if at % 3 == 0 { ".csv" } else { "-x y+z.txt" }))
        .collect();
    keys.extend(["d0".into(), "d0!".into(), "d00/a.csv".into(), "é/ü.csv".into(), "z.csv".into()]);
    aws.put_objects(bucket, keys.iter().map(String::as_str));
    keys.sort();
    let mut server = READER.start();
    for limit in [1000, 397, 96] {
        let found =
            all(&mut server, "list_objects", &json!({"bucket": bucket, "recursive": true, "limit": limit}));
        assert_eq!(found, keys, "recursive, limit {limit}");
    }
    let csv: Vec<&String> = keys.iter().filter(|key| key.ends_with(".csv")).collect();
    for limit in [1000, 101, 60] {
        let found =
            all(&mut server, "list_objects", &json!({"bucket": bucket, "glob": "*.csv", "limit": limit}));
        assert_eq!(found.iter().collect::<Vec<_>>(), csv, "glob, limit {limit}");
    }
    let below: Vec<&&String> = csv.iter().filter(|key| key.starts_with("d1/")).collect();
    let found = all(&mut server, "list_objects", &json!({"bucket": bucket, "glob": "d1/*.csv", "limit": 7}));
    assert_eq!(found.iter().collect::<Vec<_>>(), below.into_iter().copied().collect::<Vec<_>>());
    for limit in [100, 3, 2, 1] {
        let mut found = all(&mut server, "list_objects", &json!({"bucket": bucket, "limit": limit}));
        found.sort();
        assert_eq!(
            found,
            ["d0", "d0!", "d0/", "d00/", "d1/", "d2/", "d3/", "d4/", "z.csv", "é/"],
            "folders, {limit}"
        );
    }
    // What does not fit into the answer comes with the next page.
    let small = json!({"bucket": bucket, "glob": "*.csv", "limit": 60, "max_chars": 700});
    assert_eq!(all(&mut server, "list_objects", &small).iter().collect::<Vec<_>>(), csv);
}

#[test]
fn filters_and_sums_look_at_all_levels() {
    let (aws, bucket) = (aws(), "browse-filters");
    aws.create_bucket(bucket);
    aws.put_object(bucket, "logs/a/big.gz", &[], "x".repeat(3000));
    aws.put_object(bucket, "logs/b/cold.gz", &[("x-amz-storage-class", "GLACIER")], "x".repeat(2000));
    aws.put_object(bucket, "logs/small.gz", &[], "x");
    aws.put_object(bucket, "top.txt", &[], "12345");
    let mut server = READER.start();
    let found = |server: &mut Server, arguments: Value| all(server, "list_objects", &arguments);
    assert_eq!(
        found(&mut server, json!({"bucket": bucket, "min_size": "2kB"})),
        ["logs/a/big.gz", "logs/b/cold.gz"]
    );
    assert_eq!(found(&mut server, json!({"bucket": bucket, "max_size": 5})), ["logs/small.gz", "top.txt"]);
    assert_eq!(found(&mut server, json!({"bucket": bucket, "glob": "logs/*.gz"})), ["logs/small.gz"]);
    assert_eq!(found(&mut server, json!({"bucket": bucket, "modified_before": "-1d"})).len(), 0);
    assert_eq!(
        found(&mut server, json!({"bucket": bucket, "modified_after": "-1d", "prefix": "logs/"})).len(),
        3
    );
    let text = server.call("list_objects", json!({"bucket": bucket, "glob": "*.gz"}));
    assert!(text.ok().ends_with("note: looked at 4 keys, to the end"), "{}", text.text);

    let sums = server.call("list_objects", json!({"bucket": bucket, "summary": true}));
    assert_eq!(
        sums.ok(),
        "prefix\tstorage_class\tobjects\tsize_bytes\nlogs/\t\t2\t3001\nlogs/\tGLACIER\t1\t2000\n*\t\t1\t5\n3 rows\n\
         note: in all 4 objects, 4.9 KiB: GLACIER 1 object, 2.0 KiB; STANDARD 3 objects, 2.9 KiB"
    );
    let sums = server
        .call("list_objects", json!({"bucket": bucket, "summary": true, "prefix": "logs/", "limit": 1}));
    let (rows, next) = page(sums.ok());
    // A page has no more rows than were asked for.
    assert_eq!(rows, [["logs/a/", "1", "3000"]]);
    assert_eq!(next, None);
    sums.holds(&["2 smaller left out, with 2 objects, 2.0 KiB in all"]);
}

#[test]
fn a_key_with_control_characters_is_listed_as_it_can_be_passed_back() {
    let (aws, bucket) = (aws(), "browse-odd");
    aws.create_bucket(bucket);
    aws.put_object(bucket, "a\u{1}b c+d%20.txt", &[], "odd");
    let mut server = READER.start();
    let listed = server.call("list_objects", json!({"bucket": bucket}));
    assert!(listed.ok().contains("a\\u0001b c+d%20.txt\t3\t"), "{}", listed.text);
    let head = server.call("head_object", json!({"bucket": bucket, "key": "a\u{1}b c+d%20.txt"}));
    assert!(head.ok().contains("\"size_bytes\":3"), "{}", head.text);
}

#[test]
fn what_is_wrong_is_said_with_what_is_right() {
    let mut server = READER.start();
    let error =
        |server: &mut Server, arguments: Value| server.call("list_objects", arguments).error().to_owned();
    assert!(error(&mut server, json!({"bucket": "browse-none"})).contains("next: list_buckets"));
    assert!(error(&mut server, json!({"bucket": "b", "glob": "*"})).contains("my-logs-2026"));
    assert!(error(&mut server, json!({"bucket": "bbb", "min_size": "big"})).contains("10MB"));
    assert!(error(&mut server, json!({"bucket": "bbb", "glob": "[a"})).contains("*.csv"));
    assert!(error(&mut server, json!({"bucket": "bbb", "modified_after": "soon"})).contains("-1h"));
    assert!(
        error(&mut server, json!({"bucket": "bbb", "min_size": 2, "max_size": 1})).contains("nothing fits")
    );
}

#[test]
fn buckets_are_listed_by_page_prefix_region_and_allow_list() {
    let aws = aws();
    for bucket in ["lb-one", "lb-two", "lb-three"] {
        aws.create_bucket(bucket);
    }
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    aws.expect("s3", "PUT", "/lb-west", &[], place);
    let mut plain = READER.start();
    for limit in [100, 3, 1] {
        let found = all(&mut plain, "list_buckets", &json!({"prefix": "lb-", "limit": limit}));
        assert_eq!(found, ["lb-one", "lb-three", "lb-two", "lb-west"], "limit {limit}");
    }
    for limit in [100, 1] {
        let west = json!({"prefix": "lb-", "bucket_region": "eu-west-1", "limit": limit});
        assert_eq!(all(&mut plain, "list_buckets", &west), ["lb-west"]);
    }
    let mut held = READER.and(&["--allow-arn", "arn:aws:s3:::lb-t*"]).start();
    for limit in [100, 1] {
        let found = all(&mut held, "list_buckets", &json!({"prefix": "lb-", "limit": limit}));
        assert_eq!(found, ["lb-three", "lb-two"], "limit {limit}");
    }
}

#[test]
fn a_bucket_elsewhere_is_followed_where_that_is_allowed() {
    let aws = aws();
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    aws.expect("s3", "PUT", "/browse-west", &[], place);
    let answer = READER.start().call("list_objects", json!({"bucket": "browse-west"}));
    assert!(
        answer.error().contains("it is in eu-west-1, which the operator did not allow"),
        "{}",
        answer.text
    );
    let mut wide = READER.and(&["--allow-region", "eu-west-1"]).start();
    for tool in ["list_objects", "list_versions", "bucket_overview"] {
        let answer = wide.call(tool, json!({"bucket": "browse-west"}));
        assert!(answer.ok().contains("note: it is in eu-west-1; asked there"), "{}", answer.text);
    }
}

#[test]
fn versions_and_markers_are_listed_page_by_page() {
    let (aws, bucket) = (aws(), "browse-versions");
    aws.create_bucket(bucket);
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    aws.expect("s3", "PUT", &format!("/{bucket}"), &[("versioning", "")], on);
    for key in ["a", "a", "a", "a.bak", "b"] {
        aws.put_object(bucket, key, &[], key);
    }
    aws.expect("s3", "DELETE", &format!("/{bucket}/a"), &[], "");
    let mut server = READER.start();
    let whole = server.call("list_versions", json!({"bucket": bucket}));
    let (whole, _) = page(whole.ok());
    let kinds: Vec<(&str, &str, &str)> =
        whole.iter().map(|row| (row[0].as_str(), row[2].as_str(), row[3].as_str())).collect();
    assert_eq!(
        kinds,
        [
            ("a", "true", "delete_marker"),
            ("a", "false", "version"),
            ("a", "false", "version"),
            ("a", "false", "version"),
            ("a.bak", "true", "version"),
            ("b", "true", "version"),
        ]
    );
    let ids: Vec<&String> = whole.iter().map(|row| &row[1]).collect();
    for limit in [1, 2, 3, 5] {
        let mut found: Vec<String> = Vec::new();
        let mut arguments = json!({"bucket": bucket, "limit": limit});
        loop {
            let answer = server.call("list_versions", arguments.clone());
            let (rows, next) = page(answer.ok());
            found.extend(rows.into_iter().map(|row| row[1].clone()));
            let Some(next) = next else { break };
            arguments["cursor"] = json!(next);
        }
        assert_eq!(found.iter().collect::<Vec<_>>(), ids, "limit {limit}");
    }
    assert_eq!(
        all(&mut server, "list_versions", &json!({"bucket": bucket, "key": "a", "limit": 3})),
        ["a"; 4]
    );
    let both = server.call("list_versions", json!({"bucket": bucket, "key": "a", "prefix": "a"}));
    assert!(both.error().contains("not both"), "{}", both.text);
}

#[test]
fn unfinished_uploads_are_listed_and_aborted() {
    let (aws, bucket) = (aws(), "browse-uploads");
    aws.create_bucket(bucket);
    let begin = |key: &str| {
        let reply = aws.expect("s3", "POST", &format!("/{bucket}/{key}"), &[("uploads", "")], "");
        reply.element("UploadId").unwrap()
    };
    let ids: Vec<String> = ["in/a", "in/b", "out/c"].into_iter().map(begin).collect();
    let part = [("partNumber", "1"), ("uploadId", ids[0].as_str())];
    aws.expect("s3", "PUT", &format!("/{bucket}/in/a"), &part, "12345");

    let mut server = READER.and(&["--toolsets", "all", "--allow", "destroy"]).start();
    for limit in [100, 2, 1] {
        let listed = all(&mut server, "list_uploads", &json!({"bucket": bucket, "limit": limit}));
        assert_eq!(listed, ["in/a", "in/b", "out/c"], "limit {limit}");
    }
    let counted = server.call("list_uploads", json!({"bucket": bucket, "prefix": "in/", "parts": true}));
    let (rows, _) = page(counted.ok());
    assert_eq!([&rows[0][3..], &rows[1][3..]], [["1", "5"], ["0", "0"]]);

    let abort = json!({"bucket": bucket, "prefix": "in/", "older_than": "2100-01-01"});
    let mut dry = abort.clone();
    dry["dry_run"] = json!(true);
    let plan = server.call("abort_uploads", dry);
    assert!(
        plan.ok().contains("would abort 2 uploads of browse-uploads and drop 5 B of parts"),
        "{}",
        plan.text
    );
    let asked = server.call("abort_uploads", abort.clone());
    let confirm = asked.token();
    let mut sure = abort;
    sure["confirm"] = json!(confirm);
    assert_eq!(server.call("abort_uploads", sure).ok(), "{\"aborted\":2}");
    assert_eq!(all(&mut server, "list_uploads", &json!({"bucket": bucket})), ["out/c"]);

    let young = server.call("abort_uploads", json!({"bucket": bucket, "older_than": "-7d"}));
    assert!(young.error().contains("no upload in progress"), "{}", young.text);
    let vague = server.call("abort_uploads", json!({"bucket": bucket}));
    assert!(vague.error().contains("`older_than` is missing"), "{}", vague.text);
    let one = json!({"bucket": bucket, "key": "out/c", "upload_id": ids[2], "dry_run": true});
    assert!(server.call("abort_uploads", one).ok().contains("would abort 1 uploads"));
}

/// An S3 that takes its time: each page of a thousand keys comes after `pause`. Answers its address.
fn slow_s3(keys: usize, pause: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while let Some(Ok(request)) = lines.next() {
                    lines
                        .by_ref()
                        .take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()))
                        .for_each(drop);
                    let after = request.split(['?', '&', ' ']).find_map(|part| {
                        let (name, value) = part.split_once('=')?;
                        let value = value.trim_start_matches("key-").parse::<usize>().ok()?;
                        matches!(name, "start-after" | "continuation-token").then_some(value + 1)
                    });
                    let (first, last) = (after.unwrap_or(0), keys.min(after.unwrap_or(0) + 1000));
                    let key = |at| format!("<Contents><Key>key-{at:05}</Key><Size>1</Size></Contents>");
                    let contents: String = (first..last).map(key).collect();
                    let next = format!("<NextContinuationToken>{}</NextContinuationToken>", last - 1);
                    let next = if last < keys { next } else { String::new() };
                    let body = format!(
                        "<ListBucketResult><IsTruncated>{}</IsTruncated>{next}{contents}</ListBucketResult>",
                        last < keys
                    );
                    std::thread::sleep(pause);
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                    if stream.write_all(format!("{head}{body}").as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

#[test]
fn a_long_search_answers_with_what_it_has_and_goes_on_from_there() {
    let endpoint = slow_s3(2500, Duration::from_millis(1600));
    let mut server = READER.set("AWS_ENDPOINT_URL", &endpoint).and(&["--timeout", "5"]).start();
    let ask = json!({"bucket": "slow", "glob": "key-*99", "limit": 100});
    let first = server.call("list_objects", ask.clone());
    assert!(first.ok().ends_with("note: looked at 2000 keys, up to key-01999"), "{}", first.text);
    let (rows, next) = page(&first.text);
    assert_eq!(rows.len(), 20);
    let mut rest = ask;
    rest["cursor"] = json!(next.unwrap());
    let rest = server.call("list_objects", rest);
    assert!(rest.ok().ends_with("note: looked at 500 keys, to the end"), "{}", rest.text);
    assert_eq!(page(&rest.text).0[0][0], "key-02099");

    let sums = server.call("list_objects", json!({"bucket": "slow", "summary": true}));
    assert!(sums.ok().contains("*\t2000\t2000\n"), "{}", sums.text);
    assert!(sums.text.contains("up to key-01999; these are the sums of that part"), "{}", sums.text);
    let (_, next) = page(&sums.text);
    let rest =
        server.call("list_objects", json!({"bucket": "slow", "summary": true, "cursor": next.unwrap()}));
    assert!(rest.ok().contains("*\t500\t500\n"), "{}", rest.text);
}

#[test]
fn a_glob_is_of_the_whole_key_or_of_what_follows_the_prefix() {
    let (aws, bucket) = (aws(), "browse-below");
    aws.create_bucket(bucket);
    aws.put_objects(bucket, ["train/img/1.bin", "train/img/deep/2.bin", "test/img/3.bin"]);
    let mut server = READER.start();
    for glob in ["img/*", "train/img/*"] {
        let call = json!({"bucket": bucket, "prefix": "train/", "glob": glob});
        assert_eq!(all(&mut server, "list_objects", &call), ["train/img/1.bin"], "{glob}");
    }
    let search = json!({"bucket": bucket, "prefix": "train/", "glob": "img/*", "pattern": "bin"});
    server.call("search_objects", search).holds(&["train/img/1.bin", "searched 1 object"]);
}
