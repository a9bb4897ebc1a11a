"""The bridging VAE: its layers, its training and the latents that it learns from."""
