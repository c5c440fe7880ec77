"""The same applications and checks, run against tlsgi and against the servers it replaces."""
