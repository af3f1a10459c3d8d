"""The simulated IXON Cloud, with a camera behind its web access."""
