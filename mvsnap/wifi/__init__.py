"""Wi-Fi analytics: Location Scanning observations become visits and reports."""
