"""The API as Strawberry types: one file per entity, one per mutation. Rules live in `parties/`."""
