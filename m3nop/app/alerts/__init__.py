"""Tells people what is the matter: rules over what the state knows, told by channels, each thing once."""
