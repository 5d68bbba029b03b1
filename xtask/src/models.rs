//! `cargo xtask gen-models`: the models of shared/api, made of botocore's.
//!
//! What is made is committed, so that no build and no check needs the source; where it is installed, `--check` shows that
//! the files are what would be made of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lzma_rust2::{LzmaOptions, LzmaWriter};
use serde_json::Value;

use crate::iam::{self, Facts};
use crate::{place, say};

mod classes;
mod compact;
mod fixtures;
mod review;
mod source;

use classes::Classes;
use source::Source;

/// Where the models are, from the root.
const MODELS: &str = "shared/api/models";
/// Where botocore's tests are, from the root.
const FIXTURES: &str = "shared/api/tests";
/// Where the table of the models is, from the root.
const TABLE: &str = "shared/api/src/services/table.rs";
/// Where what every operation may do and touches is for people to read, from the root.
const REVIEW: &str = "xtask/data/operations.tsv";

/// Makes the models of all AWS services anew, from botocore's
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail where a file is not what would be written
    #[arg(long)]
    check: bool,
    /// Make the cases that shared/api is tested with, too: of the `tests` in botocore's source distribution, unpacked
    #[arg(long, value_name = "DIRECTORY")]
    fixtures: Option<PathBuf>,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let (source, reference) = match (Source::installed(), iam::Source::installed()) {
        (Some(source), Some(reference)) => (source, reference),
        _ if args.check => {
            say::progress(format!(
                "{MODELS} was not compared with its sources, which are not installed: `cargo xtask gen-models` installs them"
            ));
            return Ok(());
        }
        _ => (Source::provide()?, iam::Source::provide()?),
    };
    let root = place::workspace();
    let mut stale = Vec::new();
    let mut files = files(root, &source, &reference.all()?)?;
    if let Some(tests) = &args.fixtures {
        files.push((format!("{FIXTURES}/protocols.json.gz"), json(&fixtures::protocols(tests)?)?));
        files.push((format!("{FIXTURES}/endpoints.json.gz"), json(&fixtures::endpoints(tests)?)?));
        files.push((format!("{FIXTURES}/README.md"), fixtures_readme(&source)));
    }
    let wanted: BTreeSet<PathBuf> = files.iter().map(|(path, _)| root.join(path)).collect();
    for (path, bytes) in files {
        let path = root.join(path);
        if fs::read(&path).is_ok_and(|old| old == bytes) {
            continue;
        }
        stale.push(shown(root, &path));
        if !args.check {
            fs::create_dir_all(path.parent().context("a file is in a directory")?)?;
            fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    for entry in fs::read_dir(root.join(MODELS))? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "gz" || it == "lzma") && !wanted.contains(&path) {
            stale.push(shown(root, &path));
            if !args.check {
                fs::remove_file(&path)?;
            }
        }
    }
    match stale.as_slice() {
        [] => Ok(()),
        stale if args.check => {
            bail!("not as made of botocore: {}; run `cargo xtask gen-models`", stale.join(", "))
        }
        stale => {
            say::progress(format!("wrote {} files", stale.len()));
            Ok(())
        }
    }
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// Every file that is made: a model and an index a service, the partitions, the table that embeds them, and what people
/// read of the operations.
fn files(root: &Path, source: &Source, facts: &Facts) -> Result<Vec<(String, Vec<u8>)>> {
    let classes = Classes::read(root, facts)?;
    let mut files = Vec::new();
    let mut services = BTreeMap::new();
    let mut models = BTreeMap::new();
    for name in source.services()? {
        let raw = source.newest(&name)?;
        let mut model = compact::model(&name, &raw)
            .with_context(|| format!("the model of {name} cannot be made compact"))?;
        let of = classes.of(&name, &raw.service)?;
        classes::put(&mut model, &of)?;
        files.push((
            format!("{MODELS}/{name}.index.gz"),
            compressed(review::index(&mut model, &of).as_bytes())?,
        ));
        models.insert(name.clone(), serde_json::to_vec(&model)?);
        services.insert(name, of);
    }
    let alike: Vec<&[u8]> = ALIKE.iter().filter_map(|name| Some(models.get(*name)?.as_slice())).collect();
    let dictionary = alike.concat();
    files.push((format!("{MODELS}/dictionary.lzma"), packed(&dictionary, &[])?));
    for (name, model) in &models {
        files.push((format!("{MODELS}/{name}.json.lzma"), packed(model, &dictionary)?));
    }
    classes.complete(&services)?;
    let names: Vec<&str> = services.keys().map(String::as_str).collect();
    files.push((format!("{MODELS}/partitions.json"), compact::partitions(&source.partitions()?)?));
    files.push((format!("{MODELS}/README.md"), readme(source, facts, &services)));
    files.push((TABLE.to_owned(), table(&names).into_bytes()));
    files.push((REVIEW.to_owned(), review::table(&services).into_bytes()));
    Ok(files)
}

