use awsmcp_mcp::{
    Body, Call, Error, Output, Page, Part, Reply, Result, Spec, Tool, human_size, nearest, quoted,
};
use globset::Glob;
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Lambda, arns,
    names::{FunctionName, LayerName, Qualifier},
    package::{Package, entries, fetch, fetch_layer, read},
};

/// Lists the files of the package of a function or of a layer's version, or shows one of them (`path`). Nothing is written to
/// disk.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetCode {
    function: Option<FunctionName>,
    qualifier: Option<Qualifier>,
    layer: Option<LayerName>,
    layer_version: Option<i64>,
    path: Option<String>,
    /// Files to list: `*.py`, `src/**`.
    glob: Option<String>,
    /// Line to start from.
    #[schemars(range(min = 1))]
    from_line: Option<usize>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Row {
    path: String,
    size_bytes: u64,
}

/// Files, or what is in one.
pub(crate) enum Code {
    Files(Page<Row>),
    File(Body),
}

impl Output for Code {
    fn reply(self) -> Result<Reply> {
        match self {
            Code::Files(files) => files.reply(),
            Code::File(file) => file.reply(),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Value {
        let (mut all, file) = (Page::<Row>::schema(generator), Body::schema(generator));
        if let (Value::Object(all), Value::Object(file)) = (&mut all, file) {
            all.extend(file);
        }
        all
    }
}

impl Tool for GetCode {
    type Service = Lambda;
    type Output = Code;
    const SPEC: Spec = Spec::list("get_code", "Get code")
        .when("function and not qualifier")
        .on(arns::FUNCTION, &["lambda:GetFunction"])
        .when("qualifier")
        .on(arns::QUALIFIED_FUNCTION, &["lambda:GetFunction"])
        .when("layer")
        .on(arns::LAYER_VERSION, &["lambda:GetLayerVersion"])
        .minutes(5)
        .optional();

    async fn call(self, cx: &Call<Lambda>) -> Result<Self::Output> {
        let (mut package, whose) = match (&self.function, &self.layer, self.layer_version) {
            (Some(function), None, None) => {
                let qualifier = function.qualifier(self.qualifier.as_ref())?;
                (fetch(cx, &function.base(), qualifier).await?, function.to_string())
            }
            (None, Some(layer), Some(version)) if self.qualifier.is_none() => (
                fetch_layer(cx, &layer.to_string(), version).await?,
                format!("layer {layer} version {version}"),
            ),
            _ => return Err(Error::invalid("give `function`, or `layer` with `layer_version`")),
        };
        match &self.path {
            Some(path) => self.file(cx, package, path, &whose).map(Code::File),
            None => self.files(cx, &mut package).map(Code::Files),
        }
    }
}

impl GetCode {
    fn files(&self, cx: &Call<Lambda>, package: &mut Package) -> Result<Page<Row>> {
        let glob = self.glob.as_deref().map(|glob| {
            Glob::new(glob).map(|glob| glob.compile_matcher()).map_err(|error| {
                Error::invalid(format!("`glob`: {error}")).with_next("good ones are *.py and src/**")
            })
        });
        let glob = glob.transpose()?;
        let files: Vec<(String, u64)> = entries(package)
            .into_iter()
            .filter(|(path, _)| glob.as_ref().is_none_or(|glob| fits(glob, path)))
            .collect();
        let (from, limit) =
            (cx.token().and_then(|token| token.parse().ok()).unwrap_or(0), cx.limit() as usize);
        let total = files.len();
        let rows =
            files.into_iter().skip(from).take(limit).map(|(path, size_bytes)| Row { path, size_bytes });
        let rows: Vec<Row> = rows.collect();
        let end = from + rows.len();
        let mut page = cx.page(rows, (end < total).then(|| end.to_string()));
        page.total = Some(total as u64);
        Ok(page)
    }

    fn file(&self, cx: &Call<Lambda>, mut package: Package, path: &str, whose: &str) -> Result<Body> {
        const MOST: u64 = 16 * 1024 * 1024;
        if package.index_for_name(path).is_none() {
            let files = entries(&mut package);
            let known = files.iter().map(|(path, _)| path.as_str());
            let meant = nearest(path, known).map(|meant| format!("; did you mean {meant}?"));
            return Err(Error::not_found(format!(
                "the package has no {}{}",
                quoted(path),
                meant.unwrap_or_default()
            ))
            .with_next("get_code without `path` lists the files"));
        }
        let file = package
            .by_name(path)
            .map_err(|error| Error::invalid(format!("{} cannot be opened: {error}", quoted(path))))?;
        let size = file.size();
        let bytes = read(file, MOST)?;
        let label = format!("{path} of {whose}, {}", human_size(size));
        let Ok(text) = std::str::from_utf8(&bytes) else {
            let head: Vec<String> = bytes.iter().take(64).map(|byte| format!("{byte:02x}")).collect();
            return Ok(Body {
                label: format!("{label}, not text; its first bytes"),
                parts: vec![Part::Text(head.join(" "))],
                ..Body::default()
            });
        };
        let (shown, lines, total) = window(text, self.from_line.unwrap_or(1), cx.budget());
        let rest = (lines.1 < total).then(|| format!("more: from_line {}", lines.1 + 1));
        Ok(Body {
            label: format!("{label}, lines {}-{} of {total}", lines.0, lines.1),
            parts: vec![Part::Text(shown)],
            rest,
            ..Body::default()
        })
    }
}

/// `*.py` fits names anywhere, `src/**` whole paths.
fn fits(glob: &globset::GlobMatcher, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let whole = glob.glob().glob().contains('/');
    glob.is_match(if whole { path } else { name })
}

/// Whole lines from a line on, as many as fit: the text, the first and the last line shown, and how many there are.
fn window(text: &str, from: usize, budget: usize) -> (String, (usize, usize), usize) {
    let total = text.lines().count();
    let mut shown = String::new();
    let (mut used, mut last) = (0, from.saturating_sub(1));
    for line in text.lines().skip(from.saturating_sub(1)) {
        used += line.chars().count() + 1;
        // One line that is too long is cut by the renderer, which says so.
        if used > budget && !shown.is_empty() {
            break;
        }
        shown.push_str(line);
        shown.push('\n');
        last += 1;
    }
    (shown, (from.min(total), last.min(total)), total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shown_as_far_as_they_fit() {
        assert_eq!(window("a\nb\nc\n", 1, 4), ("a\nb\n".to_owned(), (1, 2), 3));
        assert_eq!(window("a\nb\nc\n", 3, 100), ("c\n".to_owned(), (3, 3), 3));
        assert_eq!(window("a\n", 9, 100).0, "");
    }

    #[test]
    fn a_glob_without_a_slash_fits_names() {
        let glob = |text: &str| Glob::new(text).unwrap().compile_matcher();
        assert!(fits(&glob("*.py"), "src/a.py"));
        assert!(fits(&glob("src/**"), "src/deep/a.py"));
        assert!(!fits(&glob("src/*"), "lib/a.py"));
    }
}
