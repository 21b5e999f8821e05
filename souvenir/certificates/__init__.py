"""Certificates: what the issuer states about each piece sold, signed, for as long as the piece lives."""
