"""Packaging: trained models become the folder of a pretrained domain, with latents and a model card."""
