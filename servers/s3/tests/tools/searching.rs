//! Lines that match, in one object or in many.

use awsmcp_testing::{Response, Server, Stub};
use serde_json::{Value, json};

use crate::world::{READER, bucket, data, gzip, log, peak, zstd};

#[test]
fn fifty_megabytes_stay_out_of_memory() {
    let aws = bucket("reading-large");
    let line = "0123456789 abcdefghijklmnopqrstuvwxyz, all work and no play makes nobody's day\n";
    let text = |size: usize| line.repeat(size / line.len()) + "NEEDLE at the end\n";
    let large = text(50_000_000);
    aws.put_object("reading-large", "lines", &[], &large);
    aws.put_object("reading-large", "line", &[], large.replace('\n', " "));
    aws.put_object("reading-large", "search/lines", &[], text(8_000_000));
    aws.put_object("reading-large", "search/line", &[], text(8_000_000).replace('\n', " "));
    let mut server = READER.start().patience(std::time::Duration::from_secs(120));
    for key in ["lines", "line"] {
        let read = server.call("get_object", json!({"bucket": "reading-large", "key": key}));
        assert!(read.ok().contains(" of 49,999,9"), "{}", read.text.lines().next().unwrap());
        let tail = server.call("get_object", json!({"bucket": "reading-large", "key": key, "tail_lines": 1}));
        assert!(data(tail.ok()).trim_end().ends_with("NEEDLE at the end"), "{}", tail.text);
    }
    let (rows, ..) =
        pages(&mut server, json!({"bucket": "reading-large", "prefix": "search/", "pattern": "NEEDLE"}));
    assert!(rows.len() == 2 && rows.iter().all(|row| row.contains("NEEDLE at the end")), "{rows:?}");
    assert!(peak(&server) < 150, "{} MiB", peak(&server));
}

/// The data rows of all pages, and the notes of the last.
fn pages(server: &mut Server, mut call: Value) -> (Vec<String>, String, usize) {
    let (mut rows, mut count) = (Vec::new(), 0);
    loop {
        let answer = server.call("search_objects", call.clone());
        count += 1;
        rows.extend(data(answer.ok()).lines().skip(1).map(str::to_owned));
        let Some((_, rest)) = answer.text.split_once(", next: ") else { return (rows, answer.text, count) };
        call["cursor"] = json!(rest.lines().next().unwrap());
        assert!(count < 200, "no end");
    }
}

#[test]
fn a_search_finds_every_line_once_over_all_pages() {
    let aws = bucket("reading-search");
    let text = log(3000);
    let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    aws.put_object("reading-search", "logs/a.log", &[], &text);
    aws.put_object("reading-search", "logs/b.log.gz", &[], gzip(text.as_bytes()));
    aws.put_object("reading-search", "logs/c.log.zst", &[], zstd(text.as_bytes()));
    aws.put_object("reading-search", "logs/d.log", &[], &wide);
    aws.put_object("reading-search", "logs/e.log", &[], text.replace('\n', "\r\n"));
    for at in 0..20 {
        aws.put_object("reading-search", &format!("logs/f{at:02}.log"), &[], format!("ERROR in {at}\n"));
    }
    aws.put_object("reading-search", "logs/none.bin", &[], [0; 100]);
    aws.put_object("reading-search", "logs/none.cold", &[("x-amz-storage-class", "GLACIER")], "ERROR cold\n");
    aws.put_object("reading-search", "other/x.log", &[], "ERROR elsewhere\n");
    let wanted: Vec<String> = ["a.log", "b.log.gz", "c.log.zst", "d.log", "e.log"]
        .iter()
        .flat_map(|key| {
            (1..=30).map(move |at| {
                format!("logs/{key}\t{}\tERROR request {} took {} ms", at * 100, at * 100, at * 100 % 97)
            })
        })
        .chain((0..20).map(|at| format!("logs/f{at:02}.log\t1\tERROR in {at}")))
        .collect();
    let mut server = READER.start();
    for limit in [1000, 33, 7] {
        let call =
            json!({"bucket": "reading-search", "prefix": "logs/", "pattern": "^ERROR .*$", "limit": limit});
        let (rows, last, count) = pages(&mut server, call);
        assert_eq!(rows, wanted, "limit {limit}");
        assert!(count >= wanted.len() / limit);
        assert!(
            last.contains("1 binary: logs/none.bin") && last.contains("1 archived: logs/none.cold"),
            "{last}"
        );
    }
    let few = json!({"bucket": "reading-search", "prefix": "logs/", "pattern": "error", "ignore_case": true, "glob": "*.gz", "max_chars": 500});
    let (rows, _, count) = pages(&mut server, few);
    assert!(rows.len() == 30 && count > 2, "{} rows on {count} pages", rows.len());
    let (rows, last, _) = pages(
        &mut server,
        json!({"bucket": "reading-search", "key": "logs/a.log", "pattern": "ERROR", "limit": 7}),
    );
    assert_eq!((rows.len(), rows[0].as_str()), (30, "100\tERROR request 100 took 3 ms"));
    assert!(last.contains("searched to the end"), "{last}");
    let around = server.call(
        "search_objects",
        json!({"bucket": "reading-search", "key": "logs/b.log.gz", "pattern": "request 500 ", "context": 1}),
    );
    let lines: Vec<&str> = data(around.ok()).lines().collect();
    assert_eq!(lines[0], "line\tmatch\ttext");
    assert!(
        lines[1].starts_with("499\tfalse\t")
            && lines[2].starts_with("500\ttrue\t")
            && lines[3].starts_with("501\tfalse\t"),
        "{lines:?}"
    );
    let nothing = server
        .call("search_objects", json!({"bucket": "reading-search", "key": "logs/a.log", "pattern": "FATAL"}));
    assert_eq!(nothing.ok().lines().next(), Some("0 rows"));
    assert!(nothing.text.contains("searched all: 3,000 lines"), "{}", nothing.text);
}

