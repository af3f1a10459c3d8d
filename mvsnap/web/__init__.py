"""HTTP: requests are checked, handed to jobs, and answered from the store."""
