//! Local files, inside the directories that the operator allowed and nowhere else.
//!
//! Every path is resolved by the kernel beneath an open directory (`openat2` where there is one), so that neither
//! `..` nor a symbolic link leads out, not even one that is swapped while we look. A link that stays inside is fine.
//! New files appear under their name only when they are complete, and never over another file without being told.

mod draft;
mod folder;
mod system;

use std::{
    ffi::OsStr,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use cap_std::{ambient_authority, fs::Dir};

pub use self::draft::{Draft, Place};
pub use self::folder::{Folder, Leaf, Listing};
use self::system::{is_escape, open, optional, seen};
use crate::{Error, Result, text::quoted};

/// The directories that a call may use.
#[derive(Clone, Debug)]
pub struct Files {
    allowed: Arc<Vec<PathBuf>>,
}

/// A file that is open for reading.
#[derive(Debug)]
pub struct Opened {
    /// The file, at its start.
    pub file: File,
    /// Its size when it was opened.
    pub size: u64,
    /// When it was last written before it was opened.
    pub modified: SystemTime,
    /// Its path, for people.
    pub path: PathBuf,
}

/// What there is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What sort of thing it is.
    pub sort: Sort,
    /// Its size.
    pub size: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

/// Sorts of things in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A device, a pipe, a socket, a link to nowhere.
    Other,
}

/// Ends the names of files in the making: they are never listed.
const DRAFT: &str = ".awsmcp-tmp";
const PARTIAL: &str = ".awsmcp-part";

impl Files {
    pub(crate) fn new(allowed: &[PathBuf]) -> Self {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Files { allowed: Arc::new(allowed.iter().map(absolute).collect()) }
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When it does not exist, lies outside, cannot be read, or is not a regular file.
    pub async fn open(&self, path: &str) -> Result<Opened> {
        let (files, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let spot = files.locate(&path, |dir, inside| dir.metadata(inside).is_ok())?;
            files.beneath(&spot, |dir, inside| open(dir, inside, &spot.path))?
        })
        .await
    }

    /// Looks what there is, through links that stay inside; `None` where there is nothing.
    ///
    /// # Errors
    /// When the path lies outside or cannot be looked at.
    pub async fn look(&self, path: &str) -> Result<Option<Seen>> {
        let (files, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let spot = files.locate(&path, |dir, inside| dir.metadata(inside).is_ok())?;
            let found = files.beneath(&spot, |dir, inside| optional(dir.metadata(inside)))?;
            found.map(seen).transpose().map_err(|error| explain(error, &spot.path))
        })
        .await
    }

    /// A place for a new file. The directories on the way are made if they are missing.
    ///
    /// # Errors
    /// When the path lies outside, names no file, or the directories cannot be made.
    pub async fn place(&self, path: &str) -> Result<Place> {
        let (files, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let parent = |inside: &Path| inside.parent().map_or_else(|| PathBuf::from("."), directory);
            let spot = files.locate(&path, |dir, inside| dir.is_dir(parent(inside)))?;
            let name = file_name(&spot.inside, &path)?;
            let whole = spot.path;
            let above = whole.parent().map_or_else(|| whole.clone(), Path::to_owned);
            let above = Spot { inside: parent(&spot.inside), path: above, root: spot.root };
            let dir = files.beneath(&above, make_directory)?;
            Ok(Place { dir: Arc::new(dir), name, path: whole })
        })
        .await
    }

    /// A directory that exists.
    ///
    /// # Errors
    /// When it does not exist, lies outside, or is not a directory.
    pub async fn folder(&self, path: &str) -> Result<Folder> {
        let (files, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let spot = files.locate(&path, |dir, inside| dir.is_dir(inside))?;
            let dir = files.beneath(&spot, |dir, inside| dir.open_dir(inside))?;
            Ok(Folder { dir: Arc::new(dir), path: spot.path, allowed: files.allowed.clone() })
        })
        .await
    }

    /// A directory, made if it is missing.
    ///
    /// # Errors
    /// When it lies outside or cannot be made.
    pub async fn make_folder(&self, path: &str) -> Result<Folder> {
        let (files, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let spot = files.locate(&path, |dir, inside| dir.is_dir(inside))?;
            let dir = files.beneath(&spot, make_directory)?;
            Ok(Folder { dir: Arc::new(dir), path: spot.path, allowed: files.allowed.clone() })
        })
        .await
    }

    /// Which allowed directory a path belongs to, and where in it. A relative path is taken from the first directory
    /// for which `fits` holds, or from the first of all.
    fn locate(&self, path: &str, fits: impl Fn(&Dir, &Path) -> bool) -> Result<Spot> {
        if path.is_empty() || path.contains('\0') {
            return Err(Error::invalid(format!("{} is not a path", quoted(path))).with_next(self.where_to()));
        }
        if path == "~" || path.starts_with("~/") {
            return Err(
                Error::invalid("`~` is not expanded: write the whole path").with_next(self.where_to())
            );
        }
        let given = Path::new(path);
        let mut candidates: Vec<(&PathBuf, PathBuf)> = if given.is_absolute() {
            let inside = |dir: &PathBuf| {
                let real = || {
                    std::fs::canonicalize(dir)
                        .ok()
                        .and_then(|real| given.strip_prefix(real).ok().map(directory))
                };
                given.strip_prefix(dir).ok().map(directory).or_else(real)
            };
            self.allowed.iter().filter_map(|dir| Some((dir, inside(dir)?))).collect()
        } else {
            self.allowed.iter().map(|dir| (dir, directory(given))).collect()
        };
        if given.is_absolute() {
            candidates.sort_by_key(|(dir, _)| std::cmp::Reverse(dir.components().count()));
        }
        let mut first = None;
        for (dir, inside) in candidates {
            let root =
                Dir::open_ambient_dir(dir, ambient_authority()).map_err(|error| explain(error, dir))?;
            let found = given.is_absolute() || fits(&root, &inside);
            let spot = Spot { root, path: dir.join(&inside).components().collect(), inside };
            if found {
                return Ok(spot);
            }
            first.get_or_insert(spot);
        }
        first.ok_or_else(|| self.outside(given))
    }

    /// Does something with the spot beneath its root. A link that leads out of this root may still lead into an
    /// allowed directory: then it is done there, beneath that root.
    fn beneath<T>(&self, spot: &Spot, act: impl Fn(&Dir, &Path) -> io::Result<T>) -> Result<T> {
        let error = match act(&spot.root, &spot.inside) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if !is_escape(&error) {
            return Err(explain(error, &spot.path));
        }
        let real = std::fs::canonicalize(&spot.path).map_err(|_| self.outside(&spot.path))?;
        for dir in self.allowed.iter() {
            let Ok(root) = std::fs::canonicalize(dir) else { continue };
            let Ok(inside) = real.strip_prefix(&root) else { continue };
            let root =
                Dir::open_ambient_dir(&root, ambient_authority()).map_err(|error| explain(error, dir))?;
            return act(&root, &directory(inside)).map_err(|error| match is_escape(&error) {
                true => self.outside(&spot.path),
                false => explain(error, &spot.path),
            });
        }
        Err(self.outside(&spot.path))
    }

    fn outside(&self, path: &Path) -> Error {
        outside(path, &self.allowed)
    }

    fn where_to(&self) -> String {
        where_to(&self.allowed)
    }
}

