//! The server's certificate.

use std::{fmt, path::Path, sync::Arc};

use anyhow::{Context, Result, bail};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

/// TLS with one certificate.
#[derive(Clone)]
pub(crate) struct Tls(Arc<ServerConfig>);

impl Tls {
    /// # Errors
    /// When a file cannot be read, holds no certificate or key, or they do not belong together.
    pub(crate) fn read(cert: &Path, key: &Path) -> Result<Tls> {
        let of_cert = || format!("--http-tls-cert {}", cert.display());
        let of_key = || format!("--http-tls-key {}", key.display());
        let certs = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .with_context(of_cert)?;
        if certs.is_empty() {
            bail!("{} holds no certificate in PEM", of_cert());
        }
        let key = PrivateKeyDer::from_pem_file(key).with_context(of_key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certs, key)
            .with_context(|| format!("{} and its key do not belong together", of_cert()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls(Arc::new(config)))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.clone())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
