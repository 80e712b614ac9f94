"""Learning to see inpainting: holes, inpainters, samples, and the models that ``streamproc forensics`` uses."""
