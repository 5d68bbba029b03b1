use aws_sdk_lambda::types::{FunctionConfiguration, FunctionVersion};
use awsmcp_mcp::{Call, Error, Moment, Page, Result, Spec, Tool};
use futures::{StreamExt, TryStreamExt, stream};
use globset::{Glob, GlobMatcher};
use jiff::{Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Lambda, arns,
    runtimes::{deprecation, is_known, today},
    times::modified,
};

/// Lists functions with runtime, memory, timeout, code size and age; `deprecated` finds runtimes at their end.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListFunctions {
    prefix: Option<String>,
    /// `*-worker`
    glob: Option<String>,
    /// `python3.9`, or `python` for all.
    runtime: Option<String>,
    /// `team` or `team=data`.
    tag: Option<String>,
    /// Only runtimes deprecated by now or within 180 days, or not known here; of published versions too.
    #[serde(default)]
    deprecated: bool,
    min_code_bytes: Option<i64>,
    modified_after: Option<Moment>,
    modified_before: Option<Moment>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    name: String,
    /// A published version, which keeps its runtime; else it is what is called without one.
    version: Option<String>,
    runtime: String,
    /// The day the runtime is deprecated, where that is past or near.
    deprecated: Option<&'static str>,
    memory_mb: Option<i32>,
    timeout_seconds: Option<i32>,
    code_bytes: i64,
    modified: Option<String>,
}

impl Tool for ListFunctions {
    type Service = Lambda;
    type Output = Page<Row>;
    const SPEC: Spec = Spec::list("list_functions", "List functions")
        .on("*", &["lambda:ListFunctions"])
        .when("tag")
        // On `*`, since any function may have the tag.
        .on("*", &["lambda:ListTags"])
        .rows(arns::LISTED_FUNCTION)
        .regional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        const AWS_PAGE: usize = 50;
        const MOST_PAGES: usize = 200;
        let filter = Filter::new(&self)?;
        let limit = cx.limit() as usize;
        let Place { mut skip, mut marker } = Place::read(cx.token());
        let (mut rows, mut looked) = (Vec::new(), 0);
        for _ in 0..MOST_PAGES {
            // A filter cannot know how much of AWS's page will fit; without one the pages end together.
            let size = if filter.filters { AWS_PAGE } else { AWS_PAGE.min(limit - rows.len()) };
            let out = cx
                .client()
                .lambda
                .list_functions()
                .set_marker(marker.clone())
                // An alias may point to a version whose runtime ended long ago.
                .set_function_version(self.deprecated.then_some(FunctionVersion::All))
                .max_items(size.try_into().unwrap_or(50))
                .send()
                .await?;
            let functions = out.functions.unwrap_or_default();
            looked += functions.len().saturating_sub(skip);
            let fitting: Vec<(usize, FunctionConfiguration)> = functions
                .into_iter()
                .enumerate()
                .skip(skip)
                .filter(|(_, function)| filter.fits(function))
                .collect();
            for (at, function) in filter.tagged(cx, fitting).await? {
                if rows.len() >= limit {
                    return Ok(cx.page(rows, Some(Place { skip: at, marker }.token())));
                }
                rows.push(Row::new(function, filter.today));
            }
            skip = 0;
            marker = out.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() || rows.len() >= limit {
                break;
            }
        }
        if filter.filters {
            let end = if marker.is_some() { "so far" } else { "to the end" };
            let what = if self.deprecated { "functions and versions" } else { "functions" };
            cx.note(format!("looked at {looked} {what}, {end}"));
            if self.runtime.is_some() && !self.deprecated {
                cx.note("published versions keep runtimes of their own: `deprecated` looks at those too");
            }
        }
        let next = marker.map(|marker| Place { skip: 0, marker: Some(marker) }.token());
        Ok(cx.page(rows, next))
    }
}

struct Filter<'a> {
    wanted: &'a ListFunctions,
    glob: Option<GlobMatcher>,
    filters: bool,
    today: Date,
}

impl<'a> Filter<'a> {
    fn new(wanted: &'a ListFunctions) -> Result<Self> {
        let glob = wanted.glob.as_deref().map(|glob| {
            Glob::new(glob).map(|glob| glob.compile_matcher()).map_err(|error| {
                Error::invalid(format!("`glob`: {error}"))
                    .with_next("good ones are *-worker and orders-{api,job}")
            })
        });
        if let (Some(after), Some(before)) = (wanted.modified_after, wanted.modified_before)
            && after > before
        {
            return Err(Error::invalid("`modified_after` is later than `modified_before`, so nothing fits"));
        }
        let filters = wanted.prefix.is_some()
            || wanted.glob.is_some()
            || wanted.runtime.is_some()
            || wanted.tag.is_some()
            || wanted.deprecated
            || wanted.min_code_bytes.is_some()
            || wanted.modified_after.is_some()
            || wanted.modified_before.is_some();
        Ok(Filter { wanted, glob: glob.transpose()?, filters, today: today() })
    }

