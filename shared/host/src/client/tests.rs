use std::{
    fs::{self, Permissions},
    path::Path,
};

use super::{file::pretty, *};

const PROGRAM: &str = "/opt/awsmcp/bin/awsmcp";

fn args(words: &[&str]) -> ConfigArgs {
    let line = ["config"].iter().chain(words);
    let matches = command(&["s3", "dynamodb", "ec2"]).try_get_matches_from(line).unwrap();
    ConfigArgs::from_arg_matches(&matches).unwrap()
}

fn machine(system: System) -> Machine {
    Machine {
        system,
        home: Some("/home/me".into()),
        config: None,
        local: None,
        directory: "/project".into(),
        program: Some(PROGRAM.into()),
    }
}

/// What goes to stdout and the summary.
fn printed_on(machine: &Machine, words: &[&str]) -> (String, String) {
    let mut out = Vec::new();
    let summary = print_or_write(&args(words), machine, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), summary)
}

fn printed(words: &[&str]) -> Value {
    serde_json::from_str(&printed_on(&machine(System::Linux), words).0).unwrap()
}

fn refused_on(machine: &Machine, words: &[&str]) -> String {
    let mut out = Vec::new();
    let error = print_or_write(&args(words), machine, &mut out).unwrap_err();
    assert_eq!(out, b"");
    format!("{error:#}")
}

/// A directory with a client's file.
struct Place(tempfile::TempDir);

impl Place {
    fn new(content: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.path("mcp.json"), content).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn try_write(&self, client: &str, more: &[&str]) -> Result<String> {
        let file = self.path("mcp.json");
        let words = [&[client, "s3", "--write", "--file", file.to_str().unwrap()], more].concat();
        let mut out = Vec::new();
        let summary = print_or_write(&args(&words), &machine(System::Linux), &mut out);
        assert_eq!(out, b"");
        summary
    }

    fn write(&self, more: &[&str]) -> String {
        self.try_write("cursor", more).unwrap()
    }
}

#[test]
fn every_client_gets_its_shape() {
    for client in ["claude-code", "claude-desktop", "cursor", "kiro"] {
        let entry = json!({ "command": PROGRAM, "args": ["s3", "--profile", "dev"] });
        let expected = json!({ "mcpServers": { "aws-s3": entry } });
        assert_eq!(printed(&[client, "s3", "--", "--profile", "dev"]), expected, "{client}");
    }
    let entry = json!({ "type": "stdio", "command": PROGRAM, "args": ["s3"] });
    assert_eq!(printed(&["vscode", "s3"]), json!({ "servers": { "aws-s3": entry } }));
}

#[test]
fn servers_are_entries_or_together_one() {
    let apart = printed(&["cursor", "dynamodb", "s3", "--", "--region", "eu-central-1"]);
    let servers = apart["mcpServers"].as_object().unwrap();
    assert_eq!(servers.keys().collect::<Vec<_>>(), ["aws-dynamodb", "aws-s3"]);
    assert_eq!(servers["aws-s3"]["args"], json!(["s3", "--region", "eu-central-1"]));
    let one = printed(&["cursor", "dynamodb", "s3", "--together", "--command", "uvx awsmcp", "--", "-x"]);
    let entry = json!({ "command": "uvx", "args": ["awsmcp", "serve", "dynamodb", "s3", "-x"] });
    assert_eq!(one, json!({ "mcpServers": { "aws": entry } }));
}

#[test]
fn every_client_has_its_file() {
    let mac = "/home/me/Library/Application Support";
    for (client, linux, on_mac, windows) in [
        (
            "claude-code",
            "/project/.mcp.json".to_owned(),
            "/project/.mcp.json".to_owned(),
            "/project/.mcp.json",
        ),
        (
            "claude-desktop",
            "/home/me/.config/Claude/claude_desktop_config.json".to_owned(),
            format!("{mac}/Claude/claude_desktop_config.json"),
            "/home/me/AppData/Roaming/Claude/claude_desktop_config.json",
        ),
        (
            "cursor",
            "/home/me/.cursor/mcp.json".to_owned(),
            "/home/me/.cursor/mcp.json".to_owned(),
            "/home/me/.cursor/mcp.json",
        ),
        (
            "vscode",
            "/home/me/.config/Code/User/mcp.json".to_owned(),
            format!("{mac}/Code/User/mcp.json"),
            "/home/me/AppData/Roaming/Code/User/mcp.json",
        ),
        (
            "kiro",
            "/home/me/.kiro/settings/mcp.json".to_owned(),
            "/home/me/.kiro/settings/mcp.json".to_owned(),
            "/home/me/.kiro/settings/mcp.json",
        ),
    ] {
        let file = |system| args(&[client, "s3"]).client.file(&machine(system)).unwrap();
        assert_eq!(file(System::Linux), Path::new(&linux));
        assert_eq!(file(System::Mac), Path::new(&on_mac));
        assert_eq!(file(System::Windows), Path::new(windows));
    }
    let moved = Machine { config: Some("/elsewhere".into()), ..machine(System::Linux) };
    assert_eq!(Client::Vscode.file(&moved).unwrap(), Path::new("/elsewhere/Code/User/mcp.json"));
    let homeless = Machine { home: None, ..machine(System::Linux) };
    assert!(refused_on(&homeless, &["cursor", "s3"]).contains("--file /home/me/.cursor/mcp.json"));
    assert!(printed_on(&homeless, &["cursor", "s3", "--file", "x.json"]).1.contains("x.json"));
}

