#!/usr/bin/env python3
from latent_xlate.cli.translate_dataset import console_entry_point

console_entry_point()
