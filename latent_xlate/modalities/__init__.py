"""Modalities: how data of one kind are read, checked, written and shown."""
