"""Video and audio: sources, the recording, decoding and cutting. The only package that imports av."""
