"""Benchmarks; `make bench` runs the main one."""
