//! `flinkgate config`: the configuration that holds for a path, and from where.

use super::args::TextOrJson;
use super::settings::{Discovery, Row, SettingsArgs, rows};
use super::{Exit, Outcome, terminal};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;

const HELP: &str = "Examples:
  What holds for a file, and which line or flag says so:
    flinkgate config jobs/etl.yaml
  The JSON schema of `.flinkgate.yaml`, for editors:
    flinkgate config --schema";

/// Arguments of `flinkgate config`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// File or folder
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// Print the JSON schema of `.flinkgate.yaml`
    #[arg(long)]
    schema: bool,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: TextOrJson,
}

/// Runs the command.
///
/// # Errors
/// When the configuration cannot be used, or nothing can be written.
pub fn run(args: Args) -> Outcome {
    if args.schema {
        let schema = serde_json::to_string_pretty(&super::settings::schema())?;
        terminal::print(&(schema + "\n"))?;
        return Ok(Exit::Fine);
    }
    let mut discovery = Discovery::new(&args.settings)?;
    let number = discovery.of_path(&args.path)?;
    let Some(settings) = discovery.get(number) else { return Ok(Exit::Fine) };
    let file = settings.file.as_ref().map(|file| file.path.display().to_string());
    let rows = rows(settings, &args.settings);
    let path = args.path.display().to_string();
    let text = match args.format {
        TextOrJson::Text => text(&path, file.as_deref(), &rows),
        TextOrJson::Json => json(&path, file.as_deref(), &rows)?,
    };
    terminal::print(&text)?;
    Ok(Exit::Fine)
}

fn text(path: &str, file: Option<&str>, rows: &[Row]) -> String {
    let mut out = match file {
        Some(file) => format!("`{path}` has the configuration `{file}`\n\n"),
        None => format!("`{path}` has no configuration file\n\n"),
    };
    let shown: Vec<String> = rows.iter().map(|row| value(&row.value)).collect();
    let width = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default();
    let keys = width(&mut rows.iter().map(|row| row.key.len()));
    let origins = width(&mut rows.iter().map(|row| row.origin.chars().count()));
    for (row, shown) in rows.iter().zip(&shown) {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{:keys$}  {:origins$}  {shown}", row.key, row.origin);
    }
    out
}

/// A value in one line, as flow YAML.
fn value(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.is_empty() => "-".into(),
        Value::Object(fields) => {
            let is_set = |value: &&Value| {
                !value.is_null()
                    && value.as_array().is_none_or(|list| !list.is_empty())
                    && value.as_object().is_none_or(|fields| !fields.is_empty())
            };
            let set: Map<String, Value> = fields
                .iter()
                .filter(|(_, value)| is_set(value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if set.is_empty() { "-".into() } else { Value::Object(set).to_string() }
        }
        other => other.to_string(),
    }
}

fn json(path: &str, file: Option<&str>, rows: &[Row]) -> Result<String, serde_json::Error> {
    let settings: Map<String, Value> = rows
        .iter()
        .map(|row| (row.key.into(), json!({"value": row.value, "origin": row.origin})))
        .collect();
    let document = json!({"version": 1, "path": path, "file": file, "settings": settings});
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
