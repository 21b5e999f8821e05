"""One file per way of paying."""
