//! Rows chosen, counted by the values of some columns, and summed: a question that needs the whole table.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

use awsmcp_mcp::{Error, Result, quoted};
use regex::{Regex, RegexBuilder};

use crate::table::{Column, Table};

/// What is asked, in the caller's words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Question {
    pub(crate) conditions: Vec<String>,
    pub(crate) by: Vec<String>,
    pub(crate) sum: Vec<String>,
}

impl Question {
    pub(crate) fn is_none(&self) -> bool {
        self.conditions.is_empty() && self.by.is_empty() && self.sum.is_empty()
    }

    /// The columns that it names and that are none of these.
    pub(crate) fn unseen(&self, columns: &[Column]) -> Vec<String> {
        let named = self.conditions.iter().filter_map(|text| {
            let name = text.split(SIGNS).next().unwrap_or_default().trim();
            (name.len() < text.trim().len() && Condition::of(text, columns).is_none()).then_some(name)
        });
        let mut unseen: Vec<String> = Vec::new();
        for name in named.chain(self.by.iter().chain(&self.sum).map(String::as_str)) {
            if !name.is_empty() && place(name, columns).is_err() && !unseen.iter().any(|own| own == name) {
                unseen.push(name.to_owned());
            }
        }
        unseen
    }

    /// Whether groups are wanted, rather than the rows that fit.
    pub(crate) fn groups(&self) -> bool {
        !self.by.is_empty() || !self.sum.is_empty()
    }
}

/// Groups that are counted apart; what comes after them is counted in one.
const GROUPS: usize = 10_000;
const FURTHER: &str = "(further values)";

/// The answer, as far as the rows so far give it.
#[derive(Debug)]
pub(crate) struct Gathering {
    conditions: Vec<Condition>,
    by: Vec<usize>,
    sums: Vec<usize>,
    columns: Vec<Column>,
    groups: bool,
    shown: usize,
    rows: Vec<Vec<Option<String>>>,
    found: HashMap<Vec<Option<String>>, Group>,
    read: u64,
    fit: u64,
}

#[derive(Debug, Default)]
struct Group {
    count: u64,
    sums: Vec<Sum>,
}

impl Gathering {
    /// # Errors
    /// When a column is none of these, or a condition is none.
    pub(crate) fn new(question: &Question, columns: &[Column], shown: usize) -> Result<Self> {
        let places =
            |names: &[String]| names.iter().map(|name| place(name, columns)).collect::<Result<Vec<_>>>();
        let conditions = question.conditions.iter().map(|text| Condition::read(text, columns));
        Ok(Gathering {
            conditions: conditions.collect::<Result<_>>()?,
            by: places(&question.by)?,
            sums: places(&question.sum)?,
            columns: columns.to_vec(),
            groups: question.groups(),
            shown,
            rows: Vec::new(),
            found: HashMap::new(),
            read: 0,
            fit: 0,
        })
    }

    pub(crate) fn row(&mut self, cells: Vec<Option<String>>) {
        self.read += 1;
        let cell = |at: usize| cells.get(at).and_then(Option::as_deref);
        if !self.conditions.iter().all(|condition| condition.holds(cell(condition.column))) {
            return;
        }
        self.fit += 1;
        if !self.groups {
            if self.rows.len() < self.shown {
                self.rows.push(cells);
            }
            return;
        }
        let mut key: Vec<Option<String>> = self.by.iter().map(|at| cell(*at).map(str::to_owned)).collect();
        if self.found.len() >= GROUPS && !self.found.contains_key(&key) {
            key = vec![Some(FURTHER.to_owned()); self.by.len()];
        }
        let group = self.found.entry(key).or_default();
        group.count += 1;
        group.sums.resize(self.sums.len(), Sum::default());
        for (sum, at) in group.sums.iter_mut().zip(&self.sums) {
            sum.add(cell(*at));
        }
    }

    /// The places of the columns that it needs, of so many.
    pub(crate) fn needs(&self, width: usize) -> BTreeSet<usize> {
        if !self.groups {
            return (0..width).collect();
        }
        let conditions = self.conditions.iter().map(|condition| condition.column);
        conditions.chain(self.by.iter().copied()).chain(self.sums.iter().copied()).collect()
    }

    /// How many rows were looked at.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }

