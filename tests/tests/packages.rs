//! What people install works: from an npm registry, a Python index, a bundle, an archive, a script. Every package holds the
//! same program, says who it belongs to, and leaves no process behind.
#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    reason = "tests hand parts of their own environment to the programs they start"
)]

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use awsmcp_testing::{LocalAws, Server, binary, tool, tools_dir, workspace};
use awsmcp_tests::{Target, claude_code, ends_well, names, with};
use serde_json::{Value, json};

/// Longer than a first `npx` takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

const VERSION: &str = env!("CARGO_PKG_VERSION");

// ---- npm ----

#[test]
#[ignore = "installs packages from local registries"]
fn npx_installs_the_server_and_it_answers() {
    let home = Home::new("npx Zoë's дом");
    let bucket = "packages-npx";
    LocalAws::shared().create_bucket(bucket);
    for (package, program) in [("@awsmcp/s3", &packed().program), ("awsmcp", &packed().everything)] {
        let mut server = Server::spawn("npx", ["-y", package], home.npm()).patience(PATIENCE);
        let answer = server.initialize();
        assert_eq!(answer["serverInfo"]["version"], VERSION, "{answer}");
        assert!(server.call("list_buckets", json!({})).ok().contains(bucket));
        let started = program_of(&server);
        assert_eq!((started.file_name(), hash(&started)), (program.file_name(), hash(program)));
        ends_well(&mut server);
    }
}

#[test]
#[ignore = "installs packages from local registries"]
fn nothing_of_npx_outlives_its_client() {
    let home = Home::new("npx-stops");
    // In a process group of its own, as a terminal starts it.
    outlived_by_none(|| Server::spawn("setsid", ["npx", "-y", "@awsmcp/s3"], home.npm()));
}

#[test]
#[ignore = "installs packages from local registries"]
fn claude_code_connects_through_npx() {
    let home = Home::new("claude-code");
    assert_eq!(claude_code(&Target::new("npx", ["-y", "@awsmcp/s3"], home.npm())), "✔ Connected");
}

#[test]
#[ignore = "installs packages from local registries"]
fn a_signal_to_the_shim_ends_the_server_and_a_killed_shim_leaves_none() {
    let shim = npm_installed();
    for signal in ["TERM", "INT", "HUP", "KILL"] {
        let mut server = Server::spawn(&shim, [] as [&str; 0], local_env());
        server.initialize();
        let tree = tree(server.pid());
        let sent = Instant::now();
        server.signal(signal);
        all_gone(&tree, signal);
        let status = server.ended();
        match signal {
            "TERM" | "INT" => {
                assert!(status.success(), "{signal}: {status}");
                assert!(sent.elapsed() < Duration::from_secs(3), "{signal}: {:?}", sent.elapsed());
            }
            "HUP" => assert!(status.success() || status.signal() == Some(1), "{signal}: {status}"),
            _ => assert_eq!(status.signal(), Some(9), "{status}"),
        }
        assert_eq!(server.stderr(), "", "{signal}");
    }
}

#[test]
#[ignore = "installs packages from local registries"]
fn the_shim_ends_as_its_program_ends() {
    let shim = npm_installed();
    let home = Home::new("shim-ends");
    let asked = said(Command::new(&shim).arg("--version"));
    assert_eq!(
        (asked.code, asked.stdout.as_str()),
        (0, format!("awsmcp-s3 {VERSION}\n").as_str()),
        "{asked:?}"
    );
    let asked = said(Command::new(&shim).arg("--no-such-flag"));
    assert_eq!((asked.code, asked.stdout.as_str()), (2, ""), "{asked:?}");
    assert!(asked.stderr.contains("--no-such-flag"), "{asked:?}");

    let own = home.script("own program", "echo \"$1 on stdout\"; kill -KILL $$");
    let asked = said(Command::new(&shim).arg("hello").env("AWSMCP_S3_BINARY", own));
    assert_eq!((asked.signal, asked.stdout.as_str()), (Some(9), "hello on stdout\n"), "{asked:?}");

    let asked = said(Command::new(&shim).env("AWSMCP_S3_BINARY", "/no/such/program"));
    assert_eq!((asked.code, asked.stdout.as_str()), (1, ""), "{asked:?}");
    assert!(
        asked.stderr.contains("/no/such/program") && asked.stderr.contains("AWSMCP_S3_BINARY"),
        "{asked:?}"
    );
    // That of everything has a variable of its own.
    let asked = said(Command::new(shim.with_file_name("awsmcp")).env("AWSMCP_BINARY", "/no/such/program"));
    assert!(asked.code == 1 && asked.stderr.contains("/no/such/program"), "{asked:?}");
}

#[test]
#[ignore = "installs packages from local registries"]
fn a_missing_platform_package_is_named_with_its_remedy() {
    let home = Home::new("npm-omitted");
    let project = home.path.join("project");
    npm_install(&home, &project, &["--omit=optional"]);
    let shim = project.join("node_modules/.bin/awsmcp-s3");
    let asked = said(Command::new(&shim).arg("--version"));
    assert_eq!((asked.code, asked.stdout.as_str()), (1, ""), "{asked:?}");
    for part in ["@awsmcp/s3-linux-x64", "--omit=optional", "npm install", VERSION, "AWSMCP_S3_BINARY"] {
        assert!(asked.stderr.contains(part), "no {part} in {}", asked.stderr);
    }
    assert_eq!(asked.stderr.lines().count(), 1, "{}", asked.stderr);
    // The remedy that it names.
    let remedy = format!("@awsmcp/s3-linux-x64@{VERSION}");
    succeed(home.npm_command("npm", &["install", &remedy]).current_dir(&project));
    assert_eq!(said(Command::new(&shim).arg("--version")).code, 0);
}

// ---- Python ----

