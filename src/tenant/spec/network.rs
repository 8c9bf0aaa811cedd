//! `spec.network`: how Flink may be reached from outside.

use super::is_default;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How Flink may be reached from outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Network {
    /// Host names that Ingresses may serve, and that may be written into DNS for Services: compared
    /// label by label, a star standing for letters within one label, such as
    /// `*.payments.example.com`; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_hosts: Option<Vec<String>>,
    /// Types of the Service in front of Flink's REST port, which asks nobody for a password:
    /// ClusterIP, Headless_ClusterIP, NodePort, LoadBalancer; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_types: Option<Vec<ServiceType>>,
    /// Whether whoever comes to Flink's REST port from outside of the cluster must be asked who
    /// that is: by an Ingress that authenticates, or by Flink's own
    /// security.ssl.rest.authentication-enabled.
    #[serde(skip_serializing_if = "is_default")]
    pub require_authentication: bool,
    /// Ports of their node that pods may take where the Pod Security level lets them take any; any
    /// when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub host_ports: Option<Vec<u16>>,
}

/// Types of the Service in front of Flink's REST port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum ServiceType {
    /// Reached from within the cluster.
    ClusterIP,
    /// The same, by the pods' own addresses.
    #[serde(rename = "Headless_ClusterIP")]
    HeadlessClusterIP,
    /// Reached at a port of every node.
    NodePort,
    /// Reached through a load balancer of the cloud.
    LoadBalancer,
}

impl AsRef<str> for ServiceType {
    fn as_ref(&self) -> &str {
        match self {
            Self::ClusterIP => "ClusterIP",
            Self::HeadlessClusterIP => "Headless_ClusterIP",
            Self::NodePort => "NodePort",
            Self::LoadBalancer => "LoadBalancer",
        }
    }
}
