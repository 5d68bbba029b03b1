//! AWS Signature Version 4, as far as seeding a local AWS and checking what a client signs need it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::Request;

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
    let signature = signature(&canonical, request.time, &scope, credentials);

    signed.push((
        "authorization".to_owned(),
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            credentials.access_key_id
        ),
    ));
    signed
}

/// Why a request is not signed with these credentials, for this service and region, within the last five minutes. Of its
/// headers, `host` and all of AWS's own must be signed. Not for S3, which wants paths otherwise.
pub fn verify_signature(
    request: &Request,
    credentials: &Credentials,
    service: &str,
    region: &str,
) -> Result<(), String> {
    let header = |name: &str| request.header(name).ok_or(format!("there is no header {name}"));
    let authorization =
        header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("it is not SigV4")?;
    let part = |name: &str| {
        let found = authorization.split(", ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.ok_or(format!("there is no {name}"))
    };
    let time = header("x-amz-date")?;
    let signed_at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", time)
        .and_then(|time| time.to_zoned(TimeZone::UTC))
        .map_err(|error| error.to_string())?;
    if Timestamp::now().duration_since(signed_at.timestamp()).as_secs().abs() > 300 {
        return Err(format!("it was signed at {time}"));
    }
    let scope = format!("{}/{region}/{service}/aws4_request", time.get(..8).unwrap_or_default());
    let credential = format!("{}/{scope}", credentials.access_key_id);
    if part("Credential")? != credential {
        return Err(format!("it is signed as {}, not as {credential}", part("Credential")?));
    }
    if request.header("x-amz-security-token") != credentials.session_token.as_deref() {
        return Err("its session token is another".to_owned());
    }
    let names: Vec<&str> = part("SignedHeaders")?.split(';').collect();
    let own = request.headers.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with("x-amz-"));
    if let Some(missing) = own.chain(["host"]).find(|name| !names.contains(name)) {
        return Err(format!("the header {missing} is not signed"));
    }
    let lines = names.iter().map(|name| Ok(format!("{name}:{}\n", header(name)?.trim())));
    let lines = lines.collect::<Result<String, String>>()?;
    let mut query: Vec<&str> =
        request.target.split_once('?').map_or("", |(_, query)| query).split('&').collect();
    query.sort_unstable();
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{}\n{}",
        request.method,
        encode(request.path(), "/"),
        query.join("&"),
        names.join(";"),
        hex(&Sha256::digest(&request.body))
    );
    if part("Signature")? != signature(&canonical, time, &scope, credentials) {
        return Err("the signature does not match".to_owned());
    }
    Ok(())
}

/// The signature of a canonical request.
fn signature(canonical: &str, time: &str, scope: &str, credentials: &Credentials) -> String {
    let digest = hex(&Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
    let secret = format!("AWS4{}", credentials.secret_access_key).into_bytes();
    let key = scope.split('/').fold(secret, |key, part| hmac(&key, part.as_bytes()));
    hex(&hmac(&key, to_sign.as_bytes()))
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
    fn a_signature_is_of_one_request_and_one_key() {
        let time = Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let unsigned = Unsigned {
            service: "lambda",
            region: "eu-west-1",
            method: "POST",
            host: "f.example",
            path: "/mcp",
            query: "a=1&b=2",
            body: b"{}",
            time: &time,
        };
        let keys = |secret: &str| Credentials {
            access_key_id: "AKIA".to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: Some("token".to_owned()),
        };
        let request = Request {
            method: "POST".to_owned(),
            target: "/mcp?b=2&a=1".to_owned(),
            headers: headers(&unsigned, &keys("right")),
            body: b"{}".to_vec(),
            ..Request::default()
        };
        let verified = |request: &Request| verify_signature(request, &keys("right"), "lambda", "eu-west-1");
        assert_eq!(verified(&request), Ok(()));
        let wrong = |why: &str, change: &dyn Fn(&mut Request)| {
            let mut changed = request.clone();
            change(&mut changed);
            let refused = verified(&changed).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        };
        wrong("does not match", &|request| request.body.push(b' '));
        wrong("does not match", &|request| request.target.push('3'));
        wrong("x-amz-more is not signed", &|request| {
            request.headers.push(("x-amz-more".to_owned(), String::new()));
        });
        wrong("there is no header authorization", &|request| request.headers.clear());
        wrong("it was signed at 2020", &|request| {
            request.headers.retain(|(name, _)| name != "x-amz-date");
            request.headers.push(("x-amz-date".to_owned(), "20200101T000000Z".to_owned()));
        });
        assert!(verify_signature(&request, &keys("wrong"), "lambda", "eu-west-1").is_err());
        assert!(verify_signature(&request, &keys("right"), "lambda", "us-east-1").is_err());
    }

    #[test]
    fn encoding_keeps_what_is_unreserved() {
        assert_eq!(encode("/b/a b+ü~.txt", "/"), "/b/a%20b%2B%C3%BC~.txt");
    }
}
