//! The lists of a FlinkTenant and their doors: every field of an object, option or annotation that
//! does what the list is about.
//!
//! A list that held for one of two fields with the same effect would hold for neither. A new field
//! of Kubernetes, Flink or an operator is one entry here, a check in the rule, and a case in
//! `tests/data/bypasses/doors.yaml`. `tests/bypasses/doors.rs` compares the three, and demands a row
//! for every list of the spec.

/// A list of the spec.
#[derive(Clone, Copy, Debug)]
pub struct List {
    /// The field of the spec.
    pub field: &'static str,
    /// The rules that read it.
    pub rules: &'static [&'static str],
    /// What it holds for, each by a name that its case has too.
    pub doors: &'static [&'static str],
}

const fn list(
    field: &'static str,
    rules: &'static [&'static str],
    doors: &'static [&'static str],
) -> List {
    List { field, rules, doors }
}

/// The images that pods pull.
const IMAGES: &[&str] = &[
    "containers[].image",
    "initContainers[].image",
    "ephemeralContainers[].image",
    "volumes[].image.reference",
    "FlinkDeployment spec.image",
    "option kubernetes.container.image.ref",
];

/// The sources of objects' names in pods.
const SECRETS: &[&str] = &[
    "volumes[].secret.secretName",
    "volumes[].projected.sources[].secret.name",
    "volumes[].csi.nodePublishSecretRef.name",
    "envFrom[].secretRef.name",
    "env[].valueFrom.secretKeyRef.name",
    "imagePullSecrets[].name",
    "option kubernetes.secrets",
    "option kubernetes.env.secretKeyRef",
    "option kubernetes.container.image.pull-secrets",
    "kerberos-keytab-<another cluster>",
    "FlinkCluster gcpConfig",
];

