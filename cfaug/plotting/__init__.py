"""Heat maps, grids of images and charts, written as PNG."""
