//! Code on its way to Lambda: from a local zip file, from texts, from S3, or from an image.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Write},
};

use awsmcp_mcp::{Call, Error, Result, counted, human_size, nearest, quoted};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    Lambda,
    package::{self, Package},
};

/// Where the code comes from, as a call gives it.
#[derive(Debug, Default)]
pub(crate) struct Source<'a> {
    pub(crate) zip_path: Option<&'a str>,
    pub(crate) files: Option<&'a BTreeMap<String, String>>,
    pub(crate) s3_bucket: Option<&'a str>,
    pub(crate) s3_key: Option<&'a str>,
    pub(crate) s3_version: Option<&'a str>,
    pub(crate) image_uri: Option<&'a str>,
}

/// Code, ready to be sent.
#[derive(Debug)]
pub(crate) enum Code {
    /// A package, and what it is for people.
    Zip {
        bytes: Vec<u8>,
        what: String,
        files: Vec<String>,
    },
    S3 {
        bucket: String,
        key: String,
        version: Option<String>,
    },
    Image(String),
}

/// What AWS takes in a request; larger packages go through S3.
const MOST_ZIPPED: u64 = 50 * 1024 * 1024;
const MOST_UNPACKED: u64 = 250 * 1024 * 1024;

impl Source<'_> {
    /// # Errors
    /// When not exactly one source is given, or the package is not one that AWS takes.
    pub(crate) async fn read(&self, cx: &Call<Lambda>) -> Result<Code> {
        match (self.zip_path, self.files, self.s3_bucket, self.s3_key, self.image_uri) {
            (Some(path), None, None, None, None) => from_disk(cx, path).await,
            (None, Some(files), None, None, None) => {
                let bytes = packed(files)?;
                checked(bytes, counted(files.len(), "given file"))
            }
            (None, None, Some(bucket), Some(key), None) => Ok(Code::S3 {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                version: self.s3_version.map(str::to_owned),
            }),
            (None, None, None, None, Some(image)) => Ok(Code::Image(image.to_owned())),
            _ => Err(Error::invalid("give the code in exactly one way").with_next(
                "`zip_path` in an allowed directory, `files` as texts, `s3_bucket` with `s3_key`, or `image_uri`",
            )),
        }
    }
}

impl Code {
    /// What it is, for people.
    pub(crate) fn what(&self) -> String {
        match self {
            Code::Zip { bytes, what, files } => {
                format!("{what} ({}, {})", human_size(bytes.len() as u64), counted(files.len(), "file"))
            }
            Code::S3 { bucket, key, version } => {
                let version = version.as_ref().map(|version| format!(" version {version}"));
                format!("s3://{bucket}/{key}{}", version.unwrap_or_default())
            }
            Code::Image(image) => format!("image {image}"),
        }
    }

    /// AWS's fingerprint of it, where it is at hand.
    pub(crate) fn sha256(&self) -> Option<String> {
        match self {
            Code::Zip { bytes, .. } => Some(BASE64_STANDARD.encode(Sha256::digest(bytes))),
            _ => None,
        }
    }

    /// A warning where paths lead out of the package, by which an unpacking program may be misled.
    pub(crate) fn astray(&self) -> Option<String> {
        self.strays().first().map(|first| format!("paths in the package lead out of it, such as {first}"))
    }

    fn strays(&self) -> Vec<&str> {
        let Code::Zip { files, .. } = self else { return Vec::new() };
        let strays =
            |path: &&str| path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..");
        files.iter().map(String::as_str).filter(strays).collect()
    }

    /// What the handler needs and the package lacks.
    pub(crate) fn lacks(&self, runtime: &str, handler: &str) -> Option<String> {
        let Code::Zip { files, .. } = self else { return None };
        if runtime.starts_with("provided") {
            let has = files.iter().any(|file| file == "bootstrap");
            // A layer may bring it.
            return (!has).then(|| "the package has no file `bootstrap` at its top".to_owned());
        }
        let endings: &[&str] = match runtime {
            python if python.starts_with("python") => &[".py", ".pyc", ".so", "/__init__.py"],
            node if node.starts_with("nodejs") => &[".js", ".mjs", ".cjs"],
            ruby if ruby.starts_with("ruby") => &[".rb"],
            _ => return None,
        };
        let (module, _) = handler.rsplit_once('.')?;
        let path = if runtime.starts_with("python") { module.replace('.', "/") } else { module.to_owned() };
        let has = files
            .iter()
            .any(|file| endings.iter().any(|ending| file.strip_suffix(ending) == Some(path.as_str())));
        (!has).then(|| {
            format!(
                "the package has no file for the handler {handler}, such as {path}{}",
                endings.first().copied().unwrap_or_default()
            )
        })
    }
}

