//! One certificate authority for a control plane, the certificates it signs, and kubeconfig files.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};

/// The authority that signs servers and clients.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key (PEM).
pub struct Signed {
    pub certificate: String,
    pub key: String,
}

/// How a client says who it is.
pub enum Identity<'a> {
    /// By a certificate.
    Certificate(&'a Signed),
    /// By a certificate, speaking for somebody else: any name, any groups.
    As(&'a Signed, &'a str, &'a [&'a str]),
    /// By a service account's token.
    Token(&'a str),
}

impl Authority {
    pub fn new() -> Result<Self, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = named("flinkgate test CA", None);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let key = KeyPair::generate()?;
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(params, key), pem })
    }

    /// The authority's own certificate (PEM).
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for a server with these DNS names and addresses.
    pub fn server(&self, names: &[&str]) -> Result<Signed, rcgen::Error> {
        let mut params = CertificateParams::new(
            names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(),
        )?;
        params.distinguished_name = named("kube-apiserver", None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(params)
    }

    /// A certificate for a user in a group.
    pub fn client(&self, name: &str, group: Option<&str>) -> Result<Signed, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = named(name, group);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Result<Signed, rcgen::Error> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        Ok(Signed {
            certificate: params.signed_by(&key, &self.issuer)?.pem(),
            key: key.serialize_pem(),
        })
    }

    /// A kubeconfig file for `server`.
    pub fn kubeconfig(&self, server: &str, identity: &Identity) -> String {
        let by = |signed: &Signed| json!({"client-certificate-data": STANDARD.encode(&signed.certificate), "client-key-data": STANDARD.encode(&signed.key)});
        let user: Value = match identity {
            Identity::Certificate(signed) => by(signed),
            Identity::As(signed, name, groups) => {
                let mut user = by(signed);
                user["as"] = json!(name);
                user["as-groups"] = json!(groups);
                user
            }
            Identity::Token(token) => json!({"token": token}),
        };
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": server, "certificate-authority-data": STANDARD.encode(&self.pem)}}],
            "users": [{"name": "test", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        })
        .to_string()
    }
}

fn named(name: &str, group: Option<&str>) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    if let Some(group) = group {
        distinguished.push(DnType::OrganizationName, group);
    }
    distinguished
}
