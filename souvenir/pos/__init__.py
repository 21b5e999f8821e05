"""The point of sale: devices at their tills, shifts with their drawers, and what a scanned code means."""
