"""The books: what the shop owns and owes, posted from what happened and replayed to any day."""
