"""The web interface: what goes over the wire, one module a subject."""
