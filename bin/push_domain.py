#!/usr/bin/env python3
from latent_xlate.cli.push_domain import console_entry_point

if __name__ == "__main__":
    console_entry_point()
