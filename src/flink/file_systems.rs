//! The file systems that Flink reads and writes with a plugin, and the plugins of Flink's own image.
//!
//! Read in apache/flink-docker, branches dev-1.16, dev-1.18, dev-1.20 and dev-2.3
//! (`docker-entrypoint.sh`, function `copy_plugins_if_required`), in the distribution of 2.3.0, whose
//! `plugins` has metric reporters and `external-resource-gpu` only, and in Flink's `FileSystemFactory`
//! classes of one snapshot of Flink: the image has the plugins for file systems in `/opt/flink/opt`, and
//! none of them in `/opt/flink/plugins`. The entrypoint links the files that `ENABLE_BUILT_IN_PLUGINS`
//! names, and exits where one does not exist. The native plugin for S3 came with 2.3, for `s3:`
//! and `s3a:` (apache/flink-web#853); the other first versions were not read.

use super::image::ImageRef;
use super::version::FlinkVersion;

/// The variable with the plugins that the image's entrypoint enables, separated by semicolons.
pub const ENABLE_PLUGINS: &str = "ENABLE_BUILT_IN_PLUGINS";

/// Flink's own images: the registry and the repository.
const OWN_IMAGES: [(&str, &str); 4] = [
    ("docker.io", "library/flink"),
    ("docker.io", "apache/flink"),
    ("public.ecr.aws", "docker/library/flink"),
    ("mirror.gcr.io", "library/flink"),
];

/// A plugin for file systems.
struct Plugin {
    /// The name of its file, before the version.
    name: &'static str,
    schemes: &'static [&'static str],
    since: FlinkVersion,
}

const FIRST: FlinkVersion = FlinkVersion::new(1, 0);

const PLUGINS: [Plugin; 6] = [
    Plugin { name: "flink-s3-fs-hadoop", schemes: &["s3", "s3a"], since: FIRST },
    Plugin { name: "flink-s3-fs-presto", schemes: &["s3", "s3p"], since: FIRST },
    Plugin { name: "flink-s3-fs-native", schemes: &["s3", "s3a"], since: FlinkVersion::new(2, 3) },
    Plugin { name: "flink-gs-fs-hadoop", schemes: &["gs"], since: FlinkVersion::new(1, 15) },
    Plugin {
        name: "flink-azure-fs-hadoop",
        schemes: &["abfs", "abfss", "wasb", "wasbs"],
        since: FIRST,
    },
    Plugin { name: "flink-oss-fs-hadoop", schemes: &["oss"], since: FIRST },
];

/// Whether addresses with this scheme begin with the name of a bucket or a container.
pub fn is_bucket_store(scheme: &str) -> bool {
    let of_plugins = PLUGINS.iter().flat_map(|plugin| plugin.schemes);
    of_plugins.chain(&["s3n"]).any(|own| own.eq_ignore_ascii_case(scheme))
}

/// Whether an image is Flink's own, and not one that is built from it.
pub fn is_flinks_own(image: &ImageRef<'_>) -> bool {
    OWN_IMAGES.iter().any(|(registry, repository)| {
        image.registry == *registry && image.repository == *repository
    })
}

/// The plugins of a Flink version for a scheme, in the order in which to recommend them; none for
/// what Flink reads without a plugin, and for unknown file systems.
pub fn plugins(
    scheme: &str,
    version: Option<FlinkVersion>,
) -> impl Iterator<Item = &'static str> + Clone {
    let is_for = move |plugin: &&Plugin| {
        plugin.schemes.iter().any(|own| own.eq_ignore_ascii_case(scheme))
            && version.is_none_or(|version| plugin.since <= version)
    };
    PLUGINS.iter().filter(is_for).map(|plugin| plugin.name)
}

/// The files in the value of [`ENABLE_PLUGINS`], as the entrypoint's shell separates them.
pub fn enabled(value: &str) -> impl Iterator<Item = &str> {
    value.split([';', ' ', '\t', '\n']).filter(|file| !file.is_empty())
}

/// The plugin for file systems that a file has, and the version in the file's name, which is empty
/// where there is none; `None` for other files.
pub fn plugin_of_file(file: &str) -> Option<(&'static str, &str)> {
    let name = file.strip_suffix(".jar")?;
    PLUGINS.iter().find_map(|plugin| {
        let rest = name.strip_prefix(plugin.name)?;
        if rest.is_empty() {
            Some((plugin.name, rest))
        } else {
            Some((plugin.name, rest.strip_prefix('-')?))
        }
    })
}

/// The release of Flink in the tag of its own image, such as `1.20.1` in `1.20.1-scala_2.12-java11`;
/// `None` where the tag names no whole release.
pub fn release_of_tag<'i>(image: &ImageRef<'i>) -> Option<&'i str> {
    let release = image.tag?.split('-').next()?;
    let numbers = release.split('.');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (numbers.clone().count() == 3 && numbers.clone().all(is_number)).then_some(release)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_the_plugins_of_its_version() {
        let of = |scheme, version: Option<(u16, u16)>| {
            let version = version.map(|(major, minor)| FlinkVersion::new(major, minor));
            plugins(scheme, version).collect::<Vec<_>>()
        };
        let [hadoop, presto, native] =
            ["flink-s3-fs-hadoop", "flink-s3-fs-presto", "flink-s3-fs-native"];
        assert_eq!(of("s3", Some((1, 20))), [hadoop, presto]);
        assert_eq!(of("S3A", Some((2, 3))), [hadoop, native]);
        assert_eq!(of("s3p", None), [presto]);
        assert_eq!(of("abfss", Some((1, 16))), ["flink-azure-fs-hadoop"]);
        for scheme in ["file", "local", "hdfs", "http", "cosn", ""] {
            assert_eq!(of(scheme, None), [""; 0], "{scheme}");
        }
    }

    #[test]
    fn images_built_from_flinks_own_are_others() {
        let is_own = |text| is_flinks_own(&ImageRef::parse(text).unwrap());
        for own in ["flink", "flink:1.20.1", "apache/flink:2.0", "docker.io/library/flink:1"] {
            assert!(is_own(own), "{own}");
        }
        for other in ["registry.example.com/flink:1.20", "me/flink:1", "apache/flink-operator:1"] {
            assert!(!is_own(other), "{other}");
        }
    }

    #[test]
    fn files_and_tags_have_a_release() {
        let file = plugin_of_file;
        assert_eq!(file("flink-s3-fs-hadoop-1.20.1.jar"), Some(("flink-s3-fs-hadoop", "1.20.1")));
        assert_eq!(file("flink-s3-fs-hadoop.jar"), Some(("flink-s3-fs-hadoop", "")));
        for other in
            ["flink-python-1.20.1.jar", "flink-s3-fs-hadoop-1.20.1", "flink-s3-fs-hadoopx.jar"]
        {
            assert_eq!(file(other), None, "{other}");
        }
        let release = |text| release_of_tag(&ImageRef::parse(text).unwrap());
        assert_eq!(release("flink:1.20.1-scala_2.12-java17"), Some("1.20.1"));
        for unknown in ["flink", "flink:latest", "flink:1.20", "flink:2.0-java17", "flink:1.20.x"] {
            assert_eq!(release(unknown), None, "{unknown}");
        }
    }
}
