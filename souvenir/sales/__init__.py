"""Sales: what a buyer chose, what was agreed and paid, and what came back."""
