"""Domains: pretrained generative models behind one interface."""
