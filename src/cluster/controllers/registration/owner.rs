//! Which tool manages a webhook configuration, by the marks that tools leave on what they apply.

use serde_json::Value;

/// A tool that applies configurations again, and would fight with repairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Helm,
    ArgoCd,
    Flux,
}

impl Owner {
    /// The tool that manages a configuration, if any.
    pub(super) fn of(configuration: &Value) -> Option<Self> {
        let mark = |fields: &str, name: &str| {
            configuration.pointer("/metadata").and_then(|all| all.get(fields)?.get(name)?.as_str())
        };
        if ["kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name"]
            .iter()
            .any(|name| mark("labels", name).is_some())
        {
            return Some(Self::Flux);
        }
        let argo = ["argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"];
        if argo.iter().any(|name| mark("annotations", name).or(mark("labels", name)).is_some()) {
            return Some(Self::ArgoCd);
        }
        let by_helm = mark("labels", "app.kubernetes.io/managed-by") == Some("Helm");
        (by_helm || mark("annotations", "meta.helm.sh/release-name").is_some())
            .then_some(Self::Helm)
    }

    /// What a user does to restore a configuration.
    pub(super) fn help(owner: Option<Self>) -> &'static str {
        match owner {
            Some(Self::Helm) => "run `helm upgrade`, or set the chart's values `webhooks`",
            Some(Self::ArgoCd) => "synchronize the application in Argo CD",
            Some(Self::Flux) => "run `flux reconcile`",
            None => "run `flinkgate webhooks | kubectl apply -f -` or `helm upgrade`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tools_are_known_by_their_marks() {
        for (metadata, owner) in [
            (json!({}), None),
            (json!({"labels": {"app.kubernetes.io/managed-by": "kustomize"}}), None),
            (json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}}), Some(Owner::Helm)),
            (
                json!({"labels": {"app.kubernetes.io/managed-by": "Helm", "helm.toolkit.fluxcd.io/name": "flinkgate"}}),
                Some(Owner::Flux),
            ),
            (
                json!({"annotations": {"argocd.argoproj.io/tracking-id": "flinkgate:x"}}),
                Some(Owner::ArgoCd),
            ),
        ] {
            assert_eq!(Owner::of(&json!({"metadata": metadata})), owner, "{metadata}");
        }
    }
}
