"""Layer app: mapping tests, judged by the engine's own walk; neither network, secret nor state is needed."""
