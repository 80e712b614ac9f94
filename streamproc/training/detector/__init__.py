"""The detector of bugs anywhere in a picture: how it is trained and measured, and where it finds bugs in footage.

``python -m streamproc.training.detector --data LOGO_FOLDER --footage …`` writes models/detector. Only ``network`` and
``build`` import TensorFlow; ``places`` and ``measure`` need numpy and OpenCV alone.
"""
