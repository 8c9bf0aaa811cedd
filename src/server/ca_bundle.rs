//! The authorities that an API server shall trust when it calls Flinkgate: `caBundle`, from a file
//! of PEM certificates.

use super::x509;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::time::SystemTime;

/// Why a file is no bundle of authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// Nothing in it.
    #[error(
        "there is no PEM certificate (-----BEGIN CERTIFICATE-----) in it: give the CA's certificate, such as ca.crt of `flinkgate certs`"
    )]
    NoCertificate,
    /// Broken base64, or not a certificate within.
    #[error("certificate {0} in it cannot be read: give it as its authority wrote it")]
    Unreadable(usize),
    /// Over.
    #[error("every certificate in it has expired: give the CA's current one")]
    Expired,
}

/// The certificates in a PEM text, and nothing but them: a private key beside them does not get
/// into the cluster.
///
/// # Errors
/// When there is none, one cannot be read, or none holds any longer.
pub fn bundle(pem: &[u8]) -> Result<Vec<u8>, CaError> {
    let mut out = String::new();
    let mut holds = false;
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let unreadable = CaError::Unreadable(index.saturating_add(1));
        let certificate = certificate.map_err(|_| unreadable)?;
        let validity = x509::validity(&certificate).ok_or(unreadable)?;
        holds |= validity.not_after > SystemTime::now();
        out.push_str(&x509::pem(&certificate));
    }
    match (out.is_empty(), holds) {
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
    fn several_authorities_are_kept_and_keys_are_not() {
        let (one, two) =
            (certificate::development(&[], 1).unwrap(), certificate::development(&[], 1).unwrap());
        let file = format!("# our CA\n{}{}{}", one.ca_pem, two.key_pem, two.ca_pem);
        let wanted = format!("{}{}", one.ca_pem, two.ca_pem).replace('\r', "");
        assert_eq!(String::from_utf8(bundle(file.as_bytes()).unwrap()).unwrap(), wanted);
    }

    #[test]
    fn what_holds_no_authority_is_refused() {
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
