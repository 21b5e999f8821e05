"""The back office's schema: what runs the shop, by role; a licensor has a window in it."""
