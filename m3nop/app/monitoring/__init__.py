"""What operations see of a project: metrics, health, logs and traces."""
