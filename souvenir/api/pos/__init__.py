"""The point of sale's schema: what a device does at the outlet and till where it stands."""
