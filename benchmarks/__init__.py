"""Accuracy, cost and memory, measured with committed results; docs/benchmarks.md tells the figures and the commands."""
