#!/usr/bin/env python3
from latent_xlate.cli.plot_one_class import console_entry_point

if __name__ == "__main__":
    console_entry_point()
