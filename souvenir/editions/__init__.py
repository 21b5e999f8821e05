"""Editions: how many were made, where each piece is, who holds it, and the certificate that says so."""
