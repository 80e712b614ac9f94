"""Making models. TensorFlow is imported here only, and never by the daemon."""