#[test]
fn matching_lines_are_counted_by_object_without_being_shown() {
    let aws = bucket("reading-count");
    for (key, lines) in [("l/a.log", 30_000), ("l/b.log", 50), ("l/c.log", 100)] {
        aws.put_object("reading-count", key, &[], log(lines));
    }
    let mut server = READER.start();
    let mut ask = |more: Value| {
        let mut call = json!({"bucket": "reading-count", "pattern": "ERROR", "count": true});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.pages("search_objects", call)
    };
    let all = ask(json!({"prefix": "l/"}));
    assert_eq!(data(&all[0].text), "key\tcount\nl/a.log\t300\nl/c.log\t1\n");
    all[0].holds(&["301 lines match in all", "searched 3 objects"]);
    let by_page = ask(json!({"prefix": "l/", "limit": 1}));
    by_page[0].holds(&["300 lines match so far"]);
    by_page.last().unwrap().holds(&["301 lines match in all"]);
    let one = ask(json!({"key": "l/a.log"}));
    assert_eq!(data(&one[0].text), "count\n300\n");
    let none = ask(json!({"key": "l/a.log", "pattern": "FATAL"}));
    assert_eq!(data(&none[0].text), "count\n0\n");
}

#[test]
fn a_page_of_rows_takes_the_room_that_it_has() {
    let aws = bucket("reading-room");
    aws.put_object("reading-room", "k", &[], "ERROR in disk\n".repeat(5000));
    let mut server = READER.start();
    let call =
        json!({"bucket": "reading-room", "key": "k", "pattern": "ERROR", "limit": 1000, "max_chars": 10_000});
    let first = server.call("search_objects", call);
    let length = first.ok().chars().count();
    assert!((9_500..=10_000).contains(&length), "{length}");
}

#[test]
fn lines_around_a_match_are_not_lost_at_the_edge_of_a_page() {
    let aws = bucket("reading-edge");
    let text: String =
        (1..=60).map(|at| format!("{} {at}\n", if at % 6 == 0 { "hit" } else { "line" })).collect();
    aws.put_object("reading-edge", "k", &[], text);
    let mut server = READER.start();
    let call = |limit: usize| json!({"bucket": "reading-edge", "key": "k", "pattern": "hit", "context": 2, "limit": limit});
    let (whole, ..) = pages(&mut server, call(100));
    assert_eq!(whole.len(), 48);
    for limit in 1..12 {
        let (paged, ..) = pages(&mut server, call(limit));
        assert_eq!(paged, whole, "limit {limit}");
    }
}

#[test]
fn a_search_goes_on_when_objects_change_meanwhile() {
    let aws = bucket("reading-moving");
    aws.put_object("reading-moving", "a", &[], "hit 1\nhit 2\nhit 3\n");
    aws.put_object("reading-moving", "b", &[], "hit 4\n");
    let mut server = READER.start();
    let mut call = json!({"bucket": "reading-moving", "prefix": "", "pattern": "hit", "limit": 2});
    let first = server.call("search_objects", call.clone());
    let next = first.ok().split_once(", next: ").unwrap().1.lines().next().unwrap().to_owned();
    aws.put_object("reading-moving", "a", &[], "new\nhit 9\n");
    call["cursor"] = json!(next);
    let second = server.call("search_objects", call.clone());
    assert!(second.ok().contains("a\t2\thit 9") && second.text.contains("searched anew"), "{}", second.text);
    aws.expect("s3", "DELETE", "/reading-moving/a", &[], "");
    let third = server.call("search_objects", call);
    assert_eq!(data(third.ok()), "key\tline\ttext\nb\t1\thit 4\n");
}

#[test]
fn long_lines_are_cut_around_the_match() {
    let aws = bucket("reading-cut");
    aws.put_object("reading-cut", "k", &[], format!("{}NEEDLE{}", "x".repeat(5000), "y".repeat(5000)));
    let mut server = READER.start();
    let found =
        server.call("search_objects", json!({"bucket": "reading-cut", "key": "k", "pattern": "NEEDLE"}));
    let row = data(found.ok()).lines().nth(1).unwrap().to_owned();
    assert!(row.starts_with("1\t5000\t…x") && row.ends_with("y…") && row.chars().count() < 330, "{row}");
    assert!(found.text.contains("note: long lines are cut"), "{}", found.text);
    let there = server.call("get_object", json!({"bucket": "reading-cut", "key": "k", "bytes": "5000-5005"}));
    assert_eq!(data(there.ok()), "NEEDLE\n");
}

