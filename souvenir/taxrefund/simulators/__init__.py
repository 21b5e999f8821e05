"""Stand-ins for the authorities, for tests and demonstrations: they answer as their real ones would, at once."""
