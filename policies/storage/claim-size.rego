# METADATA
# title: Claims of a size
# description: |
#   A tenant may say how large one PersistentVolumeClaim may be, new or grown. All together are counted by its quota.
# custom:
#   id: storage/claim-size
#   level: error
#   since: 0.1.0
#   when: [flink.problems.claimSize]
#   help: Ask for less.
#   tenant: |
#     storage: {claims: {maxSize: 100Gi}}
#   bad: |
#     apiVersion: v1
#     kind: PersistentVolumeClaim
#     metadata: {name: etl-data}
#     spec:
#       accessModes: [ReadWriteMany]
#       resources: {requests: {storage: 1Ti}}
#   good: |
#     apiVersion: v1
#     kind: PersistentVolumeClaim
#     metadata: {name: etl-data}
#     spec:
#       accessModes: [ReadWriteMany]
#       resources: {requests: {storage: 100Gi}}
package flinkgate.storage.claim_size

import rego.v1

deny contains finding if some finding in input.flink.problems.claimSize
