"""Settings: config/mvsnap.yaml and the environment, read once into typed values."""
