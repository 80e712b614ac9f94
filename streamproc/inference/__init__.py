"""ONNX models: cards, sessions, providers. The only package that imports onnxruntime."""
