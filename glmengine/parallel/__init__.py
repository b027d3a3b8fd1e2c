"""Processes of this machine and machines of a cluster that share work."""
