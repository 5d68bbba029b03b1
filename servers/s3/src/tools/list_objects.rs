use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
};

use aws_sdk_s3::{
    primitives::DateTime,
    types::{EncodingType, Object},
};
use awsmcp_mcp::{Call, Error, Moment, Page, Result, Spec, Tool, human_size};
use awsmcp_sdk::utc_second;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    S3, arns,
    filters::{KeyGlob, Size},
    listing::{Scan, Scanned, decoded, place, token},
    names::BucketName,
    spelling,
};

/// Lists a bucket's objects, folder by folder (folders end with /).
///
/// Filters and `summary` look at all levels.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListObjects {
    bucket: BucketName,
    /// Only keys that start with this, such as `logs/`.
    prefix: Option<String>,
    /// All levels instead of folders.
    #[serde(default)]
    recursive: bool,
    /// `*.csv` fits names, `logs/**/*.gz` whole keys.
    glob: Option<KeyGlob>,
    /// Bytes or 10MB.
    min_size: Option<Size>,
    max_size: Option<Size>,
    modified_after: Option<Moment>,
    modified_before: Option<Moment>,
    /// Counts and bytes by folder and storage class instead of keys.
    #[serde(default)]
    summary: bool,
}

#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    Object { key: String, size_bytes: Option<i64>, modified: Option<String>, storage_class: Option<String> },
    Sum { prefix: String, storage_class: Option<String>, objects: u64, size_bytes: u64 },
}

impl Tool for ListObjects {
    type Service = S3;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_objects", "List objects").on(arns::BUCKET, &["s3:ListBucket"]);

    async fn call(self, cx: &Call<S3>) -> Result<Self::Output> {
        self.check()?;
        let (bucket, prefix) = (self.bucket.clone(), self.prefix.clone());
        let (page, found) = if self.summary {
            self.sums(cx).await?
        } else if self.filters() {
            self.filtered(cx).await?
        } else {
            self.plain(cx).await?
        };
        if !found
            && cx.token().is_none()
            && let Some(meant) = spelling::prefix(cx, cx.client(), &bucket, &prefix.unwrap_or_default()).await
        {
            cx.note(meant);
        }
        Ok(page)
    }
}

impl ListObjects {
    fn check(&self) -> Result<()> {
        if let (Some(least), Some(most)) = (self.min_size, self.max_size)
            && least > most
        {
            return Err(Error::invalid("`min_size` is more than `max_size`, so nothing fits"));
        }
        if let (Some(after), Some(before)) = (self.modified_after, self.modified_before)
            && after > before
        {
            return Err(Error::invalid("`modified_after` is later than `modified_before`, so nothing fits"));
        }
        Ok(())
    }

    /// One page of AWS's own, and whether there was anything.
    async fn plain(self, cx: &Call<S3>) -> Result<(Page<Row>, bool)> {
        let out = cx
            .client()
            .list_objects_v2()
            .bucket(self.bucket)
            .set_prefix(self.prefix)
            .set_delimiter((!self.recursive).then(|| "/".to_owned()))
            .set_continuation_token(cx.token())
            .max_keys(cx.page_size())
            .encoding_type(EncodingType::Url)
            .send()
            .await?;
        let read = |name: String| decoded(name, out.encoding_type.as_ref());
        let folders = out.common_prefixes.unwrap_or_default().into_iter().filter_map(|folder| folder.prefix);
        let objects = out.contents.unwrap_or_default().into_iter().map(|mut object| {
            object.key = object.key.map(read);
            Row::object(object)
        });
        let rows: Vec<Row> = folders.map(read).map(Row::folder).chain(objects).collect();
        let found = !rows.is_empty();
        Ok((cx.page(rows, out.next_continuation_token), found))
    }

