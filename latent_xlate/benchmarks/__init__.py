"""Benchmarks: speed on this machine, beside peers and the roofline; and pictures unlike the training data."""