#[test]
fn an_object_that_s3_does_not_open_does_not_end_a_search() {
    let aws = bucket("search-locked");
    aws.put_objects("search-locked", ["a", "b", "c", "d"]);
    let stub = Stub::before(aws, |request| match (request.operation(), request.path()) {
        ("GetObject", "/search-locked/b") => Response::s3_error(
            400,
            "InvalidRequest",
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided",
        ),
        ("GetObject", "/search-locked/c") => {
            Response::s3_error(400, "KMS.DisabledException", "arn:aws:kms:k is disabled.")
        }
        _ => Response::HandOn,
    });
    let mut server = READER.at(stub.env()).start();
    let found =
        server.call("search_objects", json!({"bucket": "search-locked", "prefix": "", "pattern": "^[a-d]"}));
    found.holds(&[
        "a\t1\ta",
        "d\t1\td",
        "searched 2 objects",
        "encrypted with a key that the customer keeps",
        ": b, c",
    ]);
}

#[test]
fn what_was_found_before_a_connection_broke_is_shown() {
    let aws = bucket("search-broken");
    aws.put_objects("search-broken", ["a", "b", "c"]);
    let stub = Stub::before(aws, |request| match (request.operation(), request.path()) {
        ("GetObject", "/search-broken/b") => Response::HangUp,
        _ => Response::HandOn,
    });
    let mut server = READER.at(stub.env()).start();
    let ask = json!({"bucket": "search-broken", "prefix": "", "pattern": "^[a-c]"});
    let found = server.call("search_objects", ask);
    found.holds(&["a\t1\ta", "\"b\" could not be read", "the next page begins with it", "next: "]);
}

#[test]
fn a_glob_below_a_prefix_of_the_same_name_finds_what_either_may_mean() {
    let aws = bucket("search-twice");
    aws.put_objects("search-twice", ["data/data/deep.csv", "data/flat.csv", "data/other/no.csv"]);
    let mut server = READER.start();
    let listed = server
        .call("list_objects", json!({"bucket": "search-twice", "prefix": "data/", "glob": "data/*.csv"}));
    listed.holds(&["data/data/deep.csv", "data/flat.csv"]).lacks(&["no.csv"]);
    let ask = json!({"bucket": "search-twice", "prefix": "data/", "glob": "data/*.csv", "pattern": "csv"});
    server.call("search_objects", ask).holds(&["data/data/deep.csv", "data/flat.csv"]).lacks(&["no.csv"]);
}

#[test]
fn what_was_restored_is_searched_and_what_is_coming_is_not() {
    let aws = bucket("search-restored");
    aws.put_objects("search-restored", ["back", "coming", "cold"]);
    let object = |key: &str, restore: &str| {
        format!(
            "<Contents><Key>{key}</Key><Size>9</Size><StorageClass>GLACIER</StorageClass>{restore}</Contents>"
        )
    };
    let back = "<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress>\
                <RestoreExpiryDate>2026-12-12T00:00:00.000Z</RestoreExpiryDate></RestoreStatus>";
    let coming = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>";
    let listed = [object("back", back), object("coming", coming), object("cold", "")].concat();
    let stub = Stub::before(aws, move |request| match request.operation() {
        "ListObjectsV2" => {
            assert_eq!(request.header("x-amz-optional-object-attributes"), Some("RestoreStatus"));
            Response::new(200, format!("<ListBucketResult>{listed}</ListBucketResult>"))
        }
        _ => Response::HandOn,
    });
    let mut server = READER.at(stub.env()).start();
    let found = server
        .call("search_objects", json!({"bucket": "search-restored", "prefix": "", "pattern": "^[a-z]"}));
    found.holds(&["back\t1\tback", "searched 1 object", "2 archived: coming, cold"]);
    assert_eq!(stub.of("GetObject").len(), 1);
}

#[test]
fn a_line_that_is_searched_in_pieces_counts_once_and_is_told() {
    let aws = bucket("search-pieces");
    let pad = "x".repeat(900_000);
    aws.put_object(
        "search-pieces",
        "one-line.json",
        &[],
        format!("hit{pad}hit{pad}hit{pad}\nhit\n").as_bytes(),
    );
    let mut server = READER.start();
    let mut search = |more: Value| {
        let mut ask = json!({"bucket": "search-pieces", "key": "one-line.json"});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("search_objects", ask)
    };
    let counts = search(json!({"pattern": "hit", "count": true}));
    counts.holds(&["\n2\n", "searched piece by piece"]);
    search(json!({"pattern": "hit"})).holds(&["searched all: 2 lines", "searched piece by piece"]);
}
