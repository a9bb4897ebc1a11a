"""Latents: what a bridge learns from."""
