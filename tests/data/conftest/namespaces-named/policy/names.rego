package kubernetes.names

warn contains "the name is short" if count(input.metadata.name) < 3
