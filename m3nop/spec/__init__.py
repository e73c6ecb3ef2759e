"""Layer spec: reads a project's YAML into checked models, with the position of every value."""
