"""IXON Cloud: log-in, devices, web access to a camera behind a router."""
