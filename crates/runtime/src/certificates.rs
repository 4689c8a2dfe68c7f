//! The certificates of mutual TLS between nodes: read from files, judged, and read again when the files change. Who has a
//! certificate of the cluster's own authority may knock; what a caller may do is decided by what its calls carry.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustls::{
    RootCertStore, ServerConfig,
    client::verify_server_cert_signed_by_trust_anchor,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{ParsedCertificate, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use tokio::sync::watch;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::Shutdown;

/// Where they lie, all in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The authority's certificate, or several while one replaces another.
    pub ca: PathBuf,
    /// This node's certificate, followed by those between it and the authority's.
    pub cert: PathBuf,
    /// The key of this node's certificate.
    pub key: PathBuf,
}

/// Which file is wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateProblem {
    /// `ca`, `cert` or `key`.
    pub file: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// The certificates that hold now. Cheap to clone; clones see the same renewals.
#[derive(Clone)]
pub struct Certificates {
    files: CertificateFiles,
    present: Arc<watch::Sender<Loaded>>,
}

#[derive(Clone)]
struct Loaded {
    texts: Texts,
    server: Arc<ServerConfig>,
    /// Counts the renewals.
    version: u64,
}

/// What the files hold.
#[derive(Clone, PartialEq, Eq)]
struct Texts {
    ca: Vec<u8>,
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Certificates {
    /// Reads the files; the error names all that is wrong with them.
    pub fn read(files: CertificateFiles) -> Result<Self, Vec<CertificateProblem>> {
        let texts = Texts::read(&files)?;
        let loaded = Loaded {
            server: Arc::new(texts.server_config()?),
            texts,
            version: 0,
        };
        Ok(Self {
            files,
            present: Arc::new(watch::Sender::new(loaded)),
        })
    }

    /// Looks at the files again and again, until the shutdown. New connections use what has changed; files that are wrong change nothing.
    pub async fn follow(self, interval: Duration, shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(interval) => self.renew(),
                () = shutdown.signalled() => return,
            }
        }
    }

    /// Takes what the files hold, if it is new and right.
    fn renew(&self) {
        let renewed = Texts::read(&self.files).and_then(|texts| {
            if texts == self.present.borrow().texts {
                return Ok(None);
            }
            texts.server_config().map(|server| Some((texts, server)))
        });
        match renewed {
            Ok(None) => {}
            Ok(Some((texts, server))) => {
                self.present.send_modify(|loaded| {
                    loaded.texts = texts;
                    loaded.server = Arc::new(server);
                    loaded.version += 1;
                });
                tracing::info!("the certificates were renewed");
            }
            // Also in the moment in which one file is new and the other is not yet.
            Err(problems) => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                tracing::warn!(
                    problems = problems.join("; "),
                    "the certificates stay as they were"
                );
            }
        }
    }

    /// The names in this node's certificate.
    pub fn names(&self) -> Vec<String> {
        let texts = &self.present.borrow().texts;
        let chain = certificates(&texts.cert).unwrap_or_default();
        chain.first().map(names_in).unwrap_or_default()
    }

    /// Changes with every renewal.
    pub fn version(&self) -> u64 {
        self.present.borrow().version
    }

    /// How a node serves.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.present.borrow().server)
    }

    /// How a node calls another, which must have a certificate for this name.
    pub fn client(&self, name: &str) -> ClientTlsConfig {
        let loaded = self.present.borrow();
        ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&loaded.texts.ca))
            .identity(Identity::from_pem(&loaded.texts.cert, &loaded.texts.key))
            .domain_name(name)
    }
}

impl Texts {
    fn read(files: &CertificateFiles) -> Result<Self, Vec<CertificateProblem>> {
        let mut problems = Vec::new();
        let mut read = |file, path: &Path| {
            std::fs::read(path).unwrap_or_else(|error| {
                let message = format!("{} cannot be read: {error}", path.display());
                problems.push(CertificateProblem { file, message });
                Vec::new()
            })
        };
        let texts = Self {
            ca: read("ca", &files.ca),
            cert: read("cert", &files.cert),
            key: read("key", &files.key),
        };
        if problems.is_empty() {
            Ok(texts)
        } else {
            Err(problems)
        }
    }

    /// Judges, and gives what a server needs.
    fn server_config(&self) -> Result<ServerConfig, Vec<CertificateProblem>> {
        let roots = roots(&self.ca);
        let chain = certificates(&self.cert).map_err(|message| problem("cert", message));
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| problem("key", format!("holds no private key in PEM: {error}")));
        let (roots, chain, key) = match (roots, chain, key) {
            (Ok(roots), Ok(chain), Ok(key)) => (Arc::new(roots), chain, key),
            (roots, chain, key) => {
                let problems = [roots.err(), chain.err(), key.err()];
                return Err(problems.into_iter().flatten().collect());
            }
        };
        let provider = Arc::new(ring::default_provider());
        let verifier = verifier(&roots, &provider).map_err(|it| vec![it])?;
        judge(&chain, &roots, &*verifier, &provider).map_err(|it| vec![it])?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| vec![problem("cert", error.to_string())])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .map_err(|error| vec![problem("key", format!("is not the key of `cert`: {error}"))])?;
        // HTTP/1.1 is for whoever asks for health and metrics.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// A caller without a certificate is let in, because health and metrics are for callers without one; what else it may do is decided call by call.
fn verifier(
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, CertificateProblem> {
    WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| problem("ca", error.to_string()))
}

/// Whether others will accept this certificate, from a server and from a client: better known at the start than by every call.
fn judge(
    chain: &[CertificateDer<'static>],
    roots: &RootCertStore,
    verifier: &dyn ClientCertVerifier,
    provider: &CryptoProvider,
) -> Result<(), CertificateProblem> {
    let Some((own, between)) = chain.split_first() else {
        return Err(problem("cert", "holds no certificate in PEM"));
    };
    let now = UnixTime::now();
    let algorithms = provider.signature_verification_algorithms.all;
    let as_server = ParsedCertificate::try_from(own).and_then(|own| {
        verify_server_cert_signed_by_trust_anchor(&own, roots, between, now, algorithms)
    });
    as_server
        .and_then(|()| verifier.verify_client_cert(own, between, now).map(drop))
        .map_err(|error| problem("cert", format!("would be refused by other nodes: {error}")))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, CertificateProblem> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).map_err(|message| problem("ca", message))? {
        roots
            .add(certificate)
            .map_err(|error| problem("ca", error.to_string()))?;
    }
    Ok(roots)
}

/// The DNS names in a certificate.
pub(crate) fn names_in(certificate: &CertificateDer<'_>) -> Vec<String> {
    // Whoever asks has seen it accepted, so that it can be read.
    webpki::EndEntityCert::try_from(certificate)
        .map(|read| read.valid_dns_names().map(str::to_owned).collect())
        .unwrap_or_default()
}

/// At least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err("holds no certificate in PEM".to_owned())
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("is not PEM: {error}")),
    }
}

fn problem(file: &'static str, message: impl Into<String>) -> CertificateProblem {
    CertificateProblem {
        file,
        message: message.into(),
    }
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
