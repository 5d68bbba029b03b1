mod matching;
mod page;
mod scanning;

use std::{ops::ControlFlow, time::Instant};

use aws_sdk_s3::types::ObjectStorageClass;
use awsmcp_mcp::{Call, Error, Kind, Page, Result, Spec, Tool, counted, human_size, quoted, thousands};
use futures::{StreamExt, stream};
use regex::bytes::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{
    matching::{Cuts, Rules},
    page::{Gathered, Skipped},
    scanning::Outcome,
};
use crate::{
    S3, arns,
    body::MOST,
    filters::KeyGlob,
    listing::{Place, Scan, patience, place, token},
    names::{BucketName, Key, Prefix},
    spelling,
};

/// Finds lines by regular expression in one object (`key`) or in all under a `prefix`. gzip and zstd are opened.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchObjects {
    bucket: BucketName,
    /// RE2 syntax, within a line.
    #[schemars(length(min = 1, max = 1000))]
    pattern: String,
    key: Option<Key>,
    /// "" is the whole bucket.
    prefix: Option<Prefix>,
    /// With prefix: only keys such as *.log or logs/**/*.gz.
    glob: Option<KeyGlob>,
    #[serde(default)]
    ignore_case: bool,
    /// Lines before and after.
    #[schemars(range(max = 10))]
    context: Option<usize>,
    /// Only how many lines match, by key.
    #[serde(default)]
    count: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Row {
    key: Option<String>,
    line: Option<u64>,
    /// Where the match is in the contents, where the line is too long to be shown.
    byte: Option<u64>,
    /// Whether it matches, where lines around are shown too.
    #[serde(rename = "match")]
    matches: Option<bool>,
    text: Option<String>,
    /// How many lines match, where only that is asked for.
    count: Option<u64>,
}

impl Tool for SearchObjects {
    type Service = S3;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("search_objects", "Search objects")
        .when("key")
        .on(arns::OBJECT, &["s3:GetObject"])
        .when("prefix")
        .on(arns::UNDER_PREFIX, &["s3:GetObject"])
        .on(arns::BUCKET, &["s3:ListBucket"])
        .quotes();

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        let regex = RegexBuilder::new(&self.pattern)
            .case_insensitive(self.ignore_case)
            .size_limit(4 << 20)
            .dfa_size_limit(4 << 20)
            .build()
            .map_err(|error| wrong(&self.pattern, &error))?;
        let search = Search {
            cx,
            bucket: &self.bucket,
            regex,
            context: self.context.unwrap_or_default(),
            counts: self.count,
            width: WIDTH.min(cx.budget() / 3),
            started: Instant::now(),
        };
        match (&self.key, &self.prefix) {
            (Some(key), None) if self.glob.is_none() => search.one(key.as_str()).await,
            (None, Some(prefix)) => search.many(prefix.as_str(), self.glob.as_ref()).await,
            _ => Err(Error::invalid("give either `key`, or `prefix` with or without `glob`")
                .with_next("prefix \"\" searches the whole bucket, prefix \"logs/\" a folder")),
        }
    }
}

fn wrong(pattern: &str, error: &regex::Error) -> Error {
    let why = match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        // The last line says what is wrong; those before point at it.
        error => {
            error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    };
    Error::invalid(format!("`pattern` {} is not a regular expression: {why}", quoted(pattern)))
        .with_next("a good one looks like ERROR|WARN, or status=5\\d\\d; \\ escapes ( [ { . * + ? |")
}

/// Characters of a line that are shown.
const WIDTH: usize = 300;
/// The largest object that is searched under a prefix.
const LARGEST: u64 = 64 << 20;
/// The most that is opened of one packed object, over all pages.
const OPENED: u64 = 1 << 30;
/// Objects and keys of one page.
const OBJECTS: usize = 1000;
const KEYS: u64 = 20_000;
const AT_ONCE: usize = 8;

