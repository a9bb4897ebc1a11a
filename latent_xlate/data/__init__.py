"""Data: where it comes from, and labelled images in memory."""
