"""Payments: money asked for, approved, declined and given back, through whichever provider the shop uses."""
