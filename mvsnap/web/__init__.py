"""HTTP: what comes in is checked, handed to jobs, and answered from the store."""
