"""Research on the method, in its own code location; the product does not depend on it."""
