"""Benchmarks: speed on this machine, beside peers and the roofline."""
