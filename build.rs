//! Lists the policies under `policies/` for `include_str!`, so that adding a policy is adding a
//! folder, and finds the commit that `flinkgate --version` names.
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
    println!("cargo::rerun-if-env-changed=FLINKGATE_COMMIT");
    if let Some(commit) = commit(&root) {
        println!("cargo::rustc-env=FLINKGATE_COMMIT={commit}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("library.rs"), library + "]\n")
}

/// The commit: as given in the environment, as `cargo package` recorded it, or that of the repository. The
/// repository is asked for release builds only, because each commit would compile everything again.
fn commit(root: &Path) -> Option<String> {
    if let Some(given) = env::var("FLINKGATE_COMMIT").ok().filter(|commit| !commit.is_empty()) {
        return Some(given);
    }
    if let Ok(recorded) = fs::read_to_string(root.join(".cargo_vcs_info.json")) {
        let (_, after) = recorded.split_once("\"sha1\": \"")?;
        return after.split('"').next().map(ToOwned::to_owned);
    }
    if env::var("PROFILE").is_ok_and(|profile| profile != "release") {
        return None;
    }
    let git = root.join(".git");
    // In a worktree, `.git` is a file that names the folder.
    let git = match fs::read_to_string(&git) {
        Ok(link) => root.join(link.strip_prefix("gitdir: ")?.trim()),
        Err(_) => git,
    };
    let head = git.join("HEAD");
    println!("cargo::rerun-if-changed={}", head.display());
    let head = fs::read_to_string(head).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return Some(head.trim().to_owned()) };
    let common = fs::read_to_string(git.join("commondir")).ok();
    let common = common.map_or_else(|| git.clone(), |path| git.join(path.trim()));
    let branch = common.join(name);
    println!("cargo::rerun-if-changed={}", branch.display());
    if let Ok(commit) = fs::read_to_string(branch) {
        return Some(commit.trim().to_owned());
    }
    let packed = fs::read_to_string(common.join("packed-refs")).ok()?;
    let line = packed.lines().find(|line| line.ends_with(&format!(" {name}")))?;
    line.split(' ').next().map(ToOwned::to_owned)
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
