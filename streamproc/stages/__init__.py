"""The stages of the flow, one file each; siblings that never import each other."""
