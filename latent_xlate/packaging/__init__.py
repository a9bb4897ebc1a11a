"""Packaging: trained models made into the folder of a pretrained domain."""
