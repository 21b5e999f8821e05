"""The finance desk's schema: the books, and money on its way in and out."""
