"""Traces of inpainting on single pictures: pure image analysis on arrays. See docs/forensics.md."""
