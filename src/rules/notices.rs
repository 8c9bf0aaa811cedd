//! Ids of findings that no rule reports: what Flinkgate refuses before a rule runs, what it protects
//! of its own, and what `lint` reports of a file.
//!
//! `flinkgate explain` shows their pages, and no policy of a user can have their ids.

use super::{Documentation, Level};

/// An id without a rule, with its page.
#[derive(Debug, PartialEq, Eq)]
pub struct Notice {
    /// `<family>/<name>` in kebab-case.
    pub id: &'static str,
    /// Level of its findings, unless one has its own.
    pub level: Level,
    /// A noun phrase that names the subject.
    pub title: &'static str,
    /// What is refused or reported, and why.
    pub description: &'static str,
    /// What to do.
    pub help: &'static str,
    /// Whether a tenant's overrides and exemptions apply.
    pub is_exemptible: bool,
}

impl Notice {
    /// The same as a rule's documentation.
    pub fn documentation(&self) -> Documentation {
        Documentation {
            id: self.id.into(),
            family: self.id.split_once('/').map_or(self.id, |(family, _)| family).into(),
            title: self.title.into(),
            description: self.description.into(),
            level: self.level,
            help: Some(self.help.into()),
            builtin: true,
            path: "src/rules/notices.rs".into(),
            ..Documentation::default()
        }
    }
}

/// All of them, sorted by id.
pub static NOTICES: [&Notice; 14] = [
    &FLINK_UNREAD_OBJECT,
    &SUPPRESSION,
    &UNUSED,
    &NETWORK_UNREAD_OBJECT,
    &QUOTA_UNREAD_OBJECT,
    &EARLIER_SPEC,
    &FLINK_POLICY,
    &FLINK_TENANT,
    &FLINK_TENANT_LEDGER,
    &NAMESPACE_LABEL,
    &OVERLOAD,
    &STATUS,
    &UNREAD_NAMESPACE,
    &DOUBTFUL_YAML,
];

/// What `lint` reports of files, and no webhook of objects.
pub static OF_LINT: [&Notice; 3] = [&SUPPRESSION, &UNUSED, &DOUBTFUL_YAML];

const SEND_AGAIN: &str = "Send the object again. If it is refused again, look for the error of the \
    API server in Flinkgate's log.";

/// An object has values of an earlier spec of its tenant.
pub static EARLIER_SPEC: Notice = Notice {
    id: "tenancy/earlier-spec",
    level: Level::Warning,
    title: "Values of an earlier spec of the tenant",
    description: "The tenant changed while the cluster lives. With `onChange: KeepRunning` the \
        cluster's objects may have what the cluster was admitted with, and an update keeps the \
        claim and the directories of its state.",
    help: "Apply the cluster's resource again, which gives it the values in force. To move its \
        state, take a savepoint, delete the resource, and create it again from the savepoint. \
        `flinkgate impact` lists such clusters.",
    is_exemptible: false,
};

/// An object to which Flink's configuration refers could not be read.
pub static FLINK_UNREAD_OBJECT: Notice = Notice {
    id: "flink/unread-object",
    level: Level::Error,
    title: "Unreadable related objects",
    description: "The object refers to another one, such as the cluster of a FlinkSessionJob or a \
        ConfigMap with Flink's configuration, and Flinkgate could not read that one. Nothing was \
        checked, so the request is answered with status 429 and clients send it again.",
    help: SEND_AGAIN,
    is_exemptible: false,
};

/// The objects between clients and JobManagers could not be read.
pub static NETWORK_UNREAD_OBJECT: Notice = Notice {
    id: "network/unread-object",
    level: Level::Error,
    title: "Unreadable pods and Services",
    description: "The tenant limits which clients reach Flink's REST port. Whether a Service or an \
        Ingress leads to it depends on the pods and Services of the namespace, and Flinkgate could \
        not read them. Nothing was checked, so the request is answered with status 429 and clients \
        send it again.",
    help: SEND_AGAIN,
    is_exemptible: false,
};

/// An owner or a scaled object could not be read.
pub static QUOTA_UNREAD_OBJECT: Notice = Notice {
    id: "quota/unread-object",
    level: Level::Error,
    title: "Unreadable owners and scaled objects",
    description: "What the request uses of the tenant's quota depends on another object, its owner \
        or the one that it scales, and Flinkgate could not read that one. Nothing was reserved, so \
        the request is answered with status 429 and clients send it again.",
    help: SEND_AGAIN,
    is_exemptible: false,
};

/// A FlinkPolicy that cannot be used.
pub static FLINK_POLICY: Notice = Notice {
    id: "tenancy/flink-policy",
    level: Level::Error,
    title: "Invalid FlinkPolicies",
    description: "The Rego text of the FlinkPolicy does not compile, or a FlinkTenant names a rule \
        of a FlinkPolicy that is deleted. An invalid FlinkPolicy is refused; a deletion is admitted \
        with a warning.",
    help: "Correct the line that the message names. `flinkgate lint FILE` checks FlinkPolicies \
        before they are applied, and `flinkgate test` runs the tests of policies.",
    is_exemptible: false,
};

