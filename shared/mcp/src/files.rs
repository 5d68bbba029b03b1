//! Local files, inside the directories that the operator allowed and nowhere else.
//!
//! Every path is resolved by the kernel beneath an open directory (`openat2` where there is one), so that neither
//! `..` nor a symbolic link leads out, not even one that is swapped while we look. A link that stays inside is fine.
//! New files appear under their name only when they are complete, and never over another file without being told.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, Metadata, OpenOptions},
};

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

/// Where a file is or will be: a name in a directory that is held open.
#[derive(Debug)]
pub struct Place {
    dir: Arc<Dir>,
    name: String,
    path: PathBuf,
}

/// A file in the making, beside its place. It is removed when this is dropped, unless it is to be kept.
#[derive(Debug)]
pub struct Draft {
    file: File,
    place: Place,
    name: String,
    kept: bool,
}

/// A directory that is held open; what is named in it stays in it.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: Arc<Dir>,
    path: PathBuf,
    allowed: Arc<Vec<PathBuf>>,
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
                let entries = dir.entries().map_err(|error| explain(error, &folder.path.join(&above)))?;
                for entry in entries {
                    let entry = entry.map_err(|error| explain(error, &folder.path.join(&above)))?;
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

/// Opens a regular file. Looking first and opening without waiting keeps a pipe from holding the call; looking again
/// afterwards is what counts.
fn open(dir: &Dir, inside: &Path, path: &Path) -> io::Result<Result<Opened>> {
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

fn make_directory(dir: &Dir, inside: &Path) -> io::Result<Dir> {
    match dir.open_dir(inside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            dir.create_dir_all(inside)?;
            dir.open_dir(inside)
        }
        opened => opened,
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

fn seen(found: Metadata) -> io::Result<Seen> {
    let sort = match (found.is_file(), found.is_dir()) {
        (true, _) => Sort::File,
        (_, true) => Sort::Directory,
        _ => Sort::Other,
    };
    Ok(Seen { sort, size: found.len(), modified: found.modified()?.into_std() })
}

fn optional<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
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

#[cfg(unix)]
fn set_mode(options: &mut OpenOptions, mode: Option<u32>) {
    use cap_std::fs::OpenOptionsExt as _;
    if let Some(mode) = mode {
        options.mode(mode);
    }
}

#[cfg(not(unix))]
fn set_mode(_: &mut OpenOptions, _: Option<u32>) {}

#[cfg(unix)]
fn no_wait(options: &mut OpenOptions) {
    use cap_std::fs::OpenOptionsExt as _;
    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
}

#[cfg(not(unix))]
fn no_wait(_: &mut OpenOptions) {}

#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) {
    use cap_std::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
}

/// Whether these are of one file.
#[cfg(unix)]
fn same(one: &Metadata, other: &Metadata) -> bool {
    use cap_std::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn no_follow(_: &mut OpenOptions) {}

/// Whether the kernel, or cap-std in its place, stopped a path that leads out of its root.
fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
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
