use std::{
    fs,
    io::{Read, Write},
    time::Duration,
};

use tempfile::TempDir;

use super::*;
use crate::Kind;

struct Fixture {
    allowed: TempDir,
    outside: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Fixture { allowed: TempDir::new().unwrap(), outside: TempDir::new().unwrap() };
        fs::write(fixture.outside.path().join("secret"), "secret").unwrap();
        fs::create_dir(fixture.allowed.path().join("sub")).unwrap();
        fs::write(fixture.allowed.path().join("sub/a.txt"), "hello").unwrap();
        fixture
    }

    fn files(&self) -> Files {
        Files::new(&[self.allowed.path().to_owned()])
    }

    fn inside(&self, path: &str) -> PathBuf {
        self.allowed.path().join(path)
    }

    fn text(&self, path: &str) -> String {
        self.inside(path).to_str().unwrap().to_owned()
    }

    fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.inside(path)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn contents(mut opened: Opened) -> String {
    let mut text = String::new();
    opened.file.read_to_string(&mut text).unwrap();
    text
}

async fn write(files: &Files, path: &str, text: &str) -> Result<Draft> {
    let draft = files.place(path).await?.draft().await?;
    draft.file().write_all(text.as_bytes()).unwrap();
    Ok(draft)
}

#[tokio::test]
async fn a_file_is_read_by_absolute_and_by_relative_path() {
    let fixture = Fixture::new();
    let files = fixture.files();
    for path in [
        fixture.text("sub/a.txt"),
        "sub/a.txt".into(),
        "./sub/../sub/a.txt".into(),
        fixture.text("sub//./a.txt"),
    ] {
        let opened = files.open(&path).await.unwrap();
        assert_eq!(opened.size, 5);
        assert_eq!(contents(opened), "hello", "{path}");
    }
    let missing = files.open("sub/none").await.unwrap_err();
    assert_eq!(missing.kind, Kind::NotFound);
    assert!(missing.message.contains(&fixture.text("sub/none")), "{missing}");
}