#[test]
#[ignore = "installs packages from local registries"]
fn uvx_installs_the_server_and_runs_nothing_but_the_program() {
    let home = Home::new("uvx Zoë's дом");
    let bucket = "packages-uvx";
    LocalAws::shared().create_bucket(bucket);
    for (package, program) in [("awsmcp-s3", &packed().program), ("awsmcp", &packed().everything)] {
        let uvx = tool("uv", "bin/uvx");
        let mut server = Server::spawn(uvx, uvx_args(package), uv_env(&home)).patience(PATIENCE);
        assert_eq!(server.initialize()["serverInfo"]["version"], VERSION);
        assert!(server.call("list_buckets", json!({})).ok().contains(bucket));
        assert_eq!(hash(&program_of(&server)), hash(program));
        let tree = tree(server.pid());
        let with_python =
            tree.iter().filter_map(|pid| executable(*pid)).find(|path| text(path).contains("python"));
        assert_eq!(with_python, None);
        ends_well(&mut server);
        all_gone(&tree, "a closed input");
    }
}

#[test]
#[ignore = "installs packages from local registries"]
fn nothing_of_uvx_outlives_its_client() {
    let home = Home::new("uvx-stops");
    outlived_by_none(|| {
        let args = std::iter::once(OsString::from(tool("uv", "bin/uvx"))).chain(uvx_args("awsmcp-s3"));
        Server::spawn("setsid", args, uv_env(&home))
    });
}

#[test]
#[ignore = "installs packages from local registries"]
fn pip_installs_the_program_as_it_is() {
    let home = Home::new("pip");
    let venv = home.path.join("venv");
    succeed(Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(&venv));
    succeed(
        Command::new("python3")
            .args(["-m", "pip", "--python"])
            .arg(venv.join("bin/python"))
            .args([
                "--disable-pip-version-check",
                "--no-input",
                "install",
                "--quiet",
                "--no-index",
                "--find-links",
            ])
            .arg(packed().out.join("pypi"))
            .args(["awsmcp-s3", "awsmcp"]),
    );
    let program = venv.join("bin/awsmcp-s3");
    assert_eq!(hash(&program), hash(&packed().program));
    assert_eq!(hash(&venv.join("bin/awsmcp")), hash(&packed().everything));
    let mut server = Server::spawn(&program, [] as [&str; 0], local_env());
    server.initialize();
    assert!(names(&mut server).contains(&"list_buckets".to_owned()));
    ends_well(&mut server);
}

#[test]
#[ignore = "installs packages from local registries"]
fn wheels_are_as_the_judges_of_python_want_them() {
    for wheel in [wheel("awsmcp-s3"), wheel("awsmcp")] {
        let mut twine = Command::new(tool("package-judges", "bin/twine"));
        let checked = succeed(twine.args(["check", "--strict"]).arg(&wheel));
        assert!(checked.contains("PASSED"), "{checked}");
        // W007: a wheel without a library. This one is a program and nothing else.
        let mut contents = Command::new(tool("package-judges", "bin/check-wheel-contents"));
        let checked = succeed(contents.args(["--ignore", "W007"]).arg(&wheel));
        assert!(checked.contains("OK"), "{checked}");
        let verified = succeed(Command::new("python3").args(["-c", RECORD]).arg(&wheel));
        assert_eq!(verified.trim(), "5 files, 0o755");
    }
}

/// Checks every line of a wheel's RECORD, without the code that wrote it.
const RECORD: &str = r#"
import base64, csv, hashlib, io, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
assert wheel.testzip() is None
[record] = [name for name in wheel.namelist() if name.endswith(".dist-info/RECORD")]
rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(wheel.read(record).decode()))}
assert set(rows) == set(wheel.namelist()), (sorted(rows), wheel.namelist())
for name, (digest, size) in rows.items():
    data = wheel.read(name)
    if name == record:
        assert (digest, size) == ("", "")
        continue
    wanted = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    assert (digest, size) == ("sha256=" + wanted, str(len(data))), name
[script] = [info for info in wheel.infolist() if ".data/scripts/" in info.filename]
print(f"{len(rows)} files, {oct(script.external_attr >> 16 & 0o777)}")
"#;

// ---- bundles ----

#[test]
#[ignore = "installs packages from local registries"]
fn a_bundle_is_valid_and_starts_as_a_desktop_program_starts_it() {
    let home = Home::new("mcpb Zoë's дом");
    let bundle = home.path.join("unpacked");
    let mcpb = tool("mcpb", "node_modules/.bin/mcpb");
    let archive = release("linux-x64.mcpb");
    succeed(node(&mcpb).arg("unpack").arg(&archive).arg(&bundle));
    let validated = succeed(node(&mcpb).arg("validate").arg(bundle.join("manifest.json")));
    assert!(validated.contains("passes"), "{validated}");
    let program = bundle.join("server/awsmcp-s3");
    assert_eq!(hash(&program), hash(&packed().program));

    let manifest = read_json(&bundle.join("manifest.json"));
    let listed: BTreeSet<&str> =
        array(&manifest["tools"]).iter().filter_map(|tool| tool["name"].as_str()).collect();
    let contract = read_json(&workspace().join("servers/s3/manifest.json"));
    let served: BTreeSet<&str> =
        array(&contract["tools"]).iter().filter_map(|tool| tool["name"].as_str()).collect();
    assert_eq!(listed, served);

    // A host that forgets modes.
    fs::set_permissions(&program, PermissionsExt::from_mode(0o644)).unwrap();
    let (one, two) = (home.directory("one дом"), home.directory("two's"));
    for (settings, tools, missing) in [
        (json!({}), vec!["list_buckets"], vec!["download_file", "put_object"]),
        (
            json!({"allow": "write", "region": "eu-west-1", "directories": [one, two]}),
            vec!["download_file", "upload_file", "put_object"],
            vec!["delete_objects"],
        ),
    ] {
        let mut command = node(&tests("clients/bundle.mjs"));
        command.arg(tools_dir().join("mcpb")).arg(&bundle).arg(settings.to_string());
        let config: Value = serde_json::from_str(&succeed(&mut command)).unwrap();
        let args: Vec<&str> = array(&config["args"]).iter().filter_map(Value::as_str).collect();
        let mut env = local_env();
        env.retain(|(name, _)| name != "AWS_REGION");
        for (name, value) in config["env"].as_object().unwrap() {
            env.push((name.clone(), value.as_str().unwrap().to_owned()));
        }
        let mut server = Server::spawn(config["command"].as_str().unwrap(), args, env);
        server.initialize();
        let there = names(&mut server);
        for name in tools {
            assert!(there.iter().any(|tool| tool == name), "{name} with {settings}");
        }
        for name in missing {
            assert!(there.iter().all(|tool| tool != name), "{name} with {settings}");
        }
        ends_well(&mut server);
        assert_eq!(server.stderr(), "");
    }
}