/// Where a search goes on.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct At {
    /// Where the listing of this page starts.
    #[serde(rename = "p", skip_serializing_if = "is_start")]
    place: Place,
    /// The last key of it that is done.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// The next one, where it is begun, and how far it is done.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    inside: Option<Inside>,
    /// How many lines matched before this page, and how many of those in the object that is begun.
    #[serde(rename = "c", skip_serializing_if = "is_none")]
    counted: u64,
    #[serde(rename = "b", skip_serializing_if = "is_none")]
    begun: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl At {
    /// How many of these are done.
    fn done(&self, found: &[(String, Option<Skip>)]) -> usize {
        let last = self.after.as_ref().and_then(|after| found.iter().position(|(key, _)| key == after));
        last.map_or(0, |last| last + 1)
    }

    /// The same page of the listing, behind a key.
    fn behind(&self, after: Option<String>, counted: u64) -> At {
        At { place: self.place.clone(), after, counted, ..At::default() }
    }
}

fn is_start(place: &Place) -> bool {
    *place == Place::default()
}

/// A place inside an object: behind what was searched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Inside {
    #[serde(rename = "l")]
    line: u64,
    #[serde(rename = "o")]
    offset: u64,
    #[serde(rename = "e")]
    etag: Option<String>,
    /// How many lines behind the last match are still to be shown.
    #[serde(rename = "a", skip_serializing_if = "is_nothing")]
    after: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_nothing(count: &usize) -> bool {
    *count == 0
}

struct Search<'a> {
    cx: &'a Call<S3>,
    bucket: &'a BucketName,
    regex: Regex,
    context: usize,
    counts: bool,
    width: usize,
    started: Instant,
}

