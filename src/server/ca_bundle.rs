//! `caBundle`, the certificate authorities that API servers trust when they call Flinkgate, from a
//! PEM file.

use super::x509;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::time::SystemTime;

/// Why a file is not a CA bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// No certificate.
    #[error(
        "no PEM certificate (`-----BEGIN CERTIFICATE-----`) found: pass the CA's certificate, such as `ca.crt` of `flinkgate certs`"
    )]
    NoCertificate,
    /// Not base64, or not a certificate.
    #[error("certificate {0} cannot be parsed: pass it as the CA issued it")]
    Unreadable(usize),
    /// All have expired.
    #[error("all certificates have expired: pass the CA's current one")]
    Expired,
}

/// The certificates of a PEM text without anything else: a private key in the file must not get into
/// the cluster.
///
/// # Errors
/// When there is none, one cannot be parsed, or all have expired.
pub fn bundle(pem: &[u8]) -> Result<Vec<u8>, CaError> {
    let mut out = String::new();
    let mut is_valid = false;
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let unreadable = CaError::Unreadable(index.saturating_add(1));
        let certificate = certificate.map_err(|_| unreadable)?;
        let validity = x509::validity(&certificate).ok_or(unreadable)?;
        is_valid |= validity.not_after > SystemTime::now();
        out.push_str(&x509::pem(&certificate));
    }
    match (out.is_empty(), is_valid) {
        (true, _) => Err(CaError::NoCertificate),
        (false, false) => Err(CaError::Expired),
        (false, true) => Ok(out.into_bytes()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::server::certificate;

    #[test]
    fn authorities_are_kept_and_keys_are_not() {
        let (one, two) =
            (certificate::development(&[], 1).unwrap(), certificate::development(&[], 1).unwrap());
        let file = format!("# our CA\n{}{}{}", one.ca_pem, two.key_pem, two.ca_pem);
        let wanted = format!("{}{}", one.ca_pem, two.ca_pem).replace('\r', "");
        assert_eq!(String::from_utf8(bundle(file.as_bytes()).unwrap()).unwrap(), wanted);
    }

    #[test]
    fn a_file_without_authority_is_refused() {
        let made = certificate::development(&[], 1).unwrap();
        let broken = format!(
            "{}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            made.ca_pem
        );
        for (text, error) in [
            ("", CaError::NoCertificate),
            ("nonsense", CaError::NoCertificate),
            (made.key_pem.as_str(), CaError::NoCertificate),
            (broken.as_str(), CaError::Unreadable(2)),
            (
                "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n",
                CaError::Unreadable(1),
            ),
        ] {
            assert_eq!(bundle(text.as_bytes()), Err(error), "{text}");
        }
    }
}
