#!/usr/bin/env python3
from latent_xlate.cli.inception_score import console_entry_point

console_entry_point()