    /// The answer as a table: groups with the largest first, or the first rows that fit.
    pub(crate) fn table(self, format: String) -> Table {
        let total = if self.groups { self.found.len() as u64 } else { self.fit };
        let format = format!("{format}, {} of {} rows fit", self.fit, self.read);
        if !self.groups {
            return Table {
                format,
                columns: self.columns,
                rows: self.rows,
                total: Some(total),
                ..Table::default()
            };
        }
        let column = |at: &usize| self.columns.get(*at).cloned().unwrap_or_default();
        let plain = |column: Column| Column { nulls: None, ..column };
        let sums = self.sums.iter().map(|at| Column {
            name: format!("sum({})", column(at).name),
            kind: "number".to_owned(),
            nulls: None,
        });
        let count = Column { name: "count".to_owned(), kind: "integer".to_owned(), nulls: None };
        let columns = self.by.iter().map(column).map(plain).chain([count]).chain(sums).collect();
        let mut groups: Vec<_> = self.found.into_iter().collect();
        groups
            .sort_by(|(left, one), (right, other)| other.count.cmp(&one.count).then_with(|| left.cmp(right)));
        let strange: u64 = groups.iter().flat_map(|(_, group)| &group.sums).map(|sum| sum.strange).sum();
        let rough = groups.iter().flat_map(|(_, group)| &group.sums).any(|sum| sum.is_rough());
        let mut but = Vec::new();
        if strange > 0 {
            but.push(format!("{strange} values are no numbers and in no sum"));
        }
        if rough {
            but.push("sums marked ~ are rounded".to_owned());
        }
        let rows = groups.into_iter().take(self.shown).map(|(key, group)| {
            let sums = group.sums.iter().map(|sum| Some(sum.to_string()));
            key.into_iter().chain([Some(group.count.to_string())]).chain(sums).collect()
        });
        Table {
            format,
            columns,
            rows: rows.collect(),
            total: Some(total),
            but: (!but.is_empty()).then(|| but.join("; ")),
            ..Table::default()
        }
    }
}

/// # Errors
/// When there is none of that name.
pub(crate) fn place(name: &str, columns: &[Column]) -> Result<usize> {
    let exactly = columns.iter().position(|column| column.name == name);
    exactly.or_else(|| columns.iter().position(|column| column.name.eq_ignore_ascii_case(name))).ok_or_else(
        || {
            let names: Vec<&str> = columns.iter().take(50).map(|column| column.name.as_str()).collect();
            Error::invalid(format!("there is no column {}", quoted(name)))
                .with_next(format!("the columns are {}", names.join(", ")))
        },
    )
}

/// `total >= 10`, held against one cell of each row.
#[derive(Debug)]
struct Condition {
    column: usize,
    test: Test,
}

#[derive(Debug)]
enum Test {
    /// How the cell stands to the value.
    Order(&'static [Ordering], Value),
    Pattern(Regex),
}

#[derive(Debug)]
struct Value {
    text: String,
    number: Option<Number>,
}

/// A number as it is compared: digit by digit, since a double would take two long ids for one.
#[derive(Debug, PartialEq)]
enum Number {
    /// `0.digits` times ten to the power; no digits for zero.
    Decimal { negative: bool, digits: String, power: i64 },
    /// What is no decimal: infinity, and NaN.
    Other(f64),
}

impl Number {
    fn read(text: &str) -> Option<Number> {
        let double: f64 = text.parse().ok()?;
        let unsigned = text.trim_start_matches(['+', '-']);
        if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return Some(Number::Other(double));
        }
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{part}");
        let digits = all.trim_start_matches('0');
        let zeros = i64::try_from(all.len() - digits.len()).ok()?;
        let power =
            i64::try_from(whole.len()).ok()?.checked_sub(zeros)?.checked_add(exponent.parse().ok()?)?;
        let digits = digits.trim_end_matches('0').to_owned();
        Some(match digits.is_empty() {
            true => Number::Decimal { negative: false, digits, power: 0 },
            false => Number::Decimal { negative: text.starts_with('-'), digits, power },
        })
    }

    fn order(&self, other: &Number) -> Option<Ordering> {
        use Number::{Decimal, Other};
        match (self, other) {
            (
                Decimal { negative, digits, power },
                Decimal { negative: other_negative, digits: other_digits, power: other_power },
            ) => {
                let sign = |negative: bool, digits: &str| match (digits.is_empty(), negative) {
                    (true, _) => 0,
                    (false, true) => -1,
                    (false, false) => 1,
                };
                let (own, theirs) = (sign(*negative, digits), sign(*other_negative, other_digits));
                let size = || power.cmp(other_power).then_with(|| digits.cmp(other_digits));
                Some(own.cmp(&theirs).then_with(|| match own {
                    0 => Ordering::Equal,
                    1 => size(),
                    _ => size().reverse(),
                }))
            }
            (Other(own), Other(theirs)) => own.partial_cmp(theirs),
            (Other(own), Decimal { .. }) => own.partial_cmp(&0.0),
            (Decimal { .. }, Other(theirs)) => 0.0_f64.partial_cmp(theirs),
        }
    }
}

