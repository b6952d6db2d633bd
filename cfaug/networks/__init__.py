"""Networks that several rooms use; they know nothing of Lightning."""
