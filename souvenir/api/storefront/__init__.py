"""The storefront's schema: what visitors do, each in a session of their own."""
