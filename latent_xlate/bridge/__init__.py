"""The bridging VAE and its training."""
