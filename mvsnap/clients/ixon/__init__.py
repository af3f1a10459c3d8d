"""IXON Cloud: login, devices, web access to a camera behind a router."""