    /// AWS's pages, until one of ours is full.
    async fn filtered(self, cx: &Call<S3>) -> Result<(Page<Row>, bool)> {
        const MOST: u64 = 100_000;
        let limit = cx.limit() as usize;
        let mut rows = Vec::new();
        let scanned = self.scan(MOST, cx, |object| {
            if self.fits(&object) {
                rows.push(Row::object(object));
            }
            if rows.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let scanned = scanned.await?;
        cx.note(looked_at(&scanned));
        Ok((cx.page(rows, scanned.next.as_ref().map(token).transpose()?), scanned.keys > 0))
    }

    async fn sums(self, cx: &Call<S3>) -> Result<(Page<Row>, bool)> {
        const MOST: u64 = 2_000_000;
        let mut sums = Sums::default();
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let scanned = self.scan(MOST, cx, |object| {
            if self.fits(&object) {
                sums.add(prefix, &object);
            }
            ControlFlow::Continue(())
        });
        let scanned = scanned.await?;
        cx.note(sums.totals());
        if scanned.bounded {
            cx.note(format!(
                "{}; these are the sums of that part, `cursor` goes on with the rest",
                looked_at(&scanned)
            ));
        }
        let (rows, left_out) = sums.rows(cx.limit() as usize);
        if let Some(left_out) = left_out {
            cx.note(left_out);
        }
        Ok((cx.page(rows, scanned.next.as_ref().map(token).transpose()?), scanned.keys > 0))
    }

    async fn scan(
        &self,
        most: u64,
        cx: &Call<S3>,
        visit: impl FnMut(Object) -> ControlFlow<()>,
    ) -> Result<Scanned> {
        // What the glob starts with narrows the list.
        let given = self.prefix.as_deref();
        let glob = self.glob.as_ref().filter(|_| !self.bucket.is_directory());
        let start = glob.map(|glob| glob.start_below(given.unwrap_or_default()));
        let prefix = start.as_deref().filter(|start| !start.is_empty()).or(given);
        Scan { bucket: &self.bucket, prefix, most }.run(cx, place(cx.token())?, visit).await
    }

    fn filters(&self) -> bool {
        self.glob.is_some()
            || self.min_size.is_some()
            || self.max_size.is_some()
            || self.modified_after.is_some()
            || self.modified_before.is_some()
    }

    fn fits(&self, object: &Object) -> bool {
        let size = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        let modified = object.last_modified.as_ref().and_then(timestamp);
        let prefix = self.prefix.as_deref().unwrap_or_default();
        self.glob.as_ref().is_none_or(|glob| glob.fits_below(prefix, object.key().unwrap_or_default()))
            && self.min_size.is_none_or(|least| size >= least.0)
            && self.max_size.is_none_or(|most| size <= most.0)
            && self.modified_after.is_none_or(|after| modified.is_some_and(|at| at >= after.0))
            && self.modified_before.is_none_or(|before| modified.is_some_and(|at| at < before.0))
    }
}

fn looked_at(scanned: &Scanned) -> String {
    match &scanned.last {
        Some(last) if scanned.next.is_some() => format!("looked at {} keys, up to {last}", scanned.keys),
        _ => format!("looked at {} keys, to the end", scanned.keys),
    }
}

fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), time.subsec_nanos().try_into().ok()?).ok()
}

impl Row {
    fn folder(key: String) -> Self {
        Row::Object { key, size_bytes: None, modified: None, storage_class: None }
    }

    fn object(object: Object) -> Self {
        Row::Object {
            storage_class: class(&object),
            key: object.key.unwrap_or_default(),
            size_bytes: object.size,
            modified: object.last_modified.map(utc_second),
        }
    }
}

/// The storage class, unless it is the usual one, which says nothing.
fn class(object: &Object) -> Option<String> {
    object
        .storage_class
        .as_ref()
        .map(|class| class.as_str())
        .filter(|class| *class != "STANDARD")
        .map(str::to_owned)
}

/// Counts and bytes by folder and storage class.
#[derive(Debug, Default)]
struct Sums {
    folders: HashMap<(String, Option<String>), Sum>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    objects: u64,
    bytes: u64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.objects += other.objects;
        self.bytes += other.bytes;
    }

    fn words(self) -> String {
        let plural = if self.objects == 1 { "" } else { "s" };
        format!("{} object{plural}, {}", self.objects, human_size(self.bytes))
    }
}

impl Sums {
    /// Past so many folders they are counted together: their names alone would fill the memory.
    const FOLDERS: usize = 10_000;

    fn add(&mut self, prefix: &str, object: &Object) {
        let key = object.key().unwrap_or_default();
        let folder = match key.strip_prefix(prefix).and_then(|rest| rest.find('/')) {
            Some(end) => key.get(..prefix.len() + end + 1).unwrap_or(key).to_owned(),
            // Those directly here.
            None => format!("{prefix}*"),
        };
        let bytes = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        let mut at = (folder, class(object));
        if self.folders.len() >= Self::FOLDERS && !self.folders.contains_key(&at) {
            at.0 = "(further folders)".to_owned();
        }
        self.folders.entry(at).or_default().add(Sum { objects: 1, bytes });
    }

