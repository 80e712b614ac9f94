"""Pure decisions: no clock, no input or output, no concurrency."""
