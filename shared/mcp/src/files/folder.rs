//! Directories, and what lies in them.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use cap_std::fs::Dir;

use super::system::{is_escape, open, seen};
use super::{
    DRAFT, Opened, PARTIAL, Place, Seen, Sort, blocking, directory, explain, file_name, make_directory,
    outside,
};
use crate::{Error, Result};

/// A directory that is held open; what is named in it stays in it.
#[derive(Clone, Debug)]
pub struct Folder {
    pub(super) dir: Arc<Dir>,
    pub(super) path: PathBuf,
    pub(super) allowed: Arc<Vec<PathBuf>>,
}

/// The files of a folder and of the folders in it.
#[derive(Debug, Default)]
pub struct Listing {
    /// The files, in order of their paths.
    pub files: Vec<Leaf>,
    /// What is not listed, and why.
    pub left_out: Vec<(String, &'static str)>,
}

/// A file of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its path from the folder, with `/` between the parts.
    pub path: String,
    /// Its size.
    pub size: u64,
    /// When it was last written.
    pub modified: SystemTime,
}

impl Folder {
    /// Its path, for people.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lists its files, those of the folders in it too. A link to a file inside is a file; a link to a folder is left
    /// out.
    ///
    /// # Errors
    /// When there are more than `most`, or the folder cannot be read.
    pub async fn list(&self, most: usize) -> Result<Listing> {
        let folder = self.clone();
        blocking(move || {
            let mut listing = Listing::default();
            let mut open = vec![(String::new(), folder.dir.clone())];
            while let Some((above, dir)) = open.pop() {
                let entries = match dir.entries() {
                    Ok(entries) => entries,
                    // It may be opened, and not be read. Of the folder itself nothing else is left to tell.
                    Err(_) if !above.is_empty() => {
                        listing.left_out.push((above, "it cannot be read"));
                        continue;
                    }
                    Err(error) => return Err(explain(error, &folder.path)),
                };
                for entry in entries {
                    let entry = match entry {
                        Ok(entry) => entry,
                        // What follows is not known: all below it may be there.
                        Err(_) if !above.is_empty() => {
                            listing.left_out.push((above.clone(), "it cannot be read to its end"));
                            break;
                        }
                        Err(error) => return Err(explain(error, &folder.path)),
                    };
                    folder.take(&above, &dir, &entry.file_name(), &mut open, &mut listing);
                    if listing.files.len() + listing.left_out.len() > most {
                        return Err(Error::invalid(format!(
                            "{} holds more than {most} files",
                            folder.path.display()
                        ))
                        .with_next("take a folder inside it"));
                    }
                }
            }
            listing.files.sort_by(|left, right| left.path.cmp(&right.path));
            listing.left_out.sort();
            Ok(listing)
        })
        .await
    }

    fn take(
        &self,
        above: &str,
        dir: &Dir,
        name: &OsStr,
        open: &mut Vec<(String, Arc<Dir>)>,
        listing: &mut Listing,
    ) {
        let path = if above.is_empty() {
            name.to_string_lossy().into_owned()
        } else {
            format!("{above}/{}", name.to_string_lossy())
        };
        let mut leave = |why| listing.left_out.push((path.clone(), why));
        if name.to_str().is_none() {
            return leave("its name is not UTF-8");
        }
        if path.ends_with(DRAFT) || path.ends_with(PARTIAL) {
            return;
        }
        let Ok(own) = dir.symlink_metadata(name) else { return leave("it cannot be read") };
        if own.is_dir() {
            match dir.open_dir(name) {
                Ok(below) => open.push((path, Arc::new(below))),
                Err(_) => leave("it cannot be read"),
            }
            return;
        }
        let found = if own.is_symlink() { self.dir.metadata(&path) } else { Ok(own) };
        match found.map(seen) {
            Ok(Ok(Seen { sort: Sort::File, size, modified })) => {
                listing.files.push(Leaf { path, size, modified })
            }
            Ok(Ok(Seen { sort: Sort::Directory, .. })) => leave("it is a link to a folder"),
            Ok(_) => leave("it is neither a file nor a folder"),
            Err(error) if is_escape(&error) => leave("it is a link that leads out of the folder"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => leave("it is a link to nowhere"),
            Err(_) => leave("it cannot be read"),
        }
    }

    /// Opens a file in it for reading.
    ///
    /// # Errors
    /// When it does not exist, lies outside the folder, or is not a regular file.
    pub async fn open(&self, path: &str) -> Result<Opened> {
        let (folder, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let whole = folder.path.join(&path);
            open(&folder.dir, Path::new(&path), &whole).map_err(|error| folder.explain(error, &whole))?
        })
        .await
    }

    /// A place for a new file in it. The directories on the way are made if they are missing.
    ///
    /// # Errors
    /// When the path leads out of the folder or names no file.
    pub async fn place(&self, path: &str) -> Result<Place> {
        let (folder, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let whole = folder.path.join(&path);
            let name = file_name(Path::new(&path), &path)?;
            let parent = Path::new(&path).parent().map_or_else(|| PathBuf::from("."), directory);
            let dir = make_directory(&folder.dir, &parent).map_err(|error| folder.explain(error, &whole))?;
            Ok(Place { dir: Arc::new(dir), name, path: whole })
        })
        .await
    }

    /// Removes a file in it; a link is removed itself.
    ///
    /// # Errors
    /// When it is not there, lies outside the folder, or the system refuses.
    pub async fn remove(&self, path: &str) -> Result<()> {
        let (folder, path) = (self.clone(), path.to_owned());
        blocking(move || {
            let whole = folder.path.join(&path);
            folder.dir.remove_file(&path).map_err(|error| folder.explain(error, &whole))
        })
        .await
    }

    fn explain(&self, error: io::Error, path: &Path) -> Error {
        if is_escape(&error) { outside(path, &self.allowed) } else { explain(error, path) }
    }
}
