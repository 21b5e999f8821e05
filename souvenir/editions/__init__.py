"""Editions: how many were made, where each piece is, and who holds it."""