    fn fits(&self, function: &FunctionConfiguration) -> bool {
        let name = function.function_name.as_deref().unwrap_or_default();
        let runtime = function.runtime.as_ref().map_or("image", |runtime| runtime.as_str());
        let changed =
            || function.last_modified.as_deref().and_then(|at| modified(at).parse::<Timestamp>().ok());
        let after = self.wanted.modified_after.is_none_or(|after| changed().is_some_and(|at| at >= after.0));
        let before =
            self.wanted.modified_before.is_none_or(|before| changed().is_some_and(|at| at <= before.0));
        self.wanted.prefix.as_deref().is_none_or(|prefix| name.starts_with(prefix))
            && self.glob.as_ref().is_none_or(|glob| glob.is_match(name))
            && self.wanted.runtime.as_deref().is_none_or(|wanted| of_kind(runtime, wanted))
            && (!self.wanted.deprecated || ends(runtime, self.today).is_some())
            && self.wanted.min_code_bytes.is_none_or(|least| function.code_size >= least)
            && after
            && before
    }

    /// Those that have the tag, where one is wanted. Lambda tells tags one function at a time.
    async fn tagged(
        &self,
        cx: &Call<Lambda>,
        functions: Vec<(usize, FunctionConfiguration)>,
    ) -> Result<Vec<(usize, FunctionConfiguration)>> {
        const AT_ONCE: usize = 8;
        let Some(tag) = self.wanted.tag.as_deref() else { return Ok(functions) };
        let (key, value) = tag.split_once('=').map_or((tag, None), |(key, value)| (key, Some(value)));
        let has_tag = |function: FunctionConfiguration, at: usize| async move {
            // Tags are the function's, whichever version it is.
            let arn = function.function_arn.as_deref().map(whole_function);
            let tags = cx.client().lambda.list_tags().set_resource(arn).send().await?;
            let found = tags.tags.as_ref().and_then(|tags| tags.get(key));
            let has = found.is_some_and(|found| value.is_none_or(|value| found == value));
            Result::Ok(has.then_some((at, function)))
        };
        let asked = stream::iter(functions).map(|(at, function)| has_tag(function, at)).buffered(AT_ONCE);
        asked.try_filter_map(|found| async move { Ok(found) }).try_collect().await
    }
}

/// How many days before its end a runtime counts as deprecated.
const NEAR: i32 = 180;

/// The ARN without a version.
fn whole_function(arn: &str) -> String {
    arn.splitn(8, ':').take(7).collect::<Vec<_>>().join(":")
}

/// The day of its end, where that is past or near; of a runtime that nobody knows here that may be any.
fn ends(runtime: &str, today: Date) -> Option<&'static str> {
    if is_known(runtime) { deprecation(runtime, today, NEAR) } else { Some("not known here") }
}

/// `python` is every Python; `python3.9` is one.
fn of_kind(runtime: &str, wanted: &str) -> bool {
    match runtime.strip_prefix(wanted) {
        Some("") => true,
        Some(rest) => {
            wanted.chars().all(|letter| letter.is_ascii_alphabetic())
                && rest.starts_with(|letter: char| letter.is_ascii_digit())
        }
        None => false,
    }
}

impl Row {
    fn new(function: FunctionConfiguration, today: Date) -> Row {
        // A function from an image has no runtime of Lambda's.
        let runtime = function.runtime.map_or_else(|| "image".to_owned(), |runtime| runtime.to_string());
        Row {
            name: function.function_name.unwrap_or_default(),
            version: function.version.filter(|version| version != "$LATEST"),
            deprecated: ends(&runtime, today),
            runtime,
            memory_mb: function.memory_size,
            timeout_seconds: function.timeout,
            code_bytes: function.code_size,
            modified: function.last_modified.as_deref().map(modified),
        }
    }
}

/// Where a list goes on: in which page of AWS's, behind how many of its functions.
#[derive(Debug, PartialEq)]
struct Place {
    skip: usize,
    marker: Option<String>,
}

impl Place {
    fn read(token: Option<String>) -> Place {
        let (skip, marker) = token.as_deref().and_then(|token| token.split_once(':')).unwrap_or(("0", ""));
        Place {
            skip: skip.parse().unwrap_or(0),
            marker: Some(marker.to_owned()).filter(|marker| !marker.is_empty()),
        }
    }

    fn token(&self) -> String {
        format!("{}:{}", self.skip, self.marker.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_stands_for_all_its_runtimes() {
        assert!(of_kind("python3.9", "python"));
        assert!(of_kind("python3.9", "python3.9"));
        assert!(!of_kind("python3.12", "python3.1"));
        assert!(of_kind("provided.al2023", "provided.al2023"));
        assert!(!of_kind("provided.al2023", "provided.al2"));
        assert!(!of_kind("provided.al2", "provided"));
        assert!(of_kind("image", "image"));
    }

    #[test]
    fn a_place_comes_back_as_it_was() {
        for place in [
            Place { skip: 0, marker: None },
            Place { skip: 7, marker: Some("a:b".to_owned()) },
            Place { skip: 3, marker: None },
        ] {
            assert_eq!(Place::read(Some(place.token())), place);
        }
        assert_eq!(Place::read(None), Place { skip: 0, marker: None });
    }
}
