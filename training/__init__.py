"""How a triage model is made from labelled enquiries, and the command line of data staff."""
