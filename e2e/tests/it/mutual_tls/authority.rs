//! Certificates of the tests.

use std::{fs, path::PathBuf};

use kith_e2e::Settings;
use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tempfile::TempDir;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// A cluster's authority, and a folder for what it issues.
pub(super) struct Authority {
    folder: TempDir,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The files of one node.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) ca: PathBuf,
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            pem: params.self_signed(&key).unwrap().pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A node's certificate for these names.
    pub(super) fn issue(&self, file: &str, names: &[&str]) -> Files {
        let at = |end: &str| self.folder.path().join(format!("{file}{end}"));
        let files = Files {
            ca: at("-ca.pem"),
            cert: at(".pem"),
            key: at(".key"),
        };
        self.renew(&files, names);
        files
    }

    /// Writes a new certificate of this authority over what a node has.
    pub(super) fn renew(&self, files: &Files, names: &[&str]) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(&files.ca, &self.pem).unwrap();
        fs::write(&files.cert, cert.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
    }

    /// Trusts this authority, and shows nothing.
    pub(super) fn trusting(&self) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(&self.pem))
            .domain_name("localhost")
    }
}

impl Files {
    pub(super) fn identity(&self) -> Identity {
        let read = |path| fs::read(path).unwrap();
        Identity::from_pem(read(&self.cert), read(&self.key))
    }

    /// Tells a node of its certificates.
    pub(super) fn told(&self, settings: Settings) -> Settings {
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        settings
            .with("KITH__INTERNAL_TLS__CA", &path(&self.ca))
            .with("KITH__INTERNAL_TLS__CERT", &path(&self.cert))
            .with("KITH__INTERNAL_TLS__KEY", &path(&self.key))
            .with("KITH__INTERNAL_TLS__REFRESH", "200ms")
    }
}
