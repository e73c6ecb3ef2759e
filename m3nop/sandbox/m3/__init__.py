"""A strict double of M3's REST services."""
