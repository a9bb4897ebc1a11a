"""Few labels: tables of labels, which instances to label first, and labels propagated to all others."""
