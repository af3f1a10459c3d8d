"""Durable jobs: accepted, then done or failed. The only place that tries again."""
