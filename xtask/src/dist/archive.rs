//! Archives that are the same bytes whenever and wherever they are packed: one time for all files, no owners, the order
//! given.

use std::io::{Read, Write};

use anyhow::{Context, Result};
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveWriter, time::UtcDateTime};

use crate::{place, run};

/// A file in an archive.
pub(super) struct Entry<'a> {
    pub(super) path: String,
    pub(super) executable: bool,
    pub(super) bytes: &'a [u8],
}

impl<'a> Entry<'a> {
    pub(super) fn file(path: impl Into<String>, bytes: &'a (impl AsRef<[u8]> + ?Sized)) -> Entry<'a> {
        Entry { path: path.into(), executable: false, bytes: bytes.as_ref() }
    }

    pub(super) fn program(path: impl Into<String>, bytes: &'a (impl AsRef<[u8]> + ?Sized)) -> Entry<'a> {
        Entry { executable: true, ..Entry::file(path, bytes) }
    }

    fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// The time of every file, in seconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Epoch(pub(super) u64);

impl Epoch {
    /// `SOURCE_DATE_EPOCH`, else the time of the commit.
    pub(super) fn of_this_commit() -> Result<Epoch> {
        let given = std::env::var_os("SOURCE_DATE_EPOCH").map(|value| value.to_string_lossy().into_owned());
        let text = match given {
            Some(given) => given,
            None => {
                let mut git = std::process::Command::new("git");
                run::output(git.args(["log", "-1", "--format=%ct"]).current_dir(place::workspace()))
                    .context("outside of a git repository, SOURCE_DATE_EPOCH says the time of the files")?
            }
        };
        let seconds = text.trim().parse();
        Ok(Epoch(seconds.with_context(|| format!("SOURCE_DATE_EPOCH is seconds since 1970, not {text:?}"))?))
    }
}

pub(super) fn tar_gz(entries: &[Entry], epoch: Epoch) -> Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(entry.mode());
        header.set_mtime(epoch.0);
        tar.append_data(&mut header, &entry.path, entry.bytes)?;
    }
    let tar = tar.into_inner()?;
    compressed(tar.len(), Compressor::gzip_compress_bound, |with, out| with.gzip_compress(&tar, out))
}

pub(super) fn zip(entries: &[Entry], epoch: Epoch) -> Result<Vec<u8>> {
    let mut zip = ZipArchiveWriter::new(Vec::new());
    let time = UtcDateTime::from_unix(i64::try_from(epoch.0)?);
    for entry in entries {
        let (mut file, config) = zip
            .new_file(entry.path.as_str())
            .compression_method(CompressionMethod::DEFLATE)
            .last_modified(time)
            .unix_permissions(0o100_000 | entry.mode())
            .start()?;
        // What it counts and checks is the file; what is written, the compressed bytes.
        let mut counted = config.wrap(std::io::sink());
        counted.write_all(entry.bytes)?;
        let (_, seen) = counted.finish()?;
        let bound = Compressor::deflate_compress_bound;
        file.write_all(&compressed(entry.bytes.len(), bound, |with, out| {
            with.deflate_compress(entry.bytes, out)
        })?)?;
        file.finish(seen)?;
    }
    Ok(zip.finish()?)
}

/// The files of an archive, by their paths.
pub(super) fn read_tar_gz(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    // A gzip ends with the size of what it holds.
    let size = bytes.last_chunk().map(|size| u32::from_le_bytes(*size)).context("an empty archive")?;
    let mut tar = vec![0; usize::try_from(size)?];
    Decompressor::new().gzip_decompress(bytes, &mut tar)?;
    let mut files = Vec::new();
    for entry in tar::Archive::new(tar.as_slice()).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        files.push((path, bytes));
    }
    Ok(files)
}

/// The files of an archive, by their paths.
pub(super) fn read_zip(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let archive = ZipArchive::from_slice(bytes)?;
    let mut files = Vec::new();
    for record in archive.entries() {
        let record = record?;
        let path = String::from_utf8_lossy(record.file_path().as_ref()).into_owned();
        let mut file = vec![0; usize::try_from(record.uncompressed_size_hint())?];
        let entry = archive.get_entry(record.wayfinder())?;
        Decompressor::new().deflate_decompress(entry.data(), &mut file)?;
        files.push((path, file));
    }
    Ok(files)
}

fn compressed(
    size: usize,
    bound: impl Fn(&mut Compressor, usize) -> usize,
    compress: impl Fn(&mut Compressor, &mut [u8]) -> Result<usize, libdeflater::CompressionError>,
) -> Result<Vec<u8>> {
    // Of twelve: nine takes longer for a file that is a hundredth smaller.
    let level = CompressionLvl::new(6).map_err(|error| anyhow::anyhow!("no such level: {error:?}"))?;
    let mut compressor = Compressor::new(level);
    let mut out = vec![0; bound(&mut compressor, size)];
    let written = compress(&mut compressor, &mut out)?;
    out.truncate(written);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_depends_on_its_files_and_the_epoch_only() {
        let text = b"text".repeat(1000);
        let entries = || [Entry::program("a/b", &text), Entry::file("c", "")];
        type Pack = fn(&[Entry], Epoch) -> Result<Vec<u8>>;
        type Unpack = fn(&[u8]) -> Result<Vec<(String, Vec<u8>)>>;
        for (pack, unpack) in [(tar_gz as Pack, read_tar_gz as Unpack), (zip, read_zip)] {
            let first = pack(&entries(), Epoch(1_000_000_000)).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(1100));
            assert_eq!(first, pack(&entries(), Epoch(1_000_000_000)).unwrap());
            assert_ne!(first, pack(&entries(), Epoch(1_000_000_002)).unwrap());
            assert!(first.len() < 1000, "{}", first.len());
            assert_eq!(
                unpack(&first).unwrap(),
                [("a/b".to_owned(), text.clone()), ("c".to_owned(), Vec::new())]
            );
        }
    }
}
