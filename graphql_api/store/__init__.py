"""The only part that knows cassandra-driver: connection, statements, typed rows, migrations."""

import cassandra

try:
    import cassandra.cluster  # the driver looks for its event loop when it is imported
except cassandra.DependencyException:
    raise ImportError(
        "cassandra-driver has no event loop for this Python: install a wheel of it with the libev "
        "extension (`pip install --force-reinstall --only-binary :all: cassandra-driver`)."
    ) from None