// ---- archives, scripts, formulae ----

#[test]
#[ignore = "installs packages from local registries"]
fn every_file_holds_the_same_program_and_its_license() {
    let home = Home::new("same");
    let of_each = |name: &str, program: &Path| {
        let (stem, of_wheel) = (format!("{name}-{VERSION}-linux-x64"), name.replace('-', "_"));
        let archives = [
            (
                packed().out.join(format!("release/{stem}.tar.gz")),
                format!("{stem}/{name}"),
                format!("{stem}/LICENSE"),
            ),
            (
                wheel(name),
                format!("{of_wheel}-{VERSION}.data/scripts/{name}"),
                format!("{of_wheel}-{VERSION}.dist-info/licenses/LICENSE"),
            ),
            (
                packed().out.join(format!("npm/{name}-linux-x64-{VERSION}.tgz")),
                format!("package/bin/{name}"),
                "package/LICENSE".to_owned(),
            ),
        ];
        archives.map(|archive| (archive, hash(program)))
    };
    let of_server = [
        (release("linux-x64.mcpb"), "server/awsmcp-s3".to_owned(), "LICENSE".to_owned()),
        (release("linux-x64-lambda.zip"), "bootstrap".to_owned(), "LICENSE".to_owned()),
    ]
    .map(|archive| (archive, hash(&packed().program)));
    let archives = of_each("awsmcp-s3", &packed().program)
        .into_iter()
        .chain(of_each("awsmcp", &packed().everything))
        .chain(of_server);
    for (at, ((archive, program, license), wanted)) in archives.enumerate() {
        let directory = home.directory(&at.to_string());
        if text(&archive).ends_with("gz") {
            succeed(Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&directory));
        } else {
            // Python's own reader, which puts no modes on what it extracts: they are read from the archive.
            let modes = "import sys, zipfile; archive = zipfile.ZipFile(sys.argv[1]); archive.extractall(sys.argv[2]); \
                         print(oct(archive.getinfo(sys.argv[3]).external_attr >> 16))";
            let mode = succeed(
                Command::new("python3").args(["-c", modes]).arg(&archive).arg(&directory).arg(&program),
            );
            assert_eq!(mode.trim(), "0o100755", "{}", archive.display());
        }
        let directory = Path::new(&directory);
        assert_eq!(hash(&directory.join(program)), wanted, "{}", archive.display());
        assert_eq!(
            hash(&directory.join(license)),
            hash(&workspace().join("LICENSE")),
            "{}",
            archive.display()
        );
    }
    // The checksums are those that the usual tool reads.
    succeed(
        Command::new("sha256sum")
            .args(["--check", "--strict", "SHA256SUMS"])
            .current_dir(packed().out.join("release")),
    );
}

#[test]
#[ignore = "installs packages from local registries"]
fn the_install_script_verifies_what_it_installs() {
    let home = Home::new("script Zoë's дом");
    let release = packed().out.join("release");
    let script = release.join("install.sh");
    let checked = Command::new(tool("package-judges", "bin/shellcheck")).arg(&script).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));

    let install = |from: &Path, to: &Path, servers: &[&str]| {
        // As curl wants an address, and a path has spaces.
        let from = format!("file://{}", text(from).replace(' ', "%20"));
        said(
            Command::new("sh")
                .arg(&script)
                .args(["--from", &from, "--to"])
                .arg(to)
                .args(servers)
                .env("HOME", &home.path),
        )
    };
    let to = home.path.join("bin dir");
    let done = install(&release, &to, &["awsmcp", "s3"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("not in PATH"), "{done:?}");
    assert_eq!(hash(&to.join("awsmcp-s3")), hash(&packed().program));
    assert_eq!(hash(&to.join("awsmcp")), hash(&packed().everything));
    assert_eq!(
        said(Command::new(to.join("awsmcp-s3")).arg("--version")).stdout,
        format!("awsmcp-s3 {VERSION}\n")
    );
    // Again, over the old one, by its long name.
    assert_eq!(install(&release, &to, &["awsmcp-s3"]).code, 0);
    assert_eq!(files(&to), ["awsmcp", "awsmcp-s3"]);

    let unknown = install(&release, &to, &["s4"]);
    assert!(unknown.code != 0 && unknown.stderr.contains("there is no server s4"), "{unknown:?}");

    let tampered = home.path.join("tampered");
    fs::create_dir(&tampered).unwrap();
    fs::copy(release.join("SHA256SUMS"), tampered.join("SHA256SUMS")).unwrap();
    let archive = format!("awsmcp-s3-{VERSION}-linux-x64.tar.gz");
    let mut bytes = fs::read(release.join(&archive)).unwrap();
    let last = bytes.len() - 9;
    bytes[last] ^= 1;
    fs::write(tampered.join(&archive), bytes).unwrap();
    let fresh = home.path.join("fresh");
    let refused = install(&tampered, &fresh, &["s3"]);
    assert!(refused.code != 0 && refused.stderr.contains("is not the file that was released"), "{refused:?}");
    assert!(!fresh.exists());
    // A release that does not name the file.
    fs::write(tampered.join("SHA256SUMS"), "").unwrap();
    let refused = install(&tampered, &fresh, &["s3"]);
    assert!(refused.code != 0 && refused.stderr.contains("does not name"), "{refused:?}");
    assert!(!fresh.exists());
}

