//! Any item comes back as it went in, whichever way it is read: told by a second reading of both forms, made here.

use std::collections::BTreeMap;
use std::time::Duration;

use awsmcp_testing::LocalAws;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use crate::world::{DYNAMODB, table_in};

/// Numbers from a seed, the same ones every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn text(&mut self) -> String {
        const ODD: [&str; 18] = [
            "",
            " ",
            "\u{0}",
            "\u{1b}[31m",
            "\n",
            "\t",
            "\r\n",
            "\u{202e}",
            "\u{200b}",
            "\u{feff}",
            "\u{7f}",
            "é",
            "日本",
            "😀",
            "\"",
            "\\",
            "next: x\nnote: y",
            "\u{2028}",
        ];
        (0..self.below(4))
            .map(|_| if self.below(2) == 0 { self.one(&ODD) } else { self.one(&["a", "Z9", "{", "$"]) })
            .collect()
    }

    fn digits(&mut self, most: usize) -> String {
        let mut digits = String::from(self.one(&["1", "2", "7", "9"]));
        (1..=self.below(most)).for_each(|_| digits.push(char::from(b'0' + self.below(10) as u8)));
        digits
    }

    fn number(&mut self) -> String {
        const EDGES: [&str; 14] = [
            "0",
            "-0",
            "-0.0",
            "1E+125",
            "-1E+125",
            "9.9999999999999999999999999999999999999E+125",
            "1E-130",
            "-1E-130",
            "1.0",
            "10e-1",
            "9007199254740993",
            "12345678901234567890123456789012345678",
            "0.1",
            "-1e3",
        ];
        match self.below(4) {
            0 => self.one(&EDGES).to_owned(),
            1 => self.digits(38),
            2 => format!("-{}.{}", self.digits(19), self.digits(18)),
            _ => format!("{}e{}", self.digits(30), self.below(90) as i64 - 60),
        }
    }

    fn bytes(&mut self) -> String {
        let bytes: Vec<u8> = (0..self.below(9)).map(|_| self.next() as u8).collect();
        BASE64_STANDARD.encode(bytes)
    }

    fn name(&mut self) -> String {
        const NAMES: [&str; 14] = [
            "$number",
            "$set",
            "$map",
            "$binary",
            "S",
            "N",
            "M",
            "L",
            "NULL",
            "BOOL",
            "a.b",
            "status",
            "#x",
            "\u{202e}x",
        ];
        if self.below(2) == 0 { self.one(&NAMES).to_owned() } else { format!("n{}", self.below(50)) }
    }

    /// A value in DynamoDB's own form.
    fn value(&mut self, deep: usize) -> Value {
        let kinds = if deep == 0 { 8 } else { 10 };
        match self.below(kinds) {
            0 => json!({"S": self.text()}),
            1 | 2 => json!({"N": self.number()}),
            3 => json!({"B": self.bytes()}),
            4 => {
                if self.below(3) == 0 {
                    json!({"NULL": true})
                } else {
                    json!({"BOOL": self.below(2) == 0})
                }
            }
            5 => json!({"SS": self.several(|dice| { let text = dice.text(); (text.clone(), text) })}),
            6 => {
                json!({"NS": self.several(|dice| { let number = dice.number(); (canonical(&number), number) })})
            }
            7 => json!({"BS": self.several(|dice| { let bytes = dice.bytes(); (bytes.clone(), bytes) })}),
            8 => json!({"L": (0..self.below(4)).map(|_| self.value(deep - 1)).collect::<Vec<_>>()}),
            _ => {
                json!({"M": (0..self.below(4)).map(|_| (self.name(), self.value(deep - 1))).collect::<Map<_, _>>()})
            }
        }
    }

    /// Elements of a set, each once.
    fn several(&mut self, mut element: impl FnMut(&mut Self) -> (String, String)) -> Vec<String> {
        let set: BTreeMap<String, String> = (0..=self.below(3)).map(|_| element(self)).collect();
        set.into_values().collect()
    }
}

/// The one way to write a number.
fn canonical(text: &str) -> String {
    let lower = text.to_lowercase();
    let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let (whole, fraction) =
        mantissa.trim_start_matches('-').split_once('.').unwrap_or((mantissa.trim_start_matches('-'), ""));
    let mut power: i64 = exponent.trim_start_matches('+').parse::<i64>().unwrap() - fraction.len() as i64;
    let mut digits = format!("{whole}{fraction}").trim_start_matches('0').to_owned();
    while digits.ends_with('0') {
        digits.pop();
        power += 1;
    }
    if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}e{power}") }
}

