"""The stores a log can stand on; each passes the same suite of tests."""