#[test]
#[ignore = "installs packages from local registries"]
fn a_bundles_start_script_has_no_faults() {
    let home = Home::new("start-script");
    let archive = release("linux-x64.mcpb");
    succeed(
        node(&tool("mcpb", "node_modules/.bin/mcpb"))
            .arg("unpack")
            .arg(archive)
            .arg(home.path.join("bundle")),
    );
    let script = home.path.join("bundle/server/start.sh");
    let checked = Command::new(tool("package-judges", "bin/shellcheck")).arg(script).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
#[ignore = "installs packages from local registries"]
fn the_packages_of_all_platforms_are_named_with_their_checksums() {
    let out = every_platform("all");
    let release = out.join("release");
    for (program, class, npm) in [("awsmcp-s3", "AwsmcpS3", "@awsmcp/s3"), ("awsmcp", "Awsmcp", "awsmcp")] {
        let formula = out.join(format!("homebrew/{program}.rb"));
        assert_eq!(wrong("ruby", &formula), Vec::<String>::new());
        let formula = fs::read_to_string(formula).unwrap();
        for platform in ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] {
            let archive = format!("{program}-{VERSION}-{platform}.tar.gz");
            let (_, behind) = formula.split_once(&format!("/v{VERSION}/{archive}\"\n")).unwrap();
            assert!(
                behind.trim_start().starts_with(&format!("sha256 \"{}\"", hash(&release.join(&archive)))),
                "{formula}"
            );
        }
        assert!(formula.starts_with(&format!("class {class} < Formula\n")), "{formula}");

        let manifest = read_json(&out.join(format!("scoop/{program}.json")));
        let scoop = &manifest["architecture"]["64bit"];
        let archive = format!("{program}-{VERSION}-win32-x64.zip");
        assert_eq!(manifest["bin"], format!("{program}.exe"));
        assert_eq!(scoop["hash"], hash(&release.join(&archive)));
        assert!(scoop["url"].as_str().unwrap().ends_with(&format!("/{archive}")), "{scoop}");

        let wrapper = npm_manifest(&out, program, &format!("all-{program}"));
        assert_eq!(wrapper["name"], npm);
        let optional: Vec<&String> = wrapper["optionalDependencies"].as_object().unwrap().keys().collect();
        assert_eq!(optional.len(), 5, "{optional:?}");
        assert!(optional.iter().all(|name| name.starts_with(&format!("{npm}-"))), "{optional:?}");
    }

    let server = read_json(&out.join("registry/s3/server.json"));
    let bundles: Vec<&Value> =
        array(&server["packages"]).iter().filter(|one| one["registryType"] == "mcpb").collect();
    assert_eq!(bundles.len(), 5);
    for bundle in bundles {
        let (_, file) = bundle["identifier"].as_str().unwrap().rsplit_once('/').unwrap();
        assert_eq!(bundle["fileSha256"], hash(&release.join(file)), "{file}");
    }
}

#[test]
#[ignore = "installs packages from local registries"]
fn packing_twice_gives_the_same_bytes() {
    let (first, second) = (every_platform("first"), every_platform("second"));
    succeed(Command::new("diff").arg("-r").arg(&first).arg(&second));
    assert!(fs::read_dir(first.join("release")).unwrap().count() > 10);
}

#[test]
#[ignore = "installs packages from local registries"]
fn a_package_that_is_missing_or_was_changed_is_noticed() {
    let out = every_platform("noticed");
    let dist = |more: &[&str]| said(xtask().args(["dist", SERVERS, "--out"]).arg(&out).args(more));
    assert_eq!(dist(&["--check", "--complete"]).code, 0);
    let [own, other] = ["darwin-arm64", "darwin-x64"]
        .map(|platform| out.join(format!("npm/awsmcp-{platform}-{VERSION}.tgz")));
    let bytes = fs::read(&own).unwrap();
    fs::copy(other, &own).unwrap();
    let noticed = dist(&["--check"]);
    assert!(
        noticed.code != 0
            && noticed.stderr.contains("awsmcp for darwin-arm64")
            && noticed.stderr.contains("hold different programs"),
        "{noticed:?}"
    );
    fs::write(&own, bytes).unwrap();
    let archive = out.join(format!("release/awsmcp-s3-{VERSION}-darwin-arm64.tar.gz"));
    let bytes = fs::read(&archive).unwrap();
    fs::write(&archive, [&bytes[..], b"\0"].concat()).unwrap();
    let noticed = dist(&["--check"]);
    assert!(
        noticed.code != 0 && noticed.stderr.contains("is not the file that SHA256SUMS names"),
        "{noticed:?}"
    );
    // With another program inside, and the checksum mended.
    fs::copy(
        out.join(format!("release/awsmcp-s3-{VERSION}-linux-x64.mcpb")),
        out.join(format!("release/awsmcp-s3-{VERSION}-linux-arm64.mcpb")),
    )
    .unwrap();
    fs::write(&archive, &bytes).unwrap();
    let noticed = dist(&["--join"]);
    assert!(noticed.code != 0 && noticed.stderr.contains("hold different programs"), "{noticed:?}");
    fs::remove_file(&archive).unwrap();
    let noticed = dist(&["--join", "--complete"]);
    assert!(noticed.code != 0 && noticed.stderr.contains("awsmcp-s3 for darwin-arm64"), "{noticed:?}");
}

