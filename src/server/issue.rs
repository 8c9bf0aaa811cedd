//! Parameters of the certificates that Flinkgate generates, for development and in a cluster.

use super::certificate::CertificateError;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SerialNumber,
};
use rustls::crypto::aws_lc_rs;
use std::time::{Duration, SystemTime};

/// Tolerance for clocks that are behind.
pub(crate) const BACKDATED: Duration = Duration::from_secs(3_600);

/// The names in a serving certificate: of the Service in `namespace`, of localhost, and `more`.
pub fn names(namespace: &str, more: &[String]) -> Vec<String> {
    let mut names = vec![
        service_name(namespace),
        format!("flinkgate.{namespace}.svc.cluster.local"),
        format!("flinkgate.{namespace}"),
        "flinkgate".to_owned(),
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The name that API servers use.
pub fn service_name(namespace: &str) -> String {
    format!("flinkgate.{namespace}.svc")
}

/// A certificate authority that signs only leaf certificates.
pub(crate) fn authority(
    name: &str,
    now: SystemTime,
    life: Duration,
) -> Result<CertificateParams, CertificateError> {
    let mut authority = common(Vec::new(), name, now, life)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    Ok(authority)
}

/// A serving certificate.
pub(crate) fn leaf(
    names: Vec<String>,
    now: SystemTime,
    life: Duration,
) -> Result<CertificateParams, CertificateError> {
    let mut leaf = common(names, "flinkgate", now, life)?;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    Ok(leaf)
}

fn common(
    names: Vec<String>,
    name: &str,
    now: SystemTime,
    life: Duration,
) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(serial()?);
    (params.not_before, params.not_after) =
        ((now - BACKDATED).into(), now.checked_add(life).ok_or(CertificateError::Validity)?.into());
    Ok(params)
}

/// 126 random bits: positive and unique.
fn serial() -> Result<SerialNumber, CertificateError> {
    let mut bytes = [0; 16];
    aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| CertificateError::Randomness)?;
    if let Some(first) = bytes.first_mut() {
        *first = (*first & 0x3F) | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

/// SHA-256 of `bytes`, `AB:CD:…`.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let Some(suite) = aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256.tls13() else {
        return String::new();
    };
    let digest = suite.common.hash_provider.hash(bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn no_two_certificates_share_a_serial() {
        let serials: std::collections::BTreeSet<_> =
            (0..100).map(|_| serial().unwrap().to_bytes()).collect();
        assert_eq!(serials.len(), 100);
        assert!(
            serials.iter().all(|serial| serial.len() == 16 && (0x40..0x80).contains(&serial[0]))
        );
    }
}