const OPERATORS: [(&str, &[Ordering]); 6] = [
    ("!=", &[Ordering::Less, Ordering::Greater]),
    (">=", &[Ordering::Greater, Ordering::Equal]),
    ("<=", &[Ordering::Less, Ordering::Equal]),
    ("=", &[Ordering::Equal]),
    (">", &[Ordering::Greater]),
    ("<", &[Ordering::Less]),
];

const SIGNS: [char; 5] = ['=', '!', '<', '>', '~'];

impl Condition {
    /// The place of its column, and what is behind the name.
    fn of<'a>(text: &'a str, columns: &[Column]) -> Option<(usize, &'a str)> {
        // A name may hold anything: the longest that fits is meant.
        let starts = columns.iter().enumerate().filter_map(|(at, column)| {
            let rest = text.trim_start().strip_prefix(column.name.as_str())?.trim_start();
            rest.starts_with(SIGNS).then_some((column.name.len(), at, rest))
        });
        starts.max_by_key(|(length, ..)| *length).map(|(_, at, rest)| (at, rest))
    }

    fn read(text: &str, columns: &[Column]) -> Result<Self> {
        let Some((column, rest)) = Condition::of(text, columns) else {
            let name = text.split(SIGNS).next().unwrap_or(text).trim();
            // Without a comparison it is no condition on any column.
            if name.len() < text.trim().len() {
                place(name, columns)?;
            }
            return Err(wrong(text));
        };
        if let Some(pattern) = rest.strip_prefix('~') {
            let pattern = RegexBuilder::new(pattern.trim()).size_limit(1 << 20).build();
            let pattern = pattern.map_err(|_| wrong(text))?;
            return Ok(Condition { column, test: Test::Pattern(pattern) });
        }
        let found = OPERATORS.iter().find_map(|(word, means)| Some((*means, rest.strip_prefix(word)?)));
        let (means, value) = found.ok_or_else(|| wrong(text))?;
        let value = value.strip_prefix('=').unwrap_or(value).trim();
        let bare = ['"', '\'']
            .iter()
            .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
            .unwrap_or(value);
        let number = if bare.len() == value.len() { Number::read(bare) } else { None };
        Ok(Condition { column, test: Test::Order(means, Value { text: bare.to_owned(), number }) })
    }

    /// A cell without a value is like an empty text, and is in no order to anything else.
    fn holds(&self, cell: Option<&str>) -> bool {
        match &self.test {
            Test::Pattern(pattern) => pattern.is_match(cell.unwrap_or_default()),
            Test::Order(means, value) => {
                let text = cell.unwrap_or_default();
                let order = match (&value.number, Number::read(text.trim())) {
                    (Some(value), Some(number)) => number.order(value),
                    _ => Some(text.cmp(value.text.as_str())),
                };
                let is_blank = cell.is_none() && !value.text.is_empty();
                // Nothing is unlike everything, and neither less nor more.
                match order.filter(|_| !is_blank) {
                    Some(order) => means.contains(&order),
                    None => *means == OPERATORS[0].1,
                }
            }
        }
    }
}

fn wrong(text: &str) -> Error {
    Error::invalid(format!("{} is no condition", quoted(text)))
        .with_next("good ones are `status = open`, `total >= 10`, `city != \"\"`, `name ~ ^A.*n$`: a column, one of = != < <= > >= ~, a value")
}

/// A sum that keeps every digit, as long as it can.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    /// The sum in units of ten to the power of minus `scale`.
    units: i128,
    scale: u32,
    /// What does not go into the units: numbers with an exponent, and all after an overflow.
    rough: Option<f64>,
    strange: u64,
}

impl Sum {
    fn add(&mut self, cell: Option<&str>) {
        let Some(text) = cell.map(str::trim).filter(|text| !text.is_empty()) else { return };
        if self.exactly(text).is_some() {
            return;
        }
        match text.parse::<f64>() {
            Ok(number) => *self.rough.get_or_insert(0.0) += number,
            Err(_) => self.strange += 1,
        }
    }