#[test]
#[ignore = "installs packages from local registries"]
fn a_binary_of_another_platform_is_refused() {
    let home = Home::new("other-platform");
    stand_ins(&home.path);
    let refused = said(
        xtask()
            .args(["dist", "--server", "s3", "--platform", "linux-arm64", "--binaries"])
            .arg(home.path.join("darwin-arm64"))
            .arg("--out")
            .arg(home.path.join("out")),
    );
    assert!(refused.code != 0 && refused.stderr.contains("not for linux-arm64"), "{refused:?}");
}

#[test]
#[ignore = "installs packages from local registries"]
fn a_release_runs_on_old_systems_lists_its_crates_and_is_the_same_from_every_place() {
    let (home, elsewhere) = (Home::new("release"), Home::new("release-elsewhere"));
    let program = small_release(&home.path);
    assert_eq!(hash(&program), hash(&small_release(&elsewhere.path)));
    assert_eq!(succeed(&mut Command::new(&program)), "ran\n");

    let symbols = succeed(Command::new("objdump").arg("-T").arg(&program));
    let newest = symbols
        .split("(GLIBC_")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .map(|version| version.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>())
        .max();
    assert!(newest.clone().is_some_and(|newest| newest <= vec![2, 17]), "{newest:?}");
    // What runs at a start lies together: dist/start.ld.
    let sections = succeed(Command::new("readelf").arg("-SW").arg(&program));
    assert!(sections.contains(" .text.start ") && !sections.contains(" .symtab "), "{sections}");

    let out = home.path.join("out");
    dist(program.parent().unwrap(), &out, &["--server=s3"]);
    let parts = read_json(&out.join(format!("release/awsmcp-s3-{VERSION}-linux-x64.cdx.json")));
    assert_eq!(parts["bomFormat"], "CycloneDX", "{parts}");
    let own = &parts["metadata"]["component"];
    assert_eq!((&own["name"], &own["version"]), (&json!("awsmcp-s3"), &json!("9.8.7")), "{parts}");
    assert_eq!(own["hashes"][0]["content"], hash(&program), "{parts}");
    let part = array(&parts["components"]).iter().find(|component| component["name"] == "part");
    assert_eq!(part.unwrap()["version"], "1.2.3", "{parts}");
}

