"""The mapping language at work: expressions, functions, lookups, fields."""
