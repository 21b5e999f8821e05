"""Who may come in: staff by role, tills by device, customers and guests by session; each through its own door."""
