"""The only part that knows cassandra-driver: connection, statements, typed rows, migrations."""