fn json(value: &Value) -> Result<Vec<u8>> {
    compressed(&serde_json::to_vec(value)?)
}

/// The same bytes on every machine: no time and no name of a file stand in them.
fn compressed(text: &[u8]) -> Result<Vec<u8>> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::best());
    let mut bytes = vec![0; compressor.gzip_compress_bound(text.len())];
    let length = compressor.gzip_compress(text, &mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Services whose models have what most models have: of each protocol that many speak one. Their models are what the
/// compressor may refer to.
const ALIKE: [&str; 3] = ["acm", "batch", "sqs"];

/// A `.lzma` file. The decoder keeps all that the text may refer to, so it is told how little that is.
fn packed(text: &[u8], dictionary: &[u8]) -> Result<Vec<u8>> {
    let mut options = LzmaOptions::with_preset(9);
    // Text repeats what its letters are, not where they stand.
    (options.lc, options.lp, options.pb) = (4, 0, 0);
    options.nice_len = LzmaOptions::NICE_LEN_MAX;
    options.dict_size = u32::try_from((text.len() + dictionary.len()).next_multiple_of(4096))?;
    let mut header = vec![options.get_props()];
    header.extend(options.dict_size.to_le_bytes());
    header.extend(u64::try_from(text.len())?.to_le_bytes());
    options.preset_dict = (!dictionary.is_empty()).then(|| dictionary.to_vec());
    let mut writer = LzmaWriter::new_no_header(header, &options, false)?;
    writer.write_all(text)?;
    Ok(writer.finish()?)
}

fn readme(source: &Source, facts: &Facts, services: &BTreeMap<String, review::Of>) -> Vec<u8> {
    format!(
        "# Models of AWS's services\n\n\
         Made by `cargo xtask gen-models` from botocore {}, and from AWS's Service Authorization Reference: {} services, each\n\
         a compressed JSON of the form that [model.rs](../src/model.rs) reads, and an index of the form that\n\
         [index.rs](../src/index.rs) reads. `dictionary.lzma` is what the compressor may refer to. Left out is what no request and no answer needs: prose but for a sentence an\n\
         operation, patterns, examples, the shapes of errors.\n\
         `partitions.json` says which regions belong together.\n\n\
         | source | version | licence | what is taken of it |\n\
         | --- | --- | --- | --- |\n\
         | botocore (PyPI) | {} | Apache-2.0, Amazon.com, Inc. | operations, shapes, pages, waiters, endpoint rules |\n\
         | {} (npm) | {}, of {} | MIT, Act Security | access levels, resource types, ARN forms |\n\
         | [xtask/data/operations](../../../xtask/data/operations) | of this repository | as the repository | what neither of them says |\n\n\
         What each operation may do and touches is written out in\n\
         [operations.tsv](../../../xtask/data/operations.tsv):\n\n{}",
        source.version(),
        services.len(),
        source.version(),
        facts.source.rsplit_once(' ').map_or(facts.source.as_str(), |(package, _)| package),
        facts.source.rsplit_once(' ').map_or("", |(_, version)| version),
        facts.updated.split('T').next().unwrap_or_default(),
        review::counts(services),
    )
    .into_bytes()
}

fn fixtures_readme(source: &Source) -> Vec<u8> {
    format!(
        "# botocore's own tests\n\n\
         Made by `cargo xtask gen-models --fixtures botocore-{0}/tests` from the source distribution of botocore {0}, which\n\
         Amazon.com, Inc. publishes under the Apache License 2.0: what requests look like and what answers mean in every\n\
         protocol, each case with its model in our form; and what the endpoint rules of every service give.\n\n\
         `requests.json.gz` is written by [requests.py](requests.py) with the same botocore: requests to every service, of its\n\
         own serializers.\n",
        source.version()
    )
    .into_bytes()
}

/// The Rust source that embeds each model under the name of its service.
fn table(services: &[&str]) -> String {
    let mut text = String::from(
        "//! Written by `cargo xtask gen-models`: every service, sorted by name.\n\n\
         use super::Service;\n\n",
    );
    let mut all =
        String::from("/// Every service of AWS, sorted by name.\npub static ALL: &[&Service] = &[\n");
    for name in services {
        let constant = name.to_uppercase().replace('-', "_");
        let _ = writeln!(
            text,
            "/// `{name}`\npub static {constant}: Service =\n    Service::new(\"{name}\", include_bytes!(\"../../models/{name}.json.lzma\"), include_bytes!(\"../../models/{name}.index.gz\"));"
        );
        let _ = writeln!(all, "    &{constant},");
    }
    format!("{text}\n{all}];\n")
}
