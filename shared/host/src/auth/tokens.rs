//! Bearer tokens with names, of which only hashes are kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, anyhow, bail};
use awsmcp_mcp::{Principal, Risk, scope};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Scopes, named};

/// The tokens that callers may bear, from the command line and from a file that is read again when it changes.
#[derive(Debug)]
pub(crate) struct Tokens {
    fixed: Vec<KnownToken>,
    file: Option<TokenFile>,
}

/// A token as it is kept: its name, its hash, and what its bearer may do.
#[derive(Clone, Debug)]
struct KnownToken {
    hash: [u8; 32],
    principal: Principal,
}

#[derive(Debug)]
struct TokenFile {
    path: PathBuf,
    read: Mutex<FileState>,
}

#[derive(Debug)]
struct FileState {
    looked: Instant,
    stamp: Option<Stamp>,
    tokens: Vec<KnownToken>,
}

/// What tells that a file has changed.
type Stamp = (SystemTime, u64);

/// How long a change of the file may go unseen.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Tokens {
    /// Reads the lines of the command line and of the file; `None` where there are neither.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is none.
    pub(crate) fn read(path: Option<&Path>, lines: &[String]) -> Result<Option<Tokens>> {
        if path.is_none() && lines.is_empty() {
            return Ok(None);
        }
        let fixed =
            lines.iter().map(|line| parse_line(line)).collect::<Result<Vec<_>>>().context("--tokens")?;
        let file = path
            .map(|path| {
                let (stamp, tokens) =
                    load(path).with_context(|| format!("--token-file {}", path.display()))?;
                let read = Mutex::new(FileState { looked: Instant::now(), stamp: Some(stamp), tokens });
                anyhow::Ok(TokenFile { path: path.to_owned(), read })
            })
            .transpose()?;
        Ok(Some(Tokens { fixed, file }))
    }

    /// Whose token this is.
    pub(crate) fn caller(&self, token: &str) -> Option<Principal> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let in_file = self.file.as_ref().and_then(|file| file.caller(&hash));
        in_file.or_else(|| find(&self.fixed, &hash))
    }
}

impl TokenFile {
    fn caller(&self, hash: &[u8; 32]) -> Option<Principal> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.looked.elapsed() >= LOOK_EVERY {
            read.looked = Instant::now();
            let now = stamp(&self.path).ok();
            if now.is_none() || now != read.stamp {
                (read.stamp, read.tokens) = match load(&self.path) {
                    Ok((stamp, tokens)) => {
                        tracing::info!(tokens = tokens.len(), "read the token file again");
                        (Some(stamp), tokens)
                    }
                    // A token may have been withdrawn: rather let nobody in than somebody who may not.
                    Err(error) => {
                        tracing::error!(
                            "the token file cannot be read, so its tokens count no more: {error:#}"
                        );
                        (None, Vec::new())
                    }
                };
            }
        }
        find(&read.tokens, hash)
    }
}

/// Compares with every token, each in constant time, so that the time tells nothing.
fn find(tokens: &[KnownToken], hash: &[u8; 32]) -> Option<Principal> {
    let mut found = None;
    for known in tokens {
        if bool::from(known.hash.ct_eq(hash)) {
            found = Some(&known.principal);
        }
    }
    found.cloned()
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let about = fs::metadata(path)?;
    Ok((about.modified()?, about.len()))
}

fn load(path: &Path) -> Result<(Stamp, Vec<KnownToken>)> {
    // Before the text: a change in between is then seen by the next look.
    let stamp = stamp(path)?;
    let text = fs::read_to_string(path)?;
    let lines = text.lines().map(str::trim).enumerate();
    let tokens = lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| parse_line(line).with_context(|| format!("line {}", at + 1)))
        .collect::<Result<_>>()?;
    Ok((stamp, tokens))
}

const GOOD: &str = "a good one is `alice sha256:<64 hexadecimal digits>` or, with fewer risks, \
                    `alice sha256:<64 hexadecimal digits> awsmcp:read`";

/// Why the beginning of a name may be another's.
const RESERVED: &str = "callers of OAuth have names that begin with sub= and client_id=";

