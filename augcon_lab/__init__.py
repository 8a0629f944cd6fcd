"""Research on the method, in a code location of its own: the product does not depend on it."""
