"""Data sets: their sources, how they are stored, and labelled instances in memory."""
