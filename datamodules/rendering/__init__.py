"""How attributes are drawn into images."""