/// Builds a program of two crates as releases are built: with our profile and build script, by the same tools.
fn small_release(home: &Path) -> PathBuf {
    let root = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let (_, profile) = root.split_once("\n[profile.release]\n").unwrap();
    let profile = profile.split("\n[").next().unwrap();
    let manifest = format!(
        "[package]\nname = \"awsmcp-s3\"\nversion = \"9.8.7\"\nedition = \"2024\"\nbuild = \"../../dist/link.rs\"\n\n\
         [dependencies]\npart = {{ path = \"part\" }}\n\n[workspace]\n\n[profile.release]\n{profile}\n"
    );
    for (path, text) in [
        ("servers/s3/Cargo.toml", manifest.as_str()),
        ("servers/s3/src/main.rs", "fn main() {\n    part::run();\n}\n"),
        (
            "servers/s3/part/Cargo.toml",
            "[package]\nname = \"part\"\nversion = \"1.2.3\"\nedition = \"2024\"\n",
        ),
        ("servers/s3/part/src/lib.rs", "pub fn run() {\n    println!(\"ran\");\n}\n"),
        ("dist/link.rs", &fs::read_to_string(workspace().join("dist/link.rs")).unwrap()),
        ("dist/start.ld", &fs::read_to_string(workspace().join("dist/start.ld")).unwrap()),
    ] {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let mut path = vec![tool("cargo-auditable", "bin"), tool("zigbuild", "bin")];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let cache = tools_dir().join("zigbuild/cache");
    succeed(
        Command::new(cargo)
            .args(["auditable", "zigbuild", "--release", "--offline", "--quiet"])
            .args(["--target", "x86_64-unknown-linux-gnu.2.17"])
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("ZIG_GLOBAL_CACHE_DIR", &cache)
            .env("CARGO_ZIGBUILD_CACHE_DIR", &cache)
            .env("CARGO_TARGET_DIR", home.join("target"))
            .env("CARGO_ENCODED_RUSTFLAGS", format!("--remap-path-prefix={}=/awsmcp", home.display()))
            .current_dir(home.join("servers/s3")),
    );
    home.join("target/x86_64-unknown-linux-gnu/release/awsmcp-s3")
}

// ---- the registry of MCP ----

#[test]
#[ignore = "installs packages from local registries"]
fn server_json_follows_the_registrys_schema_and_every_package_names_it() {
    let found =
        "import pathlib, skillsaw.schemas.mcp_registry as found; print(pathlib.Path(found.__file__).parent)";
    let schemas = succeed(Command::new(tool("package-judges", "bin/python")).args(["-c", found]));
    let schema = read_json(&Path::new(schemas.trim()).join("v2025_12_11/server.schema.json"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let server = read_json(&packed().out.join("registry/s3/server.json"));
    assert_eq!(server["$schema"], schema["$id"]);
    let errors: Vec<String> = validator.iter_errors(&server).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
    let mut long = server.clone();
    long["description"] = json!("x".repeat(101));
    assert!(!validator.is_valid(&long));

    let name = server["name"].as_str().unwrap();
    assert_eq!(npm_manifest(&packed().out, "awsmcp-s3", "registry")["mcpName"], name);
    let metadata = metadata(&wheel("awsmcp-s3"));
    assert!(metadata.contains(&format!("mcp-name: {name}")), "{metadata}");
    for (kind, identifier) in [("npm", "@awsmcp/s3"), ("pypi", "awsmcp-s3")] {
        let package =
            array(&server["packages"]).iter().find(|package| package["registryType"] == kind).unwrap();
        assert_eq!((&package["identifier"], &package["version"]), (&json!(identifier), &json!(VERSION)));
    }
}

#[test]
#[ignore = "installs packages from local registries"]
fn the_program_for_everything_names_every_server_and_is_none_itself() {
    let out = &packed().out;
    assert_eq!(files(&out.join("registry")), ["s3"]);
    let mut of_everything = files(&out.join("release"));
    of_everything.retain(|file| file.starts_with(&format!("awsmcp-{VERSION}-")));
    assert_eq!(of_everything, [format!("awsmcp-{VERSION}-linux-x64.tar.gz")]);
    assert_eq!(npm_manifest(out, "awsmcp", "everything").get("mcpName"), None);
    let readme = metadata(&wheel("awsmcp"));
    assert!(!readme.contains("mcp-name"), "{readme}");
    assert!(readme.contains("uvx awsmcp serve s3 dynamodb\n"), "{readme}");
    for id in files(&workspace().join("servers")) {
        let title = &read_json(&workspace().join(format!("servers/{id}/manifest.json")))["title"];
        let row = format!("| `{id}` | {} | `@awsmcp/{id}` | `awsmcp-{id}` |", title.as_str().unwrap());
        assert!(readme.contains(&row), "no {row} in {readme}");
    }
}

/// What a wheel says of itself.
fn metadata(wheel: &Path) -> String {
    let read = "import sys, zipfile; wheel = zipfile.ZipFile(sys.argv[1]); \
                print(wheel.read(next(name for name in wheel.namelist() if name.endswith('METADATA'))).decode())";
    succeed(Command::new("python3").args(["-c", read]).arg(wheel))
}

#[test]
#[ignore = "installs packages from local registries"]
fn the_release_workflow_has_no_faults() {
    let workflow = workspace().join(".github/workflows/release.yml");
    assert_eq!(wrong("workflow", &workflow), Vec::<String>::new());
    assert_eq!(said(&mut against_githubs_schema(&workflow)).code, 0);
    let home = Home::new("workflow");
    let broken = home.path.join("broken.yml");
    fs::write(&broken, fs::read_to_string(&workflow).unwrap().replace("runs-on:", "run-on:")).unwrap();
    assert!(!wrong("workflow", &broken).is_empty());
    assert_ne!(said(&mut against_githubs_schema(&broken)).code, 0);
}

fn against_githubs_schema(workflow: &Path) -> Command {
    let mut command = Command::new(tool("package-judges", "bin/check-jsonschema"));
    command.args(["--builtin-schema", "vendor.github-workflows"]).arg(workflow);
    command
}

// ---- the documents ----

#[test]
fn every_configuration_in_the_documents_can_be_read_and_names_a_package() {
    let servers: BTreeSet<String> = fs::read_dir(workspace().join("servers"))
        .unwrap()
        .map(|entry| format!("@awsmcp/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    let mut named = 0;
    for entry in fs::read_dir(workspace().join("docs/install")).unwrap() {
        let path = entry.unwrap().path();
        let page = fs::read_to_string(&path).unwrap();
        for block in page.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            serde_json::from_str::<Value>(block)
                .unwrap_or_else(|error| panic!("{}: {error}:\n{block}", path.display()));
        }
        for name in page.split("@awsmcp/").skip(1) {
            let id = name.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap();
            assert!(
                servers.contains(&format!("@awsmcp/{id}")),
                "{}: there is no @awsmcp/{id}",
                path.display()
            );
            named += 1;
        }
    }
    assert!(named > 10, "{named}");
}

// ---- what they share ----

/// What `cargo xtask dist` packs here.
const SERVERS: &str = "--server=s3,awsmcp";

/// What it makes of the built server.
struct Packed {
    /// The program that is in every package of the server.
    program: PathBuf,
    /// The one in every package of the program for everything: the server again, told apart by one byte at its end,
    /// since packages are what is tested here.
    everything: PathBuf,
    out: PathBuf,
}

fn packed() -> &'static Packed {
    static PACKED: OnceLock<Packed> = OnceLock::new();
    PACKED.get_or_init(|| {
        let home = scratch().join("packed");
        let (binaries, out) = (home.join("binaries"), home.join("dist"));
        fs::create_dir_all(&binaries).unwrap();
        let program = binaries.join("awsmcp-s3");
        // Without what a debugger needs, which is most of it.
        succeed(Command::new("strip").arg("-o").arg(&program).arg(binary("s3")));
        let everything = binaries.join("awsmcp");
        fs::write(&everything, [&fs::read(&program).unwrap()[..], b"\0"].concat()).unwrap();
        fs::set_permissions(&everything, PermissionsExt::from_mode(0o755)).unwrap();
        dist(&binaries, &out, &[SERVERS]);
        Packed { program, everything, out }
    })
}

fn dist(binaries: &Path, out: &Path, more: &[&str]) {
    let mut command = xtask();
    command.args(["dist", "--binaries"]).arg(binaries).arg("--out").arg(out).args(more);
    succeed(command.env("SOURCE_DATE_EPOCH", "1750000000"));
}

fn xtask() -> Command {
    let mut command = Command::new(binary("s3").with_file_name("xtask"));
    command.env("AWSMCP_TOOLS_DIR", tools_dir());
    command
}

/// Packages of every platform, of stand-ins that are no more than a program's first bytes.
fn every_platform(name: &str) -> PathBuf {
    let home = scratch().join(format!("every-{name}"));
    let out = home.join("dist");
    for platform in stand_ins(&home) {
        dist(&home.join(platform), &out, &[SERVERS, "--platform", platform]);
    }
    succeed(
        xtask()
            .args(["dist", SERVERS, "--join", "--complete", "--out"])
            .arg(&out)
            .env("SOURCE_DATE_EPOCH", "1750000000"),
    );
    out
}

fn stand_ins(home: &Path) -> [&'static str; 5] {
    // https://www.man7.org/linux/man-pages/man5/elf.5.html
    let elf = |machine: u8| {
        let mut bytes = vec![0; 64];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        (bytes[16], bytes[18], bytes[20], bytes[52]) = (2, machine, 1, 64);
        bytes
    };
    // https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h
    let macho = |cpu: u8| {
        let mut bytes = vec![0; 32];
        bytes[..4].copy_from_slice(&0xfeed_facf_u32.to_le_bytes());
        (bytes[4], bytes[7], bytes[12]) = (cpu, 1, 2);
        bytes
    };
    // https://learn.microsoft.com/windows/win32/debug/pe-format
    let mut pe = vec![0; 0x40 + 4 + 20 + 240];
    pe[..2].copy_from_slice(b"MZ");
    (pe[0x3c], pe[0x40], pe[0x41]) = (0x40, b'P', b'E');
    (pe[0x44], pe[0x45], pe[0x54]) = (0x64, 0x86, 240);
    (pe[0x58], pe[0x59]) = (0x0b, 0x02);
    pe[0x58 + 108] = 16;
    let programs = [
        ("linux-x64", "", elf(62)),
        ("linux-arm64", "", elf(183)),
        ("darwin-x64", "", macho(7)),
        ("darwin-arm64", "", macho(12)),
        ("win32-x64", ".exe", pe),
    ];
    programs.map(|(platform, ending, mut bytes)| {
        let directory = home.join(platform);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(format!("awsmcp-s3{ending}")), &bytes).unwrap();
        bytes.push(0);
        fs::write(directory.join(format!("awsmcp{ending}")), bytes).unwrap();
        platform
    })
}

/// A file of the server on the release page, by the end of its name.
fn release(ending: &str) -> PathBuf {
    packed().out.join(format!("release/awsmcp-s3-{VERSION}-{ending}"))
}

/// The wheel of a program.
fn wheel(program: &str) -> PathBuf {
    let directory = packed().out.join("pypi");
    let mut wheels = files(&directory);
    wheels.retain(|file| file.starts_with(&format!("{}-{VERSION}-", program.replace('-', "_"))));
    assert_eq!(wheels.len(), 1, "{wheels:?}");
    directory.join(&wheels[0])
}

/// A directory of this test process; those of processes that are gone are removed.
fn scratch() -> &'static Path {
    const NAME: &str = "awsmcp-packages-";
    static SCRATCH: OnceLock<PathBuf> = OnceLock::new();
    SCRATCH.get_or_init(|| {
        let above = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(above).unwrap();
        for entry in fs::read_dir(above).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.strip_prefix(NAME).is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let own = above.join(format!("{NAME}{}", std::process::id()));
        fs::create_dir_all(&own).unwrap();
        own
    })
}

/// The home of somebody who has installed nothing yet.
struct Home {
    path: PathBuf,
}

impl Home {
    fn new(name: &str) -> Home {
        let path = scratch().join(name);
        fs::create_dir(&path).unwrap();
        Home { path }
    }

    fn text(&self) -> &str {
        text(&self.path)
    }

    fn directory(&self, name: &str) -> String {
        let path = self.path.join(name);
        fs::create_dir_all(&path).unwrap();
        text(&path).to_owned()
    }

    fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    /// The environment of npm in this home, with the local registry and the local AWS.
    fn npm(&self) -> Vec<(String, String)> {
        with(
            local_env(),
            &[
                ("HOME", self.text()),
                ("npm_config_registry", &registry().url),
                ("npm_config_cache", text(&self.path.join(".npm"))),
                ("npm_config_prefix", text(&self.path.join(".prefix"))),
                ("npm_config_userconfig", text(&self.path.join(".npmrc"))),
                ("npm_config_update_notifier", "false"),
                ("npm_config_audit", "false"),
                ("npm_config_fund", "false"),
            ],
        )
    }

    fn npm_command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap()).envs(self.npm());
        command
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// An npm registry that holds our packages and asks nobody else.
struct Registry {
    url: String,
    /// It ends when its input closes: with this process.
    _child: Child,
}

/// Runs verdaccio until standard input closes.
const VERDACCIO: &str = "process.stdin.resume(); process.stdin.on('end', () => process.exit(0)); \
                         require(process.env.VERDACCIO)";

const CONFIGURATION: &str = "storage: ./storage
uplinks: {}
packages:
  '**': {access: $all, publish: $all}
max_body_size: 500mb
log: {type: stdout, format: json, level: warn}
";

fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let home = scratch().join("verdaccio");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("config.yaml"), CONFIGURATION).unwrap();
        let address = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let log = fs::File::create(home.join("log")).unwrap();
        let child = Command::new(tool("node", "bin/node"))
            .args(["-e", VERDACCIO, "verdaccio", "--config"])
            .arg(home.join("config.yaml"))
            .args(["--listen", &address])
            .env("VERDACCIO", tool("verdaccio", "node_modules/verdaccio/bin/verdaccio"))
            .env("HOME", &home)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let start = Instant::now();
        while std::net::TcpStream::connect(&address).is_err() {
            let log = fs::read_to_string(home.join("log")).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE, "the registry does not start:\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let url = format!("http://{address}/");
        for entry in fs::read_dir(packed().out.join("npm")).unwrap() {
            succeed(
                Command::new("npm")
                    .args(["publish", "--registry", &url, &format!("--//{address}/:_authToken=nobody")])
                    .arg(entry.unwrap().path())
                    .env("HOME", &home)
                    .env("npm_config_cache", home.join(".npm"))
                    .env("npm_config_userconfig", home.join(".npmrc"))
                    .current_dir(&home),
            );
        }
        Registry { url, _child: child }
    })
}

