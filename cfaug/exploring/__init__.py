"""The local page on which images are edited by hand."""
