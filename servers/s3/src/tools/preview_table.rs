mod answering;

use std::time::Instant;

use awsmcp_mcp::{Body, Call, Error, Part, Result, Spec, Tool, counted, human_size, neutral, thousands};
use futures::{StreamExt, stream::FuturesUnordered};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::{
    S3, arns,
    body::{About, Contents, End, MOST, Source},
    columnar::{self, Ask, Remote},
    grouping::Question,
    listing::patience,
    names::{BucketName, Key, escaped},
    table::{self, Hint, Table},
    text::{HEAD, Nature, decoded, nature, whole_lines},
};

/// Shows the columns, types and first rows of a CSV, TSV, JSON or Parquet object. gzip and zstd are opened.
///
/// With `where`, `group_by` or `sum` it reads all rows and answers what fits, or a row per group with its count.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewTable {
    bucket: BucketName,
    key: Key,
    version_id: Option<String>,
    /// 10 unless told.
    #[schemars(range(max = 100))]
    rows: Option<usize>,
    /// All must hold: `status = open`, `total >= 10`, `name ~ ^A`.
    #[serde(default, rename = "where")]
    #[schemars(length(max = 20))]
    conditions: Vec<String>,
    /// Columns whose values are counted.
    #[serde(default)]
    #[schemars(length(max = 10))]
    group_by: Vec<String>,
    /// Columns that are summed.
    #[serde(default)]
    #[schemars(length(max = 10))]
    sum: Vec<String>,
}

/// How much of a text tells its columns.
const SAMPLE: u64 = 1 << 20;
/// Parts of a file that are fetched at once.
const AT_ONCE: usize = 8;
/// Characters of a cell that are shown.
const WIDTH: usize = 120;

impl Tool for PreviewTable {
    type Service = S3;
    type Output = Body;
    const SPEC: Spec = Spec::read("preview_table", "Preview table")
        .on(arns::OBJECT, &["s3:GetObject"])
        .when("version_id")
        .on(arns::OBJECT, &["s3:GetObjectVersion"]);

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let source =
            Source { bucket: &self.bucket, key: self.key.as_str(), version_id: self.version_id.as_deref() };
        let question = Question {
            conditions: self.conditions.clone(),
            by: self.group_by.clone(),
            sum: self.sum.clone(),
        };
        let asks = !question.is_none();
        let rows = self.rows.unwrap_or(if asks { 50 } else { 10 });
        let (about, contents) = source.open(cx, if asks { MOST } else { SAMPLE }).await?;
        let mut contents = contents.until(Instant::now() + patience(cx));
        let head = contents.peek(HEAD).await?.to_vec();
        let question = Some(question).filter(|_| asks);
        let table = if head.starts_with(b"PAR1") {
            parquet(cx, &source, &about, &mut contents, rows, question).await?
        } else {
            text(&source, &about, &mut contents, &head, rows, question.as_ref()).await?
        };
        Ok(shown(cx, &source, &about, &contents, table))
    }
}

async fn text(
    source: &Source<'_>,
    about: &About,
    contents: &mut Contents,
    head: &[u8],
    rows: usize,
    question: Option<&Question>,
) -> Result<Table> {
    if about.size == 0 {
        return Err(Error::invalid("the object is empty"));
    }
    let declared = contents.declared(about);
    let encoding = match nature(head, declared) {
        Nature::Text(encoding) => encoding,
        Nature::Image(what) | Nature::Binary(Some(what)) => {
            return Err(no_table(kind_of(head).unwrap_or(what)));
        }
        Nature::Binary(None) => return Err(no_table(kind_of(head).unwrap_or("binary"))),
    };
    let hint = Hint::of(source.key, declared);
    let most = usize::try_from(SAMPLE).unwrap_or(usize::MAX);
    if let Some(question) = question {
        let start = contents.peek(most).await?;
        let whole = start.len() < most;
        let start = if whole { start } else { start.get(..whole_lines(start, encoding)).unwrap_or(start) };
        let sample =
            table::of_text(&decoded(start, encoding), whole, 0, hint).ok_or_else(|| no_table("text"))?;
        return answering::text(contents, encoding, sample, question, rows).await;
    }
    let mut bytes = contents.take(most).await?;
    let whole = contents.peek(1).await?.is_empty() && contents.end() == Some(&End::Whole);
    if !whole {
        bytes.truncate(whole_lines(&bytes, encoding));
    }
    let mut table =
        table::of_text(&decoded(&bytes, encoding), whole, rows, hint).ok_or_else(|| no_table("text"))?;
    if let Some(End::Damaged(why)) = contents.end() {
        table.but.get_or_insert_with(|| format!("the packed data cannot be opened further: {why}"));
    }
    Ok(table)
}

/// What bytes are that nothing here opens.
fn kind_of(head: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 6] = [
        (b"Obj\x01", "Avro"),
        (b"ORC", "ORC"),
        (b"PARE", "Parquet whose footer is encrypted"),
        (b"\xfd7zXZ\0", "packed with xz"),
        (b"BZh", "packed with bzip2"),
        (b"\x04\x22\x4d\x18", "packed with lz4"),
    ];
    KINDS.iter().find(|(start, _)| head.starts_with(start)).map(|(_, kind)| *kind)
}

