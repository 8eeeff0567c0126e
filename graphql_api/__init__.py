"""Partyfinder: a GraphQL API on Apache Cassandra to find, post, join and leave parties."""
