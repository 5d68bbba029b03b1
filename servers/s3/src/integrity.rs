//! Whether a file holds exactly an object's bytes, by whatever S3 knows of them: a checksum of the whole, checksums of
//! its parts, or an entity tag that is an MD5.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use std::{
    fs::File,
    io::{self, Read, Seek},
};

use aws_sdk_s3::{
    operation::head_object::HeadObjectOutput,
    types::{ChecksumType, ServerSideEncryption},
};
use aws_smithy_checksums::{ChecksumAlgorithm, http::HttpChecksum};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use sha2::Sha512;

use crate::names::bare;

/// How bytes are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Crc64Nvme,
    Crc32c,
    Crc32,
    Sha1,
    Sha256,
    Sha512,
    Md5,
}

/// What an object's bytes must hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) algorithm: Algorithm,
    value: Vec<u8>,
    /// How many parts were hashed apart, where it is the hash of their hashes.
    pub(crate) parts: Option<u32>,
    /// Whether only the entity tag says so, which is an MD5 on AWS and maybe elsewhere.
    pub(crate) from_etag: bool,
}

impl Expected {
    /// What S3 says of an object, the quickest check first. Nothing, where it says nothing that can be checked.
    pub(crate) fn of(head: &HeadObjectOutput) -> Option<Self> {
        let whole = head.checksum_type.as_ref() != Some(&ChecksumType::Composite);
        let stored = [
            (Algorithm::Crc64Nvme, head.checksum_crc64_nvme()),
            (Algorithm::Crc32c, head.checksum_crc32_c()),
            (Algorithm::Crc32, head.checksum_crc32()),
            (Algorithm::Sha256, head.checksum_sha256()),
            (Algorithm::Sha1, head.checksum_sha1()),
            (Algorithm::Sha512, head.checksum_sha512()),
            (Algorithm::Md5, head.checksum_md5()),
        ];
        let stored = stored.into_iter().find_map(|(algorithm, text)| Self::stored(algorithm, text?, whole));
        stored.or_else(|| {
            let encrypted = head.sse_customer_algorithm().is_some()
                || !matches!(head.server_side_encryption(), None | Some(ServerSideEncryption::Aes256));
            Self::etag(head.e_tag()?).filter(|_| !encrypted)
        })
    }

    fn stored(algorithm: Algorithm, text: &str, whole: bool) -> Option<Self> {
        let (text, parts) = match text.split_once('-') {
            Some((text, parts)) => (text, Some(parts.parse().ok()?)),
            None => (text, None),
        };
        // A hash of hashes that does not say of how many cannot be checked.
        if parts.is_none() && !whole {
            return None;
        }
        Some(Expected { algorithm, value: BASE64_STANDARD.decode(text).ok()?, parts, from_etag: false })
    }

    fn etag(etag: &str) -> Option<Self> {
        let etag = bare(etag);
        let (hex, parts) = match etag.split_once('-') {
            Some((hex, parts)) => (hex, Some(parts.parse().ok()?)),
            None => (etag, None),
        };
        if hex.len() != 32 || !hex.is_ascii() {
            return None;
        }
        let byte = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        let value = (0..32).step_by(2).map(byte).collect::<Option<Vec<u8>>>()?;
        Some(Expected { algorithm: Algorithm::Md5, value, parts, from_etag: true })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Crc64Nvme => "CRC64NVME",
            Algorithm::Crc32c => "CRC32C",
            Algorithm::Crc32 => "CRC32",
            Algorithm::Sha1 => "SHA1",
            Algorithm::Sha256 => "SHA256",
            Algorithm::Sha512 => "SHA512",
            Algorithm::Md5 => "MD5",
        }
    }

    /// Hashes what should be the object, in its parts if it has some.
    pub(crate) fn hashing(&self, layout: Layout) -> Hashing {
        let parts = self.parts.is_some().then(Vec::new);
        let mut hashing = Hashing {
            algorithm: self.algorithm,
            layout,
            current: Hash::new(self.algorithm),
            left: 0,
            at: 0,
            parts,
        };
        hashing.left = hashing.layout.size(0);
        hashing
    }

    pub(crate) fn is_met(&self, hashing: Hashing) -> bool {
        hashing.finish() == self.value
    }
}