    fn totals(&self) -> String {
        let mut all = Sum::default();
        let mut classes: BTreeMap<&str, Sum> = BTreeMap::new();
        for ((_, class), sum) in &self.folders {
            all.add(*sum);
            classes.entry(class.as_deref().unwrap_or("STANDARD")).or_default().add(*sum);
        }
        let each = |(class, sum): (&&str, &Sum)| format!("{class} {}", sum.words());
        let classes: Vec<String> = classes.iter().map(each).collect();
        let by = if classes.len() > 1 { format!(": {}", classes.join("; ")) } else { String::new() };
        format!("in all {}{by}", all.words())
    }

    /// The largest first, and in words what they leave out.
    fn rows(self, limit: usize) -> (Vec<Row>, Option<String>) {
        let mut sums: Vec<_> = self.folders.into_iter().collect();
        sums.sort_by(|(left, a), (right, b)| b.bytes.cmp(&a.bytes).then_with(|| left.cmp(right)));
        let rest = sums.split_off(limit.min(sums.len()));
        let row = |((prefix, storage_class), sum): ((String, Option<String>), Sum)| Row::Sum {
            prefix,
            storage_class,
            objects: sum.objects,
            size_bytes: sum.bytes,
        };
        let left_out = (!rest.is_empty()).then(|| {
            let mut sum = Sum::default();
            rest.iter().for_each(|(_, one)| sum.add(*one));
            format!("{} smaller left out, with {} in all: raise `limit`", rest.len(), sum.words())
        });
        (sums.into_iter().map(row).collect(), left_out)
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::ObjectStorageClass;

    use super::*;

    fn object(key: &str, size: i64, class: &str) -> Object {
        Object::builder().key(key).size(size).storage_class(ObjectStorageClass::from(class)).build()
    }

    #[test]
    fn sums_are_by_folder_and_class_largest_first() {
        let mut sums = Sums::default();
        for (key, size, class) in [
            ("logs/a/1", 5, "STANDARD"),
            ("logs/a/b/2", 5, "STANDARD"),
            ("logs/a/3", 7, "GLACIER"),
            ("logs/direct", 100, "STANDARD"),
            ("logs/z/1", 1, "STANDARD"),
        ] {
            sums.add("logs/", &object(key, size, class));
        }
        assert_eq!(
            sums.totals(),
            "in all 5 objects, 118 B: GLACIER 1 object, 7 B; STANDARD 4 objects, 111 B"
        );
        let (rows, left_out) = sums.rows(3);
        let rows: Vec<_> = rows.into_iter().map(|row| serde_json::to_value(row).unwrap()).collect();
        let row = |prefix: &str, class: Option<&str>, objects: u64, bytes: u64| serde_json::json!({"prefix": prefix, "storage_class": class, "objects": objects, "size_bytes": bytes});
        assert_eq!(
            rows,
            [row("logs/*", None, 1, 100), row("logs/a/", None, 2, 10), row("logs/a/", Some("GLACIER"), 1, 7),]
        );
        assert_eq!(left_out.unwrap(), "1 smaller left out, with 1 object, 1 B in all: raise `limit`");
    }

    #[test]
    fn a_prefix_that_is_no_folder_groups_what_follows_it() {
        let mut sums = Sums::default();
        sums.add("lo", &object("logs/a", 1, "STANDARD"));
        sums.add("lo", &object("lone", 1, "STANDARD"));
        let mut folders: Vec<_> = sums.folders.into_keys().map(|(folder, _)| folder).collect();
        folders.sort();
        assert_eq!(folders, ["lo*", "logs/"]);
    }

    #[test]
    fn filters_hold_together() {
        let input = serde_json::json!({"bucket": "bbb", "glob": "*.csv", "min_size": "1k", "max_size": 2000});
        let input: ListObjects = serde_json::from_value(input).unwrap();
        assert!(input.fits(&object("x/a.csv", 1024, "STANDARD")));
        assert!(!input.fits(&object("x/a.csv", 1023, "STANDARD")));
        assert!(!input.fits(&object("x/a.csv", 2001, "STANDARD")));
        assert!(!input.fits(&object("x/a.txt", 1024, "STANDARD")));
        let input = serde_json::json!({"bucket": "bbb", "modified_after": "2026-01-01", "modified_before": "2026-02-01"});
        let input: ListObjects = serde_json::from_value(input).unwrap();
        let at = |time: &str| {
            let time: Timestamp = time.parse().unwrap();
            Object::builder().key("k").last_modified(DateTime::from_secs(time.as_second())).build()
        };
        assert!(input.fits(&at("2026-01-01T00:00:00Z")));
        assert!(!input.fits(&at("2026-02-01T00:00:00Z")));
        assert!(!input.fits(&at("2025-12-31T23:59:59Z")));
    }
}
