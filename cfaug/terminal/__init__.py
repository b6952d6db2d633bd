"""What every part shows on the terminal: progress bars and tables."""
