"""People as the shop may know them: sealed under keys of their own, by purpose, and forgotten when they ask."""