/// The server's shim, as `npm install` puts it into a project.
fn npm_installed() -> PathBuf {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    let project = INSTALLED.get_or_init(|| {
        let home = Home { path: scratch().join("npm-installed") };
        let project = home.path.join("project");
        npm_install(&home, &project, &["awsmcp"]);
        // It stays until the process ends.
        std::mem::forget(home);
        project
    });
    project.join("node_modules/.bin/awsmcp-s3")
}

fn npm_install(home: &Home, project: &Path, options: &[&str]) {
    fs::create_dir_all(project).unwrap();
    fs::write(project.join("package.json"), "{\"private\": true}").unwrap();
    succeed(home.npm_command("npm", &["install", "@awsmcp/s3"]).args(options).current_dir(project));
}

/// A `.tgz` of npm, unpacked.
fn home_of_tgz(archive: &Path, name: &str) -> Home {
    let home = Home::new(name);
    succeed(Command::new("tar").arg("-xzf").arg(archive).arg("-C").arg(&home.path));
    home
}

/// The package.json of what people name on npm.
fn npm_manifest(out: &Path, program: &str, name: &str) -> Value {
    let unpacked = home_of_tgz(&out.join(format!("npm/{program}-{VERSION}.tgz")), name);
    read_json(&unpacked.path.join("package/package.json"))
}

