"""What is for sale: products with their price, tax category, codes and the story of where they come from."""
