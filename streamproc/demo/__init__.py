"""The demo: draws a broadcast of its own, sends it live, and shows what streamproc makes of it."""
