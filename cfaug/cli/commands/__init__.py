"""One file for each command beside ``generator`` and ``classifier``."""
