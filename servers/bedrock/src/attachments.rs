//! Images, documents and recordings that go to a model: from S3, from an allowed directory, or as base64.

use std::collections::BTreeSet;
use std::io::Read;

use aws_sdk_bedrockruntime::types::{
    AudioBlock, AudioFormat, AudioSource, CitationsConfig, ContentBlock, DocumentBlock, DocumentFormat,
    DocumentSource, ImageBlock, ImageFormat, ImageSource, S3Location, VideoBlock, VideoFormat, VideoSource,
};
use aws_smithy_types::Blob;
use awsmcp_mcp::{Call, Error, Kind, Result, human_size};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    Bedrock,
    builders::missing,
    families::{self, DOCUMENTS_OF_A_TURN, MOST_OF_A_DOCUMENT},
    names::{ModelId, S3Uri},
    spending::about,
};

/// Bytes that stand in the call itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inline {
    /// Its ending says what it is: `cat.png`, `report.pdf`.
    name: String,
    base64: String,
}

impl Inline {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// # Errors
    /// When they are no base64.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        BASE64_STANDARD.decode(self.base64.trim()).map_err(|_| {
            Error::invalid(format!("{}: `base64` is not base64", self.name))
                .with_next("give the plain text in `prompt`, or a file by its path or S3 URI")
        })
    }
}

/// What a model is shown, and about how many tokens that has.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) blocks: Vec<ContentBlock>,
    pub(crate) tokens: u64,
}

/// Fetches what is attached to the turns of one call.
pub(crate) struct Loader<'a> {
    cx: Option<&'a Call<Bedrock>>,
    model: &'a ModelId,
    /// Whether the model is to cite documents.
    citations: bool,
    reads_s3: bool,
    names: BTreeSet<String>,
    bytes: u64,
}

/// The most bytes that one call carries: all of them are held in memory, and AWS takes hardly more.
const MOST_BYTES: u64 = 25 * 1024 * 1024;
const MOST_THINGS: usize = 25;

/// Something to show: its bytes, or where AWS finds them itself.
enum Found {
    Bytes(Vec<u8>),
    Place(S3Uri),
}

