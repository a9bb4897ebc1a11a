"""Exported translators: SavedModels for TensorFlow Serving and any program that reads them."""
