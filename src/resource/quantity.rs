//! Kubernetes quantities, exactly: `100m`, `1.5`, `2Gi`, `1e3`.

/// An exact amount, in billionths of its unit (nano-cores, nano-bytes), as `resource.Quantity` counts at its finest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity {
    nanos: i128,
}