/// How an object was cut into parts.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// Not at all.
    Whole,
    /// Into parts of this size, the last one shorter.
    Even(u64),
    /// Into parts of these sizes.
    Sizes(Vec<u64>),
}

impl Layout {
    fn size(&self, part: usize) -> u64 {
        match self {
            Layout::Whole => u64::MAX,
            Layout::Even(size) => (*size).max(1),
            Layout::Sizes(sizes) => sizes.get(part).copied().unwrap_or(u64::MAX),
        }
    }
}

/// A hash of bytes as they come.
pub(crate) struct Hashing {
    algorithm: Algorithm,
    layout: Layout,
    current: Hash,
    /// Bytes that the current part still takes.
    left: u64,
    /// Which part it is.
    at: usize,
    /// The hashes of the parts before it, where parts are hashed apart.
    parts: Option<Vec<u8>>,
}

impl Hashing {
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left == 0 {
                self.next_part();
            }
            let take = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            let (now, rest) = bytes.split_at(take);
            self.current.update(now);
            self.left -= take as u64;
            bytes = rest;
        }
    }

    /// Hashes the first `bytes` of a file, and leaves the file there.
    pub(crate) fn update_from(&mut self, mut file: &File, bytes: u64) -> io::Result<()> {
        file.rewind()?;
        let mut left = file.take(bytes);
        let mut buffer = vec![0; 1 << 18];
        loop {
            match left.read(&mut buffer)? {
                0 => return Ok(()),
                count => self.update(buffer.get(..count).unwrap_or_default()),
            }
        }
    }

    fn next_part(&mut self) {
        let done = std::mem::replace(&mut self.current, Hash::new(self.algorithm)).finish();
        self.at += 1;
        self.left = self.layout.size(self.at);
        if let Some(parts) = &mut self.parts {
            parts.extend(done);
        }
    }

    fn finish(self) -> Vec<u8> {
        let last = self.current.finish();
        match self.parts {
            None => last,
            Some(mut parts) => {
                parts.extend(last);
                let mut all = Hash::new(self.algorithm);
                all.update(&parts);
                all.finish()
            }
        }
    }
}

/// One hash under way.
pub(crate) enum Hash {
    Sdk(Box<dyn HttpChecksum>),
    Sha512(Box<Sha512>),
    Md5(Box<Md5>),
}