/// The lists, each with all of its doors.
pub static LISTS: &[List] = &[
    list("security.images.allow", &["security/image-registry"], IMAGES),
    list(
        "security.images.pullPolicies",
        &["security/image-pull-policy"],
        &[
            "containers[].imagePullPolicy",
            "initContainers[].imagePullPolicy",
            "volumes[].image.pullPolicy",
            "volumes[].image without pullPolicy",
            "option kubernetes.container.image.pull-policy",
        ],
    ),
    list(
        "security.serviceAccounts",
        &["security/service-account"],
        &[
            "serviceAccountName",
            "serviceAccount",
            "FlinkDeployment spec.serviceAccount",
            "option kubernetes.taskmanager.service-account",
        ],
    ),
    list("security.secrets", &["security/secrets"], SECRETS),
    list(
        "security.configMaps",
        &["security/config-maps"],
        &[
            "volumes[].configMap.name",
            "volumes[].projected.sources[].configMap.name",
            "envFrom[].configMapRef.name",
            "env[].valueFrom.configMapKeyRef.name",
            "option kubernetes.hadoop.conf.config-map.name",
            "flink-config-<another cluster>",
            "FlinkCluster hadoopConfig",
        ],
    ),
    list(
        "security.entrypoints",
        &["security/entrypoint"],
        &["command of Flink's container", "option kubernetes.entry.path"],
    ),
    list(
        "security.forbiddenEnvironment",
        &["security/environment"],
        &[
            "env[].name",
            "envFrom[] without prefix",
            "envFrom[].prefix that begins a name",
            "envFrom[].secretRef",
            "option containerized.taskmanager.env.*",
            "option kubernetes.env.secretKeyRef as a variable",
            "option env.java.opts.all",
            "FlinkCluster hadoopConfig as a variable",
        ],
    ),
    list(
        "security.forbiddenLabels",
        &["security/metadata"],
        &[
            "labels of pods",
            "option kubernetes.taskmanager.labels",
            "option kubernetes.rest-service.labels",
        ],
    ),
    list(
        "security.forbiddenAnnotations",
        &["security/metadata"],
        &[
            "annotations of pods",
            "option kubernetes.jobmanager.annotations",
            "option kubernetes.rest-service.annotations",
        ],
    ),
    list(
        "security.sidecars.names",
        &["security/sidecars"],
        &["containers[].name", "initContainers[].name", "ephemeralContainers[].name"],
    ),
    list(
        "security.hostAliases",
        &["security/host-aliases"],
        &[
            "hostAliases[].hostnames[]",
            "dnsConfig.nameservers[]",
            "dnsConfig.searches[]",
            "dnsPolicy None",
            "hostnameOverride",
            "volumeMounts[].mountPath /etc/hosts",
            "volumeMounts[].mountPath /etc/resolv.conf",
            "option kubernetes.secrets at /etc",
            "FlinkCluster hadoopConfig at /etc",
        ],
    ),
    list(
        "security.extendedResources",
        &["security/extended-resources"],
        &[
            "resources.requests",
            "resources.limits",
            "resourceClaims[]",
            "option external-resource.*.kubernetes.config-key",
        ],
    ),
    list("security.runtimeClasses", &["security/runtime-class"], &["runtimeClassName"]),
    list("scheduling.priorityClasses", &["scheduling/priority-class"], &["priorityClassName"]),
    list("scheduling.schedulerNames", &["scheduling/scheduler-name"], &["schedulerName"]),
    list(
        "storage.checkpoints.locations",
        &["storage/checkpoint-dir", "storage/savepoint-dir", "storage/foreign-data"],
        &[
            "option execution.checkpointing.dir",
            "option state.savepoints.dir",
            "option execution.state-recovery.path",
            "option state.changelog.dstl.dfs.base-path",
        ],
    ),
    list(
        "storage.claims.names",
        &["storage/claims"],
        &[
            "volumes[].persistentVolumeClaim.claimName",
            "option kubernetes.persistent-volume-claims",
            "volumes[].ephemeral dataSource",
            "PersistentVolumeClaim dataSource",
            "PersistentVolumeClaim dataSourceRef",
            "PersistentVolumeClaim dataSourceRef of another namespace",
            "PersistentVolumeClaim dataSource VolumeSnapshot",
            "PersistentVolumeClaim volumeName",
            "PersistentVolumeClaim selector",
            "volumeClaimTemplates[] dataSource",
        ],
    ),
    list(
        "storage.claims.storageClassNames",
        &["storage/claim-class"],
        &[
            "PersistentVolumeClaim storageClassName",
            "PersistentVolumeClaim annotation storage-class",
            "volumes[].ephemeral storageClassName",
            "volumeClaimTemplates[] storageClassName",
        ],
    ),
    list(
        "storage.claims.accessModes",
        &["storage/claim-access-modes"],
        &["PersistentVolumeClaim accessModes", "volumes[].ephemeral accessModes"],
    ),
    list(
        "storage.zooKeeperPaths",
        &["storage/foreign-data"],
        &["option high-availability.zookeeper.path.root"],
    ),
    list("flink.versions", &["flink/allowed-version"], &["FlinkDeployment spec.flinkVersion"]),
    list(
        "flink.configuration.forbidden",
        &["flink/forbidden-option"],
        &["FlinkDeployment spec.flinkConfiguration", "FlinkSessionJob spec.flinkConfiguration"],
    ),
    list(
        "flink.restartStrategy.types",
        &["flink/restart-strategy"],
        &["option restart-strategy.type"],
    ),
    list(
        "flink.metricsReporters",
        &["flink/metrics-reporter"],
        &["option metrics.reporter.*.factory.class"],
    ),
    list(
        "network.ingressHosts",
        &["network/ingress-host"],
        &[
            "Ingress rules[].host",
            "Ingress defaultBackend",
            "Ingress tls[].hosts[]",
            "FlinkDeployment spec.ingress.template",
            "annotation external-dns hostname of an Ingress",
            "annotation external-dns hostname of a Service",
            "annotation coredns.io/hostname of a Service",
            "annotation tailscale.com/hostname of a Service",
            "annotation external-dns hostname of an ExternalName Service",
            "annotation external-dns internal-hostname of a pod",
            "annotation nginx server-alias",
            "annotation nginx server-alias as a regular expression",
            "annotation haproxy-ingress server-alias-regex",
            "annotation haproxy-ingress redirect-from",
            "annotation konghq.com/host-aliases",
            "annotation konghq.com/snis",
            "annotation appgw hostname-extension",
            "annotation alb conditions",
            "annotation alb conditions with another spelling",
            "annotation alb actions by ARN",
            "annotation traefik router.tls.domains",
            "annotation cert-manager common-name",
            "annotation cert-manager alt-names",
            "annotation dns.gardener.cloud/dnsnames",
            "annotation nginx server-snippet",
            "annotation nginx.org server-snippets",
            "annotation haproxy.org backend-config-snippet of a Service",
            "annotation haproxy.org route-acl of a Service",
            "annotation haproxy-ingress config-backend",
            "annotation ingress.kubernetes.io config-backend",
            "annotation getambassador.io/config of a Service",
            "annotation zalando.org/skipper-routes",
            "option kubernetes.rest-service.annotations with a host",
        ],
    ),
    list(
        "network.serviceTypes",
        &["network/rest-exposure"],
        &[
            "option kubernetes.rest-service.exposed.type",
            "Service by component label",
            "Service by any selector",
            "Service by a port's name",
            "Service by another rest.port",
            "Service by a label that the tenant gives",
            "Service without selector",
            "Service externalIPs",
            "FlinkCluster accessScope",
        ],
    ),
    list("network.hostPorts", &["network/host-port"], &["containers[].ports[].hostPort"]),
    list("cost.labels", &["cost/labels"], &["labels of pods that are missing"]),
];

/// Arrays of the spec that neither allow nor forbid: they choose objects, or are given to them.
pub static OTHER_ARRAYS: &[&str] = &[
    "cost.spot.tolerations",
    "exemptions",
    "namespaces.names",
    "namespaces.selector.matchExpressions",
    "rules",
    "scheduling.tolerations",
    "storage.checkpoints.volume.accessModes",
];
