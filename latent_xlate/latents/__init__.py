"""Latents of labelled data: the training data of a bridge."""
