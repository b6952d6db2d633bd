"""What commands print, and what they keep Lightning from printing."""