/// What a value in DynamoDB's own form is, in the one way to write it.
fn typed(value: &Value) -> String {
    let (kind, inner) = value.as_object().unwrap().iter().next().unwrap();
    let texts = |each: fn(&str) -> String| {
        let mut all: Vec<String> =
            inner.as_array().unwrap().iter().map(|text| each(text.as_str().unwrap())).collect();
        all.sort();
        format!("{all:?}")
    };
    let same = |text: &str| text.to_owned();
    let inner = match kind.as_str() {
        "N" => canonical(inner.as_str().unwrap()),
        "NS" => texts(canonical),
        "SS" | "BS" => texts(same),
        "L" => format!("{:?}", inner.as_array().unwrap().iter().map(typed).collect::<Vec<_>>()),
        "M" => fields(inner.as_object().unwrap(), typed),
        _ => format!("{inner}"),
    };
    format!("{kind}:{inner}")
}

fn fields(of: &Map<String, Value>, each: fn(&Value) -> String) -> String {
    let sorted: BTreeMap<&String, String> = of.iter().map(|(name, value)| (name, each(value))).collect();
    format!("{sorted:?}")
}

/// The value as plain JSON, as the instructions say that it is written.
fn plain(value: &Value) -> Value {
    let (kind, inner) = value.as_object().unwrap().iter().next().unwrap();
    let number = |text: &Value| {
        let text = text.as_str().unwrap();
        let short = canonical(text).split('e').next().unwrap().trim_start_matches('-').len() <= 15;
        if short { serde_json::from_str(text).unwrap() } else { json!({"$number": text}) }
    };
    let all = |each: &dyn Fn(&Value) -> Value| inner.as_array().unwrap().iter().map(each).collect::<Vec<_>>();
    match kind.as_str() {
        "N" => number(inner),
        "B" => json!({"$binary": inner}),
        "NULL" => Value::Null,
        "SS" => json!({"$set": inner}),
        "NS" => json!({"$set": all(&number)}),
        "BS" => json!({"$set": all(&|bytes| json!({"$binary": bytes}))}),
        "L" => json!(all(&plain)),
        "M" => {
            let inner: Map<String, Value> =
                inner.as_object().unwrap().iter().map(|(name, value)| (name.clone(), plain(value))).collect();
            // A caller may always say that a map is one.
            json!({"$map": inner})
        }
        _ => inner.clone(),
    }
}

