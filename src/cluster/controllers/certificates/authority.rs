//! Authorities and leaves: certificates, keys, and which authority signed which leaf.
//!
//! An authority's name contains the fingerprint of its public key. So no two share a name, which API
//! servers could only distinguish by trying, and the key is enough to sign under the same name again.

use super::rotation;
use crate::server::certificate::CertificateError;
use crate::server::issue::{self, BACKDATED, fingerprint};
use crate::server::x509;
use rcgen::{Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The beginning of the name of every authority.
const NAME: &str = "Flinkgate CA ";

/// An authority. Deliberately without `Debug`: it may hold a private key.
#[derive(Clone)]
pub struct Authority {
    certificate: CertificateDer<'static>,
    /// The key in PEM, if it is known.
    key: Option<String>,
    not_before: SystemTime,
    facts: rotation::Authority,
}

impl Authority {
    /// Creates one.
    ///
    /// # Errors
    /// When the system provides no random numbers.
    pub fn make(now: SystemTime, life: Duration) -> Result<Self, CertificateError> {
        let key = KeyPair::generate()?;
        let certificate = issue::authority(&name(&key), now, life)?.self_signed(&key)?;
        Self::read(certificate.der().clone(), &[key]).ok_or(CertificateError::Validity)
    }

    /// Reads a certificate, if it is one of Flinkgate's authorities; its key may be among `keys`.
    fn read(certificate: CertificateDer<'static>, keys: &[KeyPair]) -> Option<Self> {
        let common_name = x509::common_name(&certificate).filter(|name| name.starts_with(NAME))?;
        let validity = x509::validity(&certificate)?;
        // A certificate that cannot be a trust anchor must not get into a bundle: API servers refuse
        // the whole bundle.
        RootCertStore::empty().add(certificate.clone()).ok()?;
        let key = keys
            .iter()
            .find(|key| name(key) == common_name && belongs(&certificate, key))
            .map(KeyPair::serialize_pem);
        let id = fingerprint(&certificate);
        let issued = validity.not_before.checked_add(BACKDATED)?;
        let facts =
            rotation::Authority { id, issued, until: validity.not_after, signs: key.is_some() };
        Some(Self { certificate, key, not_before: validity.not_before, facts })
    }

    /// Reads all of Flinkgate's authorities, oldest first, each once; other certificates are skipped.
    pub fn read_all(certificates: &[u8], keys: &[u8]) -> Vec<Self> {
        let keys: Vec<KeyPair> = PrivateKeyDer::pem_slice_iter(keys)
            .flatten()
            .filter_map(|key| KeyPair::try_from(&key).ok())
            .collect();
        let certificates = CertificateDer::pem_slice_iter(certificates).flatten();
        let mut all: Vec<Self> =
            certificates.filter_map(|certificate| Self::read(certificate, &keys)).collect();
        sort(&mut all);
        all
    }

    /// What decisions depend on.
    pub fn facts(&self) -> &rotation::Authority {
        &self.facts
    }

    /// The certificate in PEM.
    pub fn pem(&self) -> String {
        x509::pem(&self.certificate)
    }

    /// The private key in PEM, if it is known.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The same without its key.
    pub fn without_key(&self) -> Self {
        let facts = rotation::Authority { signs: false, ..self.facts.clone() };
        Self { key: None, facts, ..self.clone() }
    }

    /// Signs a leaf that expires no later than the authority.
    ///
    /// # Errors
    /// Without a key, and when a name is neither a DNS name nor an IP address.
    pub fn sign(
        &self,
        names: &[String],
        now: SystemTime,
        life: Duration,
    ) -> Result<Leaf, CertificateError> {
        let signer = KeyPair::from_pem(self.key.as_deref().ok_or(CertificateError::NoKey)?)?;
        let life = life.min(self.facts.until.duration_since(now).unwrap_or_default());
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(issue::authority(&name(&signer), now, life)?, signer);
        let certificate = issue::leaf(names.to_vec(), now, life)?.signed_by(&key, &issuer)?;
        let key = key.serialize_pem();
        Leaf::read(certificate.pem().as_bytes(), key.as_bytes(), std::slice::from_ref(self), names)
            .ok_or(CertificateError::Validity)
    }

    /// Whether this authority signed `leaf` for `name`, regardless of today's date.
    fn verifies(&self, leaf: &CertificateDer<'_>, not_before: SystemTime, name: &str) -> bool {
        let mut roots = RootCertStore::empty();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verify = || {
            roots.add(self.certificate.clone()).ok()?;
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .ok()?;
            let at = not_before.max(self.not_before).duration_since(SystemTime::UNIX_EPOCH).ok()?;
            let name = ServerName::try_from(name).ok()?;
            verifier.verify_server_cert(leaf, &[], &name, &[], UnixTime::since_unix_epoch(at)).ok()
        };
        verify().is_some()
    }
}

/// Oldest first, each once; of two copies the one with its key.
pub fn sort(authorities: &mut Vec<Authority>) {
    authorities.sort_by(|a, b| {
        (a.facts.issued, &a.facts.id, !a.facts.signs).cmp(&(
            b.facts.issued,
            &b.facts.id,
            !b.facts.signs,
        ))
    });
    authorities.dedup_by(|later, earlier| later.facts.id == earlier.facts.id);
}

/// The PEM text of all of them, as in the Secret and in every `caBundle`.
pub fn bundle(authorities: &[Authority]) -> String {
    authorities.iter().map(Authority::pem).collect()
}

/// A serving certificate with its key. Deliberately without `Debug`.
#[derive(Clone)]
pub struct Leaf {
    /// The certificate in PEM.
    pub certificate: String,
    /// Its private key in PEM.
    pub key: String,
    facts: rotation::Leaf,
}

impl Leaf {
    /// Reads a pair that belongs together and that one of `authorities` signed for the first of
    /// `names`.
    pub fn read(
        certificate: &[u8],
        key: &[u8],
        authorities: &[Authority],
        names: &[String],
    ) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(certificate).ok()?;
        let key = KeyPair::try_from(&PrivateKeyDer::from_pem_slice(key).ok()?).ok()?;
        if !belongs(&der, &key) {
            return None;
        }
        let validity = x509::validity(&der)?;
        let (service, more) = names.split_first()?;
        let authority = authorities
            .iter()
            .find(|authority| authority.verifies(&der, validity.not_before, service))?;
        let complete = more.iter().all(|name| authority.verifies(&der, validity.not_before, name));
        let issued = validity.not_before.checked_add(BACKDATED)?;
        let facts = rotation::Leaf {
            authority: authority.facts.id.clone(),
            issued,
            until: validity.not_after,
            complete,
        };
        Some(Self { certificate: x509::pem(&der), key: key.serialize_pem(), facts })
    }

    /// What decisions depend on.
    pub fn facts(&self) -> &rotation::Leaf {
        &self.facts
    }
}

