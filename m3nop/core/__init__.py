"""Words and ports that every layer shares; the standard library is all it knows."""
