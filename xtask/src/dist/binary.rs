//! What a binary is: for which platform, how old a system may be, and what was built into it.

use anyhow::{Context, Result, bail};
use data_encoding::HEXLOWER;
use object::read::elf::{ElfFile64, FileHeader};
use object::{Architecture, BinaryFormat, Object};
use sha2::{Digest, Sha256};

use super::names::Platform;

/// SHA-256 in lowercase hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Fails where the binary does not run on the platform.
pub(super) fn fits(bytes: &[u8], platform: &Platform) -> Result<()> {
    let file = object::File::parse(bytes).context("not a program")?;
    let wanted = match platform.os() {
        "darwin" => BinaryFormat::MachO,
        "win32" => BinaryFormat::Pe,
        _ => BinaryFormat::Elf,
    };
    let cpu = match platform.cpu() {
        "arm64" => Architecture::Aarch64,
        _ => Architecture::X86_64,
    };
    if (file.format(), file.architecture()) != (wanted, cpu) {
        bail!("it is {:?} for {:?}, not for {}", file.format(), file.architecture(), platform.id);
    }
    Ok(())
}

/// Fails where the binary needs a newer glibc than the platform promises.
pub(super) fn is_old_enough(bytes: &[u8], platform: &Platform) -> Result<()> {
    let Some(floor) = &platform.glibc else { return Ok(()) };
    let most = version(floor).with_context(|| format!("no version of glibc: {floor:?}"))?;
    let newer: Vec<String> = needed(bytes)?
        .into_iter()
        .filter(|name| {
            let number = name.strip_prefix("GLIBC_");
            // GLIBC_PRIVATE promises nothing to anybody.
            number.is_some_and(|number| version(number).is_none_or(|number| number > most))
        })
        .collect();
    if !newer.is_empty() {
        bail!("it needs {}, and {} promises glibc {floor}", newer.join(", "), platform.id);
    }
    Ok(())
}

/// Whether `cargo auditable` wrote the list of its crates into the binary.
pub(super) fn has_audit_data(bytes: &[u8]) -> Result<bool> {
    let file = object::File::parse(bytes).context("not a program")?;
    Ok([".dep-v0", "__dep-v0"].iter().any(|name| file.section_by_name(name).is_some()))
}

/// The versions of symbols that an ELF binary needs from libraries, such as `GLIBC_2.17`.
fn needed(bytes: &[u8]) -> Result<Vec<String>> {
    let file = ElfFile64::<object::Endianness>::parse(bytes).context("not an ELF program")?;
    let (header, endian) = (file.elf_header(), file.endian());
    let sections = header.sections(endian, bytes)?;
    let Some((mut needs, link)) = sections.gnu_verneed(endian, bytes)? else { return Ok(Vec::new()) };
    let strings = sections.strings(endian, bytes, link)?;
    let mut found = Vec::new();
    while let Some((_, mut names)) = needs.next()? {
        while let Some(name) = names.next()? {
            found.push(String::from_utf8_lossy(name.name(endian, strings)?).into_owned());
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// `2.17` as numbers that compare.
fn version(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(id: &str, glibc: Option<&str>) -> Platform {
        Platform {
            id: id.to_owned(),
            target: String::new(),
            glibc: glibc.map(str::to_owned),
            wheel: String::new(),
            lambda: None,
        }
    }

    #[test]
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    fn a_program_is_held_to_its_platform_and_its_glibc() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        fits(&own, &platform("linux-x64", None)).unwrap();
        for other in ["linux-arm64", "darwin-x64", "win32-x64"] {
            let error = fits(&own, &platform(other, None)).unwrap_err().to_string();
            assert!(error.contains(other), "{error}");
        }
        assert!(fits(b"#!/bin/sh\n", &platform("linux-x64", None)).is_err());
        let needs = needed(&own).unwrap();
        assert!(needs.iter().any(|name| name.starts_with("GLIBC_2.")), "{needs:?}");
        is_old_enough(&own, &platform("linux-x64", Some("99.0"))).unwrap();
        is_old_enough(&own, &platform("linux-x64", None)).unwrap();
        let error = is_old_enough(&own, &platform("linux-x64", Some("2.2"))).unwrap_err().to_string();
        assert!(error.contains("GLIBC_2.") && error.contains("glibc 2.2"), "{error}");
        assert!(!has_audit_data(&own).unwrap());
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("2.17") > version("2.2.5"));
        assert!(version("2.17") < version("2.34"));
        assert_eq!(version("PRIVATE"), None);
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
