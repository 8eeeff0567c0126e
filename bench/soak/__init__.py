"""The soak: mixed load for half an hour on a cluster whose nodes are restarted in turn."""
