//! AWS Signature Version 4, as far as seeding a local AWS needs it.

use sha2::{Digest, Sha256};

/// A pair of keys, and the session token of temporary ones.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
}

/// What is signed. The path and the query are already percent-encoded.
pub(crate) struct Unsigned<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    /// As `20260728T120000Z`.
    pub(crate) time: &'a str,
}

/// The headers that sign the request. Only these and `host` are signed.
pub(crate) fn headers(request: &Unsigned<'_>, credentials: &Credentials) -> Vec<(String, String)> {
    let payload = hex(&Sha256::digest(request.body));
    let mut signed = vec![
        ("host".to_owned(), request.host.to_owned()),
        ("x-amz-content-sha256".to_owned(), payload.clone()),
        ("x-amz-date".to_owned(), request.time.to_owned()),
    ];
    if let Some(token) = &credentials.session_token {
        signed.push(("x-amz-security-token".to_owned(), token.clone()));
    }
    let names = signed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical =
        format!("{}\n{}\n{}\n{lines}\n{names}\n{payload}", request.method, request.path, request.query);

    let day = request.time.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/{}/aws4_request", request.region, request.service);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        request.time,
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let secret = format!("AWS4{}", credentials.secret_access_key);
    let key = [day, request.region, request.service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac(&key, part.as_bytes()));
    let signature = hex(&hmac(&key, to_sign.as_bytes()));

    signed.push((
        "authorization".to_owned(),
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            credentials.access_key_id
        ),
    ));
    signed
}

/// Percent-encodes as SigV4 wants it; `keep` stays as it is.
pub(crate) fn encode(text: &str, keep: &str) -> String {
    text.bytes()
        .map(|byte| {
            let letter = char::from(byte);
            if byte.is_ascii_alphanumeric() || "-._~".contains(letter) || keep.contains(letter) {
                letter.to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// RFC 2104 with SHA-256.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > 64 { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(64, 0);
    let pad = |with: u8| block.iter().map(|byte| byte ^ with).collect::<Vec<_>>();
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_the_standard_one() {
        assert_eq!(
            hex(&hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn encoding_keeps_what_is_unreserved() {
        assert_eq!(encode("/b/a b+ü~.txt", "/"), "/b/a%20b%2B%C3%BC~.txt");
    }
}
