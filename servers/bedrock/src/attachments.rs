//! Images and documents that go to a model: from S3, from an allowed directory, or as base64.

use std::collections::BTreeSet;
use std::io::Read;

use aws_sdk_bedrockruntime::types::{
    CitationsConfig, ContentBlock, DocumentBlock, DocumentFormat, DocumentSource, ImageBlock, ImageFormat,
    ImageSource,
};
use aws_smithy_types::Blob;
use awsmcp_mcp::{Call, Error, Result, human_size};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Bedrock, names::S3Uri};

/// Bytes that stand in the call itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inline {
    /// Its ending says what it is: `cat.png`, `report.pdf`.
    name: String,
    base64: String,
}

/// What is attached to a call.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    pub(crate) s3: Vec<S3Uri>,
    pub(crate) files: Vec<String>,
    pub(crate) inline: Vec<Inline>,
    /// Whether the model is to cite documents.
    pub(crate) citations: bool,
}

/// What a model is shown, and about how many tokens that has.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) blocks: Vec<ContentBlock>,
    pub(crate) tokens: u64,
}

/// The largest attachment that Bedrock takes.
const MOST_BYTES: u64 = 4_718_592;
const MOST_THINGS: usize = 25;

impl Attachments {
    /// Fetches all, several at once.
    ///
    /// # Errors
    /// When one cannot be fetched, is too large, or is of no kind that models take.
    pub(crate) async fn load(self, cx: &Call<Bedrock>) -> Result<Loaded> {
        const AT_ONCE: usize = 4;
        let count = self.s3.len() + self.files.len() + self.inline.len();
        if count > MOST_THINGS {
            return Err(Error::invalid(format!(
                "{count} attachments are more than the {MOST_THINGS} that Bedrock takes"
            )));
        }
        let objects: Vec<_> = self.s3.iter().map(|uri| object(cx, uri)).collect();
        let mut found: Vec<(String, Vec<u8>)> = stream::iter(objects).buffered(AT_ONCE).try_collect().await?;
        for path in &self.files {
            found.push((path.clone(), file(cx, path).await?));
        }
        for inline in self.inline {
            let bytes = BASE64_STANDARD.decode(inline.base64.trim()).map_err(|_| {
                Error::invalid(format!("{}: `base64` is not base64", inline.name))
                    .with_next("give the plain text in `prompt`, or a file by its path or S3 URI")
            })?;
            fits(&inline.name, bytes.len() as u64)?;
            found.push((inline.name, bytes));
        }
        let (mut loaded, mut names) = (Loaded::default(), BTreeSet::new());
        for (name, bytes) in found {
            loaded.add(&name, bytes, self.citations, &mut names)?;
        }
        Ok(loaded)
    }
}

impl Loaded {
    fn add(
        &mut self,
        name: &str,
        bytes: Vec<u8>,
        citations: bool,
        names: &mut BTreeSet<String>,
    ) -> Result<()> {
        /// What an image of the largest size has.
        const IMAGE: u64 = 1_600;
        let missing =
            |error: aws_smithy_types::error::operation::BuildError| Error::internal(error.to_string());
        match format(name, &bytes)? {
            Format::Image(format) => {
                self.tokens += IMAGE;
                let image = ImageBlock::builder().format(format).source(ImageSource::Bytes(Blob::new(bytes)));
                self.blocks.push(ContentBlock::Image(image.build().map_err(missing)?));
            }
            Format::Document(format) => {
                self.tokens += crate::spending::about(bytes.len()).min(200_000);
                let document = DocumentBlock::builder()
                    .format(format)
                    .name(title(name, names))
                    .source(DocumentSource::Bytes(Blob::new(bytes)));
                let cites = CitationsConfig::builder().enabled(true).build().map_err(missing)?;
                let document = document.set_citations(citations.then_some(cites));
                self.blocks.push(ContentBlock::Document(document.build().map_err(missing)?));
            }
        }
        Ok(())
    }
}

async fn object(cx: &Call<Bedrock>, uri: &S3Uri) -> Result<(String, Vec<u8>)> {
    let out = cx.client().s3.get_object().bucket(uri.bucket()).key(uri.key()).send().await?;
    let size = out.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(u64::MAX);
    fits(uri.as_str(), size)?;
    let broken = |error| Error::new(awsmcp_mcp::Kind::Network, format!("{uri} broke off: {error}"));
    let bytes = out.body.collect().await.map_err(broken)?;
    Ok((uri.to_string(), bytes.to_vec()))
}

