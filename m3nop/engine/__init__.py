"""Layer engine: drives records through their steps so that each takes effect exactly once."""
