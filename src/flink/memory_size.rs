//! Memory sizes as Flink and the operator read them: `2048m`, `4 gb`, `2Gi`.