async fn file(cx: &Call<Bedrock>, path: &str) -> Result<Vec<u8>> {
    if cx.settings().allow_dirs.is_empty() {
        return Err(Error::refused("local files are turned off: the server was started without --allow-dir")
            .with_next("give the file as `s3` or `inline`, or ask the operator to allow its directory"));
    }
    let opened = cx.files().open(path).await?;
    fits(path, opened.size)?;
    let read = move || {
        let mut bytes = Vec::new();
        // A file that grows meanwhile is still bounded.
        (&opened.file).take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| opened.error(error))?;
        Ok(bytes)
    };
    tokio::task::spawn_blocking(read).await.map_err(|error| Error::internal(error.to_string()))?
}

fn fits(name: &str, size: u64) -> Result<()> {
    if size <= MOST_BYTES {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{name} has {}; Bedrock takes at most {}",
        human_size(size),
        human_size(MOST_BYTES)
    ))
    .with_next("make it smaller or split it"))
}

#[derive(Debug, PartialEq)]
enum Format {
    Image(ImageFormat),
    Document(DocumentFormat),
}

/// What it is: by its contents where those tell, else by its name.
fn format(name: &str, bytes: &[u8]) -> Result<Format> {
    if bytes.is_empty() {
        return Err(Error::invalid(format!("{name} is empty")));
    }
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).unwrap_or_default();
    let seen = infer::get(bytes).map(|kind| kind.extension()).filter(|kind| SURE.contains(kind));
    Ok(match seen.unwrap_or(ending.as_str()) {
        "png" => Format::Image(ImageFormat::Png),
        "jpg" | "jpeg" => Format::Image(ImageFormat::Jpeg),
        "gif" => Format::Image(ImageFormat::Gif),
        "webp" => Format::Image(ImageFormat::Webp),
        "pdf" => Format::Document(DocumentFormat::Pdf),
        "csv" => Format::Document(DocumentFormat::Csv),
        "doc" => Format::Document(DocumentFormat::Doc),
        "docx" => Format::Document(DocumentFormat::Docx),
        "xls" => Format::Document(DocumentFormat::Xls),
        "xlsx" => Format::Document(DocumentFormat::Xlsx),
        "html" | "htm" => Format::Document(DocumentFormat::Html),
        "md" => Format::Document(DocumentFormat::Md),
        "txt" | "json" | "xml" | "log" | "yaml" | "yml" | "toml" => Format::Document(DocumentFormat::Txt),
        _ => {
            return Err(Error::invalid(format!("{name} is no image or document that models take")).with_next(
                "good ones end with .png, .jpg, .gif, .webp, .pdf, .csv, .docx, .xlsx, .html, .md or .txt",
            ));
        }
    })
}

/// The kinds that the first bytes give away for certain.
const SURE: [&str; 5] = ["png", "jpg", "gif", "webp", "pdf"];

/// A document's name as Bedrock takes it: letters, digits, single blanks, hyphens, brackets; no two the same.
fn title(name: &str, names: &mut BTreeSet<String>) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let letters =
        |letter: char| if letter.is_ascii_alphanumeric() || "-()[]".contains(letter) { letter } else { ' ' };
    let words: String = stem.chars().map(letters).collect();
    let plain = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = if plain.is_empty() { "document".to_owned() } else { plain.chars().take(150).collect() };
    let mut found = plain.clone();
    let mut number = 2;
    while !names.insert(found.clone()) {
        found = format!("{plain} {number}");
        number += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    #[test]
    fn what_it_is_shows_in_its_bytes_or_its_name() {
        assert_eq!(format("x.txt", PNG).unwrap(), Format::Image(ImageFormat::Png));
        assert_eq!(format("s3://b/a.csv", b"a,b").unwrap(), Format::Document(DocumentFormat::Csv));
        assert_eq!(format("A.JPG", b"?").unwrap(), Format::Image(ImageFormat::Jpeg));
        assert_eq!(format("a.json", b"{}").unwrap(), Format::Document(DocumentFormat::Txt));
        assert!(format("a.exe", b"MZ").unwrap_err().next.as_deref().unwrap_or_default().contains(".png"));
        assert!(format("a.txt", b"").unwrap_err().message.contains("empty"));
    }

    #[test]
    fn documents_have_names_that_bedrock_takes() {
        let mut names = BTreeSet::new();
        assert_eq!(title("s3://b/dir/Q3_report (final).v2.pdf", &mut names), "Q3 report (final) v2");
        assert_eq!(title("/tmp/a.txt", &mut names), "a");
        assert_eq!(title("b/a.md", &mut names), "a 2");
        assert_eq!(title("文.md", &mut names), "document");
    }
}