#[tokio::test]
async fn nothing_outside_is_reached() {
    let fixture = Fixture::new();
    let secret = fixture.outside.path().join("secret").to_str().unwrap().to_owned();
    let back = format!("../{}/secret", fixture.outside.path().file_name().unwrap().to_str().unwrap());
    for path in
        [secret, fixture.text(&back), back, "/etc/passwd".into(), "sub/../../etc/passwd".into(), "..".into()]
    {
        let files = fixture.files();
        for error in [
            files.open(&path).await.map(drop).unwrap_err(),
            files.look(&path).await.map(drop).unwrap_err(),
            files.place(&format!("{path}/new")).await.map(drop).unwrap_err(),
            files.folder(&path).await.map(drop).unwrap_err(),
        ] {
            assert_eq!(error.kind, Kind::Refused, "{path}: {error}");
            let next = error.next.as_deref().unwrap();
            assert!(
                next.contains(fixture.allowed.path().to_str().unwrap()) && next.contains("--allow-dir"),
                "{next}"
            );
        }
    }
    for wrong in ["", "a\0b", "~/x"] {
        assert_eq!(fixture.files().open(wrong).await.unwrap_err().kind, Kind::Invalid);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_followed_only_inside() {
    use std::os::unix::fs::symlink;
    let fixture = Fixture::new();
    let files = fixture.files();
    symlink(fixture.outside.path().join("secret"), fixture.inside("out")).unwrap();
    symlink(fixture.outside.path(), fixture.inside("outdir")).unwrap();
    symlink("sub/a.txt", fixture.inside("relative")).unwrap();
    symlink(fixture.inside("sub/a.txt"), fixture.inside("absolute")).unwrap();
    symlink(fixture.inside("sub"), fixture.inside("subdir")).unwrap();
    for path in ["out", "outdir/secret"] {
        assert_eq!(files.open(path).await.unwrap_err().kind, Kind::Refused, "{path}");
    }
    for path in ["relative", "absolute", "subdir/a.txt"] {
        assert_eq!(contents(files.open(path).await.unwrap()), "hello", "{path}");
    }
    assert_eq!(files.place("outdir/new").await.unwrap_err().kind, Kind::Refused);
    write(&files, "subdir/b.txt", "b").await.unwrap().finish().await.unwrap();
    assert_eq!(fs::read_to_string(fixture.inside("sub/b.txt")).unwrap(), "b");

    // Writing to a link's name replaces the link, never what it points to.
    write(&files, "out", "new").await.unwrap().replace().await.unwrap();
    assert_eq!(fs::read_to_string(fixture.outside.path().join("secret")).unwrap(), "secret");
    assert_eq!(fs::read_to_string(fixture.inside("out")).unwrap(), "new");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_into_another_allowed_directory_is_followed() {
    let (fixture, other) = (Fixture::new(), Fixture::new());
    std::os::unix::fs::symlink(other.inside("sub"), fixture.inside("other")).unwrap();
    let both = Files::new(&[fixture.allowed.path().to_owned(), other.allowed.path().to_owned()]);
    assert_eq!(contents(both.open("other/a.txt").await.unwrap()), "hello");
    assert_eq!(fixture.files().open("other/a.txt").await.unwrap_err().kind, Kind::Refused);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_swapped_for_a_link_leads_nowhere() {
    let fixture = Fixture::new();
    let files = fixture.files();
    fs::write(fixture.inside("sub/secret"), "mine").unwrap();
    std::os::unix::fs::symlink(fixture.outside.path(), fixture.inside("link")).unwrap();
    let root = fs::File::open(fixture.allowed.path()).unwrap();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = stop.clone();
    let swapping = std::thread::spawn(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            rustix::fs::renameat_with(&root, "sub", &root, "link", rustix::fs::RenameFlags::EXCHANGE)
                .unwrap();
        }
    });
    let mut read = 0;
    for round in 0..1500 {
        if let Ok(opened) = files.open("sub/secret").await {
            assert_eq!(contents(opened), "mine");
            read += 1;
        }
        if let Ok(draft) = write(&files, &format!("sub/new{round}"), "x").await {
            let _ = draft.finish().await;
        }
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    swapping.join().unwrap();
    assert!(read > 0);
    assert_eq!(fs::read_dir(fixture.outside.path()).unwrap().count(), 1, "something was written outside");
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_not_a_file_is_refused_without_waiting() {
    let fixture = Fixture::new();
    let files = fixture.files();
    let pipe = std::process::Command::new("mkfifo").arg(fixture.inside("pipe")).status().unwrap();
    assert!(pipe.success());
    let socket = std::os::unix::net::UnixListener::bind(fixture.inside("socket")).unwrap();
    for (path, word) in [("pipe", "pipe"), ("socket", "socket"), ("sub", "directory"), ("sub/", "directory")]
    {
        let error =
            tokio::time::timeout(Duration::from_secs(5), files.open(path)).await.unwrap().unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.contains(word), "{error}");
    }
    drop(socket);
}

#[tokio::test]
async fn a_new_file_appears_whole_and_never_over_another() {
    let fixture = Fixture::new();
    let files = fixture.files();
    let draft = write(&files, "new/deep/b.txt", "b").await.unwrap();
    assert!(!fixture.inside("new/deep/b.txt").exists());
    draft.finish().await.unwrap();
    assert_eq!(fs::read_to_string(fixture.inside("new/deep/b.txt")).unwrap(), "b");
    assert_eq!(fixture.names("new/deep"), ["b.txt"]);

    let error = write(&files, "new/deep/b.txt", "c").await.unwrap().finish().await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(fs::read_to_string(fixture.inside("new/deep/b.txt")).unwrap(), "b");
    write(&files, "new/deep/b.txt", "c").await.unwrap().replace().await.unwrap();
    assert_eq!(fs::read_to_string(fixture.inside("new/deep/b.txt")).unwrap(), "c");
    assert_eq!(fixture.names("new/deep"), ["b.txt"]);

    for wrong in ["sub/", "..", fixture.allowed.path().to_str().unwrap()] {
        assert!(
            matches!(files.place(wrong).await.unwrap_err().kind, Kind::Invalid | Kind::Refused),
            "{wrong}"
        );
    }
    assert!(write(&files, "sub", "x").await.unwrap().replace().await.is_err(), "a directory is not replaced");
    assert!(write(&files, "sub/a.txt/x", "x").await.is_err(), "a file is not a directory");
    assert_eq!(fixture.names("."), ["new", "sub"]);
}

#[tokio::test]
async fn of_two_who_finish_only_one_wins() {
    let fixture = Fixture::new();
    let files = fixture.files();
    let (first, second) = (write(&files, "x", "1").await.unwrap(), write(&files, "x", "2").await.unwrap());
    let (first, second) = tokio::join!(first.finish(), second.finish());
    assert!(first.is_ok() ^ second.is_ok());
    assert_eq!(fixture.names("."), ["sub", "x"]);
}

#[tokio::test]
async fn a_dropped_draft_leaves_nothing() {
    let fixture = Fixture::new();
    drop(write(&fixture.files(), "sub/x", "x").await.unwrap());
    assert_eq!(fixture.names("sub"), ["a.txt"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_private_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::new();
    fixture.files().place("key.pem").await.unwrap().private_draft().await.unwrap().finish().await.unwrap();
    assert_eq!(fs::metadata(fixture.inside("key.pem")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_partial_file_is_gone_on_with_and_strangers_are_removed() {
    let fixture = Fixture::new();
    let files = fixture.files();
    let partial = |tag: &'static str| {
        let files = files.clone();
        async move { files.place("sub/big").await.unwrap().partial(tag).await }
    };
    let mut draft = partial("aa11").await.unwrap();
    draft.file().write_all(b"half").unwrap();
    assert_eq!(partial("aa11").await.unwrap_err().kind, Kind::Conflict, "it is in use");
    draft.keep();
    drop(draft);
    let again = partial("aa11").await.unwrap();
    assert_eq!(again.file().metadata().unwrap().len(), 4);
    let mut other = partial("bb22").await.unwrap();
    assert_eq!(fixture.names("sub").len(), 3, "what is in use is not removed");
    other.keep();
    drop(other);
    again.finish().await.unwrap();
    assert_eq!(fs::read_to_string(fixture.inside("sub/big")).unwrap(), "half");
    partial("cc33").await.unwrap().replace().await.unwrap();
    assert_eq!(fixture.names("sub"), ["a.txt", "big"], "the left-over bb22 is gone");
    let listing = files.folder("sub").await.unwrap().list(10).await.unwrap();
    assert_eq!(listing.files.len(), 2);
}

#[tokio::test]
async fn a_partial_file_that_is_let_go_in_time_is_waited_for() {
    let fixture = Fixture::new();
    let files = fixture.files();
    let mut first = files.place("sub/big").await.unwrap().partial("aa11").await.unwrap();
    first.file().write_all(b"half").unwrap();
    first.keep();
    let slow = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        drop(first);
    });
    let second = files.place("sub/big").await.unwrap().partial("aa11").await.unwrap();
    assert_eq!(second.file().metadata().unwrap().len(), 4);
    slow.await.unwrap();

    let finished = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        second.finish().await.unwrap();
    });
    let third = files.place("sub/big").await.unwrap().partial("aa11").await.unwrap();
    assert_eq!(third.file().metadata().unwrap().len(), 0, "what is finished is not written to");
    finished.await.unwrap();
    drop(third);
    assert_eq!(fs::read_to_string(fixture.inside("sub/big")).unwrap(), "half");
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_directory_is_explained() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::new();
    fs::set_permissions(fixture.inside("sub"), fs::Permissions::from_mode(0o555)).unwrap();
    // Root writes anywhere.
    if fs::write(fixture.inside("sub/probe"), "").is_err() {
        let error = write(&fixture.files(), "sub/x", "x").await.unwrap_err();
        assert_eq!(error.kind, Kind::Refused);
        assert!(error.message.contains("does not let this server"), "{error}");
    }
    fs::set_permissions(fixture.inside("sub"), fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn relative_paths_go_to_the_first_directory_that_fits() {
    let (one, two) = (Fixture::new(), Fixture::new());
    fs::create_dir(two.inside("only-two")).unwrap();
    fs::write(two.inside("only-two/x"), "two").unwrap();
    let files = Files::new(&[one.allowed.path().to_owned(), two.allowed.path().to_owned()]);
    assert_eq!(contents(files.open("only-two/x").await.unwrap()), "two");
    write(&files, "only-two/y", "y").await.unwrap().finish().await.unwrap();
    assert_eq!(two.names("only-two"), ["x", "y"]);
    write(&files, "fresh/z", "z").await.unwrap().finish().await.unwrap();
    assert!(one.inside("fresh/z").exists());
    assert_eq!(contents(files.open(two.inside("only-two/x").to_str().unwrap()).await.unwrap()), "two");
}

#[cfg(unix)]
#[tokio::test]
async fn a_tree_is_listed_without_leaving_it() {
    use std::os::unix::fs::symlink;
    let fixture = Fixture::new();
    fs::create_dir_all(fixture.inside("t/deep/er")).unwrap();
    fs::write(fixture.inside("t/deep/er/x"), "xyz").unwrap();
    fs::write(fixture.inside("t/b"), "").unwrap();
    fs::write(fixture.inside("t/.old.1.awsmcp-tmp"), "").unwrap();
    symlink("b", fixture.inside("t/link")).unwrap();
    symlink("deep", fixture.inside("t/loop")).unwrap();
    symlink("nowhere", fixture.inside("t/nowhere")).unwrap();
    symlink(fixture.outside.path().join("secret"), fixture.inside("t/out")).unwrap();
    symlink("../sub/a.txt", fixture.inside("t/up")).unwrap();
    let folder = fixture.files().folder("t").await.unwrap();
    let listing = folder.list(100).await.unwrap();
    let paths: Vec<(&str, u64)> = listing.files.iter().map(|leaf| (leaf.path.as_str(), leaf.size)).collect();
    assert_eq!(paths, [("b", 0), ("deep/er/x", 3), ("link", 0)]);
    let left: Vec<&str> = listing.left_out.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(left, ["loop", "nowhere", "out", "up"]);
    assert!(folder.list(2).await.unwrap_err().message.contains("more than 2 files"));

    assert_eq!(contents(folder.open("deep/er/x").await.unwrap()), "xyz");
    for path in ["../sub/a.txt", "out", "/etc/passwd"] {
        assert_eq!(folder.open(path).await.unwrap_err().kind, Kind::Refused, "{path}");
        assert!(folder.remove(path).await.is_err() || path == "out");
    }
    assert!(fixture.outside.path().join("secret").exists() && fixture.inside("sub/a.txt").exists());
    folder.remove("deep/er/x").await.unwrap();
    assert!(!fixture.inside("t/deep/er/x").exists());
    let draft = folder.place("new/y").await.unwrap().draft().await.unwrap();
    draft.finish().await.unwrap();
    assert!(fixture.inside("t/new/y").exists());
    assert_eq!(folder.place("../y").await.unwrap_err().kind, Kind::Refused);
}

#[tokio::test]
async fn a_change_while_reading_is_noticed() {
    let fixture = Fixture::new();
    let opened = fixture.files().open("sub/a.txt").await.unwrap();
    assert!(opened.is_unchanged().unwrap());
    fs::OpenOptions::new().append(true).open(fixture.inside("sub/a.txt")).unwrap().write_all(b"!").unwrap();
    assert!(!opened.is_unchanged().unwrap());
}
