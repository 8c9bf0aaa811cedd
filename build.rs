//! Lists the policies under `policies/` for `include_str!`, so that adding a policy is adding a
//! folder.
//!
//! A new policy has no `flinkpolicy.yaml` yet: `UPDATE_DOCS=1 cargo test --test library` writes it.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=policies");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut library = String::from("&[\n");
    for folder in entries(&root.join("policies"))? {
        if folder.is_dir() {
            library.push_str(&library_policy(&folder));
        }
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("library.rs"), library + "]\n")
}

/// The entries of a folder, sorted by name.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn library_policy(folder: &Path) -> String {
    println!("cargo::rerun-if-changed={}", folder.display());
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let include =
        |file: &str| format!("include_str!({:?})", folder.join(file).display().to_string());
    format!(
        "    LibraryPolicy {{ name: {name:?}, rego: {}, tests: {}, flink_policy: {} }},\n",
        include(&format!("{name}.rego")),
        include(&format!("{name}_test.rego")),
        if folder.join("flinkpolicy.yaml").is_file() {
            include("flinkpolicy.yaml")
        } else {
            "\"\"".to_owned()
        },
    )
}
