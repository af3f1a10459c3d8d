"""Durable jobs: once accepted, finished or failed. The only place that retries."""
