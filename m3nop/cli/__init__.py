"""Layer cli: parses commands, calls one function of app, renders the answer."""
