"""Layer state: the records, attempts and calls of one environment, in SQLite or PostgreSQL."""
