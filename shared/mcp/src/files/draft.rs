//! Places for new files, and files in the making.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use cap_std::fs::{Dir, OpenOptions};

use super::system::{no_follow, optional, same, seen, set_mode};
use super::{DRAFT, PARTIAL, Seen, blocking, explain, taken};
use crate::{Error, Result};

/// Where a file is or will be: a name in a directory that is held open.
#[derive(Debug)]
pub struct Place {
    pub(super) dir: Arc<Dir>,
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// A file in the making, beside its place. It is removed when this is dropped, unless it is to be kept.
#[derive(Debug)]
pub struct Draft {
    file: File,
    place: Place,
    name: String,
    kept: bool,
}

impl Place {
    /// The place's path, for people.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is there now; a link is not followed.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn look(&self) -> Result<Option<Seen>> {
        let found =
            optional(self.dir.symlink_metadata(&self.name)).and_then(|found| found.map(seen).transpose());
        found.map_err(|error| explain(error, &self.path))
    }

    /// Begins a file. Nothing is seen under its name until it is finished.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub async fn draft(self) -> Result<Draft> {
        blocking(move || self.begin(None)).await
    }

    /// Begins a file that nobody but its owner may read, for keys.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub async fn private_draft(self) -> Result<Draft> {
        blocking(move || self.begin(Some(0o600))).await
    }

    fn begin(self, mode: Option<u32>) -> Result<Draft> {
        let name = format!(".{}.{:016x}{DRAFT}", stem(&self.name), random());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        set_mode(&mut options, mode);
        let file = self.dir.open_with(&name, &options).map_err(|error| explain(error, &self.path))?;
        Ok(Draft { file: file.into_std(), place: self, name, kept: false })
    }

    /// Begins or goes on with a file whose contents are known by `tag` (letters and digits): whatever an earlier try
    /// left is still in it. Left-overs of other contents for this place are removed.
    ///
    /// # Errors
    /// When somebody else is at it, and stays at it for two seconds; or the directory cannot be written.
    pub async fn partial(self, tag: &str) -> Result<Draft> {
        /// A call that was cancelled lets go of its file a moment later.
        const PATIENCE: Duration = Duration::from_secs(2);
        const PAUSE: Duration = Duration::from_millis(20);
        let name = format!("{}{tag}{PARTIAL}", self.partial_start());
        let until = Instant::now() + PATIENCE;
        let mut place = self;
        loop {
            let wanted = name.clone();
            let (back, taken) = blocking(move || place.take(&wanted).map(|taken| (place, taken))).await?;
            place = back;
            match taken {
                Some(file) => return Ok(Draft { file, place, name, kept: false }),
                None if Instant::now() > until => {
                    return Err(Error::conflict(format!("another call is writing {}", place.path.display()))
                        .with_next("wait for it, or choose another path"));
                }
                None => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Opens a partial file for us alone; `None` while somebody else has it.
    fn take(&self, name: &str) -> Result<Option<File>> {
        self.tidy(name);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        no_follow(&mut options);
        let file = self.dir.open_with(name, &options).map_err(|error| explain(error, &self.path))?;
        let opened = file.metadata().map_err(|error| explain(error, &self.path))?;
        if !opened.is_file() {
            return Err(Error::conflict(format!("{name} beside {} is not a file", self.path.display())));
        }
        // Whoever had it may have finished it between our opening and our locking: it then has its own name, and is
        // not ours to write.
        let file = file.into_std();
        let is_ours = || self.dir.symlink_metadata(name).is_ok_and(|named| same(&opened, &named));
        Ok((file.try_lock().is_ok() && is_ours()).then_some(file))
    }

    fn partial_start(&self) -> String {
        format!(".{}.", stem(&self.name))
    }

    /// Removes partial files of this place, except `name` and those in use.
    fn tidy(&self, name: &str) {
        let start = self.partial_start();
        for entry in self.dir.entries().into_iter().flatten().flatten() {
            let found = entry.file_name();
            let Some(found) = found.to_str().filter(|found| *found != name) else { continue };
            let ours = found.strip_prefix(&start).and_then(|rest| rest.strip_suffix(PARTIAL));
            if ours.is_some_and(|tag| tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
                && entry.file_type().is_ok_and(|sort| sort.is_file())
                && let Ok(file) = entry.open()
                && file.into_std().try_lock().is_ok()
            {
                // What cannot be removed is only in the way of the disk's space.
                let _ = self.dir.remove_file(found);
            }
        }
    }
}

impl Draft {
    /// The file that is written.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// The path it will have, for people.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// What the system said while the file was written, in plain words.
    pub fn error(&self, error: io::Error) -> Error {
        explain(error, self.path())
    }

    /// Leaves the file where it is when this is dropped, for a later try.
    pub fn keep(&mut self) {
        self.kept = true;
    }

    /// Removes the file, even if it was to be kept.
    pub fn discard(mut self) {
        self.kept = false;
    }

    /// Gives the file its name, unless there is one already.
    ///
    /// # Errors
    /// `Conflict` when the name is taken; the file is then removed, or kept if it was to be kept.
    pub async fn finish(self) -> Result<()> {
        blocking(move || {
            self.file.sync_all().map_err(|error| explain(error, &self.place.path))?;
            match rename_new(&self.place.dir, &self.name, &self.place.name) {
                Ok(()) => {
                    self.settle();
                    Ok(())
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(taken(&self.place.path)),
                Err(error) => Err(explain(error, &self.place.path)),
            }
        })
        .await
    }

    /// Gives the file its name, in place of what had it.
    ///
    /// # Errors
    /// When a directory has that name, or the system refuses.
    pub async fn replace(self) -> Result<()> {
        blocking(move || {
            self.file.sync_all().map_err(|error| explain(error, &self.place.path))?;
            let Place { dir, name, path } = &self.place;
            dir.rename(&self.name, dir, name).map_err(|error| explain(error, path))?;
            self.settle();
            Ok(())
        })
        .await
    }

    fn settle(mut self) {
        self.kept = true;
        // The name itself must survive a crash too. Some file systems cannot do that, and then it is not done.
        if let Ok(dir) = self.place.dir.open(".") {
            let _ = dir.sync_all();
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = self.place.dir.remove_file(&self.name);
        }
    }
}

/// Renames within a directory, never over something.
fn rename_new(dir: &Dir, from: &str, to: &str) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    match rustix::fs::renameat_with(dir, from, dir, to, rustix::fs::RenameFlags::NOREPLACE) {
        // Some file systems cannot; a second name and the removal of the first is as safe.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
        done => return done.map_err(io::Error::from),
    }
    dir.hard_link(from, dir, to)?;
    dir.remove_file(from)
}

/// A name cut so that an addition still fits into what file systems allow (255 bytes).
fn stem(name: &str) -> &str {
    let mut end = name.len().min(180);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or(name)
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness the name may be taken, and then the file is not created.
    let _ = getrandom::fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}
