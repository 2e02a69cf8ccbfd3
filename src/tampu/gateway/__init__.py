"""What stands between clients and upstreams: records of what was answered. Knows no tensors and no HTTP."""