/// A FlinkTenant that cannot be used.
pub static FLINK_TENANT: Notice = Notice {
    id: "tenancy/flink-tenant",
    level: Level::Error,
    title: "Invalid FlinkTenants",
    description: "Errors: the FlinkTenant does not fit its schema, selects a namespace of another \
        tenant, has a list entry that can match nothing, or gives pods and claims what Kubernetes or \
        Flink refuses, such as a label with a blank or an option with an invalid value. Every job of \
        the tenant would fail. A stored tenant of an earlier version of Flinkgate with such a value \
        stays in force, and an update that does not change the value gets a warning.\n\n\
        Warnings: parts of the FlinkTenant contradict each other or have no effect, such as options \
        that its own rules refuse, a claim that no component creates, or a star in a list of exact \
        names.",
    help: "Correct the field that the message names. `flinkgate lint FILE` reports the same findings \
        before the tenant is applied.",
    is_exemptible: false,
};

/// A ledger that a user changes.
pub static FLINK_TENANT_LEDGER: Notice = Notice {
    id: "tenancy/flink-tenant-ledger",
    level: Level::Error,
    title: "Protected ledgers",
    description: "A FlinkTenantLedger holds what a tenant uses of its quota. Only Flinkgate writes \
        it: another writer could take or release quota.",
    help: "Leave ledgers alone. The leader counts a deleted or malformed ledger again.",
    is_exemptible: false,
};

/// The tenant label of a Namespace.
pub static NAMESPACE_LABEL: Notice = Notice {
    id: "tenancy/namespace-label",
    level: Level::Error,
    title: "Tenant label of Namespaces",
    description: "The label `flinkgate.dev/tenant` of a Namespace decides which webhooks the API \
        server calls for its objects. Flinkgate sets it according to the FlinkTenants, and refuses \
        another value.",
    help: "Remove the label from the manifest. To move a namespace, change `spec.namespaces` of the \
        FlinkTenants.",
    is_exemptible: false,
};

/// A request that was not judged in time.
pub static OVERLOAD: Notice = Notice {
    id: "tenancy/overload",
    level: Level::Error,
    title: "Requests without a decision in time",
    description: "Too many large objects were waiting, or the check of the object did not end before \
        the deadline of the API server. The request is answered with status 429 and clients send it \
        again.",
    help: "Send the object again. If one object is refused each time, make it smaller: \
        `flinkgate explain tenancy/object-limits` lists the limits.",
    is_exemptible: false,
};

/// A status that acts and is not the user's to write.
pub static STATUS: Notice = Notice {
    id: "tenancy/status",
    level: Level::Error,
    title: "Protected status",
    description: "The Flink operator deploys what it finds in the status of its objects, the phase \
        of a pod decides whether it uses quota, and an update of `status` also stores labels and \
        annotations. Only the operator, components of the cluster and service accounts outside of \
        the tenants' namespaces may change these.",
    help: "Change the object itself, and leave its status to its controller.",
    is_exemptible: true,
};

/// The labels of a namespace could not be read.
pub static UNREAD_NAMESPACE: Notice = Notice {
    id: "tenancy/unread-namespace",
    level: Level::Error,
    title: "Unreadable namespaces",
    description: "Which tenant owns the namespace depends on its labels, and Flinkgate could not \
        read them. Nothing was checked, so the request is answered with status 429 and clients send \
        it again.",
    help: SEND_AGAIN,
    is_exemptible: false,
};

/// A text that readers of YAML understand differently.
pub static DOUBTFUL_YAML: Notice = Notice {
    id: "yaml/doubtful",
    level: Level::Warning,
    title: "Ambiguous YAML",
    description: "Readers of YAML understand this text differently, such as a key that is set \
        twice: here the last value counts.",
    help: "Set each key once.",
    is_exemptible: false,
};

/// A suppression that cannot be used.
pub static SUPPRESSION: Notice = Notice {
    id: "lint/suppression",
    level: Level::Error,
    title: "Invalid suppressions",
    description: "A comment `# flinkgate: …` or an annotation `flinkgate.dev/allow` suppresses \
        findings of `flinkgate lint`. This one has no reason or names an unknown rule, so it \
        suppresses nothing.",
    help: "Write `# flinkgate: allow RULE -- reason`, with the id of the rule and the reason why the \
        finding is accepted. docs/lint.md describes where it applies.",
    is_exemptible: false,
};

/// A suppression or a baseline entry without a finding.
pub static UNUSED: Notice = Notice {
    id: "lint/unused",
    level: Level::Warning,
    title: "Unused suppressions and baseline entries",
    description: "A suppression or an entry of the baseline matches no finding. The next finding \
        that it matches would be hidden. `flinkgate lint --report-unused` reports both.",
    help: "Remove the suppression. `flinkgate lint --baseline FILE --write-baseline FILE` removes \
        the entries of a baseline that match nothing.",
    is_exemptible: false,
};
