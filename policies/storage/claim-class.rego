# METADATA
# title: Storage classes of the tenant only
# description: |
#   A tenant may say which storage classes its PersistentVolumeClaims name: claims themselves, those of a StatefulSet's templates
#   and of ephemeral volumes. A claim without a class gets the default one of its cluster, whichever that is. What an existing
#   claim has already is not held against its growth.
# custom:
#   id: storage/claim-class
#   level: error
#   since: 0.1.0
#   when: [flink.problems.claimClass]
#   help: Name a storage class that the tenant allows.
#   tenant: |
#     storage: {claims: {storageClassNames: [standard, nfs]}}
#   bad: |
#     apiVersion: v1
#     kind: PersistentVolumeClaim
#     metadata: {name: etl-data}
#     spec:
#       storageClassName: premium-ssd
#       accessModes: [ReadWriteMany]
#       resources: {requests: {storage: 10Gi}}
#   good: |
#     apiVersion: v1
#     kind: PersistentVolumeClaim
#     metadata: {name: etl-data}
#     spec:
#       storageClassName: nfs
#       accessModes: [ReadWriteMany]
#       resources: {requests: {storage: 10Gi}}
package flinkgate.storage.claim_class

import rego.v1

deny contains finding if some finding in input.flink.problems.claimClass
