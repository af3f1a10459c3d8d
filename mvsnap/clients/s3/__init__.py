"""An S3-compatible store for copies of clips."""