/// What a value in plain JSON is, in the one way to write it.
fn read(value: &Value) -> String {
    let set = |items: &Vec<Value>| {
        let mut all: Vec<(String, String)> = items
            .iter()
            .map(read)
            .map(|text| text.split_once(':').map(|(kind, text)| (kind.to_owned(), text.to_owned())).unwrap())
            .collect();
        all.sort();
        let texts: Vec<String> = all
            .iter()
            .map(|(kind, text)| if kind == "N" { text.clone() } else { serde_json::from_str(text).unwrap() })
            .collect();
        let mut texts = texts;
        texts.sort();
        format!("{}S:{texts:?}", all[0].0)
    };
    match value {
        Value::Null => "NULL:true".to_owned(),
        Value::Bool(flag) => format!("BOOL:{flag}"),
        Value::Number(number) => format!("N:{}", canonical(&number.to_string())),
        Value::String(_) => format!("S:{value}"),
        Value::Array(items) => format!("L:{:?}", items.iter().map(read).collect::<Vec<_>>()),
        Value::Object(object) => match object
            .iter()
            .next()
            .filter(|_| object.len() == 1)
            .map(|(name, inner)| (name.as_str(), inner))
        {
            Some(("$number", inner)) => format!("N:{}", canonical(inner.as_str().unwrap())),
            Some(("$binary", inner)) => format!("B:{inner}"),
            Some(("$set", Value::Array(items))) => set(items),
            Some(("$map", Value::Object(inner))) => format!("M:{}", fields(inner, read)),
            _ => format!("M:{}", fields(object, read)),
        },
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test is told how long to try; it is no server")]
fn any_item_comes_back_as_it_went_in_whichever_way_it_is_read() {
    const PARTITIONS: usize = 10;
    let each: usize =
        std::env::var("AWSMCP_ITEMS").ok().and_then(|count| count.parse().ok()).unwrap_or(10_000)
            / PARTITIONS;
    // It serves one request after the other, and each of these is long: other tests' would wait behind them.
    let local = LocalAws::start();
    table_in(&local, "any-items");
    let mut dice = Dice(20_261_130);
    let start = DYNAMODB.at(local.env()).and(&["--max-chars", "400000"]);
    let mut server = start.start().patience(Duration::from_secs(300));
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    let key = |item: &Value| format!("{} {}", item["pk"], item["sk"]);
    let mut keys = Vec::new();
    for partition in 0..PARTITIONS {
        let mut items = Vec::new();
        for number in 0..each {
            let (pk, sk) = (format!("p{partition}"), format!("{number:04}{}", dice.text()));
            let mut item: Map<String, Value> =
                (0..=dice.below(5)).map(|_| (dice.name(), dice.value(3))).collect();
            // An index wants texts of it.
            item.remove("status");
            item.insert("pk".to_owned(), json!({"S": pk}));
            item.insert("sk".to_owned(), json!({"S": sk}));
            let written: Map<String, Value> =
                item.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
            let written = Value::Object(written);
            wanted.insert(key(&written), fields(&item, typed));
            keys.push(json!({"pk": pk, "sk": sk}));
            items.push(written);
        }
        server
            .call("put_items", json!({"table": "any-items", "items": items, "overwrite": true}))
            .holds(&[&format!("\"written\":{each}")]);
    }
    assert_eq!(wanted.len(), PARTITIONS * each);
    let mut stored = BTreeMap::new();
    let mut ask = json!({"TableName": "any-items"});
    loop {
        let page = local.call("dynamodb", "Scan", ask.clone());
        for item in page["Items"].as_array().unwrap() {
            let plain = json!({"pk": item["pk"]["S"], "sk": item["sk"]["S"]});
            stored.insert(key(&plain), fields(item.as_object().unwrap(), typed));
        }
        if page["LastEvaluatedKey"].is_null() {
            break;
        }
        ask["ExclusiveStartKey"] = page["LastEvaluatedKey"].clone();
    }
    same("stored", &wanted, stored);
    let mut all = |what: &str, calls: Vec<(&str, Value)>| {
        let mut found = BTreeMap::new();
        for (tool, mut ask) in calls {
            ask["table"] = json!("any-items");
            let is_paged = tool != "get_items";
            if is_paged {
                ask["limit"] = json!(1000);
                ask["max_chars"] = json!(400_000);
            }
            let pages = if is_paged { server.pages(tool, ask) } else { vec![server.call(tool, ask)] };
            for item in pages.iter().flat_map(|page| page.objects()) {
                let twice = found.insert(key(&item), fields(item.as_object().unwrap(), read));
                assert_eq!(twice, None, "{what} shows {} twice", key(&item));
            }
        }
        same(what, &wanted, found);
    };
    all(
        "get_items",
        keys.chunks(20).map(|keys| ("get_items", json!({"keys": keys, "max_chars": 400_000}))).collect(),
    );
    let of = |partition: usize| json!([{"attribute": "pk", "op": "=", "value": format!("p{partition}")}]);
    all("query", (0..PARTITIONS).map(|partition| ("query", json!({"key": of(partition)}))).collect());
    all("scan", vec![("scan", json!({"segments": 3, "max_items": 100_000}))]);
    let statement = "SELECT * FROM \"any-items\" WHERE pk = ?";
    all(
        "run_partiql",
        (0..PARTITIONS)
            .map(|partition| {
                ("run_partiql", json!({"statement": statement, "parameters": [format!("p{partition}")]}))
            })
            .collect(),
    );
}

fn same(what: &str, wanted: &BTreeMap<String, String>, found: BTreeMap<String, String>) {
    let missing: Vec<&String> = wanted.keys().filter(|key| !found.contains_key(*key)).collect();
    assert!(
        missing.is_empty(),
        "{what} lacks {} of {} items, such as {:?}",
        missing.len(),
        wanted.len(),
        missing.first()
    );
    for (key, wanted) in wanted {
        assert_eq!(&found[key], wanted, "{what} changed {key}");
    }
}