    fn exactly(&mut self, text: &str) -> Option<()> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        let scale = u32::try_from(part.len()).ok().filter(|scale| digits && *scale <= 18)?;
        let units: i128 = format!("{whole}{part}").parse().ok()?;
        let common = self.scale.max(scale);
        let lifted = |units: i128, from: u32| units.checked_mul(10_i128.checked_pow(common - from)?);
        let sum = lifted(self.units, self.scale)?.checked_add(lifted(units, scale)?)?;
        (self.units, self.scale) = (sum, common);
        Some(())
    }

    fn is_rough(&self) -> bool {
        self.rough.is_some_and(f64::is_finite)
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(rough) = self.rough {
            let mark = if self.is_rough() { "~" } else { "" };
            return write!(f, "{mark}{}", self.units as f64 / 10_f64.powi(self.scale as i32) + rough);
        }
        let sign = if self.units < 0 { "-" } else { "" };
        let scale = self.scale as usize;
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = scale + 1);
        let (whole, part) = digits.split_at(digits.len() - scale);
        if part.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{part}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> Vec<Column> {
        let column = |name: &&str| Column { name: (*name).to_owned(), kind: "text".to_owned(), nulls: None };
        names.iter().map(column).collect()
    }

    #[test]
    fn conditions_are_read_as_people_write_them() {
        let columns = columns(&["status", "total", "a = b"]);
        let holds = |text: &str, cell: Option<&str>| Condition::read(text, &columns).unwrap().holds(cell);
        assert!(holds("status = open", Some("open")) && !holds("status=open", Some("paid")));
        assert!(holds("status == \"open\"", Some("open")) && holds("status != open", Some("paid")));
        assert!(
            holds("total >= 10", Some("10"))
                && holds("total > 9", Some("10"))
                && !holds("total > 9", Some("8.5"))
        );
        assert!(holds("total > 9", Some("1e3")) && !holds("total < 5", Some("x")));
        assert!(holds("status ~ ^o.*n$", Some("open")) && !holds("status ~ ^p", Some("open")));
        assert!(holds("a = b = 1", Some("1")), "a name may hold an operator");
        assert!(holds("status = ", None) && !holds("status != ''", None) && holds("status != x", None));
        assert!(!holds("total < 5", None) && !holds("total > 5", None) && !holds("total = 5", None));
        assert!(holds("total = '007'", Some("007")) && !holds("total = '7'", Some("007")));
        for wrong in ["status", "status is open", "status ~ (", ""] {
            assert!(Condition::read(wrong, &columns).is_err(), "{wrong}");
        }
        let unknown = Condition::read("city = x", &columns).unwrap_err();
        assert!(
            unknown.message.contains("no column")
                && unknown.next.as_deref().unwrap().contains("status, total")
        );
    }

    #[test]
    fn sums_keep_every_digit() {
        let of = |cells: &[&str]| {
            let mut sum = Sum::default();
            cells.iter().for_each(|cell| sum.add(Some(cell)));
            (sum.to_string(), sum.strange)
        };
        assert_eq!(of(&["0.1", "0.2"]).0, "0.3");
        assert_eq!(of(&["9007199254740993", "9007199254740993"]).0, "18014398509481986");
        assert_eq!(of(&["-1.05", "1"]).0, "-0.05");
        assert_eq!(of(&["1e3", "1"]).0, "~1001");
        assert_eq!(of(&["1", "NaN"]).0, "NaN");
        assert_eq!(of(&["1", "x", "", "2"]), ("3".to_owned(), 1));
    }

    #[test]
    fn rows_are_counted_by_group() {
        let question = Question {
            conditions: vec!["total > 1".to_owned()],
            by: vec!["Country".to_owned()],
            sum: vec!["total".to_owned()],
        };
        let mut all = Gathering::new(&question, &columns(&["country", "total"]), 10).unwrap();
        for (country, total) in [("de", "2.5"), ("fr", "3"), ("de", "4"), ("de", "1"), ("", "9")] {
            let cell = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            all.row(vec![cell(country), cell(total)]);
        }
        let table = all.table("CSV".to_owned());
        assert_eq!(table.format, "CSV, 4 of 5 rows fit");
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["country", "count", "sum(total)"]);
        let cells: Vec<String> = table
            .rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.as_deref().unwrap_or("null")).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(cells, ["de 2 6.5", "null 1 9", "fr 1 3"]);
    }
}
