"""What the shop hands over on paper or screen: data in, text out. Nothing is looked up and nothing is decided here."""