impl<'a> Loader<'a> {
    pub(crate) fn new(cx: &'a Call<Bedrock>, model: &'a ModelId, citations: bool) -> Loader<'a> {
        Loader { cx: Some(cx), model, citations, reads_s3: true, names: BTreeSet::new(), bytes: 0 }
    }

    /// For a tool that may not read in S3.
    pub(crate) fn without_s3(cx: &'a Call<Bedrock>, model: &'a ModelId) -> Loader<'a> {
        Loader { reads_s3: false, ..Loader::new(cx, model, false) }
    }

    /// For conversations to which nothing outside of them is attached.
    #[cfg(test)]
    pub(crate) fn of_nothing(model: &'a ModelId) -> Loader<'a> {
        Loader { cx: None, model, citations: false, reads_s3: false, names: BTreeSet::new(), bytes: 0 }
    }

    /// Fetches what is attached to one turn, several at once.
    ///
    /// # Errors
    /// When one cannot be fetched, is too large, or is of no kind that models take.
    pub(crate) async fn load(
        &mut self,
        s3: Option<&[S3Uri]>,
        files: Option<&[String]>,
        inline: Option<&[Inline]>,
    ) -> Result<Loaded> {
        const AT_ONCE: usize = 4;
        let (s3, files, inline) =
            (s3.unwrap_or_default(), files.unwrap_or_default(), inline.unwrap_or_default());
        let count = s3.len() + files.len() + inline.len();
        if count > MOST_THINGS {
            return Err(Error::invalid(format!(
                "{count} attachments are more than the {MOST_THINGS} that one turn takes"
            )));
        }
        let mut found = Vec::with_capacity(count);
        if !s3.is_empty() || !files.is_empty() {
            let cx = self.cx.ok_or_else(|| Error::internal("attachments need a call"))?;
            if !s3.is_empty() && !self.reads_s3 {
                return Err(Error::invalid("this tool does not read in S3: leave `s3` out")
                    .with_next("give the bytes as `inline`, or a file of an allowed directory as `files`"));
            }
            let places = self.model;
            let objects: Vec<_> = s3.iter().map(|uri| object(cx, uri, places)).collect();
            found.extend(stream::iter(objects).buffered(AT_ONCE).try_collect::<Vec<_>>().await?);
            for path in files {
                found.push((path.clone(), Found::Bytes(file(cx, path).await?)));
            }
        }
        for inline in inline {
            found.push((inline.name.clone(), Found::Bytes(inline.bytes()?)));
        }
        let mut loaded = Loaded::default();
        for (name, thing) in found {
            self.add(&mut loaded, &name, thing)?;
        }
        let is_document = |block: &&ContentBlock| matches!(block, ContentBlock::Document(_));
        let documents = loaded.blocks.iter().filter(is_document).count();
        if documents > DOCUMENTS_OF_A_TURN {
            return Err(Error::invalid(format!(
                "{documents} documents are more than the {DOCUMENTS_OF_A_TURN} that Bedrock takes"
            ))
            .with_next("put some together, or ask about them one after the other"));
        }
        Ok(loaded)
    }

    fn add(&mut self, loaded: &mut Loaded, name: &str, found: Found) -> Result<()> {
        /// What an image of the largest size has.
        const IMAGE: u64 = 1_600;
        /// What a model reads at most of one thing.
        const MOST_TOKENS: u64 = 200_000;
        let (size, format) = match &found {
            Found::Bytes(bytes) => (bytes.len() as u64, format(name, bytes)?),
            Found::Place(_) => (u64::MAX, by_ending(name).ok_or_else(|| no_kind(name))?),
        };
        if let Found::Bytes(_) = found {
            self.bytes = self.bytes.saturating_add(size);
            if self.bytes > MOST_BYTES {
                return Err(too_large(name, size, MOST_BYTES));
            }
        }
        let is_bounded = |format: &DocumentFormat| families::bounds_documents(self.model, format.as_str());
        if let (Format::Document(format), Found::Bytes(_)) = (&format, &found)
            && size > MOST_OF_A_DOCUMENT
            && is_bounded(format)
        {
            return Err(too_large(name, size, MOST_OF_A_DOCUMENT));
        }
        loaded.tokens += match format {
            Format::Image(_) => IMAGE,
            _ => about(usize::try_from(size).unwrap_or(usize::MAX)).min(MOST_TOKENS),
        };
        let cites = self.citations.then(|| CitationsConfig::builder().enabled(true).build());
        let named = |names: &mut BTreeSet<String>| title(name, names);
        loaded.blocks.push(match format {
            Format::Image(format) => {
                let source = found.or(ImageSource::Bytes, ImageSource::S3Location)?;
                let block = ImageBlock::builder().format(format).source(source);
                ContentBlock::Image(block.build().map_err(missing)?)
            }
            Format::Document(format) => {
                let source = found.or(DocumentSource::Bytes, DocumentSource::S3Location)?;
                let block =
                    DocumentBlock::builder().format(format).name(named(&mut self.names)).source(source);
                let block = block.set_citations(cites.transpose().map_err(missing)?);
                ContentBlock::Document(block.build().map_err(missing)?)
            }
            Format::Video(format) => {
                let source = found.or(VideoSource::Bytes, VideoSource::S3Location)?;
                let block = VideoBlock::builder().format(format).source(source);
                ContentBlock::Video(block.build().map_err(missing)?)
            }
            Format::Audio(format) => {
                let source = found.or(AudioSource::Bytes, AudioSource::S3Location)?;
                let block = AudioBlock::builder().format(format).source(source);
                ContentBlock::Audio(block.build().map_err(missing)?)
            }
        });
        Ok(())
    }
}

impl Found {
    fn or<T>(self, bytes: fn(Blob) -> T, place: fn(S3Location) -> T) -> Result<T> {
        Ok(match self {
            Found::Bytes(data) => bytes(Blob::new(data)),
            Found::Place(uri) => place(S3Location::builder().uri(uri.as_str()).build().map_err(missing)?),
        })
    }
}

/// What stands in a call itself, as blocks.
///
/// # Errors
/// When one is no base64, or of no kind that is known.
pub(crate) fn images(inline: &[Inline]) -> Result<Vec<ContentBlock>> {
    inline
        .iter()
        .map(|inline| match format(&inline.name, &inline.bytes()?)? {
            Format::Image(format) => {
                let source = ImageSource::Bytes(Blob::new(inline.bytes()?));
                let block = ImageBlock::builder().format(format).source(source).build().map_err(missing)?;
                Ok(ContentBlock::Image(block))
            }
            _ => Err(Error::invalid(format!("{} is no image", inline.name))
                .with_next("good ones end with .png or .jpg")),
        })
        .collect()
}

