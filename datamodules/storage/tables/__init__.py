"""Tables of attributes: text or Parquet in, an attribute space and codes out."""
