//! Certificates and keys in PEM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flinkgate::server::ca_bundle;
use flinkgate::server::certificate::Serving;

/// Texts in PEM, and any bytes as a certificate. What is a bundle stays one.
pub fn certificates(data: &[u8]) -> bool {
    let mut is_read = false;
    let body = STANDARD.encode(data);
    let made = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    for pem in [data, made.as_bytes()] {
        if let Ok(bundle) = ca_bundle::bundle(pem) {
            assert_eq!(ca_bundle::bundle(&bundle).ok().as_ref(), Some(&bundle));
            is_read = true;
        }
    }
    let _ = Serving::from_pem(data, data);
    is_read
}