async fn object(cx: &Call<Bedrock>, uri: &S3Uri, model: &ModelId) -> Result<(String, Found)> {
    let asked = cx.client().s3.get_object().bucket(uri.bucket()).key(uri.key()).send().await;
    let out = asked.map_err(|error| lost(uri, Error::from(error)))?;
    let size = out.content_length().and_then(|size| u64::try_from(size).ok()).unwrap_or(u64::MAX);
    if size > MOST_BYTES {
        return match families::reads_s3(model) {
            true => Ok((uri.to_string(), Found::Place(uri.clone()))),
            false => Err(too_large(uri.as_str(), size, MOST_BYTES)),
        };
    }
    let broken = |error| Error::new(Kind::Network, format!("{uri} broke off: {error}"));
    let bytes = out.body.collect().await.map_err(broken)?;
    Ok((uri.to_string(), Found::Bytes(bytes.to_vec())))
}

/// The error about an object that cannot be read. It names the object, and nothing else of the call: what AWS does not find
/// here is no model.
pub(crate) fn lost(uri: &S3Uri, mut error: Error) -> Error {
    if error.kind != Kind::NotFound {
        error.message = format!("{uri}: {}", error.message);
        return error;
    }
    let code = error.code.as_deref().unwrap_or("NoSuchKey");
    let what = if code == "NoSuchBucket" { "the bucket of " } else { "" };
    Error::not_found(format!("{what}{uri} does not exist ({code})"))
        .with_next("keys are told apart by case and by each letter: list those of the bucket")
}

async fn file(cx: &Call<Bedrock>, path: &str) -> Result<Vec<u8>> {
    if cx.settings().allow_dirs.is_empty() {
        return Err(Error::refused("local files are turned off: the server was started without --allow-dir")
            .with_next("give the file as `s3` or `inline`, or ask the operator to allow its directory"));
    }
    let opened = cx.files().open(path).await?;
    if opened.size > MOST_BYTES {
        return Err(too_large(path, opened.size, MOST_BYTES));
    }
    let read = move || {
        let mut bytes = Vec::new();
        // A file that grows meanwhile is still bounded.
        (&opened.file).take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| opened.error(error))?;
        Ok(bytes)
    };
    tokio::task::spawn_blocking(read).await.map_err(|error| Error::internal(error.to_string()))?
}

fn too_large(name: &str, size: u64, most: u64) -> Error {
    Error::invalid(format!("{name} has {}; at most {} go to this model", human_size(size), human_size(most)))
        .with_next("make it smaller or split it")
}

fn no_kind(name: &str) -> Error {
    Error::invalid(format!("{name} is nothing that models take")).with_next(
        "good ones end with .png, .jpg, .gif, .webp, .pdf, .csv, .docx, .xlsx, .html, .md, .txt, .mp4, .mp3 or .wav",
    )
}

#[derive(Debug, PartialEq)]
enum Format {
    Image(ImageFormat),
    Document(DocumentFormat),
    Video(VideoFormat),
    Audio(AudioFormat),
}

/// What it is: by its contents where those tell, else by its name.
fn format(name: &str, bytes: &[u8]) -> Result<Format> {
    if bytes.is_empty() {
        return Err(Error::invalid(format!("{name} is empty")));
    }
    let seen = infer::get(bytes).map(|kind| kind.extension()).filter(|kind| SURE.contains(kind));
    seen.and_then(by_word).or_else(|| by_ending(name)).ok_or_else(|| no_kind(name))
}

fn by_ending(name: &str) -> Option<Format> {
    let (_, ending) = name.rsplit_once('.')?;
    by_word(&ending.to_lowercase())
}

fn by_word(word: &str) -> Option<Format> {
    Some(match word {
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
        "3gp" => Format::Video(VideoFormat::ThreeGp),
        "flv" | "mkv" | "mov" | "mp4" | "mpeg" | "mpg" | "webm" | "wmv" => Format::Video(word.into()),
        "aac" | "flac" | "m4a" | "mp3" | "ogg" | "opus" | "wav" => Format::Audio(word.into()),
        _ => return None,
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
