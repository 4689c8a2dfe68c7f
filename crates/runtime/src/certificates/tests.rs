use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use tempfile::TempDir;

use super::*;

#[test]
fn the_names_in_a_certificate_are_known() {
    let (ca, issuer) = authority();
    let files = Files::with(&ca, &issued(&node_params(), &issuer));

    let certificates = Certificates::read(files.paths()).unwrap();

    assert_eq!(certificates.names(), ["chat"]);
}

/// An authority.
fn authority() -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    (pem, Issuer::new(params, key))
}

fn node_params() -> CertificateParams {
    let mut params = CertificateParams::new(vec!["chat".to_owned()]).unwrap();
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    params
}

/// A certificate and its key.
fn issued(params: &CertificateParams, issuer: &Issuer<'_, KeyPair>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let cert = params.signed_by(&key, issuer).unwrap();
    (cert.pem(), key.serialize_pem())
}

struct Files(TempDir);

impl Files {
    fn with(ca: &str, (cert, key): &(String, String)) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.write(ca, cert, key);
        files
    }

    fn write(&self, ca: &str, cert: &str, key: &str) {
        let paths = self.paths();
        for (path, text) in [(paths.ca, ca), (paths.cert, cert), (paths.key, key)] {
            std::fs::write(path, text).unwrap();
        }
    }

    fn paths(&self) -> CertificateFiles {
        CertificateFiles {
            ca: self.0.path().join("ca.pem"),
            cert: self.0.path().join("cert.pem"),
            key: self.0.path().join("key.pem"),
        }
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let problems = Certificates::read(self.paths()).unwrap_err();
        problems
            .into_iter()
            .map(|it| (it.file, it.message))
            .collect()
    }
}

#[test]
fn all_that_is_wrong_is_named_at_once() {
    let nothing = CertificateFiles {
        ca: "/nowhere/ca".into(),
        cert: "/nowhere/cert".into(),
        key: "/nowhere/key".into(),
    };
    let unread = Certificates::read(nothing).unwrap_err();
    let garbage = Files::with("ca", &("cert".to_owned(), "key".to_owned())).problems();

    let files: Vec<_> = unread.iter().map(|it| it.file).collect();
    assert_eq!(files, ["ca", "cert", "key"]);
    let files: Vec<_> = garbage.iter().map(|(file, _)| *file).collect();
    assert_eq!(files, ["ca", "cert", "key"], "{garbage:?}");
}

#[test]
fn what_others_would_refuse_is_refused_here() {
    let ((ca, issuer), (stranger, _)) = (authority(), authority());
    let good = issued(&node_params(), &issuer);
    let mut old = node_params();
    old.not_after = date_time_ymd(2020, 1, 1);
    let mut serves_only = node_params();
    serves_only.extended_key_usages.pop();
    let with_other_key = (good.0.clone(), issued(&node_params(), &issuer).1);

    for (ca, node, file) in [
        (&stranger, &good, "cert"),
        (&ca, &issued(&old, &issuer), "cert"),
        (&ca, &issued(&serves_only, &issuer), "cert"),
        (&ca, &with_other_key, "key"),
    ] {
        let problems = Files::with(ca, node).problems();
        assert!(problems.len() == 1 && problems[0].0 == file, "{problems:?}");
    }
    assert!(Certificates::read(Files::with(&ca, &good).paths()).is_ok());
}

#[test]
fn renewed_files_are_taken_and_wrong_ones_are_not() {
    let (ca, issuer) = authority();
    let files = Files::with(&ca, &issued(&node_params(), &issuer));
    let certificates = Certificates::read(files.paths()).unwrap();
    let others = certificates.clone();

    certificates.renew();
    let untouched = others.version();
    files.write(&ca, "half", "written");
    certificates.renew();
    let half = others.version();
    let (cert, key) = issued(&node_params(), &issuer);
    files.write(&ca, &cert, &key);
    certificates.renew();

    assert_eq!((untouched, half, others.version()), (0, 0, 1));
}
