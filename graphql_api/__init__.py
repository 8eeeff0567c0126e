"""Partyfinder: a GraphQL API on Apache Cassandra for finding, posting, joining and leaving parties."""