impl Hash {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let sdk = |algorithm: ChecksumAlgorithm| Hash::Sdk(algorithm.into_impl());
        match algorithm {
            Algorithm::Crc64Nvme => sdk(ChecksumAlgorithm::Crc64Nvme),
            Algorithm::Crc32c => sdk(ChecksumAlgorithm::Crc32c),
            Algorithm::Crc32 => sdk(ChecksumAlgorithm::Crc32),
            Algorithm::Sha1 => sdk(ChecksumAlgorithm::Sha1),
            Algorithm::Sha256 => sdk(ChecksumAlgorithm::Sha256),
            Algorithm::Sha512 => Hash::Sha512(Box::default()),
            Algorithm::Md5 => Hash::Md5(Box::default()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Hash::Sdk(hash) => hash.update(bytes),
            Hash::Sha512(hash) => hash.update(bytes),
            Hash::Md5(hash) => hash.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        match self {
            Hash::Sdk(hash) => hash.finalize().to_vec(),
            Hash::Sha512(hash) => hash.finalize().to_vec(),
            Hash::Md5(hash) => hash.finalize().to_vec(),
        }
    }

    /// As S3's headers have it.
    pub(crate) fn base64(self) -> String {
        BASE64_STANDARD.encode(self.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> aws_sdk_s3::operation::head_object::builders::HeadObjectOutputBuilder {
        HeadObjectOutput::builder()
    }

    fn met(expected: &Expected, layout: Layout, chunks: &[&[u8]]) -> bool {
        let mut hashing = expected.hashing(layout);
        chunks.iter().for_each(|chunk| hashing.update(chunk));
        expected.is_met(hashing)
    }

    #[test]
    fn a_checksum_of_the_whole_is_checked_however_the_bytes_come() {
        let expected = Expected::of(&head().checksum_crc32_c("4waSgw==").e_tag("\"x\"").build()).unwrap();
        assert_eq!(expected.name(), "CRC32C");
        assert!(met(&expected, Layout::Whole, &[b"1234", b"", b"56789"]));
        assert!(!met(&expected, Layout::Whole, &[b"123456780"]));
        // Only the order of parts counts for a checksum of the whole, not their sizes.
        assert!(met(&expected, Layout::Whole, &[b"123456789"]));
    }

    #[test]
    fn a_checksum_of_parts_needs_their_sizes() {
        let of = |bytes: &[u8]| {
            let mut hash = Hash::new(Algorithm::Sha256);
            hash.update(bytes);
            hash.finish()
        };
        let parts = [of(b"12345"), of(b"67890"), of(b"x")].concat();
        let text = format!("{}-3", BASE64_STANDARD.encode(of(&parts)));
        let object = head().checksum_sha256(text).checksum_type(ChecksumType::Composite).build();
        let expected = Expected::of(&object).unwrap();
        assert_eq!(expected.parts, Some(3));
        assert!(met(&expected, Layout::Even(5), &[b"123", b"4567890x"]));
        assert!(met(&expected, Layout::Sizes(vec![5, 5, 1]), &[b"1234567890x"]));
        assert!(!met(&expected, Layout::Even(4), &[b"1234567890x"]));
    }

    #[test]
    fn an_entity_tag_is_the_md5_of_what_is_not_encrypted_with_a_key() {
        let tag = "\"900150983cd24fb0d6963f7d28e17f72\"";
        let expected = Expected::of(&head().e_tag(tag).build()).unwrap();
        assert!(expected.from_etag && met(&expected, Layout::Whole, &[b"abc"]));
        let kms = head().e_tag(tag).server_side_encryption(ServerSideEncryption::AwsKms).build();
        assert_eq!(Expected::of(&kms), None);
        assert_eq!(Expected::of(&head().e_tag("\"opaque\"").build()), None);
        assert_eq!(Expected::of(&head().e_tag("\"ü00150983cd24fb0d6963f7d28e17f7\"").build()), None);
        assert_eq!(Expected::of(&head().e_tag("\"900150983cd24fb0d6963f7d28e17f72-x\"").build()), None);
        let parts = head().e_tag("\"900150983cd24fb0d6963f7d28e17f72-2\"").build();
        assert_eq!(Expected::of(&parts).unwrap().parts, Some(2));
    }

    #[test]
    fn what_cannot_be_checked_is_not_claimed() {
        let lone = head().checksum_crc32("AAAAAA==").checksum_type(ChecksumType::Composite).build();
        assert_eq!(Expected::of(&lone), None);
        assert_eq!(Expected::of(&head().checksum_crc32("not base64!").build()), None);
    }

    #[test]
    fn a_file_is_hashed_from_its_start() {
        use std::io::Write as _;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"123456789 and more").unwrap();
        let expected = Expected::of(&head().checksum_crc32_c("4waSgw==").build()).unwrap();
        let mut hashing = expected.hashing(Layout::Whole);
        hashing.update_from(&file, 9).unwrap();
        assert!(expected.is_met(hashing));
        assert_eq!(file.stream_position().unwrap(), 9);
    }
}
