//! The Secret `flinkgate-tls`: every authority in `ca.crt`, the keys that still sign in `ca.key`,
//! the leaf in `tls.crt` and `tls.key`, and in `tls.since` when the leaf was written.
//!
//! The leaf is in the Secret, and replicas do not sign their own: so the served certificate can be
//! inspected in the Secret, and a starting replica only has to read. Replicas watch the Secret; a
//! mounted one would be up to a minute late.

use super::authority::{Authority, Leaf, bundle};
use super::rotation::Store;
use crate::cluster::controllers::own_secret::own_secret;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use std::collections::BTreeMap;

/// The Secret's name.
pub const SECRET: &str = "flinkgate-tls";
const TYPE: &str = "kubernetes.io/tls";
const AUTHORITIES: &str = "ca.crt";
const AUTHORITY_KEYS: &str = "ca.key";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const SINCE: &str = "tls.since";

type Data = BTreeMap<String, ByteString>;

/// The contents of the Secret. Deliberately without `Debug`: it holds private keys.
#[derive(Clone, Default)]
pub struct Material {
    /// The authorities, oldest first.
    pub authorities: Vec<Authority>,
    /// The leaf, if there is one that can be served.
    pub leaf: Option<Leaf>,
    /// Since when the leaf has been in the Secret, to the second.
    pub since: Option<Timestamp>,
}

impl Material {
    /// Reads what can be read; [`Store::tidy`] says whether that is everything.
    pub fn read(secret: Option<&Secret>, names: &[String]) -> (Self, Store) {
        let empty = Data::new();
        let data = secret.and_then(|secret| secret.data.as_ref()).unwrap_or(&empty);
        let field = |name| data.get(name).map_or(&[][..], |bytes| bytes.0.as_slice());
        let authorities = Authority::read_all(field(AUTHORITIES), field(AUTHORITY_KEYS));
        let leaf = Leaf::read(field(CERTIFICATE), field(KEY), &authorities, names);
        let since = std::str::from_utf8(field(SINCE))
            .ok()
            .and_then(|since| since.parse().ok())
            .filter(|_| leaf.is_some());
        let material = Self { authorities, leaf, since };
        let whole = material.since.is_some() == material.leaf.is_some();
        let tidy =
            whole && material.data().iter().all(|(name, content)| data.get(name) == Some(content));
        let store = material.facts(tidy);
        (material, store)
    }

    fn facts(&self, tidy: bool) -> Store {
        Store {
            tidy,
            authorities: self
                .authorities
                .iter()
                .map(|authority| authority.facts().clone())
                .collect(),
            leaf: self.leaf.as_ref().map(|leaf| leaf.facts().clone()),
            since: self.since.map(Into::into),
        }
    }

    fn data(&self) -> Data {
        let keys: String = self.authorities.iter().filter_map(Authority::key).collect();
        let (certificate, key) =
            self.leaf.as_ref().map_or(("", ""), |leaf| (&leaf.certificate, &leaf.key));
        let since = self.since.map(|since| since.to_string()).unwrap_or_default();
        [
            (AUTHORITIES, bundle(&self.authorities).as_str()),
            (AUTHORITY_KEYS, &keys),
            (CERTIFICATE, certificate),
            (KEY, key),
            (SINCE, &since),
        ]
        .map(|(name, content)| (name.to_owned(), ByteString(content.as_bytes().to_vec())))
        .into()
    }

    /// The Secret with these contents; other fields of `old` stay.
    pub fn write(&self, old: Option<Secret>) -> Secret {
        let mut secret = old.unwrap_or_else(|| own_secret(SECRET, TYPE));
        secret.data.get_or_insert_default().extend(self.data());
        secret
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::server::issue;
    use proptest::prelude::*;
    use std::sync::LazyLock;
    use std::time::{Duration, SystemTime};

    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| issue::names("flinkgate-system", &[]));
    static MATERIAL: LazyLock<Material> = LazyLock::new(|| {
        let now = SystemTime::now();
        let old =
            Authority::make(now - Duration::from_secs(100), Duration::from_secs(10_000)).unwrap();
        let new = Authority::make(now, Duration::from_secs(10_000)).unwrap();
        let leaf = old.sign(&NAMES, now, Duration::from_secs(1_000)).unwrap();
        Material {
            authorities: vec![old, new],
            leaf: Some(leaf),
            since: Some(Timestamp::UNIX_EPOCH),
        }
    });

    #[test]
    fn what_is_written_is_read_and_tidy() {
        for (material, sound) in [
            (MATERIAL.clone(), true),
            (Material { leaf: None, since: None, ..MATERIAL.clone() }, false),
        ] {
            let written = material.write(None);
            let (_, store) = Material::read(Some(&written), &NAMES);
            assert_eq!(store, material.facts(true));
            assert_eq!(store.is_sound(SystemTime::now()), sound);
        }
        assert!(!Material::read(None, &NAMES).1.tidy);
        assert!(!Material::read(Some(&Secret::default()), &NAMES).1.tidy);
    }

    #[test]
    fn what_others_keep_in_the_secret_stays() {
        let mut old = MATERIAL.write(None);
        old.metadata.annotations = Some([("a".to_owned(), "b".to_owned())].into());
        old.data.get_or_insert_default().insert("more".into(), ByteString(vec![1]));
        let written = Material { leaf: None, ..MATERIAL.clone() }.write(Some(old));
        assert!(
            written.metadata.annotations.is_some() && written.data.unwrap().contains_key("more")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_garbled_secret_is_no_panic_and_never_sound_beyond_its_parts(field in 0..5_usize, at in 0..4_000_usize, with in "[ -~\n]{0,20}", cut in any::<bool>()) {
            let mut secret = MATERIAL.write(None);
            let name = [AUTHORITIES, AUTHORITY_KEYS, CERTIFICATE, KEY, SINCE][field];
            let content = &mut secret.data.as_mut().unwrap().get_mut(name).unwrap().0;
            let at = at.min(content.len());
            if cut { content.truncate(at) } else { content.splice(at..at, with.bytes()); }
            let (material, store) = Material::read(Some(&secret), &NAMES);
            prop_assert!(material.authorities.len() <= 2);
            if let Some(leaf) = &store.leaf {
                prop_assert!(store.authorities.iter().any(|one| one.id == leaf.authority));
            }
            // Whatever was understood of it can be written back, and is then as it should be.
            let material = Material { since: material.leaf.as_ref().map(|_| Timestamp::UNIX_EPOCH), ..material };
            prop_assert!(Material::read(Some(&material.write(Some(secret))), &NAMES).1.tidy);
        }
    }
}
