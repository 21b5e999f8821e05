"""The places a souvenir comes from, and the outlets where it is sold or its tax refunded."""
