"""The bridging VAE, its configuration and its training data."""
