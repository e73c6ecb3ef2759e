"""Layer http: sends requests and classifies what came back; alone knows urllib3."""
