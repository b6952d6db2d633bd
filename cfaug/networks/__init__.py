"""Networks that several rooms use; they do not depend on Lightning."""