#[test]
fn a_packaged_claude_desktop_has_its_own_directory() {
    let local = tempfile::tempdir().unwrap();
    let windows = Machine { local: Some(local.path().to_owned()), ..machine(System::Windows) };
    let usual = Client::ClaudeDesktop.file(&windows).unwrap();
    assert_eq!(usual, Path::new("/home/me/AppData/Roaming/Claude/claude_desktop_config.json"));
    let own = local.path().join("Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude");
    fs::create_dir_all(&own).unwrap();
    fs::create_dir_all(local.path().join("Packages/Other_1/LocalCache/Roaming/Claude")).unwrap();
    assert_eq!(Client::ClaudeDesktop.file(&windows).unwrap(), own.join("claude_desktop_config.json"));
}

#[test]
fn the_file_is_told_and_for_claude_code_the_command_too() {
    let (out, summary) = printed_on(&machine(System::Linux), &["kiro", "s3"]);
    assert!(out.starts_with("{\n  \"mcpServers\"") && out.ends_with("}\n"), "{out}");
    assert!(summary.contains("/home/me/.kiro/settings/mcp.json") && !summary.contains("claude"), "{summary}");
    let words = ["claude-code", "s3", "ec2", "--", "--allow-arn", "arn:aws:s3:::dev-*"];
    let summary = printed_on(&machine(System::Linux), &words).1;
    let add = "claude mcp add --scope user";
    assert!(
        summary.contains(&format!("{add} aws-s3 -- {PROGRAM} s3 --allow-arn 'arn:aws:s3:::dev-*'")),
        "{summary}"
    );
    assert!(summary.contains(&format!("{add} aws-ec2 -- {PROGRAM} ec2 ")), "{summary}");
}

#[test]
fn a_program_in_a_cache_is_started_by_what_fills_the_cache() {
    let npx = &["npx", "-y", "awsmcp"][..];
    let uvx = &["uvx", "awsmcp"][..];
    for (path, start) in [
        ("/home/me/.npm/_npx/0d3/node_modules/@awsmcp/linux-x64/bin/awsmcp", npx),
        (r"C:\Users\me\AppData\Local\npm-cache\_npx\0d3\node_modules\awsmcp\awsmcp.exe", npx),
        ("/home/me/.cache/uv/archive-v0/5mledyZ/bin/awsmcp", uvx),
        ("/Users/me/.cache/uv/environments-v2/409d/2351/bin/awsmcp", uvx),
        (r"C:\Users\me\AppData\Local\uv\cache\archive-v0\x\Scripts\awsmcp.exe", uvx),
        (
            "/home/linuxbrew/.linuxbrew/Cellar/awsmcp/0.1.0/bin/awsmcp",
            &["/home/linuxbrew/.linuxbrew/bin/awsmcp"],
        ),
        (
            "/home/me/.local/share/uv/tools/awsmcp/bin/awsmcp",
            &["/home/me/.local/share/uv/tools/awsmcp/bin/awsmcp"],
        ),
        ("/srv/archive-vault/my_npx/awsmcp", &["/srv/archive-vault/my_npx/awsmcp"]),
    ] {
        let machine = Machine { program: Some(path.into()), ..machine(System::Linux) };
        assert_eq!(args(&["cursor", "s3"]).start(&machine).unwrap(), start, "{path}");
    }
    let unknown = Machine { program: None, ..machine(System::Linux) };
    assert!(refused_on(&unknown, &["cursor", "s3"]).contains("--command \"npx -y awsmcp\""));
}

