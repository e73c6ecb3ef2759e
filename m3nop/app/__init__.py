"""Layer app: the composition root, where ports and adapters meet."""
