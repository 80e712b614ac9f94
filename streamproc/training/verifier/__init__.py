"""The universal verifier: learns from many logos to tell whether *any* logo, given as a reference, is on a crop.

``shelf`` reads the logos and keeps brands apart, ``samples`` draws crops, ``pairs`` joins crops and references to
lessons, ``network`` builds the networks, ``train`` trains, measures and writes models/verifier. TensorFlow is imported
by ``network`` and ``train`` alone.
"""
