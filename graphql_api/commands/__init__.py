"""The subcommands of `partyfinder`, one file each; `graphql_api.__main__` puts them together."""