/// Reads `NAME sha256:HEX [SCOPE …]`. What is wrong is said without the line: it may hold a token in the clear.
fn parse_line(line: &str) -> Result<KnownToken> {
    let mut words = line.split_whitespace();
    let (Some(name), Some(hash)) = (words.next(), words.next()) else { bail!("no name and hash: {GOOD}") };
    let digits = hash.strip_prefix("sha256:").filter(|digits| digits.len() == 64);
    let hash = digits.and_then(bytes).ok_or_else(|| anyhow!("the hash of {name:?} is none: {GOOD}"))?;
    let scopes: Vec<&str> = words.collect();
    let allow = Scopes::default().risks(scopes.iter().copied());
    if allow.len() != scopes.len() {
        let all = Risk::ALL.map(scope).join(", ");
        bail!("a scope of {name:?} is none, or stands twice; the scopes are {all}");
    }
    let principal = named(name).ok_or_else(|| anyhow!("{name:?} is no name for a token: {RESERVED}"))?;
    Ok(KnownToken { hash, principal: if scopes.is_empty() { principal } else { principal.only(allow) } })
}

fn bytes(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// A new token, and the line that lets its bearer in.
///
/// # Errors
/// When the name cannot stand in a line, or the system gives no random numbers.
pub(crate) fn mint(name: &str, scopes: &[Risk]) -> Result<(String, String)> {
    if name.is_empty() || name.starts_with('#') || name.chars().any(|c| c.is_whitespace() || c == ',') {
        bail!("{name:?} is no name for a token; a good one is alice or build-server");
    }
    if named(name).is_none() {
        bail!("{name:?} is no name for a token: {RESERVED}");
    }
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| anyhow!("the system gives no random numbers: {error}"))?;
    let token = format!("awsmcp_{}", BASE64_URL_SAFE_NO_PAD.encode(random));
    let hash: String = Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let scopes: String = scopes.iter().map(|risk| format!(" {}", scope(*risk))).collect();
    Ok((token, format!("{name} sha256:{hash}{scopes}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_token_opens_with_its_line_and_nothing_else_does() {
        let (token, line) = mint("alice", &[Risk::Read, Risk::Write]).unwrap();
        assert!(!line.contains(&token));
        let tokens = Tokens::read(None, &[line]).unwrap().unwrap();
        let alice = tokens.caller(&token).unwrap();
        assert_eq!(alice, Principal::new("alice").only([Risk::Read, Risk::Write]));
        assert_eq!(tokens.caller(&format!("{token}x")), None);
        assert_eq!(tokens.caller(""), None);
        assert!(mint("a b", &[]).is_err() && mint("", &[]).is_err());
        // It would be the name of a caller whom an issuer names.
        let (_, line) = mint("x", &[]).unwrap();
        for name in ["sub=alice", "client_id=alice"] {
            let error = mint(name, &[]).unwrap_err().to_string();
            assert!(error.contains("callers of OAuth"), "{error}");
            let error = format!("{:#}", Tokens::read(None, &[line.replacen('x', name, 1)]).unwrap_err());
            assert!(error.contains("callers of OAuth"), "{error}");
        }
    }

    #[test]
    fn a_wrong_line_is_refused_without_being_shown() {
        for line in ["secret-token", "alice secret-token", "alice sha256:abc", "alice md5:00"] {
            let error = format!("{:#}", Tokens::read(None, &[line.to_owned()]).unwrap_err());
            assert!(error.contains("a good one is") && !error.contains("secret-token"), "{error}");
        }
        let (_, line) = mint("alice", &[]).unwrap();
        assert!(Tokens::read(None, &[format!("{line} awsmcp:everything")]).is_err());
    }

    #[test]
    fn the_file_is_read_again_when_it_changes_and_counts_no_more_when_it_is_broken() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens");
        let (old, old_line) = mint("old", &[]).unwrap();
        let (new, new_line) = mint("new", &[]).unwrap();
        fs::write(&path, format!("# team\n\n{old_line}\n")).unwrap();
        let tokens = Tokens::read(Some(&path), &[]).unwrap().unwrap();
        assert_eq!(tokens.caller(&old).unwrap().name, "old");
        let later = |text: &str| {
            fs::write(&path, text).unwrap();
            std::thread::sleep(LOOK_EVERY + Duration::from_millis(50));
        };
        later(&format!("{new_line}\n"));
        assert_eq!((tokens.caller(&old), tokens.caller(&new).unwrap().name.as_str()), (None, "new"));
        later("not a line of tokens");
        assert_eq!(tokens.caller(&new), None);
        later(&format!("{new_line}\n{old_line}"));
        assert!(tokens.caller(&old).is_some());
        fs::remove_file(&path).unwrap();
        std::thread::sleep(LOOK_EVERY + Duration::from_millis(50));
        assert_eq!(tokens.caller(&old), None);
        assert!(Tokens::read(Some(&path), &[]).is_err());
    }
}
