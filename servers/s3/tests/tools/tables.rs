//! Objects shown, chosen from and summed as tables.

use std::sync::Arc;

use parquet::{
    data_type::{ByteArray, ByteArrayType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use serde_json::{Value, json};

use crate::world::{READER, bucket, data, gzip, peak};

fn parquet(rows: usize, padding: usize) -> Vec<u8> {
    let schema = "message t { required int64 id; optional binary name (UTF8); optional binary pad (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut bytes = Vec::new();
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
    for group in 0..2 {
        let from = rows / 2 * group;
        let ids: Vec<i64> = (from..from + rows / 2).map(|id| id as i64).collect();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&ids, None, None).unwrap();
        column.close().unwrap();
        let text = |text: String| ByteArray::from(text.into_bytes());
        let names: Vec<ByteArray> =
            ids.iter().filter(|id| *id % 3 != 0).map(|id| text(format!("name {id}"))).collect();
        let filled: Vec<i16> = ids.iter().map(|id| i16::from(id % 3 != 0)).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&names, Some(&filled), None).unwrap();
        column.close().unwrap();
        let pads: Vec<ByteArray> =
            ids.iter().map(|id| text(format!("{id}{}", "p".repeat(padding)))).collect();
        let all = vec![1; pads.len()];
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&pads, Some(&all), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

#[test]
fn tables_show_their_columns_and_first_rows() {
    let aws = bucket("reading-tables");
    let csv: String =
        (0..50).map(|at| format!("{at},\"name, {at}\",{}\n", if at % 2 == 0 { "" } else { "1.5" })).collect();
    aws.put_object("reading-tables", "a.csv", &[], format!("id,name,price\n{csv}"));
    aws.put_object("reading-tables", "a.csv.gz", &[], gzip(format!("id,name,price\n{csv}").as_bytes()));
    let lines: String =
        (0..40_000).map(|at| format!("{{\"id\":{at},\"user\":{{\"name\":\"tab\\there\"}}}}\n")).collect();
    aws.put_object("reading-tables", "a.jsonl", &[], lines);
    aws.put_object("reading-tables", "trail.json", &[], r#"{"Records":[{"event":"Get"},{"event":"Put"}]}"#);
    aws.put_object("reading-tables", "small.parquet", &[], parquet(10, 5));
    let large = parquet(20_000, 1500);
    assert!(large.len() > 20 << 20);
    aws.put_object("reading-tables", "large.parquet", &[], &large);
    let mut broken = parquet(10, 5);
    broken[40..120].fill(0xff);
    aws.put_object("reading-tables", "broken.parquet", &[], &broken);
    aws.put_object("reading-tables", "cut.parquet", &[], &large[..5000]);
    let mut server = READER.start();
    let mut table = |key: &str, rows: usize| {
        server.call("preview_table", json!({"bucket": "reading-tables", "key": key, "rows": rows}))
    };
    for key in ["a.csv", "a.csv.gz"] {
        let csv = table(key, 2);
        assert_eq!(
            data(csv.ok()),
            "id integer\tname text\tprice number (25 null)\n0\tname, 0\t\n1\tname, 1\t1.5\n"
        );
        assert!(
            csv.text.contains("CSV with commas") && csv.text.contains("3 columns, 2 of 50 rows"),
            "{}",
            csv.text
        );
    }
    let lines = table("a.jsonl", 1);
    assert_eq!(data(lines.ok()), "id integer\tuser object\n0\t{\"name\":\"tab\\\\there\"}\n");
    assert!(lines.text.contains("first 1 row, types and nulls of the first "), "{}", lines.text);
    let trail = table("trail.json", 5);
    assert!(trail.ok().contains("JSON array at Records") && trail.text.contains("2 rows"), "{}", trail.text);
    let small = table("small.parquet", 7);
    let wanted = "id int64\tname text (4 null)\tpad text\n0\t\t0ppppp\n1\tname 1\t1ppppp\n2\tname 2\t2ppppp\n3\t\t3ppppp\n\
                  4\tname 4\t4ppppp\n5\tname 5\t5ppppp\n6\t\t6ppppp\n";
    assert_eq!(data(small.ok()), wanted);
    let large = table("large.parquet", 3);
    let first: Vec<&str> = data(large.ok()).lines().collect();
    assert!(
        first[0].starts_with("id int64\tname text (6,6") && first[2].starts_with("1\tname 1\t1pppp"),
        "{first:?}"
    );
    assert!(
        large.text.contains("Parquet, 2 row groups") && large.text.contains("3 of 20,000 rows"),
        "{}",
        large.text
    );
    let broken = table("broken.parquet", 3);
    assert!(broken.text.contains("cannot be read") || broken.is_error, "{}", broken.text);
    assert!(table("cut.parquet", 3).error().contains("Parquet file that cannot be read"));
    assert!(peak(&server) < 200, "{} MiB", peak(&server));
}

#[test]
fn an_empty_text_is_shown_apart_from_no_value() {
    let aws = bucket("reading-empty");
    aws.put_object(
        "reading-empty",
        "a.jsonl",
        &[],
        b"{\"a\":\"\",\"b\":1}\n{\"a\":null,\"b\":2}\n{\"b\":3}\n",
    );
    aws.put_object("reading-empty", "a.csv", &[], b"a,b\n\"\",1\n,2\nx,3\n");
    let mut server = READER.start();
    let mut table = |key: &str, more: Value| {
        let mut ask = json!({"bucket": "reading-empty", "key": key});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data(server.call("preview_table", ask).ok()).to_owned()
    };
    assert_eq!(table("a.jsonl", json!({})), "a text (2 null)\tb integer\n\"\"\t1\n\t2\n\t3\n");
    assert_eq!(table("a.jsonl", json!({"group_by": ["a"]})), "a text\tcount integer\n\t2\n\"\"\t1\n");
    assert_eq!(table("a.csv", json!({})), "a text (2 null)\tb integer\n\t1\n\t2\nx\t3\n");
}

#[test]
fn what_only_later_rows_have_is_found_and_the_longest_list_is_the_table() {
    let aws = bucket("reading-late");
    let pad = "x".repeat(1000);
    let line = |number: usize| match number {
        1990.. => {
            format!("{{\"id\":{number},\"pad\":\"{pad}\",\"error\":\"e{}\",\"stack\":\"s\"}}\n", number % 2)
        }
        _ => format!("{{\"id\":{number},\"pad\":\"{pad}\"}}\n"),
    };
    let lines: String = (0..2000).map(line).collect();
    aws.put_object("reading-late", "a.jsonl", &[], lines.as_bytes());
    let all: Vec<&str> = lines.lines().collect();
    let trail = format!("{{\"warnings\":[{{\"code\":7}}],\"Records\":[{}]}}", all.join(","));
    aws.put_object("reading-late", "trail.json", &[], trail.as_bytes());
    let small = format!("{{\"warnings\":[{{\"code\":7}}],\"text\":\"{}", "y".repeat(1_200_000));
    aws.put_object(
        "reading-late",
        "behind.json",
        &[],
        format!("{small}\",\"Records\":[{{\"id\":1}},{{\"id\":2}}]}}"),
    );
    let mut server = READER.start();
    let mut table = |key: &str, more: Value| {
        let mut ask = json!({"bucket": "reading-late", "key": key});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("preview_table", ask)
    };
    let grouped = "error rare\tcount integer\ne0\t5\ne1\t5\n";
    let late = table("a.jsonl", json!({"where": ["error != \"\""], "group_by": ["error"]}));
    assert_eq!(data(late.ok()), grouped);
    let rows = table("a.jsonl", json!({"where": ["id >= 1998"]}));
    rows.holds(&["2 of 2000 rows fit", "that the first rows of the object lack are not shown: error, stack"]);
    let none = table("a.jsonl", json!({"where": ["eror = e1"]}));
    none.fails(&[
        "there is no column \"eror\": none of 2,000 rows has it; some have error, stack",
        "id, pad",
    ]);
    table("trail.json", json!({"rows": 1})).holds(&["JSON array at Records", "id integer\tpad text"]);
    let inside = table("trail.json", json!({"where": ["error = e1"], "group_by": ["error"]}));
    inside.holds(&["JSON array at Records", "e1\t5", "5 of 2000 rows fit"]);
    table("behind.json", json!({})).holds(&["JSON array at warnings", "a longer list may follow"]);
    let behind = table("behind.json", json!({"sum": ["id"]}));
    behind.holds(&["JSON array at Records", "2\t3\n"]);
}

#[test]
fn rows_are_chosen_counted_and_summed_over_the_whole_table() {
    let aws = bucket("reading-groups");
    let countries = ["de", "fr", "it"];
    let row = |at: usize| (countries[at % 3], at % 7, format!("{}.10", at % 10));
    let mut csv = "id,country,total\n".to_owned();
    let mut lines = String::new();
    // More than the first megabyte, which tells the columns.
    for at in 0..90_000 {
        let (country, _, total) = row(at);
        csv.push_str(&format!("{at},{country},{total}\n"));
        lines.push_str(&format!("{{\"id\":{at},\"country\":\"{country}\",\"total\":{total}}}\n"));
    }
    assert!(csv.len() > 1 << 20);
    aws.put_object("reading-groups", "a.csv", &[], &csv);
    aws.put_object("reading-groups", "a.csv.gz", &[], gzip(csv.as_bytes()));
    aws.put_object("reading-groups", "a.jsonl", &[], &lines);
    let array = format!("[{}]", lines.trim_end().replace('\n', ",\n"));
    aws.put_object("reading-groups", "a.json", &[], array);
    aws.put_object("reading-groups", "a.parquet", &[], parquet(3000, 5));
    let mut server = READER.start();
    let mut ask = |key: &str, more: Value| {
        let mut call = json!({"bucket": "reading-groups", "key": key});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.call("preview_table", call)
    };
    for key in ["a.csv", "a.csv.gz", "a.jsonl", "a.json"] {
        let by = ask(key, json!({"group_by": ["country"], "sum": ["total"], "where": ["id >= 30000"]}));
        let rows: Vec<&str> = data(by.ok()).lines().skip(1).collect();
        // 20,000 rows each: their last digits go round, and each ends in a tenth, with as many digits as it is written with.
        let wanted = countries.map(|country| format!("{country}\t20000\t92000.00"));
        assert_eq!(rows, wanted, "{key}: {}", by.text);
        by.holds(&["60000 of 90000 rows fit"]);
    }
    let fits = ask("a.csv", json!({"where": ["country = it", "id < 10"]}));
    assert_eq!(data(fits.ok()).lines().count(), 4, "{}", fits.text);
    fits.holds(&["3 of 90000 rows fit"]);
    let all = ask("a.csv", json!({"sum": ["id"]}));
    assert_eq!(data(all.ok()).lines().nth(1), Some("90000\t4049955000"));
    let parquet = ask("a.parquet", json!({"where": ["name = "], "sum": ["id"]}));
    assert_eq!(data(parquet.ok()).lines().nth(1), Some("1000\t1498500"), "{}", parquet.text);
    ask("a.csv", json!({"group_by": ["city"]})).fails(&["no column", "id, country, total"]);
    ask("a.csv", json!({"where": ["country is it"]})).fails(&["is no condition", "total >= 10"]);
    assert!(peak(&server) < 200, "{} MiB", peak(&server));
}

#[test]
fn long_numbers_are_compared_to_their_last_digit() {
    let aws = bucket("reading-long");
    let csv =
        "id,n\n9007199254740992,1\n9007199254740993,2\n92838584930183242888,3\n92838584930183242889,4\n";
    aws.put_object("reading-long", "a.csv", &[], csv);
    let mut server = READER.start();
    let mut rows = |condition: &str| {
        let ask = json!({"bucket": "reading-long", "key": "a.csv", "where": [condition], "sum": ["id"]});
        let text = server.call("preview_table", ask).ok().to_owned();
        data(&text).lines().nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(rows("id = 9007199254740993"), "1\t9007199254740993");
    assert_eq!(rows("id > 92838584930183242888"), "1\t92838584930183242889");
    assert_eq!(rows("id = 9.2838584930183242888e19"), "1\t92838584930183242888");
}
