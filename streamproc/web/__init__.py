"""The HTTP side: API, page, downloads, metrics."""
