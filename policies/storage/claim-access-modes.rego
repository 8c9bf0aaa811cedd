# METADATA
# title: Access modes of the tenant only
# description: |
#   A tenant may say which access modes its PersistentVolumeClaims have, so that none ties pods to one node.
# custom:
#   id: storage/claim-access-modes
#   level: error
#   since: 0.1.0
#   when: [flink.problems.claimAccessModes]
#   help: Use an access mode that the tenant allows.
#   tenant: |
#     storage: {claims: {accessModes: [ReadWriteMany]}}
#   bad: |
#     apiVersion: v1
#     kind: PersistentVolumeClaim
#     metadata: {name: etl-data}
#     spec:
#       accessModes: [ReadWriteOnce]
#       resources: {requests: {storage: 10Gi}}
#   good: |
#     apiVersion: v1
#     kind: PersistentVolumeClaim
#     metadata: {name: etl-data}
#     spec:
#       accessModes: [ReadWriteMany]
#       resources: {requests: {storage: 10Gi}}
package flinkgate.storage.claim_access_modes

import rego.v1

deny contains finding if some finding in input.flink.problems.claimAccessModes