/// The arguments of uvx: our packages, and nobody else's.
fn uvx_args(package: &str) -> [OsString; 7] {
    [
        "--no-index".into(),
        "--find-links".into(),
        packed().out.join("pypi").into(),
        "--python".into(),
        tool("uv", "bin/python").into(),
        "--quiet".into(),
        package.into(),
    ]
}

fn uv_env(home: &Home) -> Vec<(String, String)> {
    with(local_env(), &[("HOME", home.text()), ("UV_NO_CONFIG", "1"), ("UV_PYTHON_DOWNLOADS", "never")])
}

fn local_env() -> Vec<(String, String)> {
    LocalAws::shared().env()
}

/// What a judge finds wrong with a file.
fn wrong(kind: &str, file: &Path) -> Vec<String> {
    tool("script-judges", "node_modules");
    let mut command = node(&tests("clients/read.mjs"));
    let found = succeed(command.arg(tools_dir().join("script-judges")).arg(kind).arg(file));
    let mut found: Vec<String> = serde_json::from_str(&found).unwrap();
    // What is younger than this judge; GitHub's schema knows it.
    found.retain(|fault| {
        let runner = fault.contains("label \"") && fault.contains("is unknown. available labels");
        !runner && !fault.contains("unknown permission scope \"attestations\"")
    });
    found
}

fn node(script: &Path) -> Command {
    let mut command = Command::new(tool("node", "bin/node"));
    command.arg("--no-warnings").arg(script);
    command
}

fn tests(file: &str) -> PathBuf {
    workspace().join("tests").join(file)
}

/// How a command ended.
#[derive(Debug)]
struct Said {
    code: i32,
    signal: Option<i32>,
    stdout: String,
    stderr: String,
}

fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    Said {
        code: status.code().unwrap_or(-1),
        signal: status.signal(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// What a command that must succeed prints.
#[track_caller]
fn succeed(command: &mut Command) -> String {
    let done = said(command);
    assert_eq!(done.code, 0, "{command:?}:\n{}{}", done.stdout, done.stderr);
    done.stdout
}

/// SHA-256, by a program that is not ours.
#[track_caller]
fn hash(path: &Path) -> String {
    let text = succeed(Command::new("sha256sum").arg("--").arg(path));
    // A backslash says that the name is written with escapes.
    text.trim_start_matches('\\').split_whitespace().next().unwrap().to_owned()
}

/// The names in a directory, in order.
#[track_caller]
fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[track_caller]
fn read_json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

// ---- processes ----

/// Ends a server in every way that a client does, or what is between them.
fn outlived_by_none(start: impl Fn() -> Server) {
    type Stop = fn(&mut Server);
    let stops: [(&str, Stop); 4] = [
        ("a closed input", |server| {
            server.close();
        }),
        ("Ctrl-C, which a terminal sends to all", |server| kill("INT", &format!("-{}", server.pid()))),
        ("SIGTERM to the starter", |server| server.signal("TERM")),
        ("a killed starter", |server| server.signal("KILL")),
    ];
    for (how, stop) in stops {
        let mut server = start().patience(PATIENCE);
        server.initialize();
        let tree = tree(server.pid());
        assert!(tree.iter().any(|pid| is_program(*pid)), "{how}: no program among {tree:?}");
        stop(&mut server);
        all_gone(&tree, how);
    }
}

/// A process and all that it started.
fn tree(root: u32) -> BTreeSet<u32> {
    let mut found = BTreeSet::from([root]);
    loop {
        let before = found.len();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            if parent(pid).is_some_and(|parent| found.contains(&parent)) {
                found.insert(pid);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::File::open(format!("/proc/{pid}/status")).ok()?;
    let lines = BufReader::new(status).lines().map_while(Result::ok);
    lines.filter_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok()).next()
}

fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

fn is_program(pid: u32) -> bool {
    let programs = ["awsmcp-s3", "awsmcp"].map(OsStr::new);
    executable(pid).and_then(|path| path.file_name().map(|name| programs.contains(&name))) == Some(true)
}

/// The program that runs behind whatever started it.
#[track_caller]
fn program_of(server: &Server) -> PathBuf {
    let programs: Vec<u32> = tree(server.pid()).into_iter().filter(|pid| is_program(*pid)).collect();
    assert_eq!(programs.len(), 1, "{programs:?}");
    executable(programs[0]).unwrap()
}

/// Waits until none of these runs any more.
#[track_caller]
fn all_gone(pids: &BTreeSet<u32>, how: &str) {
    let start = Instant::now();
    loop {
        let left: Vec<u32> = pids.iter().copied().filter(|pid| is_running(*pid)).collect();
        if left.is_empty() {
            return;
        }
        if start.elapsed() > Duration::from_secs(10) {
            let names: Vec<_> = left.iter().map(|pid| executable(*pid)).collect();
            for pid in left {
                kill("KILL", &pid.to_string());
            }
            panic!("{how} leaves {names:?} running");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process is there and is not a zombie.
fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

fn kill(signal: &str, whom: &str) {
    let _ = Command::new("kill").args(["-s", signal, "--", whom]).status();
}