/// An allowed directory, and a path in it.
struct Spot {
    root: Dir,
    inside: PathBuf,
    path: PathBuf,
}

impl Opened {
    /// Whether the file still has the size and the time it was opened with.
    ///
    /// # Errors
    /// When the file cannot be looked at any more.
    pub fn is_unchanged(&self) -> io::Result<bool> {
        let now = self.file.metadata()?;
        Ok(now.len() == self.size && now.modified()? == self.modified)
    }

    /// What the system said while the file was read, in plain words.
    pub fn error(&self, error: io::Error) -> Error {
        explain(error, &self.path)
    }
}

fn make_directory(dir: &Dir, inside: &Path) -> io::Result<Dir> {
    match dir.open_dir(inside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            dir.create_dir_all(inside)?;
            dir.open_dir(inside)
        }
        opened => opened,
    }
}

/// The last part of a path, which a file's path must have.
fn file_name(inside: &Path, given: &str) -> Result<String> {
    let name = inside.file_name().filter(|_| !given.ends_with('/')).and_then(OsStr::to_str);
    name.map(str::to_owned)
        .ok_or_else(|| Error::invalid(format!("{} names a directory, not a file", quoted(given))))
}

/// A path in a directory; the directory itself is `.`.
fn directory(path: impl AsRef<Path>) -> PathBuf {
    let path = path.as_ref();
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() }
}

fn outside(path: &Path, allowed: &[PathBuf]) -> Error {
    Error::refused(format!(
        "{} is outside the directories that the operator allowed",
        quoted(&path.to_string_lossy())
    ))
    .with_next(where_to(allowed))
}

fn where_to(allowed: &[PathBuf]) -> String {
    let names: Vec<String> = allowed.iter().map(|dir| dir.display().to_string()).collect();
    format!("stay within {}, or ask the operator to add a directory with --allow-dir", names.join(", "))
}

fn taken(path: &Path) -> Error {
    Error::conflict(format!("{} exists already; it was left as it is", path.display()))
}

/// What the system said about a path, in plain words.
pub fn explain(error: io::Error, path: &Path) -> Error {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => Error::not_found(format!("there is no {path}")),
        io::ErrorKind::PermissionDenied => {
            Error::refused(format!("the system does not let this server use {path}"))
                .with_next("the user must change the permissions of the file or its directory")
        }
        io::ErrorKind::IsADirectory => Error::invalid(format!("{path} is a directory, not a file")),
        io::ErrorKind::NotADirectory => {
            Error::invalid(format!("a part of {path} is a file, not a directory"))
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::conflict(format!("the disk has no room for {path}"))
                .with_next("free some space and call again")
        }
        io::ErrorKind::ReadOnlyFilesystem => Error::refused(format!("{path} is on a read-only file system")),
        io::ErrorKind::InvalidFilename => {
            Error::invalid(format!("{path} has a name that the file system does not take"))
        }
        _ => Error::invalid(format!("{path} cannot be used: {error}")),
    }
}

/// Runs what waits for the disk where it holds nobody up. When the caller is gone its result is dropped, and a draft
/// in it is removed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Error::internal(format!("a file operation did not end: {error}"))),
    }
}

#[cfg(test)]
mod tests;
