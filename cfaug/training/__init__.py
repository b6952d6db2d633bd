"""What all Lightning modules share: seeds, learning rates, checkpoints."""
