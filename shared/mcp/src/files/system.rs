//! What differs from one operating system to the next, and the smallest steps on open directories.

use std::{io, path::Path};

use cap_std::fs::{Dir, Metadata, OpenOptions};

use super::{Opened, Seen, Sort};
use crate::{Error, Result};

/// Opens a regular file. Looking first and opening without waiting keeps a pipe from holding the call; looking again
/// afterwards is what counts.
pub(super) fn open(dir: &Dir, inside: &Path, path: &Path) -> io::Result<Result<Opened>> {
    if let Some(wrong) = not_a_file(&dir.metadata(inside)?, path) {
        return Ok(Err(wrong));
    }
    let mut options = OpenOptions::new();
    options.read(true);
    no_wait(&mut options);
    let file = dir.open_with(inside, &options)?;
    let found = file.metadata()?;
    if let Some(wrong) = not_a_file(&found, path) {
        return Ok(Err(wrong));
    }
    let modified = found.modified()?.into_std();
    Ok(Ok(Opened { file: file.into_std(), size: found.len(), modified, path: path.to_owned() }))
}

fn not_a_file(found: &Metadata, path: &Path) -> Option<Error> {
    let what = match (found.is_file(), found.is_dir()) {
        (true, _) => return None,
        (_, true) => "a directory",
        _ => "a device, a pipe or a socket",
    };
    Some(Error::invalid(format!("{} is {what}, not a file", path.display())))
}

pub(super) fn seen(found: Metadata) -> io::Result<Seen> {
    let sort = match (found.is_file(), found.is_dir()) {
        (true, _) => Sort::File,
        (_, true) => Sort::Directory,
        _ => Sort::Other,
    };
    Ok(Seen { sort, size: found.len(), modified: found.modified()?.into_std() })
}

pub(super) fn optional<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(unix)]
pub(super) fn set_mode(options: &mut OpenOptions, mode: Option<u32>) {
    use cap_std::fs::OpenOptionsExt as _;
    if let Some(mode) = mode {
        options.mode(mode);
    }
}

#[cfg(not(unix))]
pub(super) fn set_mode(_: &mut OpenOptions, _: Option<u32>) {}

#[cfg(unix)]
pub(super) fn no_wait(options: &mut OpenOptions) {
    use cap_std::fs::OpenOptionsExt as _;
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
}

#[cfg(not(unix))]
pub(super) fn no_wait(_: &mut OpenOptions) {}

#[cfg(unix)]
pub(super) fn no_follow(options: &mut OpenOptions) {
    use cap_std::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
}

/// Whether these are of one file.
#[cfg(unix)]
pub(super) fn same(one: &Metadata, other: &Metadata) -> bool {
    use cap_std::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
pub(super) fn same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
pub(super) fn no_follow(_: &mut OpenOptions) {}

/// Whether the kernel, or cap-std in its place, stopped a path that leads out of its root.
pub(super) fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}
