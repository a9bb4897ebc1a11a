"""Training with few labels: tables of labels, the choice of instances to label, and propagation to all others."""