fn name(key: &KeyPair) -> String {
    let fingerprint = fingerprint(key.public_key_raw());
    format!("{NAME}{}", fingerprint.get(..23).unwrap_or_default())
}

fn belongs(certificate: &CertificateDer<'static>, key: &KeyPair) -> bool {
    let Ok(key) = PrivateKeyDer::try_from(key.serialize_der()) else { return false };
    CertifiedKey::from_der(vec![certificate.clone()], key, &aws_lc_rs::default_provider()).is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn an_authority_signs_again_from_nothing_but_its_pem_text() {
        let now = SystemTime::now();
        let made = Authority::make(now, DAY * 365).unwrap();
        let other = Authority::make(now, DAY * 365).unwrap();
        let keys = format!("{}{}", other.key().unwrap(), made.key().unwrap());
        let all = Authority::read_all(
            format!("{}noise\n{}{}", made.pem(), other.pem(), made.pem()).as_bytes(),
            keys.as_bytes(),
        );
        assert_eq!(all.len(), 2);
        let read = all.iter().find(|one| one.facts() == made.facts()).unwrap();
        let names =
            issue::names("flinkgate-system", &["gate.example.com".into(), "10.0.0.1".into()]);
        let leaf = read.sign(&names, now, DAY * 30).unwrap();
        assert!(leaf.facts().complete && leaf.facts().authority == made.facts().id);
        let again =
            Leaf::read(leaf.certificate.as_bytes(), leaf.key.as_bytes(), &all, &names).unwrap();
        assert_eq!(again.facts(), leaf.facts());
        assert!(
            Leaf::read(leaf.certificate.as_bytes(), leaf.key.as_bytes(), &[other], &names)
                .is_none()
        );
        let more = issue::names("flinkgate-system", &["another.example.com".into()]);
        assert!(
            !Leaf::read(leaf.certificate.as_bytes(), leaf.key.as_bytes(), &all, &more)
                .unwrap()
                .facts()
                .complete
        );
        let elsewhere = issue::names("another-namespace", &[]);
        assert!(
            Leaf::read(leaf.certificate.as_bytes(), leaf.key.as_bytes(), &all, &elsewhere)
                .is_none()
        );
    }

    #[test]
    fn a_leaf_never_outlives_its_authority() {
        let now = SystemTime::now();
        let authority = Authority::make(now, DAY).unwrap();
        let leaf = authority.sign(&issue::names("x", &[]), now, DAY * 30).unwrap();
        assert!(leaf.facts().until <= authority.facts().until);
        assert!(authority.without_key().sign(&issue::names("x", &[]), now, DAY).is_err());
    }

    #[test]
    fn strangers_are_no_authorities_of_ours() {
        let made = crate::server::certificate::development(&[], 1).unwrap();
        assert!(Authority::read_all(made.ca_pem.as_bytes(), b"").is_empty());
        let ours = Authority::make(SystemTime::now(), DAY).unwrap();
        let read = Authority::read_all(ours.pem().as_bytes(), made.key_pem.as_bytes());
        assert!(read.len() == 1 && !read[0].facts().signs);
    }
}
