"""How a triage model is asked: the web application, the visitor's messages, the prediction log."""
