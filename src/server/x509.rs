//! Reads the validity and the common name of an X.509 certificate, and encodes it as PEM.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::time::{Duration, SystemTime};

/// First and last moment of a certificate's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

/// Reads the validity from a DER certificate.
pub(crate) fn validity(certificate: &[u8]) -> Option<Validity> {
    let (_, times, _) = element(from_validity(certificate)?)?;
    let (tag, not_before, rest) = element(times)?;
    let not_before = time(tag, not_before)?;
    let (tag, not_after, _) = element(rest)?;
    Some(Validity { not_before, not_after: time(tag, not_after)? })
}

/// Reads the subject's common name from a DER certificate; `None` when there are several.
pub(crate) fn common_name(certificate: &[u8]) -> Option<String> {
    const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
    let (_, _, fields) = element(from_validity(certificate)?)?;
    let (_, mut parts, _) = element(fields)?;
    let mut found = None;
    while !parts.is_empty() {
        let (_, mut set, rest) = element(parts)?;
        while !set.is_empty() {
            let (_, attribute, more) = element(set)?;
            let (_, oid, value) = element(attribute)?;
            if oid == COMMON_NAME {
                let (tag, text, _) = element(value)?;
                // UTF8String, PrintableString and IA5String are all read as UTF-8.
                let text = [0x0C, 0x13, 0x16]
                    .contains(&tag)
                    .then(|| std::str::from_utf8(text).ok())
                    .flatten()?;
                if found.replace(text.to_owned()).is_some() {
                    return None;
                }
            }
            set = more;
        }
        parts = rest;
    }
    found
}

/// The fields after the issuer in
/// `Certificate { TBSCertificate { [0] version?, serial, algorithm, issuer, Validity { Time, Time
/// }, subject, … }, … }`.
fn from_validity(certificate: &[u8]) -> Option<&[u8]> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    if fields.first() == Some(&0xA0) {
        fields = element(fields)?.2;
    }
    for _ in ["serial", "algorithm", "issuer"] {
        fields = element(fields)?.2;
    }
    Some(fields)
}

/// The first DER element: its tag, its content, and the rest.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let (digits, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
        if digits.len() > 4 {
            return None;
        }
        length = digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit));
        rest = after;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `UTCTime` is `YYMMDDhhmmssZ` and counts from 1950, `GeneralizedTime` is `YYYYMMDDhhmmssZ`.
fn time(tag: u8, text: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(text).ok()?;
    let full = match tag {
        0x17 => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", &full).ok()?;
    let seconds = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    match u64::try_from(seconds) {
        Ok(after) => SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(after)),
        Err(_) => SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(seconds.unsigned_abs())),
    }
}

/// A certificate as PEM text.
pub(crate) fn pem(certificate: &[u8]) -> String {
    let text = STANDARD.encode(certificate);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn validity_is_read_in_both_formats() {
        for (year, expected) in [(2030, 1_893_456_000), (2060, 2_840_140_800)] {
            let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
            let read = validity(certificate.der()).unwrap();
            assert_eq!(read.not_after, SystemTime::UNIX_EPOCH + Duration::from_secs(expected));
        }
    }

    #[test]
    fn the_only_common_name_is_read() {
        let of = |parts: &[(rcgen::DnType, &str)]| {
            let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
            params.distinguished_name = rcgen::DistinguishedName::new();
            for (part, value) in parts {
                params.distinguished_name.push(part.clone(), *value);
            }
            common_name(params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der())
        };
        use rcgen::DnType::{CommonName, OrganizationName};
        assert_eq!(
            of(&[(OrganizationName, "system:masters"), (CommonName, "kube-apiserver")]),
            Some("kube-apiserver".into())
        );
        assert_eq!(of(&[(OrganizationName, "kube-apiserver")]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn broken_certificates_do_not_panic() {
        let certificate = rcgen::CertificateParams::new(Vec::new())
            .unwrap()
            .self_signed(&rcgen::KeyPair::generate().unwrap())
            .unwrap()
            .der()
            .to_vec();
        for end in 0..certificate.len() {
            assert_eq!(validity(&certificate[..end]), None);
            assert_eq!(common_name(&certificate[..end]), None);
        }
        for at in 0..certificate.len() {
            let mut broken = certificate.clone();
            broken[at] ^= 0xFF;
            let _ = (validity(&broken), common_name(&broken));
        }
    }
}