#[test]
fn a_command_is_split_as_a_shell_does() {
    let start = |system, words: &[&str]| args(words).start(&machine(system)).unwrap();
    let quoted = ["cursor", "s3", "--command", "'/my tools/awsmcp' --x"];
    assert_eq!(start(System::Linux, &quoted), ["/my tools/awsmcp", "--x"]);
    for command in [r"C:\tools\awsmcp.exe", r#""C:\tools\awsmcp.exe""#] {
        assert_eq!(start(System::Windows, &["cursor", "s3", "--command", command]), [r"C:\tools\awsmcp.exe"]);
    }
    let npx = |client| start(System::Windows, &[client, "s3", "--command", "npx -y awsmcp"]);
    assert_eq!(npx("claude-code"), ["cmd", "/c", "npx", "-y", "awsmcp"]);
    assert_eq!(npx("claude-desktop"), ["npx", "-y", "awsmcp"]);
    for wrong in ["", " ", "'npx", "''"] {
        let error = refused_on(&machine(System::Linux), &["cursor", "s3", "--command", wrong]);
        assert!(error.contains("a good one looks like --command \"npx -y awsmcp\""), "{error}");
    }
}

#[test]
fn the_command_line_is_checked() {
    let twice = refused_on(&machine(System::Linux), &["cursor", "s3", "ec2", "s3"]);
    assert_eq!(twice, "s3 is named twice; name each server once, such as: s3 dynamodb");
    command(&["s3"]).debug_assert();
    for wrong in
        [&["config"][..], &["config", "cursor"], &["config", "cursor", "s4"], &["config", "emacs", "s3"]]
    {
        assert!(command(&["s3"]).try_get_matches_from(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn merging_keeps_what_is_there() {
    let before = r#"{
    "zeta": [
        1.0,
        12345678901234567890123
    ],
    "mcpServers": {
        "other": {
            "command": "o",
            "env": {
                "KEY": "ü\u0001"
            }
        },
        "aws-s3": {
            "command": "old"
        },
        "last": {
            "url": "https://x.example"
        }
    },
    "alpha": null
}"#;
    let place = Place::new(before);
    let summary = place.write(&["--", "--profile", "dev"]);
    let after = before.replace(
        r#""command": "old""#,
        r#""command": "/opt/awsmcp/bin/awsmcp",
            "args": [
                "s3",
                "--profile",
                "dev"
            ]"#,
    );
    assert_eq!(place.read("mcp.json"), after);
    assert_eq!(place.read("mcp.json.bak"), before);
    assert_eq!(place.names(), ["mcp.json", "mcp.json.bak"]);
    let (file, backup) = (place.path("mcp.json"), place.path("mcp.json.bak"));
    let expected = format!(
        "aws-s3 written to {}, in place of another aws-s3; as it was: {}. {}",
        file.display(),
        backup.display(),
        Client::Cursor.next()
    );
    assert_eq!(summary, expected);
}

#[test]
fn the_layout_is_kept() {
    let entry = |indent: &str, end: &str| {
        let entry = json!({ "mcpServers": { "aws-s3": { "command": PROGRAM, "args": ["s3"] } } });
        pretty(&entry, indent).unwrap() + end
    };
    for (before, after) in [
        ("", entry("  ", "\n")),
        (" \n\n", entry("  ", "\n")),
        ("{}", entry("  ", "")),
        ("{}\n", entry("  ", "\n")),
        ("{\n\t\"mcpServers\": {}\n}\n\n", entry("\t", "\n\n")),
        ("{\n    \"mcpServers\": {}\n}", entry("    ", "")),
        ("{\r\n  \"mcpServers\": {}\r\n}\r\n", entry("  ", "\n").replace('\n', "\r\n")),
        ("\u{feff}{}\n", format!("\u{feff}{}", entry("  ", "\n"))),
        ("\u{feff}", format!("\u{feff}{}", entry("  ", "\n"))),
    ] {
        let place = Place::new(before);
        place.write(&[]);
        assert_eq!(place.read("mcp.json"), after, "{before:?}");
        assert_eq!(place.read("mcp.json.bak"), before);
    }
}

#[test]
fn without_a_change_nothing_is_written() {
    let place = Place::new(
        "{\"mcpServers\":{\"aws-s3\":{\"args\":[\"s3\"],\"command\":\"/opt/awsmcp/bin/awsmcp\"}}}",
    );
    let before = place.read("mcp.json");
    assert!(place.write(&[]).contains("has aws-s3 already; nothing was written"));
    assert_eq!((place.read("mcp.json"), place.names()), (before, vec!["mcp.json".to_owned()]));
}

#[test]
fn no_backup_is_overwritten() {
    let place = Place::new("{}");
    for profile in ["a", "b", "c"] {
        place.write(&["--", "--profile", profile]);
    }
    assert_eq!(place.names(), ["mcp.json", "mcp.json.bak", "mcp.json.bak2", "mcp.json.bak3"]);
    assert_eq!(place.read("mcp.json.bak"), "{}");
    assert!(place.read("mcp.json.bak2").contains("\"a\""));
    assert!(place.read("mcp.json.bak3").contains("\"b\""));
    assert!(place.read("mcp.json").contains("\"c\""));
}

#[test]
fn a_missing_file_is_made_with_its_directories() {
    let home = tempfile::tempdir().unwrap();
    let machine = Machine { home: Some(home.path().to_owned()), ..machine(System::Linux) };
    let summary = print_or_write(&args(&["kiro", "s3", "--write"]), &machine, &mut Vec::new()).unwrap();
    let file = home.path().join(".kiro/settings/mcp.json");
    assert_eq!(summary, format!("aws-s3 written to {}. {}", file.display(), Client::Kiro.next()));
    assert_eq!(fs::read_to_string(&file).unwrap(), printed_on(&machine, &["kiro", "s3"]).0);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_would_be_lost_is_refused() {
    for (before, why) in [
        ("{\n  // mine\n  \"servers\": {}\n}", "not plain JSON, such as with comments"),
        ("{\"servers\": {},}", "line 1 column"),
        ("{\"servers\": {}} {}", "not plain JSON"),
        ("[]", "it is no JSON object; a good one looks like {\"servers\": {}}"),
        ("{\"servers\": []}", "its `servers` is no object; a good one looks like {\"servers\": {}}"),
        ("{\"servers\": null}", "its `servers` is no object"),
    ] {
        let place = Place::new(before);
        let error = format!("{:#}", place.try_write("vscode", &[]).unwrap_err());
        let file = place.path("mcp.json");
        assert!(error.starts_with(&format!("nothing was written to {}; without --write", file.display())));
        assert!(error.contains(why), "{error}");
        assert_eq!((place.read("mcp.json").as_str(), place.names()), (before, vec!["mcp.json".to_owned()]));
    }
    let place = Place::new("");
    let utf_16 = b"\xff\xfe{\0}\0";
    fs::write(place.path("mcp.json"), utf_16).unwrap();
    assert!(format!("{:#}", place.try_write("cursor", &[]).unwrap_err()).contains("not UTF-8"));
    assert_eq!(fs::read(place.path("mcp.json")).unwrap(), utf_16);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn permissions_are_kept_and_the_backup_has_them() {
        for kept in [0o600, 0o640, 0o664] {
            let place = Place::new("{}");
            fs::set_permissions(place.path("mcp.json"), Permissions::from_mode(kept)).unwrap();
            place.write(&[]);
            assert_eq!((mode(&place.path("mcp.json")), mode(&place.path("mcp.json.bak"))), (kept, kept));
        }
        let place = Place::new("{}");
        fs::set_permissions(place.path("mcp.json"), Permissions::from_mode(0o444)).unwrap();
        assert!(format!("{:#}", place.try_write("cursor", &[]).unwrap_err()).contains("read-only"));
        assert_eq!((place.read("mcp.json").as_str(), place.names()), ("{}", vec!["mcp.json".to_owned()]));
    }

    #[test]
    fn a_new_file_has_the_permissions_of_any_new_file() {
        let place = Place::new("{}");
        let any = mode(&place.path("mcp.json"));
        fs::remove_file(place.path("mcp.json")).unwrap();
        place.write(&[]);
        assert_eq!((mode(&place.path("mcp.json")), place.names()), (any, vec!["mcp.json".to_owned()]));
    }

    #[test]
    fn a_link_is_followed() {
        let place = Place::new("{}");
        fs::create_dir(place.path("dotfiles")).unwrap();
        fs::rename(place.path("mcp.json"), place.path("dotfiles/real.json")).unwrap();
        symlink("real.json", place.path("dotfiles/link.json")).unwrap();
        symlink("dotfiles/link.json", place.path("mcp.json")).unwrap();
        place.write(&[]);
        assert_eq!(fs::read_link(place.path("mcp.json")).unwrap(), Path::new("dotfiles/link.json"));
        assert!(place.read("dotfiles/real.json").contains("aws-s3"));
        assert_eq!(place.read("dotfiles/real.json.bak"), "{}");
        assert_eq!(place.names(), ["dotfiles", "mcp.json"]);
    }

    #[test]
    fn a_link_to_nothing_is_filled_and_a_circle_refused() {
        let place = Place::new("{}");
        fs::remove_file(place.path("mcp.json")).unwrap();
        symlink("later/real.json", place.path("mcp.json")).unwrap();
        place.write(&[]);
        assert!(place.read("later/real.json").contains("aws-s3"));
        assert_eq!(place.names(), ["later", "mcp.json"]);
        fs::remove_file(place.path("mcp.json")).unwrap();
        symlink("mcp.json", place.path("mcp.json")).unwrap();
        assert!(format!("{:#}", place.try_write("cursor", &[]).unwrap_err()).contains("it cannot be read"));
    }
}