impl Search<'_> {
    fn rules(&self) -> Rules<'_> {
        Rules { regex: &self.regex, context: self.context, width: self.width, counts: self.counts }
    }

    async fn one(&self, key: &str) -> Result<Page<Row>> {
        let at: At = place(self.cx.token())?;
        let outcome = self.object(key, at.inside.clone(), None, self.until()).await?;
        if let Some(why) = outcome.but.as_ref().filter(|_| outcome.lines == 0) {
            return Err(Error::invalid(format!("the object was not searched: it is {why}"))
                .with_next("get_object shows what it is"));
        }
        let mut page = Gathered::new(self.cx);
        let count = outcome.counted_with(at.begun);
        let before = at.inside.map_or(0, |inside| inside.line.saturating_sub(1));
        let (lines, bytes, cut) = (before + outcome.lines, outcome.bytes, outcome.cut);
        let but = outcome.but.clone();
        let inside = page.take(outcome);
        self.cx.note(match (&inside, but) {
            (Some(inside), _) => {
                format!("searched up to line {}", thousands(inside.line.saturating_sub(1).max(1)))
            }
            (None, Some(why)) => format!("not searched to its end: the object is {why}"),
            (None, None) if before > 0 => format!("searched to the end, line {}", thousands(lines)),
            (None, None) => format!("searched all: {}, {}", counted(lines, "line"), human_size(bytes)),
        });
        self.say(cut);
        if self.counts {
            page.rows.push(Row { count: Some(count), ..Row::default() });
            if inside.is_some() {
                self.cx.note("the count is of what was searched so far; the next page goes on with it");
            }
        }
        let begun = if self.counts { count } else { 0 };
        let next =
            inside.map(|inside| token(&At { inside: Some(inside), begun, ..At::default() })).transpose()?;
        Ok(self.cx.page(page.rows, next))
    }

    async fn many(&self, prefix: &str, glob: Option<&KeyGlob>) -> Result<Page<Row>> {
        let at: At = place(self.cx.token())?;
        let (mut found, next) = self.list(prefix, glob, &at).await?;
        found.drain(..at.done(&found));
        let mut skipped = Skipped::default();
        let mut page = Gathered::new(self.cx);
        let mut inside = at.inside.clone().filter(|_| found.first().map(|(key, _)| key) == at.key.as_ref());
        let (mut matching, mut begun) = (at.counted, inside.as_ref().map_or(0, |_| at.begun));
        let until = self.until();
        let mut outcomes = stream::iter(found.into_iter().map(|(key, skip)| {
            let start = inside.take();
            async move {
                let outcome = match &skip {
                    Some(_) => Ok(Outcome::default()),
                    None => self.object(&key, start, Some(&key), until).await,
                };
                (key, skip, outcome)
            }
        }))
        .buffered(AT_ONCE);
        let (mut objects, mut bytes, mut cut) = (0_u64, 0, Cuts::default());
        let (mut last, mut denied, mut stop) = (at.after.clone(), None, None);
        while let Some((key, skip, outcome)) = outcomes.next().await {
            let outcome = match outcome {
                Ok(outcome) => outcome,
                Err(error) => {
                    let Some(unreadable) = self.passed_over(&error, &key, objects > 0)? else {
                        stop = Some(at.behind(last.take(), matching));
                        break;
                    };
                    skipped.add(unreadable.why(), &key);
                    denied = denied.or(Some(error).filter(|error| error.kind == Kind::AccessDenied));
                    last = Some(key);
                    continue;
                }
            };
            if let Some(why) = skip.map(Skip::why).or(outcome.but.as_deref()) {
                skipped.add(why, &key);
            }
            if skip.is_none() && (outcome.lines > 0 || outcome.but.is_none()) {
                objects += 1;
                bytes += outcome.bytes;
                self.cx.progress(objects, None, format!("{objects} objects searched"));
            }
            cut |= outcome.cut;
            let count = outcome.counted_with(std::mem::take(&mut begun));
            let stopped = page.take(outcome);
            if stopped.is_some() {
                let begun = if self.counts { count } else { 0 };
                stop =
                    Some(At { key: Some(key), inside: stopped, begun, ..at.behind(last.take(), matching) });
                break;
            }
            if self.counts && count > 0 {
                matching += count;
                page.push(Row { key: Some(key.clone()), count: Some(count), ..Row::default() });
            }
            last = Some(key);
            if Instant::now() > until || (self.counts && page.is_full()) {
                stop = Some(at.behind(last.take(), matching));
                break;
            }
        }
        let all = stop.is_none();
        drop(outcomes);
        if objects == 0
            && let Some(error) = denied
        {
            return Err(error);
        }
        let searched = counted(objects, "object");
        self.cx.note(format!("searched {searched}, {}{}", human_size(bytes), skipped.text()));
        self.say(cut);
        let behind = next.map(|place| At { place, counted: matching, ..At::default() });
        let next = if all { behind } else { stop };
        self.say_count(matching, next.is_some());
        Ok(self.cx.page(page.rows, next.map(|at| token(&at)).transpose()?))
    }

    /// Why the search goes on behind an object that failed. It does not where nobody knows why: what was found before is told
    /// all the same, and the next page begins with that object.
    fn passed_over(&self, error: &Error, key: &str, found_any: bool) -> Result<Option<Skip>> {
        match unreadable(error) {
            Ok(skip) => Ok(Some(skip)),
            Err(error) if found_any => {
                self.cx.note(format!(
                    "{} could not be read: {}; the next page begins with it",
                    quoted(key),
                    error.message.trim_end_matches('.')
                ));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The keys of a page in order, each with why it is not searched, if it is not; and where the next page starts.
    async fn list(
        &self,
        prefix: &str,
        glob: Option<&KeyGlob>,
        at: &At,
    ) -> Result<(Vec<(String, Option<Skip>)>, Option<Place>)> {
        let mut found = Vec::new();
        let (mut objects, mut bytes) = (0, 0_u64);
        let narrowed = glob.filter(|_| !self.bucket.is_directory()).map(|glob| glob.start_below(prefix));
        let start = Some(narrowed.as_deref().unwrap_or(prefix)).filter(|start| !start.is_empty());
        let scan = Scan { bucket: self.bucket, prefix: start, most: KEYS };
        let scanned = scan
            .run(self.cx, at.place.clone(), |object| {
                let key = object.key.unwrap_or_default();
                let size: u64 = object.size.and_then(|size| size.try_into().ok()).unwrap_or_default();
                if glob.is_some_and(|glob| !glob.fits_below(prefix, &key))
                    || (size == 0 && key.ends_with('/'))
                {
                    return ControlFlow::Continue(());
                }
                let archived = matches!(
                    object.storage_class,
                    Some(ObjectStorageClass::Glacier | ObjectStorageClass::DeepArchive)
                ) && !object.restore_status.is_some_and(|status| {
                    status.restore_expiry_date.is_some() && status.is_restore_in_progress != Some(true)
                });
                let skip = match size {
                    _ if archived => Some(Skip::Archived),
                    size if size > LARGEST => Some(Skip::TooLarge),
                    _ => None,
                };
                if skip.is_none() {
                    objects += 1;
                    bytes += size;
                }
                found.push((key, skip));
                if objects >= OBJECTS || bytes >= MOST {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .await?;
        if scanned.keys == 0
            && self.cx.token().is_none()
            && let Some(meant) = spelling::prefix(self.cx, self.cx.client(), self.bucket, prefix).await
        {
            self.cx.note(meant);
        }
        Ok((found, scanned.next))
    }

    /// When to stop and answer with what was found. A long listing still leaves time to search.
    fn until(&self) -> Instant {
        let time = self.cx.settings().timeout;
        (self.started + patience(self.cx)).max(Instant::now() + time / 4)
    }

    fn say_count(&self, matching: u64, goes_on: bool) {
        if self.counts {
            let lines = match matching {
                1 => "1 line matches".to_owned(),
                several => format!("{} lines match", thousands(several)),
            };
            self.cx.note(format!("{lines} {}", if goes_on { "so far" } else { "in all" }));
        }
    }

    fn say(&self, cuts: Cuts) {
        if cuts.shown {
            self.cx.note("long lines are cut around the match (…); get_object with `bytes` shows more");
        }
        if cuts.searched {
            self.cx.note("lines over 1 MiB are searched piece by piece: what lies across two pieces is not found, and ^ and $ fit where one ends");
        }
    }
}

/// Why an object was not searched.
#[derive(Clone, Copy, Debug)]
enum Skip {
    Archived,
    TooLarge,
    Gone,
    NotPermitted,
    Locked,
}

impl Skip {
    fn why(self) -> &'static str {
        match self {
            Skip::Archived => "archived",
            Skip::TooLarge => "over 64 MiB (search it by `key`)",
            Skip::Gone => "deleted meanwhile",
            Skip::NotPermitted => "not permitted",
            Skip::Locked => "encrypted with a key that the customer keeps, or that KMS does not give",
        }
    }
}

/// Why an object cannot be read, where that is its own matter.
fn unreadable(error: &Error) -> Result<Skip> {
    match error.kind {
        _ if error.code.as_deref() == Some("InvalidObjectState") => Ok(Skip::Archived),
        Kind::NotFound if error.code.as_deref() != Some("NoSuchBucket") => Ok(Skip::Gone),
        Kind::AccessDenied => Ok(Skip::NotPermitted),
        _ if is_locked(error) => Ok(Skip::Locked),
        _ => Err(error.clone()),
    }
}

/// Whether S3 refuses to open an object, rather than to answer: it wants the customer's own key, or the KMS key of the object
/// is off, gone or elsewhere.
fn is_locked(error: &Error) -> bool {
    let code = error.code.as_deref().unwrap_or_default();
    error.status == Some(400) && (code == "InvalidRequest" || code.starts_with("KMS."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_pattern_is_explained() {
        let bad = String::from("a(b");
        let error = wrong(&bad, &Regex::new(&bad).unwrap_err());
        assert!(error.message.contains("unclosed group"), "{}", error.message);
    }
}
