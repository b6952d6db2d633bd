"""Files: images, tables, shards, and how they are written whole."""
