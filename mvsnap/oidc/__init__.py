"""Log-ins by an OpenID Connect provider. Loaded only where the settings name one."""
