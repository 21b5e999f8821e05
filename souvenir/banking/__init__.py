"""Banking: money the shop owes others leaves by bank transfer, once, and is owed again if it comes back."""
