//! docs/lint.md is true: its commands run, and its configuration is one.

use crate::folder::{Folder, harmless, tenant};

fn blocks(language: &str) -> Vec<String> {
    let page = std::fs::read_to_string("docs/lint.md").unwrap();
    let opening = format!("```{language}\n");
    page.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

fn folder() -> Folder {
    Folder::new(&[
        ("jobs/a.yaml", &harmless("a")),
        ("platform/tenants/payments.yaml", &tenant("payments", "")),
        (
            "platform/policies/x.rego",
            "package x\nimport rego.v1\ndeny contains \"no\" if input.flink.none\n",
        ),
        ("platform/operator.yaml", "taskmanager.numberOfTaskSlots: 1\n"),
        (".flinkgate-baseline.json", r#"{"version": 1, "findings": []}"#),
    ])
}

#[test]
fn the_configuration_of_the_page_is_one() {
    let folder = folder();
    let configuration = &blocks("yaml")[0];
    folder.write(".flinkgate.yaml", configuration);
    let config = folder.run(&["config"]);
    assert_eq!(config.status, 0, "{}", config.err);
    let keys = configuration.lines().filter(|line| line.starts_with(char::is_lowercase)).count();
    assert_eq!(
        config.out.matches(".flinkgate.yaml:").count(),
        keys - 1,
        "include is empty:\n{}",
        config.out
    );
    let lint = folder.run(&["lint"]);
    assert!(lint.status < 2, "{}", lint.err);
    assert!(folder.path().join("lint.sarif").exists());
}

#[test]
fn the_commands_of_the_page_run() {
    let folder = folder();
    let mut ran = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        let command = line.split('#').next().unwrap().trim();
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let run = folder.run(&words);
        assert!(run.status < 2, "{command}: {}", run.err);
        ran += 1;
    }
    assert_eq!(ran, 4);
}
