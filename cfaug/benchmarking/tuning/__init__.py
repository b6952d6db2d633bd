"""Random draws of each method's options, and the choice among them."""