async fn from_disk(cx: &Call<Lambda>, path: &str) -> Result<Code> {
    if cx.settings().allow_dirs.is_empty() {
        return Err(Error::refused("`zip_path` needs a directory that the operator allows").with_next(
            "give the code as `files` or through S3, or ask the operator to start with --allow-dir DIRECTORY",
        ));
    }
    let opened = cx.files().open(path).await?;
    if opened.size > MOST_ZIPPED {
        return Err(Error::invalid(format!(
            "{} has {}; AWS takes at most 50 MiB directly",
            opened.path.display(),
            human_size(opened.size)
        ))
        .with_next("put it into S3 and give `s3_bucket` and `s3_key`"));
    }
    let what = opened.path.display().to_string();
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        opened.file.take(MOST_ZIPPED + 1).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = read
        .await
        .map_err(|error| Error::internal(format!("reading did not end: {error}")))?
        .map_err(|error| Error::invalid(format!("{what} cannot be read: {error}")))?;
    checked(bytes, what)
}

/// A package with some of its files replaced, added, or taken out where there is no text; the others stay byte for byte.
///
/// # Errors
/// When a file that is to go is not there, or a path is none.
pub(crate) fn patched(package: Package, patch: &BTreeMap<String, Option<String>>) -> Result<Code> {
    let mut package = package;
    let known: Vec<String> = package::entries(&mut package).into_iter().map(|(name, _)| name).collect();
    if let Some((path, _)) = patch.iter().find(|(path, text)| text.is_none() && !known.contains(path)) {
        let meant = nearest(path, known.iter().map(String::as_str));
        let meant = meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default();
        let missing = format!("`remove_files`: the package has no {}{meant}", quoted(path));
        return Err(Error::not_found(missing).with_next("get_code lists its files"));
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..package.len() {
        let file = package.by_index_raw(at).map_err(unmade)?;
        if !patch.contains_key(&*String::from_utf8_lossy(file.name_raw())) {
            writer.raw_copy_file(file).map_err(unmade)?;
        }
    }
    let texts = patch.iter().filter_map(|(path, text)| Some((path, text.as_ref()?)));
    let bytes = written(writer, texts)?;
    checked(bytes, format!("its package with {} changed", counted(patch.len(), "file")))
}

/// Texts as a package. Its bytes depend on nothing but the texts.
fn packed(files: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    written(ZipWriter::new(Cursor::new(Vec::new())), files)
}

fn unmade(error: zip::result::ZipError) -> Error {
    Error::internal(format!("the package cannot be made: {error}"))
}

/// The package with these files at its end.
fn written<'a>(
    mut writer: ZipWriter<Cursor<Vec<u8>>>,
    files: impl IntoIterator<Item = (&'a String, &'a String)>,
) -> Result<Vec<u8>> {
    for (path, text) in files {
        let is_good = !path.is_empty()
            && !path.starts_with('/')
            && !path.ends_with('/')
            && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_good {
            return Err(Error::invalid(format!("`files`: {path:?} is not a path in a package"))
                .with_next("good ones are index.py and src/app.mjs"));
        }
        let mode = if path == "bootstrap" { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default().unix_permissions(mode);
        writer.start_file(path.as_str(), options).map_err(unmade)?;
        writer.write_all(text.as_bytes()).map_err(|error| unmade(error.into()))?;
    }
    Ok(writer.finish().map_err(unmade)?.into_inner())
}

fn checked(bytes: Vec<u8>, what: String) -> Result<Code> {
    let mut package = package::open(bytes).map_err(|mut error| {
        error.message = format!("{what}: {}", error.message);
        error
    })?;
    let entries = package::entries(&mut package);
    let size: u64 = entries.iter().map(|(_, size)| size).sum();
    if size > MOST_UNPACKED {
        return Err(Error::invalid(format!(
            "{what} has {} unpacked; Lambda takes at most 250 MiB, layers included",
            human_size(size)
        ))
        .with_next("leave out what is not needed, or build a container image"));
    }
    if entries.is_empty() {
        return Err(Error::invalid(format!("{what} holds no file")));
    }
    let files = entries.into_iter().map(|(name, _)| name).collect();
    Ok(Code::Zip { bytes: package.into_inner().into_inner(), what, files })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn files(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    fn code(of: &[(&str, &str)]) -> Code {
        checked(packed(&files(of)).unwrap(), "it".to_owned()).unwrap()
    }

    #[test]
    fn the_same_texts_make_the_same_package() {
        let one = code(&[("index.py", "x = 1\n"), ("lib/a.py", "")]);
        assert_eq!(one.sha256(), code(&[("lib/a.py", ""), ("index.py", "x = 1\n")]).sha256());
        assert_ne!(one.sha256(), code(&[("index.py", "x = 2\n"), ("lib/a.py", "")]).sha256());
        assert!(one.what().ends_with(", 2 files)"), "{}", one.what());
    }

    #[test]
    fn a_package_without_its_handler_is_noticed() {
        let python = code(&[("app/main.py", "")]);
        assert_eq!(python.lacks("python3.12", "app.main.handler"), None);
        assert_eq!(python.lacks("python3.12", "app/main.handler"), None);
        assert!(python.lacks("python3.12", "index.handler").unwrap().contains("index.py"));
        assert!(python.lacks("provided.al2023", "x").unwrap().contains("bootstrap"));
        assert_eq!(code(&[("src/app.mjs", "")]).lacks("nodejs22.x", "src/app.handler"), None);
        assert_eq!(python.lacks("java21", "com.example.App::handle"), None);
    }

    #[test]
    fn only_paths_inside_a_package_are_taken() {
        for wrong in ["", "/etc/passwd", "../a", "a/../b", "a//b", "dir/"] {
            assert!(packed(&files(&[(wrong, "")])).is_err(), "{wrong}");
        }
        assert!(checked(b"not a zip".to_vec(), "it".to_owned()).is_err());
        assert!(checked(packed(&files(&[])).unwrap(), "it".to_owned()).is_err());
    }

    #[test]
    fn paths_that_leave_the_package_are_told() {
        let code = |files: &[&str]| Code::Zip {
            bytes: Vec::new(),
            what: "it".to_owned(),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
        };
        assert_eq!(
            code(&["a/../../b", "/etc/x", "..\\y", "a..b/c", "d"]).strays(),
            ["a/../../b", "/etc/x", "..\\y"]
        );
        assert!(Code::Image("i".to_owned()).strays().is_empty());
    }

    #[test]
    fn single_files_of_a_package_are_changed_and_the_others_stay() {
        let before = packed(&files(&[("index.py", "old"), ("util.py", "u"), ("data.json", "{}")])).unwrap();
        let open = || package::open(before.clone()).unwrap();
        let patch = |of: &[(&str, Option<&str>)]| {
            of.iter()
                .map(|(path, text)| ((*path).to_owned(), text.map(str::to_owned)))
                .collect::<BTreeMap<_, _>>()
        };
        let change = patch(&[("index.py", Some("new")), ("data.json", None), ("lib/a.py", Some("a"))]);
        let after = patched(open(), &change).unwrap();
        assert_eq!(after.sha256(), patched(open(), &change).unwrap().sha256());
        let Code::Zip { bytes, files, .. } = after else { unreachable!() };
        assert_eq!(files, ["index.py", "lib/a.py", "util.py"]);
        let mut package = package::open(bytes).unwrap();
        let mut text = |path: &str| {
            String::from_utf8(package::read(package.by_name(path).unwrap(), 99).unwrap()).unwrap()
        };
        assert_eq!(
            (text("index.py"), text("util.py"), text("lib/a.py")),
            ("new".into(), "u".into(), "a".into())
        );
        let missing = patched(open(), &patch(&[("utils.py", None)])).unwrap_err();
        assert!(missing.message.contains("has no \"utils.py\"; did you mean util.py?"), "{missing}");
        assert!(patched(open(), &patch(&[("../x", Some("x"))])).is_err());
        assert!(
            patched(open(), &patch(&[("index.py", None), ("util.py", None), ("data.json", None)])).is_err()
        );
    }

    proptest! {
        #[test]
        fn texts_come_back_from_their_package(texts in proptest::collection::btree_map("[a-z]{1,8}\\.py", ".{0,50}", 1..8)) {
            let mut package = package::open(packed(&texts).unwrap()).unwrap();
            for (path, text) in &texts {
                let bytes = package::read(package.by_name(path).unwrap(), 1000).unwrap();
                prop_assert_eq!(std::str::from_utf8(&bytes).unwrap(), text);
            }
        }
    }
}
