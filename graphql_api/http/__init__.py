"""GraphQL and its company over HTTP: one transport or concern per file."""