fn no_table(what: &str) -> Error {
    Error::invalid(format!("the object is no table that can be read here: it is {what}")).with_next(
        "CSV, TSV, JSON and Parquet can be, gzip and zstd too; get_object shows the bytes of everything else",
    )
}

/// Reads a Parquet file on a thread of its own, which asks here for the bytes that it needs.
async fn parquet(
    cx: &Call<S3>,
    source: &Source<'_>,
    about: &About,
    contents: &mut Contents,
    rows: usize,
    question: Option<Question>,
) -> Result<Table> {
    if contents.packing().is_some() {
        return Err(no_table("a Parquet file that was packed as a whole"));
    }
    let (asks, mut asked) = mpsc::unbounded_channel::<Ask>();
    let file = Remote::new(about.size, asks);
    if about.size <= SAMPLE {
        let most = usize::try_from(SAMPLE).unwrap_or(usize::MAX);
        file.keep(0, contents.take(most).await?.into());
    }
    // Dropped with this call: the thread then gets no more answers, and ends.
    let mut reading = tokio::task::spawn_blocking(move || match question {
        Some(question) => columnar::answer(file, &question, rows),
        None => columnar::read(file, rows).map(Ok),
    });
    let mut fetching = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(ask) = asked.recv(), if fetching.len() < AT_ONCE => fetching.push(async move {
                let bytes = source.bytes(cx, ask.first, ask.last, about.etag.as_deref()).await?;
                // The thread may have given up.
                let _ = ask.answer.send(Ok(bytes.into()));
                Ok::<(), Error>(())
            }),
            Some(fetched) = fetching.next() => fetched?,
            done = &mut reading => {
                let table = done.map_err(|_| no_table("a damaged Parquet file"))?;
                let broken = |error| no_table(&format!("a Parquet file that cannot be read: {error}"));
                return table.map_err(broken)?;
            }
        }
    }
}

/// A line of names with types, then the rows.
fn shown(cx: &Call<S3>, source: &Source<'_>, about: &About, contents: &Contents, table: Table) -> Body {
    let budget = cx.budget();
    let mut rest: Vec<String> = table.but.into_iter().collect();
    let mut left = budget.saturating_sub(1);
    let mut header: Vec<String> = Vec::new();
    for column in &table.columns {
        let nulls = match column.nulls {
            Some(0) | None => String::new(),
            Some(count) => format!(" ({} null)", thousands(count)),
        };
        let cell = format!("{} {}{nulls}", neutral(&column.name), neutral(&column.kind));
        let cell = cut(&cell, WIDTH * 4).0;
        let size = cell.chars().count() + 1;
        // Half of the answer is for the rows.
        if size > left.saturating_sub(budget / 2) && !header.is_empty() {
            rest.push(format!(
                "{} more columns do not fit",
                thousands((table.columns.len() - header.len()) as u64)
            ));
            break;
        }
        left = left.saturating_sub(size);
        header.push(cell);
    }
    let mut text = header.join("\t");
    text.push('\n');
    // Only CSV knows no empty text beside no value at all.
    let empty = if table.format.starts_with("CSV") { "" } else { "\"\"" };
    let (mut count, mut long) = (0, false);
    for row in &table.rows {
        let mut line = String::new();
        for (at, value) in row.iter().take(header.len()).enumerate() {
            if at > 0 {
                line.push('\t');
            }
            let value = value.as_deref().map_or("", |text| if text.is_empty() { empty } else { text });
            let (value, was_long) = cut(value, WIDTH);
            long |= was_long;
            line.push_str(&neutral(&value));
        }
        line.push('\n');
        let size = line.chars().count();
        if size > left {
            rest.push("more rows do not fit; a larger max_chars shows them".to_owned());
            break;
        }
        left -= size;
        text.push_str(&line);
        count += 1;
    }
    if long {
        rest.push("long values are cut (…)".to_owned());
    }
    let mut label = vec![source.uri(), table.format];
    label.push(match contents.packing() {
        Some(packing) => format!("{} of {}, opened", packing.name(), human_size(about.size)),
        None => human_size(about.size),
    });
    label.extend(about.version_id.as_ref().map(|id| format!("version {id}")));
    label.push(counted(table.columns.len() as u64, "column"));
    label.push(match table.total {
        Some(total) if total != count => format!("{count} of {}", counted(total, "row")),
        Some(0) => "no rows".to_owned(),
        Some(_) => counted(count, "row"),
        None => format!("first {}", counted(count, "row")),
    });
    if let Some(sampled) = table.sampled.filter(|_| table.total.is_none()) {
        label.push(format!("types and nulls of the first {}", thousands(sampled)));
    }
    Body {
        label: label.join(", "),
        parts: vec![Part::Text(text)],
        rest: (!rest.is_empty()).then(|| rest.join("; ")),
        uri: Some(format!("s3://{}/{}", source.bucket, escaped(source.key, "/"))),
    }
}

fn cut(text: &str, width: usize) -> (String, bool) {
    match text.char_indices().nth(width) {
        Some((end, _)) => (format!("{}…", text.get(..end).unwrap_or_default()), true),
        None => (text.to_owned(), false),
    }
}
