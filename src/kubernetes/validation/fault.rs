//! Why the API server refuses a value.

use super::forms::Form;
use crate::resource::quantity::Quantity;

/// Takes each fault, with the place of the value that has it.
pub type Report<'r> = dyn FnMut(&super::Place<'_>, Fault<'_>) + 'r;

/// Why the API server refuses a value. The place of a fault is the field that has it, or the object
/// that lacks a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault<'v> {
    /// The object lacks this field, or it is empty.
    Missing(&'static str),
    /// The object needs one of these fields.
    MissingOneOf(&'static [&'static str]),
    /// The object has both of two fields of which it may have one.
    Both(&'v str, &'v str),
    /// An earlier element of the list has the same value.
    Repeated(&'v str),
    /// The pod has nothing of this kind with this name.
    NotFound(Named, &'v str),
    /// The value does not have the form that its field requires.
    Malformed(&'v str, Form),
    /// The value is none of these.
    Unsupported(&'v str, &'static [&'static str]),
    /// The number is outside of these bounds, which are included.
    OutOfRange(i64, i64, i64),
    /// The amount is less than zero.
    Negative,
    /// The amount of a countable resource is not a whole number.
    Fraction,
    /// The request of a resource is more than its limit.
    RequestOverLimit(&'v str, Quantity, Quantity),
    /// The request of a resource that cannot be overcommitted differs from its limit, or has none.
    RequestNotLimit(&'v str),
    /// The name of a resource that containers cannot request.
    UnknownResource(&'v str),
    /// More elements, characters or bytes than allowed.
    TooMany(usize),
    /// The value is not a text, of a field that takes texts.
    NotText,
    /// What the field says does not go with other fields.
    Refused(Reason),
}

/// What a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A volume of the pod.
    Volume,
    /// A container of the pod.
    Container,
    /// A resource claim of the pod.
    ResourceClaim,
}

/// Why a value does not go with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Only init containers that always restart have probes and lifecycle hooks.
    InitContainer,
    /// Ephemeral containers are added to running pods only.
    EphemeralContainer,
    /// Bidirectional mounts need a privileged container.
    Bidirectional,
    /// Recursive read-only mounts must be read-only, without propagation.
    RecursiveReadOnly,
    /// Only claims can be block devices.
    BlockDevice,
    /// `value` and `valueFrom` exclude each other.
    ValueAndSource,
    /// Liveness and startup probes succeed at the first success.
    SuccessThreshold,
    /// Readiness probes end no pod.
    ReadinessGracePeriod,
    /// The hook sleeps longer than the pod may take to end.
    LongSleep,
    /// The pod shares the node's namespace that the kernel parameter is of.
    HostSysctl,
    /// Ports of the node differ from the container's although the pod uses the node's network.
    HostNetworkPort,
    /// A toleration without key tolerates all taints.
    EmptyKey,
    /// A toleration for any value has none.
    ExistsValue,
    /// Only `NoExecute` ends pods after a time.
    TolerationSeconds,
    /// The operator takes no values.
    NoValues,
    /// The operator takes one value.
    OneValue,
    /// The operator takes values.
    SomeValues,
    /// The keys belong to a selector that is missing.
    KeysWithoutSelector,
    /// A key is listed and selected.
    SelectedKey,
    /// Only constraints that must hold count domains.
    MinDomains,
    /// `None` needs name servers.
    NameServers,
    /// A privileged container escalates privileges.
    PrivilegeEscalation,
    /// Only own profiles have a path.
    LocalhostProfile,
    /// Unmasked `/proc` needs a user namespace.
    Unmasked,
    /// The pod shares the processes of the node.
    SharedProcesses,
    /// The pod uses this namespace of the node.
    HostUsers,
    /// Huge pages need CPU or memory.
    HugePages,
    /// ReadWriteOncePod goes with no other access mode.
    ReadWriteOncePod,
    /// A claim's template has labels and annotations only.
    TemplateMetadata,
    /// A pod that waits for gates has no node.
    GatedNode,
    /// The workload's selector does not select its own pods.
    Selector,
    /// The workload's selector selects all pods.
    EmptySelector,
    /// Pods that always restart have no deadline.
    Deadline,
}
