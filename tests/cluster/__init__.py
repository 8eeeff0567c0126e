"""Tests on a cluster of three nodes, which ends with the last of them."""
