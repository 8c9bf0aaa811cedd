//! `spec.network`: how Flink may be exposed outside the cluster.

use super::is_default;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How Flink may be exposed outside the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Network {
    /// Host names of Ingresses, and of DNS records for Services. A star matches characters within one
    /// label, such as `*.payments.example.com`; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_hosts: Option<Vec<String>>,
    /// Types of the Service for Flink's REST port, which does not authenticate clients: ClusterIP,
    /// Headless_ClusterIP, NodePort, LoadBalancer; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_types: Option<Vec<ServiceType>>,
    /// Whether clients outside the cluster must authenticate before they reach Flink's REST port: at
    /// an Ingress, or by Flink's option security.ssl.rest.authentication-enabled.
    #[serde(skip_serializing_if = "is_default")]
    pub require_authentication: bool,
    /// Host ports that pods may use where the Pod Security level allows host ports; any when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = crate::resource::schema::without_format)]
    pub host_ports: Option<Vec<u16>>,
}

/// Types of the Service for Flink's REST port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(transform = crate::resource::schema::without_description)]
pub enum ServiceType {
    /// Reachable within the cluster.
    ClusterIP,
    /// Reachable within the cluster at the pods' addresses.
    #[serde(rename = "Headless_ClusterIP")]
    HeadlessClusterIP,
    /// Reachable at a port of every node.
    NodePort,
    /// Reachable through a cloud load balancer.
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
