//! What `flink/invalid-pod` says of values that do not go with others.

use crate::kubernetes::validation::Reason;

/// The message and the help for a reason.
pub fn words(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::InitContainer => {
            ("an init container has no probes and lifecycle hooks", "remove it")
        }
        Reason::EphemeralContainer => {
            ("a template has no ephemeral containers", "remove `ephemeralContainers`")
        }
        Reason::Bidirectional => (
            "bidirectional propagation is for privileged containers only",
            "remove `mountPropagation`",
        ),
        Reason::RecursiveReadOnly => (
            "`recursiveReadOnly` needs `readOnly: true` and no propagation",
            "remove `recursiveReadOnly`",
        ),
        Reason::BlockDevice => (
            "only a claim can be a block device",
            "use a `persistentVolumeClaim` or `ephemeral` volume",
        ),
        Reason::ValueAndSource => ("a variable has both `value` and `valueFrom`", "remove `value`"),
        Reason::SuccessThreshold => {
            ("`successThreshold` of this probe must be 1", "remove `successThreshold`")
        }
        Reason::ReadinessGracePeriod => (
            "a readiness probe has no grace period",
            "remove `terminationGracePeriodSeconds` from the probe",
        ),
        Reason::LongSleep => (
            "the hook sleeps longer than `terminationGracePeriodSeconds`",
            "shorten `sleep`, or raise `terminationGracePeriodSeconds`",
        ),
        Reason::HostSysctl => (
            "the pod uses the node's namespace that this kernel parameter is of",
            "remove the kernel parameter",
        ),
        Reason::HostNetworkPort => {
            ("with `hostNetwork`, `hostPort` must equal `containerPort`", "remove `hostPort`")
        }
        Reason::EmptyKey => {
            ("a toleration without `key` needs `operator: Exists`", "add the `key` of the taint")
        }
        Reason::ExistsValue => {
            ("a toleration with `operator: Exists` has no `value`", "remove `value`")
        }
        Reason::TolerationSeconds => {
            ("`tolerationSeconds` needs `effect: NoExecute`", "remove `tolerationSeconds`")
        }
        Reason::NoValues => ("`Exists` and `DoesNotExist` take no `values`", "remove `values`"),
        Reason::OneValue => {
            ("this expression takes exactly one value", "list one value in `values`")
        }
        Reason::SomeValues => ("`In` and `NotIn` need `values`", "add the values"),
        Reason::KeysWithoutSelector => {
            ("these keys need a `labelSelector`", "add the `labelSelector`")
        }
        Reason::SelectedKey => {
            ("the key is in the `labelSelector` too", "remove the key from the list")
        }
        Reason::MinDomains => {
            ("`minDomains` needs `whenUnsatisfiable: DoNotSchedule`", "remove `minDomains`")
        }
        Reason::NameServers => {
            ("`dnsPolicy: None` needs `dnsConfig.nameservers`", "remove `dnsPolicy`")
        }
        Reason::PrivilegeEscalation => (
            "a privileged container cannot have `allowPrivilegeEscalation: false`",
            "remove `privileged` and the capability `CAP_SYS_ADMIN`",
        ),
        Reason::LocalhostProfile => {
            ("`localhostProfile` needs `type: Localhost`", "remove `localhostProfile`")
        }
        Reason::Unmasked => {
            ("`procMount: Unmasked` needs `hostUsers: false`", "remove `procMount`")
        }
        Reason::SharedProcesses => (
            "`hostPID` and `shareProcessNamespace` exclude each other",
            "remove `shareProcessNamespace`",
        ),
        Reason::HostUsers => {
            ("a pod with `hostUsers: false` cannot use other namespaces of its node", "remove it")
        }
        Reason::HugePages => {
            ("a container with huge pages needs `cpu` or `memory`", "add `memory`")
        }
        Reason::ReadWriteOncePod => (
            "`ReadWriteOncePod` cannot be combined with other access modes",
            "keep one access mode",
        ),
        Reason::TemplateMetadata => {
            ("a claim's template has labels and annotations only", "remove the field")
        }
        Reason::GatedNode => {
            ("a pod with `schedulingGates` has no `nodeName`", "remove `nodeName`")
        }
        Reason::Selector => (
            "`selector` does not match the labels of the template",
            "give the template the labels of `selector`",
        ),
        Reason::EmptySelector => {
            ("`selector` is empty", "select labels of the template with `matchLabels`")
        }
        Reason::Deadline => (
            "pods that always restart have no `activeDeadlineSeconds`",
            "remove `activeDeadlineSeconds`",
        ),
    }
}
