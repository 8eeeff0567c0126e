"""Who a bearer token speaks for: knows a provider's tokens and keys, and nothing of parties."""
