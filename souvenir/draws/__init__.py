"""Draws for the right to buy: rules announced, entries listed, a ranking anyone can redo, offers that go down it."""
