"""Tables and pictures of the finished cells of a benchmark."""
